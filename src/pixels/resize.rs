//! A picture at another size, from rows as they come.
//!
//! Each output pixel is a weighted mean of the picture's pixels around it, rows and columns apart.
//! Where the reduction is strong, blocks of 2 or 4 pixels are summed as whole numbers first:
//! they are still so many to an output pixel that the weights hardly notice, and most of the work is
//! a few additions of bytes.

use serde::{Deserialize, Serialize};

use super::Rgba8;
use crate::cpu::simd::{F32x4, I16x8};

/// How pixels are weighted when a picture is reduced; the support grows with the reduction,
/// so neither aliases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    /// The mean of the pixels that a cell covers.
    #[default]
    Box,
    /// A Hamming window twice as wide: smoother, nearly as sharp.
    Hamming,
}

impl Filter {
    /// How far it reaches, in output pixels.
    fn support(self) -> f64 {
        match self {
            Self::Box => 0.5,
            Self::Hamming => 1.0,
        }
    }

    /// The weight at a distance in output pixels.
    fn weight(self, at: f64) -> f64 {
        let phase = at.abs() * std::f64::consts::PI;
        match self {
            Self::Box => f64::from(at > -0.5 && at <= 0.5),
            Self::Hamming if phase == 0.0 => 1.0,
            Self::Hamming if at.abs() >= 1.0 => 0.0,
            Self::Hamming => phase.sin() / phase * (0.54 + 0.46 * phase.cos()),
        }
    }
}

/// `picture` stretched to `[height, width, 4]` bytes.
///
/// Alpha is resized like a colour: networks look at the colours alone.
///
/// # Panics
/// If a side is 0.
pub fn to_size(picture: Rgba8<'_>, width: usize, height: usize, filter: Filter) -> Vec<u8> {
    let mut reducer = Reducer::new([picture.width(), picture.height()], [width, height], filter);
    reducer.rows(picture.bytes());
    reducer.finish()
}

/// The network's input, `[pixels, 4]`, from `[pixels, 4]` bytes: a channel's 0 and 255 become the
/// ends of `range`, and the fourth value is 0.
///
/// # Panics
/// If the two are not of one length.
pub fn to_input(bytes: &[u8], [black, white]: [f32; 2], input: &mut [f32]) {
    assert_eq!(bytes.len(), input.len(), "four values a pixel");
    let scale = (white - black) / 255.0;
    let (scale, black) = (F32x4::load(&[scale, scale, scale, 0.0]), F32x4::load(&[black, black, black, 0.0]));
    let (whole, rest) = bytes.as_chunks::<16>();
    let mut four = [0; 16];
    four[..rest.len()].copy_from_slice(rest);
    let pixels = whole.iter().chain([&four]).flat_map(F32x4::pixels);
    for (to, pixel) in input.as_chunks_mut::<4>().0.iter_mut().zip(pixels) {
        pixel.mul_add(scale, black).store(to);
    }
}

/// Stretches a picture whose rows are given from top to bottom.
///
/// Memory: four floats for each pixel of the output, and two rows.
pub struct Reducer {
    width: usize,
    out_w: usize,
    /// Rows and columns of a block: 1, 2 or 4.
    block: [usize; 2],
    columns: Vec<Taps>,
    /// For each row of blocks, the output rows that it is a part of.
    rows: Vec<Taps>,
    next: usize,
    /// The sums of one row of blocks, and their weighted means across.
    sums: Vec<[f32; 4]>,
    across: Vec<[f32; 4]>,
    output: Vec<[f32; 4]>,
}

/// Weights for consecutive places.
#[derive(Clone, Default)]
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

impl Reducer {
    /// All calls of [`Reducer::rows`] but the last give a multiple of this many rows.
    pub const ROWS: usize = 4;

    /// From and to `[width, height]`.
    ///
    /// # Panics
    /// If a side is 0.
    pub fn new(from: [usize; 2], to: [usize; 2], filter: Filter) -> Self {
        let [width, height] = from;
        let [out_w, out_h] = to;
        assert!(width > 0 && height > 0 && out_w > 0 && out_h > 0, "sides above 0, not {from:?} to {to:?}");
        let block = [block(height, out_h), block(width, out_w)];
        let columns = taps(width, out_w, block[1], filter);
        let mut rows = vec![Taps::default(); sums(height, block[0])];
        for (oy, taps) in taps(height, out_h, block[0], filter).into_iter().enumerate() {
            for (row, weight) in rows[taps.first..].iter_mut().zip(taps.weights) {
                if row.weights.is_empty() {
                    row.first = oy;
                }
                row.weights.push(weight);
            }
        }
        let sums = vec![[0.0; 4]; sums(width, block[1])];
        Self {
            width,
            out_w,
            block,
            columns,
            rows,
            next: 0,
            sums,
            across: vec![[0.0; 4]; out_w],
            output: vec![[0.0; 4]; out_w * out_h],
        }
    }

    /// Takes the next rows, `[rows, width, 4]` bytes.
    ///
    /// # Panics
    /// If they are more than the picture has.
    pub fn rows(&mut self, bytes: &[u8]) {
        let row_bytes = self.width * 4;
        let blocks = bytes.chunks_exact(row_bytes * self.block[0]);
        let rest = blocks.remainder().chunks_exact(row_bytes);
        for rows in blocks.chain(rest) {
            match rows.len() / row_bytes {
                1 => self.sum::<1>(rows),
                2 => self.sum::<2>(rows),
                _ => self.sum::<4>(rows),
            }
            self.spread();
        }
    }

    /// The output, `[height, width, 4]` bytes.
    ///
    /// # Panics
    /// If rows are missing.
    pub fn finish(self) -> Vec<u8> {
        assert_eq!(self.next, self.rows.len(), "all rows of the picture");
        let mut bytes = vec![0; self.output.len() * 4];
        let mut pairs = self.output.chunks(2);
        for to in bytes.chunks_mut(8) {
            let Some(pair) = pairs.next() else { break };
            let mut eight = [0; 8];
            I16x8::round(F32x4::load(&pair[0]), F32x4::load(&pair[pair.len() - 1])).narrow(&mut eight);
            to.copy_from_slice(&eight[..to.len()]);
        }
        bytes
    }

    /// Fills `sums` from `N` rows.
    fn sum<const N: usize>(&mut self, rows: &[u8]) {
        let row_bytes = self.width * 4;
        let rows: [&[u8]; N] = std::array::from_fn(|i| &rows[i * row_bytes..][..row_bytes]);
        let chunks: [&[[u8; 16]]; N] = rows.map(|row| row.as_chunks().0);
        let fours = row_bytes / 16;
        let summed = |i: usize| {
            let [mut low, mut high] = I16x8::widen(&chunks[0][i]);
            for chunk in &chunks[1..] {
                let [more_low, more_high] = I16x8::widen(&chunk[i]);
                (low, high) = (low.add(more_low), high.add(more_high));
            }
            [low, high]
        };
        let across = self.block[1];
        let single = match across {
            4 => {
                for (i, sum) in self.sums[..fours].iter_mut().enumerate() {
                    let [low, high] = summed(i);
                    let [even, odd] = low.add(high).to_f32();
                    even.add(odd).store(sum);
                }
                fours
            }
            2 => {
                for (i, two) in self.sums.as_chunks_mut::<2>().0[..fours].iter_mut().enumerate() {
                    for (half, sum) in summed(i).into_iter().zip(two) {
                        let [even, odd] = half.to_f32();
                        even.add(odd).store(sum);
                    }
                }
                fours * 2
            }
            _ => {
                for (i, four) in self.sums.as_chunks_mut::<4>().0[..fours].iter_mut().enumerate() {
                    let [low, high] = summed(i);
                    let pixels = low.to_f32().into_iter().chain(high.to_f32());
                    pixels.zip(four).for_each(|(pixel, sum)| pixel.store(sum));
                }
                fours * 4
            }
        };
        // What is left of the row: whole blocks first, then pixels by themselves.
        let mut x = fours * 4;
        for sum in &mut self.sums[single..] {
            let columns = if x + across <= self.width { across } else { 1 };
            let places = rows.iter().flat_map(|row| row[x * 4..][..columns * 4].as_chunks::<4>().0);
            *sum = places.fold([0.0; 4], |sum, pixel| std::array::from_fn(|c| sum[c] + f32::from(pixel[c])));
            x += columns;
        }
    }

    /// Weighs `sums` across, and adds that to the output rows it belongs to.
    fn spread(&mut self) {
        for (to, taps) in self.across.iter_mut().zip(&self.columns) {
            let mut sum = F32x4::splat(0.0);
            for (pixel, &weight) in self.sums[taps.first..].iter().zip(&taps.weights) {
                sum = F32x4::load(pixel).mul_add(F32x4::splat(weight), sum);
            }
            sum.store(to);
        }
        let Taps { first, ref weights } = self.rows[self.next];
        self.next += 1;
        let outputs = self.output[first * self.out_w..].chunks_exact_mut(self.out_w);
        for (output, &weight) in outputs.zip(weights) {
            let weight = F32x4::splat(weight);
            for (sum, part) in output.iter_mut().zip(&self.across) {
                F32x4::load(part).mul_add(weight, F32x4::load(sum)).store(sum);
            }
        }
    }
}

/// How many blocks an output pixel is wide at least: with fewer, the networks' edges were seen to move.
const BLOCKS: f64 = 4.0;

/// How many pixels are summed first.
fn block(len: usize, out: usize) -> usize {
    let scale = len as f64 / out as f64;
    [4, 2].into_iter().find(|&block| scale >= BLOCKS * block as f64).unwrap_or(1)
}

/// Number of sums of a line: its blocks, and then single pixels for what fills no block.
fn sums(len: usize, block: usize) -> usize {
    len / block + len % block
}

/// For each of `out` pixels, the weights of the sums around it: to each pixel of a sum the mean of
/// what the filter gives them.
fn taps(len: usize, out: usize, block: usize, filter: Filter) -> Vec<Taps> {
    let scale = len as f64 / out as f64;
    let stretch = scale.max(1.0);
    let whole = len / block;
    let sum_of =
        |pixel: usize| if pixel / block < whole { pixel / block } else { whole + pixel - whole * block };
    (0..out)
        .map(|i| {
            let centre = (i as f64 + 0.5) * scale;
            let reach = filter.support() * stretch;
            let near = (centre - reach).max(0.0) as usize..((centre + reach).ceil() as usize).min(len);
            let weight = |pixel: usize| filter.weight((pixel as f64 + 0.5 - centre) / stretch);
            let counts: Vec<usize> = near.filter(|&pixel| weight(pixel) != 0.0).collect();
            let total: f64 = counts.iter().map(|&pixel| weight(pixel)).sum();
            let (first, last) = (sum_of(counts[0]), sum_of(counts[counts.len() - 1]));
            let mut weights = vec![0.0; last - first + 1];
            for pixel in counts {
                let pixels = if pixel / block < whole { block } else { 1 };
                weights[sum_of(pixel) - first] += (weight(pixel) / (total * pixels as f64)) as f32;
            }
            Taps { first, weights }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(len: usize) -> Vec<u8> {
        (0..len).map(|i| ((i * 2_654_435_761) >> 9) as u8).collect()
    }

    /// The header's weighted mean, one output pixel at a time and without blocks.
    fn reference(picture: Rgba8<'_>, to: [usize; 2], filter: Filter) -> Vec<f64> {
        let weights = |i: usize, len: usize, out: usize| {
            let scale = len as f64 / out as f64;
            let centre = (i as f64 + 0.5) * scale;
            let weights: Vec<f64> =
                (0..len).map(|at| filter.weight((at as f64 + 0.5 - centre) / scale.max(1.0))).collect();
            let total: f64 = weights.iter().sum();
            weights.into_iter().map(|weight| weight / total).collect::<Vec<_>>()
        };
        let mut means = Vec::new();
        for oy in 0..to[1] {
            let down = weights(oy, picture.height(), to[1]);
            for ox in 0..to[0] {
                let across = weights(ox, picture.width(), to[0]);
                for c in 0..4 {
                    let row = |y: usize| -> f64 {
                        picture.row(y).iter().zip(&across).map(|(pixel, w)| f64::from(pixel[c]) * w).sum()
                    };
                    means.push(down.iter().enumerate().map(|(y, w)| w * row(y)).sum());
                }
            }
        }
        means
    }

    #[test]
    fn matches_reference() {
        let sizes = [
            ([16, 12], [7, 5]),
            ([9, 7], [9, 7]),
            ([5, 3], [11, 8]),
            ([1, 1], [3, 2]),
            ([17, 2], [4, 1]),
            ([40, 39], [16, 16]),
        ];
        for (from, to) in sizes {
            let bytes = noise(from[0] * from[1] * 4);
            let picture = Rgba8::new(from[0], from[1], &bytes).unwrap();
            for filter in [Filter::Box, Filter::Hamming] {
                let got = to_size(picture, to[0], to[1], filter);
                assert_eq!(got.len(), to[0] * to[1] * 4);
                for (i, (&got, want)) in got.iter().zip(reference(picture, to, filter)).enumerate() {
                    assert!(
                        (f64::from(got) - want).abs() < 0.51,
                        "{from:?} to {to:?} {filter:?} at {i}: got {got}, want {want}"
                    );
                }
            }
        }
    }

    #[test]
    fn blocks_hardly_matter() {
        // A soft picture with a hard edge, which no filter should move.
        let (width, height) = (331, 259);
        let bytes: Vec<u8> = (0..width * height)
            .flat_map(|i| {
                let (x, y) = (i % width, i / width);
                let wave = ((x as f32 / 9.0).sin() * (y as f32 / 13.0).cos() * 60.0 + 100.0) as u8;
                [wave, if x > y { 230 } else { 20 }, (x * 255 / width) as u8, 255]
            })
            .collect();
        let picture = Rgba8::new(width, height, &bytes).unwrap();
        for (to, blocks) in [([20, 28], [4, 2]), ([40, 16], [2, 4])] {
            for filter in [Filter::Box, Filter::Hamming] {
                assert_eq!([block(width, to[0]), block(height, to[1])], blocks);
                let got = to_size(picture, to[0], to[1], filter);
                let want = reference(picture, to, filter);
                let off: Vec<f64> = got.iter().zip(&want).map(|(&a, b)| (f64::from(a) - b).abs()).collect();
                let mean = off.iter().sum::<f64>() / off.len() as f64;
                let worst = off.iter().copied().fold(0.0, f64::max);
                println!("{to:?} {filter:?}: mean {mean:.3}, worst {worst:.1}");
                assert!(mean < 0.8 && worst < 12.0, "{to:?} {filter:?}: mean {mean}, worst {worst}");
            }
        }
    }

    #[test]
    fn rows_may_come_in_parts() {
        let bytes = noise(64 * 61 * 4);
        let picture = Rgba8::new(64, 61, &bytes).unwrap();
        for to in [[20, 20], [6, 5]] {
            let mut reducer = Reducer::new([64, 61], to, Filter::Hamming);
            bytes.chunks(64 * 4 * 3 * Reducer::ROWS).for_each(|rows| reducer.rows(rows));
            assert_eq!(reducer.finish(), to_size(picture, to[0], to[1], Filter::Hamming));
        }
    }

    #[test]
    fn input_is_scaled_and_padded() {
        let bytes = [0, 255, 51, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 255, 255];
        let mut input = [9.0; 20];
        to_input(&bytes, [-1.0, 1.0], &mut input);
        for (value, (i, byte)) in input.iter().zip(bytes.iter().enumerate()) {
            let want = if i % 4 == 3 { 0.0 } else { f32::from(*byte) / 127.5 - 1.0 };
            assert!((value - want).abs() < 1e-6, "at {i}: got {value}, want {want}");
        }
    }
}
