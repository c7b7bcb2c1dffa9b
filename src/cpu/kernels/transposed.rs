//! A transposed convolution whose blocks do not overlap: each pixel becomes a block of pixels.
//!
//! `y[h * kh + ky, w * kw + kx, o] = bias[o] + sum over i of x[h, w, i] * weights[ky, kx, i, o]`.
//! For one `ky`, a row of `x` gives a whole row of `y`: a matrix with `kw` times `out` columns.
//! One output channel would leave three of four lanes empty, so then the block's own pixels are the lanes.

use crate::cpu::Scratch;
use crate::cpu::finish::Finish;
use crate::cpu::matrix::Matrix;
use crate::cpu::simd::Run;
use crate::plan::{Activation, Shape};

pub(crate) struct Transposed {
    kernel: [usize; 2],
    /// One for each `ky`, or one for the whole block of a single channel.
    matrices: Vec<Matrix>,
    /// The activation, where it is applied to a block at once.
    block: Option<Activation>,
    x: Shape,
    y: Shape,
}

impl Transposed {
    /// `weights` is `[kernel_h, kernel_w, in, out]`, `bias` is `[out]`. A `single` activation says that
    /// there is no residual, so that a block of one channel can be finished as a whole.
    pub(crate) fn new(
        x: Shape,
        y: Shape,
        kernel: [usize; 2],
        weights: &[f32],
        bias: &[f32],
        single: Option<Activation>,
    ) -> Self {
        let weight = |tap: usize, i: usize, o: usize| {
            let inside = i < x.channels && o < y.channels;
            if inside { weights[(tap * x.channels + i) * y.channels + o] } else { 0.0 }
        };
        let [kernel_h, kernel_w] = kernel;
        let taps = kernel_h * kernel_w;
        let block = single.filter(|_| y.channels == 1);
        let matrices = if block.is_some() {
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
        Self { kernel, matrices, block, x, y }
    }

    /// Rows of `y` that are made together.
    pub(crate) fn band(&self) -> usize {
        self.kernel[0]
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
        let [kernel_h, kernel_w] = self.kernel;
        let y_row = self.y.width * self.y.stride();
        for (h, band) in (rows.start / kernel_h..rows.end / kernel_h).zip(y.chunks_mut(kernel_h * y_row)) {
            let run = Run { x: h * self.x.width * self.x.stride(), w: 0, k: self.x.stride() };
            let Some(activation) = self.block else {
                for (ky, matrix) in self.matrices.iter().enumerate() {
                    // The finish of a band is indexed from the band's start.
                    let at = ((h - rows.start / kernel_h) * kernel_h + ky) * y_row;
                    let finish = finish.from(at);
                    let row = &mut band[ky * y_row..][..y_row];
                    matrix.multiply(x, self.x.stride(), &[run], self.x.width, row, 0, finish);
                }
                continue;
            };
            let matrix = &self.matrices[0];
            scratch.patch.resize(self.x.width * matrix.columns, 0.0);
            let finish = Finish::new(activation, None, false);
            matrix.multiply(x, self.x.stride(), &[run], self.x.width, &mut scratch.patch, 0, finish);
            for (ky, row) in band.chunks_exact_mut(y_row).enumerate() {
                let blocks = scratch.patch.chunks_exact(matrix.columns);
                for (out, block) in row.chunks_exact_mut(kernel_w * 4).zip(blocks) {
                    for (pixel, &value) in out.as_chunks_mut::<4>().0.iter_mut().zip(&block[ky * kernel_w..])
                    {
                        pixel[0] = value;
                    }
                }
            }
        }
    }
}
