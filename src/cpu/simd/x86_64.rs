//! x86-64: SSE2, which every processor of the target has.

use std::arch::x86_64::*;

/// Four `f32`.
#[derive(Clone, Copy)]
pub(crate) struct F32x4(__m128);

impl F32x4 {
    #[inline(always)]
    pub(crate) fn splat(value: f32) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_set1_ps(value) })
    }

    #[inline(always)]
    pub(crate) fn load(from: &[f32; 4]) -> Self {
        // SAFETY: the reference is 16 readable bytes; `loadu` needs no alignment.
        Self(unsafe { _mm_loadu_ps(from.as_ptr()) })
    }

    #[inline(always)]
    pub(crate) fn store(self, to: &mut [f32; 4]) {
        // SAFETY: the reference is 16 writable bytes; `storeu` needs no alignment.
        unsafe { _mm_storeu_ps(to.as_mut_ptr(), self.0) }
    }

    /// Four pixels of four bytes each: red, green, blue, and 255 whatever their alpha is.
    #[inline(always)]
    pub(crate) fn pixels(from: &[u8; 16]) -> [Self; 4] {
        // SAFETY: the reference is 16 readable bytes; `loadu` needs no alignment.
        let bytes = unsafe { _mm_loadu_si128(from.as_ptr().cast()) };
        // SAFETY: every x86-64 processor has SSE2.
        unsafe {
            let zero = _mm_setzero_si128();
            let bytes = _mm_or_si128(bytes, _mm_set1_epi32(0xff << 24));
            let (low, high) = (_mm_unpacklo_epi8(bytes, zero), _mm_unpackhi_epi8(bytes, zero));
            [
                Self(_mm_cvtepi32_ps(_mm_unpacklo_epi16(low, zero))),
                Self(_mm_cvtepi32_ps(_mm_unpackhi_epi16(low, zero))),
                Self(_mm_cvtepi32_ps(_mm_unpacklo_epi16(high, zero))),
                Self(_mm_cvtepi32_ps(_mm_unpackhi_epi16(high, zero))),
            ]
        }
    }

    /// The first, the second and the third bytes of four pixels.
    #[inline(always)]
    pub(crate) fn planes(from: &[u8; 16]) -> [Self; 3] {
        // SAFETY: the reference is 16 readable bytes; `loadu` needs no alignment.
        let bytes = unsafe { _mm_loadu_si128(from.as_ptr().cast()) };
        // SAFETY: every x86-64 processor has SSE2.
        unsafe {
            let mask = _mm_set1_epi32(0xff);
            [
                Self(_mm_cvtepi32_ps(_mm_and_si128(bytes, mask))),
                Self(_mm_cvtepi32_ps(_mm_and_si128(_mm_srli_epi32::<8>(bytes), mask))),
                Self(_mm_cvtepi32_ps(_mm_and_si128(_mm_srli_epi32::<16>(bytes), mask))),
            ]
        }
    }

    /// The sum of the lanes of each vector.
    #[inline(always)]
    pub(crate) fn sums([a, b, c, d]: [Self; 4]) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe {
            let ab = _mm_add_ps(_mm_unpacklo_ps(a.0, b.0), _mm_unpackhi_ps(a.0, b.0));
            let cd = _mm_add_ps(_mm_unpacklo_ps(c.0, d.0), _mm_unpackhi_ps(c.0, d.0));
            _mm_add_ps(_mm_movelh_ps(ab, cd), _mm_movehl_ps(cd, ab))
        })
    }

    /// The first two lanes of both, and the last two of both.
    #[inline(always)]
    pub(crate) fn halves(self, other: Self) -> [Self; 2] {
        // SAFETY: every x86-64 processor has SSE2.
        unsafe { [Self(_mm_movelh_ps(self.0, other.0)), Self(_mm_movehl_ps(other.0, self.0))] }
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn mul(self, other: Self) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_mul_ps(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn div(self, other: Self) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_div_ps(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn sqrt(self) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_sqrt_ps(self.0) })
    }

    /// A bit for each lane, from the lowest up: whether it is more than `other`'s.
    #[inline(always)]
    pub(crate) fn above(self, other: Self) -> u8 {
        // SAFETY: every x86-64 processor has SSE2.
        unsafe { _mm_movemask_ps(_mm_cmpgt_ps(self.0, other.0)) as u8 }
    }

    /// The smaller one; which one a NaN gives is not said.
    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_min_ps(self.0, other.0) })
    }

    /// The larger one; which one a NaN gives is not said.
    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_max_ps(self.0, other.0) })
    }

    /// `self * b + c`; rounded once where the build has FMA, else twice.
    #[inline(always)]
    pub(crate) fn mul_add(self, b: Self, c: Self) -> Self {
        #[cfg(target_feature = "fma")]
        // SAFETY: the build says that the processor has it.
        return Self(unsafe { _mm_fmadd_ps(self.0, b.0, c.0) });
        #[cfg(not(target_feature = "fma"))]
        return self.mul(b).add(c);
    }

    /// The nearest whole numbers, halves to even; of values within the range of `i32`.
    #[inline(always)]
    pub(crate) fn nearest(self) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_cvtepi32_ps(_mm_cvtps_epi32(self.0)) })
    }

    /// 2 to the power of whole numbers from -126 to 127.
    #[inline(always)]
    pub(crate) fn exp2_whole(self) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe {
            let biased = _mm_add_epi32(_mm_cvtps_epi32(self.0), _mm_set1_epi32(127));
            _mm_castsi128_ps(_mm_slli_epi32::<23>(biased))
        })
    }
}

/// Four `i32`.
#[derive(Clone, Copy)]
pub(crate) struct I32x4(__m128i);

impl I32x4 {
    #[inline(always)]
    pub(crate) fn zero() -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_setzero_si128() })
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_add_epi32(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn to_f32(self) -> F32x4 {
        // SAFETY: every x86-64 processor has SSE2.
        F32x4(unsafe { _mm_cvtepi32_ps(self.0) })
    }

    #[inline(always)]
    pub(crate) fn splat(value: i32) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_set1_epi32(value) })
    }

    #[inline(always)]
    pub(crate) fn and(self, other: Self) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_and_si128(self.0, other.0) })
    }

    /// Divided by two to the power of `bits`, rounded down.
    #[inline(always)]
    pub(crate) fn shr(self, bits: u32) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_sra_epi32(self.0, _mm_cvtsi32_si128(bits as i32)) })
    }
}

/// Eight `i16`.
#[derive(Clone, Copy)]
pub(crate) struct I16x8(__m128i);

impl I16x8 {
    #[inline(always)]
    pub(crate) fn load(from: &[i16; 8]) -> Self {
        // SAFETY: the reference is 16 readable bytes; `loadu` needs no alignment.
        Self(unsafe { _mm_loadu_si128(from.as_ptr().cast()) })
    }

    #[inline(always)]
    pub(crate) fn store(self, to: &mut [i16; 8]) {
        // SAFETY: the reference is 16 writable bytes; `storeu` needs no alignment.
        unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), self.0) }
    }

    /// Eight bytes as they are.
    #[inline(always)]
    pub(crate) fn from_bytes(from: &[u8; 8]) -> Self {
        // SAFETY: the reference is 8 readable bytes; `loadl` needs no alignment.
        let bytes = unsafe { _mm_loadl_epi64(from.as_ptr().cast()) };
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_unpacklo_epi8(bytes, _mm_setzero_si128()) })
    }

    /// Sixteen bytes as they are.
    #[inline(always)]
    pub(crate) fn widen(from: &[u8; 16]) -> [Self; 2] {
        // SAFETY: the reference is 16 readable bytes; `loadu` needs no alignment.
        let bytes = unsafe { _mm_loadu_si128(from.as_ptr().cast()) };
        // SAFETY: every x86-64 processor has SSE2.
        unsafe {
            let zero = _mm_setzero_si128();
            [Self(_mm_unpacklo_epi8(bytes, zero)), Self(_mm_unpackhi_epi8(bytes, zero))]
        }
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_add_epi16(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_min_epi16(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn to_f32(self) -> [F32x4; 2] {
        // Both halves of each `i32` hold the value; the shift leaves the upper one, with its sign.
        // SAFETY: every x86-64 processor has SSE2.
        let whole = |twice| F32x4(unsafe { _mm_cvtepi32_ps(_mm_srai_epi32::<16>(twice)) });
        // SAFETY: every x86-64 processor has SSE2.
        unsafe { [whole(_mm_unpacklo_epi16(self.0, self.0)), whole(_mm_unpackhi_epi16(self.0, self.0))] }
    }

    /// The lowest 16 bits of each product.
    #[inline(always)]
    pub(crate) fn mul(self, other: Self) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_mullo_epi16(self.0, other.0) })
    }

    /// All bits of the places where both are the same.
    #[inline(always)]
    pub(crate) fn equals(self, other: Self) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_cmpeq_epi16(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn and(self, other: Self) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_and_si128(self.0, other.0) })
    }

    /// What `other` has no bits of.
    #[inline(always)]
    pub(crate) fn without(self, other: Self) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_andnot_si128(other.0, self.0) })
    }

    /// Whether any is less than `limit`.
    #[inline(always)]
    pub(crate) fn any_below(self, limit: i16) -> bool {
        // SAFETY: every x86-64 processor has SSE2.
        unsafe { _mm_movemask_epi8(_mm_cmplt_epi16(self.0, _mm_set1_epi16(limit))) != 0 }
    }

    /// The eight values as bytes; what does not fit becomes the nearest that does.
    #[inline(always)]
    pub(crate) fn narrow(self, to: &mut [u8; 8]) {
        // SAFETY: the reference is 8 writable bytes; `storel` needs no alignment.
        unsafe { _mm_storel_epi64(to.as_mut_ptr().cast(), _mm_packus_epi16(self.0, self.0)) }
    }

    /// These and eight more as bytes; what does not fit becomes the nearest that does.
    #[inline(always)]
    pub(crate) fn narrow_both(self, high: Self, to: &mut [u8; 16]) {
        // SAFETY: the reference is 16 writable bytes; `storeu` needs no alignment.
        unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), _mm_packus_epi16(self.0, high.0)) }
    }

    /// Eight numbers as they are; what does not fit becomes the nearest that does.
    #[inline(always)]
    pub(crate) fn narrowed(low: I32x4, high: I32x4) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_packs_epi32(low.0, high.0) })
    }

    /// Places of the two in turns: of their first halves, and of their second.
    #[inline(always)]
    pub(crate) fn interleave(self, other: Self) -> [Self; 2] {
        // SAFETY: every x86-64 processor has SSE2.
        unsafe { [Self(_mm_unpacklo_epi16(self.0, other.0)), Self(_mm_unpackhi_epi16(self.0, other.0))] }
    }

    /// The sum of the two halves of each.
    #[inline(always)]
    pub(crate) fn add_halves(self, other: Self) -> Self {
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe {
            _mm_add_epi16(_mm_unpacklo_epi64(self.0, other.0), _mm_unpackhi_epi64(self.0, other.0))
        })
    }

    /// The two values four times.
    #[inline(always)]
    pub(crate) fn splat_pair(from: &[i16; 2]) -> Self {
        // SAFETY: the reference is 4 readable bytes, and the read needs no alignment.
        Self(unsafe { _mm_set1_epi32(from.as_ptr().cast::<i32>().read_unaligned()) })
    }

    /// Products of equal places, added in pairs.
    #[inline(always)]
    pub(crate) fn dot(self, other: Self) -> I32x4 {
        // SAFETY: every x86-64 processor has SSE2.
        I32x4(unsafe { _mm_madd_epi16(self.0, other.0) })
    }

    /// The nearest whole numbers, halves to even; what does not fit becomes the nearest that does.
    #[inline(always)]
    pub(crate) fn round(low: F32x4, high: F32x4) -> Self {
        // Above the range of `i32` the conversion gives the least one, so the range is cut first.
        let whole = |v: F32x4| {
            let v = v.min(F32x4::splat(32767.0)).max(F32x4::splat(-32768.0));
            // SAFETY: every x86-64 processor has SSE2.
            unsafe { _mm_cvtps_epi32(v.0) }
        };
        // SAFETY: every x86-64 processor has SSE2.
        Self(unsafe { _mm_packs_epi32(whole(low), whole(high)) })
    }
}
