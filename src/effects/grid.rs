//! The coarse grid on which a picture's colours are gathered; one for the CPU and the GPU.

/// How many cells the longer side has at most. On scored pictures laid over others, 170 to 600 differ little; fewer
/// cells look farther, more follow the colours more closely.
const CELLS: usize = 256;

/// How many cells wide and high the next larger cell is.
pub(crate) const FACTOR: usize = 4;

/// How much a cell trusts the larger one around it, as the share of its own pixels that this counts for.
pub(crate) const TRUST: f32 = 0.005;

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

    /// The most that the weights in one cell add up to.
    pub(crate) fn most(&self) -> f32 {
        (self.cell * self.cell * 255) as f32
    }
}
