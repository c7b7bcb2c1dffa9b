/**
 * The glue that wasm-bindgen makes for the `gpu` build, imported as `#gpu`; `web/gpu.rs` is its Rust side.
 *
 * Its errors are named `SegmentError` and have a `code`. Anything else that it throws is a fault.
 */

import type { DrawEffect } from './protocol.js';
import type { Morphology } from './types.js';

/** Instantiates at once; further calls do nothing. */
export declare function initSync(from: { module: WebAssembly.Module }): unknown;

/** Size from the first bytes of a file, before orientation; `undefined` if more bytes are needed. */
export declare function pictureSize(head: Uint8Array): { width: number; height: number } | undefined;

interface Options {
  of: string;
  intensity: number;
  feather: number | undefined;
  morphology: Morphology | undefined;
}

interface StageTimings {
  preMs: number;
  inferMs: number;
  postMs: number;
}

type Picture = ImageBitmap | VideoFrame;

/** A GPU that is open. */
export declare class WebGpu {
  /** Opens the browser's preferred GPU; `half`: with weights in half precision, where it can. */
  static open(half: boolean): Promise<WebGpu>;
  info(): { name: string; backend: string; software: boolean; half: boolean; build: 'gpu'; version: string };
  /** Resolves once it is gone, with the reason. */
  gone(): Promise<string>;
  /** Takes it away. */
  lose(): void;
  /** Proves that `plan` is the one that the registry names, and gets it ready. */
  load(id: string, plan: Uint8Array, sha256: string | undefined): Promise<WebEngine>;
}

/** A model that is ready to run on a GPU, one call at a time. Pictures stay the caller's. */
export declare class WebEngine {
  predict(picture: Picture): Promise<{ width: number; height: number; classes: string[]; data: Float32Array<ArrayBuffer> } & StageTimings>;
  segment(picture: Picture, options: Options): Promise<{ width: number; height: number; alpha: Uint8ClampedArray<ArrayBuffer> } & StageTimings>;
  /**
   * Draws to `canvas`, the same in all calls, and takes what was drawn out of it; nothing is read back. `ground` holds
   * the other picture of the effect `picture`.
   */
  draw(picture: Picture, options: Options, effect: DrawEffect, ground: OffscreenCanvas | undefined, canvas: OffscreenCanvas): Promise<ImageBitmap>;
}
