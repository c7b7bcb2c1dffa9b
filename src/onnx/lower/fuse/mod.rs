//! Few steps of many: passes over a plan, none of which changes what it computes but by rounding.
//!
//! A pass looks for one pattern, rewrites it wherever it stands, and says whether it did. Steps that
//! nothing reads any more stay in place until [`dead::run`]. A fused step stands where the later of
//! its two parts stood, since there all that either reads has been written.

mod activation;
mod affine;
mod attention;
mod commute;
mod compose;
mod dead;
mod distribute;
mod gate;
mod mean;
mod residual;
#[cfg(test)]
mod tests;

use crate::plan::{Activation, Constant, Epilogue, Op, Plan, Residual, Step};

/// The passes, in the order in which they are tried. What saves work comes before what only saves a
/// step, because an epilogue hides that what stands before it is linear.
const PASSES: [fn(&mut Plan) -> bool; 14] = [
    activation::names,
    activation::join,
    affine::into_producer,
    affine::into_reader,
    attention::run,
    compose::run,
    commute::run,
    mean::of_sum,
    mean::of_linear,
    gate::run,
    residual::into_producer,
    residual::own_input,
    residual::resized,
    distribute::run,
];

/// Fuses until no pass finds anything, and drops what is left over.
pub(super) fn run(plan: &mut Plan) {
    dead::run(plan);
    while PASSES.iter().any(|pass| pass(plan)) {
        dead::run(plan);
    }
}

/// Drops what nothing reads, and fuses nothing.
#[cfg(test)]
pub(super) fn tidy(plan: &mut Plan) {
    dead::run(plan);
}

/// Who reads and writes each buffer.
struct Uses {
    /// The step that writes it; none for the input.
    writer: Vec<Option<usize>>,
    /// How many operands of steps it is; one more for the output.
    readers: Vec<usize>,
}

impl Uses {
    fn of(plan: &Plan) -> Self {
        let mut uses = Self { writer: vec![None; plan.buffers.len()], readers: vec![0; plan.buffers.len()] };
        for (at, step) in plan.steps.iter().enumerate() {
            uses.writer[step.y] = Some(at);
            for buffer in step.reads() {
                uses.readers[buffer] += 1;
            }
        }
        uses.readers[plan.output] += 1;
        uses
    }

    /// The step that writes `buffer`, if it is read only once.
    fn sole(&self, buffer: usize) -> Option<usize> {
        self.writer[buffer].filter(|_| self.readers[buffer] == 1)
    }
}

/// Whether a step does nothing after its operation.
fn plain(step: &Step) -> bool {
    step.epilogue == Epilogue::default()
}

/// Replaces `from` by `to` wherever it is read.
fn rename(plan: &mut Plan, from: usize, to: usize) {
    for step in &mut plan.steps {
        for buffer in operands(step) {
            if *buffer == from {
                *buffer = to;
            }
        }
    }
    if plan.output == from {
        plan.output = to;
    }
}

/// Every buffer that `step` reads, to change.
fn operands(step: &mut Step) -> impl Iterator<Item = &mut usize> {
    let more: Vec<&mut usize> = match &mut step.op {
        Op::Pointwise { gate: Some(gate), .. } => vec![gate],
        Op::Binary { other, .. } => vec![other],
        Op::Concat { others } => others.iter_mut().collect(),
        _ => Vec::new(),
    };
    let residual = step.epilogue.residual.as_mut().map(|residual| &mut residual.buffer);
    std::iter::once(&mut step.x).chain(more).chain(residual)
}

/// A residual of `y`'s shape.
fn residual(buffer: usize, after: bool) -> Residual {
    Residual { buffer, resize: None, after }
}

fn add(plan: &mut Plan, shape: impl Into<Vec<usize>>, values: Vec<f32>) -> usize {
    plan.constants.push(Constant::f32(shape, values));
    plan.constants.len() - 1
}

fn values(plan: &Plan, constant: usize) -> Vec<f32> {
    plan.constants[constant].to_f32()
}

/// The one number that all of a constant's values are.
fn uniform(plan: &Plan, constant: usize) -> Option<f32> {
    let values = values(plan, constant);
    values.iter().all(|&value| value == values[0]).then(|| values[0])
}

/// Whether the function is none.
fn linear(step: &Step) -> bool {
    step.epilogue.activation == Activation::None
}
