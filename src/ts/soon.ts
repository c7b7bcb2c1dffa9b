/** Runs `task` behind those that wait already. As `setTimeout`, which waits some milliseconds where calls follow each other. */
export function soon(task: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    task();
  };
  port2.postMessage(undefined);
}
