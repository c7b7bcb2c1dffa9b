/** A captured picture to straight RGBA, on the running thread; a file's header is judged before it is decoded. */

import { SegmentError, foreignPicture, messageOf } from './error.js';
import { checkSize } from './limits.js';
import type { Captured, Pixels } from './protocol.js';

/** Width and height from the first bytes of a file; `undefined` if they do not hold them. */
export type PictureSize = (head: Uint8Array) => { width: number; height: number } | undefined;

/** How much of a file is read to find its size: nearly always the first is enough. */
const HEAD_BYTES = [64 << 10, 1 << 20, 16 << 20];

export async function readPixels(picture: Captured, maxPixels: number, pictureSize: PictureSize): Promise<Pixels> {
  if (picture.kind === 'pixels') return picture.pixels;
  const bitmap = picture.kind === 'bitmap' ? picture.bitmap : await decode(picture.blob, maxPixels, pictureSize);
  try {
    // A header can lie, or speak of a thumbnail.
    checkSize(bitmap.width, bitmap.height, maxPixels);
    return draw(bitmap);
  } finally {
    bitmap.close();
  }
}

async function decode(blob: Blob, maxPixels: number, pictureSize: PictureSize): Promise<ImageBitmap> {
  await checkHeader(blob, maxPixels, pictureSize);
  try {
    // Orientation from EXIF is honoured by default.
    return await createImageBitmap(blob);
  } catch (cause) {
    const type = blob.type === '' ? '' : ` (${blob.type})`;
    throw new SegmentError('UNSUPPORTED_PICTURE', `this browser cannot decode the picture${type}: ${messageOf(cause)}`, { cause });
  }
}

/** Refuses a file whose header says that it is too large, or that is no picture. */
export async function checkHeader(blob: Blob, maxPixels: number, pictureSize: PictureSize): Promise<void> {
  for (const bytes of HEAD_BYTES) {
    const size = pictureSize(await readHead(blob, bytes));
    if (size) return checkSize(size.width, size.height, maxPixels);
    if (bytes >= blob.size) throw new SegmentError('UNSUPPORTED_PICTURE', `picture ends after ${blob.size} bytes, within its header`);
  }
  throw new SegmentError('UNSUPPORTED_PICTURE', `picture does not say its size in its first ${HEAD_BYTES.at(-1)} bytes`);
}

async function readHead(blob: Blob, bytes: number): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.slice(0, bytes).arrayBuffer());
  } catch (cause) {
    // A file that was moved or changed after it was picked.
    throw new SegmentError('UNSUPPORTED_PICTURE', `picture file cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function draw(bitmap: ImageBitmap): Pixels {
  const { width, height } = bitmap;
  const context =
    typeof OffscreenCanvas === 'function'
      ? new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
      : null;
  if (!context) throw new SegmentError('UNSUPPORTED_BROWSER', 'this browser has no OffscreenCanvas with a 2d context');
  context.drawImage(bitmap, 0, 0);
  try {
    return { width, height, data: context.getImageData(0, 0, width, height).data as Pixels['data'] };
  } catch (cause) {
    throw cause instanceof DOMException && cause.name === 'SecurityError' ? foreignPicture(cause) : cause;
  }
}
