/**
 * `npm run bench`: how fast the library is on this machine, and how large.
 *
 *   npm run bench [-- --quick] [-- --no-build]
 *   npm run bench -- peers [--quick] [--no-build]   beside other libraries, see `peers/run.mjs`
 *   npm run bench -- gpu [...]                      the same on a GPU, see `gpu/run.mjs`
 *   npm run bench -- companion [...]                the companion's server, see `companion/bench/run.mjs`
 *
 *   --quick      a few runs per row, to see that all works; the record goes to target/bench/
 *   --no-build   measure dist/ and target/release/ as they are
 *
 * A row is a model, a build and a picture; its times are the median, the least and the 95th
 * percentile over its runs. Every row's mattes are checked; a wrong one stops the bench with exit
 * code 1, and nothing is recorded.
 */

import { parseArgs } from 'node:util';

import { benchCompanion } from '../../companion/bench/run.mjs';
import { received } from '../browser/lib/matte.mjs';
import { ROOT } from '../browser/lib/paths.mjs';
import { sizes } from '../../scripts/sizes.mjs';
import { run } from '../../scripts/wasm.mjs';
import { call, coldAnswer, openPage, serve, withBrowser } from './browser.mjs';
import { benchGpu } from './gpu/run.mjs';
import { code, keep, keepQuick, load, machine } from './machine.mjs';
import { cutAgain } from './native.mjs';
import { MODELS, checkAnswer, preparePictures } from './pictures.mjs';
import { benchPeers } from './peers/run.mjs';
import { summaries } from './stats.mjs';

/** The builds that run the models which ship. */
const BUILDS = ['simd', 'relaxed'];

const NATIVE_PHASES = ['preMs', 'inferMs', 'postMs'];
const PHASES = ['decodeMs', ...NATIVE_PHASES, 'totalMs'];

/** How often: measured runs by model, those before them that do not count, and fresh browsers. */
const FULL = { runs: (model) => (model === 'multiclass' ? 6 : 20), warmUps: 3, colds: 5 };
const QUICK = { runs: () => 2, warmUps: 1, colds: 1 };

/** How long after its load the first call comes: at once, and when the worker has long made ready for it. */
const IDLES_MS = [0, 300];

/** The benches beside this one. */
const BESIDE = { peers: benchPeers, gpu: benchGpu, companion: benchCompanion };

try {
  await main();
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}

async function main() {
  const options = {
    quick: { type: 'boolean' },
    'no-build': { type: 'boolean' },
    ...{ adapter: { type: 'string' }, frames: { type: 'string' }, steps: { type: 'boolean' }, native: { type: 'boolean' } },
  };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [which] = positionals;
  if (positionals.length > 1 || (which && !(which in BESIDE))) {
    throw new Error(`the bench is "${positionals.join(' ')}", want ${Object.keys(BESIDE).join(', ')} or none`);
  }
  if (which !== 'gpu' && (values.adapter ?? values.frames ?? values.steps ?? values.native) !== undefined) throw new Error('--adapter, --frames, --steps and --native belong to the bench gpu');
  if (which) return BESIDE[which](values);
  const { quick, 'no-build': noBuild } = values;
  const plan = quick ? QUICK : FULL;
  if (!noBuild) {
    run(process.execPath, ['scripts/build.mjs']);
    run('cargo', ['build', '--release', '--quiet', '--bin', 'featheredge']);
  }
  const before = load();
  const { cores } = machine();
  if (before > cores / 2) console.log(`bench: the load is ${before} on ${cores} cores: others are running, so figures are worse than they could be`);

  const server = await serve();
  try {
    const pictures = await preparePictures(server.url);
    const browser = await withBrowser((browser) => browser.version());
    const rows = [];
    for (const model of MODELS) rows.push(...(await modelRows(server.url, model, pictures, plan)));
    const record = {
      date: new Date().toISOString().slice(0, 10),
      ...code(),
      // Without it, the files measured may be older than the commit.
      built: !noBuild,
      machine: { ...machine(), browser: `Chromium ${browser}` },
      load: { before, after: load() },
      warmUps: plan.warmUps,
      rows,
      sizes: await sizes(`${ROOT}dist`),
    };
    console.log(`bench: recorded in ${quick ? keepQuick(record) : keep(record)}`);
  } finally {
    server.close();
  }
}

/** All rows of a model: native, whose mattes are the others' reference, then each build. */
async function modelRows(url, model, pictures, plan) {
  const rows = [];
  const add = (row) => {
    rows.push({ ...row, load: load() });
    print(row);
  };
  const references = new Map();
  for (const picture of pictures) {
    const { said, matte } = cutAgain(model, picture.file, plan.warmUps, plan.runs(model));
    references.set(picture, matte);
    const coverages = said.map(({ coverage }) => coverage);
    const check = checkAnswer(`${model} native ${picture.name}`, picture, model, coverages);
    const ms = summaries(said.map(({ timings }) => timings), NATIVE_PHASES);
    add({ kind: 'segment', model, build: 'native', picture: picture.name, width: matte.width, height: matte.height, runs: said.length, ms, check });
  }
  for (const build of BUILDS) {
    for (const row of await warmRows(url, model, build, pictures, references, plan)) add(row);
    for (const idleMs of IDLES_MS) add(await coldRow(url, model, build, pictures[0], references.get(pictures[0]), idleMs, plan));
  }
  return rows;
}

/** A row per picture, all in one page with one segmenter. */
function warmRows(url, model, build, pictures, references, { runs, warmUps }) {
  return withBrowser(async (browser) => {
    const page = await openPage(browser, url, build);
    checkBuild(await call(page, 'open', model), build);
    const rows = [];
    for (const picture of pictures) {
      const { timings, coverages, matte } = await call(page, 'measure', { picture: picture.path, warmUps, runs: runs(model) });
      const name = `${model} ${build} ${picture.name}`;
      const check = checkAnswer(name, picture, model, coverages, received(matte), references.get(picture));
      const ms = summaries(timings, PHASES);
      rows.push({ kind: 'segment', model, build, picture: picture.name, width: matte.width, height: matte.height, runs: timings.length, ms, check });
    }
    return rows;
  });
}

/** A browser that has never seen the page, from the start of the navigation to the first matte. */
async function coldRow(url, model, build, picture, reference, idleMs, { colds }) {
  const answers = [];
  let check;
  for (let i = 0; i < colds; i++) {
    const answer = await withBrowser(async (browser) => {
      const page = await openPage(browser, `${url}?cold=${model}&picture=${picture.path}&idle=${idleMs}`, build);
      return coldAnswer(page);
    });
    checkBuild(answer.info, build);
    check = checkAnswer(`${model} ${build} cold start`, picture, model, [answer.coverage], received(answer.matte), reference);
    answers.push(answer);
  }
  const ms = summaries(answers, ['readyMs', 'firstMatteMs', 'callMs']);
  return { kind: 'cold-start', model, build, picture: picture.name, idleMs, runs: colds, ms, check };
}

function checkBuild(info, build) {
  if (info.build !== build) throw new Error(`the page took the ${info.build} build, want ${build}`);
  if (info.executor !== 'cpu' || !info.worker) throw new Error(`it ran otherwise than in a worker on the CPU: ${info.reason}`);
}

function print({ kind, model, build, picture, idleMs, runs, ms, check }) {
  const times = Object.entries(ms).map(([name, { median, min, p95 }]) => `${name.replace(/Ms$/, '')} ${median} (${min} to ${p95})`);
  const what = kind === 'segment' ? picture : idleMs ? `+ ${idleMs} ms` : 'cold start';
  console.log(`${model.padEnd(17)}${build.padEnd(8)}${what.padEnd(11)}${String(runs).padStart(3)} runs, ms: ${times.join(', ')}; coverage ${check.coverage}${check.iou ? `, IoU ${check.iou}` : ''}`);
}
