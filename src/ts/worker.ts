/** The module worker: a runner on its own thread. Self-contained, so that any bundler can take it as it is. */

import type { Reply, Request } from './protocol.js';
import { Runner } from './runner.js';

/** The two members of a worker's scope that are used; the page's types know them otherwise. */
const scope = self as unknown as {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(reply: Reply, transfer: Transferable[]): void;
};

const runner = new Runner((reply, transfer) => scope.postMessage(reply, transfer));
scope.onmessage = (event) => void runner.handle(event.data);
scope.postMessage({ type: 'started', version: VERSION }, []);
