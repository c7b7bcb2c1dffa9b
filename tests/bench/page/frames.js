/** Many frames of one picture on the GPU, and what all threads of the page ask of it meanwhile; called from outside. */

import { Segmenter } from '/counted/index.js';

/** Within this every thread has said that it heard. */
const HEARD_MS = 1000;

const channel = new BroadcastChannel('featheredge-counts');

/**
 * Runs `frames` frames after `warmUps` that do not count, of a picture scaled to `width` by `height`.
 *
 * `segment` gives the page a matte each time, `draw` leaves the cut-out on a canvas. Gives the sums of all threads'
 * counts before and after, the milliseconds between, and how far the last matte is from the CPU's.
 */
async function run({ model, how, picture, width, height, frames, warmUps }) {
  const bitmap = await scaled(picture, width, height);
  const cpu = await Segmenter.create({ model, executor: 'cpu' });
  const want = await cpu.segment(bitmap, { quality: 'fast' });
  cpu.close();
  const segmenter = await Segmenter.create({ model, executor: 'gpu' });
  const frame = FRAMES[how](segmenter, bitmap);
  for (let i = 0; i < warmUps; i++) await frame();
  const before = await count();
  const start = performance.now();
  let alpha;
  for (let i = 0; i < frames; i++) alpha = await frame();
  await settle();
  const ms = performance.now() - start;
  const after = await count();
  const off = difference(await alpha(), want.alpha);
  segmenter.close();
  return { before, after, ms, off };
}

/** Segments the picture, and gives `[{ name, workgroups, us }]` of the dispatches of each of `frames` frames after `warmUps`. */
async function steps({ model, picture, width, height, frames, warmUps }) {
  const bitmap = await scaled(picture, width, height);
  const segmenter = await Segmenter.create({ model, executor: 'gpu' });
  const timed = new BroadcastChannel('featheredge-steps');
  const all = [];
  for (let i = -warmUps; i < frames; i++) {
    checked(segmenter, await segmenter.segment(bitmap, { quality: 'fast' }));
    const answer = new Promise((hear) => (timed.onmessage = ({ data }) => hear(data)));
    timed.postMessage('steps');
    const steps = await answer;
    if (i >= 0) all.push(steps);
  }
  segmenter.close();
  return all;
}

/** For each way what makes one frame, and gives what tells its alpha. */
const FRAMES = {
  segment: (segmenter, bitmap) => async () => {
    const { alpha } = checked(segmenter, await segmenter.segment(bitmap, { quality: 'fast' }));
    return () => alpha;
  },
  draw: (segmenter, bitmap) => {
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    return async () => {
      checked(segmenter, await segmenter.draw(bitmap, canvas));
      return () => alphaOf(canvas);
    };
  },
};

/** What the CPU did in the GPU's place says nothing of the GPU. */
function checked({ info }, answer) {
  if (answer.executor !== 'gpu') throw new Error(info.reason);
  return answer;
}

async function scaled(path, resizeWidth, resizeHeight) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: status ${response.status}`);
  return createImageBitmap(await response.blob(), { resizeWidth, resizeHeight, resizeQuality: 'high' });
}

/** Waits until the GPU has nothing left to do. */
function settle() {
  return new Promise((done) => {
    channel.onmessage = ({ data }) => data.settled && done();
    channel.postMessage('settle');
  });
}

/** The sum of what every thread has counted. */
async function count() {
  const threads = new Map();
  channel.onmessage = ({ data: { thread, counts } }) => void threads.set(thread, counts);
  channel.postMessage('count');
  do await new Promise((done) => setTimeout(done, HEARD_MS));
  while ([...threads.values()].includes(undefined));
  const all = [...threads.values()];
  return Object.fromEntries(Object.keys(all[0]).map((name) => [name, all.reduce((sum, counts) => sum + counts[name], 0)]));
}

function alphaOf(image) {
  const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.width, image.height).data.filter((_, i) => i % 4 === 3);
}

/** Mean absolute difference in 1/255, and IoU at one half. */
function difference(got, want) {
  if (got.length !== want.length) throw new Error(`the matte has ${got.length} values, want ${want.length}`);
  let sum = 0;
  let both = 0;
  let either = 0;
  for (let i = 0; i < want.length; i++) {
    sum += Math.abs(got[i] - want[i]);
    const [a, b] = [got[i] >= 128, want[i] >= 128];
    if (a && b) both++;
    if (a || b) either++;
  }
  return { mean: sum / want.length, iou: both / either };
}

Object.assign(window, { run, steps });
