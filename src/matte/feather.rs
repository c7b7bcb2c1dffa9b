//! The feather: a soft edge of a stated radius, and nothing beyond it.
//!
//! Geometry. A pixel is inside if its alpha is at least 128. `d` is the distance, in pixels of
//! the picture, from a pixel's centre to the edge: the exact Euclidean distance to the nearest
//! centre on the other side, less the half pixel that lies beyond the edge. With radius `R`
//!
//! `alpha' = alpha + (1 - d / R) * (tent(alpha) - alpha)` where `d < R`, else `alpha`,
//!
//! where `tent` is the separable mean with weights `R - |offset|`. So a hard straight edge
//! becomes a monotone ramp within `R` pixels on both sides of it, its half-way point stays where
//! it was, and at `R` pixels from any edge alpha is what it was.
//!
//! The work is done in tiles, and only in those near an edge. Memory: one band of rows.

use crate::error::{Error, Result};
use crate::pixels::Matte;

/// The feather's radius at intensity 0 and at 1, in pixels of the picture.
pub const FEATHER_RADIUS: [f32; 2] = [3.0, 7.0];

/// The largest radius, in pixels of the picture.
pub const FEATHER_MAX: f32 = 64.0;

/// The radius for an effect of `intensity`, 0 to 1: linear between the ends of [`FEATHER_RADIUS`].
///
/// # Errors
/// `InvalidInput` outside 0..=1.
pub fn feather_radius(intensity: f32) -> Result<f32> {
    if !(0.0..=1.0).contains(&intensity) {
        return Err(Error::invalid(format!("intensity is {intensity}, want 0 to 1")));
    }
    let [thin, wide] = FEATHER_RADIUS;
    Ok(thin + (wide - thin) * intensity)
}

/// Refuses a radius outside 0..=[`FEATHER_MAX`].
pub fn check_feather(radius: f32) -> Result<()> {
    if !(0.0..=FEATHER_MAX).contains(&radius) {
        return Err(Error::invalid(format!("feather is {radius}, want 0 to {FEATHER_MAX} pixels")));
    }
    Ok(())
}

/// Softens `matte`'s edges by `radius` pixels; 0 leaves it as it is.
///
/// # Errors
/// As [`check_feather`].
pub fn feather(matte: &mut Matte, radius: f32) -> Result<()> {
    check_feather(radius)?;
    if radius > 0.0 {
        Feather::new(radius).run(matte);
    }
    Ok(())
}

/// One radius' constants and scratch space.
struct Feather {
    radius: f32,
    /// Pixels around a tile that can matter to it.
    margin: usize,
    /// Side of a tile; at least `margin`, so that only neighbouring tiles matter.
    tile: usize,
    /// Weights of the tent, for offsets `-margin..=margin`.
    tent: Vec<f32>,
}

/// Whether any pixel of a tile is outside (bit 0) or inside (bit 1).
const BOTH_SIDES: u8 = 0b11;

fn side(alpha: u8) -> u8 {
    if alpha >= 128 { 0b10 } else { 0b01 }
}

impl Feather {
    fn new(radius: f32) -> Self {
        let margin = (radius + 0.5).ceil() as usize;
        let weights: Vec<f32> =
            (0..=2 * margin).map(|i| (radius - (i as f32 - margin as f32).abs()).max(0.0)).collect();
        let sum: f32 = weights.iter().sum();
        let tent = weights.iter().map(|weight| weight / sum).collect();
        Self { radius, margin, tile: margin.next_multiple_of(32), tent }
    }

    fn run(&self, matte: &mut Matte) {
        let Self { margin, tile, .. } = *self;
        let (width, height) = (matte.width, matte.height);
        let (across, down) = (width.div_ceil(tile), height.div_ceil(tile));
        let mut sides = vec![0_u8; across * down];
        for (y, row) in matte.alpha.chunks_exact(width).enumerate() {
            for (tx, part) in row.chunks(tile).enumerate() {
                sides[y / tile * across + tx] |= part.iter().fold(0, |seen, &alpha| seen | side(alpha));
            }
        }
        let near_edge = |tx: usize, ty: usize| {
            let rows = ty.saturating_sub(1)..(ty + 2).min(down);
            rows.flat_map(|ny| (tx.saturating_sub(1)..(tx + 2).min(across)).map(move |nx| (nx, ny)))
                .fold(0, |seen, (nx, ny)| seen | sides[ny * across + nx])
                == BOTH_SIDES
        };

        // The band holds the rows as they were: the matte itself is overwritten tile by tile.
        let band_rows = tile + 2 * margin;
        let mut band = vec![0; band_rows * width];
        let mut region = Region::new(tile, margin);
        for ty in 0..down {
            let kept = if ty == 0 { 0 } else { 2 * margin };
            band.copy_within((band_rows - kept) * width.., 0);
            for row in kept..band_rows {
                let y = (ty * tile + row).saturating_sub(margin).min(height - 1);
                band[row * width..][..width].copy_from_slice(&matte.alpha[y * width..][..width]);
            }
            for tx in (0..across).filter(|&tx| near_edge(tx, ty)) {
                region.fill(&band, width, tx * tile);
                region.soften(self);
                let columns = tile.min(width - tx * tile);
                for (y, row) in
                    region.output.chunks_exact(tile).enumerate().take(tile.min(height - ty * tile))
                {
                    let at = (ty * tile + y) * width + tx * tile;
                    matte.alpha[at..at + columns].copy_from_slice(&row[..columns]);
                }
            }
        }
    }
}

/// One tile with its margin: a square of `side` pixels, and what is computed on it.
struct Region {
    side: usize,
    alpha: Vec<u8>,
    /// Rows to the nearest pixel of the column that is inside, and that is outside; capped.
    to_inside: Vec<u8>,
    to_outside: Vec<u8>,
    /// The tent's mean along rows: all rows, the tile's columns.
    across: Vec<f32>,
    output: Vec<u8>,
}

/// A vertical distance that is beyond any radius.
const FAR: u8 = u8::MAX;

impl Region {
    fn new(tile: usize, margin: usize) -> Self {
        let side = tile + 2 * margin;
        Self {
            side,
            alpha: vec![0; side * side],
            to_inside: vec![0; side * side],
            to_outside: vec![0; side * side],
            across: vec![0.0; side * tile],
            output: vec![0; tile * tile],
        }
    }

    /// Takes the square whose tile starts at column `left`; the picture's border is repeated.
    fn fill(&mut self, band: &[u8], width: usize, left: usize) {
        let margin = (self.side - self.output.len().isqrt()) / 2;
        for (to, from) in self.alpha.chunks_exact_mut(self.side).zip(band.chunks_exact(width)) {
            for (i, alpha) in to.iter_mut().enumerate() {
                *alpha = from[(left + i).saturating_sub(margin).min(width - 1)];
            }
        }
    }

    fn soften(&mut self, feather: &Feather) {
        let Feather { radius, margin, tile, ref tent } = *feather;
        self.column_distances();
        for (out, row) in self.across.chunks_exact_mut(tile).zip(self.alpha.chunks_exact(self.side)) {
            for (x, out) in out.iter_mut().enumerate() {
                *out = row[x..].iter().zip(tent).map(|(&alpha, weight)| f32::from(alpha) * weight).sum();
            }
        }
        for y in 0..tile {
            for x in 0..tile {
                let alpha = self.alpha[(y + margin) * self.side + x + margin];
                let distance = self.distance(alpha, x + margin, y + margin, margin);
                let out = &mut self.output[y * tile + x];
                *out = alpha;
                if distance < radius {
                    let mean: f32 = tent
                        .iter()
                        .enumerate()
                        .map(|(i, weight)| self.across[(y + i) * tile + x] * weight)
                        .sum();
                    let share = 1.0 - distance / radius;
                    let alpha = f32::from(alpha);
                    *out = (alpha + share * (mean - alpha) + 0.5) as u8;
                }
            }
        }
    }

    /// Distance of the pixel at `x`, `y` from the edge; exact up to `margin`.
    fn distance(&self, alpha: u8, x: usize, y: usize, margin: usize) -> f32 {
        let columns = if alpha >= 128 { &self.to_outside } else { &self.to_inside };
        let row = &columns[y * self.side + x - margin..][..2 * margin + 1];
        let squared = |(i, &rows): (usize, &u8)| (i.abs_diff(margin)).pow(2) + usize::from(rows).pow(2);
        let nearest = row.iter().enumerate().map(squared).min().expect("a row of the window");
        (nearest as f32).sqrt() - 0.5
    }

    /// Fills `to_inside` and `to_outside`: one sweep down, one sweep up.
    fn column_distances(&mut self) {
        let side_length = self.side;
        for x in 0..side_length {
            let mut sweep = |rows: &mut dyn Iterator<Item = usize>, first: bool| {
                let (mut inside, mut outside) = (FAR, FAR);
                for y in rows {
                    let at = y * side_length + x;
                    let is_inside = self.alpha[at] >= 128;
                    inside = if is_inside { 0 } else { inside.saturating_add(1) };
                    outside = if is_inside { outside.saturating_add(1) } else { 0 };
                    if first {
                        (self.to_inside[at], self.to_outside[at]) = (inside, outside);
                    } else {
                        self.to_inside[at] = self.to_inside[at].min(inside);
                        self.to_outside[at] = self.to_outside[at].min(outside);
                    }
                }
            };
            sweep(&mut (0..side_length), true);
            sweep(&mut (0..side_length).rev(), false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matte(width: usize, height: usize, alpha: impl Fn(usize, usize) -> u8) -> Matte {
        let alpha = (0..width * height).map(|i| alpha(i % width, i / width)).collect();
        Matte { width, height, alpha }
    }

    /// The formula of the header over the whole picture, one pixel at a time.
    fn reference(from: &Matte, radius: f32) -> Vec<u8> {
        let (width, height) = (from.width as isize, from.height as isize);
        let at = |x: isize, y: isize| {
            from.alpha[(y.clamp(0, height - 1) * width + x.clamp(0, width - 1)) as usize]
        };
        let reach = radius.ceil() as isize + 1;
        let window = || (-reach..=reach).flat_map(move |dy| (-reach..=reach).map(move |dx| (dx, dy)));
        (0..width * height)
            .map(|i| {
                let (x, y) = (i % width, i / width);
                let alpha = at(x, y);
                let distance = window()
                    .filter(|(dx, dy)| (at(x + dx, y + dy) >= 128) != (alpha >= 128))
                    .map(|(dx, dy)| ((dx * dx + dy * dy) as f32).sqrt() - 0.5)
                    .fold(f32::INFINITY, f32::min);
                if distance >= radius {
                    return alpha;
                }
                let weight = |offset: isize| (radius - offset.abs() as f32).max(0.0);
                let sum: f32 = window().map(|(dx, dy)| weight(dx) * weight(dy)).sum();
                let mean: f32 = window()
                    .map(|(dx, dy)| weight(dx) * weight(dy) * f32::from(at(x + dx, y + dy)))
                    .sum::<f32>()
                    / sum;
                let share = 1.0 - distance / radius;
                (f32::from(alpha) + share * (mean - f32::from(alpha)) + 0.5) as u8
            })
            .collect()
    }

    #[test]
    fn matches_reference() {
        let blob = |x: usize, y: usize| ((x * x + 3 * y * 7 + x * y) % 256) as u8;
        let disc = |x: usize, y: usize| if (x as f32 - 50.0).hypot(y as f32 - 33.0) < 21.5 { 255 } else { 0 };
        let ramp = |x: usize, y: usize| ((x * 4).saturating_sub(y)).min(255) as u8;
        type Shape<'a> = &'a dyn Fn(usize, usize) -> u8;
        let shapes: [(&str, Shape<'_>); 3] = [("blob", &blob), ("disc", &disc), ("ramp", &ramp)];
        for (name, shape) in shapes {
            for (width, height) in [(1, 1), (3, 90), (97, 70), (64, 32), (33, 1)] {
                for radius in [0.4, 1.0, 3.0, 4.7, 7.0, 12.0] {
                    let mut got = matte(width, height, shape);
                    let want = reference(&got, radius);
                    feather(&mut got, radius).unwrap();
                    for (i, (&got, &want)) in got.alpha.iter().zip(&want).enumerate() {
                        assert!(
                            got.abs_diff(want) <= 1,
                            "{name} {width}x{height} radius {radius} at {},{}: got {got}, want {want}",
                            i % width,
                            i / width
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn hard_edge_becomes_a_ramp_of_the_radius() {
        for intensity in [0.0, 0.25, 0.5, 1.0] {
            let radius = feather_radius(intensity).unwrap();
            let mut edge = matte(200, 100, |x, _| if x >= 100 { 255 } else { 0 });
            feather(&mut edge, radius).unwrap();
            let row = edge.row(50);
            assert!(row.windows(2).all(|pair| pair[0] <= pair[1]), "monotone");
            for x in 0..100 {
                assert!(row[x].abs_diff(255 - row[199 - x]) <= 1, "symmetric about the edge");
            }
            let reach = radius as usize;
            assert!(row[100 - reach - 1] == 0 && row[99 + reach + 1] == 255, "nothing beyond the radius");
            assert!(row[101 - reach] > 0 && row[98 + reach] < 255, "the radius is used");
        }
    }

    #[test]
    fn far_from_edges_nothing_changes() {
        // Soft values on one side only: there is no edge to feather.
        let mut hazy = matte(80, 80, |x, y| ((x + y) % 128) as u8);
        let before = hazy.clone();
        feather(&mut hazy, 7.0).unwrap();
        assert_eq!(hazy, before);
    }

    #[test]
    fn out_of_range_is_refused() {
        let mut one = matte(1, 1, |_, _| 0);
        for radius in [-1.0, 64.5, f32::NAN] {
            assert!(feather(&mut one, radius).is_err());
        }
        for intensity in [-0.1, 1.1, f32::NAN] {
            assert!(feather_radius(intensity).is_err());
        }
        assert_eq!(feather_radius(0.0).unwrap(), 3.0);
        assert_eq!(feather_radius(1.0).unwrap(), 7.0);
    }
}
