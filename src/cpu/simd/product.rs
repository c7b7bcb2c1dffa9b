//! Products of matrices in register tiles: the inner loop of all convolutions but the depthwise ones.
//!
//! The operands are checked once for a whole panel; inside the loop are no bounds checks, because
//! each of them would cost as much as the multiplication it guards.

use super::tile::load4;
use super::{F32x4, I16x8, I32x4};

/// A piece of a sum that lies in one row of the picture.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    /// Where the first pixel's values start.
    pub(crate) x: usize,
    /// The matrix's first row.
    pub(crate) w: usize,
    /// Values of a pixel, with padding; a multiple of 4, and not 0.
    pub(crate) k: usize,
}

/// What is multiplied: single precision, or whole numbers.
pub(crate) trait Number: Copy {
    type Vector: Copy;
    /// Four sums.
    type Sum: Copy;
    /// Values of a pixel, and rows of the matrix, that one multiplication takes.
    const DEPTH: usize;

    /// `DEPTH` values of a pixel, for four columns.
    ///
    /// # Safety
    /// `from` is valid for reads of so many values.
    unsafe fn splat(from: *const Self) -> Self::Vector;

    /// `DEPTH` rows of four columns.
    ///
    /// # Safety
    /// `from` is valid for reads of four times as many values.
    unsafe fn columns(from: *const Self) -> Self::Vector;

    /// `sum + x * w`.
    fn multiply(x: Self::Vector, w: Self::Vector, sum: Self::Sum) -> Self::Sum;
}

impl Number for f32 {
    type Vector = F32x4;
    type Sum = F32x4;
    const DEPTH: usize = 1;

    #[inline(always)]
    unsafe fn splat(from: *const Self) -> F32x4 {
        // SAFETY: as promised.
        F32x4::splat(unsafe { *from })
    }

    #[inline(always)]
    unsafe fn columns(from: *const Self) -> F32x4 {
        // SAFETY: as promised; an array of `f32` is aligned as one.
        F32x4::load(unsafe { &*from.cast() })
    }

    #[inline(always)]
    fn multiply(x: F32x4, w: F32x4, sum: F32x4) -> F32x4 {
        x.mul_add(w, sum)
    }
}

impl Number for i16 {
    type Vector = I16x8;
    type Sum = I32x4;
    const DEPTH: usize = 2;

    #[inline(always)]
    unsafe fn splat(from: *const Self) -> I16x8 {
        // SAFETY: as promised; an array of `i16` is aligned as one.
        I16x8::splat_pair(unsafe { &*from.cast() })
    }

    #[inline(always)]
    unsafe fn columns(from: *const Self) -> I16x8 {
        // SAFETY: as promised; an array of `i16` is aligned as one.
        I16x8::load(unsafe { &*from.cast() })
    }

    #[inline(always)]
    fn multiply(x: I16x8, w: I16x8, sum: I32x4) -> I32x4 {
        sum.add(x.dot(w))
    }
}

/// `sums[m][n] = first[n] + sum over runs, i < k of x[run.x + (tile * M + m) * stride + i] * w[run.w + i, n]`
/// for each of `tiles` tiles, handed to `done` with the tile's number.
///
/// `w` is `[rows / DEPTH, N * 4, DEPTH]`. Where `LANES` is 3, every fourth value of a pixel is padding
/// and has no row.
///
/// # Panics
/// Unless each `k` is a multiple of 4 above 0 and both slices hold what is read.
#[inline(always)]
pub(crate) fn products<T: Number, const M: usize, const N: usize, const LANES: usize>(
    x: &[T],
    stride: usize,
    runs: &[Run],
    w: &[T],
    first: [T::Sum; N],
    tiles: usize,
    mut done: impl FnMut(usize, [[T::Sum; N]; M]),
) {
    const { assert!(LANES == 4 || (LANES == 3 && T::DEPTH == 1)) };
    let Some(last) = (tiles * M).checked_sub(1) else { return };
    let last = last.checked_mul(stride).expect("a panel fits in memory");
    for &Run { x: from, w: row, k } in runs {
        assert!(k > 0 && k.is_multiple_of(4) && x.len() >= last + from + k);
        assert!(w.len() >= (row + k / 4 * LANES) * N * 4);
    }
    for tile in 0..tiles {
        let mut sums = [first; M];
        for &Run { x: from, w: row, k } in runs {
            // SAFETY: `x` is read below `(tile * M + M - 1) * stride + from + k`, of which the first
            // summand is at most `last`, and `w` below `(row + k / 4 * LANES) * N * 4`; both were just
            // proved to be inside. A turn takes `DEPTH` values, which divides `k`.
            unsafe {
                let pixels = x.as_ptr().add(tile * M * stride).add(from);
                let mut xs: [*const T; M] = std::array::from_fn(|m| pixels.add(m * stride));
                let mut w = w.as_ptr().add(row * N * 4);
                let end = xs[0].add(k);
                // Four turns, so that most addresses are constant offsets. The condition between two of
                // them keeps the compiler from sinking all multiplications of a sum to the last one,
                // which would need more registers than there are.
                let ends = [1, 2, 3].map(|turns| end.wrapping_sub(turns * T::DEPTH));
                macro_rules! turn {
                    ($turn:literal) => {
                        let at = $turn * T::DEPTH;
                        let columns: [T::Vector; N] =
                            std::array::from_fn(|n| T::columns(w.add(at * N * 4).add(n * T::DEPTH * 4)));
                        for (sums, x) in sums.iter_mut().zip(xs) {
                            let value = T::splat(x.add(at));
                            for (sum, column) in sums.iter_mut().zip(columns) {
                                *sum = T::multiply(value, column, *sum);
                            }
                        }
                    };
                }
                loop {
                    turn!(0);
                    if xs[0] == ends[0] {
                        break;
                    }
                    turn!(1);
                    if xs[0] == ends[1] {
                        break;
                    }
                    turn!(2);
                    if LANES == 4 {
                        if xs[0] == ends[2] {
                            break;
                        }
                        turn!(3);
                    }
                    xs = xs.map(|x| x.add(4 * T::DEPTH));
                    w = w.add(LANES * T::DEPTH * N * 4);
                    if xs[0] == end {
                        break;
                    }
                }
            }
        }
        done(tile, sums);
    }
}

/// `y[p, o] = bias[o] + sum over i < k of x[p, i] * w[o, i]` for pixels of `k` values each and four
/// columns. Four products of one sum lie in a vector, so that a pixel is loaded and not repeated: for so few
/// columns, [`products`] would load more than it multiplies.
///
/// `w` is `[k / 4, 4, 4]`: four values of each column, then the next four. `y` has `stride` values from
/// pixel to pixel.
///
/// # Panics
/// Unless `k` is a multiple of 4 above 0, and all slices hold what is read or written.
pub(crate) fn dots(x: &[f32], k: usize, w: &[f32], bias: &[f32; 4], y: &mut [f32], stride: usize) {
    assert!(k > 0 && k.is_multiple_of(4) && w.len() >= k * 4);
    let pixels = x.len() / k;
    let Some(last) = pixels.checked_sub(1) else { return };
    assert!(y.len() >= last * stride + 4);
    let bias = F32x4::load(bias);
    let whole = pixels / 2 * 2;
    // SAFETY: `pixel` is at most `pixels - 2` for two pixels, and `pixels - 1` for one, so that `x` is read
    // below `pixels * k`, and `y` written below `(pixels - 1) * stride + 4`; `w` has `k * 4` values.
    unsafe {
        for pixel in (0..whole).step_by(2) {
            let sums = dot::<2>(x.as_ptr().add(pixel * k), k, w.as_ptr());
            let to = y.as_mut_ptr().add(pixel * stride);
            sums[0].add(bias).store(&mut *to.cast());
            sums[1].add(bias).store(&mut *to.add(stride).cast());
        }
        if whole < pixels {
            let [sum] = dot::<1>(x.as_ptr().add(whole * k), k, w.as_ptr());
            sum.add(bias).store(&mut *y.as_mut_ptr().add(whole * stride).cast());
        }
    }
}

/// The four sums of each of `M` pixels.
///
/// # Safety
/// `x` is valid for reads of `M * k` values, `w` of `k * 4`.
#[inline(always)]
unsafe fn dot<const M: usize>(x: *const f32, k: usize, w: *const f32) -> [F32x4; M] {
    let mut sums = [[F32x4::splat(0.0); 4]; M];
    for i in (0..k).step_by(4) {
        // SAFETY: `i + 3` is below `k`.
        unsafe {
            let columns: [F32x4; 4] = std::array::from_fn(|o| load4(w.add(i * 4 + o * 4)));
            for (m, sums) in sums.iter_mut().enumerate() {
                let values = load4(x.add(m * k + i));
                for (sum, column) in sums.iter_mut().zip(columns) {
                    *sum = values.mul_add(column, *sum);
                }
            }
        }
    }
    sums.map(F32x4::sums)
}
