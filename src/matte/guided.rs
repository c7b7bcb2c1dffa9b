//! The guided filter's coefficients, on the network's grid.
//!
//! Within each window the map is taken to be an affine function of the picture's colour,
//! `p = a . rgb + b`; the least squares fit needs 13 means over the window. Rows go through once, and
//! only those of one window are held; where no cell needs a fit, nothing is measured.

use super::upsample::{EPSILON, LEVELS, Map, RADIUS};
use crate::cpu::simd::F32x4;

/// Rows and columns of a window.
const WINDOW: usize = 2 * RADIUS + 1;

/// `a` for red, green, blue, and `b / 255`: the filtered value, levels applied and as a byte, is
/// their product with the pixel's red, green, blue and 255.
pub(super) type Affine = [f32; 4];

/// What is known of a cell before the picture is looked at: whether some colour gives more than 0
/// (`ABOVE`), and some less than 255 (`BELOW`).
pub(super) const ABOVE: u8 = 1;
pub(super) const BELOW: u8 = 2;

/// The coefficients of each cell, and what is known of it.
///
/// Where all probabilities around a cell are so near to 0, or to 1, that no colour can give another
/// value, the coefficients are not computed and give just that.
///
/// # Panics
/// If `map`'s slices are not of its size.
pub(super) fn coefficients(map: Map<'_>) -> (Vec<Affine>, Vec<u8>) {
    let Map { width, height, probability, guide } = map;
    assert_eq!(probability.len(), width * height, "one probability per cell");
    assert_eq!(guide.len(), width * height * 4, "one colour per cell");
    let shares = |len: usize| -> Vec<f32> {
        let near = |at: usize| (at + RADIUS + 1).min(len) - at.saturating_sub(RADIUS);
        (0..len).map(|at| 1.0 / near(at) as f32).collect()
    };
    let (mut across, down) = (shares(width), shares(height));
    across.resize(width.next_multiple_of(4), 0.0);
    let mut known = known(map);
    // A cell's neighbours count as well: pixels between the two need both.
    let wanted = spread(&known, width, height, 1);
    let fitting = spread(&wanted, width, height, RADIUS);
    let certain = [[0.0; 4], [0.0, 0.0, 0.0, 1.0]];
    let mut cells: Vec<Affine> = known.iter().map(|&known| certain[usize::from(known == ABOVE)]).collect();
    // Cells are worked on four at a time, and only where any of the four is wanted.
    let fours = width.div_ceil(4);
    let [wanted_fours, fitting_fours] = [&wanted, &fitting].map(|cells| any_of_four(cells, width));
    let measured_fours = spread(&fitting_fours, fours, height, RADIUS);
    let [low, high] = LEVELS;
    let gain = F32x4::splat(255.0 / (high - low));
    let share = |i: usize, y: usize| F32x4::load(&across.as_chunks::<4>().0[i]).mul(F32x4::splat(down[y]));
    let mut moments = Window::<13>::new(width, height);
    let mut fitted = Window::<4>::new(width, height);
    // A window's last row comes `RADIUS` rows after its centre, and then again for the second mean.
    for y in 0..height + 2 * RADIUS {
        if y < height {
            let (guide, probability) = (&guide[y * width * 4..][..width * 4], &probability[y * width..]);
            moments.measure(y, &measured_fours[y * fours..][..fours], guide, &probability[..width]);
        }
        let Some(y) = y.checked_sub(RADIUS) else { continue };
        if y < height {
            moments.add_down(y, &measured_fours[y * fours..][..fours]);
            fitted.fit(y, &fitting_fours[y * fours..][..fours], &moments, width, |i| share(i, y));
        }
        let Some(y) = y.checked_sub(RADIUS) else { continue };
        fitted.add_down(y, &fitting_fours[y * fours..][..fours]);
        for i in flagged(&wanted_fours[y * fours..][..fours]) {
            let [r, g, b, offset] = fitted.means(i, share(i, y)).map(|value| value.mul(gain));
            let offset = offset.sub(F32x4::splat(low).mul(gain)).mul(F32x4::splat(1.0 / 255.0));
            let open = open([r, g, b, offset]);
            let [r, g, b, offset] = [r, g, b, offset].map(F32x4::to_array);
            // Around the others of the four, not all that they need was fitted.
            let first = y * width + i * 4;
            for (lane, at) in (first..(first + 4).min((y + 1) * width)).enumerate() {
                if wanted[at] == ABOVE | BELOW {
                    cells[at] = [r[lane], g[lane], b[lane], offset[lane]];
                    known[at] = open[lane];
                }
            }
        }
    }
    (cells, known)
}

/// For each four cells of a row, whether any of them is wanted: 1 or 0.
fn any_of_four(cells: &[u8], width: usize) -> Vec<u8> {
    let mut flags = Vec::with_capacity(width.div_ceil(4) * (cells.len() / width));
    for row in cells.chunks_exact(width) {
        let (fours, rest) = row.as_chunks::<4>();
        // A byte with both of its lowest bits.
        let both = |four: u32| u8::from(four & (four >> 1) & 0x0101_0101 != 0);
        flags.extend(fours.iter().map(|&four| both(u32::from_le_bytes(four))));
        if !rest.is_empty() {
            flags.push(u8::from(rest.contains(&(ABOVE | BELOW))));
        }
    }
    flags
}

/// The places of those that are not 0.
fn flagged(flags: &[u8]) -> impl Iterator<Item = usize> {
    flags.iter().enumerate().filter(|(_, flag)| **flag != 0).map(|(i, _)| i)
}

/// What the probabilities alone say of each cell.
///
/// Let all of them be at most `d` in the two windows that a cell depends on. Then a window's mean is
/// at most `d`, its deviation at most `d / 2`, and so the length of `a` at most
/// `d / 2 / (2 sqrt(EPSILON))`; a colour is at most `sqrt(3)` from the mean one. So no colour gives
/// more than `d (1 + sqrt(3) / (4 sqrt(EPSILON)))`, which may be up to the lower level; and the same
/// from 1 downwards.
fn known(map: Map<'_>) -> Vec<u8> {
    let factor = 1.0 + 3.0_f32.sqrt() / (4.0 * EPSILON.sqrt());
    // Sums are rounded: a hundredth is more than that.
    let [low, high] = [LEVELS[0] * 0.99 / factor, 1.0 - (1.0 - LEVELS[1]) * 0.99 / factor];
    let of = |&p: &f32| (u8::from(p > low) * ABOVE) | (u8::from(p < high) * BELOW);
    let cells: Vec<u8> = map.probability.iter().map(of).collect();
    spread(&cells, map.width, map.height, 2 * RADIUS)
}

/// The bits of all cells within `radius` rows and columns.
fn spread(cells: &[u8], width: usize, height: usize, radius: usize) -> Vec<u8> {
    let mut across = cells.to_vec();
    for (to, from) in across.chunks_exact_mut(width).zip(cells.chunks_exact(width)) {
        for by in 1..=radius.min(width - 1) {
            to[by..].iter_mut().zip(from).for_each(|(to, from)| *to |= from);
            to.iter_mut().zip(&from[by..]).for_each(|(to, from)| *to |= from);
        }
    }
    let mut down = across.clone();
    for by in (1..=radius.min(height - 1)).map(|rows| rows * width) {
        down[by..].iter_mut().zip(&across).for_each(|(to, from)| *to |= from);
        down.iter_mut().zip(&across[by..]).for_each(|(to, from)| *to |= from);
    }
    down
}

/// What the coefficients of four cells say of each; between cells, where coefficients are mixed, no
/// colour gives more, or less, than at one of them.
#[inline(always)]
fn open(cells: [F32x4; 4]) -> [u8; 4] {
    let none = F32x4::splat(0.0);
    let [r, g, b, offset] = cells.map(|value| value.mul(F32x4::splat(255.0)));
    let highest = offset.add(r.max(none)).add(g.max(none)).add(b.max(none)).to_array();
    let lowest = offset.add(r.min(none)).add(g.min(none)).add(b.min(none)).to_array();
    // Bytes are rounded; a tenth is far more than what the sums of these numbers are off by.
    std::array::from_fn(|i| (u8::from(highest[i] > 0.4) * ABOVE) | (u8::from(lowest[i] < 254.6) * BELOW))
}

/// `N` planes of values, in as many rows as a window has.
struct Window<const N: usize> {
    /// `[WINDOW + 1, N, stride]`; each row of a plane is `RADIUS` zeros, its values, and zeros. The last
    /// row is all zeros.
    values: Vec<f32>,
    /// The sums down a window, `[N, stride]`.
    sums: Vec<f32>,
    stride: usize,
    height: usize,
}

impl<const N: usize> Window<N> {
    fn new(width: usize, height: usize) -> Self {
        let stride = width.next_multiple_of(4) + 2 * RADIUS;
        Self { values: vec![0.0; (WINDOW + 1) * N * stride], sums: vec![0.0; N * stride], stride, height }
    }

    /// Writes four cells of row `y` in place of those `WINDOW` rows above.
    #[inline(always)]
    fn put(&mut self, y: usize, i: usize, values: [F32x4; N]) {
        let row = &mut self.values[y % WINDOW * N * self.stride..][..N * self.stride];
        for (plane, value) in row.chunks_exact_mut(self.stride).zip(values) {
            value.store((&mut plane[RADIUS + i * 4..][..4]).try_into().expect("four values"));
        }
    }

    /// Adds up those four cells of the window's rows around row `y` that are flagged.
    #[inline(never)]
    fn add_down(&mut self, y: usize, fours: &[u8]) {
        let len = N * self.stride;
        let rows: [&[f32]; WINDOW] = std::array::from_fn(|i| {
            let inside = (y + i).checked_sub(RADIUS).filter(|&y| y < self.height);
            // The row beyond the window's is 0.
            &self.values[inside.map_or(WINDOW, |y| y % WINDOW) * len..][..len]
        });
        let sums = &mut self.sums[..len];
        for i in flagged(fours) {
            let mut at = RADIUS + i * 4;
            for _ in 0..N {
                let value = |row: &[f32]| F32x4::load(row[at..at + 4].try_into().expect("four values"));
                let sum = rows[1..].iter().fold(value(rows[0]), |sum, row| sum.add(value(row)));
                sum.store((&mut sums[at..at + 4]).try_into().expect("four values"));
                at += self.stride;
            }
        }
    }

    /// The means around four cells of the row that was added up; `share` is that of one cell in a mean.
    #[inline(always)]
    fn means(&self, i: usize, share: F32x4) -> [F32x4; N] {
        let mut planes = self.sums.chunks_exact(self.stride);
        std::array::from_fn(|_| {
            let near: &[f32; WINDOW + 3] =
                planes.next().expect("a plane")[i * 4..][..WINDOW + 3].try_into().expect("the window");
            let at = |ix: usize| F32x4::load(near[ix..ix + 4].try_into().expect("four values"));
            (1..WINDOW).fold(at(0), |sum, ix| sum.add(at(ix))).mul(share)
        })
    }
}

impl Window<13> {
    /// Measures the flagged cells of row `y`, four at a time.
    #[inline(never)]
    fn measure(&mut self, y: usize, fours: &[u8], guide: &[u8], probability: &[f32]) {
        for i in flagged(fours) {
            self.put(y, i, measure(guide, probability, i));
        }
    }
}

impl Window<4> {
    /// Fits the flagged cells of row `y`, four at a time, to the moments that were added up for it.
    #[inline(never)]
    fn fit(
        &mut self,
        y: usize,
        fours: &[u8],
        moments: &Window<13>,
        width: usize,
        share: impl Fn(usize) -> F32x4,
    ) {
        for i in flagged(fours) {
            let fit = fit(&moments.means(i, share(i)));
            // Beyond the last column are zeros.
            let inside = F32x4::load(&std::array::from_fn(|lane| f32::from(i * 4 + lane < width)));
            self.put(y, i, fit.map(|value| value.mul(inside)));
        }
    }
}

/// Of four cells of a row: `p`, the colour `I` in bytes, the products `I p`, and the six products of
/// colours.
#[inline(always)]
fn measure(guide: &[u8], probability: &[f32], i: usize) -> [F32x4; 13] {
    let whole = guide.as_chunks::<16>().0.get(i).zip(probability.as_chunks::<4>().0.get(i));
    let (pixels, p) = whole.map(|(pixels, p)| (*pixels, *p)).unwrap_or_else(|| {
        let (mut pixels, mut p) = ([0; 16], [0.0; 4]);
        let kept = probability.len() - i * 4;
        pixels[..kept * 4].copy_from_slice(&guide[i * 16..]);
        p[..kept].copy_from_slice(&probability[i * 4..]);
        (pixels, p)
    });
    let p = F32x4::load(&p);
    let [r, g, b] = F32x4::planes(&pixels);
    [p, r, g, b, r.mul(p), g.mul(p), b.mul(p), r.mul(r), r.mul(g), r.mul(b), g.mul(g), g.mul(b), b.mul(b)]
}

/// Solves `(covariance + EPSILON) a = covariance(I, p)` for four windows, and `b = p - a . I`.
fn fit(means: &[F32x4; 13]) -> [F32x4; 4] {
    let &[p, r, g, b, rp, gp, bp, rr, rg, rb, gg, gb, bb] = means;
    let ridge = F32x4::splat(EPSILON * 255.0 * 255.0);
    let less = |product: F32x4, x: F32x4, y: F32x4| product.sub(x.mul(y));
    let (vrr, vrg, vrb) = (less(rr, r, r).add(ridge), less(rg, r, g), less(rb, r, b));
    let (vgg, vgb, vbb) = (less(gg, g, g).add(ridge), less(gb, g, b), less(bb, b, b).add(ridge));
    let (cr, cg, cb) = (less(rp, r, p), less(gp, g, p), less(bp, b, p));
    // The inverse of a symmetric 3x3 matrix by its cofactors.
    let cofactor = |a: F32x4, d: F32x4, b: F32x4, c: F32x4| a.mul(d).sub(b.mul(c));
    let (irr, irg, irb) =
        (cofactor(vgg, vbb, vgb, vgb), cofactor(vrb, vgb, vrg, vbb), cofactor(vrg, vgb, vrb, vgg));
    let (igg, igb, ibb) =
        (cofactor(vrr, vbb, vrb, vrb), cofactor(vrb, vrg, vrr, vgb), cofactor(vrr, vgg, vrg, vrg));
    let dot = |a: F32x4, b: F32x4, c: F32x4| a.mul_add(cr, b.mul_add(cg, c.mul(cb)));
    let one_over = F32x4::splat(1.0).div(vrr.mul_add(irr, vrg.mul_add(irg, vrb.mul(irb))));
    let red = dot(irr, irg, irb).mul(one_over);
    let green = dot(irg, igg, igb).mul(one_over);
    let blue = dot(irb, igb, ibb).mul(one_over);
    let offset = p.sub(red.mul_add(r, green.mul_add(g, blue.mul(b))));
    [red, green, blue, offset]
}
