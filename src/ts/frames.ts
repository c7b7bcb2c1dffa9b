/**
 * Bitmaps as video frames, where that shows their bytes as they are.
 *
 * A frame can be read in any rectangle at the speed of a copy and moves to another thread for nothing;
 * a bitmap must be drawn first, and moving it copies it. What a frame cannot show exactly stays a bitmap:
 * one with transparency, with another colour space than sRGB, or that is still to be turned.
 */

/** Whether frames show what was drawn; asked once per thread. */
let faithful: Promise<boolean> | undefined;

/** The frame of `bitmap`, which stays the caller's; `undefined` where the browser has none that is exact. */
export async function frameOf(bitmap: ImageBitmap): Promise<VideoFrame | undefined> {
  faithful ??= isFaithful().catch(() => false);
  return (await faithful) ? plainFrame(bitmap) : undefined;
}

/** Whether the bytes of `frame`'s pixels start with blue. */
export function isSwapped(frame: VideoFrame): boolean {
  return frame.format === 'BGRX';
}

/** Copies a rectangle of `frame`, row by row without gaps. */
export async function copyFrame(frame: VideoFrame, x: number, y: number, width: number, height: number, to: Uint8Array): Promise<void> {
  const layout = await frame.copyTo(to, { rect: { x, y, width, height } });
  if (layout[0]?.offset !== 0 || layout[0].stride !== width * 4) throw new Error(`rows are ${layout[0]?.stride} bytes apart, want ${width * 4}`);
}

function plainFrame(bitmap: ImageBitmap): VideoFrame | undefined {
  let frame: VideoFrame;
  try {
    frame = new VideoFrame(bitmap, { timestamp: 0 });
  } catch {
    // Such as a bitmap of another origin; what reads it next says so.
    return undefined;
  }
  const { format, codedWidth, codedHeight, visibleRect, colorSpace } = frame;
  const { rotation = 0, flip = false } = frame as { rotation?: number; flip?: boolean };
  const whole = [codedWidth, visibleRect?.width].every((width) => width === bitmap.width) && [codedHeight, visibleRect?.height].every((height) => height === bitmap.height);
  const upright = rotation === 0 && !flip;
  const srgb = colorSpace.primaries === 'bt709' && (colorSpace.transfer as string) === 'iec61966-2-1';
  if ((format === 'BGRX' || format === 'RGBX') && whole && upright && srgb) return frame;
  frame.close();
  return undefined;
}

/** Draws a picture, and compares its frame with it. */
async function isFaithful(): Promise<boolean> {
  const [width, height] = [5, 3];
  const context = new OffscreenCanvas(width, height).getContext('2d', { alpha: false, willReadFrequently: true })!;
  for (let i = 0; i < width * height; i++) {
    context.fillStyle = `rgb(${i * 17} ${255 - i * 13} ${(i * 71) % 256})`;
    context.fillRect(i % width, Math.floor(i / width), 1, 1);
  }
  const want = context.getImageData(0, 0, width, height).data;
  const bitmap = await createImageBitmap(context.canvas);
  const frame = plainFrame(bitmap);
  bitmap.close();
  if (!frame) return false;
  const [left, top] = [1, 1];
  const got = new Uint8Array((width - left) * (height - top) * 4);
  await copyFrame(frame, left, top, width - left, height - top, got);
  const order = isSwapped(frame) ? [2, 1, 0] : [0, 1, 2];
  frame.close();
  for (let i = 0; i < got.length / 4; i++) {
    const at = (top + Math.floor(i / (width - left))) * width + left + (i % (width - left));
    if (order.some((from, to) => got[i * 4 + from] !== want[at * 4 + to])) return false;
  }
  return true;
}
