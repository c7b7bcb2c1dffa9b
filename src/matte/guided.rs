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

/// The coefficients of each cell.
///
/// # Panics
/// If `map`'s slices are not of its size.
pub(super) fn coefficients(map: Map<'_>) -> Vec<Affine> {
    let Map { width, height, probability, guide } = map;
    assert_eq!(probability.len(), width * height, "one probability per cell");
    assert_eq!(guide.len(), width * height * 4, "one colour per cell");
    let shares = |len: usize| -> Vec<f32> {
        let near = |at: usize| (at + RADIUS + 1).min(len) - at.saturating_sub(RADIUS);
        (0..len).map(|at| 1.0 / near(at) as f32).collect()
    };
    let (mut across, down) = (shares(width), shares(height));
    across.resize(width.next_multiple_of(4), 0.0);
    let mut moments = Sums::<13>::new(width);
    let mut fitted = Sums::<4>::new(width);
    let mut cells = Vec::with_capacity(width * height);
    // A window's last row comes `RADIUS` rows after its centre, and then again for the second mean.
    for y in 0..height + 2 * RADIUS {
        moments.push(|planes| {
            if y < height {
                measure(&guide[y * width * 4..][..width * 4], &probability[y * width..][..width], planes);
            }
        });
        let Some(y) = y.checked_sub(RADIUS) else { continue };
        fitted.push(|planes| {
            if y < height {
                moments.means(&across, down[y], |x, means| {
                    let lanes = fit(&means).map(F32x4::to_array);
                    for (plane, lanes) in planes.iter_mut().zip(lanes) {
                        let kept = (width - x).min(4);
                        plane[RADIUS + x..][..kept].copy_from_slice(&lanes[..kept]);
                    }
                });
            }
        });
        let Some(y) = y.checked_sub(RADIUS) else { continue };
        let [low, high] = LEVELS;
        let gain = 255.0 / (high - low);
        fitted.means(&across, down[y], |x, [r, g, b, offset]| {
            let scaled = [
                r.mul(F32x4::splat(gain)),
                g.mul(F32x4::splat(gain)),
                b.mul(F32x4::splat(gain)),
                offset.sub(F32x4::splat(low)).mul(F32x4::splat(gain / 255.0)),
            ];
            let [r, g, b, offset] = scaled.map(F32x4::to_array);
            cells.extend((0..(width - x).min(4)).map(|i| [r[i], g[i], b[i], offset[i]]));
        });
    }
    cells
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

    /// Adds a row, which `fill` writes over zeros, and drops the oldest.
    fn push(&mut self, fill: impl FnOnce(&mut [Vec<f32>; N])) {
        let row = &mut self.rows[self.next];
        self.next = (self.next + 1) % WINDOW;
        for (sums, values) in self.sums.iter_mut().zip(&mut *row) {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum -= std::mem::take(value);
            }
        }
        fill(row);
        for (sums, values) in self.sums.iter_mut().zip(&*row) {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += value;
            }
        }
    }

    /// Gives the means around each four cells of a row; `across` and `down` are the shares of one
    /// column and one row in a mean.
    fn means(&self, across: &[f32], down: f32, mut give: impl FnMut(usize, [F32x4; N])) {
        for (i, share) in across.as_chunks::<4>().0.iter().enumerate() {
            let share = F32x4::load(share).mul(F32x4::splat(down));
            let means = std::array::from_fn(|plane| {
                let near = &self.sums[plane][i * 4..][..WINDOW + 3];
                let at = |ix: usize| F32x4::load(near[ix..ix + 4].try_into().expect("four values"));
                (1..WINDOW).fold(at(0), |sum, ix| sum.add(at(ix))).mul(share)
            });
            give(i * 4, means);
        }
    }
}

/// Writes a row's `p`, its colour `I` in bytes, the products `I p`, and the six products of colours.
fn measure(guide: &[u8], probability: &[f32], planes: &mut [Vec<f32>; 13]) {
    for (i, (bytes, four)) in guide.chunks(16).zip(probability.chunks(4)).enumerate() {
        let (mut pixels, mut p) = ([0; 16], [0.0; 4]);
        pixels[..bytes.len()].copy_from_slice(bytes);
        p[..four.len()].copy_from_slice(four);
        let p = F32x4::load(&p);
        let [r, g, b] = F32x4::planes(&pixels);
        let products =
            [r.mul(p), g.mul(p), b.mul(p), r.mul(r), r.mul(g), r.mul(b), g.mul(g), g.mul(b), b.mul(b)];
        for (plane, values) in planes.iter_mut().zip([p, r, g, b].into_iter().chain(products)) {
            let to = &mut plane[RADIUS + i * 4..][..4];
            values.store(to.try_into().expect("four values"));
        }
    }
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
