//! Edge-aware upsampling: the fast guided filter with a colour guide.
//!
//! Within each window of the network's grid the map is taken to be an affine function of the
//! picture's colour, `p = a . rgb + b`. The coefficients are found on the small grid, averaged,
//! enlarged bilinearly, and applied to the full-size picture, so the matte's edges come from
//! the picture itself. K. He, J. Sun, "Fast Guided Filter", arXiv:1505.00996; the colour form
//! is equation 19 of their "Guided Image Filtering", IEEE TPAMI 35(6), 2013.
//!
//! Far from the subject's edges the coefficients alone decide: where every colour there is gives
//! 0, or every one gives 255, the picture is not looked at.
//!
//! Memory: the coefficients, and one row of them.

use std::ops::Range;

use super::bits::places;
use super::guided::{Affine, Coefficients, coefficients};
use crate::cpu::simd::{F32x4, I16x8};
use crate::pixels::Rect;

/// Half the side of the filter's window, in cells of the network's grid.
pub(super) const RADIUS: usize = 1;

/// Regularisation, for colours and probabilities in 0..1: how much contrast counts as an edge.
pub(crate) const EPSILON: f32 = 1e-2;

/// The filtered map is stretched so that these become 0 and 1; it takes away the haze that the
/// filter leaves on both sides of an edge.
pub(crate) const LEVELS: [f32; 2] = [0.225, 0.775];

/// One probability per cell, and the picture at the same size.
#[derive(Clone, Copy, Debug)]
pub struct Map<'a> {
    /// Columns of the grid.
    pub width: usize,
    /// Rows of the grid.
    pub height: usize,
    /// `[height, width]`, 0 to 1.
    pub probability: &'a [f32],
    /// The picture stretched to the grid: `[height, width, 4]`, three colours in any order and a byte
    /// that is not looked at.
    pub guide: &'a [u8],
}

/// Pixels of some rows, all at once: columns `left..left + width`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first column.
    pub left: usize,
    /// How many columns.
    pub width: usize,
}

/// Stretches of columns that are shorter than this are read although they are known: fewer, longer
/// reads are faster.
const WORTH_SKIPPING: usize = 48;

/// The same where the pixels are there already.
const WORTH_LEAVING: usize = 8;

/// Applies a map's coefficients to a part of a picture; the rest of it is 0.
pub(super) struct Upsampler {
    map_w: usize,
    map_h: usize,
    rect: Rect,
    /// Columns of the picture.
    width: usize,
    cells: Coefficients,
    columns: Vec<Tap>,
    /// The first column of each cell, and the end.
    starts: Vec<usize>,
    /// Between the rows of cells that were used last, the first of which is `between`: what depends on the
    /// picture, and columns with what all of them are.
    spans: Vec<Span>,
    known: Vec<(Range<usize>, u8)>,
    between: Option<usize>,
    /// A row between two rows of cells: each cell's coefficients, and what is added up to the next.
    across: Vec<[Affine; 2]>,
}

impl Upsampler {
    /// For a picture of `width` columns, of which `map` shows `rect`, and whose colours come in the order of those
    /// of `map`'s guide.
    ///
    /// # Panics
    /// If `map`'s slices are not of its size.
    pub(super) fn new(map: Map<'_>, rect: Rect, width: usize) -> Self {
        let columns: Vec<Tap> = (0..rect.width).map(|x| tap(x, rect.width, map.width)).collect();
        let start = |cell: usize| columns.partition_point(|tap| (tap.first as usize) < cell);
        Self {
            map_w: map.width,
            map_h: map.height,
            rect,
            width,
            cells: coefficients(map),
            starts: (0..=map.width).map(start).collect(),
            columns,
            spans: Vec::new(),
            known: Vec::new(),
            between: None,
            across: vec![[[0.0; 4]; 2]; map.width],
        }
    }

    /// Writes what is known of `rows` without the picture to `alpha`, `[rows, width]`, and gives
    /// what must be read.
    pub(super) fn start(&self, rows: Range<usize>, alpha: &mut [u8]) -> Vec<Span> {
        let Rect { left, top, width, height } = self.rect;
        let inside = rows.start.max(top)..rows.end.min(top + height);
        let mut spans = Vec::new();
        if inside.is_empty() {
            alpha.fill(0);
            return spans;
        }
        for (y, row) in rows.clone().zip(alpha.chunks_exact_mut(self.width)) {
            if inside.contains(&y) {
                row[..left].fill(0);
                row[left + width..].fill(0);
            } else {
                row.fill(0);
            }
        }
        let within = (inside.start - rows.start) * self.width..(inside.end - rows.start) * self.width;
        let cells = self.rows_of_cells(inside.start - top..inside.end - top);
        self.spans(cells, WORTH_SKIPPING, &mut spans, |columns, value| {
            let columns = left + columns.start..left + columns.end;
            alpha[within.clone()]
                .chunks_exact_mut(self.width)
                .for_each(|row| row[columns.clone()].fill(value));
        });
        spans.iter_mut().for_each(|span| span.left += left);
        spans
    }

    /// Adds what depends on the picture between some rows of cells to `spans`, and gives columns with what
    /// all of them are. Known stretches shorter than `shortest` are a part of the spans around them.
    fn spans(
        &self,
        cells: Range<usize>,
        shortest: usize,
        spans: &mut Vec<Span>,
        mut give: impl FnMut(Range<usize>, u8),
    ) {
        let sides = [&self.cells.above, &self.cells.below];
        let words = self.cells.above.row(0).len();
        // A pixel lies between two cells.
        let word = |side: usize, i: usize| cells.clone().fold(0, |all, y| all | sides[side].row(y)[i]);
        let mut here = [0, 1].map(|side| word(side, 0));
        let (mut before, mut start) = ([false; 2], 0);
        let mut stretch = |columns: Range<usize>, [above, below]: [bool; 2]| {
            if columns.is_empty() {
                return;
            }
            if !(above && below) {
                return give(columns, if above { 255 } else { 0 });
            }
            // Whole eights, which need no copy of a rest; what is known as well is computed to be the same.
            let (left, end) =
                (columns.start / 8 * 8, columns.end.next_multiple_of(8).min(self.columns.len()));
            match spans.last_mut() {
                Some(last) if left < last.left + last.width + shortest => last.width = end - last.left,
                _ => spans.push(Span { left, width: end - left }),
            }
        };
        for i in 0..words {
            let next = if i + 1 < words { [0, 1].map(|side| word(side, i + 1)) } else { [0; 2] };
            let both = [0, 1].map(|side| here[side] | here[side] >> 1 | next[side] << 63);
            let changes = [0, 1].map(|side| both[side] ^ (both[side] << 1 | u64::from(before[side])));
            for at in places(changes[0] | changes[1]).filter(|at| i * 64 + at < self.map_w) {
                let end = self.starts[i * 64 + at];
                if i + at > 0 {
                    stretch(start..end, before);
                }
                start = end;
                before = both.map(|word| word >> at & 1 == 1);
            }
            before = both.map(|word| word >> 63 == 1);
            here = next;
        }
        let last = (self.map_w - 1) % 64;
        before = [0, 1].map(|side| word(side, words - 1) >> last & 1 == 1);
        stretch(start..self.columns.len(), before);
    }

    /// Writes row `y` from its pixels: `pixels` and `alpha` are of `span`. Rows beyond the part stay.
    pub(super) fn run(&mut self, y: usize, span: Span, pixels: &[[u8; 4]], alpha: &mut [u8]) {
        assert!(pixels.len() == span.width && alpha.len() == span.width, "pixels of the span");
        let Some(y) = y.checked_sub(self.rect.top).filter(|&y| y < self.rect.height) else { return };
        let span = Span { left: span.left - self.rect.left, ..span };
        let first = tap(y, self.rect.height, self.map_h).first as usize;
        let (mut spans, mut known) = (std::mem::take(&mut self.spans), std::mem::take(&mut self.known));
        if self.between.replace(first) != Some(first) {
            spans.clear();
            known.clear();
            let cells = first..(first + 2).min(self.map_h);
            self.spans(cells, WORTH_LEAVING, &mut spans, |columns, value| known.push((columns, value)));
        }
        let within = |columns: Range<usize>| {
            let [start, end] =
                [columns.start, columns.end].map(|x| x.clamp(span.left, span.left + span.width));
            start - span.left..end - span.left
        };
        for (columns, value) in &known {
            let columns = within(columns.clone());
            // Even to fill none is a call.
            if !columns.is_empty() {
                alpha[columns].fill(*value);
            }
        }
        for inner in &spans {
            let columns = within(inner.left..inner.left + inner.width);
            if !columns.is_empty() {
                let span = Span { left: span.left + columns.start, width: columns.len() };
                self.apply(y, span, &pixels[columns.clone()], &mut alpha[columns]);
            }
        }
        (self.spans, self.known) = (spans, known);
    }

    /// Writes those pixels of row `y` of the part that depend on the picture; `span` is of the part as well.
    fn apply(&mut self, y: usize, span: Span, pixels: &[[u8; 4]], alpha: &mut [u8]) {
        let columns = &self.columns[span.left..][..span.width];
        let Tap { first, t } = tap(y, self.rect.height, self.map_h);
        let first = first as usize;
        let (above, below) = (self.cells.row(first), self.cells.row((first + 1).min(self.map_h - 1)));
        let t = F32x4::splat(t);
        let between = |x: usize| {
            let above = above(x);
            below(x).sub(above).mul_add(t, above)
        };
        let cells = columns[0].first as usize..columns[span.width - 1].first as usize + 1;
        let mut left = between(cells.start);
        for x in cells {
            let right = between((x + 1).min(self.map_w - 1));
            left.store(&mut self.across[x][0]);
            right.sub(left).store(&mut self.across[x][1]);
            left = right;
        }
        let (eights, rest) = alpha.as_chunks_mut::<8>();
        let taps = columns.as_chunks::<8>();
        let bytes = pixels.as_flattened().as_chunks::<32>();
        for ((alpha, taps), bytes) in eights.iter_mut().zip(taps.0).zip(bytes.0) {
            eight(&self.across, taps, bytes, alpha);
        }
        if !rest.is_empty() {
            let (mut alpha, mut taps, mut last) = ([0; 8], [columns[span.width - 1]; 8], [0; 32]);
            taps[..rest.len()].copy_from_slice(&columns[span.width - rest.len()..]);
            last[..bytes.1.len()].copy_from_slice(bytes.1);
            eight(&self.across, &taps, &last, &mut alpha);
            rest.copy_from_slice(&alpha[..rest.len()]);
        }
    }

    /// The rows of cells that rows of the part lie between.
    fn rows_of_cells(&self, rows: Range<usize>) -> Range<usize> {
        let first = |y| tap(y, self.rect.height, self.map_h).first as usize;
        first(rows.start)..(first(rows.end - 1) + 2).min(self.map_h)
    }
}

/// The matte of eight pixels.
#[inline(always)]
fn eight(across: &[[Affine; 2]], taps: &[Tap; 8], bytes: &[u8; 32], alpha: &mut [u8; 8]) {
    let four = |half: usize| {
        let bytes: &[u8; 16] = bytes[half * 16..][..16].try_into().expect("four pixels");
        let mut products = F32x4::pixels(bytes);
        for (product, tap) in products.iter_mut().zip(&taps[half * 4..]) {
            let [left, slope] = &across[tap.first as usize];
            let affine = F32x4::load(slope).mul_add(F32x4::splat(tap.t), F32x4::load(left));
            *product = product.mul(affine);
        }
        F32x4::sums(products)
    };
    I16x8::round(four(0), four(1)).narrow(alpha);
}

/// The cell on whose right, or below which, a pixel's centre lies, and how far towards the next.
#[derive(Clone, Copy, PartialEq)]
struct Tap {
    first: u32,
    t: f32,
}

/// The tap of pixel `i` of `len`.
fn tap(i: usize, len: usize, cells: usize) -> Tap {
    let at = ((i as f32 + 0.5) * (cells as f32 / len as f32) - 0.5).clamp(0.0, (cells - 1) as f32);
    Tap { first: at as u32, t: at.fract() }
}

#[cfg(test)]
mod tests;
