//! wasm32 with `simd128`, and with relaxed SIMD where the build has it.

use std::arch::wasm32::*;

/// 1.5 times 2^23: a sum with it is rounded to a whole number, which its lowest bits are.
const MAGIC: f32 = 12_582_912.0;

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

    /// Four pixels of four bytes each: red, green, blue, and 255 whatever their alpha is.
    #[inline(always)]
    pub(crate) fn pixels(from: &[u8; 16]) -> [Self; 4] {
        // SAFETY: the reference is 16 readable bytes; `v128_load` needs no alignment.
        let bytes = unsafe { v128_load(from.as_ptr().cast()) };
        let bytes = v128_or(bytes, u32x4_splat(0xff << 24));
        let (low, high) = (u16x8_extend_low_u8x16(bytes), u16x8_extend_high_u8x16(bytes));
        [
            Self(f32x4_convert_i32x4(u32x4_extend_low_u16x8(low))),
            Self(f32x4_convert_i32x4(u32x4_extend_high_u16x8(low))),
            Self(f32x4_convert_i32x4(u32x4_extend_low_u16x8(high))),
            Self(f32x4_convert_i32x4(u32x4_extend_high_u16x8(high))),
        ]
    }

    /// The first, the second and the third bytes of four pixels.
    #[inline(always)]
    pub(crate) fn planes(from: &[u8; 16]) -> [Self; 3] {
        // SAFETY: the reference is 16 readable bytes; `v128_load` needs no alignment.
        let bytes = unsafe { v128_load(from.as_ptr().cast()) };
        let mask = u32x4_splat(0xff);
        [
            Self(f32x4_convert_i32x4(v128_and(bytes, mask))),
            Self(f32x4_convert_i32x4(v128_and(u32x4_shr(bytes, 8), mask))),
            Self(f32x4_convert_i32x4(v128_and(u32x4_shr(bytes, 16), mask))),
        ]
    }

    /// The sum of the lanes of each vector.
    #[inline(always)]
    pub(crate) fn sums([a, b, c, d]: [Self; 4]) -> Self {
        let pair = |a: Self, b: Self| {
            f32x4_add(i32x4_shuffle::<0, 4, 1, 5>(a.0, b.0), i32x4_shuffle::<2, 6, 3, 7>(a.0, b.0))
        };
        let (ab, cd) = (pair(a, b), pair(c, d));
        Self(f32x4_add(i32x4_shuffle::<0, 1, 4, 5>(ab, cd), i32x4_shuffle::<2, 3, 6, 7>(ab, cd)))
    }

    /// The first two lanes of both, and the last two of both.
    #[inline(always)]
    pub(crate) fn halves(self, other: Self) -> [Self; 2] {
        [
            Self(i32x4_shuffle::<0, 1, 4, 5>(self.0, other.0)),
            Self(i32x4_shuffle::<2, 3, 6, 7>(self.0, other.0)),
        ]
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

    #[inline(always)]
    pub(crate) fn sqrt(self) -> Self {
        Self(f32x4_sqrt(self.0))
    }

    /// A bit for each lane, from the lowest up: whether it is more than `other`'s.
    #[inline(always)]
    pub(crate) fn above(self, other: Self) -> u8 {
        i32x4_bitmask(f32x4_gt(self.0, other.0))
    }

    /// The smaller one; which one a NaN gives is not said.
    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        #[cfg(target_feature = "relaxed-simd")]
        return Self(f32x4_relaxed_min(self.0, other.0));
        #[cfg(not(target_feature = "relaxed-simd"))]
        return Self(f32x4_pmin(self.0, other.0));
    }

    /// The larger one; which one a NaN gives is not said.
    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        #[cfg(target_feature = "relaxed-simd")]
        return Self(f32x4_relaxed_max(self.0, other.0));
        #[cfg(not(target_feature = "relaxed-simd"))]
        return Self(f32x4_pmax(self.0, other.0));
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
        // The sum's lowest bits are the biased exponent; the others are shifted out.
        Self(i32x4_shl(f32x4_add(self.0, f32x4_splat(MAGIC + 127.0)), 23))
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

    #[inline(always)]
    pub(crate) fn splat(value: i32) -> Self {
        Self(i32x4_splat(value))
    }

    #[inline(always)]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(v128_and(self.0, other.0))
    }

    /// Divided by two to the power of `bits`, rounded down.
    #[inline(always)]
    pub(crate) fn shr(self, bits: u32) -> Self {
        Self(i32x4_shr(self.0, bits))
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

    /// Eight bytes as they are.
    #[inline(always)]
    pub(crate) fn from_bytes(from: &[u8; 8]) -> Self {
        // SAFETY: the reference is 8 readable bytes; the load needs no alignment.
        Self(unsafe { u16x8_load_extend_u8x8(from.as_ptr()) })
    }

    /// Sixteen bytes as they are.
    #[inline(always)]
    pub(crate) fn widen(from: &[u8; 16]) -> [Self; 2] {
        // SAFETY: the reference is 16 readable bytes; `v128_load` needs no alignment.
        let bytes = unsafe { v128_load(from.as_ptr().cast()) };
        [Self(u16x8_extend_low_u8x16(bytes)), Self(u16x8_extend_high_u8x16(bytes))]
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        Self(i16x8_add(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        Self(i16x8_min(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn to_f32(self) -> [F32x4; 2] {
        [
            F32x4(f32x4_convert_i32x4(i32x4_extend_low_i16x8(self.0))),
            F32x4(f32x4_convert_i32x4(i32x4_extend_high_i16x8(self.0))),
        ]
    }

    /// The lowest 16 bits of each product.
    #[inline(always)]
    pub(crate) fn mul(self, other: Self) -> Self {
        Self(i16x8_mul(self.0, other.0))
    }

    /// All bits of the places where both are the same.
    #[inline(always)]
    pub(crate) fn equals(self, other: Self) -> Self {
        Self(i16x8_eq(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(v128_and(self.0, other.0))
    }

    /// What `other` has no bits of.
    #[inline(always)]
    pub(crate) fn without(self, other: Self) -> Self {
        Self(v128_andnot(self.0, other.0))
    }

    /// Whether any is less than `limit`.
    #[inline(always)]
    pub(crate) fn any_below(self, limit: i16) -> bool {
        v128_any_true(i16x8_lt(self.0, i16x8_splat(limit)))
    }

    /// The eight values as bytes; what does not fit becomes the nearest that does.
    #[inline(always)]
    pub(crate) fn narrow(self, to: &mut [u8; 8]) {
        let bytes = u8x16_narrow_i16x8(self.0, self.0);
        // SAFETY: the reference is 8 writable bytes; the store needs no alignment.
        unsafe { v128_store64_lane::<0>(bytes, to.as_mut_ptr().cast()) }
    }

    /// These and eight more as bytes; what does not fit becomes the nearest that does.
    #[inline(always)]
    pub(crate) fn narrow_both(self, high: Self, to: &mut [u8; 16]) {
        // SAFETY: the reference is 16 writable bytes; `v128_store` needs no alignment.
        unsafe { v128_store(to.as_mut_ptr().cast(), u8x16_narrow_i16x8(self.0, high.0)) }
    }

    /// Eight numbers as they are; what does not fit becomes the nearest that does.
    #[inline(always)]
    pub(crate) fn narrowed(low: I32x4, high: I32x4) -> Self {
        Self(i16x8_narrow_i32x4(low.0, high.0))
    }

    /// Places of the two in turns: of their first halves, and of their second.
    #[inline(always)]
    pub(crate) fn interleave(self, other: Self) -> [Self; 2] {
        [
            Self(i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(self.0, other.0)),
            Self(i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(self.0, other.0)),
        ]
    }

    /// The sum of the two halves of each.
    #[inline(always)]
    pub(crate) fn add_halves(self, other: Self) -> Self {
        Self(i16x8_add(i64x2_shuffle::<0, 2>(self.0, other.0), i64x2_shuffle::<1, 3>(self.0, other.0)))
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
        // Several times faster than the conversion, which has to care for all other numbers.
        let whole = |v: F32x4| {
            let fits = v.min(F32x4::splat(32767.0)).max(F32x4::splat(-32768.0));
            i32x4_sub(f32x4_add(fits.0, f32x4_splat(MAGIC)), i32x4_splat(MAGIC.to_bits() as i32))
        };
        Self(i16x8_narrow_i32x4(whole(low), whole(high)))
    }
}
