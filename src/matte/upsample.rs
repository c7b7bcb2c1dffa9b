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

/// Half the side of the filter's window, in cells of the network's grid.
pub(super) const RADIUS: usize = 1;

/// Regularisation, for colours and probabilities in 0..1: how much contrast counts as an edge.
pub(super) const EPSILON: f32 = 1e-2;

/// The filtered map is stretched so that these become 0 and 1; it takes away the haze that the
/// filter leaves on both sides of an edge.
pub(super) const LEVELS: [f32; 2] = [0.225, 0.775];

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

/// Applies a map's coefficients to a picture.
pub(super) struct Upsampler {
    map_w: usize,
    map_h: usize,
    height: usize,
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
    /// For a picture of `width` x `height`, whose colours come in the order of those of `map`'s guide.
    ///
    /// # Panics
    /// If `map`'s slices are not of its size.
    pub(super) fn new(map: Map<'_>, width: usize, height: usize) -> Self {
        let columns: Vec<Tap> = (0..width).map(|x| tap(x, width, map.width)).collect();
        let start = |cell: usize| columns.partition_point(|tap| (tap.first as usize) < cell);
        Self {
            map_w: map.width,
            map_h: map.height,
            height,
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
        let (mut spans, width) = (Vec::new(), self.columns.len());
        self.spans(self.rows_of_cells(&rows), WORTH_SKIPPING, &mut spans, |columns, value| {
            alpha.chunks_exact_mut(width).for_each(|row| row[columns.clone()].fill(value));
        });
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

    /// Writes row `y` from its pixels: `pixels` and `alpha` are of `span`.
    pub(super) fn run(&mut self, y: usize, span: Span, pixels: &[[u8; 4]], alpha: &mut [u8]) {
        assert!(pixels.len() == span.width && alpha.len() == span.width, "pixels of the span");
        let first = tap(y, self.height, self.map_h).first as usize;
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

    /// Writes those pixels of row `y` that depend on the picture.
    fn apply(&mut self, y: usize, span: Span, pixels: &[[u8; 4]], alpha: &mut [u8]) {
        let columns = &self.columns[span.left..][..span.width];
        let Tap { first, t } = tap(y, self.height, self.map_h);
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

    /// The rows of cells that rows of the picture lie between.
    fn rows_of_cells(&self, rows: &Range<usize>) -> Range<usize> {
        let first = |y| tap(y, self.height, self.map_h).first as usize;
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
mod tests {
    use super::*;
    use crate::matte::{Bands, Block, Finish};
    use crate::pixels::{Matte, Rgba8};

    fn upsample(map: Map<'_>, picture: Rgba8<'_>) -> Matte {
        let finish = Finish { morphology: None, feather: 0.0 };
        Bands::new(map, picture.width(), picture.height(), finish).unwrap().run(picture)
    }

    /// The header's formula with plain loops in double precision, by Cramer's rule.
    fn reference(map: Map<'_>, picture: Rgba8<'_>) -> Vec<f64> {
        let (width, height) = (map.width as isize, map.height as isize);
        let colour = |i: usize| [0, 1, 2].map(|c| f64::from(map.guide[i * 4 + c]) / 255.0);
        let window = |at: usize| {
            let (x, y) = (at as isize % width, at as isize / width);
            let reach = RADIUS as isize;
            let near = (-reach..=reach).flat_map(move |dy| (-reach..=reach).map(move |dx| (x + dx, y + dy)));
            let inside = near.filter(move |&(x, y)| (0..width).contains(&x) && (0..height).contains(&y));
            inside.map(move |(x, y)| (y * width + x) as usize).collect::<Vec<_>>()
        };
        let determinant = |m: [[f64; 3]; 3]| {
            m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
                - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
                + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
        };
        let fitted: Vec<[f64; 4]> = (0..map.width * map.height)
            .map(|at| {
                let cells = window(at);
                let mean =
                    |f: &dyn Fn(usize) -> f64| cells.iter().map(|&i| f(i)).sum::<f64>() / cells.len() as f64;
                let p = mean(&|i| f64::from(map.probability[i]));
                let mu = [0, 1, 2].map(|c| mean(&|i| colour(i)[c]));
                let matrix: [[f64; 3]; 3] = std::array::from_fn(|r| {
                    std::array::from_fn(|c| {
                        let ridge = if r == c { f64::from(EPSILON) } else { 0.0 };
                        mean(&|i| colour(i)[r] * colour(i)[c]) - mu[r] * mu[c] + ridge
                    })
                });
                let right =
                    [0, 1, 2].map(|c| mean(&|i| colour(i)[c] * f64::from(map.probability[i])) - mu[c] * p);
                let a: [f64; 3] = std::array::from_fn(|column| {
                    let mut replaced = matrix;
                    (0..3).for_each(|row| replaced[row][column] = right[row]);
                    determinant(replaced) / determinant(matrix)
                });
                [a[0], a[1], a[2], p - a[0] * mu[0] - a[1] * mu[1] - a[2] * mu[2]]
            })
            .collect();
        let smooth: Vec<[f64; 4]> = (0..fitted.len())
            .map(|at| {
                let cells = window(at);
                [0, 1, 2, 3].map(|k| cells.iter().map(|&i| fitted[i][k]).sum::<f64>() / cells.len() as f64)
            })
            .collect();
        let at = |i: usize, out: usize, cells: usize| {
            ((i as f64 + 0.5) * cells as f64 / out as f64 - 0.5).clamp(0.0, (cells - 1) as f64)
        };
        let [low, high] = LEVELS.map(f64::from);
        (0..picture.width() * picture.height())
            .map(|i| {
                let (x, y) = (i % picture.width(), i / picture.width());
                let (fx, fy) = (at(x, picture.width(), map.width), at(y, picture.height(), map.height));
                let (x0, y0) = (fx as usize, fy as usize);
                let (x1, y1) = ((x0 + 1).min(map.width - 1), (y0 + 1).min(map.height - 1));
                let (tx, ty) = (fx - x0 as f64, fy - y0 as f64);
                let cell = |cx: usize, cy: usize, k: usize| smooth[cy * map.width + cx][k];
                let [a, b, c, offset] = [0, 1, 2, 3].map(|k| {
                    let above = cell(x0, y0, k) * (1.0 - tx) + cell(x1, y0, k) * tx;
                    let below = cell(x0, y1, k) * (1.0 - tx) + cell(x1, y1, k) * tx;
                    above * (1.0 - ty) + below * ty
                });
                let [red, green, blue, _] = picture.row(y)[x].map(|v| f64::from(v) / 255.0);
                let value = a * red + b * green + c * blue + offset;
                ((value - low) / (high - low)).clamp(0.0, 1.0) * 255.0
            })
            .collect()
    }

    #[test]
    fn matches_reference() {
        for (map_width, map_height, width, height) in
            [(8, 8, 31, 17), (16, 9, 16, 9), (12, 20, 5, 64), (9, 8, 1, 1)]
        {
            let noise = |i: usize, seed: usize| ((i * 2_654_435_761 + seed * 40_503) >> 7) as u8;
            let guide: Vec<u8> = (0..map_width * map_height * 4).map(|i| noise(i, 1)).collect();
            let probability: Vec<f32> =
                (0..map_width * map_height).map(|i| f32::from(noise(i, 2)) / 255.0).collect();
            let bytes: Vec<u8> = (0..width * height * 4).map(|i| noise(i, 3)).collect();
            let picture = Rgba8::new(width, height, &bytes).unwrap();
            let map = Map { width: map_width, height: map_height, probability: &probability, guide: &guide };
            let want = reference(map, picture);
            for (i, (&got, want)) in upsample(map, picture).alpha.iter().zip(want).enumerate() {
                assert!(
                    (f64::from(got) - want).abs() <= 0.51,
                    "{width}x{height} at {i}: got {got}, want {want}"
                );
            }
        }
    }

    #[test]
    fn what_is_not_read_is_what_reading_gives() {
        // Certain on both sides of a slanted edge, as far as probabilities ever are, and doubtful in a spot.
        let (map_width, map_height, width, height) = (61, 47, 250, 190);
        let noise = |i: usize, seed: usize| ((i * 2_654_435_761 + seed * 40_503) >> 7) as u8;
        let guide: Vec<u8> = (0..map_width * map_height * 4).map(|i| noise(i, 1)).collect();
        for doubt in [0.0, 0.005, 0.016, 0.03] {
            let of = |i: usize| {
                let (x, y) = (i % map_width, i / map_width);
                let unsure = doubt * f32::from(noise(i, 2)) / 255.0;
                match x + y / 2 {
                    _ if x.abs_diff(10) < 2 && y.abs_diff(30) < 2 => 0.5,
                    40.. => 1.0 - unsure,
                    _ => unsure,
                }
            };
            let probability: Vec<f32> = (0..map_width * map_height).map(of).collect();
            // Extreme colours are what the proof must hold for.
            let bytes: Vec<u8> =
                (0..width * height * 4).map(|i| if noise(i, 3) > 127 { 255 } else { 0 }).collect();
            let picture = Rgba8::new(width, height, &bytes).unwrap();
            let map = Map { width: map_width, height: map_height, probability: &probability, guide: &guide };
            let finish = Finish { morphology: None, feather: 0.0 };
            let mut bands = Bands::new(map, width, height, finish).unwrap();
            let mut read = 0;
            while let Some((rows, spans)) = bands.reads() {
                read += spans.iter().map(|span| span.width * rows.len()).sum::<usize>();
                let block = Block { bytes: &bytes[rows.start * width * 4..], stride: width * 4 };
                let blocks: Vec<_> = spans.iter().map(|_| block).collect();
                bands.give(&blocks, |_, _| ());
            }
            let share = read as f64 / (width * height) as f64;
            println!("doubt {doubt}: {:.0} % are read", share * 100.0);
            assert!(share < if doubt < 0.02 { 0.6 } else { 1.01 }, "{share} of the picture was read");
            for (i, (&got, want)) in
                upsample(map, picture).alpha.iter().zip(reference(map, picture)).enumerate()
            {
                assert!(
                    (f64::from(got) - want).abs() <= 0.51,
                    "doubt {doubt} at {},{}: got {got}, want {want}",
                    i % width,
                    i / width
                );
            }
        }
    }

    #[test]
    fn follows_the_picture_s_edge_not_the_grid_s() {
        // A white square whose left edge lies within a cell; the map knows it only to the cell.
        let (side, cells, edge) = (160, 16, 83);
        let bytes: Vec<u8> =
            (0..side * side).flat_map(|i| if i % side >= edge { [255; 4] } else { [0, 0, 0, 255] }).collect();
        let picture = Rgba8::new(side, side, &bytes).unwrap();
        let guide = crate::pixels::to_size(picture, cells, cells, crate::pixels::Filter::Box);
        let probability: Vec<f32> = (0..cells * cells).map(|i| f32::from(guide[i * 4]) / 255.0).collect();
        let map = Map { width: cells, height: cells, probability: &probability, guide: &guide };
        let matte = upsample(map, picture);
        for (x, &alpha) in matte.row(80).iter().enumerate() {
            assert_eq!(alpha >= 128, x >= edge, "column {x}: {alpha}");
        }
    }
}
