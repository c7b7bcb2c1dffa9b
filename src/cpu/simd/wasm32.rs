//! wasm32 with `simd128`, and with relaxed SIMD where the build has it.

use std::arch::wasm32::*;

/// Four `f32`.
#[derive(Clone, Copy)]
pub(crate) struct F32x4(v128);

impl F32x4 {
    #[inline(always)]
    pub(crate) fn splat(value: f32) -> Self {
        Self(f32x4_splat(value))
    }

    #[inline(always)]
    pub(crate) fn load(from: &[f32; 4]) -> Self {
        // SAFETY: the reference is 16 readable bytes; `v128_load` needs no alignment.
        Self(unsafe { v128_load(from.as_ptr().cast()) })
    }

    #[inline(always)]
    pub(crate) fn store(self, to: &mut [f32; 4]) {
        // SAFETY: the reference is 16 writable bytes; `v128_store` needs no alignment.
        unsafe { v128_store(to.as_mut_ptr().cast(), self.0) }
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        Self(f32x4_add(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        Self(f32x4_sub(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn mul(self, other: Self) -> Self {
        Self(f32x4_mul(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn div(self, other: Self) -> Self {
        Self(f32x4_div(self.0, other.0))
    }

    /// The smaller one; which one a NaN gives is not said.
    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        Self(f32x4_pmin(self.0, other.0))
    }

    /// The larger one; which one a NaN gives is not said.
    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        Self(f32x4_pmax(self.0, other.0))
    }

    /// `self * b + c`; rounded once on the relaxed build, twice on the other.
    #[inline(always)]
    pub(crate) fn mul_add(self, b: Self, c: Self) -> Self {
        #[cfg(target_feature = "relaxed-simd")]
        return Self(f32x4_relaxed_madd(self.0, b.0, c.0));
        #[cfg(not(target_feature = "relaxed-simd"))]
        return Self(f32x4_add(f32x4_mul(self.0, b.0), c.0));
    }

    /// The nearest whole numbers, halves to even.
    #[inline(always)]
    pub(crate) fn nearest(self) -> Self {
        Self(f32x4_nearest(self.0))
    }

    /// 2 to the power of whole numbers from -126 to 127.
    #[inline(always)]
    pub(crate) fn exp2_whole(self) -> Self {
        let biased = i32x4_add(i32x4_trunc_sat_f32x4(self.0), i32x4_splat(127));
        Self(i32x4_shl(biased, 23))
    }
}

/// Four `i32`.
#[derive(Clone, Copy)]
pub(crate) struct I32x4(v128);

impl I32x4 {
    #[inline(always)]
    pub(crate) fn zero() -> Self {
        Self(i32x4_splat(0))
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        Self(i32x4_add(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn to_f32(self) -> F32x4 {
        F32x4(f32x4_convert_i32x4(self.0))
    }
}

/// Eight `i16`.
#[derive(Clone, Copy)]
pub(crate) struct I16x8(v128);

impl I16x8 {
    #[inline(always)]
    pub(crate) fn load(from: &[i16; 8]) -> Self {
        // SAFETY: the reference is 16 readable bytes; `v128_load` needs no alignment.
        Self(unsafe { v128_load(from.as_ptr().cast()) })
    }

    #[inline(always)]
    pub(crate) fn store(self, to: &mut [i16; 8]) {
        // SAFETY: the reference is 16 writable bytes; `v128_store` needs no alignment.
        unsafe { v128_store(to.as_mut_ptr().cast(), self.0) }
    }

    /// The two values four times.
    #[inline(always)]
    pub(crate) fn splat_pair(from: &[i16; 2]) -> Self {
        // SAFETY: the reference is 4 readable bytes; the load needs no alignment.
        Self(unsafe { v128_load32_splat(from.as_ptr().cast()) })
    }

    /// Products of equal places, added in pairs.
    #[inline(always)]
    pub(crate) fn dot(self, other: Self) -> I32x4 {
        I32x4(i32x4_dot_i16x8(self.0, other.0))
    }

    /// The nearest whole numbers, halves to even; what does not fit becomes the nearest that does.
    #[inline(always)]
    pub(crate) fn round(low: F32x4, high: F32x4) -> Self {
        let whole = |v: F32x4| i32x4_trunc_sat_f32x4(f32x4_nearest(v.0));
        Self(i16x8_narrow_i32x4(whole(low), whole(high)))
    }
}
