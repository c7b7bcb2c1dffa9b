//! Bytes to the numbers that a network takes.

use crate::cpu::simd::F32x4;

/// The network's input, `[pixels, 4]`, from `[pixels, 4]` bytes, which start with blue if `swapped`: a
/// channel's 0 and 255 become the ends of `range`, and the fourth value is 0.
///
/// # Panics
/// If the two are not of one length.
pub fn to_input(bytes: &[u8], swapped: bool, [black, white]: [f32; 2], input: &mut [f32]) {
    assert_eq!(bytes.len(), input.len(), "four values a pixel");
    let scale = (white - black) / 255.0;
    let (scale, black) = (F32x4::load(&[scale, scale, scale, 0.0]), F32x4::load(&[black, black, black, 0.0]));
    let put = |bytes: &[u8; 16], input: &mut [f32; 16]| {
        let turned: [u8; 16] = std::array::from_fn(|i| bytes[if i % 2 == 0 { i ^ 2 } else { i }]);
        let pixels = F32x4::pixels(if swapped { &turned } else { bytes });
        for (pixel, to) in pixels.into_iter().zip(input.as_chunks_mut::<4>().0) {
            pixel.mul_add(scale, black).store(to);
        }
    };
    let (bytes, last_bytes) = bytes.as_chunks::<16>();
    let (inputs, last_input) = input.as_chunks_mut::<16>();
    bytes.iter().zip(inputs).for_each(|(bytes, input)| put(bytes, input));
    let (mut bytes, mut input) = ([0; 16], [0.0; 16]);
    bytes[..last_bytes.len()].copy_from_slice(last_bytes);
    put(&bytes, &mut input);
    last_input.copy_from_slice(&input[..last_input.len()]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_scaled_and_padded() {
        let bytes = [0, 255, 51, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 255, 255];
        let mut input = [9.0; 20];
        to_input(&bytes, false, [-1.0, 1.0], &mut input);
        for (value, (i, byte)) in input.iter().zip(bytes.iter().enumerate()) {
            let want = if i % 4 == 3 { 0.0 } else { f32::from(*byte) / 127.5 - 1.0 };
            assert!((value - want).abs() < 1e-6, "at {i}: got {value}, want {want}");
        }
        let turned: Vec<u8> =
            bytes.chunks(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0], pixel[3]]).collect();
        let mut same = [9.0; 20];
        to_input(&turned, true, [-1.0, 1.0], &mut same);
        assert_eq!(same, input);
    }
}
