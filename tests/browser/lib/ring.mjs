/**
 * A ring: the tests that need one browser. Where that browser is missing, the ring says that it
 * was skipped and why; under CI, where nothing may be missing, it fails instead.
 */

import test from 'node:test';

/** Longer than any ring takes on two slow cores, unless it was asked for all there is; nothing waits for ever. */
const RING_MS = process.env.GPU === 'all' ? 3_600_000 : 300_000;

/**
 * @param {string} name
 * @param {Record<string, string | undefined>} needs each thing that is needed, by its name, and where it is
 * @param {(t: import('node:test').TestContext) => Promise<void>} body
 */
export function ring(name, needs, body) {
  test(name, { timeout: RING_MS }, async (t) => {
    if (present(t, needs)) await body(t);
  });
}

/** Whether all is there; if not, `t` is skipped, or failed under CI. */
export function present(t, needs) {
  const missing = Object.keys(needs).filter((need) => !needs[need]);
  if (missing.length === 0) return true;
  const reason = `${missing.join(' and ')} not found; scripts/setup test brings it`;
  if (process.env.CI) throw new Error(reason);
  t.diagnostic(`skipped: ${reason}`);
  t.skip(reason);
  return false;
}
