//! A convolution of one tap: each pixel's channels times a matrix.
//!
//! `y[p, o] = bias[o] + sum over i of gate[i] * x[p, i] * weights[i, o]`.
//! The gate, where there is one, goes into a copy of the weights, which are fewer than the pixels.

use crate::cpu::Scratch;
use crate::cpu::finish::Finish;
use crate::cpu::matrix::panel;
use crate::cpu::product::Product;
use crate::cpu::simd::Run;
use crate::plan::Shape;

pub(crate) struct Pointwise {
    product: Product,
    width: usize,
    in_stride: usize,
}

impl Pointwise {
    pub(crate) fn new(x: Shape, y: Shape, product: Product) -> Self {
        Self { product, width: y.width, in_stride: x.stride() }
    }

    /// The rows `rows` of `y`, which is the band of just these.
    #[inline(never)]
    pub(crate) fn run(
        &self,
        x: &[f32],
        gate: Option<&[f32]>,
        rows: std::ops::Range<usize>,
        y: &mut [f32],
        finish: Finish<'_>,
        scratch: &mut Scratch,
    ) {
        let stride = self.in_stride;
        let count = rows.len() * self.width;
        let x = &x[rows.start * self.width * stride..][..count * stride];
        let run = [Run { x: 0, w: 0, k: stride }];
        match (&self.product, gate) {
            (Product::Single(matrix), None) => matrix.multiply(x, stride, &run, count, y, 0, finish),
            (Product::Single(matrix), Some(gate)) => {
                // The bands of one run come in order, and share the gate.
                if rows.start == 0 {
                    matrix.gated(gate, &mut scratch.gated);
                }
                scratch.gated.multiply(x, stride, &run, count, y, 0, finish);
            }
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
