/**
 * The WebAssembly files: Rust, then wasm-bindgen, then wasm-opt; what has not changed is not done again.
 *
 * `gate` is the companion's: it has no JavaScript that is generated, and nothing about it counts but its size.
 * `simd` and `relaxed` must have one JavaScript side, because `worker.js` holds it once; `threads`, `gpu` and `onnx` have their own.
 */

import { createHash } from 'node:crypto';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';

import { ROOT, THREADS, glue } from './bundle.mjs';

/**
 * What tells the builds apart, for cargo. Those without tract are few crates, and take the profile
 * that optimises all of them as one; with tract that takes over ten minutes.
 */
const CARGO = {
  simd: ['--no-default-features', '--profile', 'wasm'],
  relaxed: ['--no-default-features', '--profile', 'wasm'],
  ...(THREADS && { threads: ['--no-default-features', '--features', 'threads', '--profile', 'wasm'] }),
  gpu: ['--no-default-features', '--features', 'gpu', '--profile', 'wasm-gpu'],
  onnx: ['--no-default-features', '--features', 'onnx', '--release'],
};

/** The same for the companion's gate, which is a crate and a library kind of its own. */
const GATE = ['rustc', '-p', 'featheredge-companion', '--lib', '--crate-type', 'cdylib', '--no-default-features', '--profile', 'wasm-gate'];

export const BUILDS = [...Object.keys(CARGO), 'gate'];

const BINDGEN = 'target/tools/bin/wasm-bindgen';

/** What the Rust compiler may use besides the instruction set of the build. */
const FEATURES = ['bulk-memory', 'bulk-memory-opt', 'multivalue', 'mutable-globals', 'nontrapping-float-to-int', 'reference-types', 'sign-ext', 'simd'];

const MORE_FEATURES = { relaxed: ['relaxed-simd'], threads: ['relaxed-simd', 'threads'] };

/**
 * What wasm-opt does: equal functions, which generics make many of, become one, and what nothing needs goes.
 * Its `-O` levels stay out: LLVM has optimised already, and after them the multiclass network took
 * a third longer, for a download of nearly the same size.
 */
const PASSES = [
  '--duplicate-function-elimination',
  '--remove-unused-module-elements',
  '--memory-packing',
  '--duplicate-function-elimination',
  '--strip-debug',
  '--strip-producers',
  '--strip-target-features',
];

/** What wasm-opt does to the gate, which is not there to be fast. */
const SMALLEST = ['-Oz', '--converge', '--low-memory-unused', ...PASSES];

/** Makes `target/wasm-opt/featheredge.<build>.wasm` for each of `builds`; `simd` and `relaxed` go together. */
export async function makeWasm(builds, step) {
  const changed = [];
  for (const build of builds) {
    step(`cargo: ${build} build`);
    const cargo = build === 'gate' ? GATE : ['build', '--lib', ...CARGO[build]];
    run('scripts/cargo-wasm', [build, ...cargo]);
    const crate = build === 'gate' ? 'featheredge_companion' : 'featheredge';
    const input = `target/wasm-${build}/wasm32-unknown-unknown/${cargo.at(-1).replace(/^--/, '')}/${crate}.wasm`;
    const key = stampKey(build, input);
    if (readStamp(build) === key && existsSync(optimised(build)) && (build === 'gate' || existsSync(glue(build)))) continue;
    if (build === 'gate') {
      changed.push({ build, key, input });
      continue;
    }
    step(`wasm-bindgen: ${build} build`);
    run(BINDGEN, [
      ...['--target', 'web', '--omit-default-module-path', '--no-typescript'],
      ...['--remove-name-section', '--remove-producers-section', '--out-dir', `target/bindgen/${build}`, input],
    ]);
    changed.push({ build, key, input: `target/bindgen/${build}/featheredge_bg.wasm` });
  }
  checkGlue();
  if (changed.length > 0) step(`wasm-opt: ${changed.map(({ build }) => build).join(', ')}`);
  await Promise.all(changed.map(optimise));
}

/** Where the finished file of a build is. */
export function optimised(build) {
  return `${ROOT}target/wasm-opt/featheredge.${build}.wasm`;
}

async function optimise({ build, key, input }) {
  mkdirSync(`${ROOT}target/wasm-opt`, { recursive: true });
  const features = [...FEATURES, ...(MORE_FEATURES[build] ?? [])];
  const program = createRequire(import.meta.url).resolve('binaryen/bin/wasm-opt');
  const output = `${optimised(build)}.new`;
  await promisify(execFile)(
    process.execPath,
    [
      program,
      input,
      ...['--mvp-features', ...features.map((feature) => `--enable-${feature}`)],
      ...(build === 'gate' ? SMALLEST : PASSES),
      ...['-o', output],
    ],
    { cwd: ROOT, maxBuffer: 1 << 26 },
  );
  renameSync(output, optimised(build));
  writeFileSync(stampFile(build), key);
}

function checkGlue() {
  const [simd, relaxed] = ['simd', 'relaxed'].map((build) => readFileSync(glue(build), 'utf8'));
  if (simd !== relaxed) {
    throw new Error('simd and relaxed differ in their JavaScript side: compare target/bindgen/*/featheredge.js');
  }
}

/** All that the finished file depends on: the compiled module, this recipe and its two tools. */
function stampKey(build, input) {
  const hash = createHash('sha256').update(build);
  for (const file of [input, 'scripts/wasm.mjs', 'node_modules/binaryen/package.json']) hash.update(readFileSync(`${ROOT}${file}`));
  const { stdout, error } = spawnSync(BINDGEN, ['--version'], { cwd: ROOT });
  if (error) throw new Error(`${BINDGEN} does not run: ${error.message}`);
  return hash.update(stdout).digest('hex');
}

function stampFile(build) {
  return `${ROOT}target/wasm-opt/${build}.stamp`;
}

function readStamp(build) {
  return existsSync(stampFile(build)) ? readFileSync(stampFile(build), 'utf8') : undefined;
}

/** Runs a program of the project's root; its output is shown, its failure ends the build. */
export function run(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}`);
}
