/** Effects in Chromium: the library's are the command line's, on the CPU and on SwiftShader's GPU alike, and large pictures stay large. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PNG } from 'pngjs';

import { CHROMIUM, launch, open, until } from './lib/chromium.mjs';
import { COUNTING, gpuWorker, launchGpu, openGpu } from './lib/gpu.mjs';
import { CLI, fixture } from './lib/paths.mjs';
import { ring } from './lib/ring.mjs';
import { host, sendDist } from './lib/server.mjs';
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

/** Goes before a worker's script, which then keeps an eye on the backgrounds that are sent to it. */
const WATCHING = `globalThis.grounds = [];
addEventListener('message', ({ data }) => data.ground && grounds.push(data.ground.picture));\n`;

ring('effects', { Chromium: CHROMIUM }, async (t) => {
  const answers = { '/featheredge/worker.js': (_, response) => sendDist(response, 'worker.js', (bytes) => Buffer.concat([Buffer.from(WATCHING), bytes])) };
  const { url } = await host(t, { answers });
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

  await t.test('a matte that is given is painted to the very pixels, by any segmenter', async () => {
    const { rows, answer, intact } = await page.evaluate(async ([path, ground]) => {
      const [picture, image] = [await tools.fixture(path), await tools.fixture(ground)];
      const selfie = await tools.Segmenter.create({ executor: 'cpu' });
      const person = await segmenter.segment(picture, { feather: 4 });
      const hair = await segmenter.segment(picture, { of: 'hair', intensity: 0.6 });
      const bytes = async (segmenter, options) => {
        const canvas = new OffscreenCanvas(1, 1);
        canvas.getContext('2d', { willReadFrequently: true });
        await segmenter.draw(picture, canvas, options);
        return new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer);
      };
      const rows = [];
      for (const [effect, matte, made, painted] of [
        ['cutout', person, { feather: 4 }],
        ['matte', person, { feather: 4 }],
        [{ background: { blur: 9 } }, person, { feather: 4 }],
        [{ background: { color: '#0a8' } }, person, { feather: 4 }],
        [{ background: { image, fit: 'contain' } }, person, { feather: 4 }],
        [{ recolor: { color: '#8a2be2', lightening: 0.4 } }, hair, { intensity: 0.6 }, { intensity: 0.6 }],
      ]) {
        const want = await bytes(segmenter, { effect, ...made, quality: 'balanced' });
        for (const painter of [segmenter, selfie]) {
          const got = await bytes(painter, { effect, matte, ...painted });
          rows.push([JSON.stringify(effect), got.length, got.reduce((off, value, i) => off + (value !== want[i] ? 1 : 0), 0), new Set(want).size]);
        }
      }
      // It was copied at the call, and is the caller's still.
      const drawing = selfie.draw(picture, new OffscreenCanvas(1, 1), { matte: hair });
      hair.alpha.fill(0);
      const answer = await drawing;
      selfie.close();
      return { rows, answer, intact: person.alpha.length };
    }, [ASTRONAUT, COFFEE]);
    assert.equal(rows.length, 12);
    for (const [effect, length, off, colours] of rows) assert.deepEqual([length, off, colours > 50], [512 * 512, 0, true], effect);
    assert.equal(intact, 512 * 512);
    const { width, height, executor, timings } = answer;
    assert.deepEqual([width, height, executor, timings.preMs, timings.inferMs, timings.postMs], [512, 512, 'cpu', 0, 0, 0]);
  });

  await t.test('a matte of another size is refused, by its size', async () => {
    const failures = await page.evaluate(async (path) => {
      const picture = await tools.fixture(path);
      const matte = (width, height) => ({ width, height, alpha: new Uint8ClampedArray(width * height) });
      const failures = [
        await tools.failure(segmenter.cutout(picture, { matte: matte(256, 1024) })),
        await tools.failure(segmenter.draw(picture, new OffscreenCanvas(1, 1), { matte: matte(512, 511), effect: 'matte' })),
        await tools.failure(segmenter.recolor(picture, { color: '#123', matte: { ...matte(512, 512), width: 511 } })),
      ];
      (await segmenter.cutout(picture, { matte: matte(512, 512) })).close();
      return failures;
    }, ASTRONAUT);
    assert.deepEqual(failures.map(({ code, message }) => `${code}: ${message}`), [
      "INVALID_INPUT: matte is of 256x1024, want the picture's 512x512",
      "INVALID_INPUT: matte is of 512x511, want the picture's 512x512",
      'INVALID_INPUT: matte.alpha.length is 262144, want 511 x 512',
    ]);
  });

  await t.test('a background leaves the worker, however its call ends', async () => {
    await until(() => page.workers().length === 1);
    const before = await page.workers()[0].evaluate(() => grounds.length);
    const ended = await page.evaluate(async (path) => {
      const image = await createImageBitmap(new ImageData(64, 64));
      const opaque = new OffscreenCanvas(64, 64);
      opaque.getContext('2d', { alpha: false }).fillRect(0, 0, 64, 64);
      const picture = await tools.fixture(path);
      (await segmenter.replaceBackground(picture, { image })).close();
      (await segmenter.replaceBackground(picture, { image: opaque })).close();
      return [
        await tools.failure(segmenter.replaceBackground(new Blob(['none']), { image })),
        await tools.failure(segmenter.replaceBackground(new Blob(['none']), { image: opaque })),
        await tools.failure(segmenter.replaceBackground(picture, { image: opaque, matte: { width: 1, height: 1, alpha: new Uint8ClampedArray(1) } })),
      ].map(({ code }) => code);
    }, ASTRONAUT);
    assert.deepEqual(ended, ['UNSUPPORTED_PICTURE', 'UNSUPPORTED_PICTURE', 'INVALID_INPUT']);
    await assertReleased(page.workers()[0], before + 5);
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
  const { page, complaints } = await openGpu(t, browser, { prefix: () => COUNTING + WATCHING });
  await page.evaluate(async () => (globalThis.segmenter = await tools.Segmenter.create({ model: 'multiclass', executor: 'gpu' })).info);
  await page.evaluate(effect, [ASTRONAUT, 'cutout', { quality: 'fast' }]);
  const worker = await gpuWorker(page);

  await t.test('it gives what the command line gives, in one submission, with nothing read back', async (t) => {
    for (const [method, options, words] of ROWS) {
      const name = `GPU ${method} ${JSON.stringify(options)}`;
      const before = await worker.evaluate(() => ({ ...counts }));
      const got = await page.evaluate(effect, [ASTRONAUT, method, { ...options, quality: 'fast' }]);
      const after = await worker.evaluate(() => ({ ...counts }));
      assert.deepEqual([after.submits - before.submits, after.maps - before.maps], [1, 0], name);
      assert.equal(got.executor, 'gpu');
      assertNear(t, name, got, native([...words, '--quality', 'fast']), GPU_MATTE);
    }
  });

  await t.test('of several looks it runs the network for each', async (t) => {
    const before = await worker.evaluate(() => counts.submits);
    const matte = await page.evaluate(async (path) => {
      const { executor, timings } = await segmenter.segment(await tools.fixture(path), { of: 'hair', quality: 'fine' });
      return { executor, timings };
    }, ASTRONAUT);
    const after = await worker.evaluate(() => counts.submits);
    // All of it, the person, the head, and that mirrored.
    assert.deepEqual([matte.executor, after - before], ['gpu', 4]);
    assert.ok(matte.timings.inferMs > 0);
    const options = { of: 'hair', quality: 'fine' };
    const got = await page.evaluate(effect, [ASTRONAUT, 'cutout', options]);
    assertNear(t, 'GPU fine', got, native(['--output', 'cutout', '--of', 'hair', '--quality', 'fine']), GPU_MATTE);
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

  await t.test('a matte that is given is painted beside it, as it would paint its own', async (t) => {
    const before = await worker.evaluate(() => ({ ...counts }));
    await page.evaluate(async (path) => (globalThis.hair = await segmenter.segment(await tools.fixture(path), { of: 'hair', quality: 'fast' })), ASTRONAUT);
    const between = await worker.evaluate(() => ({ ...counts }));
    assert.ok(between.submits > before.submits);
    for (const [effect, options] of [
      [{ recolor: { color: '#8a2be2', lightening: 0.4 } }, { intensity: 1 }],
      [{ background: { blur: 9 } }, {}],
    ]) {
      const [want, got] = await page.evaluate(drawTwice, [ASTRONAUT, effect, options]);
      assert.deepEqual([want.executor, got.executor], ['gpu', 'cpu']);
      assertNear(t, `GPU and given matte ${JSON.stringify(effect)}`, got, { ...want, pixels: Buffer.from(want.pixels, 'base64') }, GPU_MATTE);
    }
    const after = await worker.evaluate(() => ({ ...counts }));
    assert.equal(after.submits - between.submits, 2);
  });

  await t.test('a background leaves its worker, however the call ends', async () => {
    const before = await worker.evaluate(() => grounds.length);
    const { code } = await page.evaluate(async () => {
      const image = new OffscreenCanvas(64, 64);
      image.getContext('2d', { alpha: false }).fillRect(0, 0, 64, 64);
      return tools.failure(segmenter.replaceBackground(new Blob(['none']), { image, quality: 'fast' }));
    });
    assert.equal(code, 'UNSUPPORTED_PICTURE');
    await assertReleased(worker, before + 1);
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

/** In the page: an effect on a canvas, first with a matte of its own, then with the hair's that is there. */
async function drawTwice([path, effect, options]) {
  const picture = await tools.fixture(path);
  const read = async (options) => {
    const canvas = document.createElement('canvas');
    const { executor } = await segmenter.draw(picture, canvas, { effect, ...options });
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    return { executor, width: canvas.width, height: canvas.height, pixels: await tools.base64(new Blob([data])) };
  };
  // The feather of the matte that is there is the narrowest.
  return [await read({ of: 'hair', feather: 3, ...options }), await read({ matte: hair, ...options })];
}

/** Asserts that so many backgrounds came to a worker, the last one as more than a file, and that all were closed there. */
async function assertReleased(worker, count) {
  const widths = await worker.evaluate(() => grounds.map(({ frame, bitmap }) => frame?.codedWidth ?? bitmap?.width));
  assert.equal(widths.length, count);
  assert.equal(widths.at(-1), 0);
  assert.deepEqual(widths.filter((width) => width > 0), []);
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
