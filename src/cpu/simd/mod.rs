//! Vectors of 128 bits, chosen at compile time: the only place with arch code, and with `unsafe`.
//!
//! A wasm module is validated whole before it runs, so nothing can be detected inside it:
//! `ts/features.ts` picks the build, the build picks the file. Natively every processor of the
//! target has what is used (SSE2, NEON). Above this module all code is safe and is written once.

#![allow(unsafe_code, reason = "intrinsics load and store through pointers")]

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(not(any(
    target_arch = "aarch64",
    target_arch = "x86_64",
    all(target_arch = "wasm32", target_feature = "simd128")
)))]
mod array;
mod math;
mod product;
mod slide;
mod tile;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm32;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
pub(crate) use aarch64::{F32x4, I16x8, I32x4};
#[cfg(not(any(
    target_arch = "aarch64",
    target_arch = "x86_64",
    all(target_arch = "wasm32", target_feature = "simd128")
)))]
pub(crate) use array::{F32x4, I16x8, I32x4};
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) use wasm32::{F32x4, I16x8, I32x4};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::{F32x4, I16x8, I32x4};

pub(crate) use product::{Run, dots, products};
pub(crate) use slide::{Along, BLOCK, TILE, add_pixels, along, put_block, slide, take_block};
pub(crate) use tile::{add_tile, double, mix, store_tile};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_do_what_numbers_do() {
        let (a, b) = ([1.5, -2.0, 3.25, 0.0], [4.0, 0.5, -1.0, 7.0]);
        let (x, y) = (F32x4::load(&a), F32x4::load(&b));
        let each = |f: &dyn Fn(f32, f32) -> f32| std::array::from_fn::<f32, 4, _>(|i| f(a[i], b[i]));
        assert_eq!(x.add(y).to_array(), each(&|a, b| a + b));
        assert_eq!(x.sub(y).to_array(), each(&|a, b| a - b));
        assert_eq!(x.mul(y).to_array(), each(&|a, b| a * b));
        assert_eq!(x.div(y).to_array(), each(&|a, b| a / b));
        assert_eq!(x.min(y).to_array(), each(&f32::min));
        assert_eq!(x.max(y).to_array(), each(&f32::max));
        assert_eq!((x.above(y), y.above(x), x.above(x)), (0b0100, 0b1011, 0));
        assert_eq!(x.mul(x).sqrt().to_array(), a.map(f32::abs));
        assert_eq!(x.mul_add(y, F32x4::splat(1.0)).to_array(), each(&|a, b| a * b + 1.0));
        assert_eq!(F32x4::splat(3.0).to_array(), [3.0; 4]);
        let mut out = [0.0; 4];
        x.store(&mut out);
        assert_eq!(out, a);
    }

    #[test]
    fn exp2_of_whole_numbers_is_exact() {
        assert_eq!(F32x4::load(&[0.0, 1.0, -3.0, 10.0]).exp2_whole().to_array(), [1.0, 2.0, 0.125, 1024.0]);
    }

    #[test]
    fn rounding_to_i16_goes_to_the_nearest_and_saturates() {
        let low = F32x4::load(&[0.4, 0.6, -0.6, -1.4]);
        let high = F32x4::load(&[32766.6, 40000.0, -40000.0, 1e9]);
        assert_eq!(I16x8::round(low, high).to_array(), [0, 1, -1, -1, 32767, 32767, -32768, 32767]);
    }

    #[test]
    fn dot_adds_pairs_of_products() {
        let a = I16x8::load(&[1, 2, 3, 4, -32768, 300, 7, 8]);
        let b = I16x8::load(&[10, 20, -30, 40, 32767, 300, 0, 1]);
        let got = I32x4::zero().add(a.dot(b)).to_f32().to_array();
        assert_eq!(got, [50.0, 70.0, -32768.0 * 32767.0 + 90000.0, 8.0]);
        assert_eq!(I16x8::splat_pair(&[5, -6]).to_array(), [5, -6, 5, -6, 5, -6, 5, -6]);
    }

    #[test]
    fn bytes_become_numbers_and_back() {
        let bytes: [u8; 16] = [0, 1, 2, 3, 127, 128, 129, 130, 255, 254, 253, 252, 7, 0, 200, 0];
        for (i, pixel) in F32x4::pixels(&bytes).into_iter().enumerate() {
            let [red, green, blue] = [0, 1, 2].map(|c| f32::from(bytes[4 * i + c]));
            assert_eq!(pixel.to_array(), [red, green, blue, 255.0]);
        }
        for (c, plane) in F32x4::planes(&bytes).into_iter().enumerate() {
            assert_eq!(plane.to_array(), [0, 1, 2, 3].map(|i| f32::from(bytes[4 * i + c])));
        }
        let [low, high] = I16x8::widen(&bytes);
        assert_eq!([low.to_array(), high.to_array()].concat(), bytes.map(i16::from));
        assert_eq!(low.add(high).to_array(), std::array::from_fn(|i| low.to_array()[i] + high.to_array()[i]));
        assert_eq!(
            low.min(high).to_array(),
            std::array::from_fn(|i| low.to_array()[i].min(high.to_array()[i]))
        );
        assert_eq!(I16x8::load(&[-1; 8]).min(low).to_array(), [-1; 8]);
        assert_eq!(
            I16x8::from_bytes(&bytes[4..12].try_into().unwrap()).to_array(),
            [127, 128, 129, 130, 255, 254, 253, 252]
        );
        let mut back = [0; 8];
        low.narrow(&mut back);
        assert_eq!(back, bytes[..8]);
        I16x8::load(&[-1, 256, 255, 0, 32767, -32768, 1, 254]).narrow(&mut back);
        assert_eq!(back, [0, 255, 255, 0, 255, 0, 1, 254]);
    }

    #[test]
    fn halves_of_eight_are_mixed_and_added() {
        let (a, b) = ([0, 1, 2, 3, 4, 5, 6, 7], [10, 11, 12, 13, 14, 15, 16, 17]);
        let (x, y) = (I16x8::load(&a), I16x8::load(&b));
        let [low, high] = x.interleave(y).map(I16x8::to_array);
        assert_eq!([low, high].concat(), [0, 10, 1, 11, 2, 12, 3, 13, 4, 14, 5, 15, 6, 16, 7, 17]);
        assert_eq!(x.add_halves(y).to_array(), [4, 6, 8, 10, 24, 26, 28, 30]);
        let shifted = I16x8::narrowed(I32x4::splat(-5).shr(1), I32x4::splat(1 << 20).shr(2));
        assert_eq!(shifted.to_array(), [-3, -3, -3, -3, 32767, 32767, 32767, 32767]);
        let signed = I16x8::load(&[-1, 256, 255, 0, 32767, -32768, 1, 4080]).to_f32().map(F32x4::to_array);
        assert_eq!(signed.concat(), [-1.0, 256.0, 255.0, 0.0, 32767.0, -32768.0, 1.0, 4080.0]);
        assert!(y.any_below(11) && !y.any_below(10));
        assert_eq!(x.mul(y).to_array(), [0, 11, 24, 39, 56, 75, 96, 119]);
        let threes = x.equals(I16x8::load(&[3; 8]));
        assert_eq!(threes.to_array(), [0, 0, 0, -1, 0, 0, 0, 0]);
        assert_eq!(y.and(threes).to_array(), [0, 0, 0, 13, 0, 0, 0, 0]);
        assert_eq!(y.without(threes).to_array(), [10, 11, 12, 0, 14, 15, 16, 17]);
        let mut bytes = [0; 16];
        x.narrow_both(I16x8::load(&[-1, 256, 255, 0, 300, 8, 9, 10]), &mut bytes);
        assert_eq!(bytes, [0, 1, 2, 3, 4, 5, 6, 7, 0, 255, 255, 0, 255, 8, 9, 10]);
    }

    #[test]
    fn halves_keep_their_order() {
        let (a, b) = (F32x4::load(&[1.0, 2.0, 3.0, 4.0]), F32x4::load(&[5.0, 6.0, 7.0, 8.0]));
        assert_eq!(a.halves(b).map(F32x4::to_array), [[1.0, 2.0, 5.0, 6.0], [3.0, 4.0, 7.0, 8.0]]);
    }

    #[test]
    fn sums_are_of_lanes() {
        let of =
            [[1.0, 2.0, 3.0, 4.0], [0.5, 0.0, 0.0, 0.25], [-1.0, 1.0, -2.0, 2.0], [100.0, 10.0, 1.0, 0.0]];
        assert_eq!(F32x4::sums(of.map(|v| F32x4::load(&v))).to_array(), [10.0, 0.75, 0.0, 111.0]);
    }
}
