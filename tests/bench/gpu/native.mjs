/**
 * `npm run bench -- gpu --native`: networks and whole frames on the system's GPU, by Vulkan, Metal or Direct3D 12, as
 * `tests/bench/gpu.rs` times them. It needs no browser and no network.
 */

import { spawnSync } from 'node:child_process';

import { ROOT } from '../../browser/lib/paths.mjs';

const BENCH = ['bench', '--quiet', '--no-default-features', '--features', 'gpu', '--bench', 'gpu', '--'];

/** Measured runs, after three that do not count. */
const RUNS = { full: 30, quick: 3 };

/** What the bench says: the adapter, what it does at most, and each model. */
export function timeNatively(quick) {
  const runs = quick ? RUNS.quick : RUNS.full;
  const { stdout, status, error } = spawnSync('cargo', [...BENCH, String(runs)], { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`cargo bench: ${error?.message ?? `exit code ${status}`}`);
  return JSON.parse(stdout);
}
