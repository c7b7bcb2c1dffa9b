//! AArch64: NEON, which every processor of the target has.

use std::arch::aarch64::*;

/// Four `f32`.
#[derive(Clone, Copy)]
pub(crate) struct F32x4(float32x4_t);

impl F32x4 {
    #[inline(always)]
    pub(crate) fn splat(value: f32) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vdupq_n_f32(value) })
    }

    #[inline(always)]
    pub(crate) fn load(from: &[f32; 4]) -> Self {
        // SAFETY: the reference is 16 readable bytes, aligned as `f32`.
        Self(unsafe { vld1q_f32(from.as_ptr()) })
    }

    #[inline(always)]
    pub(crate) fn store(self, to: &mut [f32; 4]) {
        // SAFETY: the reference is 16 writable bytes, aligned as `f32`.
        unsafe { vst1q_f32(to.as_mut_ptr(), self.0) }
    }

    /// Four pixels of four bytes each: red, green, blue, and 255 whatever their alpha is.
    #[inline(always)]
    pub(crate) fn pixels(from: &[u8; 16]) -> [Self; 4] {
        // SAFETY: the reference is 16 readable bytes, which need no alignment.
        let bytes = unsafe { vld1q_u8(from.as_ptr()) };
        // SAFETY: every AArch64 processor has NEON.
        unsafe {
            let bytes = vorrq_u8(bytes, vreinterpretq_u8_u32(vdupq_n_u32(0xff << 24)));
            let (low, high) = (vmovl_u8(vget_low_u8(bytes)), vmovl_high_u8(bytes));
            [
                Self(vcvtq_f32_u32(vmovl_u16(vget_low_u16(low)))),
                Self(vcvtq_f32_u32(vmovl_high_u16(low))),
                Self(vcvtq_f32_u32(vmovl_u16(vget_low_u16(high)))),
                Self(vcvtq_f32_u32(vmovl_high_u16(high))),
            ]
        }
    }

    /// The first, the second and the third bytes of four pixels.
    #[inline(always)]
    pub(crate) fn planes(from: &[u8; 16]) -> [Self; 3] {
        // SAFETY: the reference is 16 readable bytes, which need no alignment.
        let bytes = unsafe { vreinterpretq_u32_u8(vld1q_u8(from.as_ptr())) };
        // SAFETY: every AArch64 processor has NEON.
        unsafe {
            let mask = vdupq_n_u32(0xff);
            [
                Self(vcvtq_f32_u32(vandq_u32(bytes, mask))),
                Self(vcvtq_f32_u32(vandq_u32(vshrq_n_u32::<8>(bytes), mask))),
                Self(vcvtq_f32_u32(vandq_u32(vshrq_n_u32::<16>(bytes), mask))),
            ]
        }
    }

    /// The sum of the lanes of each vector.
    #[inline(always)]
    pub(crate) fn sums([a, b, c, d]: [Self; 4]) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vpaddq_f32(vpaddq_f32(a.0, b.0), vpaddq_f32(c.0, d.0)) })
    }

    /// The first two lanes of both, and the last two of both.
    #[inline(always)]
    pub(crate) fn halves(self, other: Self) -> [Self; 2] {
        // SAFETY: every AArch64 processor has NEON.
        unsafe {
            [
                Self(vcombine_f32(vget_low_f32(self.0), vget_low_f32(other.0))),
                Self(vcombine_f32(vget_high_f32(self.0), vget_high_f32(other.0))),
            ]
        }
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vaddq_f32(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vsubq_f32(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn mul(self, other: Self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vmulq_f32(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn div(self, other: Self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vdivq_f32(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn sqrt(self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vsqrtq_f32(self.0) })
    }

    /// A bit for each lane, from the lowest up: whether it is more than `other`'s.
    #[inline(always)]
    pub(crate) fn above(self, other: Self) -> u8 {
        let lanes = [1, 2, 4, 8];
        // SAFETY: the array is 16 readable bytes, which need no alignment; every AArch64 processor has NEON.
        unsafe { vaddvq_u32(vandq_u32(vcgtq_f32(self.0, other.0), vld1q_u32(lanes.as_ptr()))) as u8 }
    }

    /// The smaller one; which one a NaN gives is not said.
    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vminq_f32(self.0, other.0) })
    }

    /// The larger one; which one a NaN gives is not said.
    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vmaxq_f32(self.0, other.0) })
    }

    /// `self * b + c`, rounded once.
    #[inline(always)]
    pub(crate) fn mul_add(self, b: Self, c: Self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vfmaq_f32(c.0, self.0, b.0) })
    }

    /// The nearest whole numbers, halves to even.
    #[inline(always)]
    pub(crate) fn nearest(self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vrndnq_f32(self.0) })
    }

    /// 2 to the power of whole numbers from -126 to 127.
    #[inline(always)]
    pub(crate) fn exp2_whole(self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe {
            let biased = vaddq_s32(vcvtq_s32_f32(self.0), vdupq_n_s32(127));
            vreinterpretq_f32_s32(vshlq_n_s32::<23>(biased))
        })
    }
}

/// Four `i32`.
#[derive(Clone, Copy)]
pub(crate) struct I32x4(int32x4_t);

impl I32x4 {
    #[inline(always)]
    pub(crate) fn zero() -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vdupq_n_s32(0) })
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vaddq_s32(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn to_f32(self) -> F32x4 {
        // SAFETY: every AArch64 processor has NEON.
        F32x4(unsafe { vcvtq_f32_s32(self.0) })
    }

    #[inline(always)]
    pub(crate) fn splat(value: i32) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vdupq_n_s32(value) })
    }

    #[inline(always)]
    pub(crate) fn and(self, other: Self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vandq_s32(self.0, other.0) })
    }

    /// Divided by two to the power of `bits`, rounded down.
    #[inline(always)]
    pub(crate) fn shr(self, bits: u32) -> Self {
        // SAFETY: every AArch64 processor has NEON; a shift to the left by less than 0 is one to the right.
        Self(unsafe { vshlq_s32(self.0, vdupq_n_s32(-(bits as i32))) })
    }
}

/// Eight `i16`.
#[derive(Clone, Copy)]
pub(crate) struct I16x8(int16x8_t);

impl I16x8 {
    #[inline(always)]
    pub(crate) fn load(from: &[i16; 8]) -> Self {
        // SAFETY: the reference is 16 readable bytes, aligned as `i16`.
        Self(unsafe { vld1q_s16(from.as_ptr()) })
    }

    #[inline(always)]
    pub(crate) fn store(self, to: &mut [i16; 8]) {
        // SAFETY: the reference is 16 writable bytes, aligned as `i16`.
        unsafe { vst1q_s16(to.as_mut_ptr(), self.0) }
    }

    /// Eight bytes as they are.
    #[inline(always)]
    pub(crate) fn from_bytes(from: &[u8; 8]) -> Self {
        // SAFETY: the reference is 8 readable bytes, which need no alignment.
        Self(unsafe { vreinterpretq_s16_u16(vmovl_u8(vld1_u8(from.as_ptr()))) })
    }

    /// Sixteen bytes as they are.
    #[inline(always)]
    pub(crate) fn widen(from: &[u8; 16]) -> [Self; 2] {
        // SAFETY: the reference is 16 readable bytes, which need no alignment.
        let bytes = unsafe { vld1q_u8(from.as_ptr()) };
        // SAFETY: every AArch64 processor has NEON.
        unsafe {
            [
                Self(vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(bytes)))),
                Self(vreinterpretq_s16_u16(vmovl_high_u8(bytes))),
            ]
        }
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vaddq_s16(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vminq_s16(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn to_f32(self) -> [F32x4; 2] {
        // SAFETY: every AArch64 processor has NEON.
        unsafe {
            [
                F32x4(vcvtq_f32_s32(vmovl_s16(vget_low_s16(self.0)))),
                F32x4(vcvtq_f32_s32(vmovl_high_s16(self.0))),
            ]
        }
    }

    /// The lowest 16 bits of each product.
    #[inline(always)]
    pub(crate) fn mul(self, other: Self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vmulq_s16(self.0, other.0) })
    }

    /// All bits of the places where both are the same.
    #[inline(always)]
    pub(crate) fn equals(self, other: Self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vreinterpretq_s16_u16(vceqq_s16(self.0, other.0)) })
    }

    #[inline(always)]
    pub(crate) fn and(self, other: Self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vandq_s16(self.0, other.0) })
    }

    /// What `other` has no bits of.
    #[inline(always)]
    pub(crate) fn without(self, other: Self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vbicq_s16(self.0, other.0) })
    }

    /// Whether any is less than `limit`.
    #[inline(always)]
    pub(crate) fn any_below(self, limit: i16) -> bool {
        // SAFETY: every AArch64 processor has NEON.
        unsafe { vminvq_s16(self.0) < limit }
    }

    /// The eight values as bytes; what does not fit becomes the nearest that does.
    #[inline(always)]
    pub(crate) fn narrow(self, to: &mut [u8; 8]) {
        // SAFETY: the reference is 8 writable bytes, which need no alignment.
        unsafe { vst1_u8(to.as_mut_ptr(), vqmovun_s16(self.0)) }
    }

    /// These and eight more as bytes; what does not fit becomes the nearest that does.
    #[inline(always)]
    pub(crate) fn narrow_both(self, high: Self, to: &mut [u8; 16]) {
        // SAFETY: the reference is 16 writable bytes, which need no alignment.
        unsafe { vst1q_u8(to.as_mut_ptr(), vqmovun_high_s16(vqmovun_s16(self.0), high.0)) }
    }

    /// Eight numbers as they are; what does not fit becomes the nearest that does.
    #[inline(always)]
    pub(crate) fn narrowed(low: I32x4, high: I32x4) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vqmovn_high_s32(vqmovn_s32(low.0), high.0) })
    }

    /// Places of the two in turns: of their first halves, and of their second.
    #[inline(always)]
    pub(crate) fn interleave(self, other: Self) -> [Self; 2] {
        // SAFETY: every AArch64 processor has NEON.
        unsafe { [Self(vzip1q_s16(self.0, other.0)), Self(vzip2q_s16(self.0, other.0))] }
    }

    /// The sum of the two halves of each.
    #[inline(always)]
    pub(crate) fn add_halves(self, other: Self) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe {
            let low = vcombine_s16(vget_low_s16(self.0), vget_low_s16(other.0));
            vaddq_s16(low, vcombine_s16(vget_high_s16(self.0), vget_high_s16(other.0)))
        })
    }

    /// The two values four times.
    #[inline(always)]
    pub(crate) fn splat_pair(from: &[i16; 2]) -> Self {
        // SAFETY: the reference is 4 readable bytes, and the read needs no alignment.
        let pair = unsafe { from.as_ptr().cast::<i32>().read_unaligned() };
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe { vreinterpretq_s16_s32(vdupq_n_s32(pair)) })
    }

    /// Products of equal places, added in pairs.
    #[inline(always)]
    pub(crate) fn dot(self, other: Self) -> I32x4 {
        // SAFETY: every AArch64 processor has NEON.
        I32x4(unsafe {
            let low = vmull_s16(vget_low_s16(self.0), vget_low_s16(other.0));
            let high = vmull_high_s16(self.0, other.0);
            vpaddq_s32(low, high)
        })
    }

    /// The nearest whole numbers, halves to even; what does not fit becomes the nearest that does.
    #[inline(always)]
    pub(crate) fn round(low: F32x4, high: F32x4) -> Self {
        // SAFETY: every AArch64 processor has NEON.
        Self(unsafe {
            let low = vqmovn_s32(vcvtnq_s32_f32(low.0));
            vqmovn_high_s32(low, vcvtnq_s32_f32(high.0))
        })
    }
}
