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
    let (columns, rows) = (taps(width, map.width), taps(height, map.height));
    // Pixels between the same two columns of cells: their coefficients are one line in `t`.
    let spans: Vec<&[Tap]> = columns.chunk_by(|one, next| one.first == next.first).collect();
    let mut alpha = vec![0; width * height];
    let mut across = vec![[0.0; 4]; map.width];
    for (y, out) in alpha.chunks_exact_mut(width).enumerate() {
        let row = |cell: usize| &affine[cell * map.width..][..map.width];
        for (cell, (above, below)) in
            across.iter_mut().zip(row(rows[y].first).iter().zip(row(rows[y].second)))
        {
            *cell = std::array::from_fn(|i| above[i] + (below[i] - above[i]) * rows[y].t);
        }
        let (mut pixels, mut out) = (picture.row(y), out);
        for &span in &spans {
            let (left, right) = (across[span[0].first], across[span[0].second]);
            let slope: Affine = std::array::from_fn(|i| right[i] - left[i]);
            let here;
            (here, pixels) = pixels.split_at(span.len());
            let (now, rest) = out.split_at_mut(span.len());
            for ((out, &[red, green, blue, _]), &Tap { t, .. }) in now.iter_mut().zip(here).zip(span) {
                let value = (left[0] + slope[0] * t) * f32::from(red)
                    + (left[1] + slope[1] * t) * f32::from(green)
                    + (left[2] + slope[2] * t) * f32::from(blue)
                    + (left[3] + slope[3] * t);
                // Clamped first, so that the cast is exact and needs no saturation.
                *out = (value + 0.5).clamp(0.0, 255.0) as u8;
            }
            out = rest;
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

/// The two cells around a pixel's centre, and the second one's share.
#[derive(Clone, Copy)]
struct Tap {
    first: usize,
    second: usize,
    t: f32,
}

/// One tap for each of `out` pixels.
fn taps(out: usize, cells: usize) -> Vec<Tap> {
    let scale = cells as f32 / out as f32;
    (0..out)
        .map(|i| {
            let at = ((i as f32 + 0.5) * scale - 0.5).clamp(0.0, (cells - 1) as f32);
            let first = at as usize;
            Tap { first, second: (first + 1).min(cells - 1), t: at - first as f32 }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header's formula with plain loops in double precision, by Cramer's rule.
    fn reference(map: Map<'_>, picture: Rgba8<'_>) -> Vec<f64> {
        let (width, height) = (map.width as isize, map.height as isize);
        let colour = |i: usize| [0, 1, 2].map(|c| f64::from(map.guide[i * 4 + c]) / 255.0);
        let window = |at: usize| {
            let (x, y) = (at as isize % width, at as isize / width);
            let reach = RADIUS as isize;
            let near = (-reach..=reach).flat_map(move |dy| (-reach..=reach).map(move |dx| (x + dx, y + dy)));
            let inside = near.filter(move |&(x, y)| (0..width).contains(&x) && (0..height).contains(&y));
            inside.map(move |(x, y)| (y * width + x) as usize).collect::<Vec<_>>()
        };
        let determinant = |m: [[f64; 3]; 3]| {
            m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
                - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
                + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
        };
        let fitted: Vec<[f64; 4]> = (0..map.width * map.height)
            .map(|at| {
                let cells = window(at);
                let mean =
                    |f: &dyn Fn(usize) -> f64| cells.iter().map(|&i| f(i)).sum::<f64>() / cells.len() as f64;
                let p = mean(&|i| f64::from(map.probability[i]));
                let mu = [0, 1, 2].map(|c| mean(&|i| colour(i)[c]));
                let matrix: [[f64; 3]; 3] = std::array::from_fn(|r| {
                    std::array::from_fn(|c| {
                        let ridge = if r == c { f64::from(EPSILON) } else { 0.0 };
                        mean(&|i| colour(i)[r] * colour(i)[c]) - mu[r] * mu[c] + ridge
                    })
                });
                let right =
                    [0, 1, 2].map(|c| mean(&|i| colour(i)[c] * f64::from(map.probability[i])) - mu[c] * p);
                let a: [f64; 3] = std::array::from_fn(|column| {
                    let mut replaced = matrix;
                    (0..3).for_each(|row| replaced[row][column] = right[row]);
                    determinant(replaced) / determinant(matrix)
                });
                [a[0], a[1], a[2], p - a[0] * mu[0] - a[1] * mu[1] - a[2] * mu[2]]
            })
            .collect();
        let smooth: Vec<[f64; 4]> = (0..fitted.len())
            .map(|at| {
                let cells = window(at);
                [0, 1, 2, 3].map(|k| cells.iter().map(|&i| fitted[i][k]).sum::<f64>() / cells.len() as f64)
            })
            .collect();
        let at = |i: usize, out: usize, cells: usize| {
            ((i as f64 + 0.5) * cells as f64 / out as f64 - 0.5).clamp(0.0, (cells - 1) as f64)
        };
        let [low, high] = LEVELS.map(f64::from);
        (0..picture.width() * picture.height())
            .map(|i| {
                let (x, y) = (i % picture.width(), i / picture.width());
                let (fx, fy) = (at(x, picture.width(), map.width), at(y, picture.height(), map.height));
                let (x0, y0) = (fx as usize, fy as usize);
                let (x1, y1) = ((x0 + 1).min(map.width - 1), (y0 + 1).min(map.height - 1));
                let (tx, ty) = (fx - x0 as f64, fy - y0 as f64);
                let cell = |cx: usize, cy: usize, k: usize| smooth[cy * map.width + cx][k];
                let [a, b, c, offset] = [0, 1, 2, 3].map(|k| {
                    let above = cell(x0, y0, k) * (1.0 - tx) + cell(x1, y0, k) * tx;
                    let below = cell(x0, y1, k) * (1.0 - tx) + cell(x1, y1, k) * tx;
                    above * (1.0 - ty) + below * ty
                });
                let [red, green, blue, _] = picture.row(y)[x].map(|v| f64::from(v) / 255.0);
                let value = a * red + b * green + c * blue + offset;
                ((value - low) / (high - low)).clamp(0.0, 1.0) * 255.0
            })
            .collect()
    }

    #[test]
    fn matches_reference() {
        for (map_width, map_height, width, height) in
            [(8, 8, 31, 17), (16, 9, 16, 9), (12, 20, 5, 64), (9, 8, 1, 1)]
        {
            let noise = |i: usize, seed: usize| ((i * 2_654_435_761 + seed * 40_503) >> 7) as u8;
            let guide: Vec<u8> = (0..map_width * map_height * 4).map(|i| noise(i, 1)).collect();
            let probability: Vec<f32> =
                (0..map_width * map_height).map(|i| f32::from(noise(i, 2)) / 255.0).collect();
            let bytes: Vec<u8> = (0..width * height * 4).map(|i| noise(i, 3)).collect();
            let picture = Rgba8::new(width, height, &bytes).unwrap();
            let map = Map { width: map_width, height: map_height, probability: &probability, guide: &guide };
            let want = reference(map, picture);
            for (i, (&got, want)) in upsample(map, picture).alpha.iter().zip(want).enumerate() {
                assert!(
                    (f64::from(got) - want).abs() <= 0.51,
                    "{width}x{height} at {i}: got {got}, want {want}"
                );
            }
        }
    }

    #[test]
    fn follows_the_picture_s_edge_not_the_grid_s() {
        // A white square whose left edge lies within a cell; the map knows it only to the cell.
        let (side, cells, edge) = (160, 16, 83);
        let bytes: Vec<u8> =
            (0..side * side).flat_map(|i| if i % side >= edge { [255; 4] } else { [0, 0, 0, 255] }).collect();
        let picture = Rgba8::new(side, side, &bytes).unwrap();
        let guide = crate::pixels::to_size(picture, cells, cells, crate::pixels::Filter::Box).unwrap();
        let probability: Vec<f32> = (0..cells * cells).map(|i| f32::from(guide[i * 4]) / 255.0).collect();
        let map = Map { width: cells, height: cells, probability: &probability, guide: &guide };
        let matte = upsample(map, picture);
        for (x, &alpha) in matte.row(80).iter().enumerate() {
            assert_eq!(alpha >= 128, x >= edge, "column {x}: {alpha}");
        }
    }
}
