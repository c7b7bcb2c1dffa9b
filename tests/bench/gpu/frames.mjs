/**
 * What a frame asks of the GPU, and whether anything is more after many frames than after a few.
 *
 * The package is taken with `counter.js` before each of its scripts, so that all of its threads count: submissions,
 * dispatches, bytes that are read back, and what is held of buffers, textures and WebAssembly memory.
 */

import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';

import { ROOT } from '../../browser/lib/paths.mjs';
import { MODELS, PICTURES } from '../pictures.mjs';
import { summary } from '../stats.mjs';
import { launchOn } from './browser.mjs';

const COUNTED = `${ROOT}target/bench/counted`;
const WORKER = 'worker.gpu.js';

/** What is watched for growth: small, so that many frames are soon done. */
const LONG = { model: MODELS[0], width: 320, height: 180, warmUps: 20 };
/** What is counted for every model, of a usual size of video; a frame may take seconds on software. */
const SHORT = { width: 1280, height: 720, warmUps: 2, frames: { hardware: 100, swiftshader: 5 } };

/** How far a matte may be from the CPU's: the mean in 1/255, and IoU at one half. */
const SAME = { mean: 0.5, iou: 0.995 };

const PER_FRAME = ['submissions', 'dispatches', 'draws', 'mappings', 'readBytes'];
const HELD = ['buffers', 'bufferBytes', 'textures', 'textureBytes', 'wasmBytes'];

/** `{ rows: [{ model, how, width, height, frames, warmUps, msPerFrame, perFrame, held, growth, off }] }`. */
export async function countFrames(way, url, frames) {
  prefixed(() => ['counter.js']);
  const rows = [];
  const all = [{ ...LONG, frames }, ...MODELS.map((model) => ({ ...SHORT, model, frames: SHORT.frames[way] }))];
  for (const options of all) {
    for (const how of ['segment', 'draw']) {
      const row = { how, ...options, ...(await runFrames(way, url, { how, ...options })) };
      print(row);
      rows.push(row);
    }
  }
  return { rows };
}

/**
 * The time that the GPU takes for each dispatch of a frame, the median over frames:
 * `{ steps: [{ model, width, height, dispatches: [{ name, workgroups, us }] }] }`.
 */
export async function timeSteps(way, url) {
  prefixed((name) => (name === WORKER ? ['steps.js'] : []));
  const steps = [];
  for (const model of MODELS) {
    const { width, height, warmUps } = SHORT;
    const options = { model, width, height, warmUps, frames: SHORT.frames[way] };
    const frames = await inPage(way, url, 'steps', options);
    const dispatches = frames[0].map((step, i) => ({ ...step, us: summary(frames.map((frame) => frame[i].us)).median }));
    printSteps(model, dispatches);
    steps.push({ model, width, height, frames: frames.length, dispatches });
  }
  return { steps };
}

/** The package's scripts, each after those that `prefixesOf` names for it. */
function prefixed(prefixesOf) {
  rmSync(COUNTED, { recursive: true, force: true });
  cpSync(`${ROOT}dist`, COUNTED, { recursive: true });
  for (const name of readdirSync(COUNTED).filter((name) => name.endsWith('.js'))) {
    const parts = [...prefixesOf(name).map((prefix) => `${ROOT}tests/bench/gpu/${prefix}`), `${COUNTED}/${name}`];
    writeFileSync(`${COUNTED}/${name}`, parts.map((file) => readFileSync(file, 'utf8')).join('\n'));
  }
}

/** Calls a function of `page/frames.js` in a browser of its own. */
async function inPage(way, url, name, options) {
  const browser = await launchOn(way);
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    page.on('pageerror', (error) => console.error(`bench: in the page: ${error.message}`));
    await page.goto(`${url}frames.html`);
    await page.waitForFunction(() => 'run' in window);
    return await page.evaluate(([name, options]) => window[name](options), [name, { ...options, picture: PICTURES[0].path }]);
  } finally {
    await browser.close();
  }
}

async function runFrames(way, url, options) {
  const { model, how, frames } = options;
  const { before, after, ms, off } = await inPage(way, url, 'run', options);
  if (!(off.mean <= SAME.mean && off.iou >= SAME.iou)) {
    throw new Error(`${model}, ${how}: the matte is off the CPU's by ${off.mean} with IoU ${off.iou}, want at most ${SAME.mean} and at least ${SAME.iou}`);
  }
  const all = (names, figure) => Object.fromEntries(names.map((name) => [name, round(figure(name))]));
  return {
    msPerFrame: round(ms / frames),
    perFrame: all(PER_FRAME, (name) => (after[name] - before[name]) / frames),
    held: all(HELD, (name) => after[name]),
    growth: all(HELD, (name) => after[name] - before[name]),
    off: { mean: round(off.mean), iou: round(off.iou) },
  };
}

/** The sum, and the dispatches of one shader together, the longest first. */
function printSteps(model, dispatches) {
  const shaders = new Map();
  for (const { name, us } of dispatches) {
    const { count = 0, sum = 0 } = shaders.get(name) ?? {};
    shaders.set(name, { count: count + 1, sum: sum + us });
  }
  const total = dispatches.reduce((sum, { us }) => sum + us, 0);
  console.log(`${model.padEnd(17)}${dispatches.length} dispatches, ${(total / 1000).toFixed(2)} ms`);
  for (const [name, { count, sum }] of [...shaders].sort(([, a], [, b]) => b.sum - a.sum)) {
    console.log(`  ${(sum / 1000).toFixed(3).padStart(10)} ms${String(count).padStart(4)} x ${name}`);
  }
}

function print({ model, how, width, height, frames, msPerFrame, perFrame, growth, held }) {
  const list = (figures) => Object.entries(figures).map(([name, value]) => `${name} ${value}`).join(', ');
  console.log(`${model.padEnd(17)}${how.padEnd(8)}${frames} frames of ${width}x${height}, ${msPerFrame} ms; each: ${list(perFrame)}; held: ${list(held)}; grown: ${list(growth)}`);
}

function round(value) {
  return Math.round(value * 1e4) / 1e4;
}
