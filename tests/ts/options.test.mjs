/** What callers may pass, and what a wrong value is told. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { load, segmentError } from './load.mjs';

const { checkCreate, checkSegment } = await load('options');
const { MAX_PIXELS, MAX_SIDE, checkSize } = await load('limits');
const { modelUrl, resolveBase, wasmUrl } = await load('assets');
const { MODEL_IDS } = await load('models');

const SUBJECTS = ['person', 'hair'];

test('defaults are the documented ones', () => {
  const checked = checkCreate({});
  assert.equal(checked.model.id, 'selfie');
  assert.equal(checked.worker, true);
  assert.equal(checked.threads, 1);
  assert.equal(checked.executor, 'auto');
  assert.equal(checked.maxPixels, 50_000_000);
  assert.deepEqual(checkSegment({}, SUBJECTS), {
    type: 'segment',
    of: 'person',
    intensity: 0,
    feather: undefined,
    morphology: undefined,
    minIsland: 0,
    quality: 'balanced',
  });
});

test('without a person the first subject is the default', () => {
  assert.equal(checkSegment({}, ['cat']).of, 'cat');
});

for (const [options, message] of [
  [{ of: 'hat' }, 'of is "hat", want one of person, hair'],
  [{ of: 3 }, 'of is 3, want one of person, hair'],
  [{ of: 'background' }, 'of is "background", want one of person, hair'],
  [{ intensity: 1.5 }, 'intensity is 1.5, want 0 to 1'],
  [{ intensity: -0.1 }, 'intensity is -0.1, want 0 to 1'],
  [{ intensity: NaN }, 'intensity is NaN, want 0 to 1'],
  [{ intensity: '1' }, 'intensity is "1", want 0 to 1'],
  [{ feather: 65 }, 'feather is 65, want 0 to 64'],
  [{ feather: Infinity }, 'feather is Infinity, want 0 to 64'],
  [{ feather: null }, 'feather is null, want 0 to 64'],
  [{ morphology: 'open' }, 'morphology is "open", want an object'],
  [{ morphology: { operation: 'opn', radius: 1 } }, 'morphology.operation is "opn", want one of open, close, erode, dilate'],
  [{ morphology: { operation: 'open', radius: 0 } }, 'morphology.radius is 0, want a whole number from 1 to 64'],
  [{ morphology: { operation: 'open', radius: 1.5 } }, 'morphology.radius is 1.5, want a whole number from 1 to 64'],
  [{ morphology: { operation: 'open', radius: 65 } }, 'morphology.radius is 65, want a whole number from 1 to 64'],
  [{ minIsland: 2 }, 'minIsland is 2, want 0 to 1'],
  [{ minIsland: NaN }, 'minIsland is NaN, want 0 to 1'],
  [{ quality: 'best' }, 'quality is "best", want one of fast, balanced, fine'],
  [{ signal: {} }, 'signal is [object Object], want an AbortSignal'],
  [null, 'options is null, want an object'],
]) {
  test(`segment: ${message}`, () => {
    assert.throws(() => checkSegment(options, SUBJECTS), segmentError('INVALID_INPUT', message));
  });
}

for (const [options, message] of [
  [{ model: 'selfi' }, 'model is "selfi", want one of selfie, selfie-landscape, multiclass, or { onnx }'],
  [{ model: null }, 'model is null, want one of selfie, selfie-landscape, multiclass, or { onnx }'],
  [{ model: 'toString' }, 'model is "toString", want one of selfie, selfie-landscape, multiclass, or { onnx }'],
  [{ model: { onnx: 7 } }, 'model.onnx is 7, want a URL or an ArrayBuffer'],
  [{ model: { onnx: new Uint8Array(1) } }, 'model.onnx is [object Uint8Array], want a URL or an ArrayBuffer'],
  [{ model: { onnx: 'https://' } }, 'model.onnx is "https://", want a URL'],
  [{ model: { onnx: 'https://a.test/m', contract: { range: [0] } } }, 'model.contract.range is [0], want two numbers'],
  [{ model: { onnx: 'https://a.test/m', contract: { classes: 'x' } } }, 'model.contract.classes is "x", want a list of names'],
  [{ executor: 'tpu' }, 'executor is "tpu", want one of auto, gpu, cpu'],
  [{ onEvent: 1 }, 'onEvent is 1, want a function'],
  [{ memory: {} }, 'memory is [object Object], want a store such as localStorage'],
  [{ worker: 'no' }, 'worker is "no", want true or false'],
  [{ threads: 0 }, 'threads is 0, want a whole number from 1 to 16, or auto'],
  [{ threads: 1.5 }, 'threads is 1.5, want a whole number from 1 to 16, or auto'],
  [{ threads: 17 }, 'threads is 17, want a whole number from 1 to 16, or auto'],
  [{ threads: 'all' }, 'threads is "all", want a whole number from 1 to 16, or auto'],
  [{ maxPixels: 0 }, 'maxPixels is 0, want a whole number from 1 to 50000000'],
  [{ maxPixels: 5.5 }, 'maxPixels is 5.5, want a whole number from 1 to 50000000'],
  [{ maxPixels: 50_000_001 }, 'maxPixels is 50000001, want a whole number from 1 to 50000000'],
  [{ onProgress: true }, 'onProgress is true, want a function'],
  [{ signal: 1 }, 'signal is 1, want an AbortSignal'],
  [{ assetBase: 'http://[' }, 'assetBase is "http://[", want a URL'],
  ['selfie', 'options is "selfie", want an object'],
]) {
  test(`create: ${message}`, () => {
    assert.throws(() => checkCreate(options), segmentError('INVALID_INPUT', message));
  });
}

test('limits are inclusive', () => {
  const { intensity, feather } = checkSegment({ intensity: 1, feather: 64 }, SUBJECTS);
  assert.deepEqual([intensity, feather], [1, 64]);
  assert.equal(checkCreate({ maxPixels: 1 }).maxPixels, 1);
  checkSize(10, 10, 100);
  checkSize(MAX_SIDE, 1, MAX_PIXELS);
  assert.throws(() => checkSize(10, 10, 99), { code: 'PICTURE_TOO_LARGE', message: /10x10 = 100 pixels, want at most 99/ });
  assert.throws(() => checkSize(MAX_SIDE + 1, 1, MAX_PIXELS), { code: 'PICTURE_TOO_LARGE' });
  assert.throws(() => checkSize(0, 10, 99), { code: 'INVALID_INPUT' });
  assert.throws(() => checkSize(NaN, 10, 99), { code: 'INVALID_INPUT' });
});

test('auto threads are one for each core, up to 4', () => {
  const original = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  try {
    for (const [hardwareConcurrency, threads] of [[undefined, 1], [1, 1], [2, 2], [64, 4]]) {
      Object.defineProperty(globalThis, 'navigator', { value: { hardwareConcurrency }, configurable: true });
      assert.equal(checkCreate({ threads: 'auto' }).threads, threads);
    }
    assert.equal(checkCreate({ threads: 16 }).threads, 16);
  } finally {
    if (original) Object.defineProperty(globalThis, 'navigator', original);
    else delete globalThis.navigator;
  }
});

test("the limits are those of the library's other side", () => {
  const rust = readFileSync(new URL('../../src/pixels/size.rs', import.meta.url), 'utf8');
  const constant = (name) => Number(rust.match(new RegExp(`${name}: usize = ([0-9_]+);`))?.[1].replaceAll('_', ''));
  assert.deepEqual([constant('MAX_PIXELS'), constant('MAX_SIDE')], [MAX_PIXELS, MAX_SIDE]);
});

test("a caller's ONNX bytes and contract are copied", () => {
  const onnx = new Uint8Array([1, 2, 3]).buffer;
  const contract = { range: [-1, 1], activation: 'softmax', temperature: 3, classes: ['background', 'cat'], more: () => {} };
  const { model } = checkCreate({ model: { onnx, contract } });
  new Uint8Array(onnx).fill(9);
  contract.classes.push('dog');
  assert.deepEqual([...new Uint8Array(model.onnx)], [1, 2, 3]);
  assert.deepEqual(model.contract, { range: [-1, 1], activation: 'softmax', temperature: 3, classes: ['background', 'cat'] });
});

test('the models are those of the registry, and so are their files', () => {
  const registry = JSON.parse(readFileSync(new URL('../../models/registry.json', import.meta.url), 'utf8'));
  assert.deepEqual(MODEL_IDS, registry.models.map(({ id }) => id));
  for (const { id, plan } of registry.models) {
    assert.equal(modelUrl(id, new URL('https://a.test/')), `https://a.test/models/${plan.file}`);
    assert.ok(modelUrl(id, undefined).endsWith(`/models/${plan.file}`), modelUrl(id, undefined));
  }
});

test('files are looked for inside assetBase, with or without its slash', () => {
  for (const base of ['https://a.test/x/y', 'https://a.test/x/y/', new URL('https://a.test/x/y')]) {
    assert.equal(wasmUrl('simd', resolveBase(base)), 'https://a.test/x/y/wasm/featheredge.simd.wasm');
  }
});
