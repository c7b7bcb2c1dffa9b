/**
 * `npm run bench -- gpu`: featheredge and other libraries side by side on a GPU, in one browser.
 *
 *   npm run bench -- gpu [--adapter hardware|swiftshader] [--quick] [--no-build]
 *   npm run bench -- gpu --frames 1000   what a frame asks of the GPU, and whether anything grows, see `frames.mjs`
 *   npm run bench -- gpu --steps         the GPU's time for each dispatch of a frame
 *   npm run bench -- gpu --native        without a browser, see `native.mjs`
 *
 * Without `--adapter` it takes the machine's GPU or, if there is none, SwiftShader, which is software: its figures say
 * how the libraries compare there, and nothing of any real GPU. The record names the adapter.
 */

import { run } from '../../../scripts/wasm.mjs';
import { serve } from '../browser.mjs';
import { code, keep, keepQuick, load, machine } from '../machine.mjs';
import { chooseWay, launchOn } from './browser.mjs';
import { compare } from './compare.mjs';
import { countFrames, timeSteps } from './frames.mjs';
import { timeNatively } from './native.mjs';

export async function benchGpu({ quick, 'no-build': noBuild, adapter: asked, frames, steps, native }) {
  if (frames !== undefined && !(Number(frames) >= 1)) throw new Error(`--frames is "${frames}", want a number above 0`);
  if (native) return keepNative(quick);
  if (!noBuild) run(process.execPath, ['scripts/build.mjs']);
  const before = load();
  const server = await serve();
  try {
    const { way, adapter } = await chooseWay(asked, server.url);
    console.log(`bench: on ${adapter.webgpu}${adapter.software ? ', which is software' : ''}; WebGL on ${adapter.webgl}`);
    const [kind, measured] = steps
      ? ['gpu-steps', await timeSteps(way, server.url)]
      : frames === undefined
        ? ['gpu', await compare(way, quick)]
        : ['gpu-frames', await countFrames(way, server.url, Number(frames))];
    const record = {
      date: new Date().toISOString().slice(0, 10),
      ...code(),
      built: !noBuild,
      machine: { ...machine(), browser: await version(way) },
      adapter,
      load: { before, after: load() },
      ...measured,
    };
    console.log(`bench: recorded in ${quick ? keepQuick(record, kind) : keep(record, kind)}`);
  } finally {
    server.close();
  }
}

function keepNative(quick) {
  const before = load();
  const measured = timeNatively(quick);
  const { adapter, models } = measured;
  console.log(`bench: on ${adapter.name}, by ${adapter.backend}${adapter.software ? ', which is software' : ''}`);
  for (const [id, { network, frame }] of Object.entries(models)) {
    console.log(`bench: ${id}: network ${network.medianMs.toFixed(2)} ms, frame ${frame.medianMs.toFixed(2)} ms`);
  }
  // Cargo has built what is there.
  const record = { date: new Date().toISOString().slice(0, 10), ...code(), built: true, machine: machine(), load: { before, after: load() }, ...measured };
  console.log(`bench: recorded in ${quick ? keepQuick(record, 'gpu-native') : keep(record, 'gpu-native')}`);
}

async function version(way) {
  const browser = await launchOn(way);
  try {
    return `Chromium ${browser.version()}`;
  } finally {
    await browser.close();
  }
}
