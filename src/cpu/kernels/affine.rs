//! `y[.., c] = x[.., c] * scale[c] + bias[c]`.

use crate::cpu::finish::Finish;
use crate::cpu::simd::F32x4;

pub(crate) struct Affine {
    /// Padded to a multiple of 4, as `bias`.
    scale: Vec<f32>,
    bias: Vec<f32>,
}

impl Affine {
    pub(crate) fn new(scale: &[f32], bias: &[f32]) -> Self {
        let padded = |values: &[f32]| {
            let mut padded = values.to_vec();
            padded.resize(values.len().next_multiple_of(4), 0.0);
            padded
        };
        Self { scale: padded(scale), bias: padded(bias) }
    }

    /// `x` and `y` are the same band of rows.
    #[inline(never)]
    pub(crate) fn run(&self, x: &[f32], y: &mut [f32], finish: Finish<'_>) {
        let (scale, bias) = (self.scale.as_chunks::<4>().0, self.bias.as_chunks::<4>().0);
        for (i, x) in x.as_chunks::<4>().0.iter().enumerate() {
            let block = i % scale.len();
            let value = F32x4::load(x).mul_add(F32x4::load(&scale[block]), F32x4::load(&bias[block]));
            finish.store([[value]], y, i * 4, 0);
        }
    }
}
