/** A video element shown with an effect, in Chromium: the frame that shows, one at a time, and what goes wrong. */

import assert from 'node:assert/strict';

import { CHROMIUM, launch, open } from './lib/chromium.mjs';
import { ring } from './lib/ring.mjs';
import { host } from './lib/server.mjs';
import { HOST, setUp } from './lib/video.mjs';

ring('videos', { Chromium: CHROMIUM }, async (t) => {
  const { url } = await host(t, HOST);
  const browser = await launch(t);
  const { page, complaints } = await open(browser, `${url}bare.html`);
  await page.evaluate(setUp, ['images/astronaut.png', 'cpu']);

  for (const told of [true, false]) {
    await t.test(`a video plays on a canvas, ${told ? 'frame by frame' : 'where the browser tells of no frames'}`, async () => {
      const got = await page.evaluate(play, told);
      assert.deepEqual(got, { size: [256, 192], shows: true, most: 1, whilePaused: 0, afterSeek: true, afterStop: 0, done: undefined, left: [] });
    });
  }

  await t.test('what plays says what goes wrong', async () => {
    const codes = await page.evaluate(playFailures);
    assert.deepEqual(codes, ['INVALID_INPUT', 'INVALID_INPUT', 'INVALID_INPUT', 'CLOSED', undefined]);
  });

  await t.test('a video that refuses its frames is asked again, for two seconds', async () => {
    const { shown, error, waited } = await page.evaluate(refusals);
    assert.ok(shown >= 3, String(shown));
    assert.match(error, /^INVALID_INPUT: video has no frame yet \(not now\)/);
    assert.ok(waited >= 2000, String(waited));
    assert.deepEqual(await page.evaluate(() => frames.openFrames()), []);
  });

  await t.test('nothing was written to the console, and the policy was kept', () => assert.deepEqual(complaints, []));
});

// What follows runs in the page.

async function play(told) {
  if (!told) delete HTMLVideoElement.prototype.requestVideoFrameCallback;
  const video = await frames.recording(picture);
  const canvas = document.createElement('canvas');
  let [shown, most, under] = [0, 0, 0];
  const { transferFromImageBitmap } = ImageBitmapRenderingContext.prototype;
  ImageBitmapRenderingContext.prototype.transferFromImageBitmap = function (bitmap) {
    if (bitmap) shown++;
    return transferFromImageBitmap.call(this, bitmap);
  };
  const { createImageBitmap: original } = globalThis;
  globalThis.createImageBitmap = async (source, ...rest) => {
    const bitmap = await original(source, ...rest);
    if (source === video) most = Math.max(most, ++under - shown);
    return bitmap;
  };
  const until = async (check) => {
    for (let i = 0; !check(); i++) {
      if (i > 1000) throw new Error(`not so after 20 s: ${check}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  /** How many more are shown, once all that was under way is. */
  const more = async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    await segmenter.segment(new ImageData(8, 8));
    const before = shown;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return shown - before;
  };
  const playback = segmenter.play(video, canvas, { effect: 'matte' });
  await video.play();
  await until(() => shown >= 4);
  const pixels = frames.pixelsOf(canvas, canvas.width, canvas.height);
  video.pause();
  const whilePaused = await more();
  const before = shown;
  video.currentTime = 0.2;
  await until(() => shown > before);
  const afterSeek = shown > before;
  await video.play();
  await until(() => shown > before + 2);
  playback.stop();
  playback.stop();
  const done = await playback.done;
  const afterStop = await more();
  Object.assign(globalThis, { createImageBitmap: original });
  ImageBitmapRenderingContext.prototype.transferFromImageBitmap = transferFromImageBitmap;
  video.remove();
  return { size: [canvas.width, canvas.height], shows: pixels.some((value, i) => i % 4 === 0 && value > 200), most, whilePaused, afterSeek, afterStop, done, left: frames.openFrames() };
}

async function playFailures() {
  const [video, canvas] = [await frames.recording(picture), document.createElement('canvas')];
  const codes = [];
  for (const given of [[{}, canvas, {}], [video, {}, {}], [video, canvas, { effect: 'glow' }]]) {
    try {
      segmenter.play(...given);
    } catch ({ code }) {
      codes.push(code);
    }
  }
  const other = await tools.Segmenter.create({ executor: 'cpu' });
  other.close();
  await video.play();
  codes.push((await tools.failure(other.play(video, canvas).done))?.code);
  codes.push((await tools.failure(segmenter.play(video, canvas, { signal: AbortSignal.timeout(200) }).done))?.code);
  video.remove();
  return codes;
}

/**
 * Browsers refuse the frame of a video while it starts over, in moments that no test can choose: here every other one is
 * refused, and then all of them.
 */
async function refusals() {
  const [video, canvas] = [await frames.recording(picture), document.createElement('canvas')];
  const { createImageBitmap: original } = globalThis;
  const { transferFromImageBitmap } = ImageBitmapRenderingContext.prototype;
  let [asked, shown, always] = [0, 0, false];
  const shows = new Promise((resolve) => {
    ImageBitmapRenderingContext.prototype.transferFromImageBitmap = function (bitmap) {
      if (bitmap && ++shown === 3) resolve();
      return transferFromImageBitmap.call(this, bitmap);
    };
  });
  globalThis.createImageBitmap = async (source, ...rest) => {
    if (source === video && (always || asked++ % 2 === 0)) throw new DOMException('not now', 'InvalidStateError');
    return original(source, ...rest);
  };
  await video.play();
  const playback = segmenter.play(video, canvas);
  await Promise.race([shows, playback.done]);
  always = true;
  // While it played it would have no frame each time it starts over, and the two seconds would begin anew.
  video.pause();
  const start = performance.now();
  const { code, message } = (await tools.failure(playback.done)) ?? {};
  const waited = performance.now() - start;
  Object.assign(globalThis, { createImageBitmap: original });
  ImageBitmapRenderingContext.prototype.transferFromImageBitmap = transferFromImageBitmap;
  video.remove();
  return { shown, error: `${code}: ${message}`, waited };
}
