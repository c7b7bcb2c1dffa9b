//! A dense convolution over a window.
//!
//! `y[oy, ox, o] = bias[o] + sum over (ky, kx, i) of x[iy, ix, i] * weights[ky, kx, i, o]`.
//! The taps of one row lie side by side in memory, so a row of the window is one run of the sum.
//! A window that leaves the picture has shorter runs, and is a row of its own.

use crate::cpu::finish::Finish;
use crate::cpu::product::Product;
use crate::cpu::simd::Run;
use crate::cpu::{Scratch, Shared};
use crate::plan::{Shape, Window};

pub(crate) struct Conv {
    product: Product,
    window: Window,
    x: Shape,
    y: Shape,
}

impl Conv {
    pub(crate) fn new(x: Shape, y: Shape, window: Window, product: Product) -> Self {
        Self { product, window, x, y }
    }

    /// Makes whole numbers of the picture, where the product is in them.
    pub(crate) fn prepare(&self, x: &[f32], shared: &mut Shared) {
        if let Product::Integer(matrix) = &self.product {
            shared.factor = matrix.quantise(x, &mut shared.whole);
        }
    }

    /// The rows `rows` of `y`, which is the band of just these.
    #[inline(never)]
    pub(crate) fn run(
        &self,
        x: &[f32],
        rows: std::ops::Range<usize>,
        y: &mut [f32],
        finish: Finish<'_>,
        shared: &Shared,
        scratch: &mut Scratch,
    ) {
        let runs = &mut scratch.runs;
        match &self.product {
            Product::Single(matrix) => self.each(rows, runs, |stride, runs, count, at| {
                matrix.multiply(x, stride, runs, count, y, at, finish);
            }),
            Product::Integer(matrix) => {
                self.each(rows, runs, |stride, runs, count, at| {
                    matrix.multiply(&shared.whole, shared.factor, stride, runs, count, y, at, finish);
                });
            }
        }
    }

    /// Hands each row of windows to `multiply`: the step between two windows, the pieces of the sum,
    /// the windows, and where they go.
    fn each(
        &self,
        rows: std::ops::Range<usize>,
        runs: &mut Vec<Run>,
        mut multiply: impl FnMut(usize, &[Run], usize, usize),
    ) {
        let columns = inner(&self.window, 1, self.x.width, self.y.width);
        let stride = self.window.stride[1] * self.x.stride();
        for oy in rows.clone() {
            let at = |ox: usize| ((oy - rows.start) * self.y.width + ox) * self.product.columns();
            for ox in (0..columns.start).chain(columns.end..self.y.width) {
                self.runs(oy, ox, runs);
                multiply(stride, runs, 1, at(ox));
            }
            if !columns.is_empty() {
                self.runs(oy, columns.start, runs);
                multiply(stride, runs, columns.len(), at(columns.start));
            }
        }
    }

    /// The pieces of the sum of the window at `oy`, `ox`; taps outside have none.
    fn runs(&self, oy: usize, ox: usize, runs: &mut Vec<Run>) {
        let Window { kernel: [kernel_h, kernel_w], dilation, .. } = self.window;
        let stride = self.x.stride();
        let tap_rows = self.product.rows() / (kernel_h * kernel_w);
        runs.clear();
        for ky in 0..kernel_h {
            let Some(iy) = tap(&self.window, 0, oy, ky, self.x.height) else { continue };
            let mut beside = false;
            for kx in 0..kernel_w {
                let Some(ix) = tap(&self.window, 1, ox, kx, self.x.width) else { continue };
                match runs.last_mut() {
                    // Taps beside each other are one run.
                    Some(run) if beside => run.k += stride,
                    _ => runs.push(Run {
                        x: (iy * self.x.width + ix) * stride,
                        w: (ky * kernel_w + kx) * tap_rows,
                        k: stride,
                    }),
                }
                beside = dilation[1] == 1;
            }
        }
    }
}

/// Where tap `k` of the window at `o` lies along `axis` (0 down, 1 across); `None` outside.
pub(super) fn tap(window: &Window, axis: usize, o: usize, k: usize, len: usize) -> Option<usize> {
    let at = (o * window.stride[axis] + k * window.dilation[axis]).checked_sub(window.pad[axis])?;
    (at < len).then_some(at)
}

/// The windows along `axis` whose taps are all inside.
fn inner(window: &Window, axis: usize, in_len: usize, out_len: usize) -> std::ops::Range<usize> {
    let reach = (window.kernel[axis] - 1) * window.dilation[axis];
    let start = window.pad[axis].div_ceil(window.stride[axis]).min(out_len);
    let end = match (in_len + window.pad[axis]).checked_sub(reach + 1) {
        Some(last) => (last / window.stride[axis] + 1).clamp(start, out_len),
        None => start,
    };
    start..end
}
