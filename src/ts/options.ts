/** Checks of what callers pass, before anything is downloaded or sent: each message says the bad value and the wanted one. */

import { modelUrl, resolveBase, resolveUrl } from './assets.js';
import { SegmentError } from './error.js';
import { MAX_PIXELS } from './limits.js';
import { MODEL_IDS } from './models.js';
import type { ModelSource, SegmentTask } from './protocol.js';
import type { CreateOptions, CustomModel, ModelContract, Morphology, Quality, SegmentOptions } from './types.js';

const QUALITIES: readonly string[] = ['fast', 'balanced', 'fine'] satisfies SegmentOptions['quality'][];
const OPERATIONS: readonly string[] = ['open', 'close', 'erode', 'dilate'] satisfies Morphology['operation'][];
const EXECUTORS: readonly string[] = ['auto', 'gpu', 'cpu'] satisfies CreateOptions['executor'][];
const MAX_THREADS = 16;
/** On more than this `'auto'` does not insist: the page's other work needs cores as well. */
const AUTO_THREADS = 4;
const MAX_FEATHER = 64;
const MAX_RADIUS = 64;

/** `CreateOptions` with every default filled in. */
export interface CheckedCreate {
  base: URL | undefined;
  model: ModelSource;
  executor: 'auto' | 'gpu' | 'cpu';
  worker: boolean;
  threads: number;
  maxPixels: number;
  memory: CreateOptions['memory'];
}

export function checkCreate(options: CreateOptions): CheckedCreate {
  checkObject('options', options);
  const { model = 'selfie', executor = 'auto', worker = true, threads = 1, maxPixels = MAX_PIXELS } = options;
  if (!EXECUTORS.includes(executor)) throw invalid('executor', executor, `one of ${EXECUTORS.join(', ')}`);
  if (typeof worker !== 'boolean') throw invalid('worker', worker, 'true or false');
  if (threads !== 'auto' && !(Number.isInteger(threads) && isWithin(threads, 1, MAX_THREADS))) {
    throw invalid('threads', threads, `a whole number from 1 to ${MAX_THREADS}, or auto`);
  }
  if (!Number.isInteger(maxPixels) || maxPixels < 1 || maxPixels > MAX_PIXELS) {
    throw invalid('maxPixels', maxPixels, `a whole number from 1 to ${MAX_PIXELS}`);
  }
  for (const name of ['onProgress', 'onEvent'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function') throw invalid(name, options[name], 'a function');
  }
  const { memory } = options;
  if (memory !== undefined && !(isObject(memory) && typeof memory.getItem === 'function' && typeof memory.setItem === 'function')) {
    throw invalid('memory', memory, 'a store such as localStorage');
  }
  if (options.rollout !== undefined && typeof options.rollout?.join !== 'function') throw invalid('rollout', options.rollout, 'a Rollout');
  checkSignal(options.signal);
  const base = resolveBase(options.assetBase);
  return { base, model: checkModel(model, base), executor, worker, threads: threads === 'auto' ? autoThreads() : threads, maxPixels, memory };
}

/** Some browsers do not say how many cores there are. */
function autoThreads(): number {
  return Math.min(globalThis.navigator?.hardwareConcurrency || 1, AUTO_THREADS);
}

function checkModel(model: NonNullable<CreateOptions['model']>, base: URL | undefined): ModelSource {
  const id = MODEL_IDS.find((known) => known === model);
  if (id !== undefined) return { id, plan: modelUrl(id, base) };
  if (typeof model !== 'object' || model === null || !('onnx' in model)) {
    throw invalid('model', model, `one of ${MODEL_IDS.join(', ')}, or { onnx }`);
  }
  return { id: 'custom', onnx: checkOnnx(model.onnx), contract: copyContract(model.contract) };
}

function checkOnnx(onnx: CustomModel['onnx']): string | ArrayBuffer {
  if (onnx instanceof ArrayBuffer) return onnx.slice(0);
  if (typeof onnx === 'string' || onnx instanceof URL) return resolveUrl('model.onnx', onnx).href;
  throw invalid('model.onnx', onnx, 'a URL or an ArrayBuffer');
}

/** The contract's known fields, as plain data that can be posted; the WebAssembly side checks their values. */
function copyContract(contract: ModelContract | undefined): ModelContract | undefined {
  if (contract === undefined) return undefined;
  checkObject('model.contract', contract);
  const copy: ModelContract = {};
  if (contract.range !== undefined) {
    if (!isArrayOf('number', contract.range) || contract.range.length !== 2) {
      throw invalid('model.contract.range', contract.range, 'two numbers');
    }
    copy.range = [...contract.range];
  }
  if (contract.activation !== undefined) {
    if (typeof contract.activation !== 'string') throw invalid('model.contract.activation', contract.activation, 'a name');
    copy.activation = contract.activation;
  }
  if (contract.temperature !== undefined) {
    if (typeof contract.temperature !== 'number') throw invalid('model.contract.temperature', contract.temperature, 'a number');
    copy.temperature = contract.temperature;
  }
  if (contract.classes !== undefined) {
    if (!isArrayOf('string', contract.classes)) throw invalid('model.contract.classes', contract.classes, 'a list of names');
    copy.classes = [...contract.classes];
  }
  return copy;
}

/** `subjects` are the model's; the first is the default, and so is `usual`. */
export function checkSegment(options: SegmentOptions, subjects: readonly string[], usual: Quality = 'balanced'): SegmentTask {
  checkObject('options', options);
  const { of = subjects[0], intensity = 0, feather, morphology, minIsland = 0, quality = usual } = options;
  if (typeof of !== 'string' || !subjects.includes(of)) throw invalid('of', of, `one of ${subjects.join(', ')}`);
  if (!isWithin(intensity, 0, 1)) throw invalid('intensity', intensity, '0 to 1');
  if (feather !== undefined && !isWithin(feather, 0, MAX_FEATHER)) throw invalid('feather', feather, `0 to ${MAX_FEATHER}`);
  if (!isWithin(minIsland, 0, 1)) throw invalid('minIsland', minIsland, '0 to 1');
  if (!QUALITIES.includes(quality)) throw invalid('quality', quality, `one of ${QUALITIES.join(', ')}`);
  checkSignal(options.signal);
  return { type: 'segment', of, intensity, feather, morphology: checkMorphology(morphology), minIsland, quality };
}

function checkMorphology(morphology: Morphology | undefined): Morphology | undefined {
  if (morphology === undefined) return undefined;
  checkObject('morphology', morphology);
  const { operation, radius } = morphology;
  if (!OPERATIONS.includes(operation)) throw invalid('morphology.operation', operation, `one of ${OPERATIONS.join(', ')}`);
  if (!Number.isInteger(radius) || !isWithin(radius, 1, MAX_RADIUS)) {
    throw invalid('morphology.radius', radius, `a whole number from 1 to ${MAX_RADIUS}`);
  }
  return { operation, radius };
}

export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid('signal', signal, 'an AbortSignal');
}

export function checkObject(name: string, value: unknown): void {
  if (!isObject(value)) throw invalid(name, value, 'an object');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

export function invalid(name: string, got: unknown, want: string): SegmentError {
  return new SegmentError('INVALID_INPUT', `${name} is ${describe(got)}, want ${want}`);
}

/** A value as a message shows it: short, and never failing. */
function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  return isArrayOf('number', value) ? `[${value.join(', ')}]` : Object.prototype.toString.call(value);
}

function isArrayOf(type: 'number', value: unknown): value is number[];
function isArrayOf(type: 'string', value: unknown): value is string[];
function isArrayOf(type: string, value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === type);
}

export function isWithin(value: unknown, low: number, high: number): boolean {
  return typeof value === 'number' && value >= low && value <= high;
}
