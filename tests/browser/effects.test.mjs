/** Effects in Chromium: the library's are the command line's, on the CPU and on SwiftShader's GPU alike, and large pictures stay large. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PNG } from 'pngjs';

import { CHROMIUM, launch, open } from './lib/chromium.mjs';
import { COUNTING, gpuWorker, launchGpu, openGpu } from './lib/gpu.mjs';
import { CLI, fixture } from './lib/paths.mjs';
import { ring } from './lib/ring.mjs';
import { host } from './lib/server.mjs';
import { GPU_MATTE, SAME_PIXELS } from './lib/tolerance.mjs';

const ASTRONAUT = 'images/astronaut.png';
const COFFEE = 'images/no-portrait-coffee.png';

/** Each effect by its method and by the command line. */
const ROWS = [
  ['cutout', {}, ['--output', 'cutout']],
  ['recolor', { color: '#8a2be2', lightening: 0.4, intensity: 0.8 }, ['--color', '#8a2be2', '--lighten', '0.4', '--intensity', '0.8']],
  ['replaceBackground', { blur: 12 }, ['--blur', '12']],
  ['replaceBackground', { blur: 2.5, of: 'hair' }, ['--blur', '2.5', '--of', 'hair']],
  ['replaceBackground', { color: '#0a8' }, ['--background', '#0a8']],
];

ring('effects', { Chromium: CHROMIUM }, async (t) => {
  const { url } = await host(t);
  const browser = await launch(t);
  const { page, complaints } = await open(browser, `${url}bare.html`);
  await page.evaluate(async () => Object.assign(globalThis, { tools: await import('/tools.js') }));
  await page.evaluate(async () => (globalThis.segmenter = await tools.Segmenter.create({ model: 'multiclass', executor: 'cpu' })).info);

  await t.test('the CPU gives what the command line gives', async (t) => {
    for (const [method, options, words] of ROWS) {
      const name = `${method} ${JSON.stringify(options)}`;
      const got = await page.evaluate(effect, [ASTRONAUT, method, options]);
      assertNear(t, name, got, native(words), SAME_PIXELS);
    }
  });

  await t.test('another picture lies behind, as a whole or cut off', async () => {
    const { cover, contain, onRed } = await page.evaluate(async ([path, ground]) => {
      const [picture, image] = [await tools.fixture(path), await createImageBitmap(await tools.fixture(ground))];
      const read = async (options) => {
        const bitmap = await segmenter.replaceBackground(picture, { ...options, image });
        const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d', { willReadFrequently: true });
        context.drawImage(bitmap, 0, 0);
        // The upper right corner, and the middle of the left side: the portrait is elsewhere.
        return [[509, 2], [20, 256]].map(([x, y]) => [...context.getImageData(x, y, 1, 1).data]);
      };
      const rows = { cover: await read({}), contain: await read({ fit: 'contain' }), onRed: await read({ fit: 'contain', color: '#f00' }) };
      if (image.width === 0) throw new Error('the image is the caller\'s');
      image.close();
      return rows;
    }, [ASTRONAUT, COFFEE]);
    const { data, width, height } = PNG.sync.read(readFileSync(fixture(COFFEE)));
    const at = (x, y) => [...data.subarray(4 * (Math.round(y) * width + Math.round(x)), 4 * (Math.round(y) * width + Math.round(x)) + 4)];
    // 600x400 on 512x512: as high as the picture, or as wide.
    const near = (got, want, what) => got.forEach((value, c) => assert.ok(Math.abs(value - want[c]) < 40, `${what}: ${got}, want ${want}`));
    near(cover[1], at((width - height) / 2 + (20 / 512) * height, height / 2), 'cover');
    near(contain[1], at((20 / 512) * width, height / 2), 'contain');
    assert.deepEqual([contain[0], onRed[0]], [[0, 0, 0, 0], [255, 0, 0, 255]]);
  });

  await t.test('twelve megapixels stay so', async (t) => {
    const rows = await page.evaluate(async (path) => {
      const [width, height] = [4000, 3000];
      const canvas = new OffscreenCanvas(width, height);
      canvas.getContext('2d').drawImage(await createImageBitmap(await tools.fixture(path)), 0, 0, width, height);
      const rows = [];
      for (const [method, options] of [['recolor', { color: '#c33' }], ['replaceBackground', { blur: 60 }], ['replaceBackground', { image: canvas }]]) {
        const start = performance.now();
        const bitmap = await segmenter[method](canvas, options);
        rows.push([method, bitmap.width, bitmap.height, performance.now() - start]);
        bitmap.close();
      }
      return rows;
    }, ASTRONAUT);
    for (const [method, width, height, ms] of rows) {
      t.diagnostic(`${method}: ${ms.toFixed(0)} ms`);
      assert.deepEqual([width, height], [4000, 3000]);
    }
  });

  await t.test('what is wrong is said, and a picture that is none as well', async () => {
    const failures = await page.evaluate(async (path) => {
      const picture = await tools.fixture(path);
      const selfie = await tools.Segmenter.create({ executor: 'cpu' });
      const failures = [
        await tools.failure(segmenter.recolor(picture, { color: 'violet' })),
        await tools.failure(selfie.recolor(picture, { color: '#808' })),
        await tools.failure(segmenter.replaceBackground(picture, { image: 7 })),
        await tools.failure(segmenter.replaceBackground(picture, { image: new Blob(['none']) })),
        await tools.failure(segmenter.cutout(picture, null)),
      ];
      selfie.close();
      // It goes on.
      (await segmenter.cutout(picture)).close();
      return failures;
    }, ASTRONAUT);
    assert.deepEqual(failures.map(({ code }) => code), ['INVALID_INPUT', 'INVALID_INPUT', 'INVALID_INPUT', 'UNSUPPORTED_PICTURE', 'INVALID_INPUT']);
    assert.match(failures[1].message, /has no hair/);
    assert.match(failures[2].message, /image is 7/);
  });

  await t.test('nothing was written to the console, and the policy was kept', () => assert.deepEqual(complaints, []));
});

ring('effects on the GPU', { Chromium: CHROMIUM }, async (t) => {
  const browser = await launchGpu(t);
  if (!browser) return;
  const { page, complaints } = await openGpu(t, browser, { prefix: () => COUNTING });
  await page.evaluate(async () => (globalThis.segmenter = await tools.Segmenter.create({ model: 'multiclass', executor: 'gpu' })).info);
  await page.evaluate(effect, [ASTRONAUT, 'cutout', {}]);
  const worker = await gpuWorker(page);

  await t.test('it gives what the command line gives, in one submission, with nothing read back', async (t) => {
    for (const [method, options, words] of ROWS) {
      const name = `GPU ${method} ${JSON.stringify(options)}`;
      const before = await worker.evaluate(() => ({ ...counts }));
      const got = await page.evaluate(effect, [ASTRONAUT, method, options]);
      const after = await worker.evaluate(() => ({ ...counts }));
      assert.deepEqual([after.submits - before.submits, after.maps - before.maps], [1, 0], name);
      assert.equal(got.executor, 'gpu');
      assertNear(t, name, got, native(words), GPU_MATTE);
    }
  });

  await t.test('another picture lies behind as on the CPU', async (t) => {
    const [got, want] = await page.evaluate(async ([path, ground]) => {
      const [picture, image] = [await tools.fixture(path), await tools.fixture(ground)];
      const cpu = await tools.Segmenter.create({ model: 'multiclass', executor: 'cpu' });
      const read = async (segmenter) => {
        const canvas = document.createElement('canvas');
        const { executor } = await segmenter.draw(picture, canvas, { effect: { background: { image, fit: 'contain', color: '#048' } } });
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
        copy.drawImage(canvas, 0, 0);
        const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
        return { executor, width: canvas.width, height: canvas.height, pixels: await tools.base64(new Blob([data])) };
      };
      const both = [await read(segmenter), await read(cpu)];
      cpu.close();
      return both;
    }, [ASTRONAUT, COFFEE]);
    assert.deepEqual([got.executor, want.executor], ['gpu', 'cpu']);
    // The browser reduces it on the GPU as well, with other roundings.
    assertNear(t, 'GPU picture', got, { ...want, pixels: Buffer.from(want.pixels, 'base64') }, { mean: 0.3, far: 0.01 });
  });

  await t.test('nothing was written to the console', () => assert.deepEqual(complaints, []));
});

/** In the page: what a method makes of a fixture, and what runs. */
async function effect([path, method, options]) {
  const bitmap = await segmenter[method](await tools.fixture(path), options);
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  return { executor: segmenter.info.executor, width, height, pixels: await tools.base64(new Blob([data])) };
}

/** The command line's, with the same model. */
function native(words) {
  const folder = mkdtempSync(join(tmpdir(), 'featheredge-effect-'));
  try {
    const { status, stderr } = spawnSync(CLI, ['cut', fixture(ASTRONAUT), '-o', folder, '--model', 'multiclass', ...words], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const { width, height, data } = PNG.sync.read(readFileSync(join(folder, 'astronaut.png')));
    return { width, height, pixels: data };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Colours count as much as they are seen: what a canvas gives back of a nearly transparent pixel is rounded. */
function assertNear(t, name, got, want, { mean, far }) {
  assert.deepEqual([got.width, got.height], [want.width, want.height], name);
  const pixels = Buffer.from(got.pixels, 'base64');
  let [sum, beyond] = [0, 0];
  for (let i = 0; i < pixels.length; i++) {
    const seen = (bytes) => (i % 4 === 3 ? bytes[i] : (bytes[i] * bytes[i | 3]) / 255);
    const off = Math.abs(seen(pixels) - seen(want.pixels));
    sum += off;
    if (off > 8) beyond++;
  }
  const figures = `${name}: mean ${(sum / pixels.length).toFixed(3)}, far ${((100 * beyond) / pixels.length).toFixed(3)} %`;
  t.diagnostic(figures);
  assert.ok(sum / pixels.length <= mean && beyond / pixels.length <= far, figures);
}
