//! One tile of the feather: a square, and the margin that can matter to it.

use super::feather::Kernel;
use crate::cpu::simd::{F32x4, I16x8};

/// A square of `side` pixels, margin included, and what is computed on it.
pub(super) struct Tile {
    side: usize,
    alpha: Vec<u8>,
    /// All bits of pixels that are inside.
    inside: Vec<i16>,
    /// Rows to the nearest pixel of the column that is on the other side; capped.
    rows: Vec<i16>,
    /// The square of that, and 0 for pixels that are inside, or outside.
    to_inside: Vec<i16>,
    to_outside: Vec<i16>,
    /// The squared distance of the tile's pixels from the nearest on the other side, in groups of 8.
    nearest: Vec<[i16; 8]>,
    /// A row as numbers, and the tent's mean along rows: of the tile's columns, in all rows.
    row: Vec<f32>,
    across: Vec<f32>,
    output: Vec<u8>,
}

impl Tile {
    pub(super) fn new(kernel: &Kernel) -> Self {
        let side = kernel.tile + 2 * kernel.margin;
        let plane = || vec![0; side * side];
        Self {
            side,
            alpha: vec![0; side * side],
            inside: plane(),
            rows: plane(),
            to_inside: plane(),
            to_outside: plane(),
            nearest: vec![[0; 8]; kernel.tile * kernel.tile / 8],
            row: vec![0.0; side],
            across: vec![0.0; side * kernel.tile],
            output: vec![0; kernel.tile * kernel.tile],
        }
    }

    /// Takes the square whose tile starts at column `left`, from its rows `0..side`; columns beyond
    /// the picture are repeated. Tells whether there is any edge.
    pub(super) fn fill<'a>(
        &mut self,
        kernel: &Kernel,
        left: usize,
        width: usize,
        row: impl Fn(usize) -> &'a [u8],
    ) -> bool {
        let (mut low, mut high) = (255, 0);
        let before = kernel.margin.saturating_sub(left);
        let first = left + before - kernel.margin;
        let inner = (self.side - before).min(width - first);
        for (y, to) in self.alpha.chunks_exact_mut(self.side).enumerate() {
            let from = row(y);
            to[..before].fill(from[0]);
            to[before..before + inner].copy_from_slice(&from[first..first + inner]);
            to[before + inner..].fill(from[width - 1]);
            for &alpha in &*to {
                (low, high) = (alpha.min(low), alpha.max(high));
            }
        }
        low < 128 && high >= 128
    }

    /// Computes the tile's pixels.
    pub(super) fn soften(&mut self, kernel: &Kernel) {
        self.column_distances(kernel.margin);
        let Kernel { margin, tile, ref tent, ref shares } = *kernel;
        let side = self.side;
        let across = tile / 8;
        let blurred = margin - tent.len() / 2;
        for group in 0..across {
            let mut any = false;
            for y in 0..tile {
                let nearest = self.nearest((y + margin) * side + margin + group * 8, margin);
                any |= reaches(&nearest, shares.len());
                self.nearest[y * across + group] = nearest;
            }
            if any {
                self.blur_columns(kernel, group * 8);
            }
            for y in 0..tile {
                let from = &self.alpha[(y + margin) * side + margin + group * 8..][..8];
                let output = &mut self.output[y * tile + group * 8..][..8];
                let nearest = self.nearest[y * across + group];
                if !any || !reaches(&nearest, shares.len()) {
                    output.copy_from_slice(from);
                    continue;
                }
                let half = |half: usize| {
                    let at = half * 4..half * 4 + 4;
                    let mut mean = F32x4::splat(0.0);
                    for (iy, &weight) in tent.iter().enumerate() {
                        let row = &self.across[(y + blurred + iy) * tile + group * 8..][at.clone()];
                        let row = F32x4::load(row.try_into().expect("four values"));
                        mean = row.mul_add(F32x4::splat(weight), mean);
                    }
                    let share = |squared: i16| shares.get(squared as usize).copied().unwrap_or(0.0);
                    let share = std::array::from_fn(|i| share(nearest[half * 4 + i]));
                    let alpha = F32x4::load(&std::array::from_fn(|i| f32::from(from[half * 4 + i])));
                    mean.sub(alpha).mul_add(F32x4::load(&share), alpha)
                };
                let eight = I16x8::round(half(0), half(1));
                eight.narrow(output.try_into().expect("eight values"));
            }
        }
    }

    /// Writes the tile's pixels to its place in `rows` rows of `width` pixels.
    pub(super) fn store(&self, kernel: &Kernel, band: &mut [u8], left: usize, width: usize, rows: usize) {
        let columns = kernel.tile.min(width - left);
        let output = self.output.chunks_exact(kernel.tile).take(rows);
        for (to, row) in band.chunks_exact_mut(width).zip(output) {
            to[left..left + columns].copy_from_slice(&row[..columns]);
        }
    }

    /// Fills eight columns of `across` from `left`.
    fn blur_columns(&mut self, kernel: &Kernel, left: usize) {
        let Kernel { margin, tile, ref tent, .. } = *kernel;
        let first = left + margin - tent.len() / 2;
        let numbers = &mut self.row[..tent.len() + 7];
        let rows = self.across.chunks_exact_mut(tile).zip(self.alpha.chunks_exact(self.side));
        for (output, row) in rows {
            numbers.iter_mut().zip(&row[first..]).for_each(|(to, &alpha)| *to = f32::from(alpha));
            for half in 0..2 {
                let mut mean = F32x4::splat(0.0);
                for (values, &weight) in numbers[half * 4..].windows(4).zip(tent) {
                    let values = F32x4::load(values.try_into().expect("four values"));
                    mean = values.mul_add(F32x4::splat(weight), mean);
                }
                let output = &mut output[left + half * 4..][..4];
                mean.store(output.try_into().expect("four values"));
            }
        }
    }

    /// The squared distances between the centres of eight pixels, the first of which is at `at`, and
    /// the nearest ones on the other side; exact up to `margin`.
    #[inline(always)]
    fn nearest(&self, at: usize, margin: usize) -> [i16; 8] {
        let nearest = |rows: &[i16]| {
            let rows = &rows[at - margin..at + margin + 8];
            let load = |ix: usize| I16x8::load(rows[ix..ix + 8].try_into().expect("eight values"));
            (1..=margin).fold(load(margin), |nearest, ix| {
                let columns = I16x8::splat_pair(&[(ix * ix) as i16; 2]);
                nearest.min(load(margin - ix).min(load(margin + ix)).add(columns))
            })
        };
        // A pixel is on one side, and from there its distance is 0.
        nearest(&self.to_inside).add(nearest(&self.to_outside)).to_array()
    }

    /// Fills `to_inside` and `to_outside`: one sweep down, one sweep up.
    fn column_distances(&mut self, margin: usize) {
        let side = self.side;
        // Beyond any radius; its square and that of a margin fit together.
        let far = margin as i16 + 1;
        let Self { inside, rows, .. } = self;
        inside.iter_mut().zip(&self.alpha).for_each(|(to, &alpha)| *to = -i16::from(alpha >= 128));
        rows[..side].fill(far);
        for y in 1..side {
            let (above, here) = rows[(y - 1) * side..(y + 1) * side].split_at_mut(side);
            let (side_above, side_here) = inside[(y - 1) * side..(y + 1) * side].split_at(side);
            for x in 0..side {
                here[x] = ((above[x] & !(side_above[x] ^ side_here[x])) + 1).min(far);
            }
        }
        let mut upward = vec![far; side];
        for y in (0..side - 1).rev() {
            let here = &mut rows[y * side..][..side];
            let (side_here, side_below) = inside[y * side..(y + 2) * side].split_at(side);
            for x in 0..side {
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

/// Whether any of eight squared distances is below `limit`.
#[inline(always)]
fn reaches(squared: &[i16; 8], limit: usize) -> bool {
    let least = squared.iter().fold(i16::MAX, |least, &squared| least.min(squared));
    (least as usize) < limit
}
