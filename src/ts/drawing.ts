/** What can be drawn of a matte, where the CPU made it: as a bitmap, which the page shows at once. */

import type { Source } from './source.js';
import type { Effect } from './types.js';

/** The effect of a matte on its picture. */
export async function paint(effect: Effect, source: Source, alpha: Uint8ClampedArray): Promise<ImageBitmap> {
  const { width, height } = source;
  const pixels = new Uint8ClampedArray(width * height * 4);
  if (effect === 'matte') {
    const words = new Uint32Array(pixels.buffer);
    for (let i = 0; i < alpha.length; i++) words[i] = alpha[i]! * 0x010101 + 0xff000000;
  } else {
    await source.read(0, 0, width, height, new Uint8Array(pixels.buffer));
    cut(pixels, alpha, source);
  }
  return createImageBitmap(new ImageData(pixels, width, height));
}

/** The same as `effects/cutout.rs`: colours stay, alphas multiply. */
function cut(pixels: Uint8ClampedArray, alpha: Uint8ClampedArray, { swapped, premultiplied }: Source): void {
  for (let i = 0; i < alpha.length; i++) {
    const at = 4 * i;
    const own = pixels[at + 3]!;
    if (swapped) [pixels[at], pixels[at + 2]] = [pixels[at + 2]!, pixels[at]!];
    if (premultiplied && own < 255 && own > 0) for (let c = at; c < at + 3; c++) pixels[c] = (pixels[c]! * 255) / own;
    pixels[at + 3] = (own * alpha[i]!) / 255;
  }
}
