//! What is made of the basic operations, alike on every target.

use super::F32x4;
#[cfg(test)]
use super::I16x8;

impl F32x4 {
    /// The four values.
    #[inline(always)]
    pub(crate) fn to_array(self) -> [f32; 4] {
        let mut array = [0.0; 4];
        self.store(&mut array);
        array
    }

    /// The magnitude.
    #[inline(always)]
    pub(crate) fn abs(self) -> Self {
        self.max(F32x4::splat(0.0).sub(self))
    }

    /// `e` to the power of each value; relative error below 3e-7, and values beyond +-87 count as that.
    ///
    /// `exp(v) = 2^n * exp(r)` with `n` whole and `|r| <= ln(2) / 2`; `exp(r)` by its Taylor series
    /// to the sixth power, `r` in two steps so that it keeps its last bits (Cody and Waite, 1980).
    #[inline(always)]
    pub(crate) fn exp(self) -> Self {
        let c = F32x4::splat;
        let v = self.min(c(87.0)).max(c(-87.0));
        let n = v.mul(c(std::f32::consts::LOG2_E)).nearest();
        let r = n.mul_add(c(-0.693_359_4), v);
        let r = n.mul_add(c(2.121_944_4e-4), r);
        let square = r.mul(r);
        let low = r.add(c(1.0));
        let middle = r.mul_add(c(1.0 / 6.0), c(0.5));
        let high = r.mul_add(c(1.0 / 120.0), c(1.0 / 24.0));
        let high = square.mul_add(c(1.0 / 720.0), high);
        let sum = square.mul_add(high, middle);
        let sum = square.mul_add(sum, low);
        sum.mul(n.exp2_whole())
    }

    /// `1 / (1 + exp(-v))`; error below 2e-7, and values beyond +-87 count as that.
    ///
    /// `exp(-v) = 2^n * 2^f` with `n` whole and `|f| <= 1 / 2`; `2^f` by the polynomial whose largest
    /// relative error, 1e-7, is the least among those of the fifth power that are exact at 0, slope and all.
    /// That `f` loses last bits where `v` is large does not show, because there the exponential is
    /// small beside 1, or its reciprocal is.
    #[inline(always)]
    pub(crate) fn sigmoid(self) -> Self {
        let c = F32x4::splat;
        let power = self.mul(c(-std::f32::consts::LOG2_E)).min(c(126.0)).max(c(-126.0));
        let n = power.nearest();
        let f = power.sub(n);
        let square = f.mul(f);
        let low = f.mul_add(c(std::f32::consts::LN_2), c(1.0));
        let middle = f.mul_add(c(0.055_505_585), c(0.240_222_83));
        let high = f.mul_add(c(0.001_330_061), c(0.009_669_692));
        let sum = square.mul_add(square.mul_add(high, middle), low);
        c(1.0).div(sum.mul_add(n.exp2_whole(), c(1.0)))
    }
}

#[cfg(test)]
impl I16x8 {
    /// The eight values.
    #[inline(always)]
    pub(crate) fn to_array(self) -> [i16; 8] {
        let mut array = [0; 8];
        self.store(&mut array);
        array
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_close_over_its_range() {
        let mut worst = 0.0_f64;
        for i in -87_000..=87_000 {
            let v = i as f32 / 1000.0;
            let want = f64::from(v).exp();
            worst = worst.max((f64::from(F32x4::splat(v).exp().to_array()[0]) - want).abs() / want);
        }
        assert!(worst < 3e-7, "relative error {worst:e}");
        assert!(F32x4::splat(1e30).exp().to_array()[0].is_finite());
    }

    #[test]
    fn sigmoid_is_close_everywhere() {
        let mut worst = 0.0_f64;
        for i in -100_000..=100_000 {
            let v = i as f32 / 1000.0;
            let want = 1.0 / (1.0 + (-f64::from(v)).exp());
            worst = worst.max((f64::from(F32x4::splat(v).sigmoid().to_array()[0]) - want).abs());
        }
        assert!(worst < 2e-7, "error {worst:e}");
        let ends = F32x4::load(&[-1e30, 0.0, 1e30, 20.0]).sigmoid().to_array();
        assert!(ends[0] < 1e-30 && ends[1..] == [0.5, 1.0, 1.0], "{ends:?}");
    }
}
