/** What can be drawn of a matte, where the CPU made it: as a bitmap, which the page shows at once. */

import type { DrawEffect } from './protocol.js';
import type { Run } from './run.js';
import type { Source } from './source.js';
import { bytes, keep } from './spare.js';

/** The effect of a matte on its picture; `ground` holds the other picture of the effect `picture`. */
export async function paint(
  run: Run,
  effect: DrawEffect,
  source: Source,
  alpha: Uint8ClampedArray,
  ground: OffscreenCanvasRenderingContext2D | undefined,
): Promise<ImageBitmap> {
  const { width, height } = source;
  const pixels = bytes(width * height * 4);
  if (effect === 'matte') {
    const words = new Uint32Array(pixels.buffer);
    for (let i = 0; i < alpha.length; i++) words[i] = alpha[i]! * 0x010101 + 0xff000000;
  } else {
    await source.read(0, 0, width, height, new Uint8Array(pixels.buffer));
    run.paint(effect, pixels, alpha, ground);
  }
  const bitmap = await createImageBitmap(new ImageData(pixels, width, height));
  keep(pixels.buffer);
  return bitmap;
}
