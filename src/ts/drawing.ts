/** What can be drawn of a matte, where the CPU made it: as a bitmap, which the page shows at once. */

import type { Source } from './source.js';
import type { Effect } from './types.js';

/** The effect of a matte on its picture; `cut` makes the picture's pixels its cut-out. */
export async function paint(
  effect: Effect,
  source: Source,
  alpha: Uint8ClampedArray,
  cut: (pixels: Uint8ClampedArray, alpha: Uint8ClampedArray) => void,
): Promise<ImageBitmap> {
  const { width, height } = source;
  const pixels = new Uint8ClampedArray(width * height * 4);
  if (effect === 'matte') {
    const words = new Uint32Array(pixels.buffer);
    for (let i = 0; i < alpha.length; i++) words[i] = alpha[i]! * 0x010101 + 0xff000000;
  } else {
    await source.read(0, 0, width, height, new Uint8Array(pixels.buffer));
    cut(pixels, alpha);
  }
  return createImageBitmap(new ImageData(pixels, width, height));
}
