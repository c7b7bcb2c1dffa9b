/**
 * The picture's light on the stage: a tiny copy, blurred here once.
 * A CSS blur of that size would be done again for every move of the divider.
 */

const SIDE = 64;
const RADIUS = 7;
const SATURATION = 1.35;

/** @param {HTMLCanvasElement} canvas @param {ImageBitmap} photo */
export function paintAmbient(canvas, photo) {
  canvas.width = canvas.height = SIDE;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }));
  context.imageSmoothingQuality = 'high';
  context.drawImage(photo, 0, 0, SIDE, SIDE);
  const image = context.getImageData(0, 0, SIDE, SIDE);
  let planes = [0, 1, 2].map((channel) => plane(image.data, channel));
  // Three box blurs in each direction come close to a Gaussian.
  for (let pass = 0; pass < 3; pass++) {
    planes = planes.map((values) => blur(blur(values, 1, SIDE), SIDE, 1));
  }
  for (let i = 0; i < SIDE * SIDE; i++) {
    const [r, g, b] = planes.map((values) => values[i]);
    const grey = 0.3 * r + 0.59 * g + 0.11 * b;
    for (const [channel, value] of [r, g, b].entries()) {
      image.data[4 * i + channel] = grey + SATURATION * (value - grey);
    }
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/** @param {Uint8ClampedArray} data @param {number} channel */
function plane(data, channel) {
  return Float32Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i + channel]);
}

/**
 * One box blur along lines; the border's value goes on beyond it.
 *
 * @param {Float32Array} values
 * @param {number} step From one value of a line to the next.
 * @param {number} lineStep From one line to the next.
 */
function blur(values, step, lineStep) {
  const out = new Float32Array(values.length);
  for (let line = 0; line < SIDE; line++) {
    for (let at = 0; at < SIDE; at++) {
      let sum = 0;
      for (let off = -RADIUS; off <= RADIUS; off++) {
        sum += values[line * lineStep + Math.min(SIDE - 1, Math.max(0, at + off)) * step];
      }
      out[line * lineStep + at * step] = sum / (2 * RADIUS + 1);
    }
  }
  return out;
}
