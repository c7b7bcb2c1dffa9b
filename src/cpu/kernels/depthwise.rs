//! A convolution of each channel by itself.
//!
//! `y[oy, ox, c] = bias[c] + sum over (ky, kx) of x[iy, ix, c] * weights[ky, kx, c]`.
//! Channels are the vector axis. Four neighbouring windows go together, so that a row of taps is
//! loaded once for all of them; the sizes that networks use have their loops unrolled.

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

/// Windows that go together.
const TILE: usize = 4;

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
    pub(crate) fn run(&self, x: &[f32], rows: std::ops::Range<usize>, y: &mut [f32], finish: Finish<'_>) {
        let Window { kernel, stride, dilation, .. } = self.window;
        match (kernel[1], stride[1], dilation[1]) {
            (3, 1, 1) => self.slide::<1, 3>(x, rows, y, finish),
            (3, 2, 1) => self.slide::<2, 3>(x, rows, y, finish),
            (5, 1, 1) => self.slide::<1, 5>(x, rows, y, finish),
            (5, 2, 1) => self.slide::<2, 5>(x, rows, y, finish),
            _ => self.each(x, rows, 0..self.y.width, 0, y, finish),
        }
    }

    fn slide<const S: usize, const K: usize>(
        &self,
        x: &[f32],
        rows: std::ops::Range<usize>,
        y: &mut [f32],
        finish: Finish<'_>,
    ) {
        let channels = self.x.stride();
        let columns = inner(&self.window, 1, self.x.width, self.y.width);
        let tiles_end = columns.start + columns.len() / TILE * TILE;
        let y_row = self.y.width * channels;
        for oy in rows.clone() {
            let band = (oy - rows.start) * y_row;
            self.each(x, oy..oy + 1, 0..columns.start, band, y, finish);
            self.each(x, oy..oy + 1, tiles_end..self.y.width, band, y, finish);
            let ky_first = self.window.pad[0]
                .saturating_sub(oy * self.window.stride[0])
                .div_ceil(self.window.dilation[0]);
            for ox in (columns.start..tiles_end).step_by(TILE) {
                let ix = ox * S - self.window.pad[1];
                for c in (0..channels).step_by(4) {
                    let bias = F32x4::load(self.bias[c..].first_chunk().expect("padded channels"));
                    let mut sums = [[bias]; TILE];
                    for ky in ky_first..self.window.kernel[0] {
                        let iy =
                            oy * self.window.stride[0] + ky * self.window.dilation[0] - self.window.pad[0];
                        if iy >= self.x.height {
                            break;
                        }
                        let x = &x[(iy * self.x.width + ix) * channels + c..];
                        let w = &self.weights[ky * K * channels + c..];
                        slide::<TILE, S, K>(x, w, channels, &mut sums);
                    }
                    finish.store(sums, y, band + ox * channels + c, channels);
                }
            }
        }
    }

    /// Window by window, tap by tap: at the borders, and for windows of any other size.
    fn each(
        &self,
        x: &[f32],
        rows: std::ops::Range<usize>,
        columns: std::ops::Range<usize>,
        band: usize,
        y: &mut [f32],
        finish: Finish<'_>,
    ) {
        let channels = self.x.stride();
        let [kernel_h, kernel_w] = self.window.kernel;
        for oy in rows.clone() {
            for ox in columns.clone() {
                let at = band + ((oy - rows.start) * self.y.width + ox) * channels;
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
