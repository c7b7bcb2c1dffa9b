//! The inner loops of the kernels that are no products of matrices.
//!
//! Their operands are checked once, before the loop; inside it are no bounds checks, because each
//! of them would cost as much as the multiplication it guards.

use super::F32x4;

/// The four values at `from`.
///
/// # Safety
/// `from` is valid for reads of four `f32`.
#[inline(always)]
pub(super) unsafe fn load4(from: *const f32) -> F32x4 {
    // SAFETY: as promised; an array of `f32` is aligned as one.
    F32x4::load(unsafe { &*from.cast() })
}

/// Adds the four values at `at + m * stride + n * 4` of `from` to each `sums[m][n]`.
///
/// # Panics
/// If one of them is not inside.
#[inline(always)]
pub(crate) fn add_tile<const M: usize, const N: usize>(
    from: &[f32],
    at: usize,
    stride: usize,
    sums: &mut [[F32x4; N]; M],
) {
    let from = &from[at..];
    assert!(from.len() >= (M - 1) * stride + N * 4);
    for (m, row) in sums.iter_mut().enumerate() {
        for (n, sum) in row.iter_mut().enumerate() {
            // SAFETY: the largest offset is `(M - 1) * stride + N * 4 - 1`, which is inside.
            *sum = sum.add(unsafe { load4(from.as_ptr().add(m * stride).add(n * 4)) });
        }
    }
}

/// Writes each `sums[m][n]` as the four values at `at + m * stride + n * 4` of `to`.
///
/// # Panics
/// If one of them is not inside.
#[inline(always)]
pub(crate) fn store_tile<const M: usize, const N: usize>(
    sums: &[[F32x4; N]; M],
    to: &mut [f32],
    at: usize,
    stride: usize,
) {
    let to = &mut to[at..];
    assert!(to.len() >= (M - 1) * stride + N * 4);
    for (m, row) in sums.iter().enumerate() {
        for (n, sum) in row.iter().enumerate() {
            // SAFETY: the largest offset is `(M - 1) * stride + N * 4 - 1`, which is inside.
            sum.store(unsafe { &mut *to.as_mut_ptr().add(m * stride).add(n * 4).cast() });
        }
    }
}

/// `out[..] = left + (right - left) * share`, for slices of one length, a multiple of 4.
///
/// # Panics
/// If the lengths differ or are no multiple of 4.
#[inline(always)]
pub(crate) fn mix(left: &[f32], right: &[f32], share: f32, out: &mut [f32]) {
    let len = out.len();
    assert!(len.is_multiple_of(4) && left.len() == len && right.len() == len);
    let share = F32x4::splat(share);
    for at in (0..len).step_by(4) {
        // SAFETY: `at + 3` is below the one length of all three.
        unsafe {
            let (left, right) = (load4(left.as_ptr().add(at)), load4(right.as_ptr().add(at)));
            right.sub(left).mul_add(share, left).store(&mut *out.as_mut_ptr().add(at).cast());
        }
    }
}

/// A row between two rows of pixels, enlarged linearly to twice as many: `row = mix(above, below, share)`,
/// and between two of its pixels lie their mixtures with shares of a quarter and three quarters; the
/// ends are repeated.
///
/// # Panics
/// Unless both rows are the same number of pixels of `channels` values, a multiple of 4, and `out`
/// twice as many.
pub(crate) fn double(above: &[f32], below: &[f32], share: f32, channels: usize, out: &mut [f32]) {
    let len = above.len();
    assert!(channels > 0 && channels.is_multiple_of(4) && len > 0 && len.is_multiple_of(channels));
    assert!(below.len() == len && out.len() == 2 * len);
    let (mut c, wide) = (0, channels / 16 * 16);
    let (above, below, out) = (above.as_ptr(), below.as_ptr(), out.as_mut_ptr());
    let pixels = len / channels;
    // SAFETY: `c` and the vectors of its block are inside a pixel, the rows hold `pixels` of them and
    // `out` twice as many.
    unsafe {
        while c < wide {
            double_channels::<4>(above.add(c), below.add(c), share, channels, pixels, out.add(c));
            c += 16;
        }
        while c < channels {
            double_channels::<1>(above.add(c), below.add(c), share, channels, pixels, out.add(c));
            c += 4;
        }
    }
}

/// The same for `N` vectors of each pixel.
///
/// # Safety
/// The rows are valid for reads of `N` vectors every `channels` values, `pixels` times, at least once,
/// and `out` is valid for writes of twice as many.
#[inline(always)]
unsafe fn double_channels<const N: usize>(
    above: *const f32,
    below: *const f32,
    share: f32,
    channels: usize,
    pixels: usize,
    out: *mut f32,
) {
    let share = F32x4::splat(share);
    let [quarter, three] = [0.25, 0.75].map(F32x4::splat);
    // SAFETY: as many pixels are read as there are, and twice as many written.
    unsafe {
        let (mut above, mut below, mut out) = (above, below, out);
        let mixed = |above: *const f32, below: *const f32| {
            std::array::from_fn::<F32x4, N, _>(|n| {
                let first = load4(above.add(n * 4));
                load4(below.add(n * 4)).sub(first).mul_add(share, first)
            })
        };
        let store = |out: *mut f32, values: [F32x4; N]| {
            for (n, value) in values.into_iter().enumerate() {
                value.store(&mut *out.add(n * 4).cast());
            }
        };
        let mut left = mixed(above, below);
        store(out, left);
        for _ in 1..pixels {
            (above, below) = (above.wrapping_add(channels), below.wrapping_add(channels));
            let right = mixed(above, below);
            let step: [F32x4; N] = std::array::from_fn(|n| right[n].sub(left[n]));
            out = out.wrapping_add(channels);
            store(out, std::array::from_fn(|n| step[n].mul_add(quarter, left[n])));
            out = out.wrapping_add(channels);
            store(out, std::array::from_fn(|n| step[n].mul_add(three, left[n])));
            left = right;
        }
        store(out.wrapping_add(channels), left);
    }
}
