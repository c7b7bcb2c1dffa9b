//! The colours of a coarse grid along one row of a picture. The two rows of cells around it are mixed once, so that a
//! pixel takes two colours and not four.

use super::Colour;
use super::grid::Grid;

/// Two neighbours of a point on a grid, and how far it is towards the second.
#[derive(Clone, Copy)]
pub(super) struct Tap {
    pub(super) first: usize,
    pub(super) second: usize,
    pub(super) t: f32,
}

impl Tap {
    /// Of the pixel `at`, on a grid of `len` cells of `cell` pixels.
    pub(super) fn new(at: usize, cell: usize, len: usize) -> Self {
        let place = ((at as f32 + 0.5) / cell as f32 - 0.5).clamp(0.0, (len - 1) as f32);
        let first = place as usize;
        Self { first, second: (first + 1).min(len - 1), t: place.fract() }
    }

    /// The colour between its two, of those that `of` gives.
    fn between(self, of: impl Fn(usize) -> Colour) -> Colour {
        let (first, second) = (of(self.first), of(self.second));
        std::array::from_fn(|c| first[c] + (second[c] - first[c]) * self.t)
    }
}

/// One row of a picture.
pub(super) struct Line {
    grid: Grid,
    /// One for each pixel.
    taps: Vec<Tap>,
    /// One colour for each column of cells.
    mixed: Vec<Colour>,
}

impl Line {
    /// For pictures of that width.
    pub(super) fn new(width: usize, grid: Grid) -> Self {
        let taps = (0..width).map(|x| Tap::new(x, grid.cell, grid.columns)).collect();
        Self { grid, taps, mixed: vec![[0.0; 3]; grid.columns] }
    }

    /// Goes to row `y`; `cells` are all colours of the grid.
    pub(super) fn go(&mut self, cells: &[Colour], y: usize) {
        let Grid { cell, columns, rows } = self.grid;
        let tap = Tap::new(y, cell, rows);
        for (x, mixed) in self.mixed.iter_mut().enumerate() {
            *mixed = tap.between(|y| cells[y * columns + x]);
        }
    }

    /// The colour at a pixel of this row.
    #[inline(always)]
    pub(super) fn at(&self, x: usize) -> Colour {
        self.taps[x].between(|column| self.mixed[column])
    }
}
