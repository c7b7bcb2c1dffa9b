//! The guided filter's coefficients, on the network's grid.
//!
//! Within each window the map is taken to be an affine function of the picture's colour,
//! `p = a . rgb + b`; the least squares fit needs 13 means over the window. Rows go through once:
//! sums down the window are kept running, sums across it are taken where they are needed, and
//! only the rows of one window are held.

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
    let certain = |&known: &u8| [0.0, 0.0, 0.0, if known == ABOVE { 1.0 } else { 0.0 }];
    let mut cells: Vec<Affine> = known.iter().map(certain).collect();
    let mut moments = Sums::<13>::new(width);
    let mut fitted = Sums::<4>::new(width);
    // A window's last row comes `RADIUS` rows after its centre, and then again for the second mean.
    for y in 0..height + 2 * RADIUS {
        if y < height {
            let (guide, probability) = (&guide[y * width * 4..][..width * 4], &probability[y * width..]);
            moments.push(|i| measure(guide, &probability[..width], i));
        } else {
            moments.push(|_| [F32x4::splat(0.0); 13]);
        }
        let Some(y) = y.checked_sub(RADIUS) else { continue };
        if y < height {
            let share = down[y];
            let fitting = &fitting[y * width..][..width];
            fitted.push(|i| {
                if !fitting[i * 4..].iter().take(4).any(|&cell| cell == ABOVE | BELOW) {
                    return [F32x4::splat(0.0); 4];
                }
                let fit = fit(&moments.means(i, &across, share));
                if i * 4 + 4 <= width {
                    return fit;
                }
                // Beyond the last column are zeros.
                let inside = F32x4::load(&std::array::from_fn(|lane| f32::from(i * 4 + lane < width)));
                fit.map(|value| value.mul(inside))
            });
        } else {
            fitted.push(|_| [F32x4::splat(0.0); 4]);
        }
        let Some(y) = y.checked_sub(RADIUS) else { continue };
        let [low, high] = LEVELS;
        let gain = 255.0 / (high - low);
        let cells = cells[y * width..][..width].chunks_mut(4);
        let known = known[y * width..][..width].chunks_mut(4);
        let wanted = wanted[y * width..][..width].chunks(4);
        for (i, ((cells, known), wanted)) in cells.zip(known).zip(wanted).enumerate() {
            if !wanted.contains(&(ABOVE | BELOW)) {
                continue;
            }
            let [r, g, b, offset] = fitted.means(i, &across, down[y]);
            let scaled = [
                r.mul(F32x4::splat(gain)),
                g.mul(F32x4::splat(gain)),
                b.mul(F32x4::splat(gain)),
                offset.sub(F32x4::splat(low)).mul(F32x4::splat(gain / 255.0)),
            ];
            let [r, g, b, offset] = scaled.map(F32x4::to_array);
            // Around the others of the four, not all that they need was fitted.
            for lane in (0..cells.len()).filter(|&lane| wanted[lane] == ABOVE | BELOW) {
                cells[lane] = [r[lane], g[lane], b[lane], offset[lane]];
                known[lane] = open(&cells[lane]);
            }
        }
    }
    (cells, known)
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

/// What the coefficients say of a cell; between cells, where coefficients are mixed, no colour gives
/// more, or less, than at one of them.
fn open(cell: &Affine) -> u8 {
    let most = |value: f32| if value > 0.0 { value } else { 0.0 };
    let [r, g, b, offset] = cell.map(|value| value * 255.0);
    let highest = offset + most(r) + most(g) + most(b);
    let lowest = offset - most(-r) - most(-g) - most(-b);
    // Bytes are rounded; a tenth is far more than what the sums of these numbers are off by.
    (u8::from(highest > 0.4) * ABOVE) | (u8::from(lowest < 254.6) * BELOW)
}

/// `N` planes of values, and their sums down the last `WINDOW` rows.
struct Sums<const N: usize> {
    /// Each row is `RADIUS` zeros, its values, and zeros.
    rows: [[Vec<f32>; N]; WINDOW],
    sums: [Vec<f32>; N],
    next: usize,
}

impl<const N: usize> Sums<N> {
    fn new(width: usize) -> Self {
        let plane = || vec![0.0; width.next_multiple_of(4) + 2 * RADIUS];
        Self {
            rows: std::array::from_fn(|_| std::array::from_fn(|_| plane())),
            sums: std::array::from_fn(|_| plane()),
            next: 0,
        }
    }

    /// Adds a row, four cells of which `values` gives, and drops the oldest.
    fn push(&mut self, mut values: impl FnMut(usize) -> [F32x4; N]) {
        let row = &mut self.rows[self.next];
        self.next = (self.next + 1) % WINDOW;
        for i in 0..(self.sums[0].len() - 2 * RADIUS) / 4 {
            let values = values(i);
            for ((sums, row), value) in self.sums.iter_mut().zip(&mut *row).zip(values) {
                let at = RADIUS + i * 4..RADIUS + i * 4 + 4;
                let sum: &mut [f32; 4] = (&mut sums[at.clone()]).try_into().expect("four values");
                let old: &mut [f32; 4] = (&mut row[at]).try_into().expect("four values");
                F32x4::load(sum).sub(F32x4::load(old)).add(value).store(sum);
                value.store(old);
            }
        }
    }

    /// The means around four cells of a row; `across` and `down` are the shares of one column and
    /// one row in a mean.
    #[inline(always)]
    fn means(&self, i: usize, across: &[f32], down: f32) -> [F32x4; N] {
        let share = F32x4::load(&across.as_chunks::<4>().0[i]).mul(F32x4::splat(down));
        std::array::from_fn(|plane| {
            let near: &[f32; WINDOW + 3] =
                self.sums[plane][i * 4..][..WINDOW + 3].try_into().expect("the window");
            let at = |ix: usize| F32x4::load(near[ix..ix + 4].try_into().expect("four values"));
            (1..WINDOW).fold(at(0), |sum, ix| sum.add(at(ix))).mul(share)
        })
    }
}

/// Of four cells of a row: `p`, the colour `I` in bytes, the products `I p`, and the six products of
/// colours.
#[inline(always)]
fn measure(guide: &[u8], probability: &[f32], i: usize) -> [F32x4; 13] {
    let (mut pixels, mut p) = ([0; 16], [0.0; 4]);
    let kept = (probability.len() - i * 4).min(4);
    pixels[..kept * 4].copy_from_slice(&guide[i * 16..][..kept * 4]);
    p[..kept].copy_from_slice(&probability[i * 4..][..kept]);
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
