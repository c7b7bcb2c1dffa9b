/** How a run went, in figures. */

import { bytes, size, time } from './format.js';
import { part } from './page.js';

/** @typedef {import('../../src/ts/index.js').Info} Info */

/** Each step with the share of the accent colour that it is drawn in. */
const STEPS = [
  { key: 'decodeMs', name: 'Decode', tone: '28%' },
  { key: 'preMs', name: 'Prepare', tone: '48%' },
  { key: 'inferMs', name: 'Network', tone: '100%' },
  { key: 'postMs', name: 'Matte', tone: '70%' },
];

const BUILDS = { simd: 'SIMD', relaxed: 'relaxed SIMD', threads: 'relaxed SIMD, threads', onnx: 'ONNX', gpu: 'WebGPU' };

/**
 * @param {import('../../src/ts/index.js').Matte} matte
 * @param {Info} info Of the segmenter that ran.
 * @param {Info[]} loaded Of every segmenter that was downloaded so far.
 */
export function showStats(matte, info, loaded) {
  const { timings } = matte;
  const steps = STEPS.map((step) => ({ ...step, ms: /** @type {any} */ (timings)[step.key] }));
  const known = steps.reduce((sum, { ms }) => sum + ms, 0);

  const bars = steps.map(({ ms, tone }) => bar(ms, tone));
  bars.push(bar(Math.max(0, timings.totalMs - known)));
  part('times').replaceChildren(...bars);

  const rows = [
    ...steps.map(({ name, ms, tone }) => row(name, time(ms), tone)),
    row('Total', time(timings.totalMs)),
    row('Picture', size(matte.width, matte.height)),
    row('Model', `${info.model}, ${input(info)}`),
    row('Ran on', `${matte.executor.toUpperCase()}, ${info.worker ? 'worker' : 'page'}`),
    row('Build', BUILDS[info.build]),
    row('Downloaded', bytes(downloaded(loaded))),
  ];
  part('stats').replaceChildren(...rows);
  part('stats').title = info.reason;
  part('stats-line').textContent = `${time(timings.totalMs)} for ${size(matte.width, matte.height)} pixels`;

  const networks = loaded.map(({ model, modelBytes }) => `${model} network ${bytes(modelBytes)}`).join(', ');
  part('sizes').textContent =
    `featheredge ${info.version}. Downloaded: engine ${bytes(info.wasmBytes)}, ${networks}.`;
}

/** The network's input, short. @param {Info} info */
function input({ inputWidth, inputHeight }) {
  return inputWidth === inputHeight ? `${inputWidth}²` : size(inputWidth, inputHeight);
}

/** The engine once, and each network. @param {Info[]} loaded */
function downloaded(loaded) {
  const engine = Math.max(...loaded.map(({ wasmBytes }) => wasmBytes));
  return loaded.reduce((sum, { modelBytes }) => sum + modelBytes, engine);
}

/** @param {string} name @param {string} value @param {string} [tone] */
function row(name, value, tone) {
  const pair = document.createElement('div');
  const term = document.createElement('dt');
  const text = document.createElement('dd');
  if (tone) {
    const key = document.createElement('i');
    key.style.setProperty('--tone', tone);
    term.append(key);
  }
  term.append(name);
  text.textContent = value;
  pair.append(term, text);
  return pair;
}

/** A length of the time line; without a tone it is waiting and copying. @param {number} ms @param {string} [tone] */
function bar(ms, tone) {
  const length = document.createElement('i');
  length.style.setProperty('--share', String(ms));
  if (tone) {
    length.className = 'part';
    length.style.setProperty('--tone', tone);
  }
  return length;
}
