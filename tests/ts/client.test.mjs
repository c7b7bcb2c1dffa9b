/** The queue: order, aborts, closing, and what happens when a thread breaks. The thread here does what each test tells it. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { load, segmentError } from './load.mjs';

const { Client } = await load('client');

const LOAD = { type: 'load', model: { id: 'selfie' }, maxPixels: 9 };
const LOADED = { classes: ['person'], subjects: ['person'], inputWidth: 1, inputHeight: 1, wasmBytes: 1, modelBytes: 1 };
const SEGMENT = { type: 'segment', of: 'person', intensity: 0 };

/** A client, the threads that it opened and every call that they were sent. `behaviour` is read as it goes. */
function setUp(behaviour = {}) {
  const threads = [];
  const calls = [];
  const files = () => behaviour.files ?? Promise.resolve({ model: new Uint8Array(1) });
  const downloads = { get: files, take: files };
  const open = (listener) => {
    const thread = {
      listener,
      closed: false,
      cancelled: [],
      started: Promise.resolve(),
      post(request) {
        assert.equal(thread.closed, false, 'posted to a closed thread');
        if (request.type === 'cancel') thread.cancelled.push(request.id);
        else if (request.type !== 'load') calls.push({ ...request, thread });
        else if (behaviour.answerLoads ?? true) queueMicrotask(() => listener.onReply({ type: 'done', id: request.id, value: LOADED }));
      },
      close: () => (thread.closed = true),
    };
    threads.push(thread);
    return thread;
  };
  const client = new Client(open, LOAD, downloads, behaviour.replaceable ?? true);
  return { client, threads, calls };
}

/** Lets everything that can go on go on. */
const settle = () => new Promise((done) => setTimeout(done, 5));

/** A picture with a name, that notes when it is released. */
function picture(name, released = []) {
  return Promise.resolve({ kind: 'bitmap', bitmap: { name, close: () => released.push(name) } });
}

const answer = (call, value) => call.thread.listener.onReply({ type: 'done', id: call.id, value });
const trap = (call) => call.thread.listener.onReply({ type: 'trapped', id: call.id, message: 'unreachable', picture: call.picture });
const nameOf = (call) => call.picture.bitmap.name;

test('calls run one at a time, in order, whichever picture is ready first', async () => {
  const { client, calls } = setUp();
  await client.load();
  const slow = new Promise((done) => setTimeout(done, 10)).then(() => picture('a'));
  const results = [client.call(SEGMENT, slow), client.call({ type: 'predict' }, picture('b'))];
  await settle();
  assert.equal(calls.length, 0);
  await settle().then(settle);
  assert.deepEqual(calls.map(nameOf), ['a']);
  answer(calls[0], 'first');
  await settle();
  assert.deepEqual(calls.map(nameOf), ['a', 'b']);
  answer(calls[1], 'second');
  assert.deepEqual(await Promise.all(results), ['first', 'second']);
});

test('a failure is of one call only', async () => {
  const { client, calls } = setUp();
  await client.load();
  const bad = client.call(SEGMENT, picture('a'));
  const unread = client.call(SEGMENT, Promise.reject(new TypeError('no picture')));
  const good = client.call(SEGMENT, picture('b'));
  await settle();
  calls[0].thread.listener.onReply({ type: 'failed', id: calls[0].id, code: 'UNSUPPORTED_PICTURE', message: 'no' });
  await assert.rejects(bad, segmentError('UNSUPPORTED_PICTURE', 'no'));
  await assert.rejects(unread, new TypeError('no picture'));
  await settle();
  answer(calls[1], 'fine');
  assert.equal(await good, 'fine');
});

test('an aborted call leaves the queue, and its picture is released', async () => {
  const { client, calls } = setUp();
  await client.load();
  const controller = new AbortController();
  const released = [];
  const first = client.call(SEGMENT, picture('a', released));
  const second = client.call(SEGMENT, picture('b', released), controller.signal);
  const third = client.call(SEGMENT, picture('c', released));
  await settle();
  controller.abort('enough');
  await assert.rejects(second, (error) => error.code === 'ABORTED' && error.cause === 'enough');
  answer(calls[0], 1);
  await settle();
  answer(calls[1], 3);
  assert.deepEqual(await Promise.all([first, third]), [1, 3]);
  assert.deepEqual(calls.map(nameOf), ['a', 'c']);
  assert.deepEqual(released, ['b']);
});

test('a call under way is aborted at once, and its answer is discarded', async () => {
  const { client, calls, threads } = setUp();
  await client.load();
  const controller = new AbortController();
  const first = client.call(SEGMENT, picture('a'), controller.signal);
  const second = client.call(SEGMENT, picture('b'));
  await settle();
  controller.abort();
  await assert.rejects(first, { code: 'ABORTED' });
  assert.deepEqual(threads[0].cancelled, [calls[0].id]);
  assert.equal(calls.length, 1, 'the thread is still busy');
  answer(calls[0], 'late');
  await settle();
  answer(calls[1], 'next');
  assert.equal(await second, 'next');
});

test('an abort does not wait for a picture that never comes', async () => {
  const { client, calls } = setUp();
  await client.load();
  const controller = new AbortController();
  const first = client.call(SEGMENT, new Promise(() => {}), controller.signal);
  const second = client.call(SEGMENT, picture('b'));
  controller.abort();
  await assert.rejects(first, { code: 'ABORTED' });
  await settle();
  answer(calls[0], 'next');
  assert.equal(await second, 'next');
});

test('a settled call no longer listens to its signal', async () => {
  const { client, calls, threads } = setUp();
  await client.load();
  const controller = new AbortController();
  const result = client.call(SEGMENT, picture('a'), controller.signal);
  await settle();
  answer(calls[0], 1);
  await result;
  controller.abort();
  assert.deepEqual(threads[0].cancelled, []);
});

test('closing rejects all that is pending and all that comes', async () => {
  const { client, threads } = setUp();
  await client.load();
  const released = [];
  const results = [client.call(SEGMENT, picture('a', released)), client.call(SEGMENT, picture('b', released))];
  await settle();
  client.close();
  client.close();
  for (const result of results) await assert.rejects(result, { code: 'CLOSED' });
  await assert.rejects(client.call(SEGMENT, picture('c', released)), { code: 'CLOSED' });
  assert.equal(threads[0].closed, true);
  assert.equal(threads.length, 1);
  assert.deepEqual(released.sort(), ['a', 'b', 'c']);
});

test('a broken thread is replaced and the call run once more', async () => {
  const { client, calls, threads } = setUp();
  await client.load();
  const results = [client.call(SEGMENT, picture('a')), client.call(SEGMENT, picture('b'))];
  await settle();
  trap(calls[0]);
  await settle();
  assert.equal(threads.length, 2);
  assert.equal(threads[0].closed, true);
  assert.deepEqual(calls.map(nameOf), ['a', 'a']);
  // A late word from the old thread is not heard.
  threads[0].listener.onReply({ type: 'done', id: calls[1].id, value: 'old' });
  answer(calls[1], 'new');
  await settle();
  answer(calls[2], 'other');
  assert.deepEqual(await Promise.all(results), ['new', 'other']);
});

test('a second break is INTERNAL, and the next call gets a new thread', async () => {
  const { client, calls, threads } = setUp();
  await client.load();
  const first = client.call(SEGMENT, picture('a'));
  const second = client.call(SEGMENT, picture('b'));
  await settle();
  trap(calls[0]);
  await settle();
  trap(calls[1]);
  await assert.rejects(first, { code: 'INTERNAL', message: /unreachable/ });
  await settle();
  assert.equal(threads.length, 3);
  answer(calls[2], 'fine');
  assert.equal(await second, 'fine');
});

test('an aborted call is not run again', async () => {
  const { client, calls, threads } = setUp();
  await client.load();
  const controller = new AbortController();
  const result = client.call(SEGMENT, picture('a'), controller.signal);
  await settle();
  controller.abort();
  await assert.rejects(result, { code: 'ABORTED' });
  trap(calls[0]);
  await settle();
  assert.equal(calls.length, 1);
  assert.equal(threads[0].closed, true);
});

test('where there can be no new thread, a break is INTERNAL and the end', async () => {
  const { client, calls, threads } = setUp({ replaceable: false });
  await client.load();
  const first = client.call(SEGMENT, picture('a'));
  const second = client.call(SEGMENT, picture('b'));
  await settle();
  trap(calls[0]);
  await assert.rejects(first, { code: 'INTERNAL' });
  await assert.rejects(second, { code: 'CLOSED', message: /broke on this thread/ });
  await assert.rejects(client.call(SEGMENT, picture('c')), { code: 'CLOSED', message: /broke on this thread/ });
  assert.equal(threads.length, 1);
});

test('a thread that dies takes a transferred picture along, but not a blob', async () => {
  const { client, calls, threads } = setUp();
  await client.load();
  const lost = client.call(SEGMENT, picture('a'));
  await settle();
  threads[0].listener.onDeath('out of memory');
  await assert.rejects(lost, { code: 'INTERNAL', message: /out of memory/ });

  const blob = new Blob(['x']);
  const kept = client.call(SEGMENT, Promise.resolve({ kind: 'blob', blob }));
  await settle();
  threads[1].listener.onDeath('again');
  await settle();
  assert.equal(calls.at(-1).picture.blob, blob);
  answer(calls.at(-1), 'fine');
  assert.equal(await kept, 'fine');
  assert.equal(threads.length, 3);
});

test('a thread that dies while idle is replaced for the next call', async () => {
  const { client, calls, threads } = setUp();
  await client.load();
  threads[0].listener.onDeath('gone');
  const result = client.call(SEGMENT, picture('a'));
  await settle();
  assert.equal(threads.length, 2);
  answer(calls[0], 'fine');
  assert.equal(await result, 'fine');
});

test('loading passes on progress and failures', async () => {
  const { client, threads } = setUp({ answerLoads: false });
  const heard = [];
  const loading = client.load((progress) => heard.push(progress));
  await settle();
  threads[0].listener.onReply({ type: 'failed', id: 1, code: 'CHECKSUM_MISMATCH', message: 'another file' });
  await assert.rejects(loading, segmentError('CHECKSUM_MISMATCH', 'another file'));
  assert.deepEqual(heard, [{ phase: 'compile' }]);
  assert.equal(threads[0].closed, true);
});

test('a failed download ends the load and its thread', async () => {
  const { client, threads } = setUp({ files: Promise.reject(new TypeError('status 404')) });
  await assert.rejects(client.load(), new TypeError('status 404'));
  assert.equal(threads[0].closed, true);
});

test('a load that breaks its thread is done once more on a new one, and its progress does not begin anew', async () => {
  const { client, threads } = setUp({ answerLoads: false });
  const heard = [];
  const loading = client.load((progress) => heard.push(progress.phase));
  await settle();
  threads[0].listener.onReply({ type: 'trapped', id: 1, message: 'out of bounds', picture: undefined });
  await settle();
  assert.deepEqual([threads.length, threads[0].closed], [2, true]);
  threads[1].listener.onReply({ type: 'done', id: 2, value: LOADED });
  assert.equal(await loading, LOADED);
  assert.deepEqual(heard, ['compile']);
});

test('a load that breaks two threads, or the only one, is INTERNAL', async () => {
  for (const replaceable of [true, false]) {
    const { client, threads } = setUp({ answerLoads: false, replaceable });
    const loading = client.load();
    for (let i = 0; i < (replaceable ? 2 : 1); i++) {
      await settle();
      threads[i].listener.onReply({ type: 'trapped', id: i + 1, message: 'out of bounds', picture: undefined });
    }
    await assert.rejects(loading, segmentError('INTERNAL', 'loading broke off: out of bounds'));
    assert.ok(threads.every(({ closed }) => closed));
  }
});

test('an abort while loading ends the thread', async () => {
  const { client, threads } = setUp({ answerLoads: false });
  const controller = new AbortController();
  const loading = client.load(undefined, controller.signal);
  await settle();
  controller.abort('later');
  await assert.rejects(loading, (error) => error.code === 'ABORTED' && error.cause === 'later');
  assert.equal(threads[0].closed, true);
});

test('an abort after loading changes nothing', async () => {
  const { client, calls } = setUp();
  const controller = new AbortController();
  await client.load(undefined, controller.signal);
  controller.abort();
  const result = client.call(SEGMENT, picture('a'));
  await settle();
  answer(calls[0], 'fine');
  assert.equal(await result, 'fine');
});

test('a load that fails on a new thread is told to the call, and tried again for the next', async () => {
  const behaviour = {};
  const { client, calls, threads } = setUp(behaviour);
  await client.load();
  threads[0].listener.onDeath('gone');
  behaviour.answerLoads = false;
  const first = client.call(SEGMENT, picture('a'));
  await settle();
  threads[1].listener.onReply({ type: 'failed', id: 2, code: 'FETCH', message: 'offline' });
  await assert.rejects(first, segmentError('FETCH', 'offline'));
  behaviour.answerLoads = true;
  const second = client.call(SEGMENT, picture('b'));
  await settle();
  answer(calls[0], 'fine');
  assert.equal(await second, 'fine');
});

test('one look is wholly the faster one\'s; of several it does the network', async () => {
  const { client, calls } = setUp();
  await client.load();
  const asked = [];
  let gives = true;
  client.accelerate({
    run: async (task, { kind }) => {
      asked.push([task.type, kind]);
      if (!gives) return undefined;
      return task.type === 'predict' ? { data: Float32Array.of(0.5), executor: 'gpu' } : 'drawn';
    },
  });
  assert.equal(await client.call({ ...SEGMENT, quality: 'fast' }, picture('a')), 'drawn');
  assert.deepEqual([asked.splice(0), calls.length], [[['segment', 'bitmap']], 0]);

  const result = client.call({ ...SEGMENT, quality: 'balanced' }, picture('b'));
  await settle();
  const [call] = calls;
  assert.deepEqual([call.helped, asked], [true, []]);
  const look = () => call.thread.listener.onReply({ type: 'run', id: call.id, picture: { width: 1, height: 1, data: new Uint8ClampedArray(4) } });
  look();
  await settle();
  assert.deepEqual([calls[1].type, calls[1].id, calls[1].answer.data], ['ran', call.id, Float32Array.of(0.5)]);
  // It may fail in the middle.
  gives = false;
  look();
  await settle();
  assert.deepEqual([calls[2].type, calls[2].answer], ['ran', undefined]);
  assert.deepEqual(asked, [['predict', 'pixels'], ['predict', 'pixels']]);
  answer(call, 'matte');
  assert.equal(await result, 'matte');

  void client.call({ ...SEGMENT, quality: 'fine' }, picture('c'), undefined, true);
  await settle();
  assert.equal(calls[3].helped, undefined);
  answer(calls[3], 'matte');

  void client.call({ ...SEGMENT, quality: 'fast', minIsland: 0.1 }, picture('d'));
  await settle();
  assert.equal(calls[4].helped, true, 'islands');
});

test('a look for a thread that is gone is nobody\'s', async () => {
  const { client, calls, threads } = setUp();
  await client.load();
  let give;
  client.accelerate({ run: () => new Promise((resolve) => (give = resolve)) });
  void client.call({ ...SEGMENT, quality: 'balanced' }, picture('a')).catch(() => {});
  await settle();
  calls[0].thread.listener.onReply({ type: 'run', id: calls[0].id, picture: { width: 1, height: 1, data: new Uint8ClampedArray(4) } });
  await settle();
  trap(calls[0]);
  await settle();
  give({ data: new Float32Array(1), executor: 'gpu' });
  await settle();
  assert.equal(threads.length, 2);
  assert.deepEqual(calls.map(({ type }) => type), ['segment', 'segment']);
});
