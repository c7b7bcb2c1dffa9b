/** The two places where a runner can live, behind one interface: a module worker and the page's own thread. */

import { SegmentError, messageOf } from './error.js';
import type { Reply, Request } from './protocol.js';

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

/** `base` is the folder that `worker.js` is in, if not this module's. */
export function workerThread(base: URL | undefined): OpenThread {
  return (listener) => {
    let worker: Worker;
    try {
      worker = base
        ? new Worker(new URL('worker.js', base), { type: 'module', name: 'featheredge' })
        : new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'featheredge' });
    } catch (error) {
      return { started: Promise.reject(new ThreadUnavailable(messageOf(error))), post() {}, close() {} };
    }
    let running = false;
    const started = new Promise<void>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<Reply>) => {
        if (data.type !== 'started') return listener.onReply(data);
        running = true;
        if (data.version === VERSION) return resolve();
        const message = `worker.js is of version ${data.version}, want ${VERSION}; deploy the package's files together`;
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
    return {
      started,
      post: (request, transfer) => worker.postMessage(request, transfer),
      close: () => worker.terminate(),
    };
  };
}

/** The page's own thread; what runs there is loaded only now. */
export const pageThread: OpenThread = (listener) => {
  let open = true;
  const loading = import('./runner.js').then(({ Runner }) => new Runner((reply) => open && listener.onReply(reply)));
  return {
    started: loading.then(
      () => undefined,
      (cause: unknown) => {
        throw new SegmentError('FETCH', `runner.js could not be loaded: ${messageOf(cause)}`, { cause });
      },
    ),
    // As a task of its own, so that the page can do other things between two calls.
    post: (request) => {
      setTimeout(() => void loading.then((runner) => (open ? runner.handle(request) : undefined)));
    },
    close: () => {
      open = false;
      void loading.then(
        (runner) => runner.close(),
        () => {},
      );
    },
  };
};
