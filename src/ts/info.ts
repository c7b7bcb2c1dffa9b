/** What `Segmenter.info` says: made anew when something has changed, so that what a page has read stays as it was. */

import type { Standing } from './accelerator.js';
import type { Loaded } from './protocol.js';
import type { CreateOptions, ExecutorEvent, GpuAdapter, Info } from './types.js';

/** So many of the latest events are kept. */
const MOST_EVENTS = 100;

const BUILD_REASONS: Record<Info['build'], string> = {
  simd: 'the browser has SIMD, but not relaxed SIMD',
  relaxed: 'the browser has relaxed SIMD',
  threads: 'several threads were asked for',
  onnx: 'the model does not ship with the package',
  gpu: 'the GPU runs it',
};

export class Report {
  readonly #loaded: Omit<Loaded, 'tried' | 'partner'>;
  readonly #model: Info['model'];
  readonly #worker: boolean;
  /** Why the CPU runs as it does. */
  readonly #how: string;
  readonly #onEvent: CreateOptions['onEvent'];
  #events: ExecutorEvent[] = [];
  #adapter: GpuAdapter | undefined;
  #standing: Standing | undefined;
  #why = 'a GPU is still being looked for';
  #info: Info | undefined;

  /** `why` is why it runs in that thread. */
  constructor({ tried: _, partner: __, ...loaded }: Loaded, model: Info['model'], worker: boolean, why: string, onEvent: CreateOptions['onEvent']) {
    this.#loaded = loaded;
    this.#model = model;
    this.#worker = worker;
    this.#onEvent = onEvent;
    const { executor, build, reason } = loaded;
    const thread = worker ? 'in a worker' : "on the page's own thread";
    this.#how = `runs by the executor ${executor}, because ${reason}; with the ${build} build, because ${BUILD_REASONS[build]}; ${thread}, ${why}.`;
  }

  get info(): Info {
    return (this.#info ??= this.#make());
  }

  set adapter(adapter: GpuAdapter | undefined) {
    this.#adapter = adapter && Object.freeze({ ...adapter });
    this.#info = undefined;
  }

  /** The accelerator's, which changes it and then tells. */
  set standing(standing: Standing) {
    this.#standing = standing;
    this.#info = undefined;
  }

  /** The CPU alone runs. */
  refuseGpu(why: string): void {
    this.#why = why;
    this.#standing = undefined;
    this.#info = undefined;
  }

  tell({ kind, code, message }: Pick<ExecutorEvent, 'kind' | 'code' | 'message'>): void {
    const executor = this.#standing?.running ? 'gpu' : this.#loaded.executor;
    const event: ExecutorEvent = Object.freeze({ kind, executor, at: Date.now(), ...(code && { code }), message });
    this.#events = [...this.#events, event].slice(-MOST_EVENTS);
    this.#info = undefined;
    const listener = this.#onEvent;
    // As a task of its own, so that what it throws is the page's error and not ours.
    if (listener) queueMicrotask(() => listener(event));
  }

  #make(): Info {
    const { running = false, half = false, why = this.#why, wasmBytes = 0 } = this.#standing ?? {};
    const loaded = this.#loaded;
    return Object.freeze({
      ...loaded,
      ...(running && { executor: 'gpu' as const, build: 'gpu' as const, arithmetic: 'f32' as const }),
      model: this.#model,
      adapter: this.#adapter,
      half,
      events: Object.freeze([...this.#events]),
      worker: this.#worker || running,
      threads: running ? 1 : (loaded.threads ?? 1),
      wasmBytes: loaded.wasmBytes + wasmBytes,
      reason: running ? `On the GPU, because ${why}. Whatever it fails to do ${this.#how}` : `Not on a GPU, because ${why}. It ${this.#how}`,
      version: VERSION,
    });
  }
}
