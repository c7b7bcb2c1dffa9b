/** The public class: checks what it is given, copies pictures, and hands calls to the thread that runs them. */

/// <reference lib="esnext.disposable" preserve="true" />

import { recallArithmetic, rememberArithmetic } from './arithmetic.js';
import { wasmUrl } from './assets.js';
import { Client } from './client.js';
import { SegmentError, abortedBy, messageOf } from './error.js';
import { type Build, chooseBuild, refuseThreads } from './features.js';
import { Downloads } from './files.js';
import { prepareFrames } from './frames.js';
import { type CheckedCreate, checkCreate, checkObject, checkSegment, checkSignal } from './options.js';
import { capture } from './picture.js';
import type { Captured, Loaded, LoadTask } from './protocol.js';
import { ThreadUnavailable, pageThread, workerThread } from './threads.js';
import type { CreateOptions, Info, Matte, Picture, PredictOptions, Prediction, SegmentOptions } from './types.js';

export class Segmenter {
  /** What really runs, and why. */
  readonly info: Info;

  readonly #client: Client;
  readonly #maxPixels: number;

  /** Use `Segmenter.create`. */
  private constructor(client: Client, info: Info, maxPixels: number) {
    this.#client = client;
    this.info = info;
    this.#maxPixels = maxPixels;
  }

  /**
   * Downloads a model and what runs it, and gets both ready.
   *
   * @throws {SegmentError} `INVALID_INPUT`, `FETCH`, `CHECKSUM_MISMATCH`, `UNSUPPORTED_MODEL`,
   * `UNSUPPORTED_BROWSER`, `ABORTED` or `INTERNAL`; it can be called again after any of them
   */
  static async create(options: CreateOptions = {}): Promise<Segmenter> {
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
    const files = new Downloads(wasmUrl(build, base), model);
    const open = async (client: Client, inWorker: boolean, why: string) => {
      const loaded = await client.load(onProgress, signal);
      if (loaded.tried) rememberArithmetic(build, loaded.arithmetic);
      const info = describe(loaded, model.id, inWorker, why + onThreads);
      if (onProgress) queueMicrotask(() => onProgress({ phase: 'ready' }));
      return new Segmenter(client, info, maxPixels);
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
   * @throws {SegmentError} `INVALID_INPUT`, `UNSUPPORTED_PICTURE`, `PICTURE_TOO_LARGE`, `ABORTED`,
   * `CLOSED` or `INTERNAL`
   */
  async segment(picture: Picture, options: SegmentOptions = {}): Promise<Matte> {
    const start = performance.now();
    const task = checkSegment(options, this.info.subjects);
    const taken = this.#take(picture, options.signal);
    const { timings, ...matte } = await this.#client.call(task, taken.picture, options.signal);
    return { ...matte, timings: complete(timings, taken, start) };
  }

  /**
   * The network's own answer, before it is made a matte: for tests and tools.
   *
   * @throws {SegmentError} as `segment`
   */
  async predict(picture: Picture, options: PredictOptions = {}): Promise<Prediction> {
    const start = performance.now();
    checkObject('options', options);
    checkSignal(options.signal);
    const taken = this.#take(picture, options.signal);
    const { timings, ...prediction } = await this.#client.call({ type: 'predict' }, taken.picture, options.signal);
    return { ...prediction, timings: complete(timings, taken, start) };
  }

  /** Frees the model and ends the worker. Pending calls reject with `CLOSED`. Closing twice does nothing. */
  close(): void {
    this.#client.close();
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

const BUILD_REASONS: Record<Info['build'], string> = {
  simd: 'the browser has SIMD, but not relaxed SIMD',
  relaxed: 'the browser has relaxed SIMD',
  threads: 'several threads were asked for',
  onnx: 'the model does not ship with the package',
};

function describe(loaded: Loaded, model: Info['model'], worker: boolean, why: string): Info {
  const { tried: _, ...facts } = loaded;
  const { build, executor } = facts;
  const thread = worker ? 'in a worker' : "on the page's own thread";
  return Object.freeze({
    ...facts,
    model,
    worker,
    threads: facts.threads ?? 1,
    reason: `Runs by the executor ${executor}, because ${loaded.reason}; with the ${build} build, because ${BUILD_REASONS[build]}; ${thread}, ${why}.`,
    version: VERSION,
  });
}
