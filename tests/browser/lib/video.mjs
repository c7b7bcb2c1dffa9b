/** Pages that make videos and frames, and show them by a segmenter. */

import { readFileSync } from 'node:fs';

import { send } from './server.mjs';

/** How such a page is served: with `frames.js`, and allowed to show what it records. */
export const HOST = {
  answers: { '/frames.js': (_, response) => send(response, 'text/javascript', readFileSync(new URL('frames.js', import.meta.url))) },
  policy: { 'media-src': "'self' blob:" },
};

/** Runs in the page: its globals `tools`, `frames`, `picture` and `segmenter`. */
export async function setUp([path, executor]) {
  Object.assign(globalThis, { tools: await import('/tools.js'), frames: await import('/frames.js') });
  globalThis.picture = await createImageBitmap(await tools.fixture(path));
  globalThis.segmenter = await tools.Segmenter.create({ model: 'multiclass', executor });
}
