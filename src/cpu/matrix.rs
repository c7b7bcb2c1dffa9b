//! Rows of pixels times a matrix of weights: what pointwise, dense and transposed convolutions share.
//!
//! `y[p, o] = finish(bias[o] + sum over runs, i < k of x[run.x + p * stride + i] * w[run.w + i, o])`
//!
//! A tile of two pixels by sixteen output channels (four by eight, or eight by four, for the columns
//! that are left) lives in registers while the sum runs. Wider ones need more registers than there are,
//! higher ones an address for each pixel, and were not faster on the whole.

use super::finish::Finish;
use super::lines::Lines;
use super::simd::{F32x4, Run, products};

/// A matrix as the tiles read it: blocks of columns, in each row by row.
pub(crate) struct Matrix {
    /// Rows.
    pub(crate) rows: usize,
    /// Columns: output channels, padded to a multiple of 4.
    pub(crate) columns: usize,
    values: Lines,
    bias: Vec<f32>,
    /// Rows for each four values of a pixel: 3 where the fourth is padding and has none.
    lanes: usize,
}

impl Matrix {
    /// Packs `rows` by `columns` values, 0 where `at` has none; `lanes` of each four of a pixel's
    /// values have a row.
    pub(crate) fn new(
        rows: usize,
        columns: usize,
        lanes: usize,
        bias: impl Fn(usize) -> f32,
        at: impl Fn(usize, usize) -> f32,
    ) -> Self {
        let columns = columns.next_multiple_of(4);
        let mut values = Vec::with_capacity(rows * columns);
        for (block, width) in Blocks::new(columns) {
            for row in 0..rows {
                values.extend((block..block + width).map(|column| at(row, column)));
            }
        }
        Self { rows, columns, values: values.into(), bias: (0..columns).map(bias).collect(), lanes }
    }

    /// The same with row `i` times `gate[i]`, in memory that is used again.
    pub(crate) fn gated(&self, gate: &[f32], into: &mut Matrix) {
        into.rows = self.rows;
        into.columns = self.columns;
        into.lanes = self.lanes;
        into.values.resize(self.values.len());
        into.bias.clear();
        into.bias.extend_from_slice(&self.bias);
        for (block, width) in Blocks::new(self.columns) {
            let part = block * self.rows..(block + width) * self.rows;
            let rows = self.values[part.clone()].chunks_exact(width);
            for ((new, row), gate) in into.values[part].chunks_exact_mut(width).zip(rows).zip(gate) {
                new.iter_mut().zip(row).for_each(|(new, value)| *new = value * gate);
            }
        }
    }

    pub(crate) fn empty() -> Self {
        Self { rows: 0, columns: 0, values: Lines::default(), bias: Vec::new(), lanes: 4 }
    }

    /// Writes `count` pixels, `columns` values each, from `at` of the band `y` on.
    #[expect(clippy::too_many_arguments, reason = "the operands of the formula")]
    pub(crate) fn multiply(
        &self,
        x: &[f32],
        stride: usize,
        runs: &[Run],
        count: usize,
        y: &mut [f32],
        at: usize,
        finish: Finish<'_>,
    ) {
        // A panel of pixels stays in the second cache while all blocks of weights pass over it, and
        // a block in the first one while it passes over the panel.
        let panel = panel(self.rows);
        for first in (0..count).step_by(panel) {
            let pixels = panel.min(count - first);
            for (block, width) in Blocks::new(self.columns) {
                let w = &self.values[block * self.rows..];
                let bias = &self.bias[block..];
                let mut tiles = Tiles { x, stride, runs, w, bias, y, y_stride: self.columns, finish };
                let (from, to) = (first * stride, at + first * self.columns + block);
                match (width, self.lanes) {
                    (16, 3) => tiles.panel::<2, 4, 3>(pixels, from, to),
                    (16, _) => tiles.panel::<2, 4, 4>(pixels, from, to),
                    (8, _) => tiles.panel::<4, 2, 4>(pixels, from, to),
                    _ => tiles.panel::<8, 1, 4>(pixels, from, to),
                }
            }
        }
    }
}

/// The blocks of so many columns: where each starts, and its columns, 16, 8 or 4.
pub(crate) struct Blocks {
    start: usize,
    columns: usize,
}

impl Blocks {
    pub(crate) fn new(columns: usize) -> Self {
        Self { start: 0, columns }
    }
}

impl Iterator for Blocks {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let width = [16, 8, 4].into_iter().find(|width| self.columns - self.start >= *width)?;
        self.start += width;
        Some((self.start - width, width))
    }
}

/// Pixels of a panel, where one has `stride` values: about 128 KiB.
pub(crate) fn panel(stride: usize) -> usize {
    ((32 << 10) / stride.max(1)).next_multiple_of(4)
}

/// The operands of one block of columns.
struct Tiles<'a> {
    x: &'a [f32],
    stride: usize,
    runs: &'a [Run],
    w: &'a [f32],
    bias: &'a [f32],
    y: &'a mut [f32],
    y_stride: usize,
    finish: Finish<'a>,
}

impl Tiles<'_> {
    /// `pixels` pixels by `N` vectors of columns, from `from` of `x` to `to` of `y`, `M` at a time.
    fn panel<const M: usize, const N: usize, const LANES: usize>(
        &mut self,
        pixels: usize,
        from: usize,
        to: usize,
    ) {
        let whole = pixels / M * M;
        self.tiles::<M, N, LANES>(whole / M, from, to);
        self.tiles::<1, N, LANES>(pixels - whole, from + whole * self.stride, to + whole * self.y_stride);
    }

    #[inline(never)]
    fn tiles<const M: usize, const N: usize, const LANES: usize>(
        &mut self,
        count: usize,
        from: usize,
        to: usize,
    ) {
        let bias = self.bias.as_chunks::<4>().0;
        let first = std::array::from_fn(|n| F32x4::load(&bias[n]));
        let Self { x, stride, runs, w, ref mut y, y_stride, finish, .. } = *self;
        products::<f32, M, N, LANES>(&x[from..], stride, runs, w, first, count, |tile, sums| {
            finish.store(sums, y, to + tile * M * y_stride, y_stride);
        });
    }
}
