//! Runs a plan on the CPU: one kernel per step kind, in 128-bit vectors.
//!
//! All memory is taken when a plan is loaded: one arena for the buffers, which share it as
//! `plan::arena` says, and scratch that grows during the first run only.
//! Invariant: `unsafe` appears only in `simd`.

mod finish;
mod integer;
mod kernels;
mod lines;
mod matrix;
#[cfg(test)]
mod mutants;
#[cfg(feature = "threads")]
mod pieces;
mod prepare;
mod product;
pub(crate) mod simd;
mod trial;

use std::ops::Range;

use crate::error::{Error, Result};
use crate::plan::{self, Plan, Shape};
pub use trial::Trial;

use finish::Finish;
use lines::Lines;
use matrix::Matrix;
use prepare::Prepared;
use simd::Run;

/// A plan that is ready to run.
pub struct Executor {
    steps: Vec<Prepared>,
    shapes: Vec<Shape>,
    /// Where each buffer starts in `memory`.
    offsets: Vec<usize>,
    memory: Lines,
    input: usize,
    output: usize,
    /// Values between two pixels of the output.
    output_stride: usize,
    shared: Shared,
    #[cfg(not(feature = "threads"))]
    scratch: Scratch,
    #[cfg(feature = "threads")]
    pieces: pieces::Pieces,
}

/// In what the larger convolutions multiply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// Single precision.
    F32,
    /// Whole numbers of 16 bits, with sums of 32.
    I16,
}

impl Arithmetic {
    /// The name, as JavaScript and the command line show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::I16 => "i16",
        }
    }

    /// The arithmetic of that name.
    ///
    /// # Errors
    /// `InvalidInput` if there is none.
    pub fn named(name: &str) -> Result<Self> {
        [Self::F32, Self::I16]
            .into_iter()
            .find(|arithmetic| arithmetic.name() == name)
            .ok_or_else(|| Error::invalid(format!("arithmetic is {name:?}, want f32 or i16")))
    }
}

/// What is made once for all bands of a step.
pub(crate) struct Shared {
    /// Weights times a gate.
    gated: Matrix,
    /// A picture in whole numbers, and what 1 of them is worth.
    whole: Vec<i16>,
    factor: f32,
}

/// Memory that a kernel uses while it runs a band.
#[derive(Default)]
pub(crate) struct Scratch {
    /// The pieces of a row of windows.
    runs: Vec<Run>,
    /// A panel of pixels in whole numbers.
    whole: Vec<i16>,
    /// Rows of windows that reach outside, or a row of blocks.
    patch: Lines,
    /// A row between two rows of a picture that is enlarged.
    blend: Vec<f32>,
    /// A band of a residual at its step's size.
    residual: Lines,
}

impl Executor {
    /// Proves `plan`, packs its weights and takes the memory to run it.
    ///
    /// # Errors
    /// As [`plan::check`].
    pub fn new(plan: Plan, arithmetic: Arithmetic) -> Result<Self> {
        plan::check(&plan)?;
        let arena = plan::arena(&plan);
        let memory = Lines::zeros(arena.len);
        let steps: Vec<_> = plan.steps.iter().map(|step| Prepared::new(&plan, step, arithmetic)).collect();
        let shared = Shared { gated: Matrix::empty(), whole: Vec::new(), factor: 0.0 };
        #[cfg(feature = "threads")]
        let pieces = pieces::Pieces::new(&plan, &steps);
        let dense = plan.steps.iter().any(|step| prepare::dense(&plan, step));
        let output_stride = if dense { 1 } else { plan.buffers[plan.output].stride() };
        let Plan { buffers: shapes, input, output, .. } = plan;
        Ok(Self {
            steps,
            shapes,
            offsets: arena.offsets,
            memory,
            input,
            output,
            output_stride,
            shared,
            #[cfg(not(feature = "threads"))]
            scratch: Scratch::default(),
            #[cfg(feature = "threads")]
            pieces,
        })
    }

    /// Shapes of the input and of the output.
    pub fn shapes(&self) -> [Shape; 2] {
        [self.shapes[self.input], self.shapes[self.output]]
    }

    /// The input, to be filled before each run: `[height, width, stride]`, 0 in the padding.
    pub fn input(&mut self) -> &mut [f32] {
        let range = self.range(self.input);
        &mut self.memory[range]
    }

    /// The output of the last run: `[height, width, output_stride]`; the padding holds anything.
    pub fn output(&self) -> &[f32] {
        let len = self.shapes[self.output].pixels() * self.output_stride;
        &self.memory[self.range(self.output)][..len]
    }

    /// Values from one pixel of the output to the next: the channels, padded or not.
    pub fn output_stride(&self) -> usize {
        self.output_stride
    }

    /// Runs all steps. The input's memory is used again by them.
    pub fn run(&mut self) {
        for at in 0..self.steps.len() {
            self.run_step(at);
        }
    }

    /// Runs step `at` alone, on whatever is in memory; whether there is such a step.
    pub fn try_step(&mut self, at: usize) -> bool {
        let exists = at < self.steps.len();
        if exists {
            self.run_step(at);
        }
        exists
    }

    fn run_step(&mut self, at: usize) {
        let step = &self.steps[at];
        let y_range = self.offsets[step.y]..self.offsets[step.y] + self.shapes[step.y].len();
        let (before, rest) = self.memory.split_at_mut(y_range.start);
        let (y, after) = rest.split_at_mut(y_range.len());
        let read = |buffer: usize| {
            let (from, len) = (self.offsets[buffer], self.shapes[buffer].len());
            if from < y_range.start { &before[from..from + len] } else { &after[from - y_range.end..][..len] }
        };
        let shape = self.shapes[step.y];
        let row = shape.width * shape.stride();
        step.kernel.prepare(read, &mut self.shared);
        let shared = &self.shared;
        let piece = |rows: Range<usize>, y: &mut [f32], scratch: &mut Scratch| {
            let Some((buffer, resize)) = &step.resized else {
                let residual =
                    step.residual.map(|residual| &read(residual)[rows.start * row..rows.end * row]);
                let finish = Finish::new(step.activation, residual, step.after);
                return step.kernel.run(read, rows, y, finish, shared, scratch);
            };
            // The residual is brought to size band by band, while the band is in the nearest cache.
            let band_rows = step.kernel.band_rows(shape);
            let mut enlarged = std::mem::take(&mut scratch.residual);
            for first in rows.clone().step_by(band_rows) {
                let band = first..(first + band_rows).min(rows.end);
                enlarged.resize(band.len() * row);
                let plain = Finish::new(plan::Activation::None, None, false);
                resize.run(read(*buffer), band.clone(), &mut enlarged, plain, &mut scratch.blend);
                let finish = Finish::new(step.activation, Some(&enlarged), step.after);
                let y = &mut y[(band.start - rows.start) * row..(band.end - rows.start) * row];
                step.kernel.run(read, band, y, finish, shared, scratch);
            }
            scratch.residual = enlarged;
        };
        #[cfg(not(feature = "threads"))]
        piece(0..shape.height, y, &mut self.scratch);
        #[cfg(feature = "threads")]
        self.pieces.run(at, row, y, piece);
    }

    fn range(&self, buffer: usize) -> Range<usize> {
        self.offsets[buffer]..self.offsets[buffer] + self.shapes[buffer].len()
    }
}

#[cfg(test)]
mod tests;
