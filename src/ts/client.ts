/**
 * The page's side of a running thread: a queue of calls, one under way at a time.
 *
 * A load or a call that breaks its thread is run once more on a new one, where there can be one; the
 * calls behind it only wait longer. Aborting a call takes it from the queue, or discards its answer.
 */

import { SegmentError, abortedBy, foreignPicture } from './error.js';
import type { Downloads } from './files.js';
import type { Answer as AnswerTo, Captured, Loaded, LoadTask, PredictTask, Reply, Request, Task } from './protocol.js';
import { keep } from './spare.js';
import type { OpenThread, Thread } from './threads.js';
import { release, transferables } from './transfer.js';
import type { Progress } from './types.js';

type Answer = Extract<Reply, { type: 'done' | 'failed' | 'trapped' }> | { type: 'died'; message: string };

/** A call from the moment it is made until its promise settles. */
interface Job {
  task: Task;
  picture: Promise<Captured>;
  /** Whether it must not go to the accelerator. */
  plain: boolean;
  settled: boolean;
  resolve(value: AnswerTo<Task>): void;
  /** Also releases the picture. Only the first settling counts. */
  reject(error: unknown): void;
}

/** Something faster that may do a call, or leave it to the thread by `undefined`; the picture stays here. */
export interface Faster {
  run<T extends Task>(task: T, picture: Captured): Promise<AnswerTo<T> | undefined>;
}

export class Client {
  readonly #open: OpenThread;
  readonly #task: LoadTask;
  readonly #downloads: Pick<Downloads, 'get' | 'take'>;
  readonly #replaceable: boolean;
  readonly #queue: Job[] = [];
  #faster: Faster | undefined;
  #current: Job | undefined;
  #thread: Thread | undefined;
  #loaded: Loaded | undefined;
  #lastId = 0;
  /** The request that the thread is busy with, and the job it is for. */
  #asked: { id: number; job: Job | undefined; hear(answer: Answer): void } | undefined;
  /** Ends what is being waited for. */
  #interrupt: ((error: unknown) => void) | undefined;
  #onProgress: ((progress: Progress) => void) | undefined;
  #closed: SegmentError | undefined;

  /** `replaceable`: whether a broken thread can be replaced by a new one. */
  constructor(open: OpenThread, task: LoadTask, downloads: Pick<Downloads, 'get' | 'take'>, replaceable: boolean) {
    this.#open = open;
    this.#task = task;
    this.#downloads = downloads;
    this.#replaceable = replaceable;
  }

  /** Loads for the first time; a later load, after a broken thread, reports no progress. */
  async load(onProgress: ((progress: Progress) => void) | undefined, signal: AbortSignal | undefined): Promise<Loaded> {
    if (signal?.aborted) throw abortedBy(signal);
    const abort = () => this.close(abortedBy(signal!));
    signal?.addEventListener('abort', abort);
    this.#onProgress = onProgress;
    try {
      return await this.#start();
    } catch (error) {
      this.close();
      throw error;
    } finally {
      this.#onProgress = undefined;
      signal?.removeEventListener('abort', abort);
    }
  }

  /** From now on `faster` is asked first. */
  accelerate(faster: Faster): void {
    this.#faster = faster;
  }

  /** Queues a call; takes over the picture. `plain`: the thread itself must do it. */
  call<T extends Task>(task: T, picture: Promise<Captured>, signal?: AbortSignal, plain = false): Promise<AnswerTo<T>> {
    return new Promise((resolve, reject) => {
      const abort = () => this.#abort(job, abortedBy(signal!));
      signal?.addEventListener('abort', abort);
      const settle = (act: () => void) => {
        if (job.settled) return;
        job.settled = true;
        signal?.removeEventListener('abort', abort);
        act();
      };
      const job: Job = {
        task,
        picture,
        plain,
        settled: false,
        resolve: (value) => (job.settled ? discard(value) : settle(() => resolve(value as AnswerTo<T>))),
        reject: (error) =>
          settle(() => {
            // Closing a bitmap that was sent does nothing.
            picture.then(release, () => {});
            reject(error);
          }),
      };
      // It may fail long before its turn comes; then that is reported.
      picture.catch(() => {});
      if (this.#closed) return job.reject(this.#closed);
      this.#queue.push(job);
      void this.#pump();
    });
  }

  /** Ends the thread; every pending promise rejects with `reason`, and all later ones with `later`: they were not aborted. */
  close(reason = closed(), later = closed()): void {
    if (this.#closed) return;
    this.#closed = later;
    this.#current?.reject(reason);
    for (const job of this.#queue.splice(0)) job.reject(reason);
    this.#interrupt?.(reason);
    this.#stop();
  }

  async #pump(): Promise<void> {
    while (!this.#current && this.#queue.length > 0) {
      const job = (this.#current = this.#queue.shift()!);
      try {
        job.resolve(await this.#run(job));
      } catch (error) {
        job.reject(error);
      }
      this.#current = undefined;
    }
  }

  async #run(job: Job): Promise<AnswerTo<Task>> {
    let picture = await this.#wait(job.picture);
    const { task } = job;
    const faster = job.plain ? undefined : this.#faster;
    // Of several looks, or islands, the thread has each run elsewhere.
    const helped = faster !== undefined && task.type !== 'predict' && (task.quality !== 'fast' || task.minIsland > 0);
    if (faster && !helped) {
      const running = faster.run(task, picture);
      try {
        const answer = await this.#wait(running);
        if (answer) {
          release(picture);
          if (picture.kind === 'pixels') keep(picture.pixels.data.buffer);
          return answer;
        }
      } catch (error) {
        void running.then((answer) => answer && discard(answer));
        throw error;
      }
    }
    for (let attempt = 1; ; attempt++) {
      await this.#start();
      const request = { ...task, id: ++this.#lastId, picture, ...(helped && { helped }) };
      const answer = await this.#ask(request, transferables(picture), job);
      if (answer.type === 'done') {
        if (answer.spare) keep(answer.spare);
        return answer.value as AnswerTo<Task>;
      }
      if (answer.type === 'failed') throw new SegmentError(answer.code, answer.message);
      this.#stop();
      const error = new SegmentError('INTERNAL', `the run broke off: ${answer.message}`);
      if (!this.#replaceable) {
        job.reject(error);
        this.close(broken(), broken());
      }
      // What was transferred to a thread that died is lost; a blob is not.
      const back = answer.type === 'trapped' ? answer.picture : picture.kind === 'blob' ? picture : undefined;
      if (attempt === 2 || !back || job.settled) throw error;
      picture = back;
    }
  }

  /** Makes sure that a thread is there with the model loaded. */
  async #start(): Promise<Loaded> {
    for (let attempt = 1; !this.#loaded; attempt++) {
      const answer = await this.#loadOnThread();
      if (answer.type === 'done') return (this.#loaded = answer.value as Loaded);
      this.#stop();
      if (answer.type === 'failed') throw new SegmentError(answer.code, answer.message);
      // What was loaded is not to blame: it is verified, or its own fault is an answer of another kind.
      if (attempt === 2 || !this.#replaceable) throw new SegmentError('INTERNAL', `loading broke off: ${answer.message}`);
      // To the page it is one load, whose progress does not begin anew.
      this.#onProgress = undefined;
    }
    return this.#loaded;
  }

  /** Opens a thread and has it load; the files are downloaded while it starts. */
  async #loadOnThread(): Promise<Answer> {
    const thread = this.#open({
      onReply: (reply) => {
        if (this.#thread === thread) this.#hear(reply);
      },
      onDeath: (message) => {
        if (this.#thread !== thread) return;
        if (this.#asked) this.#asked.hear({ type: 'died', message });
        else this.#stop();
      },
    });
    this.#thread = thread;
    const report = (progress: Progress) => this.#tell(progress);
    try {
      const downloading = this.#downloads.get(report);
      // If the thread does not start, that is the news; the files may serve another one.
      downloading.catch(() => {});
      await this.#wait(thread.started);
      await this.#wait(downloading);
      const files = await this.#wait(this.#downloads.take(report));
      this.#tell({ phase: 'compile' });
      return await this.#ask({ ...this.#task, id: ++this.#lastId, files }, [files.model.buffer], undefined);
    } catch (error) {
      this.#stop();
      throw error;
    }
  }

  #stop(): void {
    this.#thread?.close();
    this.#thread = this.#loaded = this.#asked = undefined;
  }

  async #ask(request: Extract<Request, { id: number }>, transfer: Transferable[], job: Job | undefined): Promise<Answer> {
    const asking = new Promise<Answer>((hear) => {
      this.#asked = { id: request.id, job, hear };
      this.#thread!.post(request, transfer);
    });
    try {
      return await this.#wait(asking);
    } catch (cause) {
      // The browser refuses to post a bitmap whose pixels the page may not read.
      throw cause instanceof DOMException && cause.name === 'DataCloneError' ? foreignPicture(cause) : cause;
    } finally {
      this.#asked = undefined;
    }
  }

  #hear(reply: Reply): void {
    if (!('id' in reply) || reply.id !== this.#asked?.id) return;
    if (reply.type === 'run') void this.#help(reply);
    else this.#asked.hear(reply);
  }

  /** Has something faster run the network, where it does. */
  async #help({ id, picture }: Extract<Reply, { type: 'run' }>): Promise<void> {
    const thread = this.#thread;
    const answer = await this.#faster?.run<PredictTask>({ type: 'predict' }, { kind: 'pixels', pixels: picture });
    if (this.#thread === thread) thread?.post({ type: 'ran', id, answer }, answer ? [answer.data.buffer] : []);
  }

  #tell(progress: Progress): void {
    const listener = this.#onProgress;
    // As a task of its own, so that what it throws is the page's error and not ours.
    if (listener) queueMicrotask(() => listener(progress));
  }

  #abort(job: Job, error: SegmentError): void {
    job.reject(error);
    const place = this.#queue.indexOf(job);
    if (place >= 0) {
      this.#queue.splice(place, 1);
    } else if (this.#asked?.job === job) {
      this.#thread?.post({ type: 'cancel', id: this.#asked.id }, []);
    } else if (this.#current === job) {
      this.#interrupt?.(error);
    }
  }

  /** Waits for `promise`, or until interrupted. One thing is waited for at a time. */
  #wait<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#interrupt = reject;
      promise.then(resolve, reject);
    });
  }
}

function broken(): SegmentError {
  return new SegmentError('CLOSED', 'WebAssembly broke on this thread, want the page reloaded');
}

function closed(): SegmentError {
  return new SegmentError('CLOSED', 'the segmenter was closed');
}

/** Gives back the memory of an answer that nobody waits for any more. */
function discard(answer: AnswerTo<Task>): void {
  if ('bitmap' in answer) answer.bitmap.close();
}
