/** How large a picture may be. The same limits as in `pixels/size.rs`; a test compares them. */

import { SegmentError } from './error.js';

/** The most pixels a picture may have: 50 million, which is 200 MB once decoded. */
export const MAX_PIXELS = 50_000_000;

/** The longest side a picture may have: what browsers' canvases hold. */
export const MAX_SIDE = 16_384;

/** Refuses an empty picture and one above `maxPixels` or `MAX_SIDE`. */
export function checkSize(width: number, height: number, maxPixels: number): void {
  if (!(width > 0 && height > 0)) {
    throw new SegmentError('INVALID_INPUT', `picture is ${width}x${height}, want both sides above 0`);
  }
  const pixels = width * height;
  if (pixels > maxPixels || width > MAX_SIDE || height > MAX_SIDE) {
    throw new SegmentError(
      'PICTURE_TOO_LARGE',
      `picture is ${width}x${height} = ${pixels} pixels, want at most ${maxPixels} pixels and sides of at most ${MAX_SIDE}`,
    );
  }
}
