/** Which build and which thread run, and why: browsers without relaxed SIMD, pages without workers, engines that break. */

import assert from 'node:assert/strict';

import { CHROMIUM, launch, open } from './lib/chromium.mjs';
import { assertAlike, nativeMatte, received } from './lib/matte.mjs';
import { fixture } from './lib/paths.mjs';
import { ring } from './lib/ring.mjs';
import { host, sendDist } from './lib/server.mjs';
import { SAME_PIXELS } from './lib/tolerance.mjs';

const PATH = 'images/astronaut.png';

ring('builds and threads', { Chromium: CHROMIUM }, async (t) => {
  const browser = await launch(t);
  const cut = (page, row) => page.evaluate(async (row) => (await import('/tools.js')).cut(row), { path: PATH, ...row });

  await t.test('without relaxed SIMD the plain build runs, and agrees', async (t) => {
    const { url, seen } = await host(t);
    const { page, complaints } = await open(browser, 'about:blank');
    await page.addInitScript(() => {
      const { validate } = WebAssembly;
      // 0xfd 0x85 0x02 is f32x4.relaxed_madd: a browser that does not know it finds such a module invalid.
      WebAssembly.validate = (bytes) => !String(new Uint8Array(bytes)).includes('253,133,2') && validate(bytes);
    });
    await page.goto(`${url}bare.html`);
    for (const [model, of] of [['selfie', 'person'], ['multiclass', 'hair']]) {
      const { info, matte } = await cut(page, { create: { model }, segment: { of } });
      assert.equal(info.build, 'simd');
      assert.match(info.reason, /simd build, because the browser has SIMD, but not relaxed SIMD/);
      assertAlike(t, `simd build ${model}`, received(matte), nativeMatte(fixture(PATH), ['--model', model, '--of', of]), SAME_PIXELS);
    }
    assert.ok(seen.includes('/featheredge/wasm/featheredge.simd.wasm'));
    assert.ok(!seen.includes('/featheredge/wasm/featheredge.relaxed.wasm'));
    assert.deepEqual(complaints, []);
  });

  await t.test('without any SIMD it says so, and downloads nothing', async (t) => {
    const { url, seen } = await host(t);
    const { page } = await open(browser, `${url}bare.html`);
    const failed = await page.evaluate(async () => {
      WebAssembly.validate = () => false;
      const { Segmenter, failure } = await import('/tools.js');
      return failure(Segmenter.create());
    });
    assert.equal(failed.code, 'UNSUPPORTED_BROWSER');
    assert.ok(!seen.some((path) => /wasm|plan|worker/.test(path)), seen.join(' '));
  });

  await t.test('where the policy forbids workers, the page runs it, and says why', async (t) => {
    const { url } = await host(t, { policy: { 'worker-src': "'none'" } });
    const { page } = await open(browser, `${url}bare.html`);
    const { info, matte } = await cut(page);
    assert.equal(info.worker, false);
    assert.match(info.reason, /on the page's own thread, because the worker could not be started: /);
    assertAlike(t, 'no worker', received(matte), nativeMatte(fixture(PATH)), SAME_PIXELS);
  });

  await t.test('files on another origin: the worker cannot be, the rest comes from there', async (t) => {
    const far = await host(t, { headers: { 'Access-Control-Allow-Origin': '*' } });
    const near = await host(t, { policy: { 'connect-src': `'self' ${far.url}` } });
    const { page } = await open(browser, `${near.url}bare.html`);
    const { info, matte } = await cut(page, { create: { assetBase: `${far.url}featheredge` } });
    assert.equal(info.worker, false);
    assert.match(info.reason, /because the worker could not be started: .*origin/);
    assertAlike(t, 'files on another origin', received(matte), nativeMatte(fixture(PATH)), SAME_PIXELS);
    assert.ok(far.seen.some((path) => path.endsWith('.wasm')) && far.seen.some((path) => path.endsWith('.plan')));
    assert.ok(!near.seen.some((path) => /wasm|plan/.test(path)), near.seen.join(' '));
  });

  await t.test('assetBase on the own origin brings worker, wasm and model from there', async (t) => {
    const { url, seen } = await host(t, { answers: { '/elsewhere/': ({ url }, response) => sendDist(response, url.slice('/elsewhere/'.length)) } });
    const { page } = await open(browser, `${url}bare.html`);
    const { info } = await cut(page, { create: { assetBase: './elsewhere' } });
    assert.equal(info.worker, true);
    for (const file of ['worker.js', 'wasm/featheredge.relaxed.wasm', 'models/selfie.plan']) assert.ok(seen.includes(`/elsewhere/${file}`), file);
    assert.ok(!seen.some((path) => /^\/featheredge\/(worker|wasm|models)/.test(path)));
  });

  for (const [name, times, code] of [['fromRegistry', 1], ['segment', 1], ['fromRegistry', 2, 'INTERNAL'], ['segment', 2, 'INTERNAL']]) {
    await t.test(`an engine that breaks ${times === 1 ? 'once' : 'twice'} in ${name} ${code ? `is ${code}` : 'is replaced'}`, async (t) => {
      let workers = 0;
      const { url } = await host(t, {
        answers: {
          '/breaking/': ({ url }, response) => {
            const path = url.slice('/breaking/'.length);
            const breaks = path === 'worker.js' && ++workers <= times;
            sendDist(response, path, (bytes) => (breaks ? Buffer.concat([Buffer.from(breaking(`websegmenter_${name}`)), bytes]) : bytes));
          },
        },
      });
      const { page } = await open(browser, `${url}bare.html`);
      const { failed, answer } = await page.evaluate(async (row) => {
        const { cut, failure } = await import('/tools.js');
        let answer;
        const failed = await failure(cut(row).then((given) => (answer = given)));
        return { failed, answer };
      }, { path: PATH, create: { assetBase: '/breaking/' } });
      assert.equal(workers, 2);
      assert.equal(failed?.code, code, failed?.message);
      if (!code) assertAlike(t, `after a break in ${name}`, received(answer.matte), nativeMatte(fixture(PATH)), SAME_PIXELS);
    });
  }

  await t.test('a policy without wasm-unsafe-eval is named', async (t) => {
    const { url } = await host(t, { policy: { 'script-src': "'self'" } });
    const { page } = await open(browser, `${url}bare.html`);
    const failed = await page.evaluate(async () => {
      const { Segmenter, failure } = await import('/tools.js');
      return failure(Segmenter.create());
    });
    assert.equal(failed.code, 'UNSUPPORTED_BROWSER');
    assert.match(failed.message, /wasm-unsafe-eval/);
  });
});

/** Goes before a worker's script: one function of WebAssembly then breaks off, as engines have been seen to do. */
function breaking(name) {
  return `{
    const { Instance } = WebAssembly;
    WebAssembly.Instance = function (...given) {
      const instance = new Instance(...given);
      const exports = { ...instance.exports, ${name}() { throw new WebAssembly.RuntimeError('out of bounds memory access'); } };
      return new Proxy(instance, { get: (target, key) => (key === 'exports' ? exports : Reflect.get(target, key)) });
    };
  }\n`;
}
