//! What colour the subject has where its edge is half transparent, without the ground behind it.
//!
//! A pixel there is `I = a F + (1 - a) B`, of which only `I` and `a` are known. Both colours are first taken
//! from around it: means of the pixels that are surely subject, or surely ground, in cells of a coarse grid,
//! and where a cell has none of them, of ever larger cells. What then does not add up to `I` is given
//! to `F`, as much as the pixel is subject: `F + a (I - a F - (1 - a) B)`, the step of M. Forte and F. Pitié,
//! "Approximate Fast Foreground Colour Estimation", ICIP 2021.
//!
//! Memory: the grid, and a few numbers for each column of the picture.

use super::Colour;
use super::grid::{FACTOR, Grid, TRUST};
use super::line::{Line, Tap};

/// Weighted sums over the pixels of each cell: red, green, blue, and the weights alone.
type Sums = Vec<[f32; 4]>;

/// Gathers a picture's colours, some rows at a time.
pub(super) struct Gather {
    width: usize,
    grid: Grid,
    /// Of what is surely subject, if that is wanted, and surely ground.
    subject: Sums,
    ground: Sums,
}

impl Gather {
    /// For a picture of `width` x `height`.
    pub(super) fn new(width: usize, height: usize) -> Self {
        let grid = Grid::new(width, height);
        let sums = vec![[0.0; 4]; grid.columns * grid.rows];
        Self { width, grid, subject: sums.clone(), ground: sums }
    }

    /// Of the ground alone, on a grid for its blur. Nothing takes the subject's part out of these colours again, so pixels
    /// count by about the 64th power.
    pub(super) fn of_ground(width: usize, grid: Grid) -> Self {
        Self { width, grid, subject: Vec::new(), ground: vec![[0.0; 4]; grid.columns * grid.rows] }
    }

    /// Takes row `y`: its pixels, with straight alpha, and its matte.
    ///
    /// # Panics
    /// If the row is not of the picture's width.
    pub(super) fn row(&mut self, y: usize, pixels: &[[u8; 4]], alpha: &[u8]) {
        assert!(pixels.len() == self.width && alpha.len() == self.width, "a row of the picture");
        let Grid { cell, columns, .. } = self.grid;
        let start = y / cell * columns;
        let cells = pixels.chunks(cell).zip(alpha.chunks(cell));
        for (i, (pixels, alpha)) in cells.enumerate() {
            let (least, most) = alpha.iter().fold((255, 0), |(least, most), &a| (a.min(least), a.max(most)));
            // Most of a picture is all the one or all the other.
            if most > UNSURE && !self.subject.is_empty() {
                add(&mut self.subject[start + i], pixels, alpha, &SUBJECT);
            }
            if least < 255 - UNSURE {
                let weights = if self.subject.is_empty() { &GROUND_ALONE } else { &GROUND };
                add(&mut self.ground[start + i], pixels, alpha, weights);
            }
        }
    }

    pub(super) fn grid(&self) -> Grid {
        self.grid
    }

    /// The colours on both sides of every edge.
    pub(super) fn finish(self) -> Colours {
        let Self { width, grid, subject, ground } = self;
        let side = |sums: &Sums| Some(Side { cells: filled(sums, grid)?, line: Line::new(width, grid) });
        Colours { sides: side(&subject).zip(side(&ground)) }
    }

    /// The ground everywhere, also where the subject hides it; `None` if it is nowhere to be seen.
    pub(super) fn finish_ground(self) -> Option<Vec<Colour>> {
        filled(&self.ground, self.grid)
    }
}

/// Up to this alpha a pixel's weight as subject rounds to 0; as much below 255, its weight as ground.
const UNSURE: u8 = 160;

/// What the picture itself leaves out, by half or more, has no colour.
const SEEN: u8 = 128;

/// A pixel's weight, 0 to 255, by its alpha.
type Weights = [u32; 256];

/// How surely a pixel is subject alone: about the 16th power of its alpha, which leaves out nearly all in which the
/// ground shows.
static SUBJECT: Weights = powers(4, false);

/// The same of the ground.
static GROUND: Weights = powers(4, true);

/// Of the ground where nothing takes the subject's part out again: about the 64th power.
static GROUND_ALONE: Weights = powers(6, true);

/// What `squarings` make of each alpha, or of what it leaves.
const fn powers(squarings: usize, of_rest: bool) -> Weights {
    let mut weights = [0; 256];
    let mut alpha = 0;
    while alpha < 256 {
        let mut weight = if of_rest { 255 - alpha as u32 } else { alpha as u32 };
        let mut done = 0;
        while done < squarings {
            weight = (weight * weight + 127) / 255;
            done += 1;
        }
        weights[alpha] = weight;
        alpha += 1;
    }
    weights
}

fn add(sum: &mut [f32; 4], pixels: &[[u8; 4]], alpha: &[u8], weights: &Weights) {
    let mut row = [0u32; 4];
    for (&[red, green, blue, own], &alpha) in pixels.iter().zip(alpha) {
        let weight = if own < SEEN { 0 } else { weights[usize::from(alpha)] };
        row[0] += weight * u32::from(red);
        row[1] += weight * u32::from(green);
        row[2] += weight * u32::from(blue);
        row[3] += weight;
    }
    sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value as f32);
}

/// The colour of every cell; `None` if no pixel of any has a say.
fn filled(sums: &[[f32; 4]], grid: Grid) -> Option<Vec<Colour>> {
    let any = sums.iter().any(|&[.., weight]| weight > 0.0);
    any.then(|| fill(sums, grid.columns, grid.rows, TRUST * grid.most()))
}

/// Means of the sums; cells of little weight take the rest from larger cells, and those from still larger ones.
fn fill(sums: &[[f32; 4]], columns: usize, rows: usize, trust: f32) -> Vec<Colour> {
    if columns * rows == 1 {
        let [colour @ .., weight] = sums[0];
        return vec![colour.map(|sum| sum / weight)];
    }
    let (fewer_columns, fewer_rows) = (columns.div_ceil(FACTOR), rows.div_ceil(FACTOR));
    let mut larger = vec![[0.0; 4]; fewer_columns * fewer_rows];
    for (y, row) in sums.chunks_exact(columns).enumerate() {
        for (x, cell) in row.iter().enumerate() {
            let to = &mut larger[y / FACTOR * fewer_columns + x / FACTOR];
            // The mean, so that a large cell's weight is to be compared with a small one's.
            to.iter_mut().zip(cell).for_each(|(to, value)| *to += value / (FACTOR * FACTOR) as f32);
        }
    }
    let around = fill(&larger, fewer_columns, fewer_rows, trust);
    let mut colours = Vec::with_capacity(sums.len());
    for (y, row) in sums.chunks_exact(columns).enumerate() {
        let y = Tap::new(y, FACTOR, fewer_rows);
        colours.extend(row.iter().enumerate().map(|(x, &[red, green, blue, weight])| {
            let around = mix(&around, fewer_columns, Tap::new(x, FACTOR, fewer_columns), y);
            let share = 1.0 / (weight + trust);
            let mut own = [red, green, blue];
            own.iter_mut().zip(around).for_each(|(sum, around)| *sum = (*sum + trust * around) * share);
            own
        }));
    }
    colours
}

/// The colour between four cells.
fn mix(grid: &[Colour], columns: usize, x: Tap, y: Tap) -> Colour {
    let row = |y: usize, c: usize| {
        let [first, second] = [x.first, x.second].map(|x| grid[y * columns + x][c]);
        first + (second - first) * x.t
    };
    std::array::from_fn(|c| {
        let (above, below) = (row(y.first, c), row(y.second, c));
        above + (below - above) * y.t
    })
}

/// The subject's and the ground's colours all over a picture.
pub(super) struct Colours {
    /// The subject's and the ground's; `None` where nothing of the picture is surely the one, or nothing the other.
    sides: Option<(Side, Side)>,
}

struct Side {
    cells: Vec<Colour>,
    line: Line,
}

impl Colours {
    /// Goes to row `y`.
    pub(super) fn go(&mut self, y: usize) {
        if let Some((subject, ground)) = &mut self.sides {
            for side in [subject, ground] {
                side.line.go(&side.cells, y);
            }
        }
    }

    /// The subject's own colour at a pixel of the row, whose share of the subject is `alpha`; what is seen there if a
    /// side is unknown.
    pub(super) fn subject(&self, x: usize, pixel: [u8; 4], alpha: u8) -> Colour {
        let [red, green, blue, _] = pixel.map(f32::from);
        let seen = [red, green, blue];
        let Some((subject, ground)) = self.sides.as_ref().filter(|_| alpha < 255) else { return seen };
        let a = f32::from(alpha) / 255.0;
        let (subject, ground) = (subject.line.at(x), ground.line.at(x));
        std::array::from_fn(|c| {
            let rest = seen[c] - a * subject[c] - (1.0 - a) * ground[c];
            (subject[c] + a * rest).clamp(0.0, 255.0)
        })
    }
}

#[cfg(test)]
mod tests;
