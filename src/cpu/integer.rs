//! Rows of pixels times a matrix, in whole numbers of 16 bits with sums of 32.
//!
//! `y[p, o] = finish(bias[o] + factor * scale[o] * sum over i of q[p, i] * w[i, o])`, where
//! `q = round(x / factor)`. The weights are whole numbers already; the pixels are made so a panel at a
//! time, with the factor that fits the panel's largest value, so no range has to be known beforehand
//! and nothing is ever cut off.
//!
//! The sums cannot overflow: `|q|` is at most [`Integer::limit`], which is 2^31 - 1 divided by the
//! largest sum of weights' magnitudes of any output channel, and so bounds every partial sum.

use super::finish::Finish;
use super::matrix::Blocks;
use super::simd::{F32x4, I16x8, I32x4, Run, products};

/// A matrix of whole numbers as the tiles read it: blocks of columns, in each the rows in pairs.
pub(crate) struct Integer {
    rows: usize,
    columns: usize,
    values: Vec<i16>,
    /// What a weight of 1 is worth, for each column.
    scales: Vec<f32>,
    bias: Vec<f32>,
    /// The largest magnitude that a pixel's value may be given.
    limit: f32,
}

impl Integer {
    /// Packs `rows` (an even number) by `columns` values, 0 where `at` has none; the column's scale and
    /// bias, 0 where there is none; `largest` is the largest sum of magnitudes of a column.
    pub(crate) fn new(
        rows: usize,
        columns: usize,
        largest: u64,
        scale_and_bias: impl Fn(usize) -> (f32, f32),
        at: impl Fn(usize, usize) -> i16,
    ) -> Self {
        let columns = columns.next_multiple_of(4);
        let mut values = Vec::with_capacity(rows * columns);
        for (block, width) in Blocks::new(columns) {
            for row in (0..rows).step_by(2) {
                values
                    .extend((block..block + width).flat_map(|column| [at(row, column), at(row + 1, column)]));
            }
        }
        // A 24-bit mantissa holds every limit that is chosen, and rounding down keeps the bound.
        let limit = (i64::from(i32::MAX) / largest.max(1) as i64).min(i64::from(i16::MAX)) as f32;
        let (scales, bias) = (0..columns).map(scale_and_bias).unzip();
        Self { rows, columns, values, scales, bias, limit }
    }

    /// Rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Columns, with padding.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Writes whole numbers for `x` to `into`, and returns what 1 is worth.
    pub(crate) fn quantise(&self, x: &[f32], into: &mut Vec<i16>) -> f32 {
        let chunks = x.as_chunks::<8>();
        let halves = |chunk: &[f32; 8]| {
            let [low, high] =
                [&chunk[..4], &chunk[4..]].map(|half| F32x4::load(half.first_chunk().expect("four")));
            (low, high)
        };
        let mut tops = [F32x4::splat(0.0); 2];
        for chunk in chunks.0 {
            let (low, high) = halves(chunk);
            tops = [tops[0].max(low.abs()), tops[1].max(high.abs())];
        }
        let mut tail = [0.0; 8];
        tail[..chunks.1.len()].copy_from_slice(chunks.1);
        let (low, high) = halves(&tail);
        let tops = tops[0].max(low.abs()).max(tops[1].max(high.abs())).to_array();
        let top = tops.into_iter().fold(0.0, f32::max);
        // An empty panel, or one too faint to divide by, is all zeros.
        let factor = if top > f32::MIN_POSITIVE * 65536.0 { self.limit / top } else { 0.0 };
        into.clear();
        into.resize(x.len().next_multiple_of(8), 0);
        let scale = F32x4::splat(factor);
        let sources = chunks.0.iter().chain(std::iter::once(&tail));
        for (out, chunk) in into.as_chunks_mut::<8>().0.iter_mut().zip(sources) {
            let (low, high) = halves(chunk);
            I16x8::round(low.mul(scale), high.mul(scale)).store(out);
        }
        if factor == 0.0 { 0.0 } else { 1.0 / factor }
    }

    /// Writes `count` pixels, `columns` values each, from `at` of the band `y` on; `q` are the whole
    /// numbers of the pixels, `factor` what 1 of them is worth.
    #[expect(clippy::too_many_arguments, reason = "the operands of the formula")]
    pub(crate) fn multiply(
        &self,
        q: &[i16],
        factor: f32,
        stride: usize,
        runs: &[Run],
        count: usize,
        y: &mut [f32],
        at: usize,
        finish: Finish<'_>,
    ) {
        for (block, width) in Blocks::new(self.columns) {
            let w = &self.values[block * self.rows..];
            let (scales, bias) = (&self.scales[block..], &self.bias[block..]);
            let mut tiles =
                Tiles { q, factor, stride, runs, w, scales, bias, y, y_stride: self.columns, finish };
            match width {
                16 => tiles.panel::<2, 4>(count, at + block),
                8 => tiles.panel::<4, 2>(count, at + block),
                _ => tiles.panel::<4, 1>(count, at + block),
            }
        }
    }
}

/// The operands of one block of columns.
struct Tiles<'a> {
    q: &'a [i16],
    factor: f32,
    stride: usize,
    runs: &'a [Run],
    w: &'a [i16],
    scales: &'a [f32],
    bias: &'a [f32],
    y: &'a mut [f32],
    y_stride: usize,
    finish: Finish<'a>,
}

impl Tiles<'_> {
    /// `pixels` pixels by `N` vectors of columns, to `to` of `y`, `M` at a time.
    fn panel<const M: usize, const N: usize>(&mut self, pixels: usize, to: usize) {
        let whole = pixels / M * M;
        self.tiles::<M, N>(whole / M, 0, to);
        self.tiles::<1, N>(pixels - whole, whole * self.stride, to + whole * self.y_stride);
    }

    #[inline(never)]
    fn tiles<const M: usize, const N: usize>(&mut self, count: usize, from: usize, to: usize) {
        let Self { q, factor, stride, runs, w, scales, bias, ref mut y, y_stride, finish } = *self;
        let scales = scales.as_chunks::<4>().0;
        let factor = F32x4::splat(factor);
        let worth: [F32x4; N] = std::array::from_fn(|n| factor.mul(F32x4::load(&scales[n])));
        let bias = bias.as_chunks::<4>().0;
        let bias: [F32x4; N] = std::array::from_fn(|n| F32x4::load(&bias[n]));
        let zero = [I32x4::zero(); N];
        products::<i16, M, N, 4>(&q[from..], stride, runs, w, zero, count, |tile, sums| {
            let value = |m: usize, n: usize| sums[m][n].to_f32().mul_add(worth[n], bias[n]);
            let values: [[F32x4; N]; M] = std::array::from_fn(|m| std::array::from_fn(|n| value(m, n)));
            finish.store(values, y, to + tile * M * y_stride, y_stride);
        });
    }
}
