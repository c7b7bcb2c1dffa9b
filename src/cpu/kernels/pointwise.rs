//! A convolution of one tap: each pixel's channels times a matrix.
//!
//! `y[p, o] = bias[o] + sum over i of gate[i] * x[p, i] * weights[i, o]`.
//! The gate, where there is one, goes into a copy of the weights, which are fewer than the pixels.

use crate::cpu::finish::Finish;
use crate::cpu::matrix::panel;
use crate::cpu::product::Product;
use crate::cpu::simd::Run;
use crate::cpu::{Scratch, Shared};
use crate::plan::Shape;

pub(crate) struct Pointwise {
    product: Product,
    width: usize,
    in_stride: usize,
    gated: bool,
}

impl Pointwise {
    pub(crate) fn new(x: Shape, y: Shape, product: Product, gated: bool) -> Self {
        Self { product, width: y.width, in_stride: x.stride(), gated }
    }

    /// Makes the weights times `gate`.
    pub(crate) fn prepare(&self, gate: &[f32], shared: &mut Shared) {
        if let Product::Single(matrix) = &self.product {
            matrix.gated(gate, &mut shared.gated);
        }
    }

    /// The rows `rows` of `y`, which is the band of just these.
    #[inline(never)]
    pub(crate) fn run(
        &self,
        x: &[f32],
        rows: std::ops::Range<usize>,
        y: &mut [f32],
        finish: Finish<'_>,
        shared: &Shared,
        scratch: &mut Scratch,
    ) {
        let stride = self.in_stride;
        let count = rows.len() * self.width;
        let x = &x[rows.start * self.width * stride..][..count * stride];
        let run = [Run { x: 0, w: 0, k: stride }];
        match (&self.product, self.gated) {
            (Product::Single(matrix), false) => matrix.multiply(x, stride, &run, count, y, 0, finish),
            (Product::Single(_), true) => shared.gated.multiply(x, stride, &run, count, y, 0, finish),
            (Product::Integer(matrix), _) => {
                let pixels = panel(stride);
                for (panel, x) in x.chunks(pixels * stride).enumerate() {
                    let factor = matrix.quantise(x, &mut scratch.whole);
                    let (count, at) = (x.len() / stride, panel * pixels * matrix.columns());
                    matrix.multiply(&scratch.whole, factor, stride, &run, count, y, at, finish);
                }
            }
        }
    }
}
