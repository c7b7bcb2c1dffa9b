/** The two places where a runner can live, behind one interface: a module worker and the page's own thread. */

import { SegmentError, messageOf } from './error.js';
import type { Build } from './features.js';
import type { Assignment, Reply, Request } from './protocol.js';
import { soon } from './soon.js';

/** A thread that answers requests. Its listeners hear nothing after `close`. */
export interface Thread {
  /** It can be asked now. Rejects with `ThreadUnavailable` if it could not be started. */
  readonly started: Promise<void>;
  post(request: Request, transfer: Transferable[]): void;
  close(): void;
}

export interface Listener {
  onReply(reply: Reply): void;
  /** The thread is gone, with all it had been asked. */
  onDeath(message: string): void;
}

export type OpenThread = (listener: Listener) => Thread;

/** A thread that never came up; another kind of thread may. */
export class ThreadUnavailable extends SegmentError {
  constructor(message: string) {
    super('INTERNAL', `the worker could not be started: ${message}`);
  }
}

/** `base` is the folder that the workers' scripts are in, if not this module's; of `count` workers, all but one only help. */
export function workerThread(base: URL | undefined, build: Build, count = 1): OpenThread {
  return (listener) => {
    const workers: Worker[] = [];
    const close = () => workers.forEach((worker) => worker.terminate());
    try {
      while (workers.length < count) workers.push(openWorker(base, build));
    } catch (error) {
      close();
      return { started: Promise.reject(new ThreadUnavailable(messageOf(error))), post() {}, close() {} };
    }
    const [first, ...helpers] = workers as [Worker, ...Worker[]];
    const started = Promise.all(workers.map((worker) => listenTo(worker, listener))).then(() => undefined);
    if (helpers.length > 0) acquaint(first, helpers);
    return { started, post: (request, transfer) => first.postMessage(request, transfer), close };
  };
}

/** Resolves when the worker's script runs. */
function listenTo(worker: Worker, listener: Listener): Promise<void> {
  let running = false;
  return new Promise<void>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      if (data.type !== 'started') return listener.onReply(data);
      running = true;
      if (data.version === VERSION) return resolve();
      const message = `the worker's script is of version ${data.version}, want ${VERSION}; deploy the package's files together`;
      reject(new SegmentError('CHECKSUM_MISMATCH', message));
    };
    worker.onerror = (event) => {
      // It is reported here; without this the browser would report it to the page as well.
      event.preventDefault();
      const message = event.message || 'its script could not be loaded or was blocked';
      if (running) listener.onDeath(message);
      else reject(new ThreadUnavailable(message));
    };
    worker.onmessageerror = () => listener.onDeath('an answer could not be received');
  });
}

/** Connects the workers. All are the page's own, so that it hears of a helper that breaks while the first one waits for it. */
function acquaint(first: Worker, helpers: Worker[]): void {
  const ports = helpers.map((helper) => {
    const { port1, port2 } = new MessageChannel();
    helper.postMessage({ type: 'help', port: port1 } satisfies Assignment, [port1]);
    return port2;
  });
  first.postMessage({ type: 'helpers', ports } satisfies Assignment, ports);
}

/** Bundlers know workers by these very expressions. */
function openWorker(base: URL | undefined, build: Build): Worker {
  if (base) return new Worker(new URL(`${SCRIPTS[build]}.js`, base), { type: 'module', name: 'featheredge' });
  if (THREADS && build === 'threads') return new Worker(new URL('./worker.threads.js', import.meta.url), { type: 'module', name: 'featheredge' });
  if (build === 'gpu') return new Worker(new URL('./worker.gpu.js', import.meta.url), { type: 'module', name: 'featheredge' });
  return build === 'onnx'
    ? new Worker(new URL('./worker.onnx.js', import.meta.url), { type: 'module', name: 'featheredge' })
    : new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'featheredge' });
}

/** Builds whose JavaScript sides differ have a script each. */
const SCRIPTS: Record<Build, string> = { simd: 'worker', relaxed: 'worker', threads: 'worker.threads', onnx: 'worker.onnx', gpu: 'worker.gpu' };

/** The page's own thread; what runs there is loaded only now. */
export function pageThread(build: Build): OpenThread {
  return (listener) => {
    let open = true;
    // Each of the two files holds one WebAssembly instance.
    const module = build === 'onnx' ? import('./runner.onnx.js') : import('./runner.js');
    const loading = module.then(({ Runner }) => new Runner((reply) => open && listener.onReply(reply)));
    return {
      started: loading.then(
        () => undefined,
        (cause: unknown) => {
          throw new SegmentError('FETCH', `the script that runs on the page could not be loaded: ${messageOf(cause)}`, { cause });
        },
      ),
      // As a task of its own, so that the page can do other things between two calls.
      post: (request) => soon(() => void loading.then((runner) => (open ? runner.handle(request) : undefined))),
      close: () => {
        open = false;
        void loading.then(
          (runner) => runner.close(),
          () => {},
        );
      },
    };
  };
}
