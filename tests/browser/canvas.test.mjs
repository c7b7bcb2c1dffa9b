/** Canvases that `draw` is given, in Chromium: whatever a page has done with them before. */

import assert from 'node:assert/strict';

import { CHROMIUM, launch, open } from './lib/chromium.mjs';
import { ring } from './lib/ring.mjs';
import { host } from './lib/server.mjs';

ring('canvases', { Chromium: CHROMIUM }, async (t) => {
  const { url } = await host(t);
  const browser = await launch(t);
  const { page, complaints } = await open(browser, `${url}bare.html`);
  await page.evaluate(async () => {
    globalThis.tools = await import('/tools.js');
    globalThis.picture = await createImageBitmap(await tools.fixture('images/astronaut.png'), { resizeWidth: 128, resizeHeight: 128 });
    globalThis.segmenter = await tools.Segmenter.create();
  });

  await t.test('what a page has set for its own drawings changes nothing, and stays', async () => {
    const { off, kept } = await page.evaluate(async () => {
      const pixels = (context) => context.getImageData(0, 0, 128, 128).data;
      const [plain, used] = [0, 0].map(() => new OffscreenCanvas(128, 128).getContext('2d'));
      await segmenter.draw(picture, plain.canvas);
      Object.assign(used, { globalAlpha: 0.5, globalCompositeOperation: 'destination-over', filter: 'blur(3px)', shadowColor: 'red', shadowBlur: 9 });
      used.fillStyle = '#0a0';
      used.scale(2, 2);
      used.fillRect(0, 0, 64, 64);
      const state = () => [used.globalAlpha, used.globalCompositeOperation, used.filter, used.shadowColor, used.fillStyle, used.getTransform().a];
      const before = state();
      await segmenter.draw(picture, used.canvas);
      const [one, other] = [pixels(plain), pixels(used)];
      return { off: one.filter((value, i) => value !== other[i]).length, kept: [before, state()] };
    });
    assert.equal(off, 0);
    assert.deepEqual(kept[0], kept[1]);
    assert.equal(kept[0][5], 2);
  });

  await t.test('one that cannot be drawn on is refused before any work', async () => {
    const failures = await page.evaluate(() => {
      const element = (act) => {
        const canvas = document.createElement('canvas');
        act(canvas);
        return canvas;
      };
      const away = new OffscreenCanvas(4, 4);
      structuredClone(away, { transfer: [away] });
      const bad = [element((canvas) => canvas.transferControlToOffscreen()), away, element((canvas) => canvas.getContext('webgl')), document.createElement('div')];
      return Promise.all(bad.map((canvas) => tools.failure(segmenter.draw(picture, canvas))));
    });
    assert.deepEqual(failures.map(({ name, code }) => `${name} ${code}`), Array(4).fill('SegmentError INVALID_INPUT'));
    for (const [i, says] of [/transferred/, /transferred/, /another kind/, /HTMLCanvasElement/].entries()) assert.match(failures[i].message, says);
  });

  await t.test('nothing was written to the console', () => assert.deepEqual(complaints, []));
});
