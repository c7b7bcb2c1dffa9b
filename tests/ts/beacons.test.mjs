/** Batches to a real server that takes them, is busy, refuses or is not there. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import test, { after } from 'node:test';

import { load } from './load.mjs';

const { Beacons } = await load('beacons');

/** As large as a record can be. */
const RECORD = {
  variant: 'v'.repeat(32),
  model: 'm'.repeat(32),
  executor: 'onnx',
  outcome: 'out-of-memory',
  latency: 'le_1000',
  size: 'le_0_5mp',
  coverage: 'le_50',
  version: '9999.9999.9999',
  agreement: 'ge_99',
  reference: 'previous',
};

/** What is answered, in turn; the last for good. */
let answers = [204];
let posts = [];
const server = createServer(async (request, response) => {
  let body = '';
  for await (const piece of request) body += piece;
  posts.push({ at: Date.now(), body, batch: JSON.parse(body), type: request.headers['content-type'] });
  const answer = answers.length > 1 ? answers.shift() : answers[0];
  const [status, headers] = Array.isArray(answer) ? answer : [answer];
  response.writeHead(status, headers).end();
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const url = `http://127.0.0.1:${server.address().port}/v1/beacons`;
after(() => {
  server.closeAllConnections();
  server.close();
});

function beacons(t, { rate = 1, to = url, flag = () => 'f' } = {}) {
  posts = [];
  const made = new Beacons(to, rate, flag);
  t.after(() => made.close());
  return made;
}

async function arrived(count, ms = 5000) {
  for (const end = Date.now() + ms; posts.length < count; ) {
    if (Date.now() > end) throw new Error(`${posts.length} posts after ${ms} ms, want ${count}`);
    await pause(10);
  }
  return posts;
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

test('records go in batches that a server takes', async (t) => {
  answers = [204];
  const made = beacons(t);
  for (let i = 0; i < 65; i++) made.add(RECORD);
  made.flush();
  await arrived(3);
  assert.deepEqual(posts.map(({ batch }) => batch.records.length).sort(), [30, 30, 5]);
  assert.equal(new Set(posts.map(({ batch }) => batch.batch)).size, 3);
  for (const { body, batch, type } of posts) {
    assert.ok(body.length <= 8192, `${body.length} bytes`);
    assert.equal(type, 'text/plain;charset=UTF-8');
    assert.deepEqual({ ...batch, batch: '', records: [] }, { schema: 1, batch: '', flag: 'f', rate: 10_000, records: [] });
    assert.deepEqual(batch.records[0], RECORD);
  }
});

test('a busy server gets the same batch later, as late as it says', async (t) => {
  answers = [[503, { 'Retry-After': '2' }], 204];
  const made = beacons(t);
  made.add(RECORD);
  made.flush();
  await arrived(1);
  await pause(50);
  made.add({ ...RECORD, outcome: 'ok' });
  made.flush();
  await pause(500);
  assert.equal(posts.length, 1, 'nothing more before that');
  await arrived(3);
  assert.ok(posts[1].at - posts[0].at >= 1900, `${posts[1].at - posts[0].at} ms later`);
  assert.ok([posts[1].body, posts[2].body].includes(posts[0].body));
  await pause(1500);
  assert.equal(posts.length, 3);
});

for (const status of [408, 425, 429, 500, 502]) {
  test(`${status} is tried again`, async (t) => {
    answers = [status, 204];
    const made = beacons(t);
    made.add(RECORD);
    made.flush();
    const [first, second] = await arrived(2);
    assert.equal(second.body, first.body);
    assert.ok(second.at - first.at >= 450);
  });
}

for (const [what, answer] of [['400', 400], ['404', 404], ['413', 413], ['a server that wants an hour', [503, { 'Retry-After': '3600' }]]]) {
  test(`${what} is given up`, async (t) => {
    answers = [answer];
    const made = beacons(t);
    made.add(RECORD);
    made.flush();
    await arrived(1);
    await pause(1500);
    assert.equal(posts.length, 1);
  });
}

test('where nobody answers, what waits is bounded', async (t) => {
  const dead = beacons(t, { to: 'http://127.0.0.1:1/' });
  for (let i = 0; i < 100_000; i++) dead.add(RECORD);
  await pause(100);
  answers = [[503, { 'Retry-After': '1' }], 204];
  const made = beacons(t);
  for (let i = 0; i < 1000; i++) made.add(RECORD);
  await pause(100);
  answers = [204];
  await pause(2500);
  const unique = new Map(posts.map(({ batch }) => [batch.batch, batch.records.length]));
  assert.ok([...unique.values()].reduce((a, b) => a + b) <= 200);
  const bytes = [...new Map(posts.map(({ batch, body }) => [batch.batch, body.length])).values()].reduce((a, b) => a + b);
  assert.ok(bytes < 64 * 1024, `${bytes} bytes can be under way at once`);
});

test('the rate of sampling is kept and told', async (t) => {
  answers = [204];
  const made = beacons(t, { rate: 0.25, flag: () => 'sampled' });
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 50; i++) if (made.wants()) made.add(RECORD);
    made.flush();
    await pause(15);
  }
  await pause(200);
  const batches = posts.map(({ batch }) => batch).filter(({ flag }) => flag === 'sampled');
  const told = batches.reduce((sum, { records }) => sum + records.length, 0);
  assert.ok(batches.every(({ rate }) => rate === 2500));
  // 2,000 at a quarter: 500, sigma 19.4.
  assert.ok(Math.abs(told - 500) < 100, `${told} of 2000`);
});

test('without a flag nothing is sent, and what is left goes when it is closed', async (t) => {
  answers = [204];
  let flag;
  const made = beacons(t, { flag: () => flag });
  made.add(RECORD);
  made.flush();
  await pause(100);
  assert.equal(posts.length, 0);
  flag = 'f';
  made.close();
  await arrived(1);
  made.add(RECORD);
  made.flush();
  await pause(100);
  assert.equal(posts.length, 1);
});
