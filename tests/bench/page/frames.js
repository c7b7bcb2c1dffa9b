/** Many frames of one picture on the GPU, with what they ask of it counted; called from outside. */

import { Segmenter } from '/counted/index.js';

/** Long enough for a thread to finish what it is at. */
const ANSWER_MS = 5000;

const channel = new BroadcastChannel('featheredge-counts');

/** Opens a model; gives what really runs. */
async function open(model, executor) {
  return Segmenter.create({ model, executor });
}

/**
 * Runs `frames` frames after `warmUps` on a picture scaled to `width` x `height`.
 *
 * `how` is `segment`, whose matte the page gets, or `draw`, which leaves the cut-out on a canvas.
 * Gives the counts of all threads at the start and the end, the milliseconds that all frames took, and the last answer.
 */
async function run({ model, how, picture, width, height, frames, warmUps }) {
  const segmenter = await open(model, 'gpu');
  const bitmap = await scaled(picture, width, height);
  const frame = how === 'draw' ? drawing(segmenter, bitmap) : () => segmenter.segment(bitmap);
  for (let i = 0; i < warmUps; i++) await frame();
  const before = await count();
  const start = performance.now();
  let answer;
  for (let i = 0; i < frames; i++) answer = await frame();
  const lastMs = performance.now() - start;
  const after = await count();
  const { info } = segmenter;
  segmenter.close();
  const cpu = await open(model, 'cpu');
  const want = await cpu.segment(bitmap);
  cpu.close();
  const got = how === 'draw' ? alphaOf(answer) : answer.alpha;
  return { info, before, after, totalMs: lastMs, off: difference(got, want.alpha) };
}

async function scaled(path, resizeWidth, resizeHeight) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: status ${response.status}`);
  return createImageBitmap(await response.blob(), { resizeWidth, resizeHeight, resizeQuality: 'high' });
}
