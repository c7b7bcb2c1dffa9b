/** A rollout in Chromium, under the demo's policy: answers, the kill switch, what is told of runs and what is not. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { CHROMIUM, launch, open, until } from './lib/chromium.mjs';
import { choose, openDemo } from './lib/demo.mjs';
import { ROOT, fixture } from './lib/paths.mjs';
import { ring } from './lib/ring.mjs';
import { host, send } from './lib/server.mjs';

const VECTORS = JSON.parse(readFileSync(join(ROOT, 'companion/vectors.json'), 'utf8'));
const CONTROL = { name: 'control', weight: 0, model: 'selfie', control: true };
const NEW = { version: 1, flag: 'hair-cutout', salt: 's', stage: 'FULL', variants: [CONTROL, { name: 'new', weight: 1, model: 'multiclass' }] };

/** What a record may hold; what may be left out is last. */
const SCHEMA = {
  variant: /^new$/,
  model: /^multiclass$/,
  executor: /^(cpu|gpu|onnx)$/,
  outcome: /^(ok|decode|model-load|integrity|gpu-lost|out-of-memory|timeout|no-subject|aborted|unsupported|internal)$/,
  latency: /^(le_(50|100|250|500|1000|2500|5000)|gt_5000)$/,
  size: /^(le_0_5mp|le_2mp|le_8mp|le_16mp|gt_16mp)$/,
  coverage: /^(none|le_10|le_25|le_50|le_75|gt_75)$/,
  version: /^\d+\.\d+\.\d+$/,
  agreement: /^(ge_99|ge_95|ge_90|ge_75|lt_75)$/,
  reference: /^(previous|cpu)$/,
};

/** A server with a rollout that can be changed and a place for beacons. */
async function site(t) {
  const state = { rollout: NEW, beacons: [] };
  const answers = {
    '/rollout.json': (_, response) => send(response, 'application/json', JSON.stringify(state.rollout)),
    '/v1/beacons': async (request, response) => {
      let body = '';
      for await (const piece of request) body += piece;
      state.beacons.push({ headers: request.headers, batch: JSON.parse(body), bytes: Buffer.byteLength(body) });
      response.writeHead(204).end();
    },
  };
  return Object.assign(state, await host(t, { answers }));
}

/** Runs in a page: a rollout and a segmenter that follows it, kept on `window`. */
async function follow(options) {
  const [{ Rollout }, tools] = await Promise.all([import('/featheredge/rollout.js'), import('/tools.js')]);
  const rollout = await Rollout.load('/rollout.json', { id: 'someone', ...options });
  const segmenter = await tools.Segmenter.create({ rollout, executor: 'cpu' });
  Object.assign(window, { rollout, segmenter, tools });
  return { problem: rollout.problem, answer: rollout.assign(), model: segmenter.info.model };
}

ring('a rollout', { Chromium: CHROMIUM }, async (t) => {
  const server = await site(t);
  const browser = await launch(t);
  const bare = (options) => open(browser, `${server.url}bare.html`, options);

  await t.test('answers are those of Rust', async () => {
    const { page, complaints, context } = await bare();
    for (const { rollout, answers } of VECTORS) {
      server.rollout = rollout;
      const got = await page.evaluate(async (ids) => {
        const { Rollout } = await import('/featheredge/rollout.js');
        const rollout = await Rollout.load('/rollout.json');
        rollout.close();
        return ids.map((id) => rollout.assign(id));
      }, answers.map(({ id }) => id));
      for (const [i, { id, bucket, reason, variant }] of answers.entries()) {
        assert.deepEqual([got[i].bucket ?? null, got[i].reason, got[i].variant ?? null], [bucket, reason, variant], JSON.stringify(id));
      }
    }
    assert.deepEqual(complaints, []);
    assert.ok(!server.seen.some((path) => /index\.js|simd|relaxed|worker|plan/.test(path)), 'nothing of the networks is downloaded for it');
    await context.close();
  });

  await t.test('a segmenter runs the variant, until the rollout is taken back', async () => {
    server.rollout = NEW;
    const { page, complaints, context } = await bare();
    const joined = await page.evaluate(follow, { pollMs: 1000 });
    assert.deepEqual([joined.problem, joined.answer.variant, joined.model], [undefined, 'new', 'multiclass']);
    const cut = () =>
      page.evaluate(async () => {
        const blob = await tools.fixture('images/astronaut.png');
        return tools.failure(segmenter.segment(blob, { of: 'hair' }));
      });
    assert.equal(await cut(), undefined);

    server.rollout = { ...NEW, stage: 'DISABLED' };
    await page.waitForFunction(() => rollout.assign().reason === 'disabled');
    const failure = await cut();
    assert.deepEqual([failure.name, failure.code], ['SegmentError', 'ROLLED_BACK']);
    assert.match(failure.message, /model multiclass no longer/);
    for (const call of ["segmenter.draw(new ImageData(8, 8), new OffscreenCanvas(1, 1))", 'segmenter.predict(new ImageData(8, 8))']) {
      assert.equal((await page.evaluate(`tools.failure(${call})`)).code, 'ROLLED_BACK');
    }
    const model = await page.evaluate(async () => {
      const next = await tools.Segmenter.create({ rollout, executor: 'cpu', model: 'selfie-landscape' });
      await next.segment(await tools.fixture('images/astronaut.png'));
      return next.info.model;
    });
    assert.equal(model, 'selfie-landscape');

    server.rollout = NEW;
    await page.waitForFunction(() => rollout.assign().on);
    assert.equal(await cut(), undefined, 'what is given back runs again');
    assert.deepEqual([complaints, server.beacons], [[], []], 'nothing is sent that was not asked for');
    await context.close();
  });

  await t.test('a model that does not ship puts its ids out, and the rest of the rollout holds', async () => {
    server.rollout = { ...NEW, variants: [CONTROL, { name: 'new', weight: 1, model: 'multi-class' }] };
    const { page, complaints, context } = await bare();
    const joined = await page.evaluate(follow, { pollMs: 1000 });
    assert.deepEqual([joined.answer.on, joined.answer.reason, joined.answer.model, joined.model], [false, 'no-model', undefined, 'selfie']);
    assert.ok(joined.answer.bucket >= 0);
    assert.equal(joined.problem, undefined);
    assert.equal(await page.evaluate(() => rollout.flag), 'hair-cutout');
    server.rollout = { ...server.rollout, stage: 'DISABLED' };
    await page.waitForFunction(() => rollout.assign().reason === 'disabled');
    server.rollout = NEW;
    await page.waitForFunction(() => rollout.assign().on);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  for (const file of ['rollout.json', 'featheredge.gate.wasm']) {
    await t.test(`a server that never answers for ${file} keeps nobody waiting for more than ten seconds`, async () => {
      server.rollout = NEW;
      const { page, context } = await bare();
      let asked = false;
      await page.route(`**/${file}`, () => void (asked = true));
      await page.evaluate(() => {
        const controller = new AbortController();
        AbortSignal.timeout = (ms) => {
          globalThis.elapse = () => controller.abort(new DOMException(`waited for ${ms} ms`, 'TimeoutError'));
          return controller.signal;
        };
      });
      const loading = page.evaluate(async () => {
        const { Rollout } = await import('/featheredge/rollout.js');
        const rollout = await Rollout.load('/rollout.json', { id: 'someone' });
        rollout.close();
        return { problem: rollout.problem, answer: rollout.assign() };
      });
      await until(() => asked);
      await page.evaluate(() => elapse());
      const { problem, answer } = await loading;
      assert.match(problem, /waited for 10000 ms/);
      assert.deepEqual(answer, { on: false, reason: 'no-config' });
      await context.close();
    });
  }

  await t.test('what is told of runs is sent when the page is left, without cookies, ids or addresses', async (t) => {
    const { page, complaints, context } = await bare();
    await context.addCookies([{ name: 'who', value: 'me', url: server.url }]);
    await page.evaluate(follow, { beacons: { url: '/v1/beacons', agreement: 0 } });
    await page.evaluate(async () => {
      const blob = await tools.fixture('images/astronaut.png');
      const matte = await segmenter.segment(blob, { of: 'hair' });
      // Painting what is there already is no run.
      (await segmenter.cutout(blob, { matte })).close();
      await segmenter.draw(blob, new OffscreenCanvas(1, 1), { of: 'hair' });
      await segmenter.predict(blob);
      const failures = [
        segmenter.segment(new Blob(['no picture'])),
        segmenter.segment(blob, { signal: AbortSignal.abort() }),
        segmenter.segment(blob, { of: 'nothing' }),
      ];
      return Promise.all(failures.map(tools.failure));
    });
    // The last of them have not waited long enough: only because the page is left do they go.
    await page.goto('about:blank');
    const told = () => server.beacons.flatMap(({ batch }) => batch.records);
    await until(() => told().length >= 5);
    const records = told();
    for (const { headers, batch, bytes } of server.beacons.splice(0)) {
      t.diagnostic(JSON.stringify(batch));
      assert.equal(headers['content-type'], 'text/plain;charset=UTF-8');
      assert.deepEqual([headers.cookie, headers.referer], [undefined, undefined]);
      assert.ok(bytes < 8192);
      assert.match(batch.batch, /^[\w-]{22}$/);
      assert.deepEqual({ ...batch, batch: '', records: [] }, { schema: 1, batch: '', flag: 'hair-cutout', rate: 10_000, records: [] });
    }
    // What the caller got wrong is not told.
    assert.deepEqual(records.map(({ outcome }) => outcome), ['ok', 'ok', 'ok', 'aborted', 'decode']);
    for (const record of records) {
      assert.deepEqual(Object.keys(record), Object.keys(SCHEMA).slice(0, 8));
      for (const [name, value] of Object.entries(record)) assert.match(value, SCHEMA[name], name);
    }
    assert.deepEqual([records[0].size, records[0].executor], ['le_0_5mp', 'cpu']);
    assert.match(records[0].coverage, /^le_/);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  await t.test('a sample is done again by the previous model, and how far they agree is told', async () => {
    const { page, complaints, context } = await bare();
    await page.evaluate(follow, { beacons: { url: '/v1/beacons', agreement: 1 } });
    // As their goldens differ: the two networks disagree on what belongs to the astronaut.
    for (const [path, agreement] of [['images/grace-hopper.jpg', 'ge_95'], ['images/astronaut.png', 'lt_75']]) {
      await page.evaluate(async (path) => segmenter.segment(await tools.fixture(path)).then(() => undefined), path);
      // The page stays, and what waits is sent by itself.
      await until(() => server.beacons.length > 0, 30_000);
      const { records } = server.beacons.splice(0)[0].batch;
      assert.equal(records.length, 1);
      for (const [name, value] of Object.entries(records[0])) assert.match(value, SCHEMA[name], name);
      assert.deepEqual([records[0].reference, records[0].outcome, records[0].agreement], ['previous', 'ok', agreement], path);
    }
    assert.ok(server.seen.includes('/featheredge/models/selfie.plan'));
    assert.deepEqual(complaints, []);
    await context.close();
  });

  for (const [what, name, value] of [['Global Privacy Control', 'globalPrivacyControl', true], ['Do Not Track', 'doNotTrack', '1']]) {
    await t.test(`${what} is honoured`, async () => {
      const { page, context } = await bare();
      await page.evaluate(([name, value]) => Object.defineProperty(Navigator.prototype, name, { get: () => value, configurable: true }), [name, value]);
      await page.evaluate(follow, { beacons: { url: '/v1/beacons', agreement: 1 } });
      const loads = () => server.seen.filter((path) => path.endsWith('selfie.plan')).length;
      const before = loads();
      await page.evaluate(async () => segmenter.segment(await tools.fixture('images/astronaut.png')).then(() => undefined));
      await page.waitForTimeout(500);
      assert.equal(loads(), before, 'nor is anything run to tell of it');
      await page.goto('about:blank');
      await page.waitForTimeout(500);
      assert.deepEqual(server.beacons, []);
      await context.close();
    });
  }

  await t.test('while the page is hidden it asks for nothing, and at once when it is seen again', async () => {
    const { page, context } = await bare();
    await page.evaluate(follow, { pollMs: 1000 });
    const turn = (state) =>
      page.evaluate((state) => {
        Object.defineProperty(document, 'visibilityState', { get: () => state, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, state);
    const asked = () => server.seen.filter((path) => path === '/rollout.json').length;
    await turn('hidden');
    const before = asked();
    await page.waitForTimeout(2500);
    assert.equal(asked(), before);
    await turn('visible');
    await until(() => asked() > before, 900);
    await context.close();
  });

  await t.test('the demo page shows its variant, and follows a rollback', async () => {
    server.rollout = NEW;
    const { page, complaints, context } = await openDemo(browser, `${server.url}?rollout=someone`);
    assert.equal(await page.getByTestId('variant').textContent(), 'Rollout hair-cutout: variant new, model multiclass.');
    assert.match(await page.locator('#stats').textContent(), /multiclass/);
    server.rollout = { ...NEW, stage: 'DISABLED' };
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await page.waitForFunction(() => document.querySelector('#variant').textContent.endsWith('out (disabled).'));
    assert.equal(await choose(page, fixture('images/grace-hopper.jpg')), 'done');
    assert.match(await page.locator('#stats').textContent(), /selfie/);
    await page.goto('about:blank');
    await until(() => server.beacons.length > 0);
    assert.ok(server.beacons.splice(0).every(({ batch }) => batch.records.every(({ variant }) => variant === 'new')));
    assert.deepEqual(complaints, []);
    await context.close();
  });
});
