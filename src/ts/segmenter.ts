/** The public class: checks what it is given, copies pictures, and hands calls to the thread that runs them. */

/// <reference lib="esnext.disposable" preserve="true" />

import type { Accelerator } from './accelerator.js';
import { findAdapter, hasWebGpu } from './adapter.js';
import { recallArithmetic, rememberArithmetic } from './arithmetic.js';
import { wasmUrl } from './assets.js';
import { checkCanvas, show } from './canvas.js';
import { refuseAdapter, refuseGpu } from './choice.js';
import { Client } from './client.js';
import { backgroundOf, checkDraw, cutoutOf, recolorOf } from './effects.js';
import { SegmentError, abortedBy, messageOf } from './error.js';
import { type Build, chooseBuild, refuseThreads } from './features.js';
import { Downloads } from './files.js';
import { prepareFrames } from './frames.js';
import { Report } from './info.js';
import { type CheckedCreate, checkCreate, checkObject, checkSegment, checkSignal } from './options.js';
import { Partner } from './partner.js';
import { playVideo } from './play.js';
import { capture } from './picture.js';
import type { Captured, LoadTask } from './protocol.js';
import { type DrawFrame, type Drawn, checkStream, streamFrames } from './stream.js';
import { ThreadUnavailable, pageThread, workerThread } from './threads.js';
import { release } from './transfer.js';
import type { BackgroundOptions, CreateOptions, DrawOptions, Drawing, Info, Matte, ModelId, PaintOptions, Participation, Picture, Playback, PredictOptions, Prediction, RecolorOptions, SegmentOptions, StreamOptions } from './types.js';

export class Segmenter {
  /**
   * Resolves with `info` once it is known which executor runs what comes later: at once, unless a GPU is still to be tried.
   * It never rejects; a segmenter that is closed meanwhile settles for what it had.
   */
  readonly settled: Promise<Info>;

  readonly #client: Client;
  readonly #report: Report;
  readonly #maxPixels: number;
  readonly #files: Downloads;
  #accelerator: Accelerator | undefined;
  #part: Participation | undefined;
  readonly #partner: Partner | undefined;
  #closed = false;

  /** Use `Segmenter.create`. */
  private constructor(client: Client, report: Report, files: Downloads, checked: CheckedCreate, partner: ModelId | undefined) {
    this.#client = client;
    this.#report = report;
    this.#maxPixels = checked.maxPixels;
    this.#files = files;
    this.#partner = partner && new Partner(partner, checked.base);
    this.settled = this.#accelerate(checked).then(
      () => this.info,
      (error: unknown) => {
        files.forget();
        // Nothing about the GPU may keep the CPU from its work.
        report.refuseGpu(`its trial broke off: ${messageOf(error)}`);
        return this.info;
      },
    );
  }

  /** What runs now, and why. */
  get info(): Info {
    return this.#report.info;
  }

  /**
   * Downloads a model and what runs it, and gets both ready.
   *
   * @throws {SegmentError} `INVALID_INPUT`, `FETCH`, `CHECKSUM_MISMATCH`, `UNSUPPORTED_MODEL`,
   * `UNSUPPORTED_BROWSER`, `ABORTED` or `INTERNAL`; it can be called again after any of them
   */
  static async create(options: CreateOptions = {}): Promise<Segmenter> {
    if (!options?.rollout) return Segmenter.#create(options);
    checkCreate(options);
    // What is made to compare with is closed soon after, so that nobody is to hear of it.
    const again = (other: Pick<CreateOptions, 'model' | 'executor'>) =>
      Segmenter.#create({ ...options, signal: undefined, onProgress: undefined, onEvent: undefined, ...other });
    const part = options.rollout.join(options.model, again);
    const create = () => Segmenter.#create({ ...options, model: part.model ?? options.model });
    const segmenter = await part.watch(create, () => 'cpu');
    segmenter.#part = part;
    return segmenter;
  }

  static async #create(options: CreateOptions): Promise<Segmenter> {
    const checked = checkCreate(options);
    const { signal } = options;
    if (signal?.aborted) throw abortedBy(signal);
    const readsOnnx = checked.model.id === 'custom';
    const build = chooseBuild(readsOnnx);
    if (!build) throw new SegmentError('UNSUPPORTED_BROWSER', 'this browser has no WebAssembly with SIMD, want one of 2023 or newer');
    // While the files come there is nothing else to do.
    void prepareFrames();
    if (checked.threads === 1) return Segmenter.#load(build, checked, options);
    let refusal = refuseThreads(readsOnnx, checked.worker);
    if (refusal === undefined) {
      try {
        return await Segmenter.#load('threads', checked, options, `; on ${checked.threads} threads, as asked for`);
      } catch (error) {
        if (signal?.aborted) throw error;
        refusal = messageOf(error).replace(/\.+$/, '');
      }
    }
    return Segmenter.#load(build, checked, options, `; on one thread, because ${refusal}`);
  }

  /** `onThreads` ends the reason that `info` gives. */
  static async #load(build: Build, checked: CheckedCreate, options: CreateOptions, onThreads = ''): Promise<Segmenter> {
    const { base, model, worker, threads, maxPixels } = checked;
    const { onProgress, signal } = options;
    const name = model.id === 'custom' ? { id: model.id, contract: model.contract } : { id: model.id, arithmetic: recallArithmetic(build) };
    const task: LoadTask = { type: 'load', model: name, maxPixels };
    const mayAccelerate = hasWebGpu() && refuseGpu({ asked: checked.executor, worker, ships: model.id !== 'custom' }) === undefined;
    const files = new Downloads(wasmUrl(build, base), model, mayAccelerate);
    const open = async (client: Client, inWorker: boolean, why: string) => {
      const loaded = await client.load(onProgress, signal);
      if (loaded.tried) rememberArithmetic(build, loaded.arithmetic);
      const report = new Report(loaded, model.id, inWorker, why + onThreads, options.onEvent);
      const segmenter = new Segmenter(client, report, files, checked, loaded.partner);
      if (checked.executor === 'gpu') await segmenter.#gpuOrAbort(signal);
      if (onProgress) queueMicrotask(() => onProgress({ phase: 'ready' }));
      return segmenter;
    };
    const onPage = (why: string) => open(new Client(pageThread(build), task, files, false), false, why);
    const inWorker = workerThread(base, build, build === 'threads' ? threads : 1);
    try {
      if (!worker) return await onPage('as asked for');
      try {
        return await open(new Client(inWorker, task, files, true), true, 'so that the page stays responsive');
      } catch (error) {
        if (!(error instanceof ThreadUnavailable) || build === 'threads') throw error;
        return await onPage(`because ${error.message.replace(/\.+$/, '')}`);
      }
    } catch (error) {
      files.abort();
      throw error;
    }
  }

  /**
   * Cuts a subject out: how much of each pixel of `picture` belongs to it.
   *
   * Calls queue; they do not overlap. The picture is copied before this returns its promise, except
   * that an image which is still loading is waited for, and a blob is read when its turn comes.
   *
   * @throws {SegmentError} `INVALID_INPUT`, `UNSUPPORTED_PICTURE`, `PICTURE_TOO_LARGE`, `UNSUPPORTED_BROWSER`, `ABORTED`,
   * `CLOSED`, `ROLLED_BACK` or `INTERNAL`; `FETCH` or `CHECKSUM_MISMATCH` if a file that it still needs cannot be had
   */
  segment(picture: Picture, options: SegmentOptions = {}): Promise<Matte> {
    return this.#watch(picture, options, async () => {
      const start = performance.now();
      const task = checkSegment(options, this.info.subjects);
      const taken = this.#take(picture, options.signal);
      const ready = this.#partner?.with(task, taken.picture) ?? taken.picture;
      const { timings, ...matte } = await this.#client.call(task, ready, options.signal);
      return { ...matte, timings: complete(timings, taken, start) };
    });
  }

  /**
   * Draws an effect of `picture` on `canvas`, which takes the picture's size. Where the GPU runs, nothing is read back
   * from it: this is the way to show frames.
   *
   * The canvas shows it by a `bitmaprenderer` context, or by its `2d` context if it has one already.
   *
   * @throws {SegmentError} as `segment`; `INVALID_INPUT` also if the canvas has a context of another kind
   */
  draw(picture: Picture, canvas: HTMLCanvasElement | OffscreenCanvas, options: DrawOptions = {}): Promise<Drawing> {
    const draw = async () => {
      const { bitmap, painted: _, ...drawing } = await this.#draw(picture, options, () => checkCanvas(canvas));
      show(bitmap, canvas);
      return drawing;
    };
    return this.#watch(picture, undefined, draw, options?.matte);
  }

  /**
   * The subject on a transparent ground, its edge without the old ground's colours, at the picture's size. The bitmap is
   * the caller's, to be closed when it is no longer needed; so are those of `recolor` and `replaceBackground`.
   *
   * @throws {SegmentError} as `segment`
   */
  cutout(picture: Picture, options: PaintOptions = {}): Promise<ImageBitmap> {
    return this.#bitmap(picture, options, cutoutOf);
  }

  /**
   * The picture with its hair, or what else `of` names, in another colour.
   *
   * @throws {SegmentError} as `segment`
   */
  recolor(picture: Picture, options: RecolorOptions): Promise<ImageBitmap> {
    return this.#bitmap(picture, options, recolorOf);
  }

  /**
   * The subject before its own ground, blurred, a colour, or another picture.
   *
   * @throws {SegmentError} as `segment`
   */
  replaceBackground(picture: Picture, options: BackgroundOptions): Promise<ImageBitmap> {
    return this.#bitmap(picture, options, backgroundOf);
  }

  /**
   * Draws an effect of each frame that is written, steady from frame to frame: for `pipeThrough`.
   *
   * Frames that are written become the stream's, which closes them; those that are read are the reader's, to be closed, and
   * have the timestamp and duration of theirs. While one is worked on, or nobody reads, only the newest that comes is kept:
   * the others are dropped, so that nothing lags. The picture of an effect is read anew for each frame.
   *
   * What goes wrong errors both ends, as `draw` would; so does an aborted `signal`, with `ABORTED`. Closing the writable
   * end ends the other after the last frame, aborting it discards that; cancelling the readable end does so, too.
   *
   * @throws {SegmentError} `INVALID_INPUT`
   */
  stream(options: StreamOptions = {}): ReadableWritablePair<VideoFrame, VideoFrame> {
    return streamFrames(this.#frames(options), options.signal);
  }

  /**
   * Shows a video on `canvas` with an effect, as long as it plays, steady from frame to frame: where there are no streams of
   * frames, and where a canvas is all that is wanted. The canvas takes the frames' size, as by `draw`.
   *
   * One frame is worked on at a time, always the one that shows; the video's other frames are left out. While the video is
   * paused or has ended, the last one stays; its element is the caller's to play, pause, seek and mute.
   *
   * @throws {SegmentError} `INVALID_INPUT`
   */
  play(video: HTMLVideoElement, canvas: HTMLCanvasElement | OffscreenCanvas, options: StreamOptions = {}): Playback {
    checkCanvas(canvas);
    return playVideo(video, (bitmap) => show(bitmap, canvas), this.#frames(options), options.signal);
  }

  /**
   * The network's own answer, before it is made a matte: for tests and tools.
   *
   * @throws {SegmentError} as `segment`
   */
  predict(picture: Picture, options: PredictOptions = {}): Promise<Prediction> {
    return this.#watch(picture, undefined, async () => {
      const start = performance.now();
      checkObject('options', options);
      checkSignal(options.signal);
      const taken = this.#take(picture, options.signal);
      const { timings, ...prediction } = await this.#client.call({ type: 'predict' }, taken.picture, options.signal);
      return { ...prediction, timings: complete(timings, taken, start) };
    });
  }

  /**
   * Loses the GPU, as if its driver had crashed, to see what then happens: the CPU takes over, also a call under way,
   * and the GPU is built anew behind it. Whether there was one to lose.
   */
  simulateDeviceLoss(): boolean {
    return this.#accelerator?.lose() ?? false;
  }

  /** Frees the model and ends the workers. Pending calls reject with `CLOSED`. Closing twice does nothing. */
  close(): void {
    this.#closed = true;
    this.#accelerator?.close();
    this.#client.close();
    this.#files.abort();
    this.#partner?.close();
  }

  /** As `close`, for `using`; only where the browser knows `Symbol.dispose`. */
  declare [Symbol.dispose]: () => void;

  static {
    if (typeof Symbol.dispose === 'symbol') {
      this.prototype[Symbol.dispose] = function (this: Segmenter) {
        this.close();
      };
    }
  }

  /** Looks for a GPU and, where there is one that may be of use, has it tried. Resolves once it runs or does not. */
  async #accelerate({ base, model, executor, worker, maxPixels, memory }: CheckedCreate): Promise<void> {
    const [report, files] = [this.#report, this.#files];
    const refusal = refuseGpu({ asked: executor, worker, ships: model.id !== 'custom' });
    if (model.id === 'custom' || refusal !== undefined) return report.refuseGpu(refusal!);
    const adapter = await findAdapter();
    if (this.#closed) return;
    const useless = refuseAdapter(adapter, executor);
    if (typeof adapter !== 'string') report.adapter = adapter;
    if (typeof adapter === 'string' || useless !== undefined) {
      files.forget();
      return report.refuseGpu(useless!);
    }
    // Only now is anything of the GPU downloaded.
    const { Accelerator, prospect, recallChoice, rememberChoice } = await import('./accelerator.js');
    const hopes = prospect(executor, recallChoice(adapter, model.id, memory));
    if (!hopes.load || this.#closed) {
      files.forget();
      return report.refuseGpu(hopes.why);
    }
    const accelerator = new Accelerator({
      open: workerThread(base, 'gpu'),
      model: model.id,
      maxPixels,
      software: adapter.software,
      subject: this.info.subjects[0]!,
      files: () => files.beside(wasmUrl('gpu', base)),
      onCpu: (task, picture) => this.#client.call(task, Promise.resolve(picture), undefined, true),
      remember: (choice) => rememberChoice(adapter, model.id, choice, memory),
      tell: (event) => {
        if (event.kind === 'demoted') files.forget();
        report.tell(event);
      },
    });
    this.#accelerator = accelerator;
    report.standing = accelerator.standing;
    this.#client.accelerate(accelerator);
    await accelerator.start(hopes);
    if (!accelerator.standing.running) files.forget();
  }

  /** Waits for the GPU, as long as loading is not given up. */
  async #gpuOrAbort(signal: AbortSignal | undefined): Promise<void> {
    const abort = () => this.close();
    signal?.addEventListener('abort', abort);
    await this.settled;
    signal?.removeEventListener('abort', abort);
    if (signal?.aborted) {
      this.close();
      throw abortedBy(signal);
    }
  }

  #bitmap<T extends PaintOptions>(picture: Picture, options: T, drawn: (options: T) => DrawOptions): Promise<ImageBitmap> {
    return this.#watch(picture, undefined, async () => (await this.#draw(picture, drawn(options))).bitmap, options?.matte);
  }

  /** What draws the frames of a stream; refuses its options at once. */
  #frames(options: StreamOptions): DrawFrame {
    checkStream(options);
    checkDraw(options, this.info.subjects);
    const { smoothing = true } = options;
    return (frame, signal, stream) => this.#watch(frame, undefined, () => this.#draw(frame, { ...options, signal }, () => {}, smoothing ? stream : undefined));
  }

  async #draw(picture: Picture, options: DrawOptions, check = () => {}, stream?: number): Promise<Drawn> {
    const start = performance.now();
    const { task, image, ground } = checkDraw(options, this.info.subjects);
    check();
    task.stream = stream;
    const { signal } = options;
    const taken = this.#take(picture, signal);
    let ready = this.#partner?.with(task, taken.picture) ?? taken.picture;
    const under = ground && capture(image!, this.#maxPixels, 'image');
    if (ground && under) {
      // The call waits for its picture; then this is there as well.
      const before = ready;
      ready = under.then((picture) => ((task.ground = { ...ground, picture }), before));
      under.catch(() => taken.picture.then(release)).catch(() => {});
    }
    try {
      // Painting alone is the CPU's: its worker is there whatever runs the network.
      const answer = await this.#client.call(task, ready, signal, task.matte !== undefined);
      return { ...answer, timings: complete(answer.timings, taken, start) };
    } finally {
      under?.then(release, () => {});
    }
  }

  /** Makes a call, before the eyes of the rollout if there is one. With a `matte` no model of it runs. */
  async #watch<T>(picture: Picture, segment: SegmentOptions | undefined, call: () => Promise<T>, matte?: unknown): Promise<T> {
    const part = this.#part;
    if (!part || matte) return call();
    if (part.withdrawn) throw new SegmentError('ROLLED_BACK', `the rollout gives the model ${part.model} no longer, want a new segmenter`);
    return part.watch(call, () => this.info.executor, picture, segment);
  }

  /** Starts to copy the picture, now. */
  #take(picture: Picture, signal: AbortSignal | undefined): Taken {
    if (signal?.aborted) throw abortedBy(signal);
    const start = performance.now();
    const taken: Taken = { captureMs: 0, picture: capture(picture, this.#maxPixels) };
    taken.picture.then(
      () => (taken.captureMs = performance.now() - start),
      () => {},
    );
    return taken;
  }
}

/** A picture that is being copied, and how long that took once it is done. */
interface Taken {
  picture: Promise<Captured>;
  captureMs: number;
}

function complete(timings: Omit<Matte['timings'], 'totalMs'>, taken: Taken, start: number): Matte['timings'] {
  return { ...timings, decodeMs: timings.decodeMs + taken.captureMs, totalMs: performance.now() - start };
}
