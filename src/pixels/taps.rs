//! Which places of a line an output pixel is the weighted mean of, in whole numbers.

use serde::{Deserialize, Serialize};

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

    /// Writes the weights at `start`, `start + 1` and so on, in pixels of which `stretch` are one of the output.
    fn weigh(self, start: f64, stretch: f64, to: &mut [f64]) {
        // The angle grows in equal steps: turning by one is quicker than another sine.
        let (sin_step, cos_step) = (std::f64::consts::PI / stretch).sin_cos();
        let (mut sin, mut cos) = (start * std::f64::consts::PI / stretch).sin_cos();
        for (i, weight) in to.iter_mut().enumerate() {
            let at = (start + i as f64) / stretch;
            *weight = match self {
                Self::Box => f64::from(at > -0.5 && at <= 0.5),
                Self::Hamming if at.abs() < 1e-6 => 1.0,
                Self::Hamming if at.abs() >= 1.0 => 0.0,
                Self::Hamming => sin / (at * std::f64::consts::PI) * (0.54 + 0.46 * cos),
            };
            (sin, cos) = (sin * cos_step + cos * sin_step, cos * cos_step - sin * sin_step);
        }
    }
}

/// How many blocks an output pixel is wide at least: with fewer, the networks' edges were seen to move.
const BLOCKS: f64 = 4.0;

/// How many pixels are summed first.
pub(crate) fn block(len: usize, out: usize) -> usize {
    let scale = len as f64 / out as f64;
    [4, 2].into_iter().find(|&block| scale >= BLOCKS * block as f64).unwrap_or(1)
}

/// Number of sums of a line: its blocks, and then single pixels for what fills no block.
pub(crate) fn sums(len: usize, block: usize) -> usize {
    len / block + len % block
}

/// For each output pixel of a line, the weights of the places around it: sums of `block` pixels,
/// and then single pixels for what fills no block.
pub(crate) struct Taps {
    /// The first place of each output pixel.
    pub(crate) first: Vec<usize>,
    /// How many places each has at most.
    pub(crate) reach: usize,
    /// How many weights each has: 0 beyond its places.
    pub(crate) count: usize,
    /// `[output pixels, count]`, times two to the power of `bits`.
    pub(crate) weights: Vec<i16>,
    pub(crate) bits: u32,
}

impl Taps {
    /// From `len` pixels to `out`. `count` becomes a multiple of `unit`, and `bits` at most `bits`.
    pub(crate) fn new(
        [len, out]: [usize; 2],
        block: usize,
        filter: Filter,
        unit: usize,
        most_bits: u32,
    ) -> Self {
        let scale = len as f64 / out as f64;
        let stretch = scale.max(1.0);
        let reach = filter.support() * stretch;
        let whole = len / block;
        let place =
            |pixel: usize| if pixel / block < whole { pixel / block } else { whole + pixel - whole * block };
        let mut pixels = vec![0.0; (2.0 * reach).ceil() as usize + 2];
        // To each pixel of a sum the mean of what the filter gives them.
        let (mut first, mut all, mut ends) = (Vec::with_capacity(out), Vec::new(), Vec::with_capacity(out));
        for i in 0..out {
            let centre = (i as f64 + 0.5) * scale;
            let start = (centre - reach).max(0.0) as usize;
            let pixels = &mut pixels[..((centre + reach).ceil() as usize).min(len) - start];
            filter.weigh(start as f64 + 0.5 - centre, stretch, pixels);
            let zeros = pixels.iter().take_while(|&&weight| weight == 0.0).count();
            let total: f64 = pixels.iter().sum();
            let (start, pixels) = (start + zeros, &pixels[zeros..]);
            let from = all.len();
            first.push(place(start));
            for (pixel, weight) in (start..).zip(pixels).filter(|(_, weight)| **weight != 0.0) {
                let at = from + place(pixel) - place(start);
                all.resize(all.len().max(at + 1), 0.0);
                all[at] += weight / (total * if pixel / block < whole { block as f64 } else { 1.0 });
            }
            ends.push(all.len());
        }
        let largest = all.iter().copied().fold(0.0, f64::max);
        let bits = (0..most_bits).rev().find(|&bits| largest * f64::from(2 << bits) < 32767.0);
        let bits = bits.map_or(0, |bits| bits + 1);
        let starts = || std::iter::once(0).chain(ends.iter().copied());
        let reach = starts().zip(&ends).map(|(start, end)| end - start).max().unwrap_or(0);
        let count = reach.next_multiple_of(unit);
        let mut weights = vec![0; out * count];
        for ((to, start), &end) in weights.chunks_exact_mut(count).zip(starts()).zip(&ends) {
            for (to, weight) in to.iter_mut().zip(&all[start..end]) {
                *to = (weight * f64::from(1 << bits)).round() as i16;
            }
        }
        Self { first, reach, count, weights, bits }
    }
}
