/** Shows what a worker has drawn, on a canvas of the caller's. */

import { SegmentError } from './error.js';
import { invalid } from './options.js';

type Canvas = HTMLCanvasElement | OffscreenCanvas;

/** Refuses what cannot show a bitmap, before any work is done. */
export function checkCanvas(canvas: Canvas): void {
  // The tag, unlike `instanceof`, also knows objects of another frame.
  const kind = Object.prototype.toString.call(canvas).slice('[object '.length, -1);
  if (kind !== 'HTMLCanvasElement' && kind !== 'OffscreenCanvas') throw invalid('canvas', canvas, 'an HTMLCanvasElement or an OffscreenCanvas');
  contextOf(canvas);
}

/** Gives the canvas the bitmap's size and shows it; takes over the bitmap. */
export function show(bitmap: ImageBitmap, canvas: Canvas): void {
  const { width, height } = bitmap;
  const context = contextOf(canvas);
  // Setting a size clears the canvas, so it is done only where it differs.
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  if ('transferFromImageBitmap' in context) return context.transferFromImageBitmap(bitmap);
  // Whatever the page has set for its own drawings, and it is left as it was.
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  Object.assign(context, { globalAlpha: 1, globalCompositeOperation: 'copy', filter: 'none', shadowColor: 'transparent' });
  context.drawImage(bitmap, 0, 0);
  context.restore();
  bitmap.close();
}

/** Handing the bitmap over is for nothing; a canvas that the page draws on by itself gets it drawn. */
function contextOf(canvas: Canvas): ImageBitmapRenderingContext | CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D {
  let context: ReturnType<typeof contextOf> | null;
  try {
    context = (canvas.getContext('bitmaprenderer') ?? canvas.getContext('2d')) as typeof context;
  } catch (cause) {
    throw new SegmentError('INVALID_INPUT', 'canvas was transferred to elsewhere, want one that is still here', { cause });
  }
  if (!context) throw new SegmentError('INVALID_INPUT', 'canvas has a context of another kind, want none, bitmaprenderer or 2d');
  return context;
}
