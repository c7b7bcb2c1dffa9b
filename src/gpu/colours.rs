//! The colours on both sides of a matte's edges. The twin of `effects::colours`.

use super::device::Gpu;
use super::frame::Frame;
use super::shader::Binding::{Read, Texture, Uniform, Write};
use super::shader::{Dispatch, Shader};
use super::stages::{dispatch, shader};
use crate::effects::grid::{FACTOR, Grid, TRUST};

/// Their rows of the table.
#[cfg(test)]
pub(super) static ALL: [&Shader; 3] = [&GATHER, &LARGER, &FILL];

static GATHER: Shader = shader!("gather", &[Uniform, Texture, Read, Write], [8, 8, 1]);
static LARGER: Shader = shader!("gather_larger", &[Uniform, Write], [8, 8, 1]);
static FILL: Shader = shader!("gather_fill", &[Uniform, Read, Write], [8, 8, 1]);

/// What finds them, and where they are.
pub(super) struct Colours {
    dispatches: Vec<Dispatch>,
    /// `[2, rows, columns]`, subject and ground, and then larger cells.
    pub(super) buffer: wgpu::Buffer,
    pub(super) grid: Grid,
}

/// Columns and rows of cells, and where they begin in the buffers.
struct Level {
    columns: usize,
    rows: usize,
    first: usize,
}

impl Colours {
    /// Those of `frame`'s picture and matte.
    pub(super) fn new(gpu: &Gpu, frame: &Frame) -> Self {
        let (picture, layout) = (frame.picture(), frame.layout());
        let [width, height] = picture.size;
        let grid = Grid::new(width, height);
        let mut levels = vec![Level { columns: grid.columns, rows: grid.rows, first: 0 }];
        let cells = |level: &Level| level.first + 2 * level.columns * level.rows;
        while let Some(level) = levels.last().filter(|level| level.columns * level.rows > 1) {
            let (columns, rows) = (level.columns.div_ceil(FACTOR), level.rows.div_ceil(FACTOR));
            levels.push(Level { columns, rows, first: cells(level) });
        }
        let len = cells(levels.last().expect("a level")) * 16;
        let [sums, buffer] =
            ["sums", "colours"].map(|label| gpu.buffer(label, len, wgpu::BufferUsages::STORAGE));
        let words = |values: &[usize]| values.iter().map(|&value| value as u32).collect::<Vec<_>>();
        let mut dispatches = Vec::new();
        let (alpha, _) = frame.alpha();
        let resources = [
            wgpu::BindingResource::TextureView(&picture.view),
            alpha.as_entire_binding(),
            sums.as_entire_binding(),
        ];
        let params = words(&[width, height, layout.words, grid.cell, grid.columns, grid.rows]);
        dispatches.push(dispatch(gpu, &GATHER, &params, &resources, [grid.columns, grid.rows, 1]));
        for [level, larger] in levels.array_windows() {
            let sizes = [level.columns, level.rows, larger.columns, larger.rows];
            let params = words(&[&sizes[..], &[FACTOR, level.first, larger.first]].concat());
            let over = [larger.columns, larger.rows, 1];
            dispatches.push(dispatch(gpu, &LARGER, &params, &[sums.as_entire_binding()], over));
        }
        let none = Level { columns: 0, rows: 0, first: 0 };
        for (i, level) in levels.iter().enumerate().rev() {
            let larger = levels.get(i + 1).unwrap_or(&none);
            let sizes = [level.columns, level.rows, larger.columns, larger.rows];
            let mut params = words(&[&sizes[..], &[FACTOR, level.first, larger.first]].concat());
            params.push((TRUST * grid.most()).to_bits());
            let resources = [&sums, &buffer].map(wgpu::Buffer::as_entire_binding);
            dispatches.push(dispatch(gpu, &FILL, &params, &resources, [level.columns, level.rows, 1]));
        }
        Self { dispatches, buffer, grid }
    }

    pub(super) fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.dispatches.iter().for_each(|dispatch| dispatch.record(pass));
    }
}
