/**
 * What a frame asks of the GPU, and whether anything is more after many frames than after a few.
 *
 * The package is taken with `counter.js` before each of its scripts, so that all of its threads count: submissions,
 * dispatches, bytes that are read back, and what is held of buffers, textures and WebAssembly memory.
 */

import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';

import { ROOT } from '../../browser/lib/paths.mjs';
import { MODELS, PICTURES } from '../pictures.mjs';
import { launchOn } from './browser.mjs';

const COUNTED = `${ROOT}target/bench/counted`;

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
  prepareCounted();
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

function prepareCounted() {
  rmSync(COUNTED, { recursive: true, force: true });
  cpSync(`${ROOT}dist`, COUNTED, { recursive: true });
  const counter = readFileSync(`${ROOT}tests/bench/gpu/counter.js`, 'utf8');
  for (const name of readdirSync(COUNTED).filter((name) => name.endsWith('.js'))) {
    writeFileSync(`${COUNTED}/${name}`, `${counter}\n${readFileSync(`${COUNTED}/${name}`, 'utf8')}`);
  }
}

async function runFrames(way, url, options) {
  const { model, how, frames } = options;
  const browser = await launchOn(way);
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    page.on('pageerror', (error) => console.error(`bench: in the page: ${error.message}`));
    await page.goto(`${url}frames.html`);
    await page.waitForFunction(() => 'run' in window);
    const { before, after, ms, off } = await page.evaluate((options) => window.run(options), { ...options, picture: PICTURES[0].path });
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
  } finally {
    await browser.close();
  }
}

function print({ model, how, width, height, frames, msPerFrame, perFrame, growth, held }) {
  const list = (figures) => Object.entries(figures).map(([name, value]) => `${name} ${value}`).join(', ');
  console.log(`${model.padEnd(17)}${how.padEnd(8)}${frames} frames of ${width}x${height}, ${msPerFrame} ms; each: ${list(perFrame)}; held: ${list(held)}; grown: ${list(growth)}`);
}

function round(value) {
  return Math.round(value * 1e4) / 1e4;
}
