/** What goes wrong is an Error with a stable code and a message that helps, and the segmenter lives on. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { CHROMIUM, launch, open, until } from './lib/chromium.mjs';
import { assertAlike, nativeMatte, received } from './lib/matte.mjs';
import { fixture } from './lib/paths.mjs';
import { pngHeader } from './lib/pictures.mjs';
import { ring } from './lib/ring.mjs';
import { host, send, sendDist } from './lib/server.mjs';
import { SAME_PIXELS } from './lib/tolerance.mjs';

const ASTRONAUT = 'images/astronaut.png';
const PNG_BYTES = readFileSync(fixture(ASTRONAUT));

/** Bad pictures by file name: bytes, type, code, and what the message must say. */
const PICTURES = {
  'text.jpg': [Buffer.from('this is text, whatever its name says\n'), 'image/jpeg', 'UNSUPPORTED_PICTURE', /no picture of a known format/],
  'empty.png': [Buffer.alloc(0), 'image/png', 'UNSUPPORTED_PICTURE', /empty/],
  'cut-in-header.png': [PNG_BYTES.subarray(0, 20), 'image/png', 'UNSUPPORTED_PICTURE', /20 bytes/],
  'half.png': [PNG_BYTES.subarray(0, PNG_BYTES.length >> 1), 'image/png', 'UNSUPPORTED_PICTURE', /decode/],
  'half.jpg': [readFileSync(fixture('images/grace-hopper.jpg')).subarray(0, 30_000), 'image/jpeg', 'UNSUPPORTED_PICTURE', /decode/],
  'no-pixels.png': [pngHeader(640, 480), 'image/png', 'UNSUPPORTED_PICTURE', /decode/],
  'vast.png': [pngHeader(20_000, 20_000), 'image/png', 'PICTURE_TOO_LARGE', /20000x20000.*want at most 50000000 pixels/],
  'long.png': [pngHeader(20_000, 2), 'image/png', 'PICTURE_TOO_LARGE', /20000x2 .*sides of at most 16384/],
  'drawing.svg': [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), 'image/svg+xml', 'UNSUPPORTED_PICTURE', /no picture of a known format/],
};

/** Bad calls: what is passed, and what the message must say. They run in the page. */
const CALLS = [
  [() => [new ImageData(8, 8), { of: 'hat' }], /of is "hat", want one of person/],
  [() => [new ImageData(8, 8), { of: 'hair' }], /of is "hair", want one of person/],
  [() => [new ImageData(8, 8), { intensity: 2 }], /intensity is 2, want 0 to 1/],
  [() => [new ImageData(8, 8), { intensity: NaN }], /intensity is NaN/],
  [() => [new ImageData(8, 8), { feather: -1 }], /feather is -1, want 0 to 64/],
  [() => [new ImageData(8, 8), { morphology: { operation: 'melt', radius: 1 } }], /operation is "melt"/],
  [() => [new ImageData(8, 8), { signal: 'now' }], /signal is "now"/],
  [() => ['photo.jpg'], /picture is "photo.jpg", want a Blob, ImageBitmap/],
  [() => [undefined], /picture is undefined/],
  [() => [document.createElement('video')], /no frame yet/],
  [() => [Object.assign(document.createElement('canvas'), { width: 0 })], /0x150/],
  [async () => [await createImageBitmap(new ImageData(8, 8)).then((bitmap) => (bitmap.close(), bitmap))], /closed/],
];

/** Faults of what is served, by folder: which file, what comes instead, code, and what the message must say. */
const FAULTS = {
  'model-missing': ['models/selfie.plan', (response) => response.writeHead(404).end(), 'FETCH', /selfie\.plan answered with status 404/],
  'model-flipped': ['models/selfie.plan', (response, path) => sendDist(response, path, flip), 'CHECKSUM_MISMATCH', /./],
  'model-short': ['models/selfie.plan', (response, path) => sendDist(response, path, (bytes) => bytes.subarray(0, -1)), 'CHECKSUM_MISMATCH', /./],
  'model-empty': ['models/selfie.plan', (response) => send(response, 'application/octet-stream', ''), 'FETCH', /no bytes/],
  'model-broken-off': ['models/selfie.plan', (response) => breakOff(response, 'application/octet-stream'), 'FETCH', /could not be downloaded|ended after/],
  'wasm-missing': ['wasm/featheredge.relaxed.wasm', (response) => response.writeHead(404).end(), 'FETCH', /relaxed\.wasm answered with status 404/],
  'wasm-page': ['wasm/featheredge.relaxed.wasm', (response) => send(response, 'text/html', '<!doctype html>'), 'FETCH', /answered with a page/],
  'wasm-broken-off': ['wasm/featheredge.relaxed.wasm', (response) => breakOff(response, 'application/wasm'), 'FETCH', /could not be downloaded|ended after/],
  'wasm-garbled': ['wasm/featheredge.relaxed.wasm', (response) => send(response, 'application/wasm', 'garbled'), 'FETCH', /compiles/],
};

ring('errors', { Chromium: CHROMIUM }, async (t) => {
  const answers = {
    '/bad/': ({ url }, response) => send(response, 'application/octet-stream', badModels()[url.slice('/bad/'.length)]),
  };
  for (const [folder, [file, answer]] of Object.entries(FAULTS)) {
    answers[`/${folder}/`] = ({ url }, response) => {
      const path = url.slice(folder.length + 2);
      return path === file ? answer(response, path) : sendDist(response, path);
    };
  }
  const { url } = await host(t, { answers });
  const browser = await launch(t);
  const { page } = await open(browser, `${url}bare.html`);
  await page.evaluate(async () => {
    globalThis.tools = await import('/tools.js');
    globalThis.segmenter = await tools.Segmenter.create();
  });
  const expect = (failed, code, message, name) => {
    assert.ok(failed, `${name} did not fail`);
    assert.deepEqual({ name: failed.name, code: failed.code, isError: failed.isError }, { name: 'SegmentError', code, isError: true }, `${name}: ${failed.message}`);
    assert.match(failed.message, message, name);
  };
  const create = (options) => page.evaluate((options) => tools.failure(tools.Segmenter.create(options)), options);

  await t.test('bad pictures', async () => {
    for (const [name, [bytes, type, code, message]] of Object.entries(PICTURES)) {
      const failed = await page.evaluate(([base64, type]) => {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        return tools.failure(segmenter.segment(new Blob([bytes], { type })));
      }, [bytes.toString('base64'), type]);
      expect(failed, code, message, name);
    }
  });

  await t.test('bad calls', async () => {
    for (const [make, message] of CALLS) {
      const failed = await page.evaluate(`(async () => tools.failure(segmenter.segment(...await (${make})())))()`);
      expect(failed, 'INVALID_INPUT', message, String(make));
    }
    for (const [options, message] of [
      [{ model: 'selfi' }, /model is "selfi", want one of selfie, selfie-landscape, multiclass/],
      [{ executor: 'tpu' }, /executor is "tpu"/],
      [{ maxPixels: 0 }, /maxPixels is 0/],
      [{ assetBase: 'http://[' }, /assetBase/],
      [{ model: { onnx: 5 } }, /model\.onnx is 5/],
    ]) {
      expect(await create(options), 'INVALID_INPUT', message, JSON.stringify(options));
    }
    const failed = await page.evaluate(async (path) => {
      const segmenter = await tools.Segmenter.create({ maxPixels: 1000 });
      const failed = await tools.failure(segmenter.segment(await tools.fixture(path)));
      segmenter.close();
      return failed;
    }, ASTRONAUT);
    expect(failed, 'PICTURE_TOO_LARGE', /512x512 = 262144 pixels, want at most 1000/, 'maxPixels');
  });

  await t.test('wrong and missing files', async () => {
    for (const [folder, [, , code, message]] of Object.entries(FAULTS)) {
      expect(await create({ assetBase: `/${folder}/` }), code, message, folder);
    }
    // A failure is not remembered.
    await page.evaluate(async () => (await tools.Segmenter.create()).close());
  });

  await t.test('files that are no network', async () => {
    for (const name of Object.keys(badModels())) {
      expect(await create({ model: { onnx: `/bad/${name}` } }), 'UNSUPPORTED_MODEL', /./, name);
    }
    expect(await create({ model: { onnx: '/nowhere.onnx' } }), 'FETCH', /nowhere\.onnx answered with status 404/, 'nowhere');
    const contract = { classes: ['background', 'person'] };
    expect(await create({ model: { onnx: '/models/selfie.onnx', contract } }), 'INVALID_INPUT', /2 classes/, 'contract');
  });

  await t.test('abort', async () => {
    const early = await page.evaluate(() => {
      const control = new AbortController();
      return tools.failure(tools.Segmenter.create({ signal: control.signal, onProgress: () => control.abort('enough') }));
    });
    expect(early, 'ABORTED', /./, 'create');
    assert.equal(early.cause, 'enough');
    const { failed, others } = await page.evaluate(async (path) => {
      const blob = await tools.fixture(path);
      const running = new AbortController();
      const waiting = new AbortController();
      const calls = [
        segmenter.segment(blob, { signal: running.signal }),
        segmenter.segment(blob, { signal: waiting.signal }),
        segmenter.segment(blob),
      ].map(tools.failure);
      const before = tools.failure(segmenter.segment(blob, { signal: AbortSignal.abort('before') }));
      waiting.abort('while it waited');
      // By now the first is on its way to the worker.
      setTimeout(() => running.abort('while it ran'));
      const [first, second, third] = await Promise.all(calls);
      return { failed: [first, second, await before], others: third };
    }, ASTRONAUT);
    for (const [i, cause] of ['while it ran', 'while it waited', 'before'].entries()) {
      expect(failed[i], 'ABORTED', /./, cause);
      assert.equal(failed[i].cause, cause);
    }
    assert.equal(others, undefined);
  });

  await t.test('a picture of another origin', async (t) => {
    const far = await host(t);
    const near = await host(t, { policy: { 'img-src': `'self' ${far.url}` } });
    const { page } = await open(browser, `${near.url}bare.html`);
    const failed = await page.evaluate(async (src) => {
      const { Segmenter, failure } = await import('/tools.js');
      const segmenter = await Segmenter.create();
      return failure(segmenter.segment(Object.assign(new Image(), { src })));
    }, `${far.url}fixtures/${ASTRONAUT}`);
    expect(failed, 'INVALID_INPUT', /another origin.*crossorigin/, 'foreign image');
  });

  await t.test('after all that the segmenter still works; closed, it does not', async (t) => {
    const matte = await page.evaluate(async (path) => tools.sendable(await segmenter.segment(await tools.fixture(path))), ASTRONAUT);
    assertAlike(t, 'after errors', received(matte), nativeMatte(fixture(ASTRONAUT)), SAME_PIXELS);
    const [pending, later, twice] = await page.evaluate(async (path) => {
      const blob = await tools.fixture(path);
      const pending = tools.failure(segmenter.segment(blob));
      segmenter.close();
      const later = tools.failure(segmenter.segment(blob));
      segmenter.close();
      return Promise.all([pending, later, tools.failure(segmenter.predict(blob))]);
    }, ASTRONAUT);
    for (const failed of [pending, later, twice]) expect(failed, 'CLOSED', /closed/, 'closed');
    // Nor has any of the failures left a worker.
    await until(() => page.workers().length === 0);
  });
});

function flip(bytes) {
  bytes[bytes.length >> 1] ^= 1;
  return bytes;
}

/** Promises more than it sends. */
function breakOff(response, type) {
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': 100_000 });
  response.write('a beginning', () => response.destroy());
}

function badModels() {
  const selfie = readFileSync(new URL('../../models/selfie.onnx', import.meta.url));
  return {
    text: Buffer.from('this is text'),
    picture: PNG_BYTES,
    'cut-off': selfie.subarray(0, selfie.length >> 1),
    zeros: Buffer.alloc(1000),
  };
}
