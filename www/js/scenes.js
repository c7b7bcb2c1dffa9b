/** Pictures to put behind the subject: some that are painted here, out of focus as behind a portrait, and the visitor's own. */

/**
 * @typedef {object} Scene
 * @property {string} name
 * @property {Blob | ImageBitmap} whole
 * @property {ImageBitmap} small The same, of about the stage's size.
 */

const WIDTH = 1600;
const HEIGHT = 1200;

/** @typedef {OffscreenCanvasRenderingContext2D} Context */

/** @type {Record<string, (context: Context) => void>} */
const PAINTINGS = {
  Studio(context) {
    glow(context, '#7f776d', [['#efe9df', 0], ['#cbc2b5', 0.45], ['#7f776d', 1]], 0.5, 0.4, 0.85);
  },
  Dusk(context) {
    fall(context, ['#31406f', '#6d6296', '#c98389', '#f1ad7c', '#f9d79c']);
    glow(context, '', [['#fff0c4e6', 0], ['#ffd89a80', 0.25], ['#ffc98000', 1]], 0.74, 0.86, 0.5);
  },
  Garden(context) {
    fall(context, ['#dfe8b4', '#9dbb72', '#5d8852', '#31563f']);
    lights(context, 5, 90, ['#f6f7c4', '#cfe39a', '#8fbf7a'], [0, 0.75], [40, 130], 0.2);
  },
  City(context) {
    fall(context, ['#0b1020', '#1a2340', '#2c2a46', '#141526']);
    lights(context, 11, 70, ['#ffd08a', '#ff9d5c', '#ffe6c0', '#7fa8ff', '#ff6f6f'], [0.25, 0.85], [26, 84], 0.42);
  },
};

export const NAMES = Object.keys(PAINTINGS);

/** @type {Map<string, Scene>} */
const painted = new Map();

/** A painted scene, the same each time. @param {string} name @returns {Scene} */
export function paintedScene(name) {
  let scene = painted.get(name);
  if (!scene) {
    const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
    const context = /** @type {Context} */ (canvas.getContext('2d', { alpha: false, willReadFrequently: true }));
    PAINTINGS[name](context);
    grain(context);
    const small = canvas.transferToImageBitmap();
    scene = { name, whole: small, small };
    painted.set(name, scene);
  }
  return scene;
}

/** From top to bottom. @param {Context} context @param {string[]} colors */
function fall(context, colors) {
  const gradient = context.createLinearGradient(0, 0, 0, HEIGHT);
  colors.forEach((color, i) => gradient.addColorStop(i / (colors.length - 1), color));
  fill(context, gradient);
}

/**
 * A light at `x`, `y`, shares of the width and the height, as wide as `radius` times the width.
 *
 * @param {Context} context
 * @param {string} under What lies under it, if anything.
 * @param {[string, number][]} stops
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
function glow(context, under, stops, x, y, radius) {
  if (under) fill(context, under);
  const gradient = context.createRadialGradient(x * WIDTH, y * HEIGHT, 0, x * WIDTH, y * HEIGHT, radius * WIDTH);
  for (const [color, at] of stops) gradient.addColorStop(at, color);
  fill(context, gradient);
}

/**
 * Points of light, far out of focus.
 *
 * @param {Context} context
 * @param {number} seed
 * @param {number} count
 * @param {string[]} colors
 * @param {[number, number]} band The rows they lie in, shares of the height.
 * @param {[number, number]} size The least and the largest radius.
 * @param {number} strength
 */
function lights(context, seed, count, colors, band, size, strength) {
  const random = generator(seed);
  const between = (/** @type {[number, number]} */ [low, high]) => low + (high - low) * random();
  context.globalCompositeOperation = 'screen';
  for (let i = 0; i < count; i++) {
    const [x, y, radius] = [random() * WIDTH, between(band) * HEIGHT, between(size)];
    const color = colors[Math.floor(random() * colors.length)];
    const gradient = context.createRadialGradient(x, y, 0, x, y, radius);
    gradient.addColorStop(0, `${color}c0`);
    gradient.addColorStop(0.86, color);
    gradient.addColorStop(1, `${color}00`);
    context.globalAlpha = strength * (0.25 + 0.75 * random());
    context.fillStyle = gradient;
    context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
  }
  context.globalAlpha = 1;
  context.globalCompositeOperation = 'source-over';
}

/** Too fine to be seen; without it, slow gradients show steps. @param {Context} context */
function grain(context) {
  const random = generator(3);
  const image = context.getImageData(0, 0, WIDTH, HEIGHT);
  const { data } = image;
  for (let i = 0; i < data.length; i += 4) {
    const off = 3 * random() - 1.5;
    for (let c = 0; c < 3; c++) data[i + c] += off;
  }
  context.putImageData(image, 0, 0);
}

/** @param {Context} context @param {string | CanvasGradient} style */
function fill(context, style) {
  context.fillStyle = style;
  context.fillRect(0, 0, WIDTH, HEIGHT);
}

/** Numbers from 0 to 1 that are the same on every visit. @param {number} seed */
function generator(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}
