/** The GPU beside the CPU, with a worker that does what each test tells it: every way of failing, at every stage. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { load } from './load.mjs';

const { Accelerator } = await load('accelerator');

const RIGHT = { data: new Float32Array([0.1, 0.9]) };
/** A matte that took so long; the GPU's takes 10 ms, unless a test says otherwise. */
const matte = (inferMs) => ({ timings: { decodeMs: 0, preMs: 0, inferMs, postMs: 0 } });
const BY_GPU = matte(10);
const BLOB = { kind: 'blob', blob: new Blob(['picture']) };
const SEGMENT = { type: 'segment', of: 'person', intensity: 0 };
const PATIENCE = { loadMs: 60, callMs: 60, calmMs: 60_000 };
const TRIAL = { load: true, trial: true, why: '' };
const NO_TRIAL = { load: true, trial: false, why: 'it was asked for' };

/**
 * An accelerator and all that it did. `answer(request, thread)` says what the worker replies, for each `count`th
 * worker: `undefined` for the usual, `null` for nothing.
 */
function setUp({ answer = () => undefined, cpuMs = 1, waitMs = 0, calmMs = PATIENCE.calmMs, files = async () => ({}) } = {}) {
  const threads = [];
  const events = [];
  const remembered = [];
  const usual = ({ type, half }) => (type === 'load-gpu' ? { half, wasmBytes: 7, portrait: new Uint8Array(1) } : type === 'predict' ? RIGHT : BY_GPU);
  const open = (listener) => {
    const thread = {
      listener,
      count: threads.length + 1,
      closed: false,
      asked: [],
      started: Promise.resolve(),
      post(request, transfer) {
        assert.equal(thread.closed, false, 'posted to a closed thread');
        assert.deepEqual(transfer, [], 'the picture stays on the page');
        thread.asked.push(request);
        if (request.type === 'lose') return thread.lose();
        const reply = answer(request, thread);
        if (reply === null) return;
        queueMicrotask(() => listener.onReply({ id: request.id, ...(reply ?? { type: 'done', value: usual(request) }) }));
      },
      lose: () => queueMicrotask(() => listener.onReply({ type: 'lost', message: 'the GPU was lost: as asked' })),
      close: () => (thread.closed = true),
    };
    threads.push(thread);
    return thread;
  };
  const onCpu = async ({ type }) => {
    await new Promise((done) => setTimeout(done, waitMs));
    return type === 'predict' ? RIGHT : matte(cpuMs);
  };
  const tell = (event) => events.push(event);
  const accelerator = new Accelerator({ open, model: 'selfie', maxPixels: 9, software: false, subject: 'person', files, onCpu, remember: (choice) => remembered.push(choice), tell }, { ...PATIENCE, calmMs });
  return { accelerator, threads, events, remembered, kinds: () => events.map(({ kind }) => kind) };
}

const lost = { type: 'failed', code: 'GPU_LOST', message: 'the GPU was lost: crash' };
const failed = { type: 'failed', code: 'GPU_FAILED', message: 'the GPU refused: out of memory' };

async function until(check) {
  for (let i = 0; i < 500 && !check(); i++) await new Promise((done) => setTimeout(done, 10));
  assert.ok(check(), String(check));
}

test('a GPU that is right and faster runs, and that is remembered', async () => {
  const { accelerator, threads, remembered, kinds } = setUp({ cpuMs: 20 });
  assert.equal(await accelerator.run(SEGMENT, BLOB), undefined, 'until then it leaves all to the CPU');
  await accelerator.start(TRIAL);
  assert.equal(accelerator.standing.running, true);
  assert.deepEqual([remembered.length, remembered[0].executor], [1, 'gpu']);
  assert.deepEqual(kinds(), ['chosen']);
  assert.equal(await accelerator.run(SEGMENT, BLOB), BY_GPU);
  assert.equal(threads.length, 1);
  accelerator.close();
  assert.equal(threads[0].closed, true);
});

test('a GPU that is slower is closed, and that is remembered', async () => {
  const { accelerator, threads, remembered, kinds } = setUp({ cpuMs: 9 });
  await accelerator.start(TRIAL);
  assert.equal(accelerator.standing.running, false);
  assert.equal(remembered[0].executor, 'cpu');
  assert.match(accelerator.standing.why, /in a trial the GPU took 10.0 ms for a small portrait and the CPU 9.0 ms/);
  assert.deepEqual(kinds(), ['chosen']);
  assert.equal(threads[0].closed, true);
  assert.equal(accelerator.lose(), false);
});

test('what the CPU waits for, while it does the page\'s calls, is not to its blame', async () => {
  const { accelerator, remembered } = setUp({ cpuMs: 9, waitMs: 40 });
  await accelerator.start(TRIAL);
  assert.equal(remembered[0].executor, 'cpu');
  accelerator.close();
});

test('without a trial it is tested, but not timed', async () => {
  const { accelerator, threads, remembered } = setUp();
  await accelerator.start(NO_TRIAL);
  assert.deepEqual(threads[0].asked.map(({ type }) => type), ['load-gpu', 'predict']);
  assert.equal(accelerator.standing.running, true);
  assert.deepEqual(remembered, []);
});

test('wrong numbers: once more in single precision, then never again', async () => {
  const wrong = { type: 'done', value: { data: new Float32Array([0.9, 0.1]) } };
  const { accelerator, threads, remembered, kinds } = setUp({ answer: ({ type }) => (type === 'predict' ? wrong : undefined) });
  await accelerator.start(TRIAL);
  assert.deepEqual(threads.map(({ asked }) => asked[0].half), [true, false]);
  assert.deepEqual(kinds(), ['failed', 'failed', 'demoted']);
  assert.deepEqual([remembered[0].executor, accelerator.standing.running], ['cpu', false]);
  assert.match(accelerator.standing.why, /in its self-test its probabilities are off/);
});

test('wrong numbers in half precision alone: single precision runs', async () => {
  const wrong = { type: 'done', value: { data: new Float32Array([NaN, NaN]) } };
  const { accelerator, kinds } = setUp({ answer: ({ type }, { count }) => (type === 'predict' && count === 1 ? wrong : undefined), cpuMs: 20 });
  await accelerator.start(TRIAL);
  assert.deepEqual([accelerator.standing.running, accelerator.standing.half], [true, false]);
  assert.deepEqual(kinds(), ['failed', 'chosen']);
});

for (const [name, answer, code, why] of [
  ['a shader that does not compile', ({ type }) => (type === 'load-gpu' ? { ...failed, message: 'the GPU refused: no shader' } : undefined), 'GPU_FAILED', /no shader/],
  ['a missing feature', ({ type }) => (type === 'load-gpu' ? { type: 'failed', code: 'GPU_UNAVAILABLE', message: 'no limits' } : undefined), 'GPU_UNAVAILABLE', /no limits/],
  ['a hang while loading', ({ type }) => (type === 'load-gpu' ? null : undefined), 'GPU_FAILED', /more than 0\.06 s to load/],
  ['a hang in the self-test', ({ type }) => (type === 'predict' ? null : undefined), 'GPU_FAILED', /more than 0\.06 s to answer/],
  ['a wrong file', ({ type }) => (type === 'load-gpu' ? { type: 'failed', code: 'CHECKSUM_MISMATCH', message: 'another file' } : undefined), 'CHECKSUM_MISMATCH', /another file/],
  ['an instance that breaks', ({ type }) => (type === 'predict' ? { type: 'trapped', message: 'unreachable' } : undefined), 'GPU_FAILED', /instance broke: unreachable/],
]) {
  test(`${name} leaves the CPU running, with the reason`, async () => {
    const { accelerator, threads, events } = setUp({ answer });
    await accelerator.start(TRIAL);
    assert.equal(accelerator.standing.running, false);
    assert.match(accelerator.standing.why, why);
    assert.deepEqual([events.at(-1).kind, events.at(-1).code], ['demoted', code]);
    assert.ok(threads.every(({ closed }) => closed));
  });
}

test('files that cannot be had leave the CPU running', async () => {
  const { accelerator, events } = setUp({ files: () => Promise.reject(Object.assign(new Error('status 404'), { name: 'SegmentError', code: 'FETCH' })) });
  await accelerator.start(TRIAL);
  assert.deepEqual([events.at(-1).kind, events.at(-1).code], ['demoted', 'FETCH']);
  assert.match(accelerator.standing.why, /status 404/);
});

for (const [name, reply, kind] of [['lost', lost, 'lost'], ['refused', failed, 'failed'], ['broken', { type: 'trapped', message: 'unreachable' }, 'failed']]) {
  test(`${name} in the middle of a call: the CPU does it, and the GPU comes back`, async () => {
    const { accelerator, threads, kinds } = setUp({ answer: ({ type }, { count }) => (type === 'segment' && count === 1 ? reply : undefined) });
    await accelerator.start(NO_TRIAL);
    assert.equal(await accelerator.run(SEGMENT, BLOB), undefined);
    assert.equal(accelerator.standing.running, false);
    await until(() => accelerator.standing.running);
    assert.equal(await accelerator.run(SEGMENT, BLOB), BY_GPU);
    assert.deepEqual(kinds(), ['chosen', kind, 'restored']);
    assert.deepEqual(threads.map(({ closed }) => closed), [true, false]);
    assert.equal(accelerator.standing.why, 'it was asked for');
  });
}

test('a loss while idle is noticed at once', async () => {
  const { accelerator, kinds } = setUp();
  await accelerator.start(NO_TRIAL);
  assert.equal(accelerator.lose(), true);
  await until(() => kinds().at(-1) === 'restored');
  assert.deepEqual(kinds(), ['chosen', 'lost', 'restored']);
});

test('a loss while it loads, and once more while it is tested', async () => {
  const answer = ({ type }, thread) => {
    if ((type === 'load-gpu' && thread.count === 1) || (type === 'predict' && thread.count === 2)) return thread.lose() ?? null;
  };
  const { accelerator, kinds } = setUp({ answer });
  await accelerator.start(NO_TRIAL);
  assert.equal(accelerator.standing.running, true);
  assert.deepEqual(kinds(), ['lost', 'lost', 'chosen']);
});

test('a loss between two questions is seen at the next', async () => {
  const { accelerator, threads, kinds } = setUp({ cpuMs: 20 });
  const starting = accelerator.start(NO_TRIAL);
  await until(() => threads[0]?.asked.some(({ type }) => type === 'predict'));
  await new Promise((done) => setTimeout(done, 5));
  threads[0].lose();
  await starting;
  // The self-test was over by then but for the CPU's part: the GPU runs until its loss is found.
  assert.ok(['lost', 'chosen'].includes(kinds()[0]));
  await until(() => accelerator.standing.running && threads.at(-1).closed === false);
});

test('one that is lost again and again is left alone', async () => {
  const { accelerator, threads, kinds } = setUp();
  await accelerator.start(NO_TRIAL);
  for (let i = 1; i <= 4; i++) {
    await until(() => accelerator.standing.running);
    accelerator.lose();
    await until(() => kinds().filter((kind) => kind === 'lost').length === i);
  }
  await until(() => kinds().at(-1) === 'demoted');
  assert.equal(threads.length, 4);
  assert.equal(kinds().filter((kind) => kind === 'restored').length, 3);
  assert.match(accelerator.standing.why, /the GPU failed: the GPU was lost/);
});

test('one that is lost now and then comes back each time', async () => {
  const { accelerator, kinds } = setUp({ calmMs: 0 });
  await accelerator.start(NO_TRIAL);
  for (let i = 1; i <= 6; i++) {
    await new Promise((done) => setTimeout(done, 5));
    accelerator.lose();
    await until(() => kinds().filter((kind) => kind === 'restored').length === i);
  }
  assert.equal(accelerator.standing.running, true);
});

test('a call that hangs goes to the CPU, and the GPU is left alone', async () => {
  const { accelerator, threads, kinds } = setUp({ answer: ({ type }) => (type === 'segment' ? null : undefined) });
  await accelerator.start(NO_TRIAL);
  assert.equal(await accelerator.run(SEGMENT, BLOB), undefined);
  assert.deepEqual(kinds(), ['chosen', 'failed', 'demoted']);
  assert.equal(threads[0].closed, true);
});

test('a call that is not for it changes nothing', async () => {
  const { accelerator, kinds } = setUp({ answer: ({ type }) => (type === 'segment' ? { type: 'failed', code: 'GPU_UNAVAILABLE', message: 'too wide' } : undefined) });
  await accelerator.start(NO_TRIAL);
  assert.equal(await accelerator.run(SEGMENT, BLOB), undefined);
  assert.equal(accelerator.standing.running, true);
  assert.deepEqual(kinds(), ['chosen']);
});

for (const stage of ['load-gpu', 'predict', 'segment']) {
  test(`closing while it waits for ${stage} ends it`, async () => {
    const { accelerator, threads } = setUp({ answer: ({ type }) => (type === stage ? null : undefined) });
    const starting = accelerator.start(NO_TRIAL);
    if (stage === 'segment') await starting;
    const call = accelerator.run(SEGMENT, BLOB);
    await until(() => threads[0]?.asked.some(({ type }) => type === stage));
    accelerator.close();
    assert.equal(await call, undefined);
    await starting;
    assert.ok(threads.length === 1 && threads[0].closed);
    assert.equal(accelerator.lose(), false);
  });
}
