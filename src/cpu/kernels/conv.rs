//! A dense convolution over a window.
//!
//! `y[oy, ox, o] = bias[o] + sum over (ky, kx, i) of x[iy, ix, i] * weights[ky, kx, i, o]`.
//! The taps of one row lie side by side in memory, so a row of the window is one run of the sum.
//! Where a window leaves the picture at its left or right, its taps are copied, with zeros, first.

use crate::cpu::Scratch;
use crate::cpu::finish::Finish;
use crate::cpu::matrix::{Matrix, Run};
use crate::plan::{Shape, Window};

pub(crate) struct Conv {
    matrix: Matrix,
    window: Window,
    x: Shape,
    y: Shape,
}

impl Conv {
    /// `weights` is `[kernel_h, kernel_w, in, out]`, `bias` is `[out]`.
    pub(crate) fn new(x: Shape, y: Shape, window: Window, weights: &[f32], bias: &[f32]) -> Self {
        let stride = x.stride();
        let value = |row: usize, o: usize| {
            let (tap, i) = (row / stride, row % stride);
            if i < x.channels && o < y.channels {
                weights[(tap * x.channels + i) * y.channels + o]
            } else {
                0.0
            }
        };
        let rows = window.kernel[0] * window.kernel[1] * stride;
        let bias = |o: usize| bias.get(o).copied().unwrap_or(0.0);
        Self { matrix: Matrix::new(rows, y.channels, bias, value), window, x, y }
    }

    /// The rows `rows` of `y`, which is the band of just these.
    pub(crate) fn run(
        &self,
        x: &[f32],
        rows: std::ops::Range<usize>,
        y: &mut [f32],
        finish: Finish<'_>,
        scratch: &mut Scratch,
    ) {
        let columns = inner(&self.window, 1, self.x.width, self.y.width);
        let y_row = self.y.width * self.matrix.columns;
        for oy in rows.clone() {
            let band = (oy - rows.start) * y_row;
            for ox in (0..columns.start).chain(columns.end..self.y.width) {
                self.gather(x, oy, ox, &mut scratch.patch);
                let whole = Run { x: 0, w: 0, k: self.matrix.rows };
                let at = band + ox * self.matrix.columns;
                self.matrix.multiply(&scratch.patch, 0, &[whole], 1, y, at, finish);
            }
            self.runs(oy, columns.start, &mut scratch.runs);
            let at = band + columns.start * self.matrix.columns;
            let stride = self.window.stride[1] * self.x.stride();
            if !columns.is_empty() {
                self.matrix.multiply(x, stride, &scratch.runs, columns.len(), y, at, finish);
            }
        }
    }

    /// The pieces of the sum of a row of windows that starts at `oy`, `ox`; rows outside have none.
    fn runs(&self, oy: usize, ox: usize, runs: &mut Vec<Run>) {
        let Window { kernel: [kernel_h, kernel_w], dilation, .. } = self.window;
        let stride = self.x.stride();
        runs.clear();
        for ky in 0..kernel_h {
            let Some(iy) = tap(&self.window, 0, oy, ky, self.x.height) else { continue };
            // Beside each other they are one run.
            let (count, taps) = if dilation[1] == 1 { (1, kernel_w) } else { (kernel_w, 1) };
            for kx in 0..count {
                let ix = ox * self.window.stride[1] + kx * dilation[1] - self.window.pad[1];
                runs.push(Run {
                    x: (iy * self.x.width + ix) * stride,
                    w: (ky * kernel_w + kx) * stride,
                    k: taps * stride,
                });
            }
        }
    }

    /// All taps of one window, zeros where they are outside.
    fn gather(&self, x: &[f32], oy: usize, ox: usize, patch: &mut Vec<f32>) {
        let stride = self.x.stride();
        patch.clear();
        for ky in 0..self.window.kernel[0] {
            let iy = tap(&self.window, 0, oy, ky, self.x.height);
            for kx in 0..self.window.kernel[1] {
                match (iy, tap(&self.window, 1, ox, kx, self.x.width)) {
                    (Some(iy), Some(ix)) => {
                        patch.extend_from_slice(&x[(iy * self.x.width + ix) * stride..][..stride]);
                    }
                    _ => patch.resize(patch.len() + stride, 0.0),
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
