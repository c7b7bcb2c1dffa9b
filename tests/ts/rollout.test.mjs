/** Rollouts from a real server: who gets what, what is kept when something fails, and what a page must download for it. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import test, { after } from 'node:test';
import { brotliCompressSync } from 'node:zlib';

import { ROOT, bundle } from '../../scripts/bundle.mjs';
import { load, segmentError } from './load.mjs';

/** All that a page downloads to ask for its variant. */
const MOST_BYTES = 12_000;

const { Rollout } = await load('rollout');
const WASM = readFileSync(`${ROOT}target/wasm-opt/featheredge.gate.wasm`);
const VECTORS = JSON.parse(readFileSync(`${ROOT}companion/vectors.json`, 'utf8'));
const FULL = { version: 1, flag: 'hair-cutout', salt: 's', stage: 'FULL', variants: [{ name: 'new', weight: 1, model: 'multiclass' }] };

/** What the server has at /rollout.json; a number is a status. */
let served = FULL;
let etag = '"1"';
const seen = [];
const server = createServer((request, response) => {
  seen.push(request);
  if (request.url === '/wasm/featheredge.gate.wasm') return response.setHeader('content-type', 'application/wasm').end(WASM);
  if (typeof served === 'number') return response.writeHead(served).end();
  if (etag && request.headers['if-none-match'] === etag) return response.writeHead(304).end();
  if (etag) response.setHeader('etag', etag);
  return response.end(typeof served === 'string' ? served : JSON.stringify(served));
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const assetBase = `http://127.0.0.1:${server.address().port}`;
after(() => {
  server.closeAllConnections();
  server.close();
});

async function rollout(t, options) {
  const made = await Rollout.load(`${assetBase}/rollout.json`, { assetBase, ...options });
  t.after(() => made.close());
  return made;
}

/** The next version of what is served. */
function serve(value) {
  served = value;
  etag = `"${Math.random()}"`;
}

test('answers are those of Rust and of the other implementation', async (t) => {
  for (const { rollout: configuration, answers } of VECTORS) {
    serve(configuration);
    const made = await rollout(t);
    assert.equal(made.problem, undefined);
    for (const { id, bucket, reason, variant } of answers) {
      const answer = made.assign(id);
      const model = configuration.variants.find(({ name }) => name === variant)?.model;
      const wanted = { on: variant !== null, ...(variant !== null && { variant, model }), ...(bucket !== null && { bucket }), reason };
      assert.deepEqual(answer, wanted, JSON.stringify(id));
    }
  }
});

test('lists, and versions of the package, are honoured', async (t) => {
  const [{ rollout: configuration, answers }] = VECTORS;
  const [, a, b] = answers;
  serve({ ...configuration, allow: [a.listed, b.listed], deny: [b.listed] });
  const made = await rollout(t);
  assert.deepEqual([made.assign(a.id).reason, made.assign(b.id).reason], ['allowed', 'denied']);
  serve({ ...FULL, minimumVersion: '9999.0.0' });
  await made.refresh();
  assert.deepEqual(made.assign(a.id).reason, 'version');
});

test('without a configuration all are out', async (t) => {
  for (const broken of [404, 503, '', '<!doctype html>', '{}', { ...FULL, stage: 'HALF' }, ' '.repeat(65_537), { ...FULL, owner: 'me' }]) {
    serve(broken);
    const made = await rollout(t, { id: 'someone' });
    assert.deepEqual(made.assign(), { on: false, reason: 'no-config' }, String(broken).slice(0, 20));
    assert.ok(made.problem.length > 10, made.problem);
  }
  const absent = await Rollout.load('http://127.0.0.1:1/rollout.json', { assetBase });
  t.after(() => absent.close());
  assert.equal(absent.assign('someone').reason, 'no-config');
});

test('a refusal says where and why', async (t) => {
  serve({ ...FULL, stage: 'HALF' });
  const { problem } = await rollout(t);
  assert.equal(problem, 'stage is "HALF", want DISABLED, TEN_PERCENT, FIFTY_PERCENT or FULL (INVALID_VALUE)');
});

test('the last good one stays, and what has not changed is not sent again', async (t) => {
  serve(FULL);
  let changes = 0;
  const made = await rollout(t, { id: 'someone', onChange: () => changes++ });
  const good = made.assign();
  assert.deepEqual([good.on, changes], [true, 1]);

  seen.length = 0;
  await made.refresh();
  assert.deepEqual([seen.length, seen[0].headers['if-none-match'], changes], [1, etag, 1]);
  for (const broken of [500, 404, 'nonsense', { ...FULL, variants: [] }]) {
    serve(broken);
    await made.refresh();
    assert.deepEqual(made.assign(), good);
    assert.equal(typeof made.problem, 'string');
  }
  serve({ ...FULL, stage: 'DISABLED' });
  await made.refresh();
  assert.deepEqual([made.assign().reason, made.problem, changes], ['disabled', undefined, 2]);
  serve(FULL);
  await made.refresh();
  assert.deepEqual([made.assign().on, changes], [true, 3]);
});

test('it is asked for again by itself, until it is closed', async (t) => {
  serve(FULL);
  const made = await rollout(t, { id: 'someone', pollMs: 1000 });
  serve({ ...FULL, stage: 'DISABLED' });
  await new Promise((done) => setTimeout(done, 1600));
  assert.equal(made.assign().reason, 'disabled');
  made.close();
  seen.length = 0;
  await new Promise((done) => setTimeout(done, 1400));
  assert.equal(seen.length, 0);
});

test('an exposure is heard of once, whatever the listener does', async (t) => {
  serve(FULL);
  const heard = [];
  const made = await rollout(t, {
    onExposure: (exposure) => {
      heard.push(exposure);
      throw new Error('the page is at fault');
    },
  });
  for (const id of ['a', 'b', 'a', '', 'b']) made.assign(id);
  assert.deepEqual(heard, [{ id: 'a', flag: 'hair-cutout', variant: 'new' }, { id: 'b', flag: 'hair-cutout', variant: 'new' }]);
});

test('long ids and odd ones have an answer', async (t) => {
  serve(FULL);
  const made = await rollout(t);
  for (const id of ['x'.repeat(1_000_000), '\ud800', '\0', 'é'.repeat(100_000)]) assert.equal(made.assign(id).on, true);
});

test('wrong calls are refused', async () => {
  for (const [options, name] of [[{ pollMs: 10 }, 'pollMs'], [{ beacons: { url: '/v1', rate: 2 } }, 'beacons.rate'], [{ beacons: { url: 'http://h/', agreement: -1 } }, 'beacons.agreement']]) {
    await assert.rejects(Rollout.load(`${assetBase}/rollout.json`, options), segmentError('INVALID_INPUT', new RegExp(name)));
  }
  await assert.rejects(Rollout.load('http://'), segmentError('INVALID_INPUT', /url is "http:\/\/", want a URL/));
});

test('a server can import it, and it evaluates no code', async () => {
  assert.deepEqual(Object.keys(await load('rollout')), ['Rollout']);
  const code = await bundle('rollout');
  assert.doesNotMatch(code, /\beval\s*\(|new Function|createObjectURL|\bimport\s*\(|\bimport\s*["'{*]/);
  assert.equal(code.split('new URL("./wasm/featheredge.gate.wasm",import.meta.url)').length - 1, 1);
  assert.equal(code.split('import.meta').length - 1, 1);
});

test(`all of it is at most ${MOST_BYTES} bytes`, async () => {
  const parts = [Buffer.from(await bundle('rollout')), WASM].map((bytes) => brotliCompressSync(bytes).length);
  const sum = parts.reduce((a, b) => a + b);
  assert.ok(sum <= MOST_BYTES, `JavaScript and WebAssembly have ${parts.join(' and ')} bytes in brotli`);
});
