//! The colours on both sides of a matte's edges. The twin of `effects::colours`.

use super::device::Gpu;
use super::frame::Frame;
use super::shader::Binding::{Read, Texture, Uniform, Write};
use super::shader::{Dispatch, Shader};
use super::stages::{dispatch, shader};
use crate::effects::grid::{FACTOR, Grid, TRUST};
use crate::effects::ground::{REACH, deviation_in_cells};

/// Their rows of the table.
#[cfg(test)]
pub(super) static ALL: [&Shader; 4] = [&GATHER, &LARGER, &FILL, &BLUR];

static GATHER: Shader = shader!("gather", &[Uniform, Texture, Read, Write], [8, 8, 1]);
static LARGER: Shader = shader!("gather_larger", &[Uniform, Write], [8, 8, 1]);
static FILL: Shader = shader!("gather_fill", &[Uniform, Read, Write], [8, 8, 1]);
static BLUR: Shader = shader!("blur", &[Uniform, Read, Write], [8, 8, 1]);

/// What finds them, and where they are.
pub(super) struct Colours {
    dispatches: Vec<Dispatch>,
    /// `[2, rows, columns]`, subject and ground, and then larger cells; of a blur `[rows, columns]`, the ground.
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
        let [width, height] = frame.picture().size;
        Self::on(gpu, frame, Grid::new(width, height), false)
    }

    /// The ground of `frame`'s picture, blurred by `deviation` pixels. The twin of `effects::ground`.
    pub(super) fn blurred(gpu: &Gpu, frame: &Frame, deviation: f32) -> Self {
        let [width, height] = frame.picture().size;
        let grid = Grid::of_blur(width, height, deviation);
        let Self { mut dispatches, buffer, .. } = Self::on(gpu, frame, grid, true);
        let Grid { cell, columns, rows } = grid;
        let deviation = deviation_in_cells(cell, deviation);
        let reach = (REACH * deviation).ceil() as usize;
        let falloff = -0.5 / (deviation * deviation).max(1e-6);
        let [across, blurred] = ["across", "blurred"]
            .map(|label| gpu.buffer(label, columns * rows * 16, wgpu::BufferUsages::STORAGE));
        // The ground's cells come after the subject's.
        for (down, first, from, to) in [(0, columns * rows, &buffer, &across), (1, 0, &across, &blurred)] {
            let mut params = words(&[columns, rows, first, down, reach]);
            params.push(falloff.to_bits());
            let resources = [from, to].map(wgpu::Buffer::as_entire_binding);
            dispatches.push(dispatch(gpu, &BLUR, &params, &resources, [columns, rows, 1]));
        }
        Self { dispatches, buffer: blurred, grid }
    }

    /// `strict`: pixels that are not all ground hardly count as such.
    fn on(gpu: &Gpu, frame: &Frame, grid: Grid, strict: bool) -> Self {
        let (picture, layout) = (frame.picture(), frame.layout());
        let [width, height] = picture.size;
        let mut levels = vec![Level { columns: grid.columns, rows: grid.rows, first: 0 }];
        let cells = |level: &Level| level.first + 2 * level.columns * level.rows;
        while let Some(level) = levels.last().filter(|level| level.columns * level.rows > 1) {
            let (columns, rows) = (level.columns.div_ceil(FACTOR), level.rows.div_ceil(FACTOR));
            levels.push(Level { columns, rows, first: cells(level) });
        }
        let len = cells(levels.last().expect("a level")) * 16;
        let [sums, buffer] =
            ["sums", "colours"].map(|label| gpu.buffer(label, len, wgpu::BufferUsages::STORAGE));
        let mut dispatches = Vec::new();
        let (alpha, _) = frame.alpha();
        let resources = [
            wgpu::BindingResource::TextureView(&picture.view),
            alpha.as_entire_binding(),
            sums.as_entire_binding(),
        ];
        let sizes = [width, height, layout.words, grid.cell, grid.columns, grid.rows];
        let params = words(&[&sizes[..], &[usize::from(strict)]].concat());
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

fn words(values: &[usize]) -> Vec<u32> {
    values.iter().map(|&value| value as u32).collect()
}
