/** Another picture as a ground, drawn by the browser, which reduces and turns pictures well, and decodes them anyway. */

import { SegmentError } from './error.js';
import { type PictureSize, openDrawable, sizeOf } from './pixels.js';
import type { Ground } from './protocol.js';

/** Draws `ground` for a picture of `width` x `height`. `read`: what is drawn is read here. */
export async function drawGround(
  { picture, fit, color }: Ground,
  [width, height]: [number, number],
  read: boolean,
  maxPixels: number,
  pictureSize: PictureSize,
): Promise<OffscreenCanvasRenderingContext2D> {
  const context = typeof OffscreenCanvas === 'function' ? new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: read }) : null;
  if (!context) throw new SegmentError('UNSUPPORTED_BROWSER', 'this browser has no OffscreenCanvas with a 2d context');
  const image = await openDrawable(picture, maxPixels, pictureSize);
  const size = sizeOf(image);
  const scale = (fit === 'cover' ? Math.max : Math.min)(width / size[0], height / size[1]);
  const [w, h] = [size[0] * scale, size[1] * scale];
  if (color !== undefined) {
    context.fillStyle = color;
    context.fillRect(0, 0, width, height);
  }
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, (width - w) / 2, (height - h) / 2, w, h);
  image.close();
  return context;
}
