//! Loops over rows of pixels whose channels stay apart: depthwise windows, and sums.
//!
//! As in `tile`, operands are checked before a loop and not inside it. What a loop needs is kept in
//! registers, of which a browser's compiler has 15.

use super::F32x4;
use super::tile::load4;

/// Channels of a block: a cache line of them.
pub(crate) const BLOCK: usize = 16;

/// Windows that [`slide`] does together.
pub(crate) const TILE: usize = 8;

/// A row of windows of three by three taps, for [`along`].
pub(crate) struct Along<'a> {
    /// The three rows under the windows, each from the first window's first column that is inside.
    pub(crate) rows: [&'a [f32]; 3],
    /// Values from pixel to pixel, a multiple of 4, in `rows` as in the result.
    pub(crate) channels: usize,
    /// Windows.
    pub(crate) count: usize,
    /// Whether the first window's first column, and the last one's last, are outside and count as zeros.
    pub(crate) outside: [bool; 2],
    /// `[3, 3, channels]`.
    pub(crate) w: &'a [f32],
    /// `[channels]`.
    pub(crate) bias: &'a [f32],
    /// What is added to the finished values, where `along` says so; as long as the result.
    pub(crate) residual: &'a [f32],
}

/// Writes `finish` of each window's sum, plus the residual if `R`, for windows that lie `S` (1 or 2) columns
/// apart. A column is loaded once and added to all windows over it, so only its channels' taps and the
/// sums that are under way are in registers; the processor overlaps the sums of different windows.
///
/// # Panics
/// Unless `channels` is a multiple of 4, `count` is not 0, and all slices hold what is read or written.
#[inline(always)]
pub(crate) fn along<const S: usize, const R: bool>(
    of: &Along<'_>,
    y: &mut [f32],
    finish: impl Fn(F32x4) -> F32x4,
) {
    let Along { channels, count, outside, .. } = *of;
    let columns = (count - 1) * S + 3 - usize::from(outside[0]) - usize::from(outside[1]);
    assert!((S == 1 || S == 2) && channels.is_multiple_of(4) && columns > 0);
    assert!(of.rows.iter().all(|row| row.len() >= columns * channels));
    assert!(of.w.len() >= 9 * channels && of.bias.len() >= channels && y.len() >= count * channels);
    assert!(!R || of.residual.len() >= count * channels);
    for c in (0..channels).step_by(4) {
        // SAFETY: `x` starts at the first column and goes on by as many as are loaded, `columns` in all;
        // `to` and `residual` go on by a pixel with each of the `count` windows; of each pixel, and of
        // each of the nine taps, the four channels from `c` on are used. All were just proved to be inside.
        unsafe {
            let taps: [[F32x4; 3]; 3] = std::array::from_fn(|ky| {
                std::array::from_fn(|kx| load4(of.w.as_ptr().add((ky * 3 + kx) * channels + c)))
            });
            let bias = load4(of.bias.as_ptr().add(c));
            let mut x = of.rows.map(|row| row.as_ptr().add(c));
            let mut to = y.as_mut_ptr().add(c);
            let mut residual = of.residual.as_ptr().wrapping_add(c);
            let column = |x: [*const f32; 3]| x.map(|x| load4(x));
            let on = |x: [*const f32; 3]| x.map(|x| x.wrapping_add(channels));
            let add = |column: [F32x4; 3], kx: usize, sum: F32x4| {
                // A column by itself, which need not wait for the one before.
                let part = column[1].mul_add(taps[1][kx], column[0].mul(taps[0][kx]));
                sum.add(column[2].mul_add(taps[2][kx], part))
            };
            let store = |to: *mut f32, residual: *const f32, sum: F32x4| {
                let mut value = finish(sum);
                if R {
                    value = value.add(load4(residual));
                }
                value.store(&mut *to.cast());
            };
            // The sums of the next window and, where windows lie side by side, of the one after it.
            let (mut sum, mut second) = (bias, bias);
            if !outside[0] {
                sum = add(column(x), 0, sum);
                x = on(x);
            }
            if S == 1 {
                let middle = column(x);
                (sum, second) = (add(middle, 1, sum), add(middle, 0, second));
                x = on(x);
            }
            let inside = count - usize::from(outside[1]);
            for _ in 0..inside {
                if S == 2 {
                    sum = add(column(x), 1, sum);
                    x = on(x);
                }
                let last = column(x);
                store(to, residual, add(last, 2, sum));
                (sum, second) = if S == 1 {
                    (add(last, 1, second), add(last, 0, bias))
                } else {
                    (add(last, 0, bias), bias)
                };
                x = on(x);
                to = to.wrapping_add(channels);
                residual = residual.wrapping_add(channels);
            }
            if outside[1] {
                if S == 2 {
                    sum = add(column(x), 1, sum);
                }
                store(to, residual, sum);
            }
        }
    }
}

/// Windows of `K` columns that lie `S` columns apart, for the `channels` of a block:
/// `sums[ox] = bias + sum over ky, kx of rows[ky][(ox * S + kx) * BLOCK ..] * w[(ky * K + kx) * BLOCK ..]`,
/// a tile at a time: a column is loaded once for all windows over it.
///
/// # Panics
/// Unless `channels` is a multiple of 4 that a block holds, `sums` is whole tiles of blocks, and all
/// slices hold what is read.
#[inline(always)]
pub(crate) fn slide<const S: usize, const K: usize>(
    rows: &[&[f32]],
    w: &[f32],
    bias: &[f32],
    channels: usize,
    sums: &mut [f32],
) {
    const { assert!((TILE - 1) * S + K <= 19, "the columns that are written out") };
    let windows = sums.len() / BLOCK;
    let columns = windows.saturating_sub(1) * S + K;
    assert!(channels.is_multiple_of(4) && channels <= BLOCK && bias.len() >= channels);
    assert!(sums.len().is_multiple_of(TILE * BLOCK) && w.len() >= rows.len() * K * BLOCK);
    assert!(rows.iter().all(|row| row.len() >= columns * BLOCK));
    for c in (0..channels).step_by(4) {
        for ox in (0..windows).step_by(TILE) {
            // SAFETY: the largest offsets are `columns * BLOCK - 1` in a row, `rows * K * BLOCK - 1` in
            // `w`, `windows * BLOCK - 1` in `sums` and `channels - 1` in `bias`; all were just proved to be
            // inside.
            unsafe {
                let mut tile = [load4(bias.as_ptr().add(c)); TILE];
                let mut w = w.as_ptr().add(c);
                for row in rows {
                    let x = row.as_ptr().add(ox * S * BLOCK + c);
                    let taps: [F32x4; K] = std::array::from_fn(|kx| load4(w.add(kx * BLOCK)));
                    // A row's sums by themselves, which need not wait for the row before.
                    let mut parts = [F32x4::splat(0.0); TILE];
                    // Not a loop, because the compiler would not unroll one of this size, and sums that a
                    // loop indexes are not in registers.
                    macro_rules! columns {
                        ($($column:literal)*) => {$(
                            if $column < (TILE - 1) * S + K {
                                let value = load4(x.add($column * BLOCK));
                                for (t, part) in parts.iter_mut().enumerate() {
                                    match usize::checked_sub($column, t * S) {
                                        Some(0) => *part = value.mul(taps[0]),
                                        Some(kx) if kx < K => *part = value.mul_add(taps[kx], *part),
                                        _ => {}
                                    }
                                }
                            }
                        )*};
                    }
                    columns!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18);
                    tile.iter_mut().zip(parts).for_each(|(sum, part)| *sum = sum.add(part));
                    w = w.wrapping_add(K * BLOCK);
                }
                for (t, sum) in tile.into_iter().enumerate() {
                    sum.store(&mut *sums.as_mut_ptr().add((ox + t) * BLOCK + c).cast());
                }
            }
        }
    }
}

/// Copies `channels` of each pixel of `row`, which has `stride` of them, to the front of a block each.
///
/// # Panics
/// Unless `channels` is a multiple of 4 that a block holds, and both slices hold `pixels` of them.
#[inline(always)]
pub(crate) fn take_block(row: &[f32], stride: usize, channels: usize, pixels: usize, to: &mut [f32]) {
    assert!(channels.is_multiple_of(4) && channels <= BLOCK && pixels > 0);
    assert!(row.len() >= (pixels - 1) * stride + channels && to.len() >= pixels * BLOCK);
    let (mut x, mut to) = (row.as_ptr(), to.as_mut_ptr());
    for _ in 0..pixels {
        // SAFETY: `x` and `to` are at a pixel and at its block, and the four values from `c` on are among
        // their first `channels`, which were just proved to be inside.
        let copy = |c: usize| unsafe { load4(x.add(c)).store(&mut *to.add(c).cast()) };
        if channels == BLOCK {
            copy(0);
            copy(4);
            copy(8);
            copy(12);
        } else {
            for c in (0..channels).step_by(4) {
                copy(c);
            }
        }
        (x, to) = (x.wrapping_add(stride), to.wrapping_add(BLOCK));
    }
}

/// Copies `channels` of each of `pixels` blocks to the pixels of `y`, which has `stride` of them, finished.
///
/// # Panics
/// Unless `channels` is a multiple of 4 that a block holds, and both slices hold `pixels` of them.
#[inline(always)]
pub(crate) fn put_block(
    blocks: &[f32],
    channels: usize,
    pixels: usize,
    y: &mut [f32],
    stride: usize,
    finish: impl Fn(F32x4) -> F32x4,
) {
    assert!(channels.is_multiple_of(4) && channels <= BLOCK && pixels > 0);
    assert!(y.len() >= (pixels - 1) * stride + channels && blocks.len() >= pixels * BLOCK);
    let (mut from, mut to) = (blocks.as_ptr(), y.as_mut_ptr());
    for _ in 0..pixels {
        for c in (0..channels).step_by(4) {
            // SAFETY: `from` and `to` are at a block and at its pixel, and the four values from `c` on are
            // among their first `channels`, which were just proved to be inside.
            unsafe { finish(load4(from.add(c))).store(&mut *to.add(c).cast()) };
        }
        (from, to) = (from.wrapping_add(BLOCK), to.wrapping_add(stride));
    }
}

/// The sum over `height` rows, `row` values apart, of `width` pixels, `channels` values apart, for the first `N`
/// vectors of each. Every row has a sum of its own first, in `P` parts: one would wait for itself.
///
/// # Panics
/// Unless `x` holds what is read.
#[inline(always)]
pub(crate) fn add_pixels<const N: usize, const P: usize>(
    x: &[f32],
    [height, row]: [usize; 2],
    [width, channels]: [usize; 2],
) -> [F32x4; N] {
    let zero = [F32x4::splat(0.0); N];
    if height == 0 || width == 0 {
        return zero;
    }
    assert!(x.len() >= (height - 1) * row + (width - 1) * channels + N * 4);
    let mut total = zero;
    for iy in 0..height {
        let mut parts = [zero; P];
        // SAFETY: a pixel's number is below `width` and `iy` below `height`, so that the largest offset is
        // the one that was just proved to be inside.
        let mut add = |part: usize, ix: usize| unsafe {
            let pixel = x.as_ptr().add(iy * row + ix * channels);
            for (n, sum) in parts[part].iter_mut().enumerate() {
                *sum = sum.add(load4(pixel.add(n * 4)));
            }
        };
        let whole = width / P * P;
        for ix in (0..whole).step_by(P) {
            for part in 0..P {
                add(part, ix + part);
            }
        }
        for ix in whole..width {
            add(0, ix);
        }
        for part in parts {
            for (total, sum) in total.iter_mut().zip(part) {
                *total = total.add(sum);
            }
        }
    }
    total
}
