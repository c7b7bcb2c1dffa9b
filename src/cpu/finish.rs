//! The epilogue of a step: activation and residual, while a value is still in a register.

use super::simd::{F32x4, add_tile, store_tile};
use crate::plan::Activation;

/// What is done to the values of one band of rows before they are written.
#[derive(Clone, Copy)]
pub(crate) struct Finish<'a> {
    activation: Activation,
    /// As long as the band, or absent.
    residual: Option<&'a [f32]>,
    after: bool,
}

impl<'a> Finish<'a> {
    pub(crate) fn new(activation: Activation, residual: Option<&'a [f32]>, after: bool) -> Self {
        Self { activation, residual, after }
    }

    /// What it consists of, for kernels that choose once a row and not once a tile: the activation, the
    /// residual, and whether that is added after.
    pub(crate) fn parts(&self) -> (Activation, Option<&'a [f32]>, bool) {
        (self.activation, self.residual, self.after)
    }

    /// The same for the part of the band that starts at `at`.
    pub(crate) fn from(&self, at: usize) -> Self {
        Self { residual: self.residual.map(|residual| &residual[at..]), ..*self }
    }

    /// Finishes a band that is written already.
    pub(crate) fn whole(&self, y: &mut [f32]) {
        if self.residual.is_none() {
            return activate(self.activation, y);
        }
        let vector = |y: &[f32], at: usize| F32x4::load(y[at..].first_chunk().expect("padded channels"));
        let fours = y.len() / 16 * 16;
        for at in (0..fours).step_by(16) {
            self.store([[0, 4, 8, 12].map(|n| vector(y, at + n))], y, at, 0);
        }
        for at in (fours..y.len()).step_by(4) {
            self.store([[vector(y, at)]], y, at, 0);
        }
    }

    /// Writes a tile, finished: `sums[m][n]` as the four values at `at + m * stride + n * 4` of the band `y`.
    ///
    /// # Panics
    /// If the tile, or the residual's, is not inside.
    #[inline(always)]
    pub(crate) fn store<const M: usize, const N: usize>(
        &self,
        mut sums: [[F32x4; N]; M],
        y: &mut [f32],
        at: usize,
        stride: usize,
    ) {
        if let Some(residual) = self.residual.filter(|_| !self.after) {
            add_tile(residual, at, stride, &mut sums);
        }
        // Outside the loop, so that the choice is made once for the whole tile.
        match self.activation {
            Activation::None => {}
            Activation::Relu => each(&mut sums, |v| v.max(F32x4::splat(0.0))),
            Activation::HardSwish => each(&mut sums, hard_swish),
            other => {
                // A copy, because what a function may write through a pointer cannot stay in registers.
                let mut copy = sums.map(|row| row.map(F32x4::to_array));
                activate(other, copy.as_flattened_mut().as_flattened_mut());
                sums = copy.map(|row| row.map(|v| F32x4::load(&v)));
            }
        }
        if let Some(residual) = self.residual.filter(|_| self.after) {
            add_tile(residual, at, stride, &mut sums);
        }
        store_tile(&sums, y, at, stride);
    }
}

#[inline(always)]
fn each<const M: usize, const N: usize>(sums: &mut [[F32x4; N]; M], f: impl Fn(F32x4) -> F32x4) {
    for row in sums {
        for value in row {
            *value = f(*value);
        }
    }
}

#[inline(always)]
pub(crate) fn hard_swish(v: F32x4) -> F32x4 {
    let c = F32x4::splat;
    v.mul(v.mul_add(c(1.0 / 6.0), c(0.5)).max(c(0.0)).min(c(1.0)))
}

/// `activation` of each value.
#[inline(never)]
fn activate(activation: Activation, values: &mut [f32]) {
    let c = F32x4::splat;
    match activation {
        Activation::None => {}
        Activation::Relu => each_four(values, |v| v.max(c(0.0))),
        Activation::HardSwish => each_four(values, hard_swish),
        Activation::Clip { low, high } => each_four(values, |v| v.max(c(low)).min(c(high))),
        Activation::LeakyRelu { slope } => {
            each_four(values, |v| v.max(c(0.0)).add(v.min(c(0.0)).mul(c(slope))));
        }
        Activation::HardSigmoid { slope, offset } => {
            each_four(values, |v| v.mul_add(c(slope), c(offset)).max(c(0.0)).min(c(1.0)));
        }
        Activation::Sigmoid => each_four(values, F32x4::sigmoid),
        Activation::Silu => each_four(values, |v| v.mul(v.sigmoid())),
        Activation::Tanh => each_four(values, |v| c(2.0).mul(v.add(v).sigmoid()).sub(c(1.0))),
    }
}

/// `f` of each vector. Four go together, because a browser's compiler makes a constant anew in each
/// turn of a loop, which takes three instructions.
#[inline(always)]
fn each_four(values: &mut [f32], f: impl Fn(F32x4) -> F32x4) {
    let four = |block: &mut [f32; 16]| {
        for vector in block.as_chunks_mut::<4>().0 {
            f(F32x4::load(vector)).store(vector);
        }
    };
    let (blocks, rest) = values.as_chunks_mut::<16>();
    blocks.iter_mut().for_each(four);
    if !rest.is_empty() {
        let mut last = [0.0; 16];
        last[..rest.len()].copy_from_slice(rest);
        four(&mut last);
        rest.copy_from_slice(&last[..rest.len()]);
    }
}

/// The same, one value at a time and in double precision: what the kernels are tested against.
#[cfg(test)]
pub(crate) fn reference(activation: Activation, v: f64) -> f64 {
    let sigmoid = |v: f64| 1.0 / (1.0 + (-v).exp());
    match activation {
        Activation::None => v,
        Activation::Relu => v.max(0.0),
        Activation::Clip { low, high } => v.max(low.into()).min(high.into()),
        Activation::LeakyRelu { slope } => {
            if v > 0.0 {
                v
            } else {
                v * f64::from(slope)
            }
        }
        Activation::HardSigmoid { slope, offset } => {
            (v * f64::from(slope) + f64::from(offset)).clamp(0.0, 1.0)
        }
        Activation::HardSwish => v * (v + 3.0).clamp(0.0, 6.0) / 6.0,
        Activation::Sigmoid => sigmoid(v),
        Activation::Silu => v * sigmoid(v),
        Activation::Tanh => v.tanh(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activations_match_reference() {
        let all = [
            Activation::None,
            Activation::Relu,
            Activation::Clip { low: 0.0, high: 6.0 },
            Activation::LeakyRelu { slope: 0.1 },
            Activation::HardSigmoid { slope: 0.2, offset: 0.5 },
            Activation::HardSwish,
            Activation::Sigmoid,
            Activation::Silu,
            Activation::Tanh,
        ];
        for activation in all {
            for i in -400..=400 {
                let v = i as f32 / 20.0;
                let mut values = [v; 8];
                activate(activation, &mut values);
                let got = f64::from(values[7]);
                let want = reference(activation, v.into());
                assert!(
                    (got - want).abs() <= 1e-6 * want.abs().max(1.0),
                    "{activation:?} of {v}: got {got}, want {want}"
                );
            }
        }
    }

    #[test]
    fn residual_comes_before_or_after() {
        let residual = [9.0, 9.0, 9.0, 9.0, -5.0, 5.0, 0.0, 1.0];
        for (after, want) in [(false, [0.0, 8.0, 3.0, 4.0]), (true, [-2.0, 8.0, 3.0, 4.0])] {
            let mut y = [0.0; 8];
            let finish = Finish::new(Activation::Relu, Some(&residual), after);
            finish.store([[F32x4::splat(3.0)]], &mut y, 4, 0);
            assert_eq!(y[4..], want, "after: {after}");
            assert_eq!(y[..4], [0.0; 4]);
        }
    }
}
