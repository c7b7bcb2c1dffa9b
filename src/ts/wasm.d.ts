/**
 * The glue that wasm-bindgen makes, imported as `#wasm`; `web/` is its Rust side.
 *
 * Its errors are named `SegmentError` and have a `code`. Anything else that it throws is a fault.
 */

import type { ModelContract, Morphology } from './types.js';

/** Instantiates once; further calls do nothing. */
export default function init(from: { module_or_path: WebAssembly.Module }): Promise<unknown>;

/** The same at once, which browsers may refuse to a page's own thread. */
export declare function initSync(from: { module: WebAssembly.Module }): unknown;

/** Size from the first bytes of a file, before orientation; `undefined` if more bytes are needed. */
export declare function pictureSize(head: Uint8Array): { width: number; height: number } | undefined;

/** A model that is ready to run. Arrays that it returns are copies. */
export declare class WebSegmenter {
  /** Proves that `model` is the plan that the registry names, by its SHA-256, which is computed if absent; and parses it. */
  static fromRegistry(id: string, model: Uint8Array, sha256: string | undefined): WebSegmenter;
  /** In the `onnx` build only. */
  static fromOnnx(model: Uint8Array, contract: ModelContract | undefined): WebSegmenter;
  info(): {
    model: string;
    classes: string[];
    subjects: string[];
    inputWidth: number;
    inputHeight: number;
    executor: 'cpu' | 'tract';
    reason: string;
    build: 'simd' | 'relaxed' | 'onnx';
    version: string;
  };
  segment(
    rgba: Uint8ClampedArray,
    width: number,
    height: number,
    options: { of: string; intensity: number; feather: number | undefined; morphology: Morphology | undefined },
  ): {
    width: number;
    height: number;
    alpha: Uint8ClampedArray<ArrayBuffer>;
    preMs: number;
    inferMs: number;
    postMs: number;
  };
  predict(
    rgba: Uint8ClampedArray,
    width: number,
    height: number,
  ): {
    width: number;
    height: number;
    classes: string[];
    data: Float32Array<ArrayBuffer>;
    preMs: number;
    inferMs: number;
    postMs: number;
  };
  free(): void;
}
