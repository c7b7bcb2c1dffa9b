//! Edge-aware upsampling: the fast guided filter with a colour guide.
//!
//! Within each window of the network's grid the map is taken to be an affine function of the
//! picture's colour, `p = a . rgb + b`. The coefficients are found on the small grid, averaged,
//! enlarged bilinearly, and applied to the full-size picture, so the matte's edges come from
//! the picture itself. K. He, J. Sun, "Fast Guided Filter", arXiv:1505.00996; the colour form
//! is equation 19 of their "Guided Image Filtering", IEEE TPAMI 35(6), 2013.
//!
//! Memory: five small planes and one row of coefficients beside the matte; no float plane of
//! the picture's size.

use crate::pixels::{Matte, Rgba8};

/// Half the side of the filter's window, in cells of the network's grid.
const RADIUS: usize = 2;

/// Regularisation, for colours and probabilities in 0..1: how much contrast counts as an edge.
const EPSILON: f32 = 1e-3;

/// The filtered map is stretched so that these become 0 and 1; it takes away the haze that the
/// filter leaves on both sides of an edge.
const LEVELS: [f32; 2] = [0.25, 0.75];

/// One probability per cell, and the picture at the same size.
#[derive(Clone, Copy, Debug)]
pub struct Map<'a> {
    /// Columns of the grid.
    pub width: usize,
    /// Rows of the grid.
    pub height: usize,
    /// `[height, width]`, 0 to 1.
    pub probability: &'a [f32],
    /// The picture stretched to the grid: `[height, width, 4]`.
    pub guide: &'a [u8],
}

/// `a` (three colours) and `b` of one cell.
type Affine = [f32; 4];

/// The matte of `picture` that `map` and the picture's own edges give.
///
/// # Panics
/// If `map`'s slices are not of its size.
pub fn upsample(map: Map<'_>, picture: Rgba8<'_>) -> Matte {
    let affine = coefficients(map);
    let (width, height) = (picture.width(), picture.height());
    let columns = taps(width, map.width);
    let rows = taps(height, map.height);
    let mut alpha = vec![0; width * height];
    let mut across = vec![[0.0; 4]; map.width];
    for (y, out) in alpha.chunks_exact_mut(width).enumerate() {
        let (y0, y1, t) = rows[y];
        let (above, below) = (&affine[y0 * map.width..][..map.width], &affine[y1 * map.width..][..map.width]);
        for (cell, (a, b)) in across.iter_mut().zip(above.iter().zip(below)) {
            *cell = lerp(a, b, t);
        }
        for ((out, &(x0, x1, t)), &[red, green, blue, _]) in out.iter_mut().zip(&columns).zip(picture.row(y))
        {
            let [a_red, a_green, a_blue, b] = lerp(&across[x0], &across[x1], t);
            let value = a_red * f32::from(red) + a_green * f32::from(green) + a_blue * f32::from(blue) + b;
            // A float to integer cast saturates, which is the clamp to 0..=255.
            *out = (value + 0.5) as u8;
        }
    }
    Matte { width, height, alpha }
}

/// The coefficients of each cell, scaled so that bytes go in and bytes, levels applied, come out.
fn coefficients(map: Map<'_>) -> Vec<Affine> {
    let Map { width, height, probability, guide } = map;
    assert_eq!(probability.len(), width * height, "one probability per cell");
    let guide = guide.as_chunks::<4>().0;
    assert_eq!(guide.len(), width * height, "one colour per cell");
    // Per cell: p, the colour I, their products I*p, and the six products of colours.
    let moments: Vec<[f32; 13]> = guide
        .iter()
        .zip(probability)
        .map(|(&[red, green, blue, _], &p)| {
            let [r, g, b] = [red, green, blue].map(|v| f32::from(v) / 255.0);
            [p, r, g, b, r * p, g * p, b * p, r * r, r * g, r * b, g * g, g * b, b * b]
        })
        .collect();
    let fitted: Vec<Affine> = box_mean(&moments, width, height, RADIUS).iter().map(fit).collect();
    let [low, high] = LEVELS;
    let gain = 255.0 / (high - low);
    box_mean(&fitted, width, height, RADIUS)
        .into_iter()
        .map(|[r, g, b, offset]| {
            [r * gain / 255.0, g * gain / 255.0, b * gain / 255.0, (offset - low) * gain]
        })
        .collect()
}

/// Solves `(covariance + EPSILON) a = covariance(I, p)` for one window, and `b = p - a . I`.
fn fit(mean: &[f32; 13]) -> Affine {
    let &[p, r, g, b, rp, gp, bp, rr, rg, rb, gg, gb, bb] = mean;
    let (vrr, vrg, vrb) = (rr - r * r + EPSILON, rg - r * g, rb - r * b);
    let (vgg, vgb, vbb) = (gg - g * g + EPSILON, gb - g * b, bb - b * b + EPSILON);
    let (cr, cg, cb) = (rp - r * p, gp - g * p, bp - b * p);
    // The inverse of a symmetric 3x3 matrix by its cofactors.
    let (irr, irg, irb) = (vgg * vbb - vgb * vgb, vrb * vgb - vrg * vbb, vrg * vgb - vrb * vgg);
    let (igg, igb, ibb) = (vrr * vbb - vrb * vrb, vrb * vrg - vrr * vgb, vrr * vgg - vrg * vrg);
    let determinant = vrr * irr + vrg * irg + vrb * irb;
    let a_red = (irr * cr + irg * cg + irb * cb) / determinant;
    let a_green = (irg * cr + igg * cg + igb * cb) / determinant;
    let a_blue = (irb * cr + igb * cg + ibb * cb) / determinant;
    [a_red, a_green, a_blue, p - a_red * r - a_green * g - a_blue * b]
}

/// The mean of each value over the window of `radius` around each cell, cut off at the borders.
fn box_mean<const N: usize>(
    values: &[[f32; N]],
    width: usize,
    height: usize,
    radius: usize,
) -> Vec<[f32; N]> {
    let window = |at: usize, len: usize| at.saturating_sub(radius)..(at + radius + 1).min(len);
    let mean = |cells: &mut dyn Iterator<Item = [f32; N]>| {
        let (mut sum, mut count) = ([0.0; N], 0.0);
        for cell in cells {
            sum.iter_mut().zip(cell).for_each(|(sum, v)| *sum += v);
            count += 1.0;
        }
        sum.map(|v| v / count)
    };
    let mut across = Vec::with_capacity(values.len());
    for row in values.chunks_exact(width) {
        across.extend((0..width).map(|x| mean(&mut row[window(x, width)].iter().copied())));
    }
    let mut down = Vec::with_capacity(values.len());
    for y in 0..height {
        down.extend((0..width).map(|x| mean(&mut window(y, height).map(|iy| across[iy * width + x]))));
    }
    down
}

/// For each of `out` pixel centres, the two cells of `cells` around it and the second one's share.
fn taps(out: usize, cells: usize) -> Vec<(usize, usize, f32)> {
    let scale = cells as f32 / out as f32;
    (0..out)
        .map(|i| {
            let at = ((i as f32 + 0.5) * scale - 0.5).clamp(0.0, (cells - 1) as f32);
            let first = at as usize;
            (first, (first + 1).min(cells - 1), at - first as f32)
        })
        .collect()
}

fn lerp(a: &Affine, b: &Affine, t: f32) -> Affine {
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * t)
}
