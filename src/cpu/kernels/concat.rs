//! Channels of several pictures behind each other, and some channels of one.

use crate::plan::Shape;

/// Copies channels `from..from + count` of each pixel of `x` to the channels of `y` that start at `to`.
pub(crate) fn copy(
    x: &[f32],
    x_shape: Shape,
    from: usize,
    count: usize,
    y: &mut [f32],
    y_shape: Shape,
    to: usize,
) {
    let pixels = x.chunks_exact(x_shape.stride()).zip(y.chunks_exact_mut(y_shape.stride()));
    for (x, y) in pixels {
        y[to..to + count].copy_from_slice(&x[from..from + count]);
    }
}
