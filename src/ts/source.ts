/** Where a call's pixels come from: any rectangle of a picture, as four bytes a pixel. */

import { SegmentError, foreignPicture } from './error.js';
import { copyFrame, isPremultiplied, isSwapped } from './frames.js';
import type { Pixels } from './protocol.js';

export interface Source {
  readonly width: number;
  readonly height: number;
  /** Whether blue comes before red. */
  readonly swapped: boolean;
  /** Whether colours are times alpha. */
  readonly premultiplied: boolean;
  /** Writes a rectangle to `to`, row by row without gaps. */
  read(x: number, y: number, width: number, height: number, to: Uint8Array): Promise<void> | void;
  /** The picture itself or, where reading all of it is slow, a copy that is not smaller than `width` x `height`. */
  reduced(width: number, height: number): Source;
}

/** How many times as large as asked for a reduced copy is: below that, the browser's way of reducing shows. */
const REDUCED = 4;

/** Pictures up to this many pixels are always read whole. */
const SMALL = 2_000_000;

export function pixelSource({ width, height, data }: Pixels): Source {
  return {
    width,
    height,
    swapped: false,
    premultiplied: false,
    read(x, y, columns, rows, to) {
      if (columns === width) return to.set(data.subarray(y * width * 4, (y + rows) * width * 4));
      for (let row = 0; row < rows; row++) {
        const start = ((y + row) * width + x) * 4;
        to.set(data.subarray(start, start + columns * 4), row * columns * 4);
      }
    },
    reduced() {
      return this;
    },
  };
}

export function frameSource(frame: VideoFrame): Source {
  return {
    width: frame.codedWidth,
    height: frame.codedHeight,
    swapped: isSwapped(frame),
    premultiplied: isPremultiplied(frame),
    read: (x, y, width, height, to) => copyFrame(frame, x, y, width, height, to),
    reduced() {
      return this;
    },
  };
}

export function bitmapSource(bitmap: ImageBitmap): Source {
  const { width, height } = bitmap;
  // One canvas for all rectangles; it grows to the largest.
  let context = canvas(1, 1);
  return {
    width,
    height,
    swapped: false,
    premultiplied: false,
    read(x, y, columns, rows, to) {
      const { canvas: old } = context;
      if (columns > old.width || rows > old.height) context = canvas(Math.max(columns, old.width), Math.max(rows, old.height));
      context.drawImage(bitmap, x, y, columns, rows, 0, 0, columns, rows);
      to.set(pixels(context, columns, rows));
    },
    reduced(wantedWidth, wantedHeight) {
      const [w, h] = [Math.min(width, wantedWidth * REDUCED), Math.min(height, wantedHeight * REDUCED)];
      if (width * height <= SMALL || w * h * 2 > width * height) return this;
      const small = canvas(w, h);
      small.imageSmoothingQuality = 'medium';
      small.drawImage(bitmap, 0, 0, w, h);
      return pixelSource({ width: w, height: h, data: pixels(small, w, h) });
    },
  };
}

function canvas(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const context = typeof OffscreenCanvas === 'function' ? new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true }) : null;
  if (!context) throw new SegmentError('UNSUPPORTED_BROWSER', 'this browser has no OffscreenCanvas with a 2d context');
  // What was drawn before must not show through.
  context.globalCompositeOperation = 'copy';
  return context;
}

function pixels(context: OffscreenCanvasRenderingContext2D, width: number, height: number): Pixels['data'] {
  try {
    return context.getImageData(0, 0, width, height).data as Pixels['data'];
  } catch (cause) {
    throw cause instanceof DOMException && cause.name === 'SecurityError' ? foreignPicture(cause) : cause;
  }
}
