/** What the smoke runs in other browsers do: the demo's files, the strict policy, each network and each of the page's views once. */

import assert from 'node:assert/strict';

import { assertAlike, assertShows, nativeMatte, received } from './matte.mjs';
import { fixture } from './paths.mjs';
import { host } from './server.mjs';
import { JPEG, SAME_PIXELS } from './tolerance.mjs';

const ROWS = [
  { path: 'images/astronaut.png', create: { model: 'selfie' }, segment: { of: 'person' }, tolerance: SAME_PIXELS },
  { path: 'images/grace-hopper.jpg', create: { model: 'selfie' }, segment: { of: 'person', intensity: 1 }, tolerance: JPEG },
  { path: 'images/luispedro.jpg', create: { model: 'multiclass' }, segment: { of: 'hair' }, tolerance: JPEG },
];

/**
 * @param {(t: import('node:test').TestContext, url: string) => Promise<(body: Function, argument?: unknown) => Promise<any>>} open
 *   opens a page and returns what can ask it
 * @returns what the segmenter said of itself
 */
export async function smoke(t, open) {
  const { url } = await host(t);
  const ask = await open(t, `${url}bare.html`);
  t.diagnostic(await ask(async () => navigator.userAgent));
  assert.equal(await ask(async () => crossOriginIsolated), false);
  let info;
  for (const row of ROWS) {
    const { path, create, segment, tolerance } = row;
    await t.test(`${path}: ${segment.of}`, async (t) => {
      const answer = await ask(async (row) => (await import('/tools.js')).cut(row), row);
      info = answer.info;
      t.diagnostic(`${info.reason} ${Object.entries(answer.matte.timings).map(([name, ms]) => `${name} ${ms.toFixed(0)}`).join(', ')}`);
      assert.equal(info.worker, true, info.reason);
      const options = ['--model', create.model, '--of', segment.of, '--intensity', String(segment.intensity ?? 0)];
      const got = received(answer.matte);
      assertShows(path, got);
      assertAlike(t, `${path} ${segment.of}`, got, nativeMatte(fixture(path), options), tolerance);
    });
  }
  await t.test('the demo page shows each view, and gives the same to download', async (t) => {
    const ask = await open(t, url);
    const rows = await ask(views);
    t.diagnostic(JSON.stringify(rows));
    for (const { view, state, stage, size, file } of rows) {
      assert.deepEqual([state, size], ['done', [512, 512]], view);
      // Shown a little smaller than it is.
      stage.forEach((mean, c) => assert.ok(Math.abs(mean - file[c]) < 3, `${view}: mean ${stage} on the stage, ${file} in the file`));
    }
    const { alpha } = nativeMatte(fixture('images/astronaut.png'));
    const mean = alpha.reduce((sum, value) => sum + value, 0) / alpha.length;
    const matte = rows.find(({ view }) => view === 'matte').file;
    assert.ok(Math.abs(matte[0] - mean) < 0.5, `mean ${matte[0]}, want ${mean}`);
    assert.equal(new Set(rows.map(({ file }) => file.map(Math.round).join())).size, rows.length);
  });
  return info;
}

/** In the demo page: each view's state, and the mean of each channel on the stage and in the file that it gives to download. */
async function views() {
  const until = async (check) => {
    for (let turns = 0; !check() && turns < 1200; turns++) await new Promise((resolve) => setTimeout(resolve, 50));
    return check();
  };
  const means = (image) => {
    const { width, height } = image;
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    return [0, 1, 2, 3].map((c) => data.reduce((sum, value, i) => (i % 4 === c ? sum + value : sum), 0) / (width * height));
  };
  // The policy lets no script read an address of a blob again, and nothing here takes a download.
  let saved;
  const { createObjectURL } = URL;
  URL.createObjectURL = (blob) => createObjectURL.call(URL, (saved = blob));
  HTMLAnchorElement.prototype.click = () => {};
  const rest = () => until(() => ['done', 'error'].includes(document.body.dataset.state) && document.body.dataset.state);
  await rest();
  const rows = [];
  for (const view of ['cutout', 'blur', 'color', 'scene', 'recolor', 'matte']) {
    document.querySelector(`[data-testid=view-${view}]`).click();
    const state = await rest();
    saved = undefined;
    document.querySelector('#download').click();
    await until(() => saved);
    const file = await createImageBitmap(saved);
    rows.push({ view, state, stage: means(document.querySelector('#result')), size: [file.width, file.height], file: means(file) });
  }
  return rows;
}
