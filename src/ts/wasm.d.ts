/**
 * The glue that wasm-bindgen makes, imported as `#wasm`; `web/` is its Rust side.
 *
 * Its errors are named `SegmentError` and have a `code`. Anything else that it throws is a fault.
 */

import type { DrawEffect, SegmentTask } from './protocol.js';
import type { Arithmetic, ModelContract, ModelId } from './types.js';

/** Instantiates once; further calls do nothing. */
export default function init(from: { module_or_path: WebAssembly.Module }): Promise<unknown>;

/** The same at once, which browsers may refuse to a page's own thread. */
export declare function initSync(from: { module: WebAssembly.Module; memory?: WebAssembly.Memory }): { memory: WebAssembly.Memory };

/** In the `threads` build only: makes this thread a part of the pool, and never returns. */
export declare function help(): void;

/** In the `threads` build only: the pool of this thread and of so many that call `help`. */
export declare function startPool(helpers: number): void;

/** Size from the first bytes of a file, before orientation; `undefined` if more bytes are needed. */
export declare function pictureSize(head: Uint8Array): { width: number; height: number } | undefined;

/** What is wanted next of who makes a matte, as `segment` says. */
export type Wanted = Uint32Array | Uint8Array<ArrayBuffer> | true | undefined;

/** A model that is ready to run. Arrays that it returns are copies, but for `buffer`'s. */
export declare class WebSegmenter {
  /** Proves that `model` is the plan that the registry names, by its SHA-256, which is computed if absent; and parses it. */
  static fromRegistry(id: string, model: Uint8Array, sha256: string | undefined, arithmetic: Arithmetic | undefined): WebSegmenter;
  /** In the `onnx` build only. */
  static fromOnnx(model: Uint8Array, contract: ModelContract | undefined): WebSegmenter;
  info(): {
    model: string;
    classes: string[];
    subjects: string[];
    partner: ModelId | undefined;
    inputWidth: number;
    inputHeight: number;
    executor: 'cpu' | 'tract';
    arithmetic: Arithmetic;
    tried: boolean;
    reason: string;
    build: 'simd' | 'relaxed' | 'threads' | 'onnx';
    threads?: number;
    version: string;
  };
  /**
   * Begins a call for a picture of `width` x `height`, whose pixels for the network come as rows of a picture
   * of `fromWidth` x `fromHeight`; blue comes before red if `swapped`, colours are times alpha if `premultiplied`.
   * Gives how many rows to read at a time.
   */
  begin(width: number, height: number, fromWidth: number, fromHeight: number, swapped: boolean, premultiplied: boolean): number;
  /** Memory to write pixels to; a view that the next call of anything may end. */
  buffer(bytes: number): Uint8Array;
  /** Takes the next rows from the buffer. */
  rows(rows: number): void;
  /** Runs the network on all rows. */
  predict(): {
    width: number;
    height: number;
    classes: string[];
    data: Float32Array<ArrayBuffer>;
    preMs: number;
    inferMs: number;
    postMs: number;
  };
  /** Runs a step of the network for nothing, by its number, between two calls; whether there is such a step. */
  warmUp(step: number): boolean;
  /** Adds the second network, `info`'s `partner`, for `fine`. */
  join(id: ModelId, model: Uint8Array): void;
  /**
   * Begins a matte, and gives what is wanted for it. A `Uint32Array` of `[left, top, width, height, step]`: the rows of
   * that part, `step` at a time, and this again. Only if `elsewhere`, a `Uint8Array`: the network's answer to that picture
   * of its input's size, by `answer`. `true`: a moment for what else the thread has to do, and `look`. `undefined`: then
   * comes `advance`.
   */
  segment(
    options: Pick<SegmentTask, 'of' | 'intensity' | 'feather' | 'morphology' | 'minIsland' | 'quality' | 'stream'>,
    elsewhere: boolean,
  ): Wanted;
  /** Goes on as `segment`. */
  look(): Wanted;
  /** Goes on as `segment`, by the network's answer, or without it. */
  answer(data: Float32Array | undefined, ms: number): Wanted;
  /**
   * Takes what was asked for from the buffer, and writes the matte's rows that are done. Gives what to read
   * next, `[top, rows, left, width, left, width, ...]`, blocks that follow each other in the buffer.
   */
  advance(alpha: Uint8ClampedArray): Uint32Array | undefined;
  /** Begins an effect of a picture: all its rows come to `gather`, and then all again to `paint`, with pixels as for `begin`. */
  effect(width: number, height: number, swapped: boolean, premultiplied: boolean, effect: DrawEffect): void;
  /** Takes the next rows from the buffer; `alpha` is their matte. */
  gather(alpha: Uint8ClampedArray): void;
  /** Makes the next rows, in the buffer, those of the effect: straight RGBA. After them lie `ground` pixels of the other picture, which are so already. */
  paint(alpha: Uint8ClampedArray, ground: number): void;
  /** Of the last matte. */
  timings(): { preMs: number; inferMs: number; postMs: number };
  free(): void;
}
