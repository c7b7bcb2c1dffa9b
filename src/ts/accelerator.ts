/**
 * The GPU beside the CPU: loaded behind it, tried against it, and left to it whenever anything goes wrong.
 *
 * A worker of its own runs it, and is ended at any failure: what remains of a GPU that was lost, or of an instance
 * that broke, is nothing to build on. Nothing here ever rejects: a call that the GPU does not do is answered with
 * `undefined`, and the CPU does it.
 */

import { type Choice, type Failure, type Prospect, faster, isLasting, refuseNumbers, remedy } from './choice.js';
import { hasCode, messageOf } from './error.js';
import type { Files } from './files.js';
import type { Answer, Captured, GpuLoadTask, GpuLoaded, MatteAnswer, PredictTask, PredictionAnswer, Reply, Request, SegmentTask, Task } from './protocol.js';
import type { OpenThread, Thread } from './threads.js';
import type { ErrorCode, ExecutorEvent, ModelId } from './types.js';

export { prospect } from './choice.js';
export { recallChoice, rememberChoice } from './memory.js';

/** What the accelerator needs of the rest. */
export interface Surroundings {
  open: OpenThread;
  model: ModelId;
  maxPixels: number;
  /** Whether the GPU is a program, which takes its time. */
  software: boolean;
  /** What the model has that a matte can be made of. */
  subject: string;
  /** The files; those of a first load are kept for a later one. */
  files(): Promise<Files>;
  /** Has the CPU do a call. */
  onCpu<T extends PredictTask | SegmentTask>(task: T, picture: Captured): Promise<Answer<T>>;
  remember(choice: Choice): void;
  /** Something happened; `standing` is up to date. */
  tell(event: Pick<ExecutorEvent, 'kind' | 'code' | 'message'>): void;
}

/** Whether the GPU runs the calls now, and why, or why not. */
export interface Standing {
  running: boolean;
  half: boolean;
  why: string;
  wasmBytes: number;
}

/** How long the GPU may take before it counts as hung. A program on the CPU gets ten times as long. */
export interface Patience {
  loadMs: number;
  callMs: number;
  /** After so long without a failure, earlier ones no longer count: some computers lose their GPU at each sleep. */
  calmMs: number;
}

const PATIENCE: Patience = { loadMs: 20_000, callMs: 10_000, calmMs: 300_000 };

/** How long to wait before the GPU is built anew for the first time, the second: a driver that crashed needs some time. */
const REST_MS = [0, 500, 2_000];

/** How many pictures each executor is timed with, after one that is not. */
const FRAMES = 3;

class GpuFailure extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

export class Accelerator {
  readonly standing: Standing = { running: false, half: false, why: 'the GPU is still being tried', wasmBytes: 0 };

  readonly #with: Surroundings;
  readonly #patience: Patience;
  #closed = false;
  #thread: Thread | undefined;
  #lastId = 0;
  #asked = new Map<number, { resolve(value: unknown): void; reject(failure: GpuFailure): void }>();
  /** Each ends something that is being waited for. */
  readonly #waits = new Set<(failure: GpuFailure) => void>();
  /** What ended the worker while nothing was waited for. */
  #broken: GpuFailure | undefined;
  #rebuilds = 0;
  #restored = 0;
  #half = true;

  constructor(surroundings: Surroundings, patience = PATIENCE) {
    this.#with = surroundings;
    const times = surroundings.software ? 10 : 1;
    this.#patience = { ...patience, loadMs: patience.loadMs * times, callMs: patience.callMs * times };
  }

  /** Gets the GPU to run or finds out why it cannot. */
  start({ trial, why }: Extract<Prospect, { load: true }>): Promise<void> {
    return this.#bringUp(trial, why, false);
  }

  /** The GPU's answer; `undefined` if the CPU must do it. The picture stays the caller's. */
  async run<T extends Task>(task: T, picture: Captured): Promise<Answer<T> | undefined> {
    if (!this.standing.running) return undefined;
    try {
      return await this.#call(task, picture);
    } catch (error) {
      if (error instanceof GpuFailure) this.#recover(error.failure);
      return undefined;
    }
  }

  /** Takes the GPU away, as a driver's crash would. Whether there was one to take. */
  lose(): boolean {
    if (!this.#thread) return false;
    this.#thread.post({ type: 'lose' }, []);
    return true;
  }

  close(): void {
    this.#closed = true;
    this.standing.running = false;
    this.#stop(new GpuFailure({ kind: 'died', code: 'CLOSED', message: 'the segmenter was closed' }));
  }

  /** Loads, tests and tries the GPU, until it runs or is left alone. `again`: it has run before. */
  async #bringUp(trial: boolean, why: string, again: boolean): Promise<void> {
    while (!this.#closed) {
      try {
        const loaded = await this.#load();
        this.#half = loaded.half;
        const portrait = new Blob([loaded.portrait], { type: 'image/jpeg' });
        await this.#test(portrait);
        const choice: Choice = trial ? await this.#race(portrait) : { executor: 'gpu', why };
        if (this.#closed) return;
        if (trial) this.#with.remember(choice);
        if (choice.executor === 'cpu') return this.#leave('chosen', { why: choice.why });
        this.#restored = performance.now();
        Object.assign(this.standing, { running: true, half: loaded.half, why: choice.why, wasmBytes: loaded.wasmBytes });
        return this.#with.tell({ kind: again ? 'restored' : 'chosen', message: again ? 'the GPU runs again' : `the GPU runs, because ${choice.why}` });
      } catch (error) {
        if (this.#closed) return;
        if (!(error instanceof GpuFailure)) return this.#leave('demoted', { code: 'INTERNAL', why: `its trial broke off: ${messageOf(error)}` });
        const { failure } = error;
        this.#stop(error);
        const next = remedy(failure, again, this.#half, this.#rebuilds);
        this.#with.tell({ kind: failure.kind === 'lost' ? 'lost' : 'failed', code: failure.code, message: failure.message });
        if (next === 'demote') {
          // One that ran here before may run here again.
          if (!again && isLasting(failure)) this.#with.remember({ executor: 'cpu', why: `on this device the GPU failed before: ${failure.message}` });
          return this.#demote(failure);
        }
        if (next === 'rebuild-f32') this.#half = false;
        await this.#rest();
      }
    }
  }

  /** After a failure while it ran: the CPU does what is to be done, and the GPU is built anew behind it, or left alone. */
  #recover(failure: Failure): void {
    // One call was not for it; or it is known already.
    if (failure.kind === 'refused' || !this.standing.running || this.#closed) return;
    const { why } = this.standing;
    if (performance.now() - this.#restored > this.#patience.calmMs) this.#rebuilds = 0;
    Object.assign(this.standing, { running: false, half: false, why: `${failure.message}; it is being built anew` });
    this.#stop(new GpuFailure(failure));
    const next = remedy(failure, true, this.#half, this.#rebuilds);
    this.#with.tell({ kind: failure.kind === 'lost' ? 'lost' : 'failed', code: failure.code, message: failure.message });
    if (next === 'demote') return this.#demote(failure);
    void this.#rest().then(() => this.#bringUp(false, why, true));
  }

  #demote(failure: Failure): void {
    this.#leave('demoted', { code: failure.code, why: `the GPU failed: ${failure.message}` });
  }

  #leave(kind: 'chosen' | 'demoted', { code, why }: { code?: ErrorCode; why: string }): void {
    this.#stop(new GpuFailure({ kind: 'died', code: 'CLOSED', message: 'the GPU is not used' }));
    Object.assign(this.standing, { running: false, half: false, why });
    this.#with.tell({ kind, ...(code && { code }), message: `the CPU runs, because ${why}` });
  }

  #rest(): Promise<void> {
    const ms = REST_MS[Math.min(this.#rebuilds++, REST_MS.length - 1)]!;
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  async #load(): Promise<GpuLoaded> {
    this.#broken = undefined;
    const thread = this.#with.open({
      onReply: (reply) => {
        if (this.#thread === thread) this.#hear(reply);
      },
      onDeath: (message) => {
        if (this.#thread === thread) this.#end({ kind: 'died', code: 'GPU_FAILED', message: `its worker broke: ${message}` });
      },
    });
    this.#thread = thread;
    const missing = (error: unknown) => new GpuFailure({ kind: 'missing', code: hasCode(error) ? error.code : 'INTERNAL', message: messageOf(error) });
    const getting = Promise.all([this.#with.files(), thread.started]).then(
      ([files]) => files,
      (error: unknown) => {
        throw missing(error);
      },
    );
    // If something else ends it, that is the news.
    getting.catch(() => {});
    // However long the network takes.
    const files = await this.#within(undefined, 'to start', () => getting);
    return this.#within(this.#patience.loadMs, 'to load', async () => {
      const { model, maxPixels } = this.#with;
      const task: GpuLoadTask = { type: 'load-gpu', model, maxPixels, half: this.#half };
      return (await this.#ask((id) => ({ ...task, id, files }))) as GpuLoaded;
    });
  }

  /** One picture's probabilities, compared with the CPU's. */
  async #test(portrait: Blob): Promise<void> {
    const picture: Captured = { kind: 'blob', blob: portrait };
    const gpu: PredictionAnswer = await this.#call({ type: 'predict' }, picture);
    const cpu = await this.#with.onCpu({ type: 'predict' }, picture);
    const wrong = refuseNumbers(cpu.data, gpu.data);
    if (wrong !== undefined) throw new GpuFailure({ kind: 'wrong', code: 'GPU_FAILED', message: `in its self-test ${wrong}` });
  }

  /** Both make the same matte, by turns, so that neither has a quieter time. */
  async #race(portrait: Blob): Promise<Choice> {
    const picture: Captured = { kind: 'blob', blob: portrait };
    const task: SegmentTask = { type: 'segment', of: this.#with.subject, intensity: 0, feather: undefined, morphology: undefined, minIsland: 0, quality: 'fast' };
    const [cpuMs, gpuMs]: [number[], number[]] = [[], []];
    for (let frame = 0; frame <= FRAMES; frame++) {
      const cpu = await this.#with.onCpu(task, picture);
      const gpu = await this.#call(task, picture);
      // The first compiles what is needed.
      if (frame === 0) continue;
      cpuMs.push(spent(cpu));
      gpuMs.push(spent(gpu));
    }
    return faster(cpuMs, gpuMs);
  }

  async #call<T extends Task>(task: T, picture: Captured): Promise<Answer<T>> {
    return this.#within(this.#patience.callMs, 'to answer', async () => {
      // Nothing is transferred, so that the CPU can take over the picture if the worker does not come back.
      return (await this.#ask((id) => ({ ...task, id, picture }) as Request & { id: number })) as Answer<T>;
    });
  }

  #ask(make: (id: number) => Request): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      try {
        this.#thread!.post(make(id), []);
      } catch (error) {
        // Such as a bitmap that may not be sent; the CPU's side says so.
        reject(new GpuFailure({ kind: 'refused', code: 'INVALID_INPUT', message: messageOf(error) }));
      }
    }).finally(() => this.#asked.delete(id));
  }

  #hear(reply: Reply): void {
    switch (reply.type) {
      case 'done':
        return this.#asked.get(reply.id)?.resolve(reply.value);
      case 'failed':
        return this.#asked.get(reply.id)?.reject(new GpuFailure({ kind: kindOf(reply.code), code: reply.code, message: reply.message }));
      case 'trapped':
        return this.#end({ kind: 'died', code: 'GPU_FAILED', message: `its instance broke: ${reply.message}` });
      case 'lost':
        return this.#end({ kind: 'lost', code: 'GPU_LOST', message: reply.message });
    }
  }

  /** A failure that is of no call: it ends the one under way, or is dealt with at once. */
  #end(failure: Failure): void {
    const error = new GpuFailure(failure);
    if (this.#waits.size === 0 && this.standing.running) return this.#recover(failure);
    this.#broken = error;
    for (const fail of this.#waits) fail(error);
  }

  /** Ends the worker; what was asked of it fails with `reason`. */
  #stop(reason: GpuFailure): void {
    this.#thread?.close();
    this.#thread = undefined;
    this.#asked.clear();
    for (const fail of this.#waits) fail(reason);
  }

  /** Does `work`, for so long at most, if that is said, and until something ends it. */
  async #within<T>(ms: number | undefined, what: string, work: () => Promise<T>): Promise<T> {
    if (this.#broken) throw this.#broken;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let fail: ((failure: GpuFailure) => void) | undefined;
    const ended = new Promise<never>((_, reject) => {
      this.#waits.add((fail = reject));
      if (ms !== undefined) timer = setTimeout(() => reject(new GpuFailure({ kind: 'hung', code: 'GPU_FAILED', message: `it took more than ${ms / 1000} s ${what}` })), ms);
    });
    try {
      return await Promise.race([work(), ended]);
    } finally {
      clearTimeout(timer);
      this.#waits.delete(fail!);
    }
  }
}

function kindOf(code: ErrorCode): Failure['kind'] {
  switch (code) {
    case 'GPU_LOST':
      return 'lost';
    case 'GPU_FAILED':
    case 'INTERNAL':
      return 'failed';
    case 'CHECKSUM_MISMATCH':
    case 'FETCH':
      return 'missing';
    default:
      return 'refused';
  }
}

/** What a run took by itself, in milliseconds: the page's own calls, which it may have had to wait for, are not to its blame. */
function spent({ timings: { decodeMs, preMs, inferMs, postMs } }: MatteAnswer): number {
  return decodeMs + preMs + inferMs + postMs;
}
