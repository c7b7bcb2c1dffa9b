/**
 * The public face, as types. Written by hand, so that no tool's upgrade can change it.
 *
 * Units: sizes in pixels, times in milliseconds, shares from 0 to 1.
 * Ownership: a picture that is passed in stays the caller's; nothing of it is transferred or kept.
 */

/** A model that ships with the package. */
export type ModelId = 'selfie' | 'selfie-landscape' | 'multiclass';

/** What a network wants and gives, for a model that does not ship with the package. */
export interface ModelContract {
  /** The value that a black and a white channel become. Default `[0, 1]`. */
  range?: [number, number];
  /** What the network's output still needs to become probabilities. Default `'none'`. */
  activation?: 'none' | 'sigmoid' | 'softmax';
  /** Factor on the output before `activation`; above 0. Default 1. */
  temperature?: number;
  /**
   * A name per output channel, in the channels' order; `background` names the one that is no subject.
   * Default: `['person']` for one channel, `['background', 'person']` for two.
   */
  classes?: string[];
}

/** An ONNX file of the caller's: one picture in (`[1, 3, h, w]` or `[1, h, w, 3]`), one map out. */
export interface CustomModel {
  /** Where the file is, or its bytes (copied). */
  onnx: string | URL | ArrayBuffer;
  contract?: ModelContract;
}

/** What `onProgress` hears, in this order; `download` repeats, and where threads are asked for in vain all begins anew. */
export type Progress =
  | {
      phase: 'download';
      /** Which of the two downloads this is about. */
      file: 'wasm' | 'model';
      /** Bytes so far, after any content encoding is undone. */
      loadedBytes: number;
      /** Bytes in all, where known. */
      totalBytes: number | undefined;
    }
  | { phase: 'compile' }
  | { phase: 'ready' };

export interface CreateOptions {
  /** Default `'selfie'`. Hair, skin and clothes need `'multiclass'`. */
  model?: ModelId | CustomModel;
  /**
   * A `Rollout` of `featheredge/rollout`: its variant's model comes in the place of `model`, which those outside of it get.
   * Once it no longer gives that model, calls reject with `ROLLED_BACK`, and a new segmenter gets what it gives now.
   */
  rollout?: SegmenterRollout;
  /**
   * What runs the network. With `'auto'` (default) `create` resolves as soon as the CPU can run it; behind it, where there
   * is a GPU that is no software, the GPU is tried, and runs what comes later if it is right and faster (`settled` says when).
   * `'gpu'` waits for it, and takes it even if it is slower. Whatever the GPU fails to do, the CPU does; `info` says why.
   */
  executor?: 'auto' | 'gpu' | 'cpu';
  /**
   * Where to remember which executor was the faster on this device, such as `localStorage`, under the key `featheredge`.
   * Without it, that is known for as long as the page lives: this library keeps nothing in the browser by itself.
   */
  memory?: Pick<Storage, 'getItem' | 'setItem'>;
  /** Hears what `info.events` gathers, as it happens. */
  onEvent?: (event: ExecutorEvent) => void;
  /**
   * Run in a module worker, so that the page stays responsive. Default true.
   * Where a worker cannot be started, the page's own thread is used, and `info.reason` says why.
   */
  worker?: boolean;
  /**
   * On how many threads the network runs: 1 (default) to 16, or `'auto'`, which is one for each core, up to 4.
   * More than one needs a page that is cross-origin isolated, relaxed SIMD, a model that ships and `worker`;
   * where anything of that is missing or fails, one thread is used, and `info.reason` says why.
   */
  threads?: number | 'auto';
  /**
   * The folder that the package's `.js` files, `wasm/` and `models/` are served from, if it is not the one
   * this module was loaded from. Workers must come from the page's own origin.
   */
  assetBase?: string | URL;
  /** Refuse pictures of more pixels than this. Default and highest: 50,000,000. */
  maxPixels?: number;
  /** Gives up loading; `create` then rejects with `ABORTED`. */
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

/** What a segmenter asks of a rollout. */
export interface SegmenterRollout {
  /**
   * `model` is what runs outside the rollout; `again` makes a segmenter that differs in its model and executor alone,
   * and has no part in the rollout.
   */
  join(model: CreateOptions['model'], again: (options: Pick<CreateOptions, 'model' | 'executor'>) => Promise<SecondSegmenter>): Participation;
}

/** A segmenter to compare with. */
export interface SecondSegmenter {
  segment(picture: Picture, options: SegmentOptions): Promise<Matte>;
  close(): void;
}

/** A segmenter's part in a rollout. Nothing of it throws what is not the call's, or keeps a call waiting. */
export interface Participation {
  /** What it gets; `undefined` if it is out. */
  readonly model: ModelId | undefined;
  /** Whether the rollout gives that no longer. */
  readonly withdrawn: boolean;
  /** Makes a call and takes note of how it went; of `create` without a picture. */
  watch<T>(call: () => Promise<T>, executor: () => Executor, picture?: Picture, segment?: SegmentOptions): Promise<T>;
}

/** A picture of any size up to `maxPixels`. EXIF orientation is honoured. */
export type Picture =
  | Blob
  | ImageBitmap
  | ImageData
  | HTMLImageElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | HTMLVideoElement
  | VideoFrame;

/** Grey-scale morphology on the matte, before the feather. */
export interface Morphology {
  /** `open` removes specks, `close` fills holes, `erode` shrinks, `dilate` grows. */
  operation: 'open' | 'close' | 'erode' | 'dilate';
  /** Half the side of the square window, in pixels of the picture: 1 to 64. */
  radius: number;
}

/**
 * `'fast'`: one look at all of the picture. `'balanced'`: another at the subject alone, which shows more of its hair, or at
 * the person that it is a part of; the selfie models look at the mirror image as well. `'fine'`: with `multiclass`, persons
 * are looked at by `selfie` too, which is downloaded once; hair by a look at the head, and that at its mirror image; other
 * parts, and what a model of the page's own knows, at the mirror image. With the selfie models it is `'balanced'`. A picture of nobody gets one look. README has what each is worth.
 */
export type Quality = 'fast' | 'balanced' | 'fine';

export interface SegmentOptions {
  /**
   * What to cut out: one of `info.subjects`, such as `'hair'`. Default: the first of them, which
   * is `'person'` (everything that is not background) for every model that ships.
   */
  of?: string;
  /**
   * Strength of the effect that the matte is for, 0 (default) to 1. It sets the feather's
   * radius: 3 px at 0, 7 px at 1, linear between.
   */
  intensity?: number;
  /** The feather's radius itself, in pixels of the picture: 0 (off) to 64. Overrides `intensity`. */
  feather?: number;
  /** Off by default. */
  morphology?: Morphology;
  /**
   * Removes islands, pieces of the subject that touch no other, whose area is below this share of the largest one's: 0
   * (default, none) to 1 (all but the largest). Another person, far away, is an island as well. Areas are of the network's map.
   */
  minIsland?: number;
  /** How many looks the network takes at the picture. Default: `'balanced'`, but `'fast'` for `draw`, which is for frames. */
  quality?: Quality;
  /** Gives up this call; it then rejects with `ABORTED`. Others are not affected. */
  signal?: AbortSignal;
}

/** What every effect takes. */
export interface PaintOptions extends SegmentOptions {
  /**
   * A matte of this very picture, to be painted as it is instead of one that the network makes: sliders that change an
   * effect need no new one, and any segmenter can paint what another one cut out. It must be of the picture's size; its
   * values are copied. The CPU paints it. What says how a matte is made (`of`, `feather`, `morphology`, `minIsland`, `quality`, and
   * `intensity`, except as how much `recolor` does) is refused beside it. No network runs, so a rollout hears nothing of it.
   */
  matte?: Pick<Matte, 'width' | 'height' | 'alpha'>;
}

export interface DrawOptions extends PaintOptions {
  /** Default: `'cutout'`. */
  effect?: Effect;
}

/** Of `stream` and `play`, which take one look at each frame. An aborted `signal` ends all of it. */
export interface StreamOptions extends Omit<DrawOptions, 'matte' | 'quality'> {
  /**
   * Whether frames make each other's mattes steady (default): where the picture stays as it was, so does the matte. What
   * moves is never held back. It begins anew after a cut, a seek, a change of size and a loss of the GPU.
   * Four streams of a segmenter are steady at a time; more are not.
   */
  smoothing?: boolean;
}

/** A video that is being shown with an effect. */
export interface Playback {
  /**
   * Resolves once it was stopped, by `stop` or by its `signal`; rejects as `draw` does with what went wrong, and then nothing
   * more is drawn. A video that gives none of its frames for two seconds is `INVALID_INPUT`. The end of the video ends
   * nothing: it may be played again.
   */
  readonly done: Promise<void>;
  /** Ends it: from now on nothing is drawn. Doing so twice does nothing. */
  stop(): void;
}

/**
 * What can be drawn of a picture. `'cutout'`: the subject on a transparent ground, its edge without the old ground's
 * colours. `'matte'`: the matte as an opaque picture in grey.
 */
export type Effect = 'cutout' | 'matte' | { recolor: Recolor } | { background: Background };

/**
 * Another colour for the subject, which keeps its lights and its texture. `intensity` says how much of it, and is 1 by
 * default; `of` is `'hair'` by default, which the model must have.
 */
export interface Recolor {
  /** `'#rgb'` or `'#rrggbb'`. */
  color: string;
  /** How much what is dark is lightened first, 0 (default) to 1: only so does a colour show on black hair. */
  lightening?: number;
}

/**
 * What is put behind the subject, one of three.
 *
 * `blur`: its own ground, blurred, with nothing of the subject in it: the standard deviation in pixels of the picture,
 * 1 to 256, as of CSS's `blur()`. The least ones are rounded up on pictures above a megapixel: to 2 at 12 megapixels.
 *
 * `color`: `'#rgb'` or `'#rrggbb'`.
 *
 * `image`: any picture, in the middle. It is copied as `picture` is. `fit`: `'cover'` (default) fills all, `'contain'`
 * shows all of it, and leaves the rest transparent unless there is a `color` as well.
 */
export type Background = { blur: number } | { color: string } | { image: Picture; fit?: 'cover' | 'contain'; color?: string };

export type RecolorOptions = PaintOptions & Recolor;

export type BackgroundOptions = PaintOptions & Background;

export interface PredictOptions {
  /** Gives up this call; it then rejects with `ABORTED`. Others are not affected. */
  signal?: AbortSignal;
}

export interface Timings {
  /** Decoding the picture and reading its pixels. */
  decodeMs: number;
  /** Picture to network input. */
  preMs: number;
  /** The network. */
  inferMs: number;
  /** Probabilities to the matte at the picture's size; for `predict`, the network's output to probabilities. */
  postMs: number;
  /** From the call to its result, waiting and copying included. */
  totalMs: number;
}

/** How much of each pixel belongs to the subject. The caller owns it. */
export interface Matte {
  /** The picture's width after EXIF orientation. */
  width: number;
  /** The picture's height after EXIF orientation. */
  height: number;
  /** `width * height` values, row by row from the top left: 0 is ground, 255 is subject. */
  alpha: Uint8ClampedArray<ArrayBuffer>;
  timings: Timings;
  /** What ran the network. */
  executor: Executor;
}

/** That a canvas shows a picture's effect now. */
export interface Drawing {
  /** The picture's width after EXIF orientation, and now the canvas's. */
  width: number;
  /** The picture's height after EXIF orientation, and now the canvas's. */
  height: number;
  /** Where the GPU draws, its stages cannot be told apart: `inferMs` is until it has taken on all of them. */
  timings: Timings;
  /** What ran the network; `'cpu'` where a matte was given. */
  executor: Executor;
}

/** The network's answer as probabilities, at its own size. The caller owns it. */
export interface Prediction {
  width: number;
  height: number;
  /** Name of each channel. */
  classes: string[];
  /** `[height, width, classes]`, row-major, each value from 0 to 1. */
  data: Float32Array<ArrayBuffer>;
  timings: Timings;
  /** What ran the network. */
  executor: Executor;
}

/** `'tract'` is the library that runs an ONNX file which cannot be made a plan: slower, but it knows all operators. */
export type Executor = 'cpu' | 'gpu' | 'tract';

/** A GPU as the browser tells of it; what it keeps to itself is empty. */
export interface GpuAdapter {
  /** Its name for a person. */
  name: string;
  vendor: string;
  architecture: string;
  /** What it is driven by: `'webgpu'`. */
  backend: string;
  /** Whether it is a program that runs on the CPU: such a one is never preferred. */
  software: boolean;
}

/** Something that happened to the executors. */
export interface ExecutorEvent {
  /**
   * `chosen`: the choice was made. `lost`: the GPU went away. `failed`: it refused, hung or gave wrong numbers.
   * `restored`: it runs again after either. `demoted`: it is left alone from now on. Meanwhile the CPU runs everything.
   */
  kind: 'chosen' | 'lost' | 'failed' | 'restored' | 'demoted';
  /** What runs from now on. */
  executor: Executor;
  /** When, in milliseconds since 1970, as `Date.now()`. */
  at: number;
  /** Of `lost`, `failed` and `demoted`: what kind of failure it was. */
  code?: ErrorCode;
  /** What happened, in words for a person. */
  message: string;
}

/** Single precision, or whole numbers of 16 bits with sums of 32. */
export type Arithmetic = 'f32' | 'i16';

/** What runs now, and why. It is another object once anything has changed. */
export interface Info {
  /** The model's id, or `'custom'`. */
  model: ModelId | 'custom';
  /** Name of each channel the network gives, in order. */
  classes: string[];
  /** What `segment` takes as `of`. */
  subjects: string[];
  /** Size of the network's input. */
  inputWidth: number;
  inputHeight: number;
  /** What runs the network now. */
  executor: Executor;
  /** The GPU, as far as it was looked for. */
  adapter: GpuAdapter | undefined;
  /** Whether the GPU runs, with weights in half precision. */
  half: boolean;
  /** What happened to the executors, the latest last; a hundred at most. */
  events: readonly ExecutorEvent[];
  /** In what it multiplies. Where a model's weights are whole numbers, whichever was faster in a short trial on this device. */
  arithmetic: Arithmetic;
  /**
   * Which WebAssembly build runs; `'threads'` where more than one thread does; `'onnx'`, far larger, for models that do
   * not ship with the package; `'gpu'` where that runs.
   */
  build: 'simd' | 'relaxed' | 'threads' | 'onnx' | 'gpu';
  /** Whether it runs in a worker. */
  worker: boolean;
  /** How many threads the network runs on. */
  threads: number;
  /** Why this executor, build and thread, in words for a person. */
  reason: string;
  /** Size of the downloaded files after any content encoding is undone. */
  wasmBytes: number;
  modelBytes: number;
  /** Version of the package. */
  version: string;
}

/** What a caller can do about a failure; the codes are stable. */
export type ErrorCode =
  /** An argument is wrong; fix the call. */
  | 'INVALID_INPUT'
  /** The bytes are no picture that can be decoded here. */
  | 'UNSUPPORTED_PICTURE'
  /** The picture has more pixels than `maxPixels`, or a side above 16,384. */
  | 'PICTURE_TOO_LARGE'
  /** The ONNX file cannot be parsed or run, or is no segmentation network. */
  | 'UNSUPPORTED_MODEL'
  /** A file is not the one that belongs to this version; do not retry, check what is served. */
  | 'CHECKSUM_MISMATCH'
  /** A file could not be downloaded; retrying may help. */
  | 'FETCH'
  /** The browser lacks, or the page's policy forbids, what is needed, such as WebAssembly SIMD. */
  | 'UNSUPPORTED_BROWSER'
  /** The call's `signal` was aborted; `cause` is the signal's reason. */
  | 'ABORTED'
  /** The segmenter was closed. */
  | 'CLOSED'
  /** The rollout gives the segmenter's model no longer; make another segmenter. */
  | 'ROLLED_BACK'
  /** There is no GPU here, or none that can do it; seen only as the reason why the CPU does. */
  | 'GPU_UNAVAILABLE'
  /** The GPU went away; likewise. */
  | 'GPU_LOST'
  /** The GPU refused, hung or gave wrong numbers; likewise. */
  | 'GPU_FAILED'
  /** A fault of this library; please report it. */
  | 'INTERNAL';
