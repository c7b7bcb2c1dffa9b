/** Nothing leaves the page: once the networks are there, work causes no request, and needs no network. */

import assert from 'node:assert/strict';

import { CHROMIUM, launch, open } from './lib/chromium.mjs';
import { choose, download, downloadMatte, drop, pick, settled } from './lib/demo.mjs';
import { assertAlike, nativeMatte } from './lib/matte.mjs';
import { fixture } from './lib/paths.mjs';
import { ring } from './lib/ring.mjs';
import { host } from './lib/server.mjs';
import { JPEG, SAME_PIXELS } from './lib/tolerance.mjs';

/** Addresses that name memory of the page itself. */
const INNER = /^(blob|data):/;

ring('privacy', { Chromium: CHROMIUM }, async (t) => {
  const { url, seen } = await host(t);
  const browser = await launch(t);
  const { context, page, complaints } = await open(browser, 'about:blank', { reducedMotion: 'reduce' });
  const asked = [];
  context.on('request', (request) => asked.push(request.url()));
  page.on('websocket', (socket) => asked.push(socket.url()));
  await page.goto(url);
  assert.equal(await settled(page), 'done');
  assert.equal(await pick(page, 'subject-hair'), 'done');
  assert.equal(await pick(page, 'subject-person'), 'done');

  await t.test('what the page and its workers load is seen here, and comes from its own server', () => {
    for (const file of ['index.js', 'worker.js', 'wasm/featheredge.relaxed.wasm', 'models/selfie.plan', 'models/multiclass.plan']) {
      assert.ok(asked.includes(`${url}featheredge/${file}`), `${file} was not seen among ${asked.join(' ')}`);
      assert.ok(seen.includes(`/featheredge/${file}`), file);
    }
    assert.deepEqual(asked.filter((address) => !address.startsWith(url) && !INNER.test(address)), []);
  });

  // Pictures of the page's own that show late are no part of the work.
  await page.waitForLoadState('networkidle');
  asked.length = seen.length = 0;

  const work = async (intensity) => {
    for (const path of ['images/obama-podium.jpg', 'images/astronaut.png', 'images/no-portrait-coffee.png']) {
      await choose(page, fixture(path));
      for (const testId of ['subject-hair', 'view-matte', 'view-recolor', 'view-color', 'view-blur', 'view-scene', 'view-cutout', 'subject-person']) {
        assert.equal(await pick(page, testId), 'done');
      }
      await page.getByTestId('view-compare').click();
    }
    await drop(page, fixture('images/grace-hopper.jpg'));
    await page.getByTestId('intensity').fill(intensity);
    assert.equal(await settled(page), 'done');
    await download(page);
    await choose(page, { name: 'text.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no picture') });
  };

  await t.test('pictures, subjects, views, sliders, downloads and errors cause no request', async () => {
    await work('0.6');
    assert.deepEqual(asked.filter((address) => !INNER.test(address)), []);
    assert.deepEqual(seen, []);
  });

  await t.test('all of it works without a network', async (t) => {
    await context.setOffline(true);
    assert.equal(await page.evaluate(() => fetch('/favicon.svg').then(() => 'online', () => 'offline')), 'offline');
    asked.length = 0;
    complaints.length = 0;
    await work('0.9');
    for (const [path, tolerance] of [['images/luispedro.jpg', JPEG], ['images/astronaut.png', SAME_PIXELS]]) {
      await page.getByTestId('intensity').fill('0');
      assert.equal(await choose(page, fixture(path)), 'done');
      assertAlike(t, `offline ${path}`, (await downloadMatte(page)).matte, nativeMatte(fixture(path)), tolerance);
    }
    assert.deepEqual(asked.filter((address) => !INNER.test(address)), []);
    assert.deepEqual(complaints, []);
  });

  await t.test('no data is kept by the browser', async () => {
    const kept = await page.evaluate(async () => [
      localStorage.length,
      sessionStorage.length,
      document.cookie,
      (await indexedDB.databases()).length,
      (await caches.keys()).length,
      (await navigator.serviceWorker.getRegistrations()).length,
    ]);
    assert.deepEqual(kept, [0, 0, '', 0, 0, 0]);
  });
});
