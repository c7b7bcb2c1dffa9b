/**
 * Which variant of a rollout this visit gets, where the address asks for one: `?rollout=ID`, or `?rollout` for somebody
 * at random. Without it nothing of a rollout is downloaded, and nothing is ever sent.
 *
 * The companion's server has the rollout, and takes what is told of runs. Without that server all are out.
 */

import { part } from './page.js';

/** @typedef {import('../../src/ts/rollout.js').Rollout} Rollout */

const asked = new URLSearchParams(location.search).get('rollout');

/** Called when the rollout gives another model. @type {() => void} */
let onModel = () => {};

/** @param {() => void} listener */
export function hearRollout(listener) {
  onModel = listener;
}

/** The rollout that this visit is in or out of, if it asked for one. @type {Promise<Rollout | undefined>} */
export const joined = asked === null ? Promise.resolve(undefined) : join(asked || crypto.randomUUID());

/** @param {string} id @returns {Promise<Rollout | undefined>} */
async function join(id) {
  /** @type {Rollout | undefined} */
  let rollout;
  /** @type {string | undefined} */
  let model;
  const follow = () => {
    if (!rollout) return;
    show(rollout);
    const before = model;
    model = rollout.assign().model ?? '';
    // The first answer is no other one: what is being loaded has waited for it.
    if (before !== undefined && model !== before) onModel();
  };
  try {
    const { Rollout } = await import('../featheredge/rollout.js');
    rollout = await Rollout.load('./rollout.json', { id, beacons: { url: './v1/beacons' }, onChange: follow });
  } catch {
    // The page works without it.
    return undefined;
  }
  follow();
  return rollout;
}

function show(/** @type {Rollout} */ rollout) {
  const { on, variant, model, reason } = rollout.assign();
  const line = part('variant');
  line.textContent = on ? `Rollout ${rollout.flag}: variant ${variant}, model ${model}.` : `Rollout ${rollout.flag ?? 'not found'}: out (${reason}).`;
  line.title = rollout.problem ?? '';
  line.hidden = false;
}
