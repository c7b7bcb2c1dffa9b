/** Several threads: only on isolated pages, only where asked for, with the same answers; one thread wherever they fail. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { THREADS } from '../../scripts/bundle.mjs';
import { FIREFOX, openFirefox } from './lib/bidi.mjs';
import { CHROMIUM, launch, open } from './lib/chromium.mjs';
import { assertAlike, nativeMatte, received } from './lib/matte.mjs';
import { fixture } from './lib/paths.mjs';
import { ring } from './lib/ring.mjs';
import { host, sendDist } from './lib/server.mjs';
import { SAME_PIXELS } from './lib/tolerance.mjs';

const PATH = 'images/astronaut.png';

/** What makes a page cross-origin isolated. */
const ISOLATED = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** A package without the build is a sound one, under CI as well: the standard library's source cannot be had everywhere. */
const threadsRing = THREADS ? ring : (name) => test(name, { skip: 'the package is built without them' });

threadsRing('threads', { Chromium: CHROMIUM }, async (t) => {
  const browser = await launch(t);
  const cut = (page, row) => page.evaluate(async (row) => (await import('/tools.js')).cut(row), { path: PATH, ...row });

  /** Cuts the portrait as asked, and expects one thread and a reason that matches. */
  const expectOne = async (t, page, create, reason) => {
    const { info, matte } = await cut(page, { create: { threads: 2, ...create } });
    assert.equal(info.threads, 1, info.reason);
    assert.notEqual(info.build, 'threads');
    assert.match(info.reason, reason);
    assertAlike(t, 'one thread', received(matte), nativeMatte(fixture(PATH)), SAME_PIXELS);
  };

  await t.test('on an isolated page two threads give what one gives', async (t) => {
    const { url, seen } = await host(t, { headers: ISOLATED });
    const { page, complaints } = await open(browser, `${url}bare.html`);
    for (const model of ['selfie', 'selfie-landscape', 'multiclass']) {
      const [one, two] = await page.evaluate(predictions, [model, PATH]);
      assert.deepEqual([one.info.build, one.info.threads], ['relaxed', 1]);
      assert.deepEqual([two.info.build, two.info.threads], ['threads', 2], two.info.reason);
      assert.match(two.info.reason, /on 2 threads, as asked for\.$/);
      const { most, mean } = two;
      t.diagnostic(`${model}, ${one.info.arithmetic} and ${two.info.arithmetic}: max ${most.toExponential(1)}, mean ${mean.toExponential(1)}`);
      // In whole numbers, which a trial may choose for either, pixels are rounded a piece at a time.
      assert.ok(model === 'multiclass' ? mean < 0.002 : most === 0, `${model}: max ${most}, mean ${mean}`);
    }
    const { info, matte } = await cut(page, { create: { model: 'multiclass', threads: 2 }, segment: { of: 'hair' } });
    assert.equal(info.threads, 2);
    assertAlike(t, 'threads build multiclass', received(matte), nativeMatte(fixture(PATH), ['--model', 'multiclass', '--of', 'hair']), SAME_PIXELS);
    assert.ok(seen.includes('/featheredge/wasm/featheredge.threads.wasm'));
    assert.deepEqual(complaints, []);
  });

  await t.test('without being asked there are none', async (t) => {
    const { url, seen } = await host(t, { headers: ISOLATED });
    const { page } = await open(browser, `${url}bare.html`);
    const { info } = await cut(page);
    assert.deepEqual([info.build, info.threads], ['relaxed', 1]);
    assert.ok(!seen.some((path) => path.includes('threads')), seen.join(' '));
  });

  await t.test('a page that is not isolated gets one thread', async (t) => {
    const { url, seen } = await host(t);
    const { page } = await open(browser, `${url}bare.html`);
    await expectOne(t, page, {}, /; on one thread, because the page is not cross-origin isolated\.$/);
    assert.ok(!seen.some((path) => path.includes('threads')), seen.join(' '));
  });

  await t.test("so does the page's own thread", async (t) => {
    const { url } = await host(t, { headers: ISOLATED });
    const { page } = await open(browser, `${url}bare.html`);
    await expectOne(t, page, { worker: false }, /; on one thread, because the page's own thread must not wait for others\.$/);
  });

  for (const file of ['worker.threads.js', 'wasm/featheredge.threads.wasm']) {
    await t.test(`so does a page without ${file}`, async (t) => {
      const missing = (_, response) => response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found\n');
      const { url } = await host(t, { headers: ISOLATED, answers: { [`/featheredge/${file}`]: missing } });
      const { page } = await open(browser, `${url}bare.html`);
      await expectOne(t, page, {}, file.endsWith('.js') ? /because the worker could not be started: / : /because .*threads\.wasm answered with status 404/);
    });
  }

  for (const [name, times] of [['once', 2], ['always', Infinity]]) {
    await t.test(`helpers that break ${name} ${times === 2 ? 'are replaced' : 'are done without'}`, async (t) => {
      let scripts = 0;
      const { url } = await host(t, {
        headers: ISOLATED,
        answers: {
          '/featheredge/worker.threads.js': (_, response) => {
            const breaks = ++scripts <= times;
            sendDist(response, 'worker.threads.js', (bytes) => (breaks ? Buffer.concat([Buffer.from(BREAKING), bytes]) : bytes));
          },
        },
      });
      const { page } = await open(browser, `${url}bare.html`);
      if (times === Infinity) return expectOne(t, page, {}, /; on one thread, because loading broke off: .*out of bounds/);
      const { info } = await cut(page, { create: { threads: 2 } });
      assert.equal(info.threads, 2, info.reason);
    });
  }
});

threadsRing('threads in Firefox', { Firefox: FIREFOX }, async (t) => {
  const { url } = await host(t, { headers: ISOLATED });
  const ask = await openFirefox(t, `${url}bare.html`);
  const row = { path: PATH, create: { model: 'multiclass', threads: 2 }, segment: { of: 'hair' } };
  const { info, matte } = await ask(async (row) => (await import('/tools.js')).cut(row), row);
  assert.equal(info.threads, 2, info.reason);
  assertAlike(t, 'Firefox', received(matte), nativeMatte(fixture(PATH), ['--model', 'multiclass', '--of', 'hair']), SAME_PIXELS);
});

/** Goes before the workers' script: the instance of one that helps breaks as soon as it is to. */
const BREAKING = `{
  const { Instance } = WebAssembly;
  WebAssembly.Instance = function (...given) {
    const instance = new Instance(...given);
    const exports = { ...instance.exports, help() { throw new WebAssembly.RuntimeError('out of bounds memory access'); } };
    return new Proxy(instance, { get: (target, key) => (key === 'exports' ? exports : Reflect.get(target, key)) });
  };
}\n`;

/** In the page: what one thread and two say of a portrait, and how far its values are from those of one. */
async function predictions([model, path]) {
  const { Segmenter, fixture } = await import('/tools.js');
  const rows = [];
  for (const threads of [1, 2]) {
    const segmenter = await Segmenter.create({ model, threads });
    const { data } = await segmenter.predict(await fixture(path));
    const off = data.map((value, i) => Math.abs(value - (rows[0]?.data[i] ?? value)));
    const mean = off.reduce((sum, value) => sum + value) / off.length;
    rows.push({ info: segmenter.info, data, mean, most: off.reduce((most, value) => Math.max(most, value)) });
    segmenter.close();
  }
  return rows.map(({ data, ...row }) => row);
}
