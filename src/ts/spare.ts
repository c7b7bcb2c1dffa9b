/**
 * The memory of one picture's pixels for those of the next of its size: to take fresh memory costs some twenty times as
 * long as to write what is there.
 */

/** More than that is not kept: a megapixel. */
const MOST_BYTES = 4 << 20;

let spare: ArrayBuffer | undefined;

/** Keeps a buffer, in the place of the one before; from now on it is this module's. */
export function keep(buffer: ArrayBuffer): void {
  if (buffer.byteLength <= MOST_BYTES) spare = buffer;
}

/** So many bytes that hold anything: the caller's, until they are kept again. */
export function bytes(length: number): Uint8ClampedArray<ArrayBuffer> {
  const buffer = spare;
  if (buffer?.byteLength !== length) return new Uint8ClampedArray(length);
  spare = undefined;
  return new Uint8ClampedArray(buffer);
}

export function copyOf(pixels: Uint8ClampedArray): Uint8ClampedArray<ArrayBuffer> {
  const copy = bytes(pixels.length);
  copy.set(pixels);
  return copy;
}
