/** Every kind of picture that the web knows, upright and turned, small and large: the same matte, at the picture's size. */

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { CHROMIUM, launch, open } from './lib/chromium.mjs';
import { folderFor } from './lib/clean.mjs';
import { assertAlike, difference, nativeMatte, received } from './lib/matte.mjs';
import { fixture } from './lib/paths.mjs';
import { withOrientation } from './lib/pictures.mjs';
import { present, ring } from './lib/ring.mjs';
import { host, send } from './lib/server.mjs';
import { JPEG, SAME_PIXELS, VIDEO } from './lib/tolerance.mjs';

const ASTRONAUT = 'images/astronaut.png';
const HOPPER = 'images/grace-hopper.jpg';

const KINDS = ['Blob', 'File', 'ImageBitmap', 'ImageData', 'HTMLImageElement', 'HTMLCanvasElement', 'OffscreenCanvas', 'VideoFrame', 'HTMLVideoElement'];

/**
 * How a camera stores an upright picture of width `w` and height `h` under each EXIF orientation,
 * as a canvas transform.
 */
const STORED = {
  1: () => [1, 0, 0, 1, 0, 0],
  2: (w) => [-1, 0, 0, 1, w, 0],
  3: (w, h) => [-1, 0, 0, -1, w, h],
  4: (w, h) => [1, 0, 0, -1, 0, h],
  5: () => [0, 1, 1, 0, 0, 0],
  6: (w) => [0, -1, 1, 0, 0, w],
  7: (w, h) => [0, -1, -1, 0, h, w],
  8: (w, h) => [0, 1, -1, 0, h, 0],
};

ring('pictures', { Chromium: CHROMIUM }, async (t) => {
  const turned = {};
  const { url } = await host(t, { answers: { '/turned/': ({ url }, response) => send(response, 'image/jpeg', turned[url.at(-1)]) } });
  const browser = await launch(t, ['--autoplay-policy=no-user-gesture-required']);
  const { page, complaints } = await open(browser, `${url}bare.html`);
  await page.evaluate(async () => {
    globalThis.tools = await import('/tools.js');
    globalThis.segmenter = await tools.Segmenter.create();
  });

  await t.test('every kind of picture gives the same matte and stays its owner’s', async (t) => {
    const native = nativeMatte(fixture(ASTRONAUT));
    for (const kind of KINDS) {
      const { matte, again, tag } = await page.evaluate(async ({ kind, path }) => {
        const { make } = await import('/kinds.js');
        const picture = await make(kind, await tools.fixture(path));
        const first = await tools.sendable(await segmenter.segment(picture));
        // Usable afterwards: the browser itself can still read its pixels, and so can we.
        const again = await tools.sendable(await segmenter.segment(picture));
        const tag = Object.prototype.toString.call(picture);
        // A frame or a bitmap that nobody closes would be complained of.
        picture.close?.();
        return { matte: first, again: again.alpha === first.alpha, tag };
      }, { kind, path: ASTRONAUT });
      assert.equal(tag, `[object ${kind}]`);
      assertAlike(t, kind, received(matte), native, kind === 'HTMLVideoElement' ? VIDEO : SAME_PIXELS);
      assert.ok(again, `${kind}: the second matte differs from the first`);
    }
  });

  await t.test('a canvas that changes after the call is cut out as it was', async (t) => {
    const matte = await page.evaluate(async (path) => {
      const { make } = await import('/kinds.js');
      const canvas = await make('HTMLCanvasElement', await tools.fixture(path));
      const promise = segmenter.segment(canvas);
      canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height);
      return tools.sendable(await promise);
    }, ASTRONAUT);
    assertAlike(t, 'canvas before its change', received(matte), nativeMatte(fixture(ASTRONAUT)), SAME_PIXELS);
  });

  await t.test('EXIF orientation turns the matte as it turns the picture', async (t) => {
    const folder = folderFor(t);
    const upright = nativeMatte(fixture(HOPPER));
    const { width, height } = upright;
    for (const [orientation, transform] of Object.entries(STORED)) {
      const stored = await page.evaluate(storedAs, { path: HOPPER, swapped: orientation >= 5, transform: transform(width, height) });
      turned[orientation] = withOrientation(Buffer.from(stored, 'base64'), Number(orientation));
      const file = join(folder, `turned-${orientation}.jpg`);
      writeFileSync(file, turned[orientation]);
      const got = received(await page.evaluate(async (name) => tools.sendable(await segmenter.segment(await (await fetch(`/turned/${name}`)).blob())), orientation));
      assertAlike(t, `orientation ${orientation}`, got, nativeMatte(file), JPEG);
      assertAlike(t, `orientation ${orientation} against upright`, got, upright, JPEG);
    }
    const image = await page.evaluate(async () => {
      const image = Object.assign(new Image(), { src: '/turned/6' });
      return tools.sendable(await segmenter.segment(image));
    });
    assertAlike(t, 'orientation 6 as an image element', received(image), upright, JPEG);
  });

  await t.test('frames that do not say how they are turned are not taken for upright', async (t) => {
    const { page } = await open(browser, 'about:blank');
    // As in Chromium before 138.
    await page.addInitScript(() => {
      delete VideoFrame.prototype.rotation;
      delete VideoFrame.prototype.flip;
    });
    await page.goto(`${url}bare.html`);
    const matte = await page.evaluate(async () => {
      const { Segmenter, sendable } = await import('/tools.js');
      const segmenter = await Segmenter.create({ worker: false });
      return sendable(await segmenter.segment(await (await fetch('/turned/3')).blob()));
    });
    assertAlike(t, 'orientation 3, untold', received(matte), nativeMatte(fixture(HOPPER)), JPEG);
  });

  await t.test('12 megapixels work, and are the small matte grown', async (t) => {
    const { matte, small } = await page.evaluate(async (path) => {
      const { make } = await import('/kinds.js');
      const blob = await tools.fixture(path);
      const canvas = await make('OffscreenCanvas', blob, { width: 4000, height: 3000 });
      const large = await segmenter.segment(await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 }));
      const reduced = { width: 512, height: 512, alpha: new Uint8ClampedArray(512 * 512), timings: large.timings };
      for (let y = 0; y < 512; y++) {
        for (let x = 0; x < 512; x++) {
          reduced.alpha[y * 512 + x] = large.alpha[Math.floor(((y + 0.5) * 3000) / 512) * 4000 + Math.floor(((x + 0.5) * 4000) / 512)];
        }
      }
      return { matte: [large.width, large.height, large.alpha.length, large.timings], small: await tools.sendable(reduced) };
    }, ASTRONAUT);
    const [width, height, length, timings] = matte;
    t.diagnostic(`12 megapixels: ${JSON.stringify(timings)}`);
    assert.deepEqual([width, height, length], [4000, 3000, 12e6]);
    // The feather is 3 px of either picture, so the edges cannot be the same.
    const { iou } = difference(received(small), nativeMatte(fixture(ASTRONAUT)));
    assert.ok(iou > 0.98, `IoU ${iou}`);
  });

  for (const path of ['fetched/white-wall-14mp.jpg', 'fetched/curls-park-22mp.jpg', 'fetched/beard-leaves-cmyk-rotated.jpg', 'fetched/beard-leaves-grey.jpg']) {
    await t.test(`${path} is the native matte`, async (t) => {
      if (!present(t, { [path]: existsSync(fixture(path)) ? path : undefined })) return;
      const matte = await page.evaluate(async (path) => tools.sendable(await segmenter.segment(await tools.fixture(path))), path);
      const got = received(matte);
      t.diagnostic(`${got.width}x${got.height}: ${Object.entries(matte.timings).map(([name, ms]) => `${name} ${ms.toFixed()}`).join(', ')}`);
      assertAlike(t, path, got, nativeMatte(fixture(path)), JPEG);
    });
  }

  await t.test('one pixel, one row and one column work', async () => {
    const sizes = await page.evaluate(async () => {
      const sizes = [];
      for (const [width, height] of [[1, 1], [300, 1], [1, 300], [2, 3]]) {
        const matte = await segmenter.segment(new ImageData(width, height), { intensity: 1 });
        sizes.push([matte.width, matte.height, matte.alpha.length]);
      }
      return sizes;
    });
    assert.deepEqual(sizes, [[1, 1, 1], [300, 1, 300], [1, 300, 300], [2, 3, 6]]);
  });

  await t.test('nothing was written to the console', () => assert.deepEqual(complaints, []));
});

/** In the page: a fixture as a JPEG whose pixels lie as `transform` says, as base64. */
async function storedAs({ path, swapped, transform }) {
  const bitmap = await createImageBitmap(await tools.fixture(path));
  const { width, height } = bitmap;
  const canvas = swapped ? new OffscreenCanvas(height, width) : new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  context.setTransform(...transform);
  context.drawImage(bitmap, 0, 0);
  return tools.base64(await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.98 }));
}
