//! The coarse grid on which a picture's colours are gathered; one for the CPU and the GPU.

/// How many cells the longer side has at most. On scored pictures laid over others, 170 to 600 differ little; fewer
/// cells look farther, more follow the colours more closely.
const CELLS: usize = 256;

/// How many cells wide and high the next larger cell is.
pub(crate) const FACTOR: usize = 4;

/// How much a cell trusts the larger one around it, as the share of its own pixels that this counts for.
pub(crate) const TRUST: f32 = 0.005;

/// About how many cells a blur's grid has at most: on larger pictures the least blurs are rounded up, to two pixels at
/// 12 megapixels.
const BLUR_CELLS: f32 = 1_048_576.0;

/// Square cells over a picture; the last ones may lie partly beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    /// Pixels of a cell's side.
    pub(crate) cell: usize,
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

impl Grid {
    /// For a picture of `width` x `height`.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let cell = width.max(height).div_ceil(CELLS);
        Self { cell, columns: width.div_ceil(cell), rows: height.div_ceil(cell) }
    }

    /// For a blur of the ground by `deviation` pixels.
    pub(crate) fn of_blur(width: usize, height: usize, deviation: f32) -> Self {
        let least = ((width * height) as f32 / BLUR_CELLS).sqrt().ceil() as usize;
        let cell = (deviation as usize / 2).max(least);
        Self { cell, columns: width.div_ceil(cell), rows: height.div_ceil(cell) }
    }

    /// The most that the weights in one cell add up to.
    pub(crate) fn most(&self) -> f32 {
        (self.cell * self.cell * 255) as f32
    }
}
