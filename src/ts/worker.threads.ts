/** The module worker of the `threads` build: one runs the calls, the others only help it. Self-contained, as `worker.ts`. */

import { help, initSync, startPool } from '#wasm';

import { messageOf } from './error.js';
import type { Assignment, Reply, Request, Share } from './protocol.js';
import { Runner } from './runner.js';

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<Request | Assignment>) => void) | null;
  postMessage(reply: Reply, transfer: Transferable[]): void;
};

const runner = new Runner((reply, transfer) => scope.postMessage(reply, transfer));
let helpers: MessagePort[] = [];

scope.onmessage = ({ data }) => {
  switch (data.type) {
    case 'helpers':
      helpers = data.ports;
      return;
    case 'help':
      return helpOver(data.port);
    case 'load':
      return void load(data);
    default:
      return void runner.handle(data);
  }
};
scope.postMessage({ type: 'started', version: VERSION }, []);

/** The pool comes first; the runner then finds the instance there. */
async function load(request: Extract<Request, { type: 'load' }>): Promise<void> {
  try {
    const { module } = request.files.wasm;
    const { memory } = initSync({ module });
    await Promise.all(helpers.map((port) => ready(port, { module, memory })));
    startPool(helpers.length);
  } catch (error) {
    return scope.postMessage({ type: 'failed', id: request.id, code: 'INTERNAL', message: `the threads could not be joined: ${messageOf(error)}` }, []);
  }
  return runner.handle(request);
}

function ready(port: MessagePort, share: Share): Promise<unknown> {
  return new Promise((resolve) => {
    port.onmessage = resolve;
    port.postMessage(share);
  });
}

/** What is thrown here, the page hears as an error of this worker. */
function helpOver(port: MessagePort): void {
  port.onmessage = ({ data }: MessageEvent<Share>) => {
    initSync(data);
    port.postMessage('ready');
    help();
  };
}
