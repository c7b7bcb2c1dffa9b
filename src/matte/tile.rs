//! One tile of the feather: a square, and the margin that can matter to it.

use std::ops::Range;

use super::feather::Kernel;
use crate::cpu::simd::{F32x4, I16x8};

/// A square of `side` rows, margin included, and what is computed on it. Rows lie `stride` apart, whole
/// eights, which vectors need no scalar rest for; what is beyond the square is picture as well.
pub(super) struct Tile {
    side: usize,
    stride: usize,
    /// The square as it was, and some more values after it.
    alpha: Vec<i16>,
    /// All bits of pixels that are inside.
    inside: Vec<i16>,
    /// Rows to the nearest pixel of the column that is on the other side; capped.
    rows: Vec<i16>,
    /// The square of that, and 0 for pixels that are inside, or outside.
    to_inside: Vec<i16>,
    to_outside: Vec<i16>,
    /// The squared distance of the tile's pixels from the nearest on the other side, in groups of 8.
    nearest: Vec<[i16; 8]>,
    /// A part of a row as numbers, and the tent's mean along rows: of eight columns, in all rows.
    row: Vec<f32>,
    across: Vec<[f32; 8]>,
    /// What the tile becomes, in groups of 8; and which rows of a column of groups have changed.
    output: Vec<[u8; 8]>,
    changed: Vec<Range<usize>>,
}

/// Where a tile is in its picture.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Its first column.
    pub(super) left: usize,
    /// Pixels of a row of the picture.
    pub(super) width: usize,
}

impl Tile {
    pub(super) fn new(kernel: &Kernel) -> Self {
        let side = kernel.tile + 2 * kernel.margin;
        let stride = side.next_multiple_of(8);
        let plane = || vec![0; side * stride];
        Self {
            side,
            stride,
            alpha: vec![0; side * stride + 8],
            inside: plane(),
            rows: plane(),
            to_inside: plane(),
            to_outside: plane(),
            nearest: vec![[0; 8]; kernel.tile * kernel.tile / 8],
            row: vec![0.0; kernel.tent.len() + 15],
            across: vec![[0.0; 8]; side],
            output: vec![[0; 8]; kernel.tile * kernel.tile / 8],
            changed: vec![0..0; kernel.tile / 8],
        }
    }

    /// Takes the square of the tile at `place`, whose rows are rows `0..side` of the picture; columns
    /// beyond it are repeated. Tells whether there is any edge.
    pub(super) fn fill<'a>(
        &mut self,
        kernel: &Kernel,
        place: Place,
        row: impl Fn(usize) -> &'a [u8],
    ) -> bool {
        let Place { left, width } = place;
        let before = kernel.margin.saturating_sub(left);
        let first = left + before - kernel.margin;
        let inner = (self.stride - before).min(width - first);
        let (mut any, mut all) = (0, -1);
        let rows = self.alpha.chunks_exact_mut(self.stride).zip(self.inside.chunks_exact_mut(self.stride));
        for (y, (alpha, inside)) in rows.enumerate() {
            let from = &row(y)[first..first + inner];
            alpha[before..before + inner]
                .iter_mut()
                .zip(from)
                .for_each(|(to, &value)| *to = i16::from(value));
            alpha[..before].fill(i16::from(from[0]));
            alpha[before + inner..].fill(i16::from(from[inner - 1]));
            for (to, &alpha) in inside.iter_mut().zip(&*alpha) {
                *to = -i16::from(alpha >= 128);
                (any, all) = (any | *to, all & *to);
            }
        }
        any != all
    }

    /// Computes the tile's pixels that are near an edge.
    pub(super) fn soften(&mut self, kernel: &Kernel) {
        self.column_distances(kernel.margin);
        let Kernel { margin, tile, ref shares, .. } = *kernel;
        let across = tile / 8;
        for group in 0..across {
            let mut near = tile..0;
            for y in 0..tile {
                let nearest = self.nearest((y + margin) * self.stride + margin + group * 8, margin);
                nearest.store(&mut self.nearest[y * across + group]);
                if nearest.any_below(shares.len() as i16) {
                    near = near.start.min(y)..y + 1;
                }
            }
            if !near.is_empty() {
                self.soften_group(kernel, group, near.clone());
            }
            self.changed[group] = near;
        }
    }

    /// Computes eight columns of the tile, in rows `near`.
    fn soften_group(&mut self, kernel: &Kernel, group: usize, near: Range<usize>) {
        let Kernel { margin, tile, ref tent, ref shares } = *kernel;
        let Self { stride, ref alpha, ref nearest, ref mut row, ref mut across, ref mut output, .. } = *self;
        let blurred = margin - tent.len() / 2;
        let wanted = near.start + blurred..near.end + blurred + tent.len() - 1;
        for (y, across) in wanted.clone().zip(&mut across[wanted.clone()]) {
            blur(tent, &alpha[y * stride + blurred + group * 8..], row, across);
        }
        for y in near {
            let at = y * tile / 8 + group;
            let from =
                alpha[(y + margin) * stride + margin + group * 8..].first_chunk().expect("eight values");
            let from = I16x8::load(from);
            if !I16x8::load(&nearest[at]).any_below(shares.len() as i16) {
                from.narrow(&mut output[at]);
                continue;
            }
            let mut means = [F32x4::splat(0.0); 2];
            for (row, &weight) in across[y + blurred..].iter().zip(tent) {
                for (mean, values) in means.iter_mut().zip(row.as_chunks().0) {
                    *mean = F32x4::load(values).mul_add(F32x4::splat(weight), *mean);
                }
            }
            let share = |squared: i16| shares.get(squared as usize).copied().unwrap_or(0.0);
            let share: [f32; 8] = nearest[at].map(share);
            let [low, high] = from.to_f32();
            let mixed =
                |mean: F32x4, share: &[f32; 4], alpha| mean.sub(alpha).mul_add(F32x4::load(share), alpha);
            let [low_share, high_share] = share.as_chunks().0 else { unreachable!("eight are two fours") };
            I16x8::round(mixed(means[0], low_share, low), mixed(means[1], high_share, high))
                .narrow(&mut output[at]);
        }
    }

    /// Writes the tile's pixels that have changed to its place in `rows` rows.
    pub(super) fn store(&self, kernel: &Kernel, band: &mut [u8], place: Place, rows: usize) {
        let Place { left, width } = place;
        let across = kernel.tile / 8;
        for (group, near) in self.changed.iter().enumerate() {
            let at = left + group * 8;
            for y in near.start..near.end.min(rows) {
                let (output, row) = (&self.output[y * across + group], &mut band[y * width..][..width]);
                match row.get_mut(at..).unwrap_or_default() {
                    to if to.len() < 8 => to.copy_from_slice(&output[..to.len()]),
                    to => to[..8].copy_from_slice(output),
                }
            }
        }
    }

    /// The squared distances between the centres of eight pixels, the first of which is at `at`, and
    /// the nearest ones on the other side; exact up to `margin`.
    #[inline(always)]
    fn nearest(&self, at: usize, margin: usize) -> I16x8 {
        let nearest = |rows: &[i16]| {
            let rows = &rows[at - margin..at + margin + 8];
            let load = |ix: usize| I16x8::load(rows[ix..ix + 8].try_into().expect("eight values"));
            (1..=margin).fold(load(margin), |nearest, ix| {
                let columns = I16x8::splat_pair(&[(ix * ix) as i16; 2]);
                nearest.min(load(margin - ix).min(load(margin + ix)).add(columns))
            })
        };
        // A pixel is on one side, and from there its distance is 0.
        nearest(&self.to_inside).add(nearest(&self.to_outside))
    }

    /// Fills `to_inside` and `to_outside`: one sweep down, one sweep up.
    fn column_distances(&mut self, margin: usize) {
        let (side, stride) = (self.side, self.stride);
        // Beyond any radius; its square and that of a margin fit together.
        let far = margin as i16 + 1;
        let Self { inside, rows, .. } = self;
        rows[..stride].fill(far);
        for y in 1..side {
            let (above, here) = rows[(y - 1) * stride..(y + 1) * stride].split_at_mut(stride);
            let (side_above, side_here) = inside[(y - 1) * stride..(y + 1) * stride].split_at(stride);
            for x in 0..stride {
                here[x] = ((above[x] & !(side_above[x] ^ side_here[x])) + 1).min(far);
            }
        }
        let mut upward = vec![far; stride];
        for y in (0..side - 1).rev() {
            let here = &mut rows[y * stride..][..stride];
            let (side_here, side_below) = inside[y * stride..(y + 2) * stride].split_at(stride);
            for x in 0..stride {
                upward[x] = ((upward[x] & !(side_here[x] ^ side_below[x])) + 1).min(far);
                here[x] = here[x].min(upward[x]);
            }
        }
        let distances = rows.iter().zip(&*inside);
        let to = self.to_inside.iter_mut().zip(&mut self.to_outside);
        for ((rows, inside), (to_inside, to_outside)) in distances.zip(to) {
            let squared = rows * rows;
            (*to_inside, *to_outside) = (squared & !inside, squared & inside);
        }
    }
}

/// The tent's mean of eight values along a row that starts with the first one's first neighbour.
#[inline(always)]
fn blur(tent: &[f32], from: &[i16], numbers: &mut [f32], to: &mut [f32; 8]) {
    let needed = (tent.len() + 7).div_ceil(8);
    for (to, from) in numbers.as_chunks_mut::<8>().0[..needed].iter_mut().zip(from.as_chunks().0) {
        let [low, high] = I16x8::load(from).to_f32();
        let [to_low, to_high] = to.as_chunks_mut().0 else { unreachable!("eight are two fours") };
        low.store(to_low);
        high.store(to_high);
    }
    for (half, to) in to.as_chunks_mut().0.iter_mut().enumerate() {
        let mut mean = F32x4::splat(0.0);
        for (values, &weight) in numbers[half * 4..].windows(4).zip(tent) {
            let values = F32x4::load(values.try_into().expect("four values"));
            mean = values.mul_add(F32x4::splat(weight), mean);
        }
        mean.store(to);
    }
}
