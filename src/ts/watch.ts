/** A segmenter's part in a rollout: which model it gets, and a record of each of its calls. */

import { type BeaconRecord, type Outcome, type Result, agreementOf, coverageOf, executorOf, iouOf, latencyOf, outcomeOf, sizeOf } from './record.js';
import type { Assignment } from './rollout-types.js';
import type { CreateOptions, Executor, ModelId, Participation, Picture, SecondSegmenter, SegmentOptions } from './types.js';

export interface WatchOptions {
  /** As it is now. */
  assign(): Assignment;
  /** What runs for those who are out. */
  fallback: CreateOptions['model'];
  /** The model of the control, if there is one. */
  control: string | undefined;
  /** The share of calls that are done again. */
  agreement: number;
  again(options: Pick<CreateOptions, 'model' | 'executor'>): Promise<SecondSegmenter>;
  /** Whether the run that is about to begin is to be told of. */
  wants(): boolean;
  /** Takes a record of one that is. */
  tell(record: BeaconRecord): void;
}

/** Only one call is done again at a time, on whatever segmenter. */
let busy = false;

export class Watch implements Participation {
  readonly model: ModelId | undefined;
  readonly #options: WatchOptions;
  readonly #variant: string | undefined;

  constructor(options: WatchOptions) {
    const { variant, model } = options.assign();
    this.#options = options;
    this.#variant = variant;
    this.model = model as ModelId | undefined;
  }

  get withdrawn(): boolean {
    if (this.model === undefined) return false;
    const { model = this.#options.fallback ?? 'selfie' } = this.#options.assign();
    return model !== this.model;
  }

  async watch<T>(call: () => Promise<T>, executor: () => Executor, picture?: Picture, segment?: SegmentOptions): Promise<T> {
    if (this.#variant === undefined || !this.#options.wants()) return call();
    const copy = picture && segment ? this.#copy(picture) : undefined;
    const start = performance.now();
    try {
      const result = (await call()) as T & Result;
      // That a segmenter could be made is no run. All is read now: from here on the answer is the caller's.
      if (picture) {
        const record = this.#record('ok', performance.now() - start, result.executor ?? executor(), result);
        if (!copy || !segment || !result.alpha) this.#options.tell(record);
        else void this.#tellCompared(record, copy, segment, { ...result, alpha: result.alpha.slice() });
      }
      return result;
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome) this.#options.tell(this.#record(outcome, performance.now() - start, executor(), {}));
      void copy?.then(release, () => {});
      throw error;
    }
  }

  #record(outcome: Outcome, ms: number, executor: Executor, result: Result): BeaconRecord {
    const coverage = coverageOf(result);
    return {
      variant: this.#variant!,
      model: this.model!,
      executor: executorOf(executor),
      outcome: result.alpha && coverage === 'none' ? 'no-subject' : outcome,
      latency: latencyOf(ms),
      size: sizeOf(result),
      coverage,
      version: VERSION,
    };
  }

  async #tellCompared(record: BeaconRecord, copy: Promise<Picture>, segment: SegmentOptions, result: Result): Promise<void> {
    try {
      const picture = await copy;
      try {
        Object.assign(record, await this.#compare(picture, segment, result));
      } finally {
        release(picture);
      }
    } catch {
      // What cannot be compared is told of all the same.
    }
    this.#options.tell(record);
  }

  /** The picture for a second run, taken while it is what it was; `undefined` for most calls. */
  #copy(picture: Picture): Promise<Picture> | undefined {
    if (busy || Math.random() >= this.#options.agreement) return undefined;
    const copy: Promise<Picture> = picture instanceof Blob ? Promise.resolve(picture) : createImageBitmap(picture);
    copy.catch(() => {});
    return copy;
  }

  /** Runs the previous model or, where this is that, the CPU beside the GPU, when the page has time for it. */
  async #compare(picture: Picture, { signal: _, ...segment }: SegmentOptions, { alpha, executor }: Result) {
    const { control, again } = this.#options;
    const other = control !== undefined && control !== this.model ? ({ model: control as ModelId } as const) : undefined;
    if (busy || (!other && executor !== 'gpu')) return {};
    busy = true;
    try {
      await new Promise<void>((idle) => ('requestIdleCallback' in globalThis ? requestIdleCallback(() => idle(), { timeout: 5000 }) : setTimeout(idle, 200)));
      const second = await again(other ?? { model: this.model, executor: 'cpu' });
      try {
        const matte = await second.segment(picture, segment);
        if (matte.alpha.length !== alpha!.length) return {};
        return { agreement: agreementOf(iouOf(alpha!, matte.alpha)), reference: other ? 'previous' : 'cpu' } as const;
      } finally {
        second.close();
      }
    } finally {
      busy = false;
    }
  }
}

/** Only a copy of ours is a bitmap's owner. */
function release(picture: Picture): void {
  if (picture instanceof ImageBitmap) picture.close();
}
