//! A convolution of each channel by itself.
//!
//! `y[oy, ox, c] = bias[c] + sum over (ky, kx) of x[iy, ix, c] * weights[ky, kx, c]`.
//! Channels are the vector axis. Four or eight neighbouring windows go together, so that a row of taps is
//! loaded once for all of them; the sizes that networks use have their loops unrolled. Where windows
//! leave the picture at its left or right, the pixels under them are copied, with zeros, first.

use crate::cpu::Scratch;
use crate::cpu::finish::Finish;
use crate::cpu::kernels::conv::{inner, tap};
use crate::cpu::simd::{F32x4, slide};
use crate::plan::{Shape, Window};

pub(crate) struct Depthwise {
    window: Window,
    /// `[kernel_h, kernel_w, stride]`.
    weights: Vec<f32>,
    bias: Vec<f32>,
    x: Shape,
    y: Shape,
}

impl Depthwise {
    /// `weights` is `[kernel_h, kernel_w, channels]`, `bias` is `[channels]`.
    pub(crate) fn new(x: Shape, y: Shape, window: Window, weights: &[f32], bias: &[f32]) -> Self {
        let padded = |values: &[f32]| {
            values
                .chunks_exact(x.channels)
                .flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(0.0, x.stride() - x.channels)))
                .collect::<Vec<f32>>()
        };
        Self { window, weights: padded(weights), bias: padded(bias), x, y }
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
        let patch = &mut scratch.patch;
        let Window { kernel, stride, dilation, .. } = self.window;
        match (kernel, stride[1], dilation) {
            ([3, 3], 1, [1, 1]) => self.slide::<8, 1, 3>(x, rows, y, finish, patch),
            ([3, 3], 2, [1, 1]) => self.slide::<4, 2, 3>(x, rows, y, finish, patch),
            ([5, 5], 1, [1, 1]) => self.slide::<8, 1, 5>(x, rows, y, finish, patch),
            ([5, 5], 2, [1, 1]) => self.slide::<4, 2, 5>(x, rows, y, finish, patch),
            _ => self.each(x, rows, y, finish),
        }
    }

    #[inline(never)]
    fn slide<const T: usize, const S: usize, const K: usize>(
        &self,
        x: &[f32],
        rows: std::ops::Range<usize>,
        y: &mut [f32],
        finish: Finish<'_>,
        patch: &mut Vec<f32>,
    ) {
        let channels = self.x.stride();
        let columns = inner(&self.window, 1, self.x.width, self.y.width);
        let (x_row, y_row) = (self.x.width * channels, self.y.width * channels);
        for oy in rows.clone() {
            let band = (oy - rows.start) * y_row;
            // The rows of the window that are inside, and the first one's taps.
            let mut inside: [&[f32]; K] = [&[]; K];
            let (mut count, mut first) = (0, 0);
            for ky in 0..K {
                let Some(iy) = tap(&self.window, 0, oy, ky, self.x.height) else { continue };
                if count == 0 {
                    first = ky;
                }
                inside[count] = &x[iy * x_row..][..x_row];
                count += 1;
            }
            let w = &self.weights[first * K * channels..];
            for ox in (0..self.y.width).step_by(T) {
                if columns.start <= ox && ox + T <= columns.end {
                    let ix = ox * S - self.window.pad[1];
                    let mut here = inside;
                    here[..count].iter_mut().for_each(|row| *row = &row[ix * channels..]);
                    slide::<T, S, K>(&here[..count], w, &self.bias, channels, |c, sums| {
                        finish.store(sums, y, band + ox * channels + c, channels);
                    });
                    continue;
                }
                let width = (T - 1) * S + K;
                self.gather(&inside[..count], (ox * S) as isize - self.window.pad[1] as isize, width, patch);
                let mut here: [&[f32]; K] = [&[]; K];
                for (row, copied) in here.iter_mut().zip(patch.chunks_exact(width * channels)) {
                    *row = copied;
                }
                slide::<T, S, K>(&here[..count], w, &self.bias, channels, |c, sums| {
                    for (t, sum) in sums.into_iter().enumerate().take(self.y.width - ox) {
                        finish.store([sum], y, band + (ox + t) * channels + c, 0);
                    }
                });
            }
        }
    }

    /// Columns `left..left + width` of each row, zeros where they are outside.
    fn gather(&self, rows: &[&[f32]], left: isize, width: usize, patch: &mut Vec<f32>) {
        let channels = self.x.stride();
        patch.clear();
        for row in rows {
            let before = left.min(0).unsigned_abs().min(width);
            let from = left.max(0).unsigned_abs().min(self.x.width);
            let inside = (width - before).min(self.x.width - from);
            patch.resize(patch.len() + before * channels, 0.0);
            patch.extend_from_slice(&row[from * channels..][..inside * channels]);
            patch.resize(patch.len() + (width - before - inside) * channels, 0.0);
        }
    }

    /// Window by window, tap by tap: for windows of any other size.
    #[inline(never)]
    fn each(&self, x: &[f32], rows: std::ops::Range<usize>, y: &mut [f32], finish: Finish<'_>) {
        let channels = self.x.stride();
        let [kernel_h, kernel_w] = self.window.kernel;
        for oy in rows.clone() {
            for ox in 0..self.y.width {
                let at = ((oy - rows.start) * self.y.width + ox) * channels;
                for c in (0..channels).step_by(4) {
                    let vector =
                        |from: &[f32]| F32x4::load(from[c..].first_chunk().expect("padded channels"));
                    let mut sum = vector(&self.bias);
                    for ky in 0..kernel_h {
                        let Some(iy) = tap(&self.window, 0, oy, ky, self.x.height) else { continue };
                        for kx in 0..kernel_w {
                            let Some(ix) = tap(&self.window, 1, ox, kx, self.x.width) else { continue };
                            let pixel = vector(&x[(iy * self.x.width + ix) * channels..]);
                            sum =
                                pixel.mul_add(vector(&self.weights[(ky * kernel_w + kx) * channels..]), sum);
                        }
                    }
                    finish.store([[sum]], y, at + c, 0);
                }
            }
        }
    }
}
