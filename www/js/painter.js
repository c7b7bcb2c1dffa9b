/** Has the library paint what is on show, from the matte that is there: no network runs, so sliders move freely. */

import { drawingOf } from './effects.js';
import { LEAST_COVERAGE } from './matte.js';
import * as models from './models.js';
import { newest } from './newest.js';
import * as stage from './stage.js';

/** @typedef {import('./picture.js').Picture} Picture */
/** @typedef {import('./matte.js').Cut} Cut */
/** @typedef {import('./effects.js').Look} Look */

/**
 * @typedef {object} Wish
 * @property {Picture} picture
 * @property {Cut} cut
 * @property {Look} look
 * @property {AbortSignal} signal Aborted when another picture comes.
 */

/** Puts a look on the stage. */
export const paint = newest(async (/** @type {Wish} */ { picture, cut, look, signal }) => {
  if (signal.aborted) return;
  const { photo } = picture;
  try {
    if (cut.coverage >= LEAST_COVERAGE) await draw(photo, stage.canvas, { ...drawingOf(look, photo, false), matte: cut.small, signal });
    if (!signal.aborted) stage.showResult(picture, cut, look.view);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
});

/**
 * Any segmenter paints; this one is always there, and is not held up by the large network.
 *
 * @type {import('../../src/ts/index.js').Segmenter['draw']}
 */
export async function draw(picture, canvas, options) {
  const once = async () => (await models.load('selfie')).draw(picture, canvas, options);
  try {
    return await once();
  } catch (error) {
    // Another one has taken its place meanwhile.
    if (/** @type {{ code?: string }} */ (error).code !== 'CLOSED') throw error;
    return once();
  }
}
