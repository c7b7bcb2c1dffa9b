/**
 * Chromium with a GPU that is a program, so that every machine has one; and workers of the `gpu` build that count, or fail.
 *
 * A prefix goes before the worker's script, so what it does to WebGPU's classes is what the library meets.
 */

import { launch, open, until } from './chromium.mjs';
import { present } from './ring.mjs';
import { host, sendDist } from './server.mjs';

const WORKER = 'worker.gpu.js';

/** SwiftShader, which comes with Chromium; by the first two alone, its device is lost as soon as a canvas is drawn to. */
export const FLAGS = [
  ...['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--use-gl=angle', '--use-angle=swiftshader'],
  ...['--enable-features=Vulkan', '--use-vulkan=swiftshader', '--ignore-gpu-blocklist'],
];

/** A browser with that GPU; `undefined`, with the test skipped, where Chromium brings none. */
export async function launchGpu(t) {
  const browser = await launch(t, FLAGS);
  const { url } = await host(t);
  const { page, context } = await open(browser, `${url}bare.html`);
  const name = await page.evaluate(async () => (await navigator.gpu?.requestAdapter())?.info.architecture);
  await context.close();
  return present(t, { 'SwiftShader in Chromium': name === 'swiftshader' ? name : undefined }) ? browser : undefined;
}

/**
 * A page whose GPU workers' scripts begin with `prefix`, which may depend on how many came before: `(count) => text`.
 * `init` runs before anything else in the page. `spared`: long waits are cut short, all but so many (`globalThis.spared` is what is left).
 */
export async function openGpu(t, browser, { prefix = () => '', init, spared, path = 'bare.html', ...options } = {}) {
  let workers = 0;
  const answers = {
    [`/featheredge/${WORKER}`]: (_, response) => sendDist(response, WORKER, (bytes) => Buffer.concat([Buffer.from(prefix(++workers)), bytes])),
    ...options.answers,
  };
  const { url, seen } = await host(t, { ...options, answers });
  const opened = await open(browser, 'about:blank', { reducedMotion: 'reduce' });
  if (init) await opened.page.addInitScript(init);
  if (spared !== undefined) await opened.page.addInitScript(impatient, spared);
  await opened.page.goto(`${url}${path}`);
  if (path === 'bare.html') await opened.page.evaluate(async () => Object.assign(globalThis, { tools: await import('/tools.js') }));
  return { ...opened, url, seen, workers: () => workers };
}

/** The page's GPU worker, once there is one. */
export async function gpuWorker(page) {
  const find = () => page.workers().find((worker) => worker.url().endsWith(WORKER));
  await until(find);
  return find();
}

/** Whether anything of the GPU was asked for. */
export function askedForGpu(seen) {
  return seen.filter((path) => /accelerator|gpu/.test(path));
}

/** Counts submissions, maps, bytes copied to buffers that can be read, and what buffers there are. */
export const COUNTING = `{
  const counts = (globalThis.counts = { submits: 0, maps: 0, buffers: 0, bytes: 0, textures: 0 });
  const around = (type, name, before, after = () => {}) => {
    const original = type.prototype[name];
    type.prototype[name] = function (...given) {
      before.apply(this, given);
      const made = original.apply(this, given);
      after.call(this, made, ...given);
      return made;
    };
  };
  const alive = new Map();
  around(GPUQueue, 'submit', () => counts.submits++);
  around(GPUBuffer, 'mapAsync', () => counts.maps++);
  for (const [name, type, kind] of [['createBuffer', GPUBuffer, 'buffers'], ['createTexture', GPUTexture, 'textures']]) {
    around(GPUDevice, name, () => {}, (made, { size }) => {
      alive.set(made, kind);
      counts[kind]++;
      if (kind === 'buffers') counts.bytes += size;
    });
    around(type, 'destroy', function () {
      if (!alive.delete(this)) return;
      counts[kind]--;
      if (kind === 'buffers') counts.bytes -= this.size;
    });
  }
  const { Instance } = WebAssembly;
  WebAssembly.Instance = function (...given) {
    const instance = new Instance(...given);
    globalThis.memoryBytes = () => instance.exports.memory.buffer.byteLength;
    return instance;
  };
}\n`;

/** Does `act`, once `arm()` was called in the worker, in the place of `type.prototype.name`; `arm` says how many times. */
export function failing(type, name, act) {
  return `{
    const original = ${type}.prototype.${name};
    let times = 0;
    globalThis.arm = (count = 1) => (times = count);
    ${type}.prototype.${name} = function (...given) {
      return times-- > 0 ? (${act}).call(this, () => original.apply(this, given), ...given) : original.apply(this, given);
    };
  }\n`;
}

/** In the page: what would wait for seconds waits a fortieth, but for the first `spared` such waits, which may be for what does come. */
function impatient(spared) {
  const { setTimeout } = globalThis;
  globalThis.spared = spared;
  globalThis.setTimeout = (task, ms, ...rest) => setTimeout(task, ms > 9_000 && globalThis.spared-- <= 0 ? ms / 40 : ms, ...rest);
}

/** In the page: a segmenter for the GPU, or another, once it has settled. */
export async function createGpu(create) {
  globalThis.heard = [];
  globalThis.segmenter = await tools.Segmenter.create({ executor: 'gpu', onEvent: ({ kind }) => heard.push(kind), ...create });
  return segmenter.settled;
}

/** In the page: the matte of a fixture, and what made it. */
export async function cut(path) {
  const matte = await segmenter.segment(await tools.fixture(path));
  return { matte: await tools.sendable(matte), executor: matte.executor };
}
