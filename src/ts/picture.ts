/**
 * Any picture of the caller's to one that this library may keep, transfer and close.
 *
 * Everything that can change or close after the call (a canvas, a video, a frame) is copied before
 * `capture` first waits, so that the caller can go on with his at once.
 */

import { NoFrameError, SegmentError, messageOf } from './error.js';
import { frameAtOnce, frameOf } from './frames.js';
import { checkSize } from './limits.js';
import { invalid } from './options.js';
import type { Captured } from './protocol.js';
import { copyOf } from './spare.js';
import type { Picture } from './types.js';

const WANTED =
  'a Blob, ImageBitmap, ImageData, HTMLImageElement, HTMLCanvasElement, OffscreenCanvas, HTMLVideoElement or VideoFrame';

/** `HTMLMediaElement.HAVE_CURRENT_DATA`: from here on a video has a frame to show. */
const HAVE_CURRENT_DATA = 2;

/** Copies `picture`, which errors call by `name`; a blob's size is checked later, where its header is read. */
export async function capture(picture: Picture, maxPixels: number, name = 'picture'): Promise<Captured> {
  // The tag, unlike `instanceof`, also knows objects of another frame and classes that this browser lacks.
  const kind = Object.prototype.toString.call(picture).slice('[object '.length, -1);
  switch (kind) {
    case 'Blob':
    case 'File':
      return { kind: 'blob', blob: picture as Blob };
    case 'ImageData':
      return captureImageData(picture as ImageData, maxPixels);
    case 'HTMLImageElement':
      return captureImage(picture as HTMLImageElement, maxPixels);
    case 'HTMLVideoElement': {
      const video = picture as HTMLVideoElement;
      if (video.readyState < HAVE_CURRENT_DATA) throw new NoFrameError(`readyState is ${video.readyState}`);
      return copy(video, video.videoWidth, video.videoHeight, maxPixels);
    }
    case 'VideoFrame': {
      const frame = picture as VideoFrame;
      if (frame.codedWidth === 0) throw new SegmentError('INVALID_INPUT', 'video frame is closed, want an open one');
      return copy(frame, frame.displayWidth, frame.displayHeight, maxPixels);
    }
    case 'ImageBitmap': {
      const bitmap = picture as ImageBitmap;
      // The only way for a bitmap to have no size is to have been closed or transferred.
      if (bitmap.width === 0) throw new SegmentError('INVALID_INPUT', 'image bitmap is closed or transferred, want an open one');
      checkSize(bitmap.width, bitmap.height, maxPixels);
      // Nothing can change a bitmap, and what shows in the frame stays if it is closed.
      const frame = frameAtOnce(bitmap);
      return frame ? { kind: 'frame', frame } : copy(bitmap, bitmap.width, bitmap.height, maxPixels);
    }
    case 'HTMLCanvasElement':
    case 'OffscreenCanvas': {
      const canvas = picture as HTMLCanvasElement | OffscreenCanvas;
      return copy(canvas, canvas.width, canvas.height, maxPixels);
    }
    default:
      throw invalid(name, picture, WANTED);
  }
}

async function captureImageData(image: ImageData, maxPixels: number): Promise<Captured> {
  const { width, height, data } = image;
  checkSize(width, height, maxPixels);
  if (data.length === 0) throw new SegmentError('INVALID_INPUT', 'image data is transferred away, want its pixels');
  if (data instanceof Uint8ClampedArray && (image.colorSpace ?? 'srgb') === 'srgb') {
    return { kind: 'pixels', pixels: { width, height, data: copyOf(data) } };
  }
  // Wide gamut or float values: the browser converts them when the bitmap is drawn.
  return copy(image, width, height, maxPixels);
}

async function captureImage(image: HTMLImageElement, maxPixels: number): Promise<Captured> {
  if (!image.complete) {
    try {
      await image.decode();
    } catch (cause) {
      throw new SegmentError('UNSUPPORTED_PICTURE', 'image could not be loaded or decoded, want one that shows', { cause });
    }
  }
  if (image.naturalWidth === 0) {
    throw new SegmentError('UNSUPPORTED_PICTURE', 'image is empty, broken or has no size, want one that shows');
  }
  return copy(image, image.naturalWidth, image.naturalHeight, maxPixels);
}

async function copy(source: ImageBitmapSource, width: number, height: number, maxPixels: number): Promise<Captured> {
  checkSize(width, height, maxPixels);
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(source);
  } catch (cause) {
    // A video that starts over may say that it has a frame, and refuse it.
    if ('readyState' in source && (cause as Error).name === 'InvalidStateError') throw new NoFrameError(messageOf(cause), { cause });
    throw new SegmentError('UNSUPPORTED_PICTURE', `picture cannot be read: ${messageOf(cause)}`, { cause });
  }
  // A bitmap of the caller's may hold its colours either way.
  const frame = await frameOf(bitmap, !(source instanceof ImageBitmap));
  if (!frame) return { kind: 'bitmap', bitmap };
  bitmap.close();
  return { kind: 'frame', frame };
}
