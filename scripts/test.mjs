/**
 * Every test, in rings from the inside out: `npm test`, or `npm test -- native browser` for some.
 *
 * A ring that fails does not stop the others, so that one run tells all.
 */

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** No ring takes longer than this, cold builds included; a hanging one is ended. */
const LIMIT_MS = 40 * 60_000;

/** Name, what it is about, and its command. */
const RINGS = [
  ['build', 'wasm and npm package', ['node', 'scripts/build.mjs']],
  ['native', 'kernels, pipeline, goldens, quality gate, command line, conventions', ['cargo', 'test', '--release', '--', '--nocapture']],
  ['pieces', 'kernels on several threads, natively', ['cargo', 'test', '--release', '--no-default-features', '--features', 'threads', '--lib', 'cpu']],
  ['companion', 'gate, decision, server alone and as replicas', ['cargo', 'test', '--release', '-p', 'featheredge-companion']],
  ['runbooks', 'what the runbooks say, and alerts by a real Prometheus', ['node', '--test', ...tests('tests/companion')]],
  ['models', 'converter and registry', ['target/venv/bin/python', '-m', 'unittest', 'discover', 'models']],
  ['face', 'TypeScript units', ['node', '--test', ...tests('tests/ts')]],
  ['simd', 'wasm border in Chromium, simd build', ['scripts/cargo-wasm', 'simd', 'test', '--no-default-features', '--release', '--test', 'web']],
  ['relaxed', 'wasm border in Chromium, relaxed build', ['scripts/cargo-wasm', 'relaxed', 'test', '--no-default-features', '--release', '--test', 'web']],
  ['gpu', 'wasm border in Chromium, gpu build on SwiftShader', ['scripts/cargo-wasm', 'gpu', 'test', '--no-default-features', '--features', 'gpu', '--release', '--test', 'web_gpu']],
  ['browser', 'library and demo page in real browsers', ['node', '--test', '--test-concurrency=1', ...tests('tests/browser')]],
  ['docs', 'tables are those of the records', ['node', 'tests/bench/readme.mjs', '--check']],
];

function tests(folder) {
  const names = readdirSync(`${ROOT}${folder}`).filter((name) => name.endsWith('.test.mjs'));
  return names.sort().map((name) => `${folder}/${name}`);
}

function run([program, ...words]) {
  const { status, error } = spawnSync(program, words, { cwd: ROOT, stdio: 'inherit', timeout: LIMIT_MS });
  if (error) console.error(`${program}: ${error.message}`);
  return status === 0;
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !RINGS.some(([ring]) => ring === name));
if (unknown.length > 0) {
  console.error(`test: no ring ${unknown.join(', ')}, want some of ${RINGS.map(([ring]) => ring).join(', ')}`);
  process.exit(2);
}

const results = [];
for (const [name, about, command] of RINGS) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n=== ${name}: ${about}`);
  const start = Date.now();
  const passed = run(command);
  results.push({ name, passed, seconds: (Date.now() - start) / 1000 });
}

console.log('');
for (const { name, passed, seconds } of results) {
  console.log(`${passed ? 'passed' : 'FAILED'}  ${name.padEnd(9)} ${seconds.toFixed(0).padStart(5)} s`);
}
const failed = results.filter(({ passed }) => !passed).length;
console.log(`rings: ${results.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
