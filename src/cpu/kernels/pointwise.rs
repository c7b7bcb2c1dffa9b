//! A convolution of one tap: each pixel's channels times a matrix.
//!
//! `y[p, o] = bias[o] + sum over i of gate[i] * x[p, i] * weights[i, o]`.
//! The gate, where there is one, goes into a copy of the weights, which are fewer than the pixels.

use crate::cpu::Scratch;
use crate::cpu::finish::Finish;
use crate::cpu::matrix::{Matrix, Run};
use crate::plan::Shape;

pub(crate) struct Pointwise {
    matrix: Matrix,
    width: usize,
    in_stride: usize,
}

impl Pointwise {
    /// `weights` is `[in, out]`, `bias` is `[out]`.
    pub(crate) fn new(x: Shape, y: Shape, weights: &[f32], bias: &[f32]) -> Self {
        let value = |i: usize, o: usize| {
            if i < x.channels && o < y.channels { weights[i * y.channels + o] } else { 0.0 }
        };
        let bias = |o: usize| bias.get(o).copied().unwrap_or(0.0);
        Self {
            matrix: Matrix::new(x.stride(), y.channels, bias, value),
            width: y.width,
            in_stride: x.stride(),
        }
    }

    /// The rows `rows` of `y`, which is the band of just these.
    pub(crate) fn run(
        &self,
        x: &[f32],
        gate: Option<&[f32]>,
        rows: std::ops::Range<usize>,
        y: &mut [f32],
        finish: Finish<'_>,
        scratch: &mut Scratch,
    ) {
        let matrix = match gate {
            Some(gate) => {
                self.matrix.gated(gate, &mut scratch.gated);
                &scratch.gated
            }
            None => &self.matrix,
        };
        let run = Run { x: rows.start * self.width * self.in_stride, w: 0, k: self.in_stride };
        matrix.multiply(x, self.in_stride, &[run], rows.len() * self.width, y, 0, finish);
    }
}
