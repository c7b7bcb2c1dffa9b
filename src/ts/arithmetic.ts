/**
 * What a trial on this device found the faster arithmetic, kept so that the next page need not try again.
 *
 * It belongs to one build of one version: another build may favour the other.
 */

import type { Build } from './features.js';
import type { Arithmetic } from './types.js';

const known = new Map<Build, Arithmetic>();

/** What was found before, on this page or on an earlier one of this origin. */
export function recallArithmetic(build: Build): Arithmetic | undefined {
  const found = known.get(build) ?? storage()?.getItem(key(build));
  return found === 'f32' || found === 'i16' ? found : undefined;
}

export function rememberArithmetic(build: Build, arithmetic: Arithmetic): void {
  known.set(build, arithmetic);
  try {
    storage()?.setItem(key(build), arithmetic);
  } catch {
    // Full, or forbidden: then this page knows, and the next one tries again.
  }
}

function key(build: Build): string {
  return `featheredge ${VERSION} ${build} arithmetic`;
}

/** Workers have none, and a page's settings may forbid it. */
function storage(): Storage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
