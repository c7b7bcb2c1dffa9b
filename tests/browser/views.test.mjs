/** The demo page's views in Chromium: what each shows and gives to download is what the library makes of the same file. */

import assert from 'node:assert/strict';

import { PNG } from 'pngjs';

import { CHROMIUM, launch } from './lib/chromium.mjs';
import { choose, download, drop, openDemo, pick, settled, shown } from './lib/demo.mjs';
import { fixture } from './lib/paths.mjs';
import { ring } from './lib/ring.mjs';
import { host } from './lib/server.mjs';

const ASTRONAUT = fixture('images/astronaut.png');
const COFFEE = fixture('images/no-portrait-coffee.png');

/** A window in which the portrait is shown as it is. */
const LARGE = { viewport: { width: 1440, height: 1000 } };

ring('the views of the demo page', { Chromium: CHROMIUM }, async (t) => {
  const { url } = await host(t);
  const browser = await launch(t);
  const { page, complaints } = await openDemo(browser, url, LARGE);

  await t.test('each shows, and gives to download, what the library makes', async (t) => {
    await choose(page, ASTRONAUT);
    await pick(page, 'view-scene');
    await page.getByTestId('scene-file').setInputFiles(COFFEE);
    assert.equal(await sceneTaken(page), 'done');
    for (const [view, effect, matte, name] of [
      ['cutout', 'cutout', {}, 'cutout'],
      ['blur', { background: { blur: 512 * 0.003 * (0.04 / 0.003) ** 0.6 } }, {}, 'blurred'],
      ['color', { background: { color: '#a9cbe6' } }, {}, 'on-colour'],
      ['scene', { background: { image: 'images/no-portrait-coffee.png' } }, {}, 'in-scene'],
      ['recolor', { recolor: { color: '#b5562b', lightening: 0.3 } }, { of: 'hair', intensity: 0.8 }, 'recoloured'],
      ['matte', 'matte', {}, 'matte'],
    ]) {
      assert.equal(await pick(page, `view-${view}`), 'done');
      const want = await made(page, 'images/astronaut.png', { effect, ...matte });
      // A bitmap is enlarged by the browser in another way than a file.
      const small = view === 'scene' ? await made(page, 'images/astronaut.png', { effect, asBitmap: true }) : want;
      assertSame(t, `${view} on the stage`, await shown(page), small, 0.1);
      const file = await download(page);
      assert.equal(file.name, `astronaut-${name}.png`);
      // What a canvas keeps of nearly transparent pixels is rounded, here and there alike.
      const { width, height, data } = PNG.sync.read(file.bytes);
      assertSame(t, `${view} to download`, { width, height, pixels: data }, want, 0.2);
    }
  });

  await t.test('sliders and swatches paint anew, and cut out nothing anew', async (t) => {
    await choose(page, ASTRONAUT);
    await pick(page, 'view-blur');
    const status = await page.getByTestId('status').innerText();
    const cuts = await page.getByTestId('stats').innerText();
    for (const [value, blur, words] of [['0', 512 * 0.003, '1.5 px'], ['1', 512 * 0.04, '20 px']]) {
      await page.getByTestId('blur').fill(value);
      assert.equal(await settled(page), 'done');
      assert.equal(await page.locator('#blur-value').innerText(), words);
      assertSame(t, `blur at ${value}`, await shown(page), await made(page, 'images/astronaut.png', { effect: { background: { blur } } }), 0.1);
    }
    await pick(page, 'view-color');
    await page.locator('#ground label', { has: page.getByLabel('Night') }).click();
    assert.equal(await settled(page), 'done');
    assertSame(t, 'night', await shown(page), await made(page, 'images/astronaut.png', { effect: { background: { color: '#1d2433' } } }), 0.1);
    assert.equal(await page.getByTestId('status').innerText(), status);
    assert.equal(await page.getByTestId('stats').innerText(), cuts);

    assert.equal(await pick(page, 'view-recolor'), 'done');
    await page.getByTestId('lightening').fill('1');
    await page.getByTestId('intensity').fill('0.5');
    assert.equal(await settled(page), 'done');
    const recolor = { color: '#b5562b', lightening: 1 };
    assertSame(t, 'lightened', await shown(page), await made(page, 'images/astronaut.png', { effect: { recolor }, of: 'hair', intensity: 0.5 }), 0.1);
  });

  await t.test('of many wishes in a row the last is shown', async (t) => {
    await pick(page, 'view-blur');
    await page.getByTestId('blur').evaluate((input) => {
      for (let value = 0; value <= 100; value++) {
        input.value = String(value / 100);
        input.dispatchEvent(new Event('input'));
      }
    });
    assert.equal(await settled(page), 'done');
    const want = await made(page, 'images/astronaut.png', { effect: { background: { blur: 512 * 0.04 } } });
    assertSame(t, 'the last blur', await shown(page), want, 0.1);
  });

  await t.test('the keyboard is enough', async () => {
    const { page } = await openDemo(browser, url, LARGE);
    const press = async (key) => {
      await page.keyboard.press(key);
      assert.equal(await settled(page), 'done');
      return page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
    };
    const tabTo = async (testId) => {
      for (let i = 0; i < 30; i++) if ((await press('Tab')) === testId) return;
      assert.fail(`30 times Tab never came to ${testId}`);
    };
    await page.getByTestId('view-cutout').focus();
    assert.equal(await press('ArrowRight'), 'view-blur');
    await tabTo('blur');
    const blurred = await shown(page);
    await press('End');
    assert.equal(await page.getByTestId('blur').inputValue(), '1');
    assert.equal(await page.getByTestId('blur').getAttribute('aria-valuetext'), '20 px');
    assert.notDeepEqual(await shown(page), blurred);
    await page.getByTestId('view-color').focus();
    assert.equal(await press('ArrowRight'), 'view-scene');
    await tabTo('scene-Studio');
    const studio = await shown(page);
    assert.equal(await press('ArrowRight'), 'scene-Dusk');
    assert.notDeepEqual(await shown(page), studio);
    assert.equal(await press('Tab'), 'scene-file');
    await page.getByTestId('view-scene').focus();
    assert.equal(await press('ArrowRight'), 'view-recolor');
    await tabTo('lightening');
  });

  await t.test('recolouring is for hair; whom to cut out is as before then', async () => {
    assert.ok(await page.getByTestId('subject-person').isChecked());
    await pick(page, 'view-recolor');
    assert.ok(await page.locator('#subject-group').isHidden());
    assert.ok(await page.locator('#dye-group').isVisible());
    await pick(page, 'view-cutout');
    assert.ok(await page.getByTestId('subject-person').isChecked());
    assert.ok(await page.locator('#subject-group').isVisible());
    assert.ok(await page.locator('#dye-group').isHidden());
  });

  await t.test('a scene can be dropped on the scenes, and a bad one is explained', async () => {
    const { page } = await openDemo(browser, url);
    await pick(page, 'view-scene');
    const corner = async () => (({ width, pixels }) => [...pixels.subarray(4 * (width - 3), 4 * (width - 2))])(await shown(page));
    const painted = await corner();
    for (const name of ['Dusk', 'Garden', 'City', 'Studio']) {
      assert.equal(await pick(page, `scene-${name}`), 'done');
      assert.equal(painted.join() === (await corner()).join(), name === 'Studio', name);
    }
    await drop(page, COFFEE, '#scene-group');
    assert.equal(await sceneTaken(page), 'done');
    assert.match((await page.locator('#before').getAttribute('aria-label')) ?? '', /astronaut\.png/);
    assert.ok(await page.getByTestId('scene-no-portrait-coffee.png').isChecked());
    const dropped = await corner();
    assert.notDeepEqual(dropped, painted);
    await page.getByTestId('scene-file').setInputFiles({ name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
    await page.getByTestId('notice').waitFor();
    assert.match(await page.getByTestId('notice').innerText(), /no picture that can be read here/);
    assert.deepEqual(await corner(), dropped);
    // Elsewhere it is the next portrait.
    assert.equal(await drop(page, ASTRONAUT), 'done');
    assert.ok(await page.getByTestId('notice').isHidden());
  });

  await t.test('twelve megapixels are shown small and downloaded whole', async () => {
    const base64 = await page.evaluate(async () => {
      const canvas = new OffscreenCanvas(4000, 3000);
      const picture = await createImageBitmap(await (await fetch('./fixtures/images/astronaut.png')).blob());
      canvas.getContext('2d').drawImage(picture, 0, 0, 4000, 3000);
      const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg' })).arrayBuffer());
      return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''));
    });
    assert.equal(await choose(page, { name: 'large.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(base64, 'base64') }), 'done');
    for (const [view, name] of [['blur', 'large-blurred.png'], ['recolor', 'large-recoloured.png'], ['cutout', 'large-cutout.png']]) {
      assert.equal(await pick(page, `view-${view}`), 'done');
      const small = await shown(page);
      assert.ok(small.width <= 1600 && small.width > 400, `${small.width} pixels wide`);
      const file = await download(page);
      assert.equal(file.name, name);
      const { width, height, data } = PNG.sync.read(file.bytes);
      assert.deepEqual([width, height], [4000, 3000]);
      // As a whole it is what the stage shows: in the face, and in the hair.
      for (const [x, y] of [[0.44, 0.3], [0.46, 0.08], [0.4, 0.75]]) {
        const pixel = ({ width, height, pixels }) => [...pixels.subarray(4 * (Math.floor(y * height) * width + Math.floor(x * width))).subarray(0, 4)];
        const [large, shownThere] = [pixel({ width, height, pixels: data }), pixel(small)];
        large.forEach((value, c) => assert.ok(Math.abs(value - shownThere[c]) < 40, `${view} at ${x}, ${y}: ${large}, shown ${shownThere}`));
      }
    }
  });

  await t.test('nothing was written to the console, and the policy was kept', () => assert.deepEqual(complaints, []));
});

/** Waits until the scene of the visitor's own is there, and shown. */
async function sceneTaken(page) {
  await page.getByTestId('scene-no-portrait-coffee.png').waitFor({ state: 'attached' });
  return settled(page);
}

/** What the library draws of a fixture, in one step: pixels as a canvas gives them back. A background's image is a fixture as well. */
async function made(page, path, options) {
  const { pixels, ...size } = await page.evaluate(
    async ([path, { asBitmap, ...options }]) => {
      const { Segmenter } = await import('./featheredge/index.js');
      const blob = async (path) => (await fetch(`./fixtures/${path}`)).blob();
      const segmenter = await Segmenter.create({ model: options.of === 'hair' ? 'multiclass' : 'selfie', executor: 'cpu' });
      const { effect } = options;
      const { background } = effect;
      if (background?.image) background.image = await blob(background.image);
      if (asBitmap) background.image = await createImageBitmap(background.image);
      const canvas = new OffscreenCanvas(1, 1);
      const context = canvas.getContext('2d', { willReadFrequently: true });
      const { width, height } = await segmenter.draw(await blob(path), canvas, { quality: 'balanced', ...options });
      segmenter.close();
      const { data } = context.getImageData(0, 0, width, height);
      return { width, height, pixels: btoa(data.reduce((text, byte) => text + String.fromCharCode(byte), '')) };
    },
    [path, options],
  );
  return { ...size, pixels: Buffer.from(pixels, 'base64') };
}

/** Asserts that two pictures are of one size and differ in nothing but roundings: by `mean` at most, and nowhere by more than 8 as seen. */
function assertSame(t, name, got, want, mean) {
  assert.deepEqual([got.width, got.height], [want.width, want.height], name);
  let [sum, most] = [0, 0];
  for (let i = 0; i < want.pixels.length; i++) {
    const seen = (bytes) => (i % 4 === 3 ? bytes[i] : (bytes[i] * bytes[i | 3]) / 255);
    const off = Math.abs(seen(got.pixels) - seen(want.pixels));
    sum += off;
    most = Math.max(most, off);
  }
  const figures = `${name}: mean ${(sum / want.pixels.length).toFixed(4)}, most ${most.toFixed(1)}`;
  t.diagnostic(figures);
  assert.ok(sum / want.pixels.length <= mean && most <= 8, figures);
  // Neither is blank.
  assert.ok(new Set(new Uint32Array(Uint8Array.from(want.pixels).buffer)).size > 50, name);
}
