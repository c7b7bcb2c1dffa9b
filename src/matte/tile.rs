//! One tile of the feather: a square, and the margin that can matter to it.

use std::ops::Range;

use super::feather::{BOTH_SIDES, Kernel};
use crate::cpu::simd::{F32x4, I16x8};

/// A square of `side` rows, margin included, and what is computed on it. Rows lie `stride` apart, whole
/// eights, which vectors need no scalar rest for; what is beyond the square is picture as well.
pub(super) struct Tile {
    side: usize,
    stride: usize,
    /// The square as it was, and some more values after it.
    alpha: Vec<i16>,
    /// All bits of pixels that are inside, in groups of 8.
    inside: Vec<[i16; 8]>,
    /// Of each such group, whether any pixel is outside (bit 0) or inside (bit 1).
    sides: Vec<u8>,
    /// Rows from each pixel of a column up to the nearest one on the other side; capped.
    rows: Vec<[i16; 8]>,
    /// The square of the rows to the nearest one up or down, and 0 for pixels that are inside, or outside.
    to_inside: Vec<i16>,
    to_outside: Vec<i16>,
    /// The squared distance of the tile's pixels from the nearest on the other side, in groups of 8.
    nearest: Vec<[i16; 8]>,
    /// The tent's mean along rows: of eight columns, in all rows.
    across: Vec<[[f32; 4]; 2]>,
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
            inside: vec![[0; 8]; side * stride / 8],
            sides: vec![0; side * stride / 8],
            rows: vec![[0; 8]; side],
            to_inside: plane(),
            to_outside: plane(),
            nearest: vec![[0; 8]; kernel.tile * kernel.tile / 8],
            across: vec![[[0.0; 4]; 2]; side],
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
        let groups = self.stride / 8;
        let inside = self.inside.chunks_exact_mut(groups).zip(self.sides.chunks_exact_mut(groups));
        let half = I16x8::load(&[128; 8]);
        let mut seen = 0;
        for (y, (alpha, (inside, sides))) in self.alpha.chunks_exact_mut(self.stride).zip(inside).enumerate()
        {
            let from = &row(y)[first..first + inner];
            let (eights, rest) = from.as_chunks();
            if rest.is_empty() && inner == alpha.len() {
                let alpha = alpha.as_chunks_mut().0.iter_mut();
                alpha.zip(eights).for_each(|(to, eight)| I16x8::from_bytes(eight).store(to));
            } else {
                let alpha = &mut alpha[before..before + inner];
                alpha.iter_mut().zip(from).for_each(|(to, &value)| *to = i16::from(value));
            }
            // Most tiles have all columns; even to fill none is a call.
            if inner < alpha.len() {
                alpha[..before].fill(i16::from(from[0]));
                alpha[before + inner..].fill(i16::from(from[inner - 1]));
            }
            for ((alpha, inside), sides) in alpha.as_chunks().0.iter().zip(inside).zip(sides) {
                let upper = I16x8::load(alpha).and(half);
                let mask = upper.equals(half);
                mask.store(inside);
                *sides = u8::from(upper.any_below(1)) | u8::from(mask.any_below(0)) << 1;
                seen |= *sides;
            }
        }
        seen == BOTH_SIDES
    }

    /// Computes the tile's pixels that are near an edge.
    pub(super) fn soften(&mut self, kernel: &Kernel) {
        self.column_distances(kernel.margin);
        let Kernel { margin, tile, far, .. } = *kernel;
        let (across, groups) = (tile / 8, self.stride / 8);
        for group in 0..across {
            let mut near = tile..0;
            // One more than the last row where pixels on a side were seen that matter to the group.
            let mut last = [0; 2];
            for (y, sides) in self.sides.chunks_exact(groups).take(self.side).enumerate() {
                let sides =
                    sides[group..=group + (2 * margin).div_ceil(8)].iter().fold(0, |seen, side| seen | side);
                for (side, last) in last.iter_mut().enumerate() {
                    if sides >> side & 1 == 1 {
                        *last = y + 1;
                    }
                }
                let Some(y) = y.checked_sub(2 * margin) else { continue };
                let nearest = if last[0] > y && last[1] > y {
                    self.nearest((y + margin) * self.stride + margin + group * 8, margin)
                } else {
                    I16x8::load(&[i16::MAX; 8])
                };
                nearest.store(&mut self.nearest[y * across + group]);
                if nearest.any_below(far) {
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
    #[inline(never)]
    fn soften_group(&mut self, kernel: &Kernel, group: usize, near: Range<usize>) {
        let Kernel { margin, tile, radius, ref tent, far } = *kernel;
        let Self { stride, ref alpha, ref nearest, ref mut across, ref mut output, .. } = *self;
        let reach = tent.len() - 1;
        let blurred = margin - reach;
        let wanted = near.start + blurred..near.end + margin + reach;
        for (y, across) in wanted.clone().zip(&mut across[wanted]) {
            let means = blur(tent, &alpha[y * stride + blurred + group * 8..]);
            means.into_iter().zip(across).for_each(|(mean, to)| mean.store(to));
        }
        let c = F32x4::splat;
        for y in near {
            let at = y * tile / 8 + group;
            let from =
                alpha[(y + margin) * stride + margin + group * 8..].first_chunk().expect("eight values");
            let from = I16x8::load(from);
            let nearest = I16x8::load(&nearest[at]);
            if !nearest.any_below(far) {
                from.narrow(&mut output[at]);
                continue;
            }
            let rows = &across[y + blurred..][..2 * reach + 1];
            let row = |i: usize| rows[i].each_ref().map(F32x4::load);
            let mut means = row(reach).map(|mean| mean.mul(c(tent[0])));
            for (i, &weight) in (1..).zip(&tent[1..]) {
                let [above, below] = [row(reach - i), row(reach + i)];
                means = std::array::from_fn(|i| above[i].add(below[i]).mul_add(c(weight), means[i]));
            }
            let (from, nearest) = (from.to_f32(), nearest.to_f32());
            let [low, high] = std::array::from_fn(|i| {
                let distance = nearest[i].sqrt().sub(c(0.5));
                let left = c(1.0).sub(distance.mul(c(1.0 / radius))).max(c(0.0));
                means[i].sub(from[i]).mul_add(left.mul(left), from[i])
            });
            I16x8::round(low, high).narrow(&mut output[at]);
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

    /// Fills `to_inside` and `to_outside`: eight columns at a time, one sweep down, one sweep up.
    #[inline(never)]
    fn column_distances(&mut self, margin: usize) {
        // Beyond any radius; its square and that of a margin fit together.
        let (far, one) = (I16x8::load(&[margin as i16 + 1; 8]), I16x8::load(&[1; 8]));
        let groups = self.stride / 8;
        let Self { side, ref inside, ref mut rows, ref mut to_inside, ref mut to_outside, .. } = *self;
        let to_inside = &mut to_inside.as_chunks_mut().0[..side * groups];
        let to_outside = &mut to_outside.as_chunks_mut().0[..side * groups];
        for group in 0..groups {
            let at = |y: usize| I16x8::load(&inside[y * groups + group]);
            let next = |rows: I16x8, same: I16x8| rows.and(same).add(one).min(far);
            let (mut before, mut distance) = (at(0), far);
            for (y, rows) in rows.iter_mut().enumerate() {
                let here = at(y);
                distance = next(distance, here.equals(before));
                distance.store(rows);
                before = here;
            }
            let mut distance = far;
            for (y, rows) in rows.iter().enumerate().rev() {
                let here = at(y);
                distance = next(distance, here.equals(before));
                let nearest = distance.min(I16x8::load(rows));
                let squared = nearest.mul(nearest);
                squared.without(here).store(&mut to_inside[y * groups + group]);
                squared.and(here).store(&mut to_outside[y * groups + group]);
                before = here;
            }
        }
    }
}

/// The tent's mean of eight values along a row that starts with the first one's first neighbour.
#[inline(always)]
fn blur(tent: &[f32], from: &[i16]) -> [F32x4; 2] {
    let reach = tent.len() - 1;
    let from = &from[..2 * reach + 8];
    let at = |ix: usize| I16x8::load(from[ix..ix + 8].try_into().expect("eight values"));
    let mut means = at(reach).to_f32().map(|value| value.mul(F32x4::splat(tent[0])));
    for (i, &weight) in (1..).zip(&tent[1..]) {
        let both = at(reach - i).add(at(reach + i)).to_f32();
        means = std::array::from_fn(|half| both[half].mul_add(F32x4::splat(weight), means[half]));
    }
    means
}
