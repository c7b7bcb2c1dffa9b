/**
 * What is on show as a PNG of the picture's own size, painted by the library from the file and its matte.
 * It is made of pixels alone, so nothing that the camera wrote into the file comes along.
 */

import { drawingOf } from './effects.js';
import { draw } from './painter.js';
import { greyPng } from './png.js';

/** @typedef {import('./picture.js').Picture} Picture */
/** @typedef {import('./effects.js').Look} Look */
/** @typedef {import('../../src/ts/index.js').Matte} Matte */

/** @type {Record<import('./effects.js').View, string>} */
const SUFFIX = { cutout: 'cutout', blur: 'blurred', color: 'on-colour', scene: 'in-scene', recolor: 'recoloured', matte: 'matte' };

/** @param {Picture} picture @param {Matte} matte @param {Look} look */
export async function exportPng(picture, matte, look) {
  const blob = look.view === 'matte' ? await greyPng(matte) : await paintPng(picture, matte, look);
  const stem = picture.name.replace(/\.[^.]*$/, '') || 'picture';
  save(blob, `${stem}-${SUFFIX[look.view]}.png`);
}

async function paintPng(
  /** @type {Picture} */ picture,
  /** @type {Matte} */ matte,
  /** @type {Look} */ look,
) {
  const canvas = document.createElement('canvas');
  // The library then draws on it in the way that every browser writes files from.
  canvas.getContext('2d', { willReadFrequently: true });
  await draw(picture.blob, canvas, { ...drawingOf(look, matte, true), matte });
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error(`This browser cannot write a picture of ${matte.width} x ${matte.height}.`);
  return /** @type {Blob} */ (blob);
}

/** @param {Blob} blob @param {string} name */
function save(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser reads the address after this call returns; a minute is ample.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
