/** What the smoke runs in other browsers do: the demo's files, the strict policy, each network once. */

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
  return info;
}
