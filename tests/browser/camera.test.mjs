/** The demo page's camera in Chromium, which takes a portrait for what its camera sees: live effects, and a picture of it. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PNG } from 'pngjs';

import { CHROMIUM, launch } from './lib/chromium.mjs';
import { later } from './lib/clean.mjs';
import { openDemo, settled } from './lib/demo.mjs';
import { fixture } from './lib/paths.mjs';
import { ring } from './lib/ring.mjs';
import { host } from './lib/server.mjs';

/** A film of one picture, which a player repeats: raw, in luma and halved chroma (BT.601). */
function filmOf({ width, height, data }) {
  const weigh = (x, y, [r, g, b], offset) => {
    const at = 4 * (y * width + x);
    return Math.round(offset + (r * data[at] + g * data[at + 1] + b * data[at + 2]) / 255);
  };
  const plane = (step, weights, offset) =>
    Buffer.from(Array.from({ length: (width / step) * (height / step) }, (_, i) => weigh((i % (width / step)) * step, Math.floor(i / (width / step)) * step, weights, offset)));
  const frame = [Buffer.from('FRAME\n'), plane(1, [65.5, 128.6, 25], 16), plane(2, [-37.8, -74.2, 112], 128), plane(2, [112, -93.8, -18.2], 128)];
  return Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420\n`), ...frame, ...frame]);
}

ring('the camera of the demo page', { Chromium: CHROMIUM }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'featheredge-camera-'));
  later(t, () => rmSync(folder, { recursive: true, force: true }));
  const film = join(folder, 'portrait.y4m');
  writeFileSync(film, filmOf(PNG.sync.read(readFileSync(fixture('images/astronaut.png')))));
  const { url } = await host(t);
  const browser = await launch(t, ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${film}`]);
  const { page, complaints } = await openDemo(browser, url, { viewport: { width: 1280, height: 900 } });
  const pick = (name) => page.locator('label', { has: page.getByTestId(`live-${name}`) }).click();
  /** The canvas's corner and middle once it shows a frame that is so, as red, green, blue, alpha. */
  const frame = async (wanted) => {
    const rest = await page.waitForFunction((wanted) => {
      const canvas = document.querySelector('#camera-canvas');
      const { width, height } = canvas;
      if (width < 100) return undefined;
      const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
      context.drawImage(canvas, 0, 0);
      const [corner, middle] = [[3, 3], [width / 2, height * 0.6]].map(([x, y]) => [...context.getImageData(x, y, 1, 1).data]);
      return (corner[3] === 0) === (wanted === 'cutout') && { corner, middle };
    }, wanted);
    return rest.jsonValue();
  };
  const shows = (selector) => page.locator(selector).evaluate((element) => getComputedStyle(element).visibility === 'visible');

  await t.test('it shows the chosen effect live', async () => {
    await page.evaluate(() => {
      const { mediaDevices } = navigator;
      const ask = mediaDevices.getUserMedia.bind(mediaDevices);
      globalThis.streams = [];
      mediaDevices.getUserMedia = async (wanted) => {
        const stream = await ask(wanted);
        streams.push(stream);
        return stream;
      };
      // Before the browser has answered, as an impatient visitor does.
      const button = document.querySelector('#camera');
      button.click();
      button.click();
    });
    const blurred = await frame('blur');
    assert.deepEqual([blurred.corner[3], blurred.middle[3]], [255, 255]);
    await pick('cutout');
    const cut = await frame('cutout');
    assert.deepEqual([cut.corner[3], cut.middle[3]], [0, 255], 'the ground is gone, the person is not');
    assert.equal(await shows('#camera-video'), false, 'nothing shines through');
    await pick('plain');
    assert.deepEqual([await shows('#camera-video'), await shows('#camera-canvas')], [true, false]);
    await pick('blur');
    await frame('blur');
  });

  await t.test('the picture is what the camera sees, and the camera is off then', async () => {
    await page.evaluate(() => (globalThis.track = document.querySelector('#camera-video').srcObject.getTracks()[0]));
    const size = await page.locator('#camera-video').evaluate(({ videoWidth, videoHeight }) => [videoWidth, videoHeight]);
    await page.getByTestId('shoot').click();
    await page.waitForFunction(() => !document.querySelector('#camera-dialog').open);
    assert.equal(await settled(page), 'done');
    const canvas = await page.getByTestId('result').evaluate(({ width, height }) => [width, height]);
    assert.ok(Math.abs(canvas[0] / canvas[1] - size[0] / size[1]) < 0.02, `${canvas} of ${size}`);
    assert.equal(await page.evaluate(() => track.readyState), 'ended');
    assert.equal(await page.evaluate(() => streams.length), 1, 'and there is no other');
    const left = await page.evaluate(async () => {
      const canvas = document.querySelector('#camera-canvas');
      const before = canvas.toDataURL();
      await new Promise((resolve) => setTimeout(resolve, 300));
      return canvas.toDataURL() === before;
    });
    assert.equal(left, true, 'nothing is drawn any more');
  });

  await t.test('where live effects fail, it says so, and the camera still takes pictures', async () => {
    await page.evaluate(() => {
      HTMLVideoElement.prototype.requestVideoFrameCallback = () => {
        throw new Error('the frames are gone');
      };
    });
    await page.getByTestId('camera').click();
    const note = page.locator('#camera-note');
    await note.waitFor();
    assert.match(await note.innerText(), /No live effects just now/);
    assert.ok(await page.getByTestId('live-plain').isChecked());
    assert.deepEqual([await shows('#camera-video'), await shows('#camera-canvas')], [true, false]);
    await page.getByTestId('shoot').click();
    assert.equal(await settled(page), 'done');
  });

  await t.test('nothing was written to the console, and the policy was kept', () => assert.deepEqual(complaints, []));
});
