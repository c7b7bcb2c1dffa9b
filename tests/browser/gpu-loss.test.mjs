/** Whatever happens to the GPU, and whenever, the picture comes and is right, and `info` says what happened. */

import assert from 'node:assert/strict';

import { CHROMIUM, until } from './lib/chromium.mjs';
import { createGpu, cut, failing, gpuWorker, launchGpu, openGpu } from './lib/gpu.mjs';
import { assertAlike, nativeMatte, received } from './lib/matte.mjs';
import { fixture } from './lib/paths.mjs';
import { ring } from './lib/ring.mjs';
import { GPU_MATTE } from './lib/tolerance.mjs';

const ASTRONAUT = 'images/astronaut.png';

/** Faults of one call: type and name of what fails, and what it does instead. */
const ONCE = {
  'out of memory': ['GPUDevice', 'popErrorScope', `(usual) => usual().then(() => new GPUOutOfMemoryError('injected'))`, 'GPU_FAILED', /[Oo]ut of [Mm]emory/],
  'a validation error': ['GPUDevice', 'popErrorScope', `(usual) => usual().then(() => new GPUValidationError('injected'))`, 'GPU_FAILED', /injected/],
  'an answer that cannot be read': ['GPUBuffer', 'mapAsync', `() => Promise.reject(new DOMException('injected', 'OperationError'))`, 'GPU_FAILED', /cannot be read/],
  'an exception': ['GPUQueue', 'submit', `() => { throw new Error('injected'); }`, 'GPU_FAILED', /./],
};

ring('losing the GPU', { Chromium: CHROMIUM }, async (t) => {
  const browser = await launchGpu(t);
  if (!browser) return;
  const rights = Object.fromEntries(['fast', 'balanced'].map((quality) => [quality, nativeMatte(fixture(ASTRONAUT), ['--quality', quality])]));
  const check = (t, name, { matte, executor }, wanted, quality = 'balanced') => {
    assert.equal(executor, wanted, name);
    assertAlike(t, name, received(matte), rights[quality], GPU_MATTE);
  };
  /** Creates a segmenter for the GPU that runs. */
  const start = async (page, create = {}) => {
    const info = await page.evaluate(createGpu, create);
    assert.equal(info.executor, 'gpu', info.reason);
  };

  await t.test('while it is idle', async (t) => {
    const { page } = await openGpu(t, browser);
    await start(page);
    check(t, 'before', await page.evaluate(cut, ASTRONAUT), 'gpu');
    assert.equal(await page.evaluate(() => segmenter.simulateDeviceLoss()), true);
    const { kinds, info } = await page.evaluate(rebuilt, 1);
    assert.deepEqual(kinds, ['chosen', 'lost', 'restored']);
    assert.deepEqual([info.executor, info.events.length, info.events[1].code], ['gpu', 3, 'GPU_LOST']);
    assert.ok(Math.abs(info.events[1].at - Date.now()) < 120_000);
    check(t, 'after', await page.evaluate(cut, ASTRONAUT), 'gpu');
  });

  await t.test('in the middle of a call, of a drawing, and twice in a row', async (t) => {
    const { page } = await openGpu(t, browser);
    await start(page);
    // In one look the GPU does all of it, of several the network's runs.
    for (const [i, [losses, quality]] of [[1, 'balanced'], [2, 'fast']].entries()) {
      const answers = await page.evaluate(cutAndLose, [ASTRONAUT, losses, quality]);
      check(t, `${quality}, lost ${losses} times`, answers, 'cpu', quality);
      assert.deepEqual(answers.size, [512, 512], 'the bitmap of the caller is still his');
      await page.evaluate(rebuilt, i + 1);
    }
    const drawn = await page.evaluate(drawAndLose, ASTRONAUT);
    assert.deepEqual(drawn, { executor: 'cpu', width: 512, height: 512, shows: true });
    const { kinds } = await page.evaluate(rebuilt, 3);
    // Whichever is heard first: that it is gone, or that its answer cannot be read.
    const ended = kinds.filter((kind) => kind === 'lost' || kind === 'failed');
    assert.equal(ended.length, kinds.filter((kind) => kind === 'restored').length);
  });

  await t.test('while it loads', async (t) => {
    const { page, workers } = await openGpu(t, browser);
    const info = await page.evaluate(loseWhileLoading);
    assert.equal(info.executor, 'gpu', info.reason);
    assert.deepEqual(info.events.map(({ kind }) => kind), ['lost', 'chosen']);
    assert.equal(workers(), 2);
    check(t, 'lost while it loaded', await page.evaluate(cut, ASTRONAUT), 'gpu');
  });

  await t.test('again and again: it is left alone', async (t) => {
    const { page } = await openGpu(t, browser);
    await start(page);
    const info = await page.evaluate(loseForGood);
    assert.equal(info.executor, 'cpu');
    assert.equal(info.events.at(-1).kind, 'demoted');
    assert.match(info.reason, /Not on a GPU, because the GPU failed: the GPU was lost/);
    assert.equal(await page.evaluate(() => segmenter.simulateDeviceLoss()), false);
    check(t, 'left alone', await page.evaluate(cut, ASTRONAUT), 'cpu');
    await until(() => !page.workers().some((worker) => worker.url().includes('gpu')));
  });

  for (const [name, [type, method, act, code, message]] of Object.entries(ONCE)) {
    await t.test(`${name} in the middle of a call`, async (t) => {
      const { page } = await openGpu(t, browser, { prefix: (count) => (count === 1 ? failing(type, method, act) : '') });
      await start(page);
      await (await gpuWorker(page)).evaluate(() => arm(3));
      check(t, name, await page.evaluate(cut, ASTRONAUT), 'cpu');
      const { kinds, info } = await page.evaluate(rebuilt, 1);
      assert.deepEqual(kinds, ['chosen', 'failed', 'restored']);
      assert.equal(info.events[1].code, code);
      assert.match(info.events[1].message, message);
      check(t, `after ${name}`, await page.evaluate(cut, ASTRONAUT), 'gpu');
    });
  }

  await t.test('a hang in the middle of a call', async (t) => {
    const hang = failing('GPUBuffer', 'mapAsync', '() => new Promise(() => {})');
    const { page } = await openGpu(t, browser, { spared: 1e9, prefix: () => hang });
    await start(page);
    await page.evaluate(() => (globalThis.spared = 0));
    await (await gpuWorker(page)).evaluate(() => arm(9));
    check(t, 'hang', await page.evaluate(cut, ASTRONAUT), 'cpu');
    const { reason } = await page.evaluate(() => segmenter.info);
    assert.match(reason, /took more than \d+ s to answer/);
  });

  await t.test('closing in any state ends both workers', async (t) => {
    const { page } = await openGpu(t, browser);
    for (const delay of [0, 30, 120, 400]) {
      await page.evaluate(closeAfter, [ASTRONAUT, delay]);
      await until(() => page.workers().length === 0);
    }
  });

});

/** Once the GPU was restored so many times. */
async function rebuilt(times) {
  while (segmenter.info.events.filter(({ kind }) => kind === 'restored').length < times || segmenter.info.executor !== 'gpu') {
    if (segmenter.info.events.at(-1)?.kind === 'demoted') throw new Error(segmenter.info.reason);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { kinds: heard, info: segmenter.info };
}

async function cutAndLose([path, losses, quality]) {
  const bitmap = await createImageBitmap(await tools.fixture(path));
  const cutting = segmenter.segment(bitmap, { quality });
  // By then it is on its way to the worker.
  await new Promise((resolve) => setTimeout(resolve, 15));
  for (let i = 0; i < losses; i++) segmenter.simulateDeviceLoss();
  const matte = await cutting;
  return { matte: await tools.sendable(matte), executor: matte.executor, size: [bitmap.width, bitmap.height] };
}

async function drawAndLose(path) {
  const canvas = document.createElement('canvas');
  const drawing = segmenter.draw(await createImageBitmap(await tools.fixture(path)), canvas, { effect: 'matte' });
  await new Promise((resolve) => setTimeout(resolve, 15));
  segmenter.simulateDeviceLoss();
  const { executor, width, height } = await drawing;
  const copy = new OffscreenCanvas(width, height).getContext('2d');
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, width, height);
  return { executor, width, height, shows: data[0] < 64 && data[4 * (256 * 512 + 256)] > 200 };
}

async function loseWhileLoading() {
  globalThis.heard = [];
  const { postMessage } = Worker.prototype;
  let lost = false;
  Worker.prototype.postMessage = function (message, ...rest) {
    postMessage.call(this, message, ...rest);
    // Behind the message that has it loaded, once.
    if (message.type === 'load-gpu' && !lost) postMessage.call(this, { type: (lost = true) && 'lose' });
  };
  globalThis.segmenter = await tools.Segmenter.create({ executor: 'gpu', onEvent: ({ kind }) => heard.push(kind) });
  return segmenter.settled;
}

async function loseForGood() {
  while (segmenter.info.events.at(-1)?.kind !== 'demoted') {
    segmenter.simulateDeviceLoss();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return segmenter.info;
}

async function closeAfter([path, delay]) {
  const creating = tools.Segmenter.create({ executor: 'gpu', signal: AbortSignal.timeout(delay + 5) }).catch(() => undefined);
  const blob = await tools.fixture(path);
  const segmenter = await creating;
  segmenter?.segment(blob).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, delay));
  segmenter?.close();
}
