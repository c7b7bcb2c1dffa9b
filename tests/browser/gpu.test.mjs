/**
 * What the GPU computes, in Chromium with SwiftShader: the same as the CPU, in one submission, with nothing read back
 * when it draws, and without growing.
 *
 * `npm run test:gpu` takes every fixture and a thousand frames, which takes many minutes on SwiftShader.
 */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';

import { sizes } from '../../scripts/sizes.mjs';
import { CHROMIUM } from './lib/chromium.mjs';
import { COUNTING, gpuWorker, launchGpu, openGpu } from './lib/gpu.mjs';
import { assertAlike, nativeMatte, received } from './lib/matte.mjs';
import { DIST, FIXTURES, ROOT, fixture } from './lib/paths.mjs';
import { ring } from './lib/ring.mjs';
import { GPU, GPU_MATTE } from './lib/tolerance.mjs';

const ALL = process.env.GPU === 'all';
const FRAMES = ALL ? 1000 : 40;
const ASTRONAUT = 'images/astronaut.png';
const PICTURES = JSON.parse(readFileSync(`${FIXTURES}/manifest.json`, 'utf8'))
  .pictures.filter(({ class: kind, file }) => (ALL ? existsSync(fixture(file)) : kind === 'A'));

/** What a page with a GPU downloads beside what it downloads anyway. */
const FILES = ['accelerator.js', 'worker.gpu.js', 'wasm/featheredge.gpu.wasm'];
const MOST_BYTES = 200_000;

test('the GPU adds at most 200 kB to the download', async (t) => {
  const rows = await sizes(DIST, FILES, `${ROOT}target/sizes-gpu.json`);
  const bytes = rows.reduce((sum, { brotli }) => sum + brotli, 0);
  t.diagnostic(`${bytes} bytes in brotli`);
  assert.ok(bytes <= MOST_BYTES, `${bytes} bytes`);
});

ring('the GPU', { Chromium: CHROMIUM }, async (t) => {
  const browser = await launchGpu(t);
  if (!browser) return;

  for (const [model, count] of [['selfie', Infinity], ['selfie-landscape', Infinity], ['multiclass', 1]]) {
    await t.test(`${model}: its probabilities are the CPU's`, async (t) => {
      const { page } = await openGpu(t, browser, { init: inSinglePrecision });
      const paths = PICTURES.slice(0, ALL ? Infinity : count).map(({ file }) => file);
      const { info, rows } = await page.evaluate(compare, [model, paths]);
      assert.deepEqual([info.executor, info.build, info.half], ['gpu', 'gpu', false], info.reason);
      for (const [i, { off, overlap, ms }] of rows.entries()) {
        t.diagnostic(`${paths[i]}: max ${off.toExponential(1)}, IoU ${overlap.toFixed(4)}, ${ms.toFixed(0)} ms`);
        assert.ok(off <= GPU.single.most && overlap >= GPU.single.overlap, paths[i]);
      }
    });
  }

  await t.test('mattes are the native ones, whatever the picture is and the options are', async (t) => {
    const { page, complaints } = await openGpu(t, browser);
    for (const [kind, segment, options] of [
      ['blob', {}, []],
      ['bitmap', { intensity: 1 }, ['--intensity', '1']],
      ['data', { feather: 0 }, ['--feather', '0']],
      ['frame', { morphology: { operation: 'dilate', radius: 5 } }, ['--morphology', 'dilate:5']],
      ['bitmap', { minIsland: 0.5, quality: 'fast' }, ['--min-island', '0.5', '--quality', 'fast']],
    ]) {
      const matte = await page.evaluate(cutKind, [ASTRONAUT, kind, segment]);
      assert.equal(matte.executor, 'gpu');
      assertAlike(t, `GPU ${kind} ${JSON.stringify(segment)}`, received(matte), nativeMatte(fixture(ASTRONAUT), options), GPU_MATTE);
    }
    assert.deepEqual(complaints, []);
  });

  await t.test('a drawing is one submission, and nothing is read back', async (t) => {
    const { page, complaints } = await openGpu(t, browser, { prefix: () => COUNTING });
    await page.evaluate(drawOnce, [ASTRONAUT, 'gpu']);
    const worker = await gpuWorker(page);
    const before = await worker.evaluate(() => ({ ...counts }));
    const shown = await page.evaluate(draw, [ASTRONAUT, ['cutout', 'matte', 'cutout']]);
    const after = await worker.evaluate(() => ({ ...counts }));
    assert.deepEqual([after.submits - before.submits, after.maps - before.maps], [3, 0]);
    assert.deepEqual(shown.map(({ executor, size }) => [executor, ...size]), Array(3).fill(['gpu', 512, 512]));
    const cpu = await page.evaluate(drawOnce, [ASTRONAUT, 'cpu']);
    for (const [i, effect] of ['cutout', 'matte'].entries()) {
      const off = distance(shown[i].pixels, cpu.find((row) => row.effect === effect).pixels);
      t.diagnostic(`${effect}: mean ${off.mean.toFixed(3)}, far ${(100 * off.far).toFixed(3)} %`);
      assert.ok(off.mean <= GPU_MATTE.mean && off.far <= GPU_MATTE.far, effect);
    }
    assert.deepEqual(complaints, []);
  });

  await t.test(`${FRAMES} frames leave no buffer and no memory behind`, async (t) => {
    const { page } = await openGpu(t, browser, { prefix: () => COUNTING });
    await page.evaluate(drawOnce, [ASTRONAUT, 'gpu']);
    const worker = await gpuWorker(page);
    const frames = (count) => page.evaluate(runFrames, count);
    const standing = () => worker.evaluate(() => ({ buffers: counts.buffers, bytes: counts.bytes, textures: counts.textures, memory: memoryBytes() }));
    await frames(10);
    const before = await standing();
    const start = Date.now();
    await frames(FRAMES);
    t.diagnostic(`${FRAMES} frames of ${(Date.now() - start) / FRAMES} ms; ${JSON.stringify(before)}`);
    const after = await standing();
    // The canvas's own textures are the browser's.
    assert.deepEqual(after, before);
  });
});

/** In the page: the CPU multiplies in single precision, in which alone it can be compared so closely. */
function inSinglePrecision() {
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message?.type === 'load') message.model.arithmetic = 'f32';
    return postMessage.call(this, message, ...rest);
  };
}

/** In the page: how far the GPU's probabilities are from the CPU's, for each picture. */
async function compare([model, paths]) {
  const [cpu, gpu] = [await tools.Segmenter.create({ model, executor: 'cpu' }), await tools.Segmenter.create({ model, executor: 'gpu' })];
  const classes = cpu.info.classes.length;
  const person = (values, at) => (classes === 1 ? values[at] : 1 - values[at * classes]) > 0.5;
  const rows = [];
  for (const path of paths) {
    const blob = await tools.fixture(path);
    const want = (await cpu.predict(blob)).data;
    const got = await gpu.predict(blob);
    if (got.executor !== 'gpu') throw new Error(gpu.info.reason);
    let [off, both, either] = [0, 0, 0];
    for (let i = 0; i < want.length; i++) off = Math.max(off, Math.abs(want[i] - got.data[i]));
    for (let i = 0; i < want.length / classes; i++) {
      const [a, b] = [person(want, i), person(got.data, i)];
      both += a && b ? 1 : 0;
      either += a || b ? 1 : 0;
    }
    rows.push({ off, overlap: either === 0 ? 1 : both / either, ms: got.timings.inferMs });
  }
  const { info } = gpu;
  cpu.close();
  gpu.close();
  return { info, rows };
}

/** In the page: a fixture's matte, given as a picture of some kind. */
async function cutKind([path, kind, segment]) {
  globalThis.segmenter ??= await tools.Segmenter.create({ executor: 'gpu' });
  const blob = await tools.fixture(path);
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d');
  context.drawImage(bitmap, 0, 0);
  const kinds = {
    blob: () => blob,
    bitmap: () => bitmap,
    data: () => context.getImageData(0, 0, canvas.width, canvas.height),
    frame: () => new VideoFrame(canvas, { timestamp: 0 }),
  };
  const matte = await segmenter.segment(kinds[kind](), segment);
  return { ...(await tools.sendable(matte)), executor: matte.executor };
}

/** In the page: draws effects of a fixture on one canvas, and gives what that shows, times alpha. */
async function draw([path, effects]) {
  const blob = await tools.fixture(path);
  const canvas = document.createElement('canvas');
  const rows = [];
  for (const effect of effects) {
    const { executor } = await segmenter.draw(blob, canvas, { effect });
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
    copy.fillRect(0, 0, canvas.width, canvas.height);
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    rows.push({ effect, executor, size: [canvas.width, canvas.height], pixels: await tools.base64(new Blob([data])) });
  }
  return rows;
}

/** The same with a new segmenter. */
async function drawOnce([path, executor]) {
  globalThis.segmenter?.close();
  globalThis.segmenter = await tools.Segmenter.create({ executor });
  const blob = await tools.fixture(path);
  const rows = [];
  for (const effect of ['cutout', 'matte']) {
    const canvas = document.createElement('canvas');
    await segmenter.draw(blob, canvas, { effect });
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
    copy.fillRect(0, 0, canvas.width, canvas.height);
    copy.drawImage(canvas, 0, 0);
    rows.push({ effect, pixels: await tools.base64(new Blob([copy.getImageData(0, 0, canvas.width, canvas.height).data])) });
  }
  return rows;
}

/** In the page: some frames of a small picture, drawn, read and asked for by turns. */
async function runFrames(count) {
  const picture = new ImageData(160, 120).data.map((_, i) => (i % 4 === 3 ? 255 : (i * 7) % 251));
  const image = new ImageData(picture, 160, 120);
  const canvas = new OffscreenCanvas(1, 1);
  for (let i = 0; i < count; i++) {
    const { executor } = i % 2 === 0 ? await segmenter.draw(image, canvas) : await segmenter.segment(image);
    if (executor !== 'gpu') throw new Error(segmenter.info.reason);
  }
}

/** Of pixels in base64. */
function distance(...both) {
  const [got, want] = both.map((text) => Buffer.from(text, 'base64'));
  let [sum, far] = [0, 0];
  for (let i = 0; i < want.length; i++) {
    const off = Math.abs(got[i] - want[i]);
    sum += off;
    if (off > 8) far++;
  }
  return { mean: sum / want.length, far: far / want.length };
}
