/**
 * How far a browser's matte may be from the native one. Stated here once.
 *
 * `mean` is the mean absolute difference in 1/255, `far` the share of pixels that differ by more
 * than 8, `iou` the least intersection over union at one half.
 */

/** The same pixels went in (a PNG): only the rounding of the two builds differs. */
export const SAME_PIXELS = { mean: 0.05, far: 0.0005, iou: 0.9995 };

/** Decoders of JPEG round differently, by one or two levels in smooth areas and more at sharp colour edges. */
export const JPEG = { mean: 0.5, far: 0.01, iou: 0.995 };
