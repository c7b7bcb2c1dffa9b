/**
 * How far a browser's matte may be from the native one. Stated here once.
 *
 * `mean` is the mean absolute difference in 1/255, `far` the share of pixels that differ by more
 * than 8, `iou` the least intersection over union at one half, for a subject of at least 3 % of
 * the picture: on a smaller one, a handful of pixels already counts.
 */

/**
 * The same pixels went in (a PNG): only roundings differ. One level, here and there, is what that gives; where a
 * pixel's side of the edge hangs on it, the feather moves a few around it by more.
 */
export const SAME_PIXELS = { mean: 0.1, far: 0.0001, iou: 0.9995 };

/** JPEG decoders round differently and smooth colour differently, which moves an uncertain edge a little. */
export const JPEG = { mean: 0.5, far: 0.02, iou: 0.995 };

/** A video's frames may be YUV with one colour for four pixels; then the network sees a slightly other picture. */
export const VIDEO = { mean: 1.5, far: 0.04, iou: 0.985 };

/**
 * How far a picture's probabilities may be from tract's: the largest and the mean difference, and the least overlap of
 * the person's mask. In single precision only the order of sums differs; where a plan's weights are rounded, and it may
 * multiply in whole numbers, one pixel can be far off.
 */
export const PROBABILITIES = {
  exact: { most: 2e-3, mean: 1e-5, overlap: 0.9995 },
  rounded: { most: 1, mean: 0.004, overlap: 0.995 },
};

/**
 * How far the GPU's probabilities may be from the CPU's in single precision: the largest difference and the least overlap.
 * Sums are in another order, and a GPU's functions are less exact; weights in half precision add their rounding.
 */
export const GPU = { single: { most: 2e-3, overlap: 0.998 }, half: { most: 2e-2, overlap: 0.995 } };

/** And its mattes from the native ones: a probability that is off a little moves an uncertain edge a little. */
export const GPU_MATTE = { mean: 0.2, far: 0.002, iou: 0.998 };
