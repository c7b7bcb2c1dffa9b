/**
 * The messages between the page and the thread that runs the network: all that crosses the border.
 *
 * The page sends one `load`, then one call at a time; each is answered once, by its id, with
 * `done`, `failed` or `trapped`. The same messages are used where that thread is the page's own.
 */

import type { Build } from './features.js';
import type { Files } from './files.js';
import type { Arithmetic, ErrorCode, Executor, Matte, ModelContract, ModelId, Morphology, Quality, Timings } from './types.js';

/** Straight RGBA, row by row. */
export interface Pixels {
  width: number;
  height: number;
  data: Uint8ClampedArray<ArrayBuffer>;
}

/** A picture that belongs to this library: a blob is shared, all else is a copy and is transferred. */
export type Captured =
  | { kind: 'blob'; blob: Blob }
  | { kind: 'bitmap'; bitmap: ImageBitmap }
  | { kind: 'frame'; frame: VideoFrame }
  | { kind: 'pixels'; pixels: Pixels };

/** A model of the registry by its plan's URL, or a file of the caller's with its contract. */
export type ModelSource =
  | { id: ModelId; plan: string }
  | { id: 'custom'; onnx: string | ArrayBuffer; contract: ModelContract | undefined };

/** `arithmetic` is what an earlier trial on this device chose; without it there is a trial. */
export interface LoadTask {
  type: 'load';
  model: { id: ModelId; arithmetic: Arithmetic | undefined } | { id: 'custom'; contract: ModelContract | undefined };
  maxPixels: number;
}

export interface SegmentTask {
  type: 'segment';
  of: string;
  intensity: number;
  feather: number | undefined;
  morphology: Morphology | undefined;
  minIsland: number;
  quality: Quality;
  /** The second network, if it is to look. It is never transferred. */
  partner?: { id: ModelId; plan: Uint8Array<ArrayBuffer> };
  /** The run of frames that the picture goes on with, whose mattes make its own steady. */
  stream?: number;
}

export interface DrawTask extends Omit<SegmentTask, 'type'> {
  type: 'draw';
  effect: DrawEffect;
  /** What is painted, if no network is to run. It is never transferred, so that the call can be done again. */
  matte?: GivenMatte;
  /** The other picture of the effect `picture`. It is never transferred: whoever runs the call gets a copy, and closes it. */
  ground?: Ground;
}

/** An effect as WebAssembly takes it; colours are red, green, blue, 0 to 255. */
export type DrawEffect =
  | 'cutout'
  | 'matte'
  | 'picture'
  | { recolor: { color: number[]; intensity: number; lightening: number } }
  | { color: number[] }
  | { blur: number };

/** A copy of the caller's. */
export type GivenMatte = Pick<Matte, 'width' | 'height' | 'alpha'>;

export interface Ground {
  picture: Captured;
  fit: 'cover' | 'contain';
  /** What shows where the picture does not; CSS. */
  color: string | undefined;
}

export interface PredictTask {
  type: 'predict';
}

/** Any call. */
export type Task = SegmentTask | DrawTask | PredictTask;

/** For the worker of the `gpu` build; `half`: with weights in half precision, where it can. */
export interface GpuLoadTask {
  type: 'load-gpu';
  model: ModelId;
  maxPixels: number;
  half: boolean;
}

/** What the page asks for. */
export type Request =
  | (LoadTask & { id: number; files: Files })
  | (GpuLoadTask & { id: number; files: Files })
  /** `helped`: whether the network may be run elsewhere, for which the thread asks by `run`. */
  | (Task & { id: number; picture: Captured; helped?: boolean })
  /** The network's answer to `run`; without it the thread runs the network itself. */
  | { type: 'ran'; id: number; answer: PredictionAnswer | undefined }
  /** The answer to this id is no longer wanted. */
  | { type: 'cancel'; id: number }
  /** The GPU is to be lost, as if by a crash of its driver. */
  | { type: 'lose' };

/** What the workers of the `threads` build are told first: one, who helps it, and the others, whom to help. */
export type Assignment = { type: 'helpers'; ports: MessagePort[] } | { type: 'help'; port: MessagePort };

/** What then goes from the one to each helper, which answers with anything. */
export interface Share {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

/** The part of the timings that the running thread sees. */
export type RunTimings = Omit<Timings, 'totalMs'>;

export interface Loaded {
  classes: string[];
  subjects: string[];
  inputWidth: number;
  inputHeight: number;
  /** The model that is worth asking as well. */
  partner: ModelId | undefined;
  executor: Executor;
  arithmetic: Arithmetic;
  /** Whether a trial chose it. */
  tried: boolean;
  /** Why that runs it. */
  reason: string;
  /** The build that the WebAssembly file says it is. */
  build: Build;
  /** In the `threads` build only. */
  threads?: number;
  wasmBytes: number;
  modelBytes: number;
}

/** What the worker of the `gpu` build says once it is ready. */
export interface GpuLoaded {
  half: boolean;
  wasmBytes: number;
  /** The file of a small portrait, for the self-test: only where there is a GPU is it downloaded. */
  portrait: Uint8Array<ArrayBuffer>;
}

export interface MatteAnswer {
  width: number;
  height: number;
  alpha: Uint8ClampedArray<ArrayBuffer>;
  timings: RunTimings;
  executor: Executor;
}

export interface DrawAnswer {
  width: number;
  height: number;
  bitmap: ImageBitmap;
  timings: RunTimings;
  /** What ran the network. */
  executor: Executor;
  /** What made the bitmap: also where the network ran on the GPU, that may be the CPU. */
  painted: 'cpu' | 'gpu';
}

export interface PredictionAnswer {
  width: number;
  height: number;
  classes: string[];
  data: Float32Array<ArrayBuffer>;
  timings: RunTimings;
  executor: Executor;
}

/** What a call is answered with. */
export type Answer<T extends Task> = T extends SegmentTask ? MatteAnswer : T extends DrawTask ? DrawAnswer : PredictionAnswer;

/** What comes back. */
export type Reply =
  /** The worker's script runs; sent once, before anything is asked. */
  | { type: 'started'; version: string }
  /** `spare`: the memory of the call's pixels, for the next one's. */
  | { type: 'done'; id: number; value: Loaded | GpuLoaded | Answer<Task>; spare?: ArrayBuffer }
  | { type: 'failed'; id: number; code: ErrorCode; message: string }
  /** A call wants the network's answer to this picture. */
  | { type: 'run'; id: number; picture: Pixels }
  /** The GPU is gone; not the answer to anything. */
  | { type: 'lost'; message: string }
  /** The WebAssembly instance broke and must not be used again; a call's picture comes back for a new one. */
  | { type: 'trapped'; id: number; message: string; picture: Captured | undefined };
