/** What `import ... from 'featheredge'` gives. */

export { SegmentError } from './error.js';
export { Segmenter } from './segmenter.js';
export type {
  Arithmetic,
  CreateOptions,
  CustomModel,
  ErrorCode,
  Info,
  Matte,
  ModelContract,
  ModelId,
  Morphology,
  Picture,
  PredictOptions,
  Prediction,
  Progress,
  SegmentOptions,
  Timings,
} from './types.js';
