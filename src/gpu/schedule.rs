//! A plan as dispatches: which shader does which steps, on what, with which numbers.
//!
//! All of it is data, made without a GPU, so that what is fused can be tested anywhere.

use super::shader::{Binding, Shader};
use super::slots::Use;
use crate::plan::{Activation, Data, Plan, Shape};

mod alone;
mod excite;
mod pack;
mod pair;

use pack::{levels, padded};

/// All dispatches of a plan, in order, and what they need beside its buffers.
pub(super) struct Schedule {
    pub(super) passes: Vec<Pass>,
    /// Values of each tensor; the plan's buffers come first.
    pub(super) tensors: Vec<usize>,
    /// Packed weights that half precision holds exactly.
    pub(super) weights: Vec<Vec<f32>>,
    /// Other packed numbers, which are kept in single precision.
    pub(super) numbers: Vec<Vec<f32>>,
    /// Values from one pixel of the output to the next.
    pub(super) output_stride: usize,
}

/// One dispatch.
pub(super) struct Pass {
    pub(super) shader: &'static Shader,
    /// Indices of the plan's steps that it does.
    pub(super) steps: Vec<usize>,
    /// A value for each constant of the shader.
    pub(super) constants: Vec<f64>,
    /// The shader's parameters, as they lie in memory.
    pub(super) parameters: Vec<u32>,
    /// What is bound after the parameters.
    pub(super) operands: Vec<Operand>,
    pub(super) invocations: [usize; 3],
}

/// What a dispatch reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Operand {
    /// An index of [`Schedule::tensors`].
    Tensor(usize),
    /// An index of [`Schedule::weights`].
    Weights(usize),
    /// An index of [`Schedule::numbers`].
    Numbers(usize),
}

impl Pass {
    /// Whether it reads weights that may be kept in half precision.
    pub(super) fn has_weights(&self) -> bool {
        self.operands.iter().any(|operand| matches!(operand, Operand::Weights(_)))
    }

    /// The tensors that it reads and writes.
    pub(super) fn uses(&self) -> Use {
        let mut uses = Use::default();
        for (operand, binding) in self.operands.iter().zip(&self.shader.bindings[1..]) {
            if let Operand::Tensor(tensor) = *operand {
                let list = if *binding == Binding::Write { &mut uses.writes } else { &mut uses.reads };
                list.push(tensor);
            }
        }
        uses
    }
}

/// The dispatches of `plan`, which is checked.
pub(super) fn schedule(plan: &Plan) -> Schedule {
    let mut draft = Draft {
        plan,
        made: Schedule {
            passes: Vec::new(),
            tensors: plan.buffers.iter().map(|shape| shape.len()).collect(),
            weights: Vec::new(),
            numbers: Vec::new(),
            output_stride: plan.buffers[plan.output].stride(),
        },
    };
    let mut at = 0;
    while at < plan.steps.len() {
        let fused = draft.excite(at).or_else(|| draft.pair(at));
        at += fused.unwrap_or_else(|| {
            draft.step(at);
            1
        });
    }
    draft.made
}

struct Draft<'a> {
    plan: &'a Plan,
    made: Schedule,
}

impl Draft<'_> {
    fn shape(&self, buffer: usize) -> Shape {
        self.plan.buffers[buffer]
    }

    fn numbers(&mut self, values: Vec<f32>) -> Operand {
        self.made.numbers.push(values);
        Operand::Numbers(self.made.numbers.len() - 1)
    }

    /// Constant `index`, which `pack` brings into order: what is in a file in 16 bits stays so.
    fn weights(&mut self, index: usize, pack: impl Fn(&[f32]) -> Vec<f32>) -> Operand {
        let (values, exact) = levels(&self.plan.constants[index]);
        self.packed(pack(&values), exact)
    }

    fn packed(&mut self, values: Vec<f32>, half: bool) -> Operand {
        if !half {
            return self.numbers(values);
        }
        self.made.weights.push(values);
        Operand::Weights(self.made.weights.len() - 1)
    }

    /// Constant `index`, a number for each channel.
    fn vector(&self, index: usize, y: Shape) -> Vec<f32> {
        padded(&self.plan.constants[index].to_f32(), y)
    }

    /// What becomes of sums of products with constant `weights`: `[2, columns]`, a factor and then a summand
    /// for each column, of which there are the channels of `y`, repeated, and some to spare.
    fn scales(&mut self, weights: usize, bias: usize, y: Shape, repeat: usize, columns: usize) -> Operand {
        let values = self.scaling(weights, bias, y, repeat, columns);
        self.numbers(values)
    }

    fn scaling(&self, weights: usize, bias: usize, y: Shape, repeat: usize, columns: usize) -> Vec<f32> {
        let factors = match &self.plan.constants[weights].data {
            Data::Fixed { scales, .. } => padded(scales, y),
            _ => vec![1.0; y.stride()],
        };
        let mut values = Vec::new();
        for part in [factors, self.vector(bias, y)] {
            values.extend(part.repeat(repeat));
            values.resize(values.len().next_multiple_of(columns), 0.0);
        }
        values
    }
}

/// Its number in `common.wgsl`, and its parameters.
fn activation(activation: Activation) -> (u8, f32, f32) {
    match activation {
        Activation::None => (0, 0.0, 0.0),
        Activation::Relu => (1, 0.0, 0.0),
        Activation::Clip { low, high } => (2, low, high),
        Activation::LeakyRelu { slope } => (3, slope, 0.0),
        Activation::HardSigmoid { slope, offset } => (4, slope, offset),
        Activation::HardSwish => (5, 0.0, 0.0),
        Activation::Sigmoid => (6, 0.0, 0.0),
        Activation::Silu => (7, 0.0, 0.0),
        Activation::Tanh => (8, 0.0, 0.0),
    }
}
