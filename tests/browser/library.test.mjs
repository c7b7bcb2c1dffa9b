/** The npm face in Chromium on a bare page: loading, what it says of itself, what it computes, ending it. */

import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';

import { CHROMIUM, launch, open, until } from './lib/chromium.mjs';
import { assertAlike, assertShows, difference, nativeMatte, received } from './lib/matte.mjs';
import { DIST, ROOT, fixture } from './lib/paths.mjs';
import { ring } from './lib/ring.mjs';
import { host, sendDist } from './lib/server.mjs';
import { JPEG, SAME_PIXELS } from './lib/tolerance.mjs';

const ASTRONAUT = 'images/astronaut.png';
const VERSION = JSON.parse(readFileSync(`${DIST}/package.json`, 'utf8')).version;

/** Before a worker's script: counts the steps that it runs for nothing, each of which takes so many milliseconds more. */
const counting = (stepMs) => `{
  globalThis.warmed = 0;
  const { Instance } = WebAssembly;
  WebAssembly.Instance = function (...given) {
    const { exports } = new Instance(...given);
    const websegmenter_warmUp = (...call) => {
      warmed++;
      for (const end = performance.now() + ${stepMs}; performance.now() < end; );
      return exports.websegmenter_warmUp(...call);
    };
    return { exports: { ...exports, websegmenter_warmUp } };
  };
}
`;

/** Of the network `selfie`, as `featheredge inspect` lists them. */
const SELFIE_STEPS = 71;

/** Every network and option once; `options` are the command line's words for the same. */
const ROWS = {
  selfie: [
    { path: ASTRONAUT, segment: { feather: 0 }, options: ['--feather', '0'] },
    { path: ASTRONAUT, segment: { intensity: 1 }, options: ['--intensity', '1'] },
    { path: ASTRONAUT, segment: { feather: 24.5 }, options: ['--feather', '24.5'] },
    { path: ASTRONAUT, segment: { morphology: { operation: 'dilate', radius: 5 } }, options: ['--morphology', 'dilate:5'] },
    { path: 'images/biden-blue-room.jpg', segment: {}, options: [] },
    { path: 'images/no-portrait-coffee.png', segment: { minIsland: 0.5 }, options: ['--min-island', '0.5'] },
  ],
  'selfie-landscape': [
    { path: ASTRONAUT, segment: {}, options: [] },
    { path: 'images/obama-podium.jpg', segment: {}, options: [] },
  ],
  multiclass: [
    { path: ASTRONAUT, segment: {}, options: [] },
    { path: ASTRONAUT, segment: { of: 'hair' }, options: ['--of', 'hair'] },
    { path: ASTRONAUT, segment: { of: 'clothes' }, options: ['--of', 'clothes'] },
    { path: 'images/luispedro.jpg', segment: { of: 'hair', intensity: 0.5 }, options: ['--of', 'hair', '--intensity', '0.5'] },
  ],
};

ring('the library', { Chromium: CHROMIUM }, async (t) => {
  const { url } = await host(t);
  const browser = await launch(t);
  const { page, complaints } = await open(browser, `${url}bare.html`);

  await t.test('progress comes in order: bytes that grow, compile, ready', async () => {
    const { heard, info } = await page.evaluate(async () => {
      const { Segmenter } = await import('/tools.js');
      const heard = [];
      const segmenter = await Segmenter.create({ onProgress: (progress) => heard.push(progress) });
      const { info } = segmenter;
      // The last word comes as a task of its own.
      await new Promise((resolve) => setTimeout(resolve));
      segmenter.close();
      return { heard, info };
    });
    assert.deepEqual([...new Set(heard.map(({ phase }) => phase))], ['download', 'compile', 'ready']);
    assert.deepEqual(heard.slice(-2).map(({ phase }) => phase), ['compile', 'ready']);
    assert.equal(heard.filter(({ phase }) => phase !== 'download').length, 2);
    for (const [file, path] of [['wasm', 'wasm/featheredge.relaxed.wasm'], ['model', 'models/selfie.plan']]) {
      const { size } = statSync(`${DIST}/${path}`);
      const steps = heard.filter((progress) => progress.file === file);
      assert.ok(steps.length > 0, file);
      assert.ok(steps.every(({ loadedBytes }, i) => loadedBytes > (steps[i - 1]?.loadedBytes ?? 0)), file);
      assert.equal(steps.at(-1).loadedBytes, size);
      assert.ok(steps.every(({ totalBytes }) => totalBytes === size), file);
      assert.equal(info[`${file}Bytes`], size);
    }
  });

  await t.test('info says what runs', async () => {
    const infos = await page.evaluate(async () => {
      const { Segmenter } = await import('/tools.js');
      const infos = {};
      for (const model of ['selfie', 'selfie-landscape', 'multiclass']) {
        const segmenter = await Segmenter.create({ model });
        infos[model] = segmenter.info;
        segmenter.close();
      }
      return infos;
    });
    for (const info of Object.values(infos)) {
      const { executor, build, worker, version, reason } = info;
      assert.deepEqual({ executor, build, worker, version }, { executor: 'cpu', build: 'relaxed', worker: true, version: VERSION });
      assert.match(reason, /relaxed SIMD.*in a worker/);
    }
    const { selfie, multiclass } = infos;
    const landscape = infos['selfie-landscape'];
    assert.deepEqual([selfie.model, selfie.classes, selfie.subjects, selfie.inputWidth, selfie.inputHeight], ['selfie', ['person'], ['person'], 256, 256]);
    assert.deepEqual([landscape.model, landscape.inputWidth, landscape.inputHeight], ['selfie-landscape', 256, 144]);
    assert.deepEqual(multiclass.classes, ['background', 'hair', 'body-skin', 'face-skin', 'clothes', 'others']);
    assert.deepEqual(multiclass.subjects, ['person', 'hair', 'body-skin', 'face-skin', 'clothes', 'others']);
  });

  await t.test('every network and option gives what the command line gives', async (t) => {
    for (const [model, rows] of Object.entries(ROWS)) {
      const mattes = await page.evaluate(async ([model, rows]) => (await import('/tools.js')).cutAll(model, rows), [model, rows]);
      for (const [i, { path, segment, options }] of rows.entries()) {
        const name = `${model} ${path} ${JSON.stringify(segment)}`;
        assert.equal(mattes[i].kind, '[object Uint8ClampedArray]');
        const { decodeMs, preMs, inferMs, postMs, totalMs } = mattes[i].timings;
        for (const ms of [decodeMs, preMs, inferMs, postMs]) assert.ok(ms >= 0, name);
        assert.ok(inferMs > 0 && totalMs >= decodeMs + preMs + inferMs + postMs - 1, JSON.stringify(mattes[i].timings));
        const native = nativeMatte(fixture(path), ['--model', model, ...options]);
        assertShows(name, native);
        assertAlike(t, name, received(mattes[i]), native, path.endsWith('.png') ? SAME_PIXELS : JPEG);
      }
    }
  });

  await t.test('predict gives probabilities of every class at the size of the network', async () => {
    const { width, height, classes, length, worst, low, high, shares } = await page.evaluate(async () => {
      const { Segmenter, fixture } = await import('/tools.js');
      const segmenter = await Segmenter.create({ model: 'multiclass' });
      const { width, height, classes, data } = await segmenter.predict(await fixture('images/luispedro.jpg'));
      segmenter.close();
      let worst = 0;
      const shares = classes.map(() => 0);
      for (let i = 0; i < data.length; i += classes.length) {
        const pixel = data.subarray(i, i + classes.length);
        worst = Math.max(worst, Math.abs(pixel.reduce((sum, value) => sum + value) - 1));
        shares[pixel.indexOf(Math.max(...pixel))] += 1 / (width * height);
      }
      const low = data.reduce((a, b) => Math.min(a, b));
      const high = data.reduce((a, b) => Math.max(a, b));
      return { width, height, classes, length: data.length, worst, low, high, shares };
    });
    assert.deepEqual([width, height, length], [256, 256, 256 * 256 * 6]);
    assert.deepEqual(classes, ['background', 'hair', 'body-skin', 'face-skin', 'clothes', 'others']);
    assert.ok(worst < 1e-5, `a pixel's probabilities are off 1 by ${worst}`);
    assert.ok(low >= 0 && high <= 1 && high > 0.99);
    // The man fills about half of the picture, and his hair a seventh.
    assert.ok(shares[0] > 0.2 && shares[0] < 0.7 && shares[1] > 0.1 && shares[1] < 0.2, shares.join(' '));
  });

  await t.test('the selfie network as a file of the caller gives its matte, but for the filter', async (t) => {
    const shipped = nativeMatte(fixture(ASTRONAUT));
    const answers = await page.evaluate(async (path) => {
      const { cut, Segmenter, sendable, fixture } = await import('/tools.js');
      const onnx = './models/selfie.onnx';
      const byUrl = await cut({ path, create: { model: { onnx } } });
      const bytes = await (await fetch(onnx)).arrayBuffer();
      const segmenter = await Segmenter.create({ model: { onnx: bytes, contract: { classes: ['somebody'] } } });
      const matte = await sendable(await segmenter.segment(await fixture(path), { of: 'somebody' }));
      segmenter.close();
      return { byUrl, byBytes: { info: segmenter.info, matte }, left: bytes.byteLength };
    }, ASTRONAUT);
    assert.ok(answers.left > 0, "the caller's bytes stay his");
    assert.deepEqual([answers.byUrl.info.model, answers.byBytes.info.model], ['custom', 'custom']);
    assert.deepEqual(answers.byBytes.info.subjects, ['somebody']);
    assert.deepEqual([answers.byUrl.info.build, answers.byUrl.info.executor], ['onnx', 'cpu']);
    assert.match(answers.byUrl.info.reason, /executor cpu, because every operator of the ONNX file has a step; with the onnx build/);
    for (const [name, { matte }] of Object.entries({ byUrl: answers.byUrl, byBytes: answers.byBytes })) {
      const { iou, mean } = difference(received(matte), shipped);
      t.diagnostic(`${name}: IoU ${iou.toFixed(4)}, mean ${mean.toFixed(3)}`);
      assert.ok(iou >= 0.98, `${name}: IoU ${iou}`);
    }
    const native = nativeMatte(fixture(ASTRONAUT), ['--model', `${ROOT}models/selfie.onnx`]);
    assertAlike(t, 'custom model against native', received(answers.byUrl.matte), native, SAME_PIXELS);
  });

  await t.test('without a worker it gives the very same matte', async () => {
    const { inWorker, onPage } = await page.evaluate(async (path) => {
      const { cut } = await import('/tools.js');
      return { inWorker: await cut({ path }), onPage: await cut({ path, create: { worker: false } }) };
    }, ASTRONAUT);
    assert.equal(onPage.info.worker, false);
    assert.match(onPage.info.reason, /page's own thread, as asked for/);
    assert.equal(onPage.matte.alpha, inWorker.matte.alpha);
  });

  await t.test('before the first call the network runs once for nothing, until a call comes, and changes no matte', async (t) => {
    let stepMs = 0;
    const script = (response) => sendDist(response, 'worker.js', (bytes) => Buffer.concat([Buffer.from(counting(stepMs)), bytes]));
    const { url } = await host(t, { answers: { '/featheredge/worker.js': (_, response) => script(response) } });
    const { page, complaints } = await open(browser, `${url}bare.html`);
    const warmed = () => page.workers()[0].evaluate(() => globalThis.warmed);
    /** The matte of a call right after the load, or once `ready`. */
    const cut = async (ready) => {
      await page.evaluate(async ([path, waits]) => {
        const { Segmenter, fixture, sendable } = await import('/tools.js');
        const picture = await fixture(path);
        const segmenter = await Segmenter.create();
        const segment = async () => (await sendable(await segmenter.segment(picture))).alpha;
        Object.assign(globalThis, { segmenter, segment, early: waits ? undefined : segment() });
      }, [ASTRONAUT, ready !== undefined]);
      await ready?.();
      const alpha = await page.evaluate(() => globalThis.early ?? globalThis.segment());
      const count = await warmed();
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.equal(await warmed(), count, 'none after a call came');
      await page.evaluate(() => segmenter.close());
      await until(() => page.workers().length === 0);
      return { alpha, count };
    };
    // After the last step there is none, which is asked as well.
    const late = await cut(async () => {
      for (let i = 0; (await warmed()) <= SELFIE_STEPS; i++) {
        assert.ok(i < 500, `not all of ${SELFIE_STEPS} steps after 10 s`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    assert.equal(late.count, SELFIE_STEPS + 1);
    stepMs = 20;
    const early = await cut();
    t.diagnostic(`${early.count} steps before a call that came at once`);
    assert.ok(early.count < SELFIE_STEPS, String(early.count));
    assert.equal(early.alpha, late.alpha);
    assert.deepEqual(complaints, []);
  });

  await t.test('it can be created, used and closed again and again, and no worker is left', async () => {
    const lengths = await page.evaluate(async (path) => {
      const { cut } = await import('/tools.js');
      const lengths = [];
      for (let i = 0; i < 5; i++) lengths.push((await cut({ path })).matte.alpha.length);
      return lengths;
    }, ASTRONAUT);
    assert.equal(new Set(lengths).size, 1);
    await until(() => page.workers().length === 0);
  });

  await t.test('calls queue, and two segmenters run side by side', async () => {
    const answers = await page.evaluate(async () => {
      const { Segmenter, fixture, sendable } = await import('/tools.js');
      const [one, two] = await Promise.all([Segmenter.create(), Segmenter.create({ model: 'selfie-landscape' })]);
      const paths = ['images/astronaut.png', 'images/luispedro.jpg', 'images/astronaut.png'];
      const mattes = await Promise.all([one, one, one, two].map(async (segmenter, i) => segmenter.segment(await fixture(paths[i % 3]))));
      one.close();
      two.close();
      return Promise.all(mattes.map(sendable));
    });
    assert.deepEqual(answers.map(({ width }) => width), [512, 300, 512, 512]);
    assert.equal(answers[0].alpha, answers[2].alpha);
    assert.notEqual(answers[0].alpha, answers[3].alpha);
  });

  await t.test('nothing was written to the console, and the policy was kept', () => assert.deepEqual(complaints, []));
});
