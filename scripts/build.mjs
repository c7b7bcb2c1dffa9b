/**
 * Writes `dist/`, the package as it is published. Quick where nothing has changed.
 *
 *   node scripts/build.mjs [--sizes]   with a table of what each file weighs, which takes a minute at first
 *   node scripts/build.mjs --demo      only what the demo page runs, to `target/demo/`
 *
 * What reads ONNX files takes minutes to compile, and the page never asks for it, nor for threads. The rest lies in a
 * folder of its own, which is no package, so that no half of one is tested or published.
 */

import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';

import { BUNDLES, PACKAGE, ROOT, THREADS, bundle } from './bundle.mjs';
import { sizeTable } from './sizes.mjs';
import { BUILDS, makeWasm, optimised, run } from './wasm.mjs';

/** The declarations that `index.d.ts` and `rollout.d.ts` need; the others are internal. */
const DECLARATIONS = ['index', 'segmenter', 'error', 'types', 'rollout', 'rollout-types'];

const DIST = `${ROOT}dist/`;
const DEMO = `${ROOT}target/demo/`;

try {
  await main();
} catch (error) {
  console.error(`build: ${error.message}`);
  process.exitCode = 1;
}

async function main() {
  const { values } = parseArgs({ options: { demo: { type: 'boolean' }, sizes: { type: 'boolean' } } });
  checkVersions();
  if (values.demo) return writeFiles(DEMO, forDemo(BUILDS), forDemo(BUNDLES));
  if (!THREADS) step('without threads: the standard library could not be had (rm target/wasm-std to have scripts/setup try again)');

  await writeFiles(DIST, BUILDS, BUNDLES);
  step('types');
  const compiler = createRequire(import.meta.url).resolve('typescript/package.json').replace('package.json', 'bin/tsc');
  run(process.execPath, [compiler, '-p', 'src/ts/tsconfig.json', '--outDir', 'target/types']);
  for (const name of DECLARATIONS) copyDeclaration(name);
  for (const name of papers()) cpSync(`${ROOT}${name}`, `${DIST}${name}`);
  // The last, because it makes a package of the folder.
  writeFileSync(`${DIST}package.json`, `${JSON.stringify(published(), null, 2)}\n`);

  if (values.sizes) console.log(await sizeTable(DIST));
}

/** Makes `folder` anew, of what pages download. */
async function writeFiles(folder, builds, bundles) {
  await makeWasm(builds, step);
  step(folder.slice(ROOT.length, -1));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(`${folder}wasm`, { recursive: true });
  for (const build of builds) cpSync(optimised(build), `${folder}wasm/featheredge.${build}.wasm`);
  for (const name of bundles) await bundle(name, { outfile: `${folder}${name}.js` });
  for (const { plan } of readJson('models/registry.json').models) cpSync(`${ROOT}models/${plan.file}`, `${folder}models/${plan.file}`);
}

function forDemo(names) {
  return names.filter((name) => !/\b(onnx|threads)$/.test(name));
}

function step(text) {
  console.log(`build: ${text}`);
}

/** What people install: no dependencies, no scripts. */
function published() {
  const { name, version, description, license, keywords } = PACKAGE;
  return {
    name,
    version,
    description,
    license,
    keywords,
    type: 'module',
    sideEffects: false,
    exports: {
      '.': { types: './index.d.ts', default: './index.js' },
      './rollout': { types: './rollout.d.ts', default: './rollout.js' },
      // For those who serve the files from a folder of their own (`assetBase`).
      './worker.js': './worker.js',
      './worker.gpu.js': './worker.gpu.js',
      './worker.onnx.js': './worker.onnx.js',
      ...(THREADS && { './worker.threads.js': './worker.threads.js' }),
      './wasm/*': './wasm/*',
      './models/*': './models/*',
      './package.json': './package.json',
    },
    types: './index.d.ts',
    files: ['*.js', '*.d.ts', 'wasm', 'models', 'LICENSE*', 'NOTICE'],
  };
}

function papers() {
  const names = readdirSync(ROOT).filter((name) => /^(README\.md|NOTICE|LICENSE.*)$/.test(name));
  for (const wanted of ['README.md', 'NOTICE', 'LICENSE']) {
    if (!names.some((name) => name.startsWith(wanted))) throw new Error(`${wanted} is missing, and the package needs it`);
  }
  return names;
}

function copyDeclaration(name) {
  const text = readFileSync(`${ROOT}target/types/${name}.d.ts`, 'utf8');
  for (const [, other] of text.matchAll(/from '\.\/(.*)\.js'/g)) {
    if (!DECLARATIONS.includes(other)) throw new Error(`${name}.d.ts needs ${other}.d.ts, which is internal`);
  }
  writeFileSync(`${DIST}${name}.d.ts`, text);
}

/** The crate and the package are one thing with one version. */
function checkVersions() {
  const crate = readFileSync(`${ROOT}Cargo.toml`, 'utf8').match(/^version = "(.*)"$/m)?.[1];
  if (crate !== PACKAGE.version) throw new Error(`Cargo.toml has version ${crate}, package.json has ${PACKAGE.version}`);
}

function readJson(path) {
  return JSON.parse(readFileSync(`${ROOT}${path}`, 'utf8'));
}
