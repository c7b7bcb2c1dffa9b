//! One tile of the feather: a square, and the margin that can matter to it.

use super::feather::Kernel;
use crate::cpu::simd::{F32x4, I16x8};

/// A square of `side` pixels, margin included, and what is computed on it.
pub(super) struct Tile {
    side: usize,
    alpha: Vec<u8>,
    /// The square of the number of rows to the nearest pixel of the column that is inside, and that
    /// is outside; capped.
    to_inside: Vec<u16>,
    to_outside: Vec<u16>,
    /// A row as numbers, and the tent's mean along rows: all rows, the tile's columns.
    row: Vec<f32>,
    across: Vec<f32>,
    output: Vec<u8>,
}

impl Tile {
    pub(super) fn new(kernel: &Kernel) -> Self {
        let side = kernel.tile + 2 * kernel.margin;
        Self {
            side,
            alpha: vec![0; side * side],
            to_inside: vec![0; side * side],
            to_outside: vec![0; side * side],
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
        self.blur_rows(kernel);
        let Kernel { margin, tile, ref tent, ref shares } = *kernel;
        let mut nearest = vec![0_u16; tile];
        for y in 0..tile {
            let from = &self.alpha[(y + margin) * self.side + margin..][..tile];
            self.nearest(y + margin, margin, from, &mut nearest);
            let output = self.output[y * tile..][..tile].as_chunks_mut::<8>().0;
            let groups = output.iter_mut().zip(from.as_chunks::<8>().0).zip(nearest.as_chunks::<8>().0);
            for (i, ((output, from), nearest)) in groups.enumerate() {
                *output = *from;
                if nearest.iter().all(|&squared| usize::from(squared) >= shares.len()) {
                    continue;
                }
                let share = nearest.map(|squared| shares.get(usize::from(squared)).copied().unwrap_or(0.0));
                let (share, alpha) = (share.as_chunks::<4>().0, from.map(f32::from));
                let half = |half: usize| {
                    let mut mean = F32x4::splat(0.0);
                    for (iy, &weight) in tent.iter().enumerate() {
                        let row = &self.across[(y + iy) * tile + i * 8 + half * 4..][..4];
                        let row = F32x4::load(row.try_into().expect("four values"));
                        mean = row.mul_add(F32x4::splat(weight), mean);
                    }
                    let alpha = F32x4::load(&alpha.as_chunks::<4>().0[half]);
                    mean.sub(alpha).mul_add(F32x4::load(&share[half]), alpha)
                };
                I16x8::round(half(0), half(1)).narrow(output);
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

    /// Fills `across`.
    fn blur_rows(&mut self, kernel: &Kernel) {
        let rows = self.across.chunks_exact_mut(kernel.tile).zip(self.alpha.chunks_exact(self.side));
        for (output, row) in rows {
            self.row.iter_mut().zip(row).for_each(|(to, &alpha)| *to = f32::from(alpha));
            for (i, output) in output.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                let near = &self.row[i * 4..][..kernel.tent.len() + 3];
                let mut mean = F32x4::splat(0.0);
                for (values, &weight) in near.windows(4).zip(&kernel.tent) {
                    let values = F32x4::load(values.try_into().expect("four values"));
                    mean = values.mul_add(F32x4::splat(weight), mean);
                }
                mean.store(output);
            }
        }
    }

    /// The squared distance between each pixel's centre and the nearest on the other side, of the
    /// tile's columns of row `y`; exact up to `margin`.
    fn nearest(&self, y: usize, margin: usize, alpha: &[u8], nearest: &mut [u16]) {
        let tile = alpha.len();
        let row = y * self.side..(y + 1) * self.side;
        let (to_inside, to_outside) = (&self.to_inside[row.clone()], &self.to_outside[row]);
        nearest.fill(u16::MAX);
        for ix in 0..=2 * margin {
            let columns = ix.abs_diff(margin).pow(2) as u16;
            let (inside, outside) = (&to_inside[ix..][..tile], &to_outside[ix..][..tile]);
            for (((nearest, alpha), inside), outside) in
                nearest.iter_mut().zip(alpha).zip(inside).zip(outside)
            {
                let rows = if *alpha >= 128 { outside } else { inside };
                *nearest = (*nearest).min(rows + columns);
            }
        }
    }

    /// Fills `to_inside` and `to_outside`: one sweep down, one sweep up.
    fn column_distances(&mut self, margin: usize) {
        let side = self.side;
        // Beyond any radius; its square and that of a margin fit together.
        let far = margin as u16 + 1;
        let sweep = |to: &mut [u16], alpha: &[u8], inside: bool| {
            let step = |rows: u16, alpha: u8| if (alpha >= 128) == inside { 0 } else { (rows + 1).min(far) };
            to[..side].iter_mut().zip(alpha).for_each(|(to, &alpha)| *to = step(far, alpha));
            for y in 1..side {
                let (above, here) = to[(y - 1) * side..(y + 1) * side].split_at_mut(side);
                let alpha = &alpha[y * side..][..side];
                here.iter_mut()
                    .zip(above)
                    .zip(alpha)
                    .for_each(|((to, above), &alpha)| *to = step(*above, alpha));
            }
            for y in (0..side - 1).rev() {
                let (here, below) = to[y * side..(y + 2) * side].split_at_mut(side);
                here.iter_mut().zip(below).for_each(|(to, below)| *to = (*to).min(*below + 1));
            }
            to.iter_mut().for_each(|rows| *rows *= *rows);
        };
        sweep(&mut self.to_inside, &self.alpha, true);
        sweep(&mut self.to_outside, &self.alpha, false);
    }
}
