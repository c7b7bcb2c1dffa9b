/**
 * Which executor was the faster on this device, so that it need not be found out again.
 *
 * Known for as long as the page lives and, if the page gives a store, beyond. By itself this library keeps nothing in the browser.
 */

import type { Choice } from './choice.js';
import type { GpuAdapter, ModelId } from './types.js';

export type Store = Pick<Storage, 'getItem' | 'setItem'>;

const KEY = 'featheredge';

/** More adapters than a device has. */
const MOST = 32;

const known = new Map<string, Choice>();

export function recallChoice(adapter: GpuAdapter, model: ModelId, store: Store | undefined): Choice | undefined {
  const key = keyOf(adapter, model);
  return known.get(key) ?? read(store).get(key);
}

export function rememberChoice(adapter: GpuAdapter, model: ModelId, choice: Choice, store: Store | undefined): void {
  const key = keyOf(adapter, model);
  known.set(key, choice);
  if (!store) return;
  const all = read(store);
  // The latest last; the oldest go.
  all.delete(key);
  all.set(key, choice);
  try {
    store.setItem(KEY, JSON.stringify(Object.fromEntries([...all].slice(-MOST))));
  } catch {
    // A full or forbidden store costs a trial next time, and nothing else.
  }
}

function keyOf({ name, vendor, architecture }: GpuAdapter, model: ModelId): string {
  return [VERSION, model, vendor, architecture, name].join(' | ');
}

/** What a store holds, as far as it makes sense: anyone may have written to it. */
function read(store: Store | undefined): Map<string, Choice> {
  try {
    const value: unknown = JSON.parse(store?.getItem(KEY) ?? '{}');
    return new Map(isObject(value) ? Object.entries(value).filter(isChoice) : []);
  } catch {
    return new Map();
  }
}

function isChoice(entry: [string, unknown]): entry is [string, Choice] {
  const value = entry[1] as Partial<Choice> | null;
  return isObject(value) && (value.executor === 'cpu' || value.executor === 'gpu') && typeof value.why === 'string';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
