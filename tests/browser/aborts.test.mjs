/** Calls that are given up while they run, in Chromium: the work ends there, and what was made of it is given back. */

import assert from 'node:assert/strict';

import { CHROMIUM, launch, open } from './lib/chromium.mjs';
import { launchGpu, openGpu } from './lib/gpu.mjs';
import { ring } from './lib/ring.mjs';
import { host } from './lib/server.mjs';

const HOPPER = 'images/grace-hopper.jpg';

ring('calls that are given up', { Chromium: CHROMIUM }, async (t) => {
  const { url } = await host(t);
  const browser = await launch(t);
  const { page, complaints } = await open(browser, `${url}bare.html`);
  await page.evaluate(setUp, [HOPPER, { worker: false }]);

  await t.test('while the picture is read: no network runs any more, and nothing is painted', async () => {
    assert.deepEqual(await page.evaluate(giveUp, ['read', { quality: 'balanced' }]), { code: 'ABORTED', painted: 0, open: 0 });
  });

  await t.test('between two looks of a small picture, where a page gets its turn', async () => {
    assert.deepEqual(await page.evaluate(giveUp, ['look', { quality: 'balanced' }]), { code: 'ABORTED', painted: 0, open: 0 });
  });

  await t.test('while it is painted: nobody gets the bitmap, which is closed', async () => {
    assert.deepEqual(await page.evaluate(giveUp, ['paint', {}]), { code: 'ABORTED', painted: 1, open: 0 });
  });

  await t.test('the next call gets its answer', async () => {
    assert.deepEqual(await page.evaluate(giveUp, ['never', {}]), { code: undefined, painted: 1, open: 1 });
    assert.deepEqual(complaints, []);
  });
});

ring('calls of a GPU that are given up', { Chromium: CHROMIUM }, async (t) => {
  const browser = await launchGpu(t);
  if (!browser) return;
  const { page, complaints } = await openGpu(t, browser);
  await page.evaluate(setUp, [HOPPER, { executor: 'gpu' }]);

  await t.test('the bitmap that comes all the same is closed', async () => {
    const { code, closed } = await page.evaluate(async () => {
      const { close } = ImageBitmap.prototype;
      let closed = 0;
      ImageBitmap.prototype.close = function () {
        if (this.width > 0) closed++;
        close.call(this);
      };
      const controller = new AbortController();
      const call = tools.failure(segmenter.cutout(picture, { quality: 'fast', signal: controller.signal }));
      // Its picture is copied, and it is on its way to the GPU's worker.
      await new Promise((resolve) => setTimeout(resolve));
      controller.abort();
      const { code } = await call;
      const before = closed;
      // Calls of the GPU's worker follow each other.
      (await segmenter.cutout(picture, { quality: 'fast' })).close();
      return { code, closed: closed - before };
    });
    assert.deepEqual([code, closed], ['ABORTED', 2], 'the other one, and its own');
    assert.deepEqual(complaints, []);
  });
});

// What follows runs in the page.

async function setUp([path, options]) {
  const tools = await import('/tools.js');
  const picture = await createImageBitmap(await tools.fixture(path));
  const segmenter = await tools.Segmenter.create(options);
  // How such pictures are read is found out by the first of them.
  await segmenter.segment(picture, { quality: 'fast' });
  Object.assign(globalThis, { tools, picture, segmenter });
}

/** A cut-out that is given up `at` some point: its code, how often anything was painted, and the bitmaps of it that stay open. */
async function giveUp([at, options]) {
  const { createImageBitmap: plain } = globalThis;
  const { copyTo } = VideoFrame.prototype;
  const controller = new AbortController();
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => controller.abort();
  const made = [];
  let painted = 0;
  globalThis.createImageBitmap = async (...given) => {
    if (given[0] instanceof ImageData) painted++;
    if (at === 'paint') controller.abort();
    const bitmap = await plain(...given);
    if (given[0] instanceof ImageData) made.push(bitmap);
    return bitmap;
  };
  VideoFrame.prototype.copyTo = async function (...given) {
    const layout = await copyTo.apply(this, given);
    if (at === 'read') controller.abort();
    // Heard of only when the thread has nothing else to do.
    if (at === 'look') port2.postMessage(undefined);
    return layout;
  };
  try {
    const failed = await tools.failure(segmenter.cutout(picture, { ...options, signal: controller.signal }));
    // Whatever was still under way is over when another call's answer is there.
    await segmenter.predict(picture);
    return { code: failed?.code, painted, open: made.filter(({ width }) => width > 0).length };
  } finally {
    globalThis.createImageBitmap = plain;
    VideoFrame.prototype.copyTo = copyTo;
    port1.close();
  }
}
