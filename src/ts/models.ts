/** The models that ship. */

import type { ModelId } from './types.js';

/** In the registry's order. */
export const MODEL_IDS: readonly ModelId[] = ['selfie', 'selfie-landscape', 'multiclass'];

/** Whether a model of that name ships. */
export function isModelId(name: string): name is ModelId {
  return MODEL_IDS.includes(name as ModelId);
}
