//! What is behind the subject: its own ground, blurred, or another picture.
//!
//! A blur of the whole picture smears the subject over its surroundings. So the ground alone is gathered on a grid, as
//! for `colours`: what is not surely ground has no say, and what the subject hides is filled in from around it. That is
//! what is blurred. The grid's cells are half the blur wide, so that between them nothing is lost, and memory does not
//! grow with it.

use super::Colour;
use super::grid::Grid;
use super::line::Line;
use crate::pixels::{self, Filter, Rgba8};

/// How far a blur's weights reach, in standard deviations.
pub(crate) const REACH: f32 = 3.0;

/// A picture's ground, blurred.
pub(super) struct Blurred {
    cells: Vec<Colour>,
    line: Line,
}

impl Blurred {
    /// By `deviation` pixels, of a ground that is filled in, of a picture of that width.
    pub(super) fn new(width: usize, grid: Grid, cells: Vec<Colour>, deviation: f32) -> Self {
        let weights = weights(deviation_in_cells(grid.cell, deviation));
        let Grid { columns, rows, .. } = grid;
        let mut across = Vec::with_capacity(cells.len());
        for row in cells.chunks_exact(columns) {
            across.extend((0..columns).map(|x| weighed(&weights, x, columns, |x| row[x])));
        }
        let down = |i: usize| weighed(&weights, i / columns, rows, |y| across[y * columns + i % columns]);
        let cells = (0..cells.len()).map(down).collect();
        Self { cells, line: Line::new(width, grid) }
    }

    /// Goes to row `y`.
    pub(super) fn go(&mut self, y: usize) {
        self.line.go(&self.cells, y);
    }

    /// At a pixel of the row.
    #[inline(always)]
    pub(super) fn at(&self, x: usize) -> Colour {
        self.line.at(x)
    }
}

/// What of a blur is left to do on a grid of `cell` pixels, in cells: gathering in cells is a blur itself, and so is
/// going from one to the next.
pub(crate) fn deviation_in_cells(cell: usize, deviation: f32) -> f32 {
    let cell = cell as f32;
    (deviation * deviation - (cell * cell - 1.0) / 4.0).max(0.0).sqrt() / cell
}

/// Of the middle, and of each next cell on either side; all of them add up to 1.
fn weights(deviation: f32) -> Vec<f32> {
    let reach = (REACH * deviation).ceil() as usize;
    let weight = |k: usize| if k == 0 { 1.0 } else { (-0.5 * (k as f32 / deviation).powi(2)).exp() };
    let all: Vec<f32> = (0..=reach).map(weight).collect();
    let sum = 2.0 * all.iter().sum::<f32>() - 1.0;
    all.into_iter().map(|weight| weight / sum).collect()
}

/// The mean around `at` of `len` colours, of which the first and the last go on beyond the ends.
fn weighed(weights: &[f32], at: usize, len: usize, colour: impl Fn(usize) -> Colour) -> Colour {
    let mut mean = colour(at).map(|value| value * weights[0]);
    for (k, weight) in weights.iter().enumerate().skip(1) {
        let (before, after) = (colour(at.saturating_sub(k)), colour((at + k).min(len - 1)));
        (0..3).for_each(|c| mean[c] += weight * (before[c] + after[c]));
    }
    mean
}

/// How a picture is brought to another's size, its own proportions kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// So that it fills all of it; what is beyond is cut off, on both sides alike.
    Cover,
    /// So that all of it shows, in the middle; the rest is transparent.
    Contain,
}

/// `picture` as the ground of one of `width` x `height`: straight pixels.
///
/// # Panics
/// If a side is 0.
pub fn place(picture: Rgba8<'_>, [width, height]: [usize; 2], fit: Fit) -> Vec<u8> {
    let [from_width, from_height] = [picture.width(), picture.height()];
    // Which side is the tighter one, without a division.
    let wider = from_width * height > width * from_height;
    let scaled = |side: usize, of: usize, to: usize| ((side * to + of / 2) / of).max(1);
    if fit == Fit::Contain {
        let size = match wider {
            true => [width, scaled(from_height, from_width, width)],
            false => [scaled(from_width, from_height, height), height],
        };
        let inner = pixels::to_size(picture, size[0], size[1], Filter::Box);
        let (left, top) = ((width - size[0]) / 2, (height - size[1]) / 2);
        let mut placed = vec![0; width * height * 4];
        for (y, row) in inner.chunks_exact(size[0] * 4).enumerate() {
            placed[((top + y) * width + left) * 4..][..row.len()].copy_from_slice(row);
        }
        return placed;
    }
    let size = match wider {
        true => [scaled(width, height, from_height).min(from_width), from_height],
        false => [from_width, scaled(height, width, from_width).min(from_height)],
    };
    let (left, top) = ((from_width - size[0]) / 2, (from_height - size[1]) / 2);
    let rows = picture.bytes().chunks_exact(from_width * 4).skip(top).take(size[1]);
    let part: Vec<u8> = rows.flat_map(|row| &row[left * 4..(left + size[0]) * 4]).copied().collect();
    let part = Rgba8::new(size[0], size[1], &part).expect("a part of a picture");
    pixels::to_size(part, width, height, Filter::Box)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blur_is_as_wide_as_it_says() {
        // A line, blurred: its second moment is the deviation's square.
        for deviation in [1.0, 2.5, 4.0, 10.0, 33.0, 100.0] {
            let size = [2048, 3];
            let grid = Grid::of_blur(size[0], size[1], deviation);
            let mut cells = vec![[0.0; 3]; grid.columns * grid.rows];
            let middle = grid.columns / 2;
            (0..grid.rows).for_each(|y| cells[y * grid.columns + middle] = [1000.0; 3]);
            let mut blurred = Blurred::new(size[0], grid, cells, deviation);
            blurred.go(1);
            let centre = (middle as f32 + 0.5) * grid.cell as f32 - 0.5;
            let (mut sum, mut moment) = (0.0, 0.0);
            for x in 0..size[0] {
                let [value, ..] = blurred.at(x);
                sum += value;
                moment += value * (x as f32 - centre).powi(2);
            }
            // The line itself is a cell wide.
            let got = (moment / sum + (grid.cell * grid.cell - 1) as f32 / 12.0).sqrt();
            assert!((got / deviation - 1.0).abs() < 0.04, "{deviation}: {got}");
        }
    }

    #[test]
    fn pictures_are_placed_in_the_middle() {
        let pixels: Vec<u8> = (0..8_u8).flat_map(|x| [x * 30, 0, 0, 255]).collect();
        let wide = Rgba8::new(8, 1, &pixels).unwrap();
        assert_eq!(place(wide, [2, 1], Fit::Cover), [90, 0, 0, 255, 120, 0, 0, 255]);
        let contained = place(wide, [8, 3], Fit::Contain);
        assert_eq!(contained[..32], [0; 32]);
        assert_eq!(contained[32..64], pixels[..]);
        assert_eq!(contained[64..], [0; 32]);
        for size in [[1, 1], [1, 9], [9, 1], [64, 3]] {
            for fit in [Fit::Cover, Fit::Contain] {
                assert_eq!(place(wide, size, fit).len(), size[0] * size[1] * 4);
            }
        }
    }
}
