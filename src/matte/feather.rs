//! The feather: a soft edge of a stated radius, and nothing beyond it.
//!
//! Geometry. A pixel is inside if its alpha is at least 128. `d` is the distance, in pixels of
//! the picture, from a pixel's centre to the edge: the exact Euclidean distance to the nearest
//! centre on the other side, less the half pixel that lies beyond the edge. With radius `R`
//!
//! `alpha' = alpha + (1 - d / R)^2 * (tent(alpha) - alpha)` where `d < R`, else `alpha`,
//!
//! where `tent` is the separable mean with weights `R - |offset|`. So a hard straight edge
//! becomes a monotone ramp within `R` pixels on both sides of it, its half-way point stays where
//! it was, and at `R` pixels from any edge alpha is what it was. The square keeps most of the ramp
//! near the edge, where a matte is least sure; in its last pixel the ramp may be less than a byte tells.
//!
//! The work is done in tiles, and only in those near an edge. Memory: two bands of a tile's height.

use super::tile::{Place, Tile};
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
    if matte.alpha.is_empty() {
        return Ok(());
    }
    let Matte { width, height, ref mut alpha } = *matte;
    let mut feather = Feather::new(radius, width, height);
    let band = feather.band_rows() * width;
    // Bands come out one behind those that go in, so the matte can be both.
    for start in (0..alpha.len()).step_by(band) {
        let end = (start + band).min(alpha.len());
        feather.next().copy_from_slice(&alpha[start..end]);
        feather.advance(|y, rows| alpha[y * width..][..rows.len()].copy_from_slice(rows));
    }
    Ok(())
}

/// A picture's feather, band by band from top to bottom.
pub(super) struct Feather {
    kernel: Kernel,
    width: usize,
    height: usize,
    /// Rows as they were: the band that is softened next, and the one below it.
    bands: [Vec<u8>; 2],
    /// The last rows of the band above, as they were.
    above: Vec<u8>,
    /// Of each eight columns of the three bands, whether any pixel is outside (bit 0) or inside (bit 1).
    sides: [Vec<u8>; 3],
    /// How many bands have come.
    taken: usize,
    tiles: [Tile; 2],
}

/// One radius' constants.
pub(super) struct Kernel {
    /// Pixels around a tile that can matter to it: those whose centre is less than the radius and
    /// half a pixel away.
    pub(super) margin: usize,
    /// Side of a tile; at least `margin`, so that only neighbouring tiles matter.
    pub(super) tile: usize,
    /// In pixels.
    pub(super) radius: f32,
    /// The tent's weights of a pixel and of those on each of its sides that have one.
    pub(super) tent: Vec<f32>,
    /// The first squared distance between pixel centres at which the blur has no share.
    pub(super) far: i16,
}

/// Pixels both outside (bit 0) and inside (bit 1).
pub(super) const BOTH_SIDES: u8 = 0b11;

impl Kernel {
    fn new(radius: f32) -> Self {
        let margin = (radius + 0.5).ceil() as usize - 1;
        let reach = (radius.ceil() as usize).saturating_sub(1);
        let weights: Vec<f32> = (0..=reach).map(|offset| radius - offset as f32).collect();
        let sum = weights[0] + 2.0 * weights[1..].iter().sum::<f32>();
        let tent = weights.iter().map(|weight| weight / sum).collect();
        // The edge lies half a pixel before the nearest centre beyond it.
        let far = (radius + 0.5).powi(2).ceil() as i16;
        Self { margin, tile: margin.next_multiple_of(32).max(32), radius, tent, far }
    }
}

impl Feather {
    /// `radius` is one that [`check_feather`] lets pass; 0 hands on what comes in.
    pub(super) fn new(radius: f32, width: usize, height: usize) -> Self {
        let kernel = Kernel::new(radius);
        let across = width.div_ceil(8);
        Self {
            width,
            height,
            bands: std::array::from_fn(|_| vec![0; kernel.tile.min(height) * width]),
            above: vec![0; kernel.margin * width],
            sides: std::array::from_fn(|_| vec![0; across]),
            taken: 0,
            tiles: std::array::from_fn(|_| Tile::new(&kernel)),
            kernel,
        }
    }

    /// Rows of a band; the last one may have fewer.
    pub(super) fn band_rows(&self) -> usize {
        self.kernel.tile
    }

    /// The rows that come next; none after the last.
    pub(super) fn next_rows(&self) -> std::ops::Range<usize> {
        let tile = self.kernel.tile;
        (self.taken * tile).min(self.height)..((self.taken + 1) * tile).min(self.height)
    }

    /// Where the rows that come next are to be written, `[rows, width]`; it holds anything.
    pub(super) fn next(&mut self) -> &mut [u8] {
        let rows = self.next_rows().len();
        &mut self.bands[self.taken % 2][..rows * self.width]
    }

    /// Takes what was written to `next`, and gives the rows that are done, with the first one's number.
    pub(super) fn advance(&mut self, mut give: impl FnMut(usize, &[u8])) {
        let band = self.taken;
        self.sides.rotate_left(1);
        let Self { kernel: Kernel { tile, .. }, ref bands, ref mut sides, width, .. } = *self;
        let rows = self.height.min((band + 1) * tile) - band * tile;
        tell_sides(&bands[band % 2][..rows * width], width, &mut sides[2]);
        self.taken += 1;
        if band > 0 {
            self.soften(band - 1, &mut give);
        }
        if self.next_rows().is_empty() {
            self.sides.rotate_left(1);
            self.sides[2].fill(0);
            self.soften(band, &mut give);
        }
    }

    /// Softens a band whose neighbours are there as they were.
    fn soften(&mut self, band: usize, give: &mut impl FnMut(usize, &[u8])) {
        let Self {
            ref kernel, width, height, ref mut bands, ref mut above, ref sides, ref mut tiles, ..
        } = *self;
        let Kernel { margin, tile, far, .. } = *kernel;
        let [even, odd] = bands;
        let (here, below) = if band.is_multiple_of(2) { (even, odd) } else { (odd, even) };
        let (top, rows) = (band * tile, tile.min(height - band * tile));
        let kept = here[(rows - margin.min(rows)) * width..rows * width].to_vec();
        // No two centres are less than 1 apart.
        if far > 1 {
            // A tile is written when the next one has been computed from what it was.
            let mut pending: Option<Place> = None;
            for (tx, left) in (0..width).step_by(tile).enumerate() {
                let place = Place { left, width };
                let end = (left + tile + margin).min(width).div_ceil(8);
                let near = sides.iter().flat_map(|row| &row[left.saturating_sub(margin) / 8..end]);
                let mut edge = near.fold(0, |seen, sides| seen | sides) == BOTH_SIDES;
                if edge {
                    let row = |y: usize| {
                        // The picture's first and last rows are repeated.
                        let y = (top + y).saturating_sub(margin).min(height - 1);
                        match (y.checked_sub(top), y.checked_sub(top + tile)) {
                            (None, _) => &above[(margin + y - top) * width..][..width],
                            (Some(y), None) => &here[y * width..][..width],
                            (_, Some(y)) => &below[y * width..][..width],
                        }
                    };
                    edge = tiles[tx % 2].fill(kernel, place, row);
                    if edge {
                        tiles[tx % 2].soften(kernel);
                    }
                }
                if let Some(done) = pending.take() {
                    tiles[(tx + 1) % 2].store(kernel, here, done, rows);
                }
                pending = edge.then_some(place);
            }
            if let Some(done) = pending {
                tiles[done.left / tile % 2].store(kernel, here, done, rows);
            }
        }
        // Where fewer rows than the margin come in a band, it is the last one.
        let unused = above.len() - kept.len();
        above[unused..].copy_from_slice(&kept);
        give(top, &here[..rows * width]);
    }
}

/// Tells of each eight columns of some rows what `Feather::sides` says.
fn tell_sides(rows: &[u8], width: usize, sides: &mut [u8]) {
    let mut seen = [vec![0; width], vec![u8::MAX; width]];
    for row in rows.chunks_exact(width) {
        let [any, all] = &mut seen;
        any.iter_mut().zip(row).for_each(|(any, alpha)| *any |= alpha);
        all.iter_mut().zip(row).for_each(|(all, alpha)| *all &= alpha);
    }
    // A pixel is inside if the highest bit of its byte is set.
    let [any, all] = seen.each_ref().map(|seen| seen.chunks(8));
    for (sides, (any, all)) in sides.iter_mut().zip(any.zip(all)) {
        let (inside, both) = (any.iter().any(|&any| any >= 128), all.iter().all(|&all| all >= 128));
        *sides = u8::from(!both) | u8::from(inside) << 1;
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
                let share = (1.0 - distance / radius).powi(2);
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
            assert!(row[102 - reach] > 0 && row[97 + reach] < 255, "the radius is used");
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
