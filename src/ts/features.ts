/**
 * Which WebAssembly build this browser can run, found out without downloading either.
 *
 * A module is validated as a whole, so nothing can be probed inside it. Each probe below is the
 * smallest module that uses one instruction of the feature; the browser validates it and runs nothing.
 */

import type { Info } from './types.js';

export type Build = Info['build'];

/** The fastest build that this browser takes, or the one that reads ONNX files; `undefined` if it takes none. */
export function chooseBuild(readsOnnx = false): Build | undefined {
  if (!validates(SIMD)) return undefined;
  if (readsOnnx) return 'onnx';
  return validates(RELAXED) ? 'relaxed' : 'simd';
}

/** Why the `threads` build cannot run here; `undefined` if it can. */
export function refuseThreads(readsOnnx: boolean, worker: boolean): string | undefined {
  if (!THREADS) return 'the package was built without them';
  if (readsOnnx) return 'a model that does not ship with the package runs on one';
  if (!worker) return "the page's own thread must not wait for others";
  if (!globalThis.crossOriginIsolated || typeof SharedArrayBuffer !== 'function') return 'the page is not cross-origin isolated';
  return validates(RELAXED) ? undefined : 'the browser has no relaxed SIMD';
}

/** A module of one function, vector to vector, with `body` as its code. */
function probe(...body: number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array([
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // "\0asm", version 1
    0x01, 0x06, 0x01, 0x60, 0x01, 0x7b, 0x01, 0x7b, // types: one function, v128 to v128
    0x03, 0x02, 0x01, 0x00, // functions: one, of that type
    0x0a, body.length + 4, 0x01, body.length + 2, 0x00, // code: one body, no locals
    ...body,
    0x0b, // end
  ]);
}

const LOCAL_GET_0 = [0x20, 0x00];

/** `i32x4.dot_i16x8_s(x, x)`: in the final simd128, not in its early drafts. */
export const SIMD = probe(...LOCAL_GET_0, ...LOCAL_GET_0, 0xfd, 0xba, 0x01);

/** `f32x4.relaxed_madd(x, x, x)`. */
export const RELAXED = probe(...LOCAL_GET_0, ...LOCAL_GET_0, ...LOCAL_GET_0, 0xfd, 0x85, 0x02);

function validates(module: Uint8Array<ArrayBuffer>): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(module);
}
