/** What each view is to the library: the options of its `draw`, alike for the stage and for a download. */

/** @typedef {'cutout' | 'blur' | 'color' | 'scene' | 'recolor' | 'matte'} View */
/** @typedef {import('./scenes.js').Scene} Scene */
/** @typedef {import('../../src/ts/index.js').DrawOptions} DrawOptions */

/**
 * @typedef {object} Look What the visitor wants to see.
 * @property {View} view
 * @property {number} blur How much, 0 to 1.
 * @property {string} ground The colour behind the subject.
 * @property {Scene} scene The picture behind the subject.
 * @property {string} dye The hair's new colour.
 * @property {number} strength How much of that, 0 to 1.
 * @property {number} lightening How much dark hair is lightened first, 0 to 1.
 */

/** The least and the most blur, as shares of a picture's longer side: what looks the same on any picture. */
const BLUR = [0.003, 0.04];

/** What the library takes, in pixels. */
const BLUR_LIMITS = [1, 256];

/**
 * @param {Look} look
 * @param {{ width: number, height: number }} on What is drawn on.
 * @param {boolean} whole Whether that is the whole picture, and not a smaller copy to look at.
 * @returns {DrawOptions}
 */
export function drawingOf(look, on, whole) {
  switch (look.view) {
    case 'blur':
      return { effect: { background: { blur: blurOf(look.blur, on) } } };
    case 'color':
      return { effect: { background: { color: look.ground } } };
    case 'scene':
      return { effect: { background: { image: whole ? look.scene.whole : look.scene.small } } };
    case 'recolor':
      return { effect: { recolor: { color: look.dye, lightening: look.lightening } }, intensity: look.strength };
    default:
      return { effect: look.view };
  }
}

/** A blur in pixels. Equal steps of `amount` look equal. @param {number} amount @param {{ width: number, height: number }} on */
export function blurOf(amount, { width, height }) {
  const share = BLUR[0] * (BLUR[1] / BLUR[0]) ** amount;
  return Math.min(BLUR_LIMITS[1], Math.max(BLUR_LIMITS[0], share * Math.max(width, height)));
}
