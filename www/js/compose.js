/**
 * Photo and matte to a view, with the canvas's own compositing: no loop over pixels.
 * The same steps serve the display and, band by band, the full-size download.
 */

/** @typedef {'cutout' | 'color' | 'recolor' | 'matte'} View */

/**
 * @typedef {object} Paint
 * @property {View} view
 * @property {string} [color] Background of `color`, new hair colour of `recolor`.
 * @property {number} [strength] Of the new hair colour, 0 to 1.
 * @property {number} [gain] Factor on the hair's brightness before it is coloured.
 */

/**
 * Draws a view. The ground is left transparent: the page shows it behind the canvas, `withGround` fills it.
 *
 * @param {HTMLCanvasElement} target Takes the photo's size.
 * @param {HTMLCanvasElement} photo
 * @param {HTMLCanvasElement} mask The matte as alpha.
 * @param {Paint} paint
 */
export function compose(target, photo, mask, paint) {
  const context = blank(target, photo);
  if (paint.view === 'recolor') {
    const dyed = document.createElement('canvas');
    dye(blank(dyed, photo), photo, mask, paint);
    context.drawImage(photo, 0, 0);
    context.globalAlpha = paint.strength ?? 1;
    context.drawImage(dyed, 0, 0);
    return;
  }
  context.drawImage(mask, 0, 0, photo.width, photo.height);
  context.globalCompositeOperation = 'source-in';
  if (paint.view === 'matte') fill(context, '#fff');
  else context.drawImage(photo, 0, 0);
}

/** Fills what a view left transparent. @param {HTMLCanvasElement} target @param {string} color */
export function withGround(target, color) {
  const context = /** @type {CanvasRenderingContext2D} */ (target.getContext('2d'));
  context.globalCompositeOperation = 'destination-over';
  fill(context, color);
}

/**
 * How much the hair must brighten or darken to meet a colour: part of the way only,
 * so that light and shade in the hair stay.
 *
 * @param {HTMLCanvasElement} photo
 * @param {HTMLCanvasElement} mask
 * @param {string} color
 */
export function gainFor(photo, mask, color) {
  const { brightness, weight } = meanBrightness(photo, mask);
  if (weight === 0) return 1;
  const wanted = brightnessOf(color);
  const ratio = (wanted + 0.06) / (brightness + 0.06);
  // Darkening can go nearly all the way; brightening by as much would burn the highlights out.
  return Math.min(2.1, Math.max(0.35, ratio ** (ratio < 1 ? 0.9 : 0.6)));
}

/**
 * The hair in its new colour: brightness is scaled, hue and saturation are replaced, the matte cuts it out.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {HTMLCanvasElement} photo
 * @param {HTMLCanvasElement} mask
 * @param {Paint} paint
 */
function dye(context, photo, mask, { color = '#000', gain = 1 }) {
  context.drawImage(photo, 0, 0);
  // Dodging with a grey divides by what is left of white; multiplying with one scales down.
  context.globalCompositeOperation = gain > 1 ? 'color-dodge' : 'multiply';
  fill(context, grey(gain > 1 ? 1 - 1 / gain : gain));
  context.globalCompositeOperation = 'color';
  context.globalAlpha = 0.92;
  fill(context, color);
  context.globalAlpha = 1;
  context.globalCompositeOperation = 'destination-in';
  context.drawImage(mask, 0, 0, photo.width, photo.height);
}

/** @param {HTMLCanvasElement} canvas @param {HTMLCanvasElement} like */
function blank(canvas, like) {
  canvas.width = like.width;
  canvas.height = like.height;
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
}

/** @param {CanvasRenderingContext2D} context @param {string} color */
function fill(context, color) {
  context.fillStyle = color;
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
}

/** @param {number} value 0 to 1 */
function grey(value) {
  const level = Math.round(255 * value);
  return `rgb(${level} ${level} ${level})`;
}

/** The matte's weighted mean brightness, from a small copy. */
function meanBrightness(/** @type {HTMLCanvasElement} */ photo, /** @type {HTMLCanvasElement} */ mask) {
  const side = 96;
  const small = new OffscreenCanvas(side, side);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
    small.getContext('2d', { willReadFrequently: true })
  );
  context.drawImage(photo, 0, 0, side, side);
  context.globalCompositeOperation = 'destination-in';
  context.drawImage(mask, 0, 0, side, side);
  const { data } = context.getImageData(0, 0, side, side);
  let sum = 0;
  let weight = 0;
  for (let i = 0; i < data.length; i += 4) {
    sum += data[i + 3] * luminosity(data[i], data[i + 1], data[i + 2]);
    weight += data[i + 3];
  }
  return { brightness: weight ? sum / weight : 0, weight };
}

/** @param {string} color As `#rrggbb`. */
function brightnessOf(color) {
  const value = parseInt(color.slice(1), 16);
  return luminosity(value >> 16, (value >> 8) & 255, value & 255);
}

/** As the canvas's `color` blending weighs the channels. */
function luminosity(/** @type {number} */ r, /** @type {number} */ g, /** @type {number} */ b) {
  return (0.3 * r + 0.59 * g + 0.11 * b) / 255;
}
