/**
 * What a trial found the faster arithmetic, so that a page's next segmenter need not try again.
 *
 * It is known for as long as the page lives: nothing is kept in the browser.
 */

import type { Build } from './features.js';
import type { Arithmetic } from './types.js';

/** By build, because each may favour another. */
const known = new Map<Build, Arithmetic>();

export function recallArithmetic(build: Build): Arithmetic | undefined {
  return known.get(build);
}

export function rememberArithmetic(build: Build, arithmetic: Arithmetic): void {
  known.set(build, arithmetic);
}
