//! A dense convolution over a window.
//!
//! `y[oy, ox, o] = bias[o] + sum over (ky, kx, i) of x[iy, ix, i] * weights[ky, kx, i, o]`.
//! The taps of one row lie side by side in memory, so a row of the window is one run of the sum.
//! Where a window leaves the picture at its left or right, its taps are copied, with zeros, first.

use crate::cpu::Scratch;
use crate::cpu::finish::Finish;
use crate::cpu::product::Product;
use crate::cpu::simd::Run;
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

    /// The rows `rows` of `y`, which is the band of just these.
    #[inline(never)]
    pub(crate) fn run(
        &self,
        x: &[f32],
        rows: std::ops::Range<usize>,
        y: &mut [f32],
        finish: Finish<'_>,
        scratch: &mut Scratch,
    ) {
        let Scratch { runs, patch, whole, factor, patch_whole, .. } = scratch;
        match &self.product {
            Product::Single(matrix) => self.each(x, rows, runs, patch, |x, stride, runs, count, at| {
                matrix.multiply(x, stride, runs, count, y, at, finish);
            }),
            Product::Integer(matrix) => {
                // The bands of one run come in order, and share the picture.
                if rows.start == 0 {
                    *factor = matrix.quantise(x, whole);
                }
                self.each(whole, rows, runs, patch_whole, |q, stride, runs, count, at| {
                    matrix.multiply(q, *factor, stride, runs, count, y, at, finish);
                });
            }
        }
    }

    /// Hands each row of windows to `multiply`: the picture (or the taps of one window, copied), the
    /// step between two windows, the pieces of the sum, the windows, and where they go.
    fn each<T: Copy + Default>(
        &self,
        x: &[T],
        rows: std::ops::Range<usize>,
        runs: &mut Vec<Run>,
        patch: &mut Vec<T>,
        mut multiply: impl FnMut(&[T], usize, &[Run], usize, usize),
    ) {
        let columns = inner(&self.window, 1, self.x.width, self.y.width);
        let out = self.product.columns();
        for oy in rows.clone() {
            let band = (oy - rows.start) * self.y.width * out;
            for ox in (0..columns.start).chain(columns.end..self.y.width) {
                self.gather(x, oy, ox, patch);
                let all = Run { x: 0, w: 0, k: patch.len() };
                multiply(patch, 0, &[all], 1, band + ox * out);
            }
            if !columns.is_empty() {
                self.runs(oy, columns.start, runs);
                let stride = self.window.stride[1] * self.x.stride();
                multiply(x, stride, runs, columns.len(), band + columns.start * out);
            }
        }
    }

    /// The pieces of the sum of a row of windows that starts at `oy`, `ox`; rows outside have none.
    fn runs(&self, oy: usize, ox: usize, runs: &mut Vec<Run>) {
        let Window { kernel: [kernel_h, kernel_w], dilation, .. } = self.window;
        let stride = self.x.stride();
        let tap_rows = self.product.rows() / (kernel_h * kernel_w);
        runs.clear();
        for ky in 0..kernel_h {
            let Some(iy) = tap(&self.window, 0, oy, ky, self.x.height) else { continue };
            // Beside each other they are one run.
            let (count, taps) = if dilation[1] == 1 { (1, kernel_w) } else { (kernel_w, 1) };
            for kx in 0..count {
                let ix = ox * self.window.stride[1] + kx * dilation[1] - self.window.pad[1];
                runs.push(Run {
                    x: (iy * self.x.width + ix) * stride,
                    w: (ky * kernel_w + kx) * tap_rows,
                    k: taps * stride,
                });
            }
        }
    }

    /// All taps of one window, zeros where they are outside.
    fn gather<T: Copy + Default>(&self, x: &[T], oy: usize, ox: usize, patch: &mut Vec<T>) {
        let stride = self.x.stride();
        patch.clear();
        for ky in 0..self.window.kernel[0] {
            let iy = tap(&self.window, 0, oy, ky, self.x.height);
            for kx in 0..self.window.kernel[1] {
                match (iy, tap(&self.window, 1, ox, kx, self.x.width)) {
                    (Some(iy), Some(ix)) => {
                        patch.extend_from_slice(&x[(iy * self.x.width + ix) * stride..][..stride]);
                    }
                    _ => patch.resize(patch.len() + stride, T::default()),
                }
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
pub(super) fn inner(window: &Window, axis: usize, in_len: usize, out_len: usize) -> std::ops::Range<usize> {
    let reach = (window.kernel[axis] - 1) * window.dilation[axis];
    let start = window.pad[axis].div_ceil(window.stride[axis]).min(out_len);
    let end = match (in_len + window.pad[axis]).checked_sub(reach + 1) {
        Some(last) => (last / window.stride[axis] + 1).clamp(start, out_len),
        None => start,
    };
    start..end
}
