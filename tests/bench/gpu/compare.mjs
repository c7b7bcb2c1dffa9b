/**
 * featheredge on the GPU beside other libraries: each keeps a warm page in one browser, and they take turns.
 *
 * A run of the network ends when the page can read its answer. A ratio is our median over the fastest other's.
 * A mask that disagrees with native LiteRT's, or ours with the CPU's, ends the bench; so does ours running elsewhere
 * than on the GPU.
 */

import { readFileSync } from 'node:fs';

import { ROOT } from '../../browser/lib/paths.mjs';
import { harness, inferences, openPeer, personMask } from '../peers/browser.mjs';
import { each, rival, whole } from '../peers/lanes.mjs';
import { BOUNDS, agreement, check, reference } from '../peers/masks.mjs';
import { NETWORKS, peersExist, preparePeers } from '../peers/setup.mjs';
import { summary } from '../stats.mjs';
import { launchOn } from './browser.mjs';

const OURS = { id: 'featheredge', options: { adapter: 'featheredge', executor: 'gpu', worker: true } };
/** What ours must agree with; in single precision, as its weights are. */
const CPU = { id: 'featheredge-cpu', options: { adapter: 'featheredge', executor: 'cpu', worker: false, arithmetic: 'f32' } };

const RIVALS = ['litertjs-webgpu', 'mp-gpu-image', 'ort-webgpu'];

/** A run of these takes most of a minute there. */
const LEFT_OUT = { hardware: {}, swiftshader: { multiclass: ['ort-webgpu'] } };

/** How far the GPU's probabilities may be from the CPU's: the largest difference, and IoU at one half. */
const SAME = { maxAbs: 2e-3, iou: 0.998 };

/** Rounds, and runs of each lane in one: of the network, and of the two pictures. */
const FULL = { rounds: 6, infers: 8, small: 4, big: 2 };
const QUICK = { rounds: 2, infers: 2, small: 1, big: 1 };
/** Of a lane in a round; a run that began is finished. */
const LIMIT_MS = 1500;

/** Who takes this many times what the fastest other takes cannot be that one: two runs, and no pictures. */
const SLOW = 5;
const SLOW_RUNS = 2;
/** Where the fastest other takes longer for the network alone, pictures say nothing more. */
const HEAVY_MS = 2000;

/** `{ bounds, models: { model: { id: row } } }`. */
export async function compare(way, quick) {
  if (!peersExist()) throw new Error('../shared/peers is not there, and so nobody to compare with; `--frames` needs nobody');
  await preparePeers((text) => console.log(`bench: ${text}`));
  const tools = await harness();
  try {
    const models = {};
    for (const model of Object.keys(NETWORKS)) models[model] = await modelRows(tools, way, model, quick ? QUICK : FULL);
    return { bounds: { ...BOUNDS, same: SAME }, models };
  } finally {
    tools.close();
  }
}

/** All libraries on one network: `{ id: { name, runs, firstMs, inferMs, smallMs, bigMs, agreement } }`. */
async function modelRows({ all, url }, way, model, { rounds, infers, small, big }) {
  const rivals = RIVALS.filter((id) => !LEFT_OUT[way][model]?.includes(id)).map((id) => rival(all, id));
  const browser = await launchOn(way);
  try {
    const lanes = [];
    for (const lane of [OURS, ...rivals]) lanes.push(await openLane(browser, url, model, lane));
    const [ours, ...others] = lanes;
    ours.agreement.withCpu = await agreesWithCpu(browser, url, model, ours);

    const fastestMs = Math.min(...others.map(({ warmMs }) => warmMs));
    const isSlow = ({ warmMs }) => warmMs > SLOW * fastestMs;
    const [slow, swift] = [others.filter(isSlow), lanes.filter((lane) => lane === ours || !isSlow(lane))];
    const measure = (count) => async (lane) => void lane.inferMs.push(...(await inferences(lane.page, count, LIMIT_MS)));
    await each(swift, rounds, measure(infers));
    if (fastestMs <= HEAVY_MS) {
      const turns = { rounds: Math.ceil(rounds / 2), limitMs: LIMIT_MS };
      await whole(swift, 'smallMs', '/img/astro512.png', { ...turns, count: small });
      await whole(swift, 'bigMs', '/img/astro12mp.jpg', { ...turns, count: big });
    }
    await each(slow, SLOW_RUNS, measure(1));
    return Object.fromEntries(lanes.map((lane) => [lane.id, rowOf(lane, model)]));
  } finally {
    await browser.close();
  }
}

/** A page with one library, whose answer is right. */
async function openLane(browser, url, model, { id, name, options }) {
  const start = performance.now();
  const { page, info } = await openPeer(browser, url, { ...options, model: NETWORKS[model], temperature: temperatureOf(model) });
  await inferences(page, 1, LIMIT_MS);
  const firstMs = performance.now() - start;
  const ours = id === OURS.id;
  if (ours && info.executor !== 'gpu') throw new Error(`featheredge runs by the executor ${info.executor}, want gpu: ${info.reason}`);
  const [warmMs] = await inferences(page, 1, LIMIT_MS);
  const lane = { id, name, ours, page, firstMs, warmMs, inferMs: [], smallMs: [], bigMs: [] };
  lane.mask = await personMask(page);
  lane.agreement = agreement(lane.mask, reference(model));
  check(lane, model);
  return lane;
}

/** How far our mask is from the CPU's, in the same browser; throws if it is too far. */
async function agreesWithCpu(browser, url, model, { mask }) {
  const { page } = await openPeer(browser, url, { ...CPU.options, model: NETWORKS[model], temperature: temperatureOf(model) });
  const { maxAbs, iou } = agreement(mask, await personMask(page));
  await page.context().close();
  if (maxAbs <= SAME.maxAbs && iou >= SAME.iou) return { maxAbs, iou };
  throw new Error(`${model}: the GPU's mask is off the CPU's by up to ${maxAbs} with IoU ${iou}, want at most ${SAME.maxAbs} and at least ${SAME.iou}`);
}

function rowOf({ id, name, firstMs, inferMs, smallMs, bigMs, agreement }, model) {
  // The harness's names say what it ran on; here that is the record's to say.
  const row = { name: name?.replace(' (SwiftShader)', ''), runs: inferMs.length, firstMs: Math.round(firstMs) };
  for (const [key, values] of Object.entries({ inferMs, smallMs, bigMs })) {
    if (values.length > 0) row[key] = summary(values);
  }
  const shown = Object.entries(row).filter(([, value]) => value?.median).map(([key, { median, min }]) => `${key} ${median} (${min})`);
  console.log(`${model.padEnd(17)}${id.padEnd(18)}${shown.join(', ')}, first ${row.firstMs}, off ${agreement.meanAbs}, IoU ${agreement.iou}`);
  return { ...row, agreement };
}

/** The registry's factor on the network's output, which the others' masks are without. */
function temperatureOf(model) {
  const { models } = JSON.parse(readFileSync(`${ROOT}models/registry.json`, 'utf8'));
  return models.find(({ id }) => id === model).output.temperature;
}
