/** A captured picture as something to read pixels from, on the running thread; a file's header is judged before it is decoded. */

import { SegmentError, messageOf } from './error.js';
import { frameOf } from './frames.js';
import { checkSize } from './limits.js';
import type { Captured } from './protocol.js';
import { type Source, bitmapSource, frameSource, pixelSource } from './source.js';

/** Width and height from the first bytes of a file; `undefined` if they do not hold them. */
export type PictureSize = (head: Uint8Array) => { width: number; height: number } | undefined;

/** How much of a file is read to find its size: nearly always the first is enough. */
const HEAD_BYTES = [64 << 10, 1 << 20, 16 << 20];

/** A picture that can be read. */
export interface Opened {
  source: Source;
  /** Gives back the memory of what was decoded here. */
  close(): void;
}

export async function openPicture(picture: Captured, maxPixels: number, pictureSize: PictureSize): Promise<Opened> {
  switch (picture.kind) {
    case 'pixels':
      return { source: pixelSource(picture.pixels), close() {} };
    case 'frame':
      return { source: frameSource(picture.frame), close() {} };
    case 'bitmap':
      return { source: bitmapSource(picture.bitmap), close() {} };
    case 'blob':
      return openBitmap(await decode(picture.blob, maxPixels, pictureSize), maxPixels);
  }
}

async function openBitmap(bitmap: ImageBitmap, maxPixels: number): Promise<Opened> {
  try {
    // A header can lie, or speak of a thumbnail.
    checkSize(bitmap.width, bitmap.height, maxPixels);
    const frame = await frameOf(bitmap, true);
    if (!frame) return { source: bitmapSource(bitmap), close: () => bitmap.close() };
    bitmap.close();
    return { source: frameSource(frame), close: () => frame.close() };
  } catch (error) {
    bitmap.close();
    throw error;
  }
}

/** The picture as something that canvases and GPUs can take by themselves. */
export async function openDrawable(picture: Captured, maxPixels: number, pictureSize: PictureSize): Promise<ImageBitmap | VideoFrame> {
  switch (picture.kind) {
    case 'frame':
      return picture.frame;
    case 'bitmap':
      return picture.bitmap;
    case 'pixels': {
      const { data, width, height } = picture.pixels;
      // The very bytes: what is transparent keeps its colours.
      return createImageBitmap(new ImageData(data, width, height), { premultiplyAlpha: 'none', colorSpaceConversion: 'none' });
    }
    case 'blob': {
      const bitmap = await decode(picture.blob, maxPixels, pictureSize);
      checkSize(bitmap.width, bitmap.height, maxPixels);
      return bitmap;
    }
  }
}

export function sizeOf(picture: ImageBitmap | VideoFrame): [number, number] {
  return 'displayWidth' in picture ? [picture.displayWidth, picture.displayHeight] : [picture.width, picture.height];
}

/** A file as a bitmap, once its header was found fit. */
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
