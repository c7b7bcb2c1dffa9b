//! `exp(x) / sum of exp(x)` along rows, columns or channels.
//!
//! The largest value is taken off first, so that nothing overflows. The networks' softmaxes are
//! small, so this is the plain formula.

use crate::cpu::finish::Finish;
use crate::plan::{Axis, Shape};

pub(crate) struct Softmax {
    pub(crate) axis: Axis,
    pub(crate) shape: Shape,
}

impl Softmax {
    #[inline(never)]
    pub(crate) fn run(&self, x: &[f32], y: &mut [f32], finish: Finish<'_>) {
        let Shape { height, width, channels } = self.shape;
        let stride = self.shape.stride();
        let (row, pixel) = (width * stride, stride);
        // The lines along the axis: where each starts, and the step within it.
        let (outer, inner, count, step) = match self.axis {
            Axis::Height => ((width, pixel), (channels, 1), height, row),
            Axis::Width => ((height, row), (channels, 1), width, pixel),
            Axis::Channels => ((height, row), (width, pixel), channels, 1),
        };
        y.fill(0.0);
        for start in (0..outer.0).flat_map(|i| (0..inner.0).map(move |j| i * outer.1 + j * inner.1)) {
            let at = |i: usize| start + i * step;
            let top = (0..count).map(|i| x[at(i)]).fold(f32::NEG_INFINITY, f32::max);
            let mut sum = 0.0;
            for i in 0..count {
                let value = (x[at(i)] - top).exp();
                y[at(i)] = value;
                sum += value;
            }
            (0..count).for_each(|i| y[at(i)] /= sum);
        }
        finish.whole(y);
    }
}
