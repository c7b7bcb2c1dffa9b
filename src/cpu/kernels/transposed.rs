//! A transposed convolution whose blocks do not overlap: each pixel becomes a block of pixels.
//!
//! `y[h * kh + ky, w * kw + kx, o] = bias[o] + sum over i of x[h, w, i] * weights[ky, kx, i, o]`.
//! For one `ky`, a row of `x` gives a whole row of `y`: a matrix with `kw` times `out` columns.
//! One output channel would leave three of four lanes empty; where it is the network's answer, the
//! block's own pixels are the columns, four at a time, and the answer has no padding.

use crate::cpu::Scratch;
use crate::cpu::finish::Finish;
use crate::cpu::lines::Lines;
use crate::cpu::matrix::Matrix;
use crate::cpu::simd::{F32x4, Run, dots};
use crate::plan::Shape;

pub(crate) struct Transposed {
    kernel: [usize; 2],
    weights: Weights,
    x: Shape,
    y: Shape,
}

enum Weights {
    /// A matrix for each `ky`.
    Rows(Vec<Matrix>),
    /// Of a dense answer: four pixels of the block after the other, as [`dots`] takes them, and the bias.
    Dense(Vec<Lines>, [f32; 4]),
}

impl Transposed {
    /// `weights` is `[kernel_h, kernel_w, in, out]`, `bias` is `[out]`. `dense` says that `y` has one
    /// channel without padding, and that there is no residual.
    pub(crate) fn new(
        x: Shape,
        y: Shape,
        kernel: [usize; 2],
        weights: &[f32],
        bias: &[f32],
        dense: bool,
    ) -> Self {
        let weight = |tap: usize, i: usize, o: usize| {
            let inside = i < x.channels && o < y.channels;
            if inside { weights[(tap * x.channels + i) * y.channels + o] } else { 0.0 }
        };
        let [kernel_h, kernel_w] = kernel;
        let taps = kernel_h * kernel_w;
        let weights = if dense {
            let value = |tap: usize, i: usize| if tap < taps { weight(tap, i, 0) } else { 0.0 };
            let four = |first: usize| {
                let each =
                    (0..x.stride()).step_by(4).flat_map(|i| (0..16).map(move |at| (i + at % 4, at / 4)));
                each.map(|(i, tap)| value(first + tap, i)).collect::<Vec<_>>().into()
            };
            Weights::Dense((0..taps).step_by(4).map(four).collect(), [bias[0]; 4])
        } else {
            let stride = y.stride();
            let of = |o: usize| bias.get(o % stride).copied().unwrap_or(0.0);
            let row = |ky: usize| {
                Matrix::new(x.stride(), kernel_w * stride, 4, of, |i, column| {
                    weight(ky * kernel_w + column / stride, i, column % stride)
                })
            };
            Weights::Rows((0..kernel_h).map(row).collect())
        };
        Self { kernel, weights, x, y }
    }

    /// Rows of `y` that are made together: all of a dense answer.
    pub(crate) fn band(&self) -> usize {
        match self.weights {
            Weights::Rows(_) => self.kernel[0],
            Weights::Dense(..) => self.y.height,
        }
    }

    /// The rows `rows` of `y`, whole blocks, which is the band of just these.
    #[inline(never)]
    pub(crate) fn run(
        &self,
        x: &[f32],
        rows: std::ops::Range<usize>,
        y: &mut [f32],
        finish: Finish<'_>,
        scratch: &mut Scratch,
    ) {
        let matrices = match &self.weights {
            Weights::Rows(matrices) => matrices,
            Weights::Dense(fours, bias) => return self.blocks(fours, bias, x, y, finish, &mut scratch.patch),
        };
        let [kernel_h, _] = self.kernel;
        let y_row = self.y.width * self.y.stride();
        let first = rows.start / kernel_h;
        for h in first..rows.end / kernel_h {
            let run = Run { x: h * self.x.width * self.x.stride(), w: 0, k: self.x.stride() };
            for (ky, matrix) in matrices.iter().enumerate() {
                let at = ((h - first) * kernel_h + ky) * y_row;
                matrix.multiply(x, self.x.stride(), &[run], self.x.width, y, at, finish);
            }
        }
    }

    /// All rows of a dense answer.
    fn blocks(
        &self,
        fours: &[Lines],
        bias: &[f32; 4],
        x: &[f32],
        y: &mut [f32],
        finish: Finish<'_>,
        patch: &mut Lines,
    ) {
        let [kernel_h, kernel_w] = self.kernel;
        let x_row = self.x.width * self.x.stride();
        let block = fours.len() * 4;
        patch.resize(self.x.width * block);
        for (x, band) in x.chunks_exact(x_row).zip(y.chunks_exact_mut(kernel_h * self.y.width)) {
            for (four, w) in fours.iter().enumerate() {
                dots(x, self.x.stride(), w, bias, &mut patch[four * 4..], block);
            }
            // A row at once, because an activation may have many constants to get ready.
            finish.whole(patch);
            if self.kernel == [2, 2] {
                let (above, below) = band.split_at_mut(self.y.width);
                scatter(patch, above, below);
                continue;
            }
            for (ky, row) in band.chunks_exact_mut(self.y.width).enumerate() {
                for (out, block) in row.chunks_exact_mut(kernel_w).zip(patch.chunks_exact(block)) {
                    out.copy_from_slice(&block[ky * kernel_w..][..kernel_w]);
                }
            }
        }
    }
}

/// The pixels of blocks of two by two to the two rows they belong to.
fn scatter(blocks: &[f32], above: &mut [f32], below: &mut [f32]) {
    let pairs = blocks.as_chunks::<8>().0;
    let (above_pairs, above_rest) = above.as_chunks_mut::<4>();
    let (below_pairs, below_rest) = below.as_chunks_mut::<4>();
    for ((pair, above), below) in pairs.iter().zip(above_pairs).zip(below_pairs) {
        let [left, right] =
            [&pair[..4], &pair[4..]].map(|block| F32x4::load(block.first_chunk().expect("four")));
        let [upper, lower] = left.halves(right);
        upper.store(above);
        lower.store(below);
    }
    if let Some(block) = blocks.as_chunks::<8>().1.first_chunk::<4>() {
        above_rest.copy_from_slice(&block[..2]);
        below_rest.copy_from_slice(&block[2..]);
    }
}
