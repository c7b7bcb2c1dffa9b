//! A convolution of each channel by itself.
//!
//! `y[oy, ox, c] = bias[c] + sum over (ky, kx) of x[iy, ix, c] * weights[ky, kx, c]`.
//! Channels are the vector axis. Four or eight neighbouring windows go together, so that a row of taps is
//! loaded once for all of them; the sizes that networks use have their loops unrolled. Where windows
//! reach beyond the ends of a row, they slide over a copy of it that has zeros there.

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
        let copy = &mut scratch.patch;
        let Window { kernel, stride, dilation, .. } = self.window;
        match (kernel, stride[1], dilation) {
            ([3, 3], 1, [1, 1]) => self.slide::<8, 1, 3>(x, rows, y, finish, copy),
            ([3, 3], 2, [1, 1]) => self.slide::<4, 2, 3>(x, rows, y, finish, copy),
            ([5, 5], 1, [1, 1]) => self.slide::<8, 1, 5>(x, rows, y, finish, copy),
            ([5, 5], 2, [1, 1]) => self.slide::<4, 2, 5>(x, rows, y, finish, copy),
            _ => self.each(x, rows, y, finish),
        }
    }

    /// `T` windows at a time, `S` columns apart, of `K` rows and columns.
    #[inline(never)]
    fn slide<const T: usize, const S: usize, const K: usize>(
        &self,
        x: &[f32],
        rows: std::ops::Range<usize>,
        y: &mut [f32],
        finish: Finish<'_>,
        copy: &mut Vec<f32>,
    ) {
        let channels = self.x.stride();
        let row_len = self.x.width * channels;
        let left = self.window.pad[1];
        // Columns of a copied row: as wide as the last windows reach, which may be beyond the picture.
        let width = (self.y.width.next_multiple_of(T) - 1) * S + K;
        let inside = inner(&self.window, 1, self.x.width, self.y.width);
        // A row of few tiles is copied once for all of them; of a long row only what lies under its ends.
        let narrow = self.y.width < 4 * T;
        copy.clear();
        copy.resize(K * width * channels, 0.0);
        let mut next = 0;
        for oy in rows.clone() {
            let band = (oy - rows.start) * self.y.width * channels;
            // The rows of the window that are inside, where their copies are, and the first one's taps.
            let (mut taken, mut count, mut first) = ([0; K], 0, 0);
            for ky in 0..K {
                let Some(iy) = tap(&self.window, 0, oy, ky, self.x.height) else { continue };
                if count == 0 {
                    (first, next) = (ky, next.max(iy));
                }
                taken[count] = iy;
                count += 1;
                if narrow && iy == next {
                    let columns = self.x.width.min(width - left) * channels;
                    let to = &mut copy[(iy % K * width + left) * channels..][..columns];
                    to.copy_from_slice(&x[iy * row_len..][..columns]);
                    next += 1;
                }
            }
            let w = &self.weights[first * K * channels..];
            for ox in (0..self.y.width).step_by(T) {
                let direct = !narrow && inside.start <= ox && ox + T <= inside.end;
                if !narrow && !direct {
                    let columns = (T - 1) * S + K;
                    for iy in &taken[..count] {
                        let to = &mut copy[(iy % K * width + ox * S) * channels..][..columns * channels];
                        take_columns(&x[iy * row_len..][..row_len], ox * S, left, channels, to);
                    }
                }
                let here: [&[f32]; K] = std::array::from_fn(|row| {
                    if direct {
                        &x[taken[row] * row_len + (ox * S - left) * channels..]
                    } else {
                        &copy[(taken[row] % K * width + ox * S) * channels..]
                    }
                });
                let at = band + ox * channels;
                slide::<T, S, K>(&here[..count], w, &self.bias, channels, |c, sums| {
                    if ox + T <= self.y.width {
                        return finish.store(sums, y, at + c, channels);
                    }
                    for (t, sum) in sums.into_iter().enumerate().take(self.y.width - ox) {
                        finish.store([sum], y, at + t * channels + c, 0);
                    }
                });
            }
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

/// Copies the columns of `row` from `start - left` on, zeros where they are outside.
fn take_columns(row: &[f32], start: usize, left: usize, channels: usize, to: &mut [f32]) {
    let columns = to.len() / channels;
    let before = left.saturating_sub(start).min(columns);
    let from = start.saturating_sub(left).min(row.len() / channels);
    let inside = (columns - before).min(row.len() / channels - from);
    to.fill(0.0);
    to[before * channels..][..inside * channels]
        .copy_from_slice(&row[from * channels..][..inside * channels]);
}
