/** The demo page in Chromium, end to end: a file goes in, a matte comes out, and it is the native one. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { PNG } from 'pngjs';

import { serve } from '../../scripts/serve.mjs';
import { CHROMIUM, launch, open, until } from './lib/chromium.mjs';
import { later } from './lib/clean.mjs';
import { choose, download, downloadMatte, drop, openDemo, pick, settled, shown } from './lib/demo.mjs';
import { assertAlike, assertShows, nativeMatte } from './lib/matte.mjs';
import { ROOT, fixture } from './lib/paths.mjs';
import { pngHeader } from './lib/pictures.mjs';
import { ring } from './lib/ring.mjs';
import { JPEG, SAME_PIXELS } from './lib/tolerance.mjs';

ring('the demo page', { Chromium: CHROMIUM }, async (t) => {
  // What `npm start` serves: less than the package.
  execFileSync(process.execPath, ['scripts/build.mjs', '--demo'], { cwd: ROOT });
  const { url, close } = await serve({ library: 'target/demo', quiet: true });
  later(t, close);
  const browser = await launch(t);

  await t.test('a dropped PNG and a chosen JPEG give the native matte to see and to download', async (t) => {
    const { page, complaints } = await openDemo(browser, url);
    const astronaut = fixture('images/astronaut.png');
    assert.equal(await drop(page, astronaut), 'done');
    await pick(page, 'view-matte');
    await assertCanvasShows(page);
    const first = await downloadMatte(page);
    assert.equal(first.name, 'astronaut-matte.png');
    assertAlike(t, 'page astronaut person', first.matte, nativeMatte(astronaut), SAME_PIXELS);

    const hopper = fixture('images/grace-hopper.jpg');
    assert.equal(await choose(page, hopper), 'done');
    const second = await downloadMatte(page);
    assertAlike(t, 'page grace-hopper person', second.matte, nativeMatte(hopper), JPEG);

    const podium = fixture('images/obama-podium.jpg');
    await choose(page, podium);
    assert.equal(await pick(page, 'subject-hair'), 'done');
    await page.getByTestId('intensity').fill('1');
    assert.equal(await settled(page), 'done');
    const third = await downloadMatte(page);
    const wanted = nativeMatte(podium, ['--of', 'hair', '--intensity', '1']);
    assertAlike(t, 'page obama-podium hair at intensity 1', third.matte, wanted, JPEG);
    assert.deepEqual(complaints, []);
  });

  await t.test('the cut-out that it downloads has the matte as its transparency and the picture as its colour', async () => {
    const { page } = await openDemo(browser, url);
    const file = fixture('images/astronaut.png');
    await choose(page, file);
    await pick(page, 'view-cutout');
    const { name, bytes } = await download(page);
    assert.equal(name, 'astronaut-cutout.png');
    const cut = PNG.sync.read(bytes);
    const picture = PNG.sync.read(readFileSync(file));
    const matte = nativeMatte(file);
    const alpha = cut.data.filter((_, i) => i % 4 === 3);
    assertAlike(t, 'cut-out', { width: cut.width, height: cut.height, alpha }, matte, SAME_PIXELS);
    let opaque = 0;
    for (let i = 0; i < matte.alpha.length; i++) {
      if (matte.alpha[i] !== 255) continue;
      opaque++;
      for (let c = 0; c < 3; c++) assert.ok(Math.abs(cut.data[4 * i + c] - picture.data[4 * i + c]) <= 1, `colour of pixel ${i}`);
    }
    assert.ok(opaque > 1000);
  });

  await t.test('the policy is strict, served and in the page, and nothing is isolated', async () => {
    const { page, complaints, response } = await openDemo(browser, url);
    const headers = await response.allHeaders();
    const policy = headers['content-security-policy'];
    assert.match(policy, /(^|; )script-src 'self' 'wasm-unsafe-eval'(;|$)/);
    assert.match(policy, /(^|; )worker-src 'self'(;|$)/);
    assert.equal(await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content'), policy);
    for (const name of ['cross-origin-opener-policy', 'cross-origin-embedder-policy']) assert.equal(headers[name], undefined);
    assert.equal(await page.evaluate(() => crossOriginIsolated), false);
    assert.equal(page.workers().length, 1);
    assert.deepEqual(complaints, []);
    // And a breach would have been heard.
    await page.evaluate(() => document.head.append(Object.assign(document.createElement('script'), { textContent: 'void 0' })));
    await assert.doesNotReject(until(() => complaints.some((text) => text.includes('policy: script-src'))));
  });

  await t.test('a picture without hair says so', async () => {
    const { page, complaints } = await openDemo(browser, url);
    await choose(page, fixture('images/no-portrait-coffee.png'));
    assert.equal(await pick(page, 'subject-hair'), 'done');
    assert.match(await page.getByTestId('nothing').innerText(), /No hair found here/);
    assert.ok(await page.getByTestId('download').isDisabled());
    assert.ok(await page.getByTestId('notice').isHidden());
    assert.deepEqual(complaints, []);
  });

  await t.test('a picture that comes while another is being saved is not saved before it is cut out', async () => {
    const { page, complaints } = await openDemo(browser, url);
    await page.evaluate(() => {
      const { toBlob } = HTMLCanvasElement.prototype;
      HTMLCanvasElement.prototype.toBlob = function (take, type) {
        globalThis.write = () => toBlob.call(this, take, type);
      };
    });
    await page.getByTestId('download').click();
    await page.waitForFunction(() => globalThis.write);
    await choose(page, fixture('images/no-portrait-coffee.png'));
    assert.equal(await pick(page, 'subject-hair'), 'done');
    const [file] = await Promise.all([page.waitForEvent('download'), page.evaluate(() => write())]);
    assert.match(file.suggestedFilename(), /cutout\.png$/);
    await page.waitForFunction(() => !document.querySelector('#download').hasAttribute('aria-busy'));
    assert.ok(await page.getByTestId('download').isDisabled(), 'there is nothing to save');
    assert.deepEqual(complaints, []);
  });

  await t.test('bad files are explained, and the last result stays', async (t) => {
    const { page } = await openDemo(browser, url);
    await choose(page, fixture('images/astronaut.png'));
    const before = await downloadMatte(page);
    const bad = [
      { name: 'notes.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('this is text, whatever its name says\n'), says: /no picture that can be read here/ },
      { name: 'empty.png', mimeType: 'image/png', buffer: Buffer.alloc(0), says: /no picture that can be read here/ },
      { name: 'cut-off.png', mimeType: 'image/png', buffer: readFileSync(fixture('images/astronaut.png')).subarray(0, 20), says: /no picture that can be read here/ },
      { name: 'huge.png', mimeType: 'image/png', buffer: pngHeader(20_000, 20_000), says: /too large[^]*20000x20000/ },
    ];
    for (const { says, ...file } of bad) {
      assert.equal(await choose(page, file), 'error', file.name);
      assert.match(await page.getByTestId('notice').innerText(), says, file.name);
      assert.match((await page.locator('#before').getAttribute('aria-label')) ?? '', /astronaut\.png/, file.name);
    }
    await assertCanvasShows(page);
    // It is still there to be had, and the next picture works.
    const { name, bytes } = await download(page);
    assert.equal(name, 'astronaut-matte.png');
    assert.ok(bytes.length > 0);
    assertShows('the matte before', before.matte);
    const hopper = fixture('images/grace-hopper.jpg');
    assert.equal(await choose(page, hopper), 'done');
    assert.ok(await page.getByTestId('notice').isHidden());
    assertAlike(t, 'page grace-hopper after errors', (await downloadMatte(page)).matte, nativeMatte(hopper), JPEG);
  });

  await t.test('the keyboard is enough', async () => {
    const { page } = await openDemo(browser, url);
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
    const tabTo = async (testId, key = 'Tab') => {
      for (let i = 0; i < 40; i++) {
        await page.keyboard.press(key);
        if ((await focused()) === testId) return;
      }
      assert.fail(`40 times ${key} never came to ${testId}`);
    };
    await tabTo('split');
    const split = () => page.getByTestId('split').getAttribute('aria-valuenow').then(Number);
    const start = await split();
    await page.keyboard.press('ArrowRight');
    assert.equal(await split(), start + 2);
    await page.keyboard.press('PageDown');
    assert.equal(await split(), start - 8);
    await page.keyboard.press('End');
    assert.equal(await split(), 100);
    await page.keyboard.press('Home');
    assert.equal(await split(), 0);

    await tabTo('sample-grace-hopper');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('#before').getAttribute('aria-label').includes('grace-hopper.jpg'));
    assert.equal(await settled(page), 'done');
    assert.equal(await page.getByTestId('sample-grace-hopper').getAttribute('aria-pressed'), 'true');

    await tabTo('intensity');
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.getByTestId('feather').innerText(), '3.2 px');
    assert.equal(await settled(page), 'done');

    await tabTo('subject-person', 'Shift+Tab');
    await page.keyboard.press('ArrowRight');
    assert.equal(await focused(), 'subject-hair');
    assert.equal(await settled(page), 'done');
    await tabTo('download');
    const [file] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    assert.equal(file.suggestedFilename(), 'grace-hopper-cutout.png');
  });

  await t.test('it fits a phone', async () => {
    const { page } = await openDemo(browser, url, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.equal(await page.evaluate(() => innerWidth), 360);
    for (const testId of ['view-cutout', 'view-blur', 'view-color', 'view-scene', 'view-recolor', 'view-matte']) {
      assert.equal(await pick(page, testId), 'done');
      assert.equal(await overflow(), 0, testId);
    }
    await choose(page, { name: 'a-name-that-is-much-too-long-to-fit-on-any-phone-whatever-its-size.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('text') });
    assert.equal(await overflow(), 0, 'with a notice');
  });

  await t.test('an old browser is told what it lacks', async () => {
    const { page } = await open(browser, 'about:blank');
    await page.addInitScript(() => (WebAssembly.validate = () => false));
    await page.goto(url);
    assert.equal(await settled(page), 'error');
    assert.match(await page.getByTestId('notice').innerText(), /This browser lacks something that is needed/);
  });
});

/** The result on the stage is neither blank nor full. */
async function assertCanvasShows(page) {
  const { pixels } = await shown(page);
  let bright = 0;
  for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] > 128 && pixels[i] > 128) bright++;
  const share = (4 * bright) / pixels.length;
  assert.ok(share > 0.01 && share < 0.99, `${(100 * share).toFixed(1)} % of the result is bright`);
}
