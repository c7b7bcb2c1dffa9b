/**
 * `npm run bench -- peers`: featheredge and other libraries side by side, in one page of one browser.
 *
 *   npm run bench -- peers [--quick] [--no-build]
 *
 * Every library keeps a warm page; rounds go through them forwards and backwards in turn, so that
 * all of them meet the same load of the machine. A ratio is our median over the fastest other's.
 *
 * A mask that disagrees with native LiteRT's ends the bench with exit code 1, and nothing is recorded.
 */

import { readFileSync } from 'node:fs';
import { extname } from 'node:path';

import { ROOT } from '../../browser/lib/paths.mjs';
import { THREADS } from '../../../scripts/bundle.mjs';
import { sizes } from '../../../scripts/sizes.mjs';
import { run } from '../../../scripts/wasm.mjs';
import { code, keep, keepQuick, load, machine } from '../machine.mjs';
import { summary } from '../stats.mjs';
import { coldStart, harness, inferences, networkMs, openPeer, personMask, wasmMemory } from './browser.mjs';
import { each, rival, whole } from './lanes.mjs';
import { BOUNDS, agreement, check, reference } from './masks.mjs';
import { NETWORKS, PEERS, peersExist, preparePeers } from './setup.mjs';

const TFLITE = ['tflite-streamio', 'tflite-100ms', 'tflite-twilio'];
const RUNTIMES = ['litertjs-wasm-1t', 'ort-wasm-1t', 'mp-cpu-image', 'tfjs-tflite-1t'];

/** Who is compared on which model, on one thread each. */
const RIVALS = { selfie: [...RUNTIMES, ...TFLITE], 'selfie-landscape': [...RUNTIMES, ...TFLITE], multiclass: RUNTIMES };

/** Ours as it ships, and on the page's own thread, where its memory is seen and the others run. */
const WORKER = { id: 'featheredge', options: { adapter: 'featheredge', worker: true } };
const PAGE = { id: 'featheredge-page', options: { adapter: 'featheredge', worker: false } };
/** No library: what the page, the browser and the picture alone take. */
const NOTHING = { id: 'nothing', options: { adapter: 'nothing' } };
/** With the library's default, a second look: selfie takes two of the subject. */
const BALANCED = { id: 'featheredge-balanced', options: { ...WORKER.options, quality: 'balanced' } };
/** Without whole numbers, as where a trial finds single precision the faster. */
const F32 = { id: 'featheredge-f32', options: { ...PAGE.options, arithmetic: 'f32' } };

const OURS = { selfie: [PAGE, WORKER, BALANCED], 'selfie-landscape': [PAGE, WORKER], multiclass: [PAGE, F32, WORKER, BALANCED] };

/** The same on two threads, for the network that is worth it. */
const TWO = { model: 'multiclass', rivals: ['litertjs-wasm-2t', 'ort-wasm-2t', 'tfjs-tflite-2t'] };
const THREADED = { id: 'featheredge-2t', options: { adapter: 'featheredge', worker: true, threads: 2 } };

/** Rounds and runs in each: of the network, and of the two pictures. */
const FULL = { rounds: 8, infers: [20, 5], small: [6, 2], big: [3, 2], colds: 6 };
const QUICK = { rounds: 2, infers: [12, 2], small: [4, 1], big: [2, 1], colds: 1 };
const LIMIT_MS = 4000;

export async function benchPeers({ quick, 'no-build': noBuild }) {
  if (!peersExist()) return console.log('bench: peers: skipped, because ../shared/peers is not there');
  const step = (text) => console.log(`bench: ${text}`);
  if (!noBuild) run(process.execPath, ['scripts/build.mjs']);
  await preparePeers(step);
  const plan = quick ? QUICK : FULL;
  const before = load();
  const tools = await harness();
  try {
    const models = {};
    for (const model of Object.keys(NETWORKS)) models[model] = await modelRows(tools, model, plan, OURS[model], RIVALS[model]);
    const twoThreads = THREADS ? { [TWO.model]: await modelRows(tools, TWO.model, plan, [THREADED], TWO.rivals) } : undefined;
    const { cold, withoutLibraryMs, downloads } = await coldRows(tools, plan);
    const browser = await tools.launch();
    const record = {
      date: new Date().toISOString().slice(0, 10),
      ...code(),
      built: !noBuild,
      machine: { ...machine(), browser: `Chromium ${browser.version()}` },
      load: { before, after: load() },
      bounds: BOUNDS,
      models,
      twoThreads,
      cold,
      withoutLibraryMs,
      downloads,
    };
    await browser.close();
    console.log(`bench: recorded in ${quick ? keepQuick(record, 'peers') : keep(record, 'peers')}`);
  } finally {
    tools.close();
  }
}

/** All libraries on one network: `{ id: { name, arithmetic, inferMs, networkMs, smallMs, bigMs, memoryBytes, agreement } }`. */
async function modelRows({ launch, all, url }, model, { rounds, infers, small, big }, mine, rivals) {
  const heavy = model === 'multiclass' ? 1 : 0;
  const { temperature } = registry().find(({ id }) => id === model).output;
  const browser = await launch();
  try {
    const lanes = [];
    for (const { id, name, options } of [...mine, ...rivals.map((id) => rival(all, id))]) {
      const { page, info } = await openPeer(browser, url, { ...options, temperature, model: NETWORKS[model] });
      await inferences(page, heavy ? 2 : 30, LIMIT_MS);
      const ours = id.startsWith('featheredge');
      const arithmetic = ours ? info.arithmetic : undefined;
      lanes.push({ id, name, arithmetic, page, ours, inferMs: [], networkMs: [], smallMs: [], bigMs: [] });
    }
    const want = reference(model);
    for (const lane of lanes) {
      lane.agreement = agreement(await personMask(lane.page), want);
      check(lane, model);
      if (lane.ours) await networkMs(lane.page);
    }
    await each(lanes, rounds, async (lane) => {
      if ([WORKER.id, BALANCED.id].includes(lane.id)) return;
      const times = await inferences(lane.page, infers[heavy], LIMIT_MS);
      // Ours in a worker has a message each way around each run, which is no part of the network.
      if (lane.id !== THREADED.id) lane.inferMs.push(...times);
      if (lane.ours) lane.networkMs.push(...(await networkMs(lane.page)));
    });
    const turns = { rounds: Math.max(1, rounds >> 1), limitMs: LIMIT_MS };
    await whole(lanes, 'smallMs', '/img/astro512.png', { ...turns, count: small[heavy] });
    for (const lane of lanes) lane.memoryBytes = await wasmMemory(lane.page);
    if (model !== 'selfie-landscape') await whole(lanes, 'bigMs', '/img/astro12mp.jpg', { ...turns, count: big[heavy] });
    return Object.fromEntries(lanes.map((lane) => [lane.id, rowOf(lane, model)]));
  } finally {
    await browser.close();
  }
}

function rowOf({ id, name, arithmetic, inferMs, networkMs, smallMs, bigMs, memoryBytes, agreement }, model) {
  const row = { name, arithmetic, runs: Math.max(inferMs.length, networkMs.length) };
  for (const [key, values] of Object.entries({ inferMs, networkMs, smallMs, bigMs })) {
    if (values.length > 0) row[key] = summary(values);
  }
  const shown = Object.entries(row).filter(([, value]) => value?.median).map(([key, { median, min }]) => `${key} ${median} (${min})`);
  console.log(`${model.padEnd(17)}${id.padEnd(18)}${shown.join(', ')}, memory ${(memoryBytes / 1e6).toFixed(1)} MB, off ${agreement.meanAbs}, IoU ${agreement.iou}`);
  // In a worker the page sees no memory.
  return { ...row, memoryBytes: [WORKER.id, BALANCED.id, THREADED.id].includes(id) ? undefined : memoryBytes, agreement };
}

/** Fresh browsers with the selfie model, and what each library downloads for it. */
async function coldRows(tools, { colds }) {
  const lanes = [WORKER, NOTHING, ...RIVALS.selfie.map((id) => rival(tools.all, id))].map((lane) => ({ ...lane, ms: [], files: new Set() }));
  await each(lanes, colds, async (lane) => {
    const start = tools.log.length;
    lane.ms.push(await coldStart(tools, { ...lane.options, model: NETWORKS.selfie }));
    for (const { file, status } of tools.log.slice(start)) if (status === 200 && isDownload(file)) lane.files.add(file);
  });
  const weights = await sizes(PEERS, lanes.flatMap(({ files }) => [...files].map((file) => file.slice(PEERS.length + 1))), `${PEERS}/sizes.json`);
  const cold = {};
  const downloads = {};
  const { ms: least } = lanes.find(({ id }) => id === NOTHING.id);
  console.log(`cold start       ${NOTHING.id.padEnd(18)}${JSON.stringify(summary(least))}`);
  for (const { id, name, ms, files } of lanes.filter(({ id }) => id !== NOTHING.id)) {
    cold[id] = { name, runs: ms.length, firstMaskMs: summary(ms) };
    const mine = weights.filter(({ file }) => files.has(`${PEERS}/${file}`));
    const sum = (how) => mine.reduce((total, row) => total + row[how], 0);
    downloads[id] = { name, raw: sum('raw'), gzip: sum('gzip'), brotli: sum('brotli') };
    console.log(`cold start       ${id.padEnd(18)}${JSON.stringify(cold[id].firstMaskMs)}, download ${(downloads[id].brotli / 1024).toFixed(0)} KiB brotli`);
  }
  return { cold, withoutLibraryMs: summary(least), downloads };
}

/** The library's own files: neither the harness nor the pictures. */
function isDownload(file) {
  return !file.includes('/harness/web/') && !file.includes('/download/img/') && extname(file) !== '.html';
}

function registry() {
  return JSON.parse(readFileSync(`${ROOT}models/registry.json`, 'utf8')).models;
}
