/**
 * Bitmaps as video frames, where that shows their bytes as they are.
 *
 * A frame can be read in any rectangle at the speed of a copy and moves to another thread for nothing;
 * a bitmap must be drawn first, and moving it copies it. What a frame cannot show exactly stays a bitmap:
 * one of another colour space than sRGB, or that is still to be turned.
 */

/** Whether frames show what was drawn; asked once per thread. */
let faithful: Promise<boolean> | undefined;

/** Whether that was asked, and they do. */
let ready = false;

/** Finds out, ahead of the first picture, whether frames can be used: it takes some milliseconds. */
export function prepareFrames(): Promise<boolean> {
  faithful ??= isFaithful()
    .catch(() => false)
    .then((answer) => (ready = answer));
  return faithful;
}

/**
 * The frame of `bitmap`, which stays the caller's; `undefined` where the browser has none that is exact.
 * `premultiplied`: whether it is known to be, if it has transparency.
 */
export async function frameOf(bitmap: ImageBitmap, premultiplied: boolean): Promise<VideoFrame | undefined> {
  return (await prepareFrames()) ? plainFrame(bitmap, premultiplied ? ['BGRX', 'RGBX', 'BGRA', 'RGBA'] : ['BGRX', 'RGBX']) : undefined;
}

/** The frame of a bitmap of the caller's, without waiting; `undefined` where that must be found out first, or there is none. */
export function frameAtOnce(bitmap: ImageBitmap): VideoFrame | undefined {
  return ready ? plainFrame(bitmap, ['BGRX', 'RGBX']) : undefined;
}

/** Whether the bytes of `frame`'s pixels start with blue. */
export function isSwapped(frame: VideoFrame): boolean {
  return frame.format === 'BGRX' || frame.format === 'BGRA';
}

/** Whether `frame`, made here, holds colours times alpha. */
export function isPremultiplied(frame: VideoFrame): boolean {
  return frame.format === 'BGRA' || frame.format === 'RGBA';
}

/** Copies a rectangle of `frame`, row by row without gaps. */
export async function copyFrame(frame: VideoFrame, x: number, y: number, width: number, height: number, to: Uint8Array): Promise<void> {
  const layout = await frame.copyTo(to, { rect: { x, y, width, height } });
  if (layout[0]?.offset !== 0 || layout[0].stride !== width * 4) throw new Error(`rows are ${layout[0]?.stride} bytes apart, want ${width * 4}`);
}

function plainFrame(bitmap: ImageBitmap, formats: string[]): VideoFrame | undefined {
  let frame: VideoFrame;
  try {
    frame = new VideoFrame(bitmap, { timestamp: 0 });
  } catch {
    // Such as a bitmap of another origin; what reads it next says so.
    return undefined;
  }
  const { format, codedWidth, codedHeight, visibleRect, colorSpace } = frame;
  const { rotation = 0, flip = false } = frame as { rotation?: number; flip?: boolean };
  const { width, height } = bitmap;
  const whole = codedWidth === width && codedHeight === height && visibleRect?.width === width && visibleRect.height === height;
  const srgb = colorSpace.primaries === 'bt709' && (colorSpace.transfer as string) === 'iec61966-2-1';
  if (format && formats.includes(format) && whole && srgb && rotation === 0 && !flip) return frame;
  frame.close();
  return undefined;
}

/** The start of a JPEG with an EXIF entry that says that it is stored upside down. */
const UPSIDE_DOWN = new Uint8Array([
  ...[0xff, 0xd8, 0xff, 0xe1, 0, 34, 0x45, 0x78, 0x69, 0x66, 0, 0], // start, "Exif"
  ...[0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1], // big endian, one entry
  ...[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 3, 0, 0, 0, 0, 0, 0], // orientation: 3
]);

/**
 * Whether a frame is upright unless it says how it is turned. In Firefox and WebKit every one is; Chromium before
 * 138 turned none and did not say so.
 */
async function isUpright(): Promise<boolean> {
  if ('rotation' in VideoFrame.prototype) return true;
  const canvas = new OffscreenCanvas(8, 16);
  const context = canvas.getContext('2d')!;
  context.fillStyle = 'white';
  context.fillRect(0, 8, 8, 8);
  const jpeg = await canvas.convertToBlob({ type: 'image/jpeg' });
  const bitmap = await createImageBitmap(new Blob([UPSIDE_DOWN, jpeg.slice(2)]));
  const frame = plainFrame(bitmap, ['BGRX', 'RGBX', 'BGRA', 'RGBA']);
  bitmap.close();
  if (!frame) return false;
  const first = new Uint8Array(4);
  try {
    await copyFrame(frame, 0, 0, 1, 1, first);
  } finally {
    frame.close();
  }
  return first[0]! > 128;
}

/** Draws a picture with transparency, and compares a part of its frame with it. */
async function isFaithful(): Promise<boolean> {
  if (!(await isUpright())) return false;
  const [width, height, left, top] = [5, 4, 1, 1];
  const colours = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < colours.length; i++) colours[i] = i % 8 === 7 ? 128 : i % 4 === 3 ? 255 : (i * 37) % 256;
  const bitmap = await createImageBitmap(new ImageData(colours, width, height));
  const frame = plainFrame(bitmap, ['BGRA', 'RGBA']);
  bitmap.close();
  if (!frame) return false;
  const order = isSwapped(frame) ? [2, 1, 0, 3] : [0, 1, 2, 3];
  const columns = width - left;
  const got = new Uint8Array(columns * (height - top) * 4);
  try {
    await copyFrame(frame, left, top, columns, height - top, got);
  } finally {
    frame.close();
  }
  return got.every((value, i) => {
    const pixel = Math.floor(i / 4);
    const at = ((top + Math.floor(pixel / columns)) * width + left + (pixel % columns)) * 4;
    const [channel, alpha] = [order[i % 4]!, colours[at + 3]!];
    const want = colours[at + channel]!;
    // Times alpha it may have been rounded either way.
    return channel === 3 || alpha === 255 ? value === want : Math.abs(value - (want * alpha) / 255) <= 1;
  });
}
