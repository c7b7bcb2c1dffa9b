/** Whether the GPU or the CPU runs, and what is said of it: a GPU that is broken from the start, one that is slower, one that is faster. */

import assert from 'node:assert/strict';

import { CHROMIUM } from './lib/chromium.mjs';
import { askedForGpu, createGpu, cut, launchGpu, openGpu } from './lib/gpu.mjs';
import { assertAlike, nativeMatte, received } from './lib/matte.mjs';
import { fixture } from './lib/paths.mjs';
import { ring } from './lib/ring.mjs';
import { sendDist } from './lib/server.mjs';
import { GPU_MATTE } from './lib/tolerance.mjs';

const ASTRONAUT = 'images/astronaut.png';

/** Faults of the GPU from the first on: what the worker's script begins with, what the reason must say, and how many waits come before one that is in vain. */
const BROKEN = {
  'no WebGPU in workers': [`Object.defineProperty(WorkerNavigator.prototype, 'gpu', { value: undefined });`, /no GPU adapter/],
  'a shader that does not compile': [
    `const { createShaderModule } = GPUDevice.prototype;
    GPUDevice.prototype.createShaderModule = function (given) { return createShaderModule.call(this, { ...given, code: 'fn main( {' }); };`,
    /the GPU refused/,
  ],
  'wrong numbers': [
    `const { getMappedRange } = GPUBuffer.prototype;
    GPUBuffer.prototype.getMappedRange = function (...given) {
      const range = getMappedRange.apply(this, given);
      // All but the proof, which is the last word, that the answer is of this frame.
      if (this.usage & GPUBufferUsage.MAP_READ) new Float32Array(range, 0, range.byteLength / 4 - 1).fill(0.5);
      return range;
    };`,
    /in its self-test its probabilities are off/,
  ],
  'a device that is refused': [`GPUAdapter.prototype.requestDevice = () => Promise.reject(new TypeError('limits'));`, /cannot be opened/],
  'a hang at start': [`GPUAdapter.prototype.requestDevice = () => new Promise(() => {});`, /more than \d+ s to load/, 0],
  'a hang of the first answer': [`GPUBuffer.prototype.mapAsync = () => new Promise(() => {});`, /more than \d+ s to answer/, 1],
  'a script that breaks': [`throw new Error('no such thing');`, /could not be started: .*no such thing/],
};

/** Before the script of the CPU's worker: each picture takes it two seconds to decode. */
const SLOW = `{
  const { createImageBitmap } = globalThis;
  globalThis.createImageBitmap = (...given) => new Promise((resolve) => setTimeout(resolve, 2000)).then(() => createImageBitmap(...given));
}
`;

ring('choosing the GPU', { Chromium: CHROMIUM }, async (t) => {
  const browser = await launchGpu(t);
  if (!browser) return;
  const right = nativeMatte(fixture(ASTRONAUT));
  const check = (t, name, { matte, executor }, wanted) => {
    assert.equal(executor, wanted, name);
    assertAlike(t, name, received(matte), right, GPU_MATTE);
  };

  for (const [name, [prefix, reason, spared]] of Object.entries(BROKEN)) {
    await t.test(`${name}: the CPU runs, and says why`, async (t) => {
      const { page } = await openGpu(t, browser, { spared, prefix: () => `{ ${prefix} }\n` });
      const info = await page.evaluate(createGpu, {});
      assert.equal(info.executor, 'cpu');
      assert.match(info.reason, reason);
      assert.deepEqual(info.events.slice(-1).map(({ kind }) => kind), ['demoted']);
      check(t, name, await page.evaluate(cut, ASTRONAUT), 'cpu');
    });
  }

  for (const file of ['worker.gpu.js', 'wasm/featheredge.gpu.wasm', 'accelerator.js']) {
    await t.test(`without ${file} the CPU runs`, async (t) => {
      const missing = (_, response) => response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found\n');
      const { page } = await openGpu(t, browser, { answers: { [`/featheredge/${file}`]: missing } });
      const info = await page.evaluate(createGpu, {});
      assert.equal(info.executor, 'cpu');
      assert.match(info.reason, /Not on a GPU, because/);
      check(t, file, await page.evaluate(cut, ASTRONAUT), 'cpu');
    });
  }

  await t.test('a program is never preferred: nothing of the GPU is downloaded', async (t) => {
    const { page, seen, complaints } = await openGpu(t, browser);
    const info = await page.evaluate(createGpu, { executor: 'auto' });
    assert.equal(info.executor, 'cpu');
    assert.deepEqual([info.adapter.software, info.adapter.architecture], [true, 'swiftshader']);
    assert.match(info.reason, /swiftshader, which is a program on the CPU/);
    assert.deepEqual(askedForGpu(seen), []);
    assert.deepEqual(complaints, []);
  });

  await t.test('a GPU that is slower is tried once, and remembered where the page wants that', async (t) => {
    const { page, seen } = await openGpu(t, browser, { init: disguised });
    const first = await page.evaluate(remembering, 0);
    assert.equal(first.info.executor, 'cpu');
    assert.match(first.info.reason, /in a trial the GPU took [\d.]+ ms for a small portrait and the CPU/);
    assert.deepEqual(first.store, ['featheredge']);
    assert.ok(askedForGpu(seen).some((path) => path.endsWith('.wasm')));
    await page.reload();
    await page.evaluate(async () => Object.assign(globalThis, { tools: await import('/tools.js') }));
    seen.length = 0;
    const second = await page.evaluate(remembering, 0);
    assert.match(second.info.reason, /in a trial the GPU took/);
    assert.ok(!askedForGpu(seen).some((path) => /wasm|worker/.test(path)), seen.join(' '));
  });

  await t.test('what the CPU waits for while the page keeps it busy makes no GPU faster', async (t) => {
    const { page } = await openGpu(t, browser, { init: disguised });
    const { info } = await page.evaluate(remembering, 2000);
    assert.equal(info.executor, 'cpu', info.reason);
    assert.match(info.reason, /in a trial the GPU took/);
  });

  await t.test('one that is faster takes over behind the CPU', async (t) => {
    const slow = (_, response) => sendDist(response, 'worker.js', (bytes) => Buffer.concat([Buffer.from(SLOW), bytes]));
    const { page } = await openGpu(t, browser, { init: disguised, answers: { '/featheredge/worker.js': slow } });
    const { before, info, events } = await page.evaluate(remembering, 0);
    assert.equal(before, 'cpu');
    assert.equal(info.executor, 'gpu', info.reason);
    assert.match(info.reason, /^On the GPU, because in a trial/);
    assert.deepEqual(events, ['chosen']);
    check(t, 'taken over', await page.evaluate(cut, ASTRONAUT), 'gpu');
  });
});

/** In the page: the GPU looks like none that is a program. */
function disguised() {
  Object.defineProperty(GPUAdapter.prototype, 'info', { get: () => ({ vendor: 'test', architecture: 'card' }) });
}

/** With `localStorage`, and a CPU that hears of each matte so much later. */
async function remembering(delay) {
  const { postMessage } = Worker.prototype;
  const cpus = new WeakSet();
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message.type === 'load') cpus.add(this);
    if (message.type === 'segment' && delay > 0 && cpus.has(this)) setTimeout(() => postMessage.call(this, message, ...rest), delay);
    else postMessage.call(this, message, ...rest);
  };
  const events = [];
  globalThis.segmenter = await tools.Segmenter.create({ memory: localStorage, onEvent: ({ kind }) => events.push(kind) });
  const before = segmenter.info.executor;
  const info = await segmenter.settled;
  return { before, info, events, store: Object.keys(localStorage) };
}
