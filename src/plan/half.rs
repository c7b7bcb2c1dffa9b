//! Half precision (IEEE 754 binary16), by its bits.

/// The value of these bits; infinities and NaNs come out as such.
pub(super) fn widen(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10 & 31), u32::from(bits & 0x3ff));
    match exponent {
        // Below 2^-14 the fraction counts steps of 2^-24, which is exact in f32.
        0 => f32::from_bits(sign | (fraction as f32 * 2_f32.powi(-24)).to_bits()),
        31 => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13),
    }
}

/// The bits of `value`, if it is finite and half precision holds it exactly.
pub(super) fn narrow(value: f32) -> Option<u16> {
    let magnitude = value.abs();
    let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
    let bits = if magnitude < 2_f32.powi(-14) {
        // At most 1023 steps of 2^-24; a part of a step is lost here and noticed below.
        (magnitude * 2_f32.powi(24)) as u16
    } else if magnitude < 65536.0 {
        ((magnitude.to_bits() >> 13) - ((127 - 15) << 10)) as u16
    } else {
        return None;
    };
    (widen(sign | bits).to_bits() == value.to_bits()).then_some(sign | bits)
}

/// The bits of the value of half precision that is nearest to `value`, of two the even one; what is too
/// large becomes the largest, because an infinity would spoil every sum that it is in.
#[cfg(feature = "gpu")]
pub(crate) fn nearest(value: f32) -> u16 {
    let magnitude = value.abs().min(65504.0);
    let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
    // Adding this leaves only the bits that there is room for: 10 below the first, or steps of 2^-24.
    let exponent = (magnitude.to_bits() >> 23).max(127 - 14);
    let room = f32::from_bits((exponent + 13) << 23);
    let rounded = (magnitude + room) - room;
    sign | narrow(rounded.min(65504.0)).unwrap_or(0)
}

/// Whether these bits are neither infinite nor NaN.
pub(super) fn is_finite(bits: u16) -> bool {
    bits & 0x7c00 != 0x7c00
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_has_its_value() {
        for bits in 0..=u16::MAX {
            let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 0x3ff));
            let magnitude = match exponent {
                0 => fraction * 2_f64.powi(-24),
                _ => (1.0 + fraction / 1024.0) * 2_f64.powi(exponent - 15),
            };
            let value = widen(bits);
            assert_eq!(value.is_finite(), is_finite(bits), "{bits:#06x}");
            assert_eq!(value.is_sign_negative(), bits >> 15 == 1, "{bits:#06x}");
            if is_finite(bits) {
                assert_eq!(f64::from(value.abs()), magnitude, "{bits:#06x}");
                assert_eq!(narrow(value), Some(bits), "{bits:#06x}");
            } else {
                assert_eq!(value.is_nan(), fraction != 0.0, "{bits:#06x}");
                assert_eq!(narrow(value), None, "{bits:#06x}");
            }
        }
    }

    #[cfg(feature = "gpu")]
    #[test]
    fn the_nearest_is_nearest() {
        for bits in 0..0x7bff_u16 {
            let (low, high) = (widen(bits), widen(bits + 1));
            let middle = low + (high - low) / 2.0;
            let even = bits + (bits & 1);
            let (below, above) = (f32::from_bits(middle.to_bits() - 1), f32::from_bits(middle.to_bits() + 1));
            for (value, want) in [(low, bits), (below, bits), (middle, even), (above, bits + 1)] {
                assert_eq!(nearest(value), want, "{value}");
                assert_eq!(nearest(-value), want | 0x8000, "-{value}");
            }
        }
        assert_eq!(nearest(1e9), 0x7bff);
    }

    #[test]
    fn what_would_be_rounded_is_refused() {
        for value in
            [0.1, 65504.1, 65536.0, 1e30, 2_f32.powi(-25), 1.5 * 2_f32.powi(-24), 1.0 + 2_f32.powi(-11)]
        {
            assert_eq!(narrow(value), None, "{value}");
            assert_eq!(narrow(-value), None, "-{value}");
        }
    }
}
