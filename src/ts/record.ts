/**
 * What is told of one run: values of closed lists, and names that the rollout gave. Nothing of it says who, where or what.
 *
 * `companion/src/beacon` is where it is read. Of a failure, and of runs that give no matte to the page, neither size
 * nor coverage may be known: then they are the first of their lists.
 */

import { hasCode } from './error.js';
import type { ErrorCode, Executor, Matte } from './types.js';

export type Outcome = 'ok' | 'decode' | 'model-load' | 'integrity' | 'gpu-lost' | 'out-of-memory' | 'timeout' | 'no-subject' | 'aborted' | 'unsupported' | 'internal';

export interface BeaconRecord {
  variant: string;
  model: string;
  executor: 'cpu' | 'gpu' | 'onnx';
  outcome: Outcome;
  latency: string;
  size: string;
  coverage: string;
  version: string;
  agreement?: string;
  reference?: 'previous' | 'cpu';
}

/** What a run gave; of `draw` and `predict` there is no alpha, of a load there is nothing. */
export type Result = Partial<Pick<Matte, 'width' | 'height' | 'alpha'>> & { executor?: Executor };

/** The mistakes of a caller are not this library's, and are not told; nor is what a rollback ends. */
const OUTCOMES: Partial<Record<ErrorCode, Outcome>> = {
  UNSUPPORTED_PICTURE: 'decode',
  PICTURE_TOO_LARGE: 'unsupported',
  UNSUPPORTED_MODEL: 'model-load',
  CHECKSUM_MISMATCH: 'integrity',
  FETCH: 'model-load',
  UNSUPPORTED_BROWSER: 'unsupported',
  ABORTED: 'aborted',
  CLOSED: 'aborted',
  GPU_UNAVAILABLE: 'gpu-lost',
  GPU_LOST: 'gpu-lost',
  GPU_FAILED: 'gpu-lost',
  INTERNAL: 'internal',
};

/** So many values of a matte are looked at, evenly: a page must not wait for millions of them. */
const LOOKS = 10_000;

/** What kind of failure it is; `undefined` for one that is not told. */
export function outcomeOf(error: unknown): Outcome | undefined {
  const { name, message } = (error ?? {}) as Error;
  // What browsers say where memory is short differs; that they say it does not.
  if (name === 'RangeError' || /out of memory|memory allocation|allocation failed/i.test(message)) return 'out-of-memory';
  if (!hasCode(error)) return 'internal';
  if (error.code === 'ABORTED' && (error.cause as Error | undefined)?.name === 'TimeoutError') return 'timeout';
  return OUTCOMES[error.code];
}

export function latencyOf(ms: number): string {
  return upTo([50, 100, 250, 500, 1000, 2500, 5000], ms) ?? 'gt_5000';
}

export function sizeOf({ width = 0, height = 0 }: Result): string {
  const megapixels = (width * height) / 1e6;
  return megapixels <= 0.5 ? 'le_0_5mp' : `${upTo([2, 8, 16], megapixels) ?? 'gt_16'}mp`;
}

export function coverageOf({ alpha }: Result): string {
  const percent = alpha ? share(alpha) * 100 : 0;
  return percent === 0 ? 'none' : (upTo([10, 25, 50, 75], percent) ?? 'gt_75');
}

/** The bucket of an intersection over union, rounded down. */
export function agreementOf(iou: number): string {
  const edge = [99, 95, 90, 75].find((edge) => iou * 100 >= edge);
  return edge ? `ge_${edge}` : 'lt_75';
}

export function executorOf(executor: Executor): BeaconRecord['executor'] {
  return executor === 'tract' ? 'onnx' : executor;
}

/** Intersection over union of two mattes of one size, as half-transparent and above; 1 where both are empty. */
export function iouOf(a: Uint8ClampedArray, b: Uint8ClampedArray): number {
  let both = 0;
  let either = 0;
  for (let i = 0; i < a.length; i++) {
    // Their highest bits.
    both += (a[i]! & b[i]!) >> 7;
    either += (a[i]! | b[i]!) >> 7;
  }
  return either === 0 ? 1 : both / either;
}

function upTo(edges: number[], value: number): string | undefined {
  const edge = edges.find((edge) => value <= edge);
  return edge === undefined ? undefined : `le_${edge}`;
}

function share(alpha: Uint8ClampedArray): number {
  const step = Math.max(1, alpha.length / LOOKS);
  let [found, looks] = [0, 0];
  for (let at = 0; at < alpha.length; at += step) {
    looks++;
    if (alpha[Math.floor(at)]! > 127) found++;
  }
  return found / looks;
}
