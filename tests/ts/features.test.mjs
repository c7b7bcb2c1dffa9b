/** The probes: valid modules that use what they are to find, judged by Node's own WebAssembly. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';

import { THREADS } from '../../scripts/bundle.mjs';
import { load } from './load.mjs';

const { RELAXED, SIMD, chooseBuild, refuseThreads } = await load('features');

/** What Node says of a module with relaxed SIMD switched on or off. */
function validates(module, flag) {
  const code = `process.stdout.write(String(WebAssembly.validate(Uint8Array.from([${module}]))))`;
  const { stdout, status } = spawnSync(process.execPath, [flag, '-e', code], { encoding: 'utf8' });
  assert.equal(status, 0, `node ${flag}`);
  return stdout === 'true';
}

test('the SIMD probe is a whole module that needs and gives nothing', () => {
  const module = new WebAssembly.Module(SIMD);
  assert.deepEqual(WebAssembly.Module.imports(module), []);
  assert.deepEqual(WebAssembly.Module.exports(module), []);
});

test('the relaxed probe is valid exactly where relaxed SIMD is on', () => {
  assert.equal(validates(RELAXED, '--experimental-wasm-relaxed-simd'), true);
  assert.equal(validates(RELAXED, '--no-experimental-wasm-relaxed-simd'), false);
  assert.equal(validates(SIMD, '--no-experimental-wasm-relaxed-simd'), true);
});

test('threads need an isolated page, a worker, a model that ships and relaxed SIMD', { skip: THREADS ? false : 'the package is built without them' }, () => {
  const { validate } = WebAssembly;
  try {
    WebAssembly.validate = () => true;
    assert.equal(refuseThreads(false, true), 'the page is not cross-origin isolated');
    globalThis.crossOriginIsolated = true;
    assert.equal(refuseThreads(false, true), undefined);
    assert.match(refuseThreads(true, true), /a model that does not ship/);
    assert.match(refuseThreads(false, false), /the page's own thread/);
    WebAssembly.validate = (module) => module !== RELAXED;
    assert.equal(refuseThreads(false, true), 'the browser has no relaxed SIMD');
  } finally {
    WebAssembly.validate = validate;
    delete globalThis.crossOriginIsolated;
  }
});

test('the build is the fastest that validates', () => {
  assert.equal(chooseBuild(), WebAssembly.validate(RELAXED) ? 'relaxed' : 'simd');
  const validate = WebAssembly.validate;
  try {
    WebAssembly.validate = (module) => module !== RELAXED;
    assert.equal(chooseBuild(), 'simd');
    WebAssembly.validate = () => true;
    assert.equal(chooseBuild(), 'relaxed');
    assert.equal(chooseBuild(true), 'onnx');
    WebAssembly.validate = () => false;
    assert.equal(chooseBuild(), undefined);
    assert.equal(chooseBuild(true), undefined);
  } finally {
    WebAssembly.validate = validate;
  }
});
