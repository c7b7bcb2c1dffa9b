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
unsafe fn load4(from: *const f32) -> F32x4 {
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
            *sum = sum.add(unsafe { load4(from.as_ptr().add(m * stride + n * 4)) });
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
            sum.store(unsafe { &mut *to.as_mut_ptr().add(m * stride + n * 4).cast() });
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

/// A row of pixels, enlarged linearly to twice as many: between two of them lie their mixtures with
/// shares of a quarter and three quarters, and the ends are repeated.
///
/// # Panics
/// Unless `row` is whole pixels of `channels` values, a multiple of 4, and `out` twice as long.
#[inline(always)]
pub(crate) fn double(row: &[f32], channels: usize, out: &mut [f32]) {
    assert!(channels.is_multiple_of(4) && row.len().is_multiple_of(channels) && out.len() == 2 * row.len());
    let pixels = row.len() / channels;
    out[..channels].copy_from_slice(&row[..channels]);
    let end = out.len() - channels;
    out[end..].copy_from_slice(&row[row.len() - channels..]);
    let (quarter, three) = (F32x4::splat(0.25), F32x4::splat(0.75));
    for pixel in 0..pixels - 1 {
        for c in (0..channels).step_by(4) {
            // SAFETY: pixels `pixel` and `pixel + 1` of `row` and `2 * pixel + 1` and
            // `2 * pixel + 2` of `out` exist, because `pixel + 1 < pixels`.
            unsafe {
                let at = row.as_ptr().add(pixel * channels + c);
                let left = load4(at);
                let step = load4(at.add(channels)).sub(left);
                let to = out.as_mut_ptr().add((2 * pixel + 1) * channels + c);
                step.mul_add(quarter, left).store(&mut *to.cast());
                step.mul_add(three, left).store(&mut *to.add(channels).cast());
            }
        }
    }
}

/// `T` neighbouring windows of `K` columns that lie `S` columns apart, each channel by itself:
/// `sums[t] = bias + sum over ky, kx of rows[ky][(t * S + kx) * channels ..] * w[(ky * K + kx) * channels ..]`,
/// handed to `done` for each four channels, with the first one's number.
///
/// # Panics
/// Unless `channels` is a multiple of 4 and all slices hold what is read.
#[inline(always)]
pub(crate) fn slide<const T: usize, const S: usize, const K: usize>(
    rows: &[&[f32]],
    w: &[f32],
    bias: &[f32],
    channels: usize,
    mut done: impl FnMut(usize, [[F32x4; 1]; T]),
) {
    let columns = (T - 1) * S + K;
    assert!(channels.is_multiple_of(4) && bias.len() >= channels);
    assert!(rows.iter().all(|row| row.len() >= columns * channels) && w.len() >= rows.len() * K * channels);
    for c in (0..channels).step_by(4) {
        // SAFETY: the largest offsets are `columns * channels - 1` in a row, `rows * K * channels - 1`
        // in `w` and `channels - 1` in `bias`; all were just proved to be inside.
        unsafe {
            let mut sums = [[load4(bias.as_ptr().add(c))]; T];
            let mut w = w.as_ptr().add(c);
            for row in rows {
                let mut x = row.as_ptr().add(c);
                let taps: [F32x4; K] = std::array::from_fn(|kx| load4(w.add(kx * channels)));
                for column in 0..columns {
                    let value = load4(x);
                    x = x.add(channels);
                    for (t, [sum]) in sums.iter_mut().enumerate() {
                        let Some(kx) = column.checked_sub(t * S) else { continue };
                        if kx < K {
                            *sum = value.mul_add(taps[kx], *sum);
                        }
                    }
                }
                w = w.add(K * channels);
            }
            done(c, sums);
        }
    }
}
