/**
 * Whether the GPU or the CPU runs, as functions of facts alone: nothing here asks, waits or remembers.
 *
 * Every answer comes with its reason, in words that follow "because".
 */

import type { ErrorCode, GpuAdapter } from './types.js';

/** What was found out before, for one adapter, model and version. */
export interface Choice {
  executor: 'cpu' | 'gpu';
  why: string;
}

/** What is known before anything of the GPU is downloaded. */
export interface Facts {
  asked: 'auto' | 'gpu' | 'cpu';
  /** Whether the page wants workers. */
  worker: boolean;
  /** Whether the model ships with the package. */
  ships: boolean;
}

/** Why the GPU need not even be looked for; `undefined` if it is to be. */
export function refuseGpu({ asked, worker, ships }: Facts): string | undefined {
  if (asked === 'cpu') return 'the CPU was asked for';
  if (!worker) return "a GPU is used from a worker, and the page's own thread was asked for";
  return ships ? undefined : 'a model that does not ship with the package is run by the CPU';
}

/** Why the GPU that was found, or that was not, is of no use; `undefined` if it may be. */
export function refuseAdapter(adapter: GpuAdapter | string, asked: Facts['asked']): string | undefined {
  if (typeof adapter === 'string') return adapter;
  return adapter.software && asked !== 'gpu' ? `the only one is ${adapter.name}, which is a program on the CPU` : undefined;
}

/** Whether the GPU is worth its download, and whether it has to prove that it is faster. */
export type Prospect = { load: false; why: string } | { load: true; trial: boolean; why: string };

export function prospect(asked: Facts['asked'], remembered: Choice | undefined): Prospect {
  if (asked === 'gpu') return { load: true, trial: false, why: 'it was asked for' };
  if (!remembered) return { load: true, trial: true, why: '' };
  return remembered.executor === 'gpu' ? { load: true, trial: false, why: remembered.why } : { load: false, why: remembered.why };
}

/**
 * How far a GPU's probabilities may be from the CPU's before it counts as broken: the mean difference, and the share of
 * values that are off by more than a tenth. That is many times what roundings give (tests hold those far closer), also
 * where the CPU multiplies in whole numbers and the GPU keeps weights in half precision; and far below what a broken
 * driver gives.
 */
const WRONG = { mean: 0.01, far: 0.1, share: 0.01 };

/** What is wrong with the GPU's probabilities; `undefined` if nothing is. */
export function refuseNumbers(cpu: ArrayLike<number>, gpu: ArrayLike<number>): string | undefined {
  if (cpu.length !== gpu.length || cpu.length === 0) return `it gave ${gpu.length} probabilities, want ${cpu.length}`;
  let [sum, far] = [0, 0];
  for (let i = 0; i < cpu.length; i++) {
    const off = Math.abs(cpu[i]! - gpu[i]!);
    sum += off;
    // Not-a-number is far as well.
    if (!(off <= WRONG.far)) far++;
  }
  const [mean, share] = [sum / cpu.length, far / cpu.length];
  if (mean <= WRONG.mean && share <= WRONG.share) return undefined;
  return `its probabilities are off the CPU's by ${mean.toFixed(4)} on average, and ${(100 * share).toFixed(1)} % of them by more than ${WRONG.far}`;
}

/** By how much the GPU has to be faster: the CPU is there anyway, and needs no second copy of the network. */
const MARGIN = 0.9;

/** Which of the two took less time for the same picture, by the best of each one's runs in milliseconds. */
export function faster(cpuMs: readonly number[], gpuMs: readonly number[]): Choice {
  const [cpu, gpu] = [Math.min(...cpuMs), Math.min(...gpuMs)];
  const why = `in a trial the GPU took ${gpu.toFixed(1)} ms for a small portrait and the CPU ${cpu.toFixed(1)} ms`;
  return { executor: gpu < cpu * MARGIN ? 'gpu' : 'cpu', why };
}

/** How the GPU failed. `refused`: one call was not for it, such as a picture larger than its textures; nothing is broken. */
export interface Failure {
  kind: 'lost' | 'failed' | 'hung' | 'died' | 'wrong' | 'missing' | 'refused';
  code: ErrorCode;
  message: string;
}

/** What to do about it: build it anew behind the CPU, keep weights in single precision from now on, or leave it alone. */
export type Remedy = 'rebuild' | 'rebuild-f32' | 'demote';

/** How often the GPU is built anew for one segmenter. A driver that fails more often will do so again. */
export const REBUILDS = 3;

export function remedy({ kind }: Pick<Failure, 'kind'>, ready: boolean, half: boolean, rebuilds: number): Remedy {
  if (rebuilds >= REBUILDS) return 'demote';
  switch (kind) {
    // What half precision spoils, single precision may do.
    case 'wrong':
      return half ? 'rebuild-f32' : 'demote';
    // A driver's crash, which may come at any time, and be the last.
    case 'lost':
      return 'rebuild';
    // Refused while it runs, such as for want of memory; while it loads, as a shader that does not compile, it will be again.
    case 'failed':
    case 'died':
      return ready ? 'rebuild' : half ? 'rebuild-f32' : 'demote';
    // Each try would make some call wait for it.
    case 'hung':
    case 'missing':
    case 'refused':
      return 'demote';
  }
}

/** Whether a failure will be the same on this device next time: then it is remembered like a slower GPU. */
export function isLasting({ kind }: Pick<Failure, 'kind'>): boolean {
  return kind === 'wrong' || kind === 'failed' || kind === 'hung';
}
