/** Libraries that take turns: each has a warm page, its lane, in one browser. */

import { summary } from '../stats.mjs';
import { wholeRuns } from './browser.mjs';

/** A feathered matte follows the picture's edges, so its area is only near that of the plain masks. */
const AREA_SPREAD = 0.03;

/** One of the harness's configurations. */
export function rival(all, id) {
  const found = all.find((peer) => peer.id === id);
  if (!found) throw new Error(`../shared/peers has no ${id}`);
  return { id, name: found.name, options: found.o };
}

/** Goes through `lanes` forwards, then backwards, and so on. */
export async function each(lanes, rounds, measure) {
  for (let round = 0; round < rounds; round++) {
    for (const lane of round % 2 === 0 ? lanes : lanes.toReversed()) await measure(lane);
  }
}

/**
 * Rounds over whole runs on one picture, up to `count` or `limitMs` of each lane in a round; the areas of all masks
 * must be near each other. The times are added to each lane's `name`.
 */
export async function whole(lanes, name, picture, { rounds, count, limitMs }) {
  await each(lanes, rounds, async (lane) => {
    const { t, frac } = await wholeRuns(lane.page, picture, count, limitMs);
    lane[name].push(...t);
    lane.area = frac;
  });
  const middle = summary(lanes.filter(({ ours }) => !ours).map(({ area }) => area)).median;
  for (const { id, area } of lanes) {
    if (!(Math.abs(area - middle) <= AREA_SPREAD)) {
      throw new Error(`${id}: ${area.toFixed(3)} of ${picture} is person, want ${middle} give or take ${AREA_SPREAD}`);
    }
  }
}
