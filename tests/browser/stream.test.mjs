/** Streams of frames in Chromium, on the CPU and on SwiftShader's GPU: steady, never late, and nothing left open. */

import assert from 'node:assert/strict';

import { CHROMIUM, launch, open } from './lib/chromium.mjs';
import { COUNTING, gpuWorker, launchGpu, openGpu } from './lib/gpu.mjs';
import { ring } from './lib/ring.mjs';
import { host } from './lib/server.mjs';
import { GPU_MATTE } from './lib/tolerance.mjs';
import { HOST, setUp } from './lib/video.mjs';

const ASTRONAUT = 'images/astronaut.png';
const EFFECTS = ['cutout', 'matte', { recolor: { color: '#8a2be2' } }, { background: { blur: 8 } }, { background: { color: '#0a8' } }, { background: { image: 'coffee' } }];

ring('streams', { Chromium: CHROMIUM }, async (t) => {
  const { url } = await host(t, HOST);
  const browser = await launch(t);
  const { page, complaints } = await open(browser, `${url}bare.html`);
  await page.evaluate(setUp, [ASTRONAUT, 'cpu']);
  const closed = async () => assert.deepEqual(await page.evaluate(() => frames.openFrames()), []);

  await t.test('a frame comes out as it would alone, with its timestamp and duration', async () => {
    const rows = await page.evaluate(everyEffect, [EFFECTS, 'images/no-portrait-coffee.png']);
    for (const [i, { effect, mean, ...row }] of rows.entries()) {
      // A canvas rounds what is half transparent once more.
      assert.ok(mean < 0.01, `${effect}: ${mean}`);
      assert.deepEqual(row, { timestamp: 1000 * i, duration: i % 2 ? 33_333 : null, width: 256, height: 256 }, effect);
    }
    await closed();
  });

  await t.test('a still picture flickers less than half as much, and a seek, a size and a cut begin anew', async (t) => {
    const { flicker, anew } = await page.evaluate(steadiness);
    t.diagnostic(`flicker ${flicker.map((value) => value.toFixed(3)).join(' -> ')}`);
    assert.ok(flicker[1] <= flicker[0] / 2, String(flicker));
    const { held, ...begun } = anew;
    assert.ok(held > 0, 'without a reason nothing begins anew');
    assert.deepEqual(begun, { back: 0, gap: 0, size: 0, cut: 0 });
    await closed();
  });

  await t.test('streams and single calls do not mix', async () => {
    assert.deepEqual(await page.evaluate(apart), [0, 0, 0, 0, 0, 0, 0, 0]);
    await closed();
  });

  await t.test('only the newest frame is kept while nobody reads and while one is worked on', async () => {
    assert.deepEqual(await page.evaluate(drop), { unread: [4000], read: [4000, 5000, 8000], left: [] });
    await closed();
  });

  await t.test('closing, aborting, cancelling and failing leave nothing open, and say what happened', async () => {
    const rows = await page.evaluate(endings);
    assert.deepEqual(rows, {
      'closed with a frame': { read: [1000], readable: 'closed', writable: 'closed', left: [] },
      'closed while it waits': { read: [], readable: 'closed', writable: 'closed', left: [] },
      'aborted': { read: [], readable: 'enough', writable: 'enough', left: [] },
      'aborted in the middle': { read: ['enough'], readable: 'enough', writable: 'enough', left: [] },
      'cancelled': { read: [], readable: 'closed', writable: 'enough', left: [] },
      'cancelled in the middle': { read: [undefined], readable: 'closed', writable: 'enough', left: [] },
      'by its signal': { read: ['ABORTED'], readable: 'ABORTED', writable: 'ABORTED', left: [] },
      'by a signal before': { read: [], readable: 'ABORTED', writable: 'ABORTED', left: [] },
      'no frame': { read: [], readable: 'INVALID_INPUT', writable: 'INVALID_INPUT', left: [] },
      'a closed frame': { read: ['INVALID_INPUT'], readable: 'INVALID_INPUT', writable: 'INVALID_INPUT', left: [] },
      'a segmenter that is closed': { read: ['CLOSED'], readable: 'CLOSED', writable: 'CLOSED', left: [] },
    });
  });

  await t.test('bad options are refused at once', async () => {
    const messages = await page.evaluate(() =>
      [{ effect: 'glow' }, { smoothing: 1 }, { of: 'cat' }, null].map((options) => {
        try {
          segmenter.stream(options);
        } catch ({ code, message }) {
          return `${code}: ${message}`;
        }
      }),
    );
    assert.match(messages[0], /^INVALID_INPUT: effect is "glow"/);
    assert.equal(messages[1], 'INVALID_INPUT: smoothing is 1, want true or false');
    assert.match(messages[2], /^INVALID_INPUT: of is "cat"/);
    assert.equal(messages[3], 'INVALID_INPUT: options is null, want an object');
  });

  await t.test('nothing was written to the console, and the policy was kept', () => assert.deepEqual(complaints, []));
});

ring('streams on the GPU', { Chromium: CHROMIUM }, async (t) => {
  const browser = await launchGpu(t);
  if (!browser) return;
  const { page, complaints } = await openGpu(t, browser, { prefix: () => COUNTING, ...HOST });
  await page.evaluate(setUp, [ASTRONAUT, 'gpu']);
  const worker = await gpuWorker(page);

  await t.test('frames are the CPU\'s, in one submission each, with nothing read back', async (t) => {
    await page.evaluate(sequence, 1);
    const before = await worker.evaluate(() => ({ ...counts }));
    const { executor, rows } = await page.evaluate(sequence, 8);
    const after = await worker.evaluate(() => ({ ...counts }));
    assert.equal(executor, 'gpu');
    assert.deepEqual([after.submits - before.submits, after.maps - before.maps], [8, 0]);
    for (const [i, { mean, far }] of rows.entries()) {
      t.diagnostic(`frame ${i}: mean ${mean.toFixed(3)}, far ${(100 * far).toFixed(3)} %`);
      assert.ok(mean <= GPU_MATTE.mean && far <= GPU_MATTE.far, `frame ${i}`);
    }
  });

  await t.test('each kind of effect', async (t) => {
    const rows = await page.evaluate(everyEffect, [EFFECTS, 'images/no-portrait-coffee.png']);
    for (const { effect, mean } of rows) {
      t.diagnostic(`${effect}: mean ${mean.toFixed(3)}`);
      assert.ok(mean <= 0.01, effect);
    }
  });

  await t.test('without islands the CPU paints, and a cut-out keeps its colours', async (t) => {
    const [{ mean }] = await page.evaluate(everyEffect, [['cutout'], 'images/no-portrait-coffee.png', { minIsland: 0.1 }]);
    t.diagnostic(`mean ${mean.toFixed(4)}`);
    assert.ok(mean <= 0.01, String(mean));
  });

  await t.test('a GPU that is lost in the middle: the CPU goes on, anew, and then the GPU', async () => {
    const got = await page.evaluate(lose);
    assert.deepEqual(got, { before: 'gpu', timestamps: [0, 33_000, 66_000, 99_000], lost: 0, held: true, restored: 'gpu', last: 132_000, left: [] });
  });

  await t.test('nothing was written to the console', () => {
    // A frame on its way to a worker that is ended is nobody's to close; the browser collects it, and says so.
    const collected = /A VideoFrame was garbage collected without being closed/;
    assert.deepEqual(complaints.filter((complaint) => !collected.test(complaint)), []);
    assert.ok(complaints.length <= 1, 'one frame was on its way');
  });
});

// What follows runs in the page.

async function everyEffect([effects, coffee, more]) {
  const [shot, ground] = [frames.camera(picture), await createImageBitmap(await tools.fixture(coffee))];
  const rows = [];
  for (const [i, effect] of effects.entries()) {
    const options = { effect: effect.background?.image ? { background: { image: ground } } : effect, ...more };
    const { pass, writer } = frames.ends(segmenter, options);
    const canvas = shot(i);
    const { pixels, ...row } = await pass(frames.frameOf(canvas, 1000 * i, i % 2 && 33_333));
    const { mean } = frames.distance(pixels, await frames.alone(segmenter, canvas, options));
    rows.push({ effect: JSON.stringify(effect), mean, ...row });
    await writer.close();
  }
  return rows;
}

async function steadiness() {
  const options = { effect: 'matte', feather: 0 };
  const shot = frames.camera(picture);
  const [steady, plain] = [frames.ends(segmenter, options), frames.ends(segmenter, { ...options, smoothing: false })];
  const flicker = [0, 0];
  let before;
  for (let i = 0; i < 8; i++) {
    const canvas = shot(i);
    const both = [await plain.pass(frames.frameOf(canvas, 33_000 * i)), await steady.pass(frames.frameOf(canvas, 33_000 * i))];
    if (before) both.forEach(({ pixels }, k) => (flicker[k] += frames.distance(pixels, before[k].pixels).mean));
    before = both;
  }
  const anew = {};
  const small = frames.camera(picture, 200, 160);
  for (const [name, canvas, timestamp] of [
    ['held', shot(20), 300_000],
    ['back', shot(21), 10_000],
    ['gap', shot(22), 5_000_000],
    ['size', small(23), 5_010_000],
    ['cut', small(24, { negative: true }), 5_020_000],
  ]) {
    const { pixels } = await steady.pass(frames.frameOf(canvas, timestamp));
    anew[name] = frames.distance(pixels, await frames.alone(segmenter, canvas, options)).mean;
  }
  await Promise.all([steady, plain].map(({ writer }) => writer.close()));
  return { flicker, anew };
}

async function apart() {
  const options = { effect: 'matte', feather: 0 };
  const shots = [frames.camera(picture), frames.camera(picture, 256, 256, (context) => (context.translate(256, 0), context.scale(-1, 1)))];
  const run = async (mixed) => {
    const streams = shots.map(() => frames.ends(segmenter, options));
    const got = [[], []];
    const frame = async (k, i) => got[k].push((await streams[k].pass(frames.frameOf(shots[k](i), 33_000 * i))).pixels);
    if (mixed) {
      for (let i = 0; i < 4; i++) {
        await Promise.all([frame(0, i), frame(1, i)]);
        await frames.alone(segmenter, picture, options);
      }
    } else {
      for (const k of [0, 1]) for (let i = 0; i < 4; i++) await frame(k, i);
    }
    await Promise.all(streams.map(({ writer }) => writer.close()));
    return got.flat();
  };
  const [one, other] = [await run(false), await run(true)];
  return one.map((pixels, i) => frames.distance(pixels, other[i]).mean);
}

async function drop() {
  const shot = frames.camera(picture);
  const { reader, writer } = frames.ends(segmenter, {});
  const write = (i) => writer.write(frames.frameOf(shot(i), 1000 * i));
  for (const i of [1, 2, 3, 4]) await write(i);
  const unread = frames.openFrames();
  const read = [];
  const next = async () => {
    const { value } = await reader.read();
    read.push(value.timestamp);
    value.close();
  };
  await next();
  const reading = next();
  for (const i of [5, 6, 7, 8]) await write(i);
  await reading;
  await next();
  await writer.close();
  return { unread, read, left: frames.openFrames() };
}

async function endings() {
  const shot = frames.camera(picture);
  const rows = {};
  const end = async (name, act, { of = segmenter, ...options } = {}) => {
    const { reader, writer } = frames.ends(of, options);
    const how = (promise) => promise.then(() => 'closed', (error) => error?.code ?? error);
    const ended = [how(reader.closed), how(writer.closed)];
    const reading = [];
    await act({
      write: (i) => writer.write(frames.frameOf(shot(i), 1000 * i)),
      read: () => void reading.push(reader.read().then(({ value }) => (value?.close(), value?.timestamp), (error) => error.code ?? error)),
      reader,
      writer,
    });
    const read = await Promise.all(reading);
    const [readable, writable] = await Promise.all(ended);
    // What was under way is given back a moment later.
    for (let i = 0; i < 200 && frames.openFrames().length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 20));
    rows[name] = { read, readable, writable, left: frames.openFrames() };
  };
  await end('closed with a frame', async ({ write, read, writer }) => (await write(1), await writer.close(), read()));
  await end('closed while it waits', async ({ writer }) => writer.close());
  await end('aborted', async ({ write, writer }) => (await write(1), await writer.abort('enough')));
  await end('aborted in the middle', async ({ write, read, writer }) => (read(), await write(1), await write(2), await writer.abort('enough')));
  await end('cancelled', async ({ write, reader }) => (await write(1), await reader.cancel('enough')));
  await end('cancelled in the middle', async ({ write, read, reader }) => (read(), await write(1), await write(2), await reader.cancel('enough')));
  const controller = new AbortController();
  await end('by its signal', async ({ write, read }) => (read(), await write(1), await write(2), controller.abort()), { signal: controller.signal });
  await end('by a signal before', async () => {}, { signal: AbortSignal.abort() });
  await end('no frame', async ({ writer }) => writer.write({}).catch(() => {}));
  await end('a closed frame', async ({ read, writer }) => {
    const frame = frames.frameOf(shot(1), 0);
    frame.close();
    read();
    await writer.write(frame).catch(() => {});
  });
  const other = await tools.Segmenter.create({ executor: 'cpu' });
  await end('a segmenter that is closed', async ({ write, read }) => (read(), await write(1), other.close()), { of: other });
  return rows;
}

/** The same frames in a stream of this segmenter and in one of the CPU's: how far they are apart. */
async function sequence(count) {
  const options = { effect: 'matte' };
  const cpu = await tools.Segmenter.create({ model: 'multiclass', executor: 'cpu' });
  const shot = frames.camera(picture);
  const [one, other] = [frames.ends(segmenter, options), frames.ends(cpu, options)];
  const rows = [];
  for (let i = 0; i < count; i++) {
    const canvas = shot(i, { negative: i === 5 });
    const both = [await one.pass(frames.frameOf(canvas, 33_000 * i)), await other.pass(frames.frameOf(canvas, 33_000 * i))];
    rows.push(frames.distance(both[0].pixels, both[1].pixels));
  }
  await Promise.all([one, other].map(({ writer }) => writer.close()));
  cpu.close();
  return { executor: segmenter.info.executor, rows };
}

async function lose() {
  const options = { effect: 'matte', feather: 0 };
  const cpu = await tools.Segmenter.create({ model: 'multiclass', executor: 'cpu' });
  const shot = frames.camera(picture);
  const { pass, writer } = frames.ends(segmenter, options);
  const next = (i) => pass(frames.frameOf(shot(i), 33_000 * i));
  const before = segmenter.info.executor;
  const got = [await next(0), await next(1)];
  segmenter.simulateDeviceLoss();
  got.push(await next(2));
  const lost = frames.distance(got[2].pixels, await frames.alone(cpu, shot(2), options)).mean;
  got.push(await next(3));
  const held = frames.distance(got[3].pixels, await frames.alone(cpu, shot(3), options)).mean > 0;
  while (segmenter.info.executor !== 'gpu') await new Promise((resolve) => setTimeout(resolve, 20));
  const { timestamp: last } = await next(4);
  await writer.close();
  cpu.close();
  return { before, timestamps: got.map(({ timestamp }) => timestamp), lost, held, restored: segmenter.info.executor, last, left: frames.openFrames() };
}
