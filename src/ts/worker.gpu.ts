/** The module worker of the `gpu` build. Self-contained, as `worker.ts`. */

import { GpuRunner } from './engine.js';
import type { Reply, Request } from './protocol.js';

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(reply: Reply, transfer: Transferable[]): void;
};

const runner = new GpuRunner((reply, transfer) => scope.postMessage(reply, transfer));
scope.onmessage = (event) => runner.handle(event.data);
scope.postMessage({ type: 'started', version: VERSION }, []);
