/** Which executor runs, by facts alone, and what is remembered of it. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { load } from './load.mjs';

const { REBUILDS, faster, isLasting, prospect, refuseAdapter, refuseGpu, refuseNumbers, remedy } = await load('choice');
const { describe, findAdapter, hasWebGpu } = await load('adapter');

const GPU = { name: 'a card', vendor: 'v', architecture: 'a', backend: 'webgpu', software: false };
const PROGRAM = { ...GPU, name: 'SwiftShader', software: true };

test('the GPU is looked for only where it could run', () => {
  const facts = { asked: 'auto', worker: true, ships: true };
  assert.equal(refuseGpu(facts), undefined);
  assert.equal(refuseGpu({ ...facts, asked: 'gpu' }), undefined);
  assert.match(refuseGpu({ ...facts, asked: 'cpu' }), /asked for/);
  assert.match(refuseGpu({ ...facts, worker: false }), /page's own thread/);
  assert.match(refuseGpu({ ...facts, ships: false }), /does not ship/);
});

test('a program is never preferred, but taken if asked for', () => {
  assert.equal(refuseAdapter(GPU, 'auto'), undefined);
  assert.match(refuseAdapter(PROGRAM, 'auto'), /SwiftShader, which is a program on the CPU/);
  assert.equal(refuseAdapter(PROGRAM, 'gpu'), undefined);
  assert.equal(refuseAdapter('the browser has no WebGPU', 'gpu'), 'the browser has no WebGPU');
});

for (const [asked, remembered, want] of [
  ['auto', undefined, { load: true, trial: true }],
  ['auto', { executor: 'gpu', why: 'faster' }, { load: true, trial: false, why: 'faster' }],
  ['auto', { executor: 'cpu', why: 'slower' }, { load: false, why: 'slower' }],
  ['gpu', undefined, { load: true, trial: false, why: 'it was asked for' }],
  ['gpu', { executor: 'cpu', why: 'slower' }, { load: true, trial: false, why: 'it was asked for' }],
]) {
  test(`asked for ${asked}, remembered ${remembered?.executor ?? 'nothing'}: ${want.load ? (want.trial ? 'tried' : 'loaded') : 'left'}`, () => {
    const { why, ...got } = prospect(asked, remembered);
    assert.deepEqual({ ...got, ...(want.why && { why }) }, want);
  });
}

test('adapters are known as programs by any word that says so', () => {
  const programs = [
    { vendor: 'google', architecture: 'swiftshader' },
    { vendor: 'mesa', description: 'llvmpipe (LLVM 15.0.6, 256 bits)' },
    { description: 'lavapipe' },
    { vendor: 'microsoft', device: '0x8c', description: 'Microsoft Basic Render Driver' },
    { vendor: 'microsoft', architecture: 'WARP' },
    { vendor: 'anything', isFallbackAdapter: true },
  ];
  for (const info of programs) assert.equal(describe(info).software, true, JSON.stringify(info));
  assert.equal(describe({ vendor: 'v' }, true).software, true);
  for (const info of [{}, { vendor: 'nvidia', architecture: 'ampere' }, { vendor: 'apple', architecture: 'metal-3' }, { description: 'Warped Graphics 3' }]) {
    assert.equal(describe(info).software, false, JSON.stringify(info));
  }
  assert.deepEqual(describe({ vendor: 'nvidia', architecture: 'ampere' }), { name: 'nvidia ampere', vendor: 'nvidia', architecture: 'ampere', backend: 'webgpu', software: false });
  assert.equal(describe({}).name, 'unnamed');
});

test('there is a reason for every way of having no GPU', async () => {
  const original = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  const put = (gpu) => Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  try {
    put(undefined);
    assert.equal(hasWebGpu(), false);
    assert.equal(await findAdapter(), 'the browser has no WebGPU');
    globalThis.isSecureContext = false;
    assert.match(await findAdapter(), /no secure context/);
    put({ requestAdapter: async () => null });
    assert.equal(hasWebGpu(), true);
    assert.equal(await findAdapter(), 'the browser finds no GPU');
    put({ requestAdapter: async () => Promise.reject(new Error('blocked')) });
    assert.equal(await findAdapter(), 'the browser finds no GPU: blocked');
    put({ requestAdapter: async () => ({ info: { vendor: 'amd', architecture: 'rdna-2' } }) });
    assert.deepEqual(await findAdapter(), describe({ vendor: 'amd', architecture: 'rdna-2' }));
    // Before 2024 browsers told nothing of it.
    put({ requestAdapter: async () => ({ isFallbackAdapter: true }) });
    assert.equal((await findAdapter()).software, true);
  } finally {
    delete globalThis.isSecureContext;
    if (original) Object.defineProperty(globalThis, 'navigator', original);
    else delete globalThis.navigator;
  }
});

test('wrong numbers are told from rounded ones', () => {
  const cpu = Float32Array.from({ length: 1000 }, (_, i) => i / 1000);
  assert.equal(refuseNumbers(cpu, cpu), undefined);
  assert.equal(refuseNumbers(cpu, cpu.map((value) => value + 2e-3)), undefined);
  // Whole numbers may turn a pixel over.
  assert.equal(refuseNumbers(cpu, cpu.map((value, i) => (i % 200 === 0 ? 1 - value : value))), undefined);
  assert.match(refuseNumbers(cpu, cpu.map(() => 0)), /off the CPU's by 0\.4995 on average/);
  assert.match(refuseNumbers(cpu, cpu.map(() => 0.5)), /off/);
  assert.match(refuseNumbers(cpu, cpu.map(() => NaN)), /100\.0 %/);
  assert.match(refuseNumbers(cpu, cpu.map((value, i) => (i < 20 ? NaN : value))), /2\.0 %/);
  assert.match(refuseNumbers(cpu, cpu.map((value) => value + 0.02)), /0\.0200/);
  assert.match(refuseNumbers(cpu, new Float32Array(3)), /3 probabilities, want 1000/);
  assert.match(refuseNumbers([], []), /0 probabilities/);
});

test('the GPU has to be faster by a tenth', () => {
  assert.equal(faster([5, 4, 6], [3, 9, 9]).executor, 'gpu');
  assert.equal(faster([5, 4, 6], [3.7, 9, 9]).executor, 'cpu');
  assert.equal(faster([5], [NaN]).executor, 'cpu');
  assert.equal(faster([5, 4], [3, 3.5]).why, 'in a trial the GPU took 3.0 ms for a small portrait and the CPU 4.0 ms');
});

/** Kind of failure, whether it ran, whether in half precision, and what is done at first. */
for (const [kind, ready, half, want] of [
  ['lost', true, true, 'rebuild'],
  ['lost', false, false, 'rebuild'],
  ['failed', true, true, 'rebuild'],
  ['failed', false, true, 'rebuild-f32'],
  ['failed', false, false, 'demote'],
  ['died', true, false, 'rebuild'],
  ['died', false, false, 'demote'],
  ['wrong', false, true, 'rebuild-f32'],
  ['wrong', false, false, 'demote'],
  ['hung', true, true, 'demote'],
  ['hung', false, true, 'demote'],
  ['missing', false, true, 'demote'],
  ['refused', false, true, 'demote'],
]) {
  test(`${kind} ${ready ? 'while it ran' : 'before it ran'}, in ${half ? 'half' : 'single'} precision: ${want}`, () => {
    assert.equal(remedy({ kind }, ready, half, 0), want);
    assert.equal(remedy({ kind }, ready, half, REBUILDS), 'demote');
  });
}

test('what will fail again is remembered; what may have been an accident is not', () => {
  assert.deepEqual(['wrong', 'failed', 'hung', 'lost', 'died', 'missing', 'refused'].filter((kind) => isLasting({ kind })), ['wrong', 'failed', 'hung']);
});

test('a choice is known for the page, by adapter and model, and in a store beyond it', async () => {
  const choice = { executor: 'gpu', why: 'faster' };
  const store = new Map();
  const memory = { getItem: (key) => store.get(key) ?? null, setItem: (key, value) => void store.set(key, value) };
  const first = await load('memory');
  assert.equal(first.recallChoice(GPU, 'selfie', memory), undefined);
  first.rememberChoice(GPU, 'selfie', choice, undefined);
  assert.equal(store.size, 0, 'without a store nothing is kept');
  assert.deepEqual(first.recallChoice(GPU, 'selfie', undefined), choice);
  assert.equal(first.recallChoice(GPU, 'multiclass', undefined), undefined);
  assert.equal(first.recallChoice({ ...GPU, architecture: 'b' }, 'selfie', undefined), undefined);
  first.rememberChoice(GPU, 'multiclass', choice, memory);
  assert.deepEqual([...store.keys()], ['featheredge']);
  // Another page.
  const second = await load('memory');
  assert.deepEqual(second.recallChoice(GPU, 'multiclass', memory), choice);
  assert.equal(second.recallChoice(GPU, 'selfie', memory), undefined);
  for (let i = 0; i < 50; i++) second.rememberChoice({ ...GPU, name: `card ${i}` }, 'selfie', choice, memory);
  assert.equal(Object.keys(JSON.parse(store.get('featheredge'))).length, 32);
});

test('a store that holds nonsense or refuses is done without', async () => {
  const { recallChoice, rememberChoice } = await load('memory');
  for (const text of ['{', 'null', '7', '[1]', '{"a":1}', '{"a":{"executor":"tpu","why":"x"}}']) {
    assert.equal(recallChoice(GPU, 'selfie', { getItem: () => text }), undefined, text);
  }
  const refusing = { getItem() { throw new Error('no'); }, setItem() { throw new Error('full'); } };
  rememberChoice(GPU, 'selfie', { executor: 'cpu', why: 'slower' }, refusing);
  assert.equal(recallChoice(GPU, 'selfie', refusing).executor, 'cpu');
});
