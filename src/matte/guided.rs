//! The guided filter's coefficients, on the network's grid.
//!
//! Within each window the map is taken to be an affine function of the picture's colour,
//! `p = a . rgb + b`; the least squares fit needs 13 means over the window. Rows go through once, and
//! only those of one window are held; where no cell needs a fit, nothing is measured.

use super::bits::Bits;
use super::upsample::{EPSILON, LEVELS, Map, RADIUS};
use crate::cpu::simd::F32x4;

/// Rows and columns of a window.
const WINDOW: usize = 2 * RADIUS + 1;

/// `a` for red, green, blue, and `b / 255`: the filtered value, levels applied and as a byte, is
/// their product with the pixel's red, green, blue and 255.
pub(super) type Affine = [f32; 4];

/// What there is to know of a grid's cells before the picture is looked at.
pub(super) struct Coefficients {
    /// Those of four cells: all 0, all 255, and then what differs from these.
    groups: Vec<[Affine; 4]>,
    /// Which of them each four cells of a row have, `[height, fours]`.
    of: Vec<u32>,
    fours: usize,
    /// Cells that give more than 0 for some colour.
    pub(super) above: Bits,
    /// Cells that give less than 255 for some colour.
    pub(super) below: Bits,
}

impl Coefficients {
    /// The coefficients of the cells of row `y`.
    pub(super) fn row(&self, y: usize) -> impl Fn(usize) -> F32x4 {
        let of = &self.of[y * self.fours..][..self.fours];
        |x| F32x4::load(&self.groups[of[x / 4] as usize][x % 4])
    }
}

/// The coefficients of each cell, and what is known of it.
///
/// Where all probabilities around a cell are so near to 0, or to 1, that no colour can give another
/// value, the coefficients are not computed and give just that.
///
/// # Panics
/// If `map`'s slices are not of its size.
pub(super) fn coefficients(map: Map<'_>) -> Coefficients {
    let Map { width, height, probability, guide } = map;
    assert_eq!(probability.len(), width * height, "one probability per cell");
    assert_eq!(guide.len(), width * height * 4, "one colour per cell");
    let shares = |len: usize| -> Vec<f32> {
        let near = |at: usize| (at + RADIUS + 1).min(len) - at.saturating_sub(RADIUS);
        (0..len).map(|at| 1.0 / near(at) as f32).collect()
    };
    let (mut across, down) = (shares(width), shares(height));
    across.resize(width.next_multiple_of(4), 0.0);
    let [above, below] = known(map);
    // A cell's neighbours count as well: pixels between the two need both.
    let wanted = above.spread(1).and(&below.spread(1));
    // Cells are worked on four at a time, and only where any of the four is needed.
    let fitting = wanted.spread(RADIUS);
    let measured = fitting.spread(RADIUS);
    let mut all = certain(width, height, above, below);
    let [low, high] = LEVELS;
    let gain = F32x4::splat(255.0 / (high - low));
    let share = |i: usize, y: usize| F32x4::load(&across.as_chunks::<4>().0[i]).mul(F32x4::splat(down[y]));
    let mut moments = Window::<13>::new(width, height);
    let mut fitted = Window::<4>::new(width, height);
    // A window's last row comes `RADIUS` rows after its centre, and then again for the second mean.
    for y in 0..height + 2 * RADIUS {
        if y < height {
            let (guide, probability) = (&guide[y * width * 4..][..width * 4], &probability[y * width..]);
            moments.measure(y, measured.fours(y), guide, &probability[..width]);
        }
        let Some(y) = y.checked_sub(RADIUS) else { continue };
        if y < height {
            moments.add_down(y, measured.fours(y));
            fitted.fit(y, fitting.fours(y), &moments, width, |i| share(i, y));
        }
        let Some(y) = y.checked_sub(RADIUS) else { continue };
        fitted.add_down(y, fitting.fours(y));
        for i in wanted.fours(y) {
            let [r, g, b, offset] = fitted.means(i, share(i, y)).map(|value| value.mul(gain));
            let offset = offset.sub(F32x4::splat(low).mul(gain)).mul(F32x4::splat(1.0 / 255.0));
            // Around the others of the four, not all that they need was fitted.
            let lanes = wanted.row(y)[i / 16] >> (i % 16 * 4) & 15;
            all.put(y, i, lanes, [r, g, b, offset]);
        }
    }
    all
}

/// What the coefficients are where nothing is fitted.
fn certain(width: usize, height: usize, above: Bits, below: Bits) -> Coefficients {
    let fours = width.div_ceil(4);
    let mut groups = vec![[NONE; 4], [ALL; 4]];
    let mut of = vec![0; fours * height];
    for (y, of) in of.chunks_exact_mut(fours).enumerate() {
        let words = above.row(y).iter().zip(below.row(y)).map(|(above, below)| above & !below);
        for (of, ones) in of.chunks_mut(16).zip(words) {
            if ones == 0 {
                continue;
            }
            for (i, of) in of.iter_mut().enumerate() {
                *of = match ones >> (i * 4) & 15 {
                    0 => 0,
                    15 => 1,
                    ones => {
                        groups
                            .push(std::array::from_fn(|lane| if ones >> lane & 1 == 1 { ALL } else { NONE }));
                        groups.len() as u32 - 1
                    }
                };
            }
        }
    }
    Coefficients { groups, of, fours, above, below }
}

/// What gives 0, and what gives 255, for every colour.
const NONE: Affine = [0.0; 4];
const ALL: Affine = [0.0, 0.0, 0.0, 1.0];

impl Coefficients {
    /// Takes what was fitted for those of four cells of row `y` that have a bit in `lanes`.
    #[inline(always)]
    fn put(&mut self, y: usize, i: usize, lanes: u64, fitted: [F32x4; 4]) {
        let open = open(fitted);
        for (bits, open) in [&mut self.above, &mut self.below].into_iter().zip(open) {
            let word = &mut bits.row_mut(y)[i / 16];
            *word = *word & !(lanes << (i % 16 * 4)) | (u64::from(open) & lanes) << (i % 16 * 4);
        }
        let of = &mut self.of[y * self.fours + i];
        let mut group = self.groups[*of as usize];
        let [r, g, b, offset] = fitted.map(F32x4::to_array);
        for (lane, cell) in group.iter_mut().enumerate() {
            if lanes >> lane & 1 == 1 {
                *cell = [r[lane], g[lane], b[lane], offset[lane]];
            }
        }
        *of = self.groups.len() as u32;
        self.groups.push(group);
    }
}

/// What the probabilities alone say of cells: `Coefficients::above` and `Coefficients::below`.
///
/// Let all of them be at most `d` in the two windows that a cell depends on. Then a window's mean is
/// at most `d`, its deviation at most `d / 2`, and so the length of `a` at most
/// `d / 2 / (2 sqrt(EPSILON))`; a colour is at most `sqrt(3)` from the mean one. So no colour gives
/// more than `d (1 + sqrt(3) / (4 sqrt(EPSILON)))`, which may be up to the lower level; and the same
/// from 1 downwards.
fn known(map: Map<'_>) -> [Bits; 2] {
    let factor = 1.0 + 3.0_f32.sqrt() / (4.0 * EPSILON.sqrt());
    // Sums are rounded: a hundredth is more than that.
    let [low, high] = [LEVELS[0] * 0.99 / factor, 1.0 - (1.0 - LEVELS[1]) * 0.99 / factor];
    let (low, high) = (F32x4::splat(low), F32x4::splat(high));
    let [mut above, mut below] = [0; 2].map(|_| Bits::new(map.width, map.height));
    for (y, row) in map.probability.chunks_exact(map.width).enumerate() {
        let words = above.row_mut(y).iter_mut().zip(below.row_mut(y));
        for ((above, below), cells) in words.zip(row.chunks(64)) {
            let (fours, rest) = cells.as_chunks::<4>();
            let mut take = |i: usize, four: &[f32; 4], lanes: u8| {
                let four = F32x4::load(four);
                *above |= u64::from(four.above(low) & lanes) << (i * 4);
                *below |= u64::from(high.above(four) & lanes) << (i * 4);
            };
            fours.iter().enumerate().for_each(|(i, four)| take(i, four, 15));
            if !rest.is_empty() {
                let mut last = [0.0; 4];
                last[..rest.len()].copy_from_slice(rest);
                take(fours.len(), &last, (1 << rest.len()) - 1);
            }
        }
    }
    [above, below].map(|bits| bits.spread(2 * RADIUS))
}

/// What the coefficients say of four cells, a bit for each: whether some colour gives more than 0, and
/// whether some gives less than 255. Between cells, where coefficients are mixed, no colour gives more, or
/// less, than at one of them.
#[inline(always)]
fn open(cells: [F32x4; 4]) -> [u8; 2] {
    let none = F32x4::splat(0.0);
    let [r, g, b, offset] = cells.map(|value| value.mul(F32x4::splat(255.0)));
    let highest = offset.add(r.max(none)).add(g.max(none)).add(b.max(none));
    let lowest = offset.add(r.min(none)).add(g.min(none)).add(b.min(none));
    // Bytes are rounded; a tenth is far more than what the sums of these numbers are off by.
    [highest.above(F32x4::splat(0.4)), F32x4::splat(254.6).above(lowest)]
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
    fn add_down(&mut self, y: usize, fours: impl Iterator<Item = usize>) {
        let len = N * self.stride;
        let rows: [&[f32]; WINDOW] = std::array::from_fn(|i| {
            let inside = (y + i).checked_sub(RADIUS).filter(|&y| y < self.height);
            // The row beyond the window's is 0.
            &self.values[inside.map_or(WINDOW, |y| y % WINDOW) * len..][..len]
        });
        let sums = &mut self.sums[..len];
        for i in fours {
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
    fn measure(&mut self, y: usize, fours: impl Iterator<Item = usize>, guide: &[u8], probability: &[f32]) {
        for i in fours {
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
        fours: impl Iterator<Item = usize>,
        moments: &Window<13>,
        width: usize,
        share: impl Fn(usize) -> F32x4,
    ) {
        for i in fours {
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
