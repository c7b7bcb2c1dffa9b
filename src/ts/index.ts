/** What `import ... from 'featheredge'` gives. */

export { SegmentError } from './error.js';
export { Segmenter } from './segmenter.js';
export type {
  Arithmetic,
  Background,
  BackgroundOptions,
  CreateOptions,
  CustomModel,
  DrawOptions,
  Drawing,
  Effect,
  ErrorCode,
  Executor,
  ExecutorEvent,
  GpuAdapter,
  Info,
  Matte,
  ModelContract,
  ModelId,
  Morphology,
  Participation,
  Picture,
  PredictOptions,
  Prediction,
  Progress,
  Recolor,
  RecolorOptions,
  SecondSegmenter,
  SegmentOptions,
  SegmenterRollout,
  Timings,
} from './types.js';
