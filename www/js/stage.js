/** Shows a picture and, on `canvas`, what was made of it. */

import { paintAmbient } from './ambient.js';
import { makeCompare } from './compare.js';
import { LEAST_COVERAGE } from './matte.js';
import { part } from './page.js';

/** @typedef {import('./picture.js').Picture} Picture */
/** @typedef {import('./matte.js').Cut} Cut */
/** @typedef {import('./effects.js').View} View */

const frame = part('frame');
const before = /** @type {HTMLCanvasElement} */ (part('before'));
/** The library draws on it. */
export const canvas = /** @type {HTMLCanvasElement} */ (part('result'));
const compare = makeCompare(frame, part('split'));

/** @type {Record<View, string>} */
const TITLES = { cutout: 'Cut-out', blur: 'Blurred', color: 'On colour', scene: 'In a scene', recolor: 'Recoloured', matte: 'Matte' };

/** Device pixels that a picture may take here. */
export function room() {
  const box = /** @type {HTMLElement} */ (frame.parentElement);
  const density = Math.min(2, devicePixelRatio || 1);
  return {
    width: Math.max(480, box.clientWidth) * density,
    height: Math.max(480, box.clientHeight) * density,
  };
}

/** The picture alone, until a result joins it. @param {Picture} picture */
export function showPicture(picture) {
  const { photo } = picture;
  part('welcome').hidden = true;
  frame.hidden = false;
  frame.style.setProperty('--ratio', String(picture.width / picture.height));
  copy(photo, before);
  before.setAttribute('aria-label', `Original picture, ${picture.name}`);
  delete frame.dataset.result;
  part('nothing').hidden = true;
  paintAmbient(/** @type {HTMLCanvasElement} */ (part('ambient')), photo);
}

/** What the canvas holds now. @param {Picture} picture @param {Cut} cut @param {View} view */
export function showResult(picture, cut, view) {
  const title = TITLES[view];
  part('tag').textContent = title;
  canvas.setAttribute('aria-label', `${title}, ${picture.name}`);
  frame.dataset.view = view;
  const first = !('result' in frame.dataset);
  const nothing = cut.coverage < LEAST_COVERAGE;
  part('nothing').hidden = !nothing;
  if (nothing) delete frame.dataset.result;
  else frame.dataset.result = '';
  if (first && !nothing) compare.reveal();
}

/** @param {boolean} on */
export function setCompare(on) {
  part('compare').setAttribute('aria-pressed', String(on));
  if (on) frame.dataset.compare = '';
  else delete frame.dataset.compare;
}

/** @param {ImageBitmap} from @param {HTMLCanvasElement} to */
function copy(from, to) {
  to.width = from.width;
  to.height = from.height;
  to.getContext('2d')?.drawImage(from, 0, 0);
}
