//! Steps in pieces, bands of rows that the threads of rayon's pool take from each other.
//!
//! What runs a piece is what runs the whole step, so the results are the same; only in whole numbers,
//! whose panels start anew with each piece, they may differ by a rounding.

use rayon::prelude::*;

use super::Scratch;
use super::prepare::Prepared;
use crate::plan::Plan;

/// Multiply-adds from which on waking a thread pays: some 50 microseconds of one.
const LEAST: u64 = 2_000_000;

/// Multiply-adds that take as long as a value of a result is on its way to memory.
const VALUE: u64 = 8;

/// Pieces for each thread: a thread that is held up, by others on its core, leaves them to the rest.
const EACH: usize = 4;

/// How the steps of a plan are split.
pub(super) struct Pieces {
    /// Rows of a piece, for each step.
    rows: Vec<usize>,
    /// One for each piece of the step that has most.
    scratch: Vec<Scratch>,
}

impl Pieces {
    /// For the pool that there is.
    pub(super) fn new(plan: &Plan, steps: &[Prepared]) -> Self {
        let threads = rayon::current_num_threads();
        let count = if threads > 1 { threads * EACH } else { 1 };
        Self::of(plan, steps, count, LEAST)
    }

    /// Up to `count` pieces for each step that takes at least `least` multiply-adds.
    pub(super) fn of(plan: &Plan, steps: &[Prepared], count: usize, least: u64) -> Self {
        let rows = |(at, step): (usize, &Prepared)| {
            let shape = plan.buffers[step.y];
            let small = plan.step_multiply_adds(at) + shape.len() as u64 * VALUE < least;
            if small {
                shape.height
            } else {
                shape.height.div_ceil(count).next_multiple_of(step.kernel.unit(shape))
            }
        };
        let rows = steps.iter().enumerate().map(rows).collect();
        Self { rows, scratch: std::iter::repeat_with(Scratch::default).take(count).collect() }
    }

    /// Runs each step as a whole from now on, on the thread that asks.
    pub(super) fn keep_whole(&mut self) {
        self.rows.fill(usize::MAX);
    }

    /// Runs `piece` on the rows of each piece of step `at`, with its part of `y`, whose rows are `row` long.
    pub(super) fn run(
        &mut self,
        at: usize,
        row: usize,
        y: &mut [f32],
        piece: impl Fn(std::ops::Range<usize>, &mut [f32], &mut Scratch) + Sync,
    ) {
        let rows = self.rows[at];
        if y.len() <= rows.saturating_mul(row) {
            return piece(0..y.len() / row, y, &mut self.scratch[0]);
        }
        y.par_chunks_mut(rows * row).zip(&mut self.scratch).enumerate().for_each(|(i, (y, scratch))| {
            let first = i * rows;
            piece(first..first + y.len() / row, y, scratch);
        });
    }
}
