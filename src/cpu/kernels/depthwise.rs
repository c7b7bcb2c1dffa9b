//! A convolution of each channel by itself.
//!
//! `y[oy, ox, c] = bias[c] + sum over (ky, kx) of x[iy, ix, c] * weights[ky, kx, c]`.
//! Channels are the vector axis. Windows of 3x3, whose taps fit into registers, slide along the rows where
//! they lie. Those of 5x5 go eight at a time over copies of the rows, of one cache line of channels
//! each, so that all that a block of channels needs stays in the nearest cache; the copies have zeros
//! where windows reach beyond the ends of a row.

use std::ops::Range;

use crate::cpu::Scratch;
use crate::cpu::finish::{Finish, hard_swish};
use crate::cpu::kernels::conv::tap;
use crate::cpu::lines::Lines;
use crate::cpu::simd::{Along, BLOCK, F32x4, TILE, along, put_block, slide, take_block};
use crate::plan::{Activation, Shape, Window};

pub(crate) struct Depthwise {
    window: Window,
    how: How,
    /// `[kernel_h, kernel_w, stride]`, or a `[kernel_h, kernel_w, BLOCK]` for each block of channels.
    weights: Lines,
    /// `[stride]`, with zeros up to a whole block.
    bias: Vec<f32>,
    x: Shape,
    y: Shape,
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    /// 3x3, where no more than one column is outside at either end.
    Along,
    /// 3x3 or 5x5.
    Blocks,
    /// Windows of any other size.
    Each,
}

impl Depthwise {
    /// `weights` is `[kernel_h, kernel_w, channels]`, `bias` is `[channels]`.
    pub(crate) fn new(x: Shape, y: Shape, window: Window, weights: &[f32], bias: &[f32]) -> Self {
        let Window { kernel, stride, dilation, pad } = window;
        let reach = (y.width - 1) * stride[1] + kernel[1];
        let how = match (kernel, stride[1], dilation) {
            ([3, 3], 1 | 2, [1, 1]) if pad[1] <= 1 && reach <= x.width + pad[1] + 1 => How::Along,
            ([3, 3] | [5, 5], 1 | 2, [1, 1]) => How::Blocks,
            _ => How::Each,
        };
        let blocks = x.stride().div_ceil(BLOCK) * BLOCK;
        let padded = |values: &[f32], from: Range<usize>| {
            let row =
                |row: &[f32]| from.clone().map(|c| row.get(c).copied().unwrap_or(0.0)).collect::<Vec<_>>();
            values.chunks_exact(x.channels).flat_map(row).collect::<Vec<f32>>()
        };
        let weights: Vec<f32> = match how {
            How::Blocks => (0..blocks).step_by(BLOCK).flat_map(|c| padded(weights, c..c + BLOCK)).collect(),
            How::Along | How::Each => padded(weights, 0..x.stride()),
        };
        Self { window, how, weights: weights.into(), bias: padded(bias, 0..blocks), x, y }
    }

    /// The rows `rows` of `y`, which is the band of just these.
    pub(crate) fn run(
        &self,
        x: &[f32],
        rows: Range<usize>,
        y: &mut [f32],
        finish: Finish<'_>,
        scratch: &mut Scratch,
    ) {
        let copy = &mut scratch.patch;
        match (self.how, self.window.kernel[0], self.window.stride[1]) {
            (How::Along, _, 1) => self.along::<1>(x, rows, y, finish, copy),
            (How::Along, _, _) => self.along::<2>(x, rows, y, finish, copy),
            (How::Blocks, 3, 1) => self.blocks::<1, 3>(x, rows, y, finish, copy),
            (How::Blocks, 3, _) => self.blocks::<2, 3>(x, rows, y, finish, copy),
            (How::Blocks, _, 1) => self.blocks::<1, 5>(x, rows, y, finish, copy),
            (How::Blocks, _, _) => self.blocks::<2, 5>(x, rows, y, finish, copy),
            (How::Each, ..) => self.each(x, rows, y, finish),
        }
    }

    /// Windows of 3x3, `S` columns apart: row by row, in pieces.
    fn along<const S: usize>(
        &self,
        x: &[f32],
        rows: Range<usize>,
        y: &mut [f32],
        finish: Finish<'_>,
        zeros: &mut Lines,
    ) {
        let channels = self.x.stride();
        let row_len = self.x.width * channels;
        let (left, width) = (self.window.pad[1], self.y.width);
        let piece = piece(channels);
        zeros.resize(row_len);
        zeros.fill(0.0);
        for oy in rows.clone() {
            // Rows outside are zeros.
            let under: [&[f32]; 3] = std::array::from_fn(|ky| {
                tap(&self.window, 0, oy, ky, self.x.height)
                    .map_or(&zeros[..], |iy| &x[iy * row_len..][..row_len])
            });
            for ox in (0..width).step_by(piece) {
                let count = piece.min(width - ox);
                let end = (ox + count - 1) * S + 3 - left;
                let from = (ox * S).saturating_sub(left);
                let at = ((oy - rows.start) * width + ox) * channels;
                let y = &mut y[at..][..count * channels];
                let mut of = Along {
                    rows: under.map(|row| &row[from * channels..]),
                    channels,
                    count,
                    outside: [ox * S < left, end > self.x.width],
                    w: &self.weights,
                    bias: &self.bias,
                    residual: &[],
                };
                match finish.parts() {
                    (Activation::Relu, None, _) => along_relu::<S>(&of, y),
                    (Activation::Relu, Some(residual), true) => {
                        of.residual = &residual[at..];
                        along_relu_residual::<S>(&of, y);
                    }
                    _ => {
                        along_plain::<S>(&of, y);
                        finish.from(at).whole(y);
                    }
                }
            }
        }
    }

    /// Windows of `K` rows and columns, `S` columns apart, a block of channels after the other.
    #[inline(never)]
    fn blocks<const S: usize, const K: usize>(
        &self,
        x: &[f32],
        rows: Range<usize>,
        y: &mut [f32],
        finish: Finish<'_>,
        copy: &mut Lines,
    ) {
        let channels = self.x.stride();
        let row_len = self.x.width * channels;
        let left = self.window.pad[1];
        // Columns of a copied row: as wide as the last windows reach, which may be beyond the picture.
        let tiles = self.y.width.div_ceil(TILE);
        let width = (tiles * TILE - 1) * S + K;
        let columns = self.x.width.min(width.saturating_sub(left));
        copy.resize((K * width + tiles * TILE) * BLOCK);
        copy.fill(0.0);
        let (copy, sums) = copy.split_at_mut(K * width * BLOCK);
        for (w, start) in self.weights.chunks_exact(K * K * BLOCK).zip((0..channels).step_by(BLOCK)) {
            let count = BLOCK.min(channels - start);
            let mut next = 0;
            for oy in rows.clone() {
                // The rows of the window that are inside, and the first one's number.
                let (mut taken, mut inside, mut first) = ([0; K], 0, 0);
                for ky in 0..K {
                    let Some(iy) = tap(&self.window, 0, oy, ky, self.x.height) else { continue };
                    if inside == 0 {
                        (first, next) = (ky, next.max(iy));
                    }
                    taken[inside] = iy;
                    inside += 1;
                    if iy == next {
                        let to = &mut copy[(iy % K * width + left) * BLOCK..][..columns * BLOCK];
                        take_row(&x[iy * row_len + start..], channels, count, columns, to);
                        next += 1;
                    }
                }
                let under = taken.map(|iy| &copy[iy % K * width * BLOCK..][..width * BLOCK]);
                slide_row::<S, K>(
                    &under[..inside],
                    &w[first * K * BLOCK..],
                    &self.bias[start..],
                    count,
                    sums,
                );
                let at = (oy - rows.start) * self.y.width * channels + start;
                put_row(sums, count, self.y.width, y, at, channels, finish);
            }
        }
    }

    /// Window by window, tap by tap: for windows of any other size.
    #[inline(never)]
    fn each(&self, x: &[f32], rows: Range<usize>, y: &mut [f32], finish: Finish<'_>) {
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

/// Windows of a piece of a row, over which all channels go before the next piece: long ones start less
/// often, and what is under 32 of up to some hundred channels stays in the nearest cache. Pixels of more
/// channels lie so far apart that processors foresee the next channels but not the next pixel.
fn piece(channels: usize) -> usize {
    if channels > 512 { 4 } else { 32 }
}

// A function for each, because a browser's compiler is at its best in short ones.

#[inline(never)]
fn along_plain<const S: usize>(of: &Along<'_>, y: &mut [f32]) {
    along::<S, false>(of, y, |sum| sum);
}

#[inline(never)]
fn along_relu<const S: usize>(of: &Along<'_>, y: &mut [f32]) {
    along::<S, false>(of, y, |sum| sum.max(F32x4::splat(0.0)));
}

#[inline(never)]
fn along_relu_residual<const S: usize>(of: &Along<'_>, y: &mut [f32]) {
    along::<S, true>(of, y, |sum| sum.max(F32x4::splat(0.0)));
}

#[inline(never)]
fn slide_row<const S: usize, const K: usize>(
    rows: &[&[f32]],
    w: &[f32],
    bias: &[f32],
    channels: usize,
    sums: &mut [f32],
) {
    slide::<S, K>(rows, w, bias, channels, sums);
}

#[inline(never)]
fn take_row(row: &[f32], stride: usize, channels: usize, pixels: usize, to: &mut [f32]) {
    take_block(row, stride, channels, pixels, to);
}

/// Puts the blocks of a row of windows where they belong in `y`, from `at` on.
#[inline(never)]
fn put_row(
    blocks: &[f32],
    channels: usize,
    pixels: usize,
    y: &mut [f32],
    at: usize,
    stride: usize,
    finish: Finish<'_>,
) {
    match finish.parts() {
        (Activation::Relu, None, _) => {
            put_block(blocks, channels, pixels, &mut y[at..], stride, |sum| sum.max(F32x4::splat(0.0)));
        }
        (Activation::HardSwish, None, _) => {
            put_block(blocks, channels, pixels, &mut y[at..], stride, hard_swish);
        }
        _ => {
            for (ox, block) in blocks.chunks_exact(BLOCK).enumerate().take(pixels) {
                for c in (0..channels).step_by(4) {
                    let sum = F32x4::load(block[c..].first_chunk().expect("a block"));
                    finish.store([[sum]], y, at + ox * stride + c, 0);
                }
            }
        }
    }
}
