/**
 * The current view as a PNG of the picture's own size.
 * It is made of pixels alone, so nothing that the camera wrote into the file comes along.
 */

import { compose, withGround } from './compose.js';
import { decode } from './picture.js';
import { greyPng } from './png.js';

/** @typedef {import('./picture.js').Picture} Picture */
/** @typedef {import('./compose.js').Paint} Paint */
/** @typedef {import('../../src/ts/index.js').Matte} Matte */

const BAND_ROWS = 512;

const SUFFIX = { cutout: 'cutout', color: 'on-colour', recolor: 'recoloured', matte: 'matte' };

/** @param {Picture} picture @param {Matte} matte @param {Paint} paint */
export async function exportPng(picture, matte, paint) {
  const blob = paint.view === 'matte' ? await greyPng(matte) : await paintPng(picture, matte, paint);
  const stem = picture.name.replace(/\.[^.]*$/, '') || 'picture';
  save(blob, `${stem}-${SUFFIX[paint.view]}.png`);
}

/** Band by band, so that a large picture needs two full-size buffers and not five. */
async function paintPng(
  /** @type {Picture} */ picture,
  /** @type {Matte} */ matte,
  /** @type {Paint} */ paint,
) {
  const bitmap = await decode(picture.blob);
  const [whole, photo, mask, band] = Array.from({ length: 4 }, () => document.createElement('canvas'));
  whole.width = matte.width;
  whole.height = matte.height;
  const target = context(whole);
  for (let top = 0; top < matte.height; top += BAND_ROWS) {
    const rows = Math.min(BAND_ROWS, matte.height - top);
    photo.width = mask.width = matte.width;
    photo.height = mask.height = rows;
    context(photo).drawImage(bitmap, 0, -top);
    context(mask).putImageData(asAlpha(matte, top, rows), 0, 0);
    compose(band, photo, mask, paint);
    if (paint.view === 'color') withGround(band, paint.color ?? '#fff');
    target.drawImage(band, 0, top);
    await new Promise((resolve) => setTimeout(resolve));
  }
  bitmap.close();
  const blob = await new Promise((resolve) => whole.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error(`This browser cannot write a picture of ${matte.width} x ${matte.height}.`);
  return /** @type {Blob} */ (blob);
}

/** @param {HTMLCanvasElement} canvas */
function context(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
}

/** Some rows of a matte as the alpha of a black image. */
function asAlpha(/** @type {Matte} */ matte, /** @type {number} */ top, /** @type {number} */ rows) {
  const image = new ImageData(matte.width, rows);
  const from = top * matte.width;
  for (let i = 0, at = 3; i < matte.width * rows; i++, at += 4) image.data[at] = matte.alpha[from + i];
  return image;
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
