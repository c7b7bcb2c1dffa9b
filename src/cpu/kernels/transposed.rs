//! A transposed convolution whose blocks do not overlap: each pixel becomes a block of pixels.
//!
//! `y[h * kh + ky, w * kw + kx, o] = bias[o] + sum over i of x[h, w, i] * weights[ky, kx, i, o]`.
//! For one `ky`, a row of `x` gives a whole row of `y`: a matrix with `kw` times `out` columns.
//! One output channel would leave three of four lanes empty; where it is the network's answer, the
//! block's own pixels are the lanes, and the answer has no padding.

use crate::cpu::Scratch;
use crate::cpu::finish::Finish;
use crate::cpu::matrix::Matrix;
use crate::cpu::simd::F32x4;
use crate::cpu::simd::Run;
use crate::plan::Shape;

pub(crate) struct Transposed {
    kernel: [usize; 2],
    /// One for each `ky`, or one for the whole block of a dense answer.
    matrices: Vec<Matrix>,
    dense: bool,
    x: Shape,
    y: Shape,
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
        let matrices = if dense {
            let value = |i: usize, tap: usize| if tap < taps { weight(tap, i, 0) } else { 0.0 };
            vec![Matrix::new(x.stride(), taps, 4, |_| bias[0], value)]
        } else {
            let stride = y.stride();
            let of = |o: usize| bias.get(o % stride).copied().unwrap_or(0.0);
            let row = |ky: usize| {
                Matrix::new(x.stride(), kernel_w * stride, 4, of, |i, column| {
                    weight(ky * kernel_w + column / stride, i, column % stride)
                })
            };
            (0..kernel_h).map(row).collect()
        };
        Self { kernel, matrices, dense, x, y }
    }

    /// Rows of `y` that are made together: all of a dense answer.
    pub(crate) fn band(&self) -> usize {
        if self.dense { self.y.height } else { self.kernel[0] }
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
        if self.dense {
            return self.blocks(x, y, finish, &mut scratch.patch);
        }
        let [kernel_h, _] = self.kernel;
        let y_row = self.y.width * self.y.stride();
        let first = rows.start / kernel_h;
        for h in first..rows.end / kernel_h {
            let run = Run { x: h * self.x.width * self.x.stride(), w: 0, k: self.x.stride() };
            for (ky, matrix) in self.matrices.iter().enumerate() {
                let at = ((h - first) * kernel_h + ky) * y_row;
                matrix.multiply(x, self.x.stride(), &[run], self.x.width, y, at, finish);
            }
        }
    }

    /// All rows of a dense answer.
    fn blocks(&self, x: &[f32], y: &mut [f32], finish: Finish<'_>, patch: &mut Vec<f32>) {
        let [kernel_h, kernel_w] = self.kernel;
        let matrix = &self.matrices[0];
        let x_row = self.x.width * self.x.stride();
        patch.resize(self.x.width * matrix.columns, 0.0);
        for (x, band) in x.chunks_exact(x_row).zip(y.chunks_exact_mut(kernel_h * self.y.width)) {
            let run = Run { x: 0, w: 0, k: self.x.stride() };
            matrix.multiply(x, self.x.stride(), &[run], self.x.width, patch, 0, finish);
            if self.kernel == [2, 2] {
                let (above, below) = band.split_at_mut(self.y.width);
                scatter(patch, above, below);
                continue;
            }
            for (ky, row) in band.chunks_exact_mut(self.y.width).enumerate() {
                for (out, block) in row.chunks_exact_mut(kernel_w).zip(patch.chunks_exact(matrix.columns)) {
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
