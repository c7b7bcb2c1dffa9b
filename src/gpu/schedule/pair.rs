//! Two convolutions of one tap in one dispatch, on pictures of few pixels.

use super::pack::{levels, matrices, squares};
use super::{Draft, Operand, Pass, activation};
use crate::gpu::steps;
use crate::plan::{Op, Step};

/// A dispatch of more pixels has enough to do, and the tiles of a product alone are faster.
const PIXELS: usize = 256;
/// Channels between the two, and pixels of a workgroup, as in `pair.wgsl`.
const CHANNELS: usize = 64;
const GROUP: usize = 16;

impl Draft<'_> {
    /// Adds one dispatch for steps `at` and `at + 1`, if they are such a pair.
    pub(super) fn pair(&mut self, at: usize) -> Option<usize> {
        let [first, second] = self.plan.steps.get(at..at + 2)? else { return None };
        let Op::Pointwise { weights, bias, gate } = first.op else { return None };
        let Op::Pointwise { weights: others, bias: other_bias, gate: None } = second.op else { return None };
        let [x, y, z] = [first.x, first.y, second.y].map(|buffer| self.shape(buffer));
        let fits = y.pixels() > 1 && y.pixels() <= PIXELS && y.stride() <= CHANNELS;
        if second.x != first.y || second.epilogue.residual.is_some() || !fits || resizes(first) {
            return None;
        }
        let [(ours, exact), (theirs, others_exact)] =
            [weights, others].map(|index| levels(&self.plan.constants[index]));
        let ours = squares(&matrices(&ours, x, y), y.stride());
        let theirs = squares(&matrices(&theirs, y, z), z.stride());
        // Both are of one type in the shader.
        let half = exact && others_exact;
        let (ours, theirs) = (self.packed(ours, half), self.packed(theirs, half));
        let mut scales = self.scaling(weights, bias, y, 1, y.stride());
        scales.extend(self.scaling(others, other_bias, z, 1, z.stride()));

        let mut finish = self.finish(&first.epilogue, y, y.stride(), y.stride() / 4, first.x);
        let (last, a, b) = activation(second.epilogue.activation);
        finish.words.push([x.stride() / 4, z.stride() / 4]);
        finish.words.0.extend([a, b].map(f32::to_bits));
        finish.constants.extend([f64::from(u8::from(gate.is_some())), f64::from(last)]);
        let operands = vec![
            Operand::Tensor(finish.residual),
            ours,
            self.numbers(scales),
            Operand::Tensor(first.x),
            Operand::Tensor(gate.unwrap_or(first.x)),
            theirs,
            Operand::Tensor(first.y),
            Operand::Tensor(second.y),
        ];
        let workgroup = steps::PAIR.workgroup[0] as usize;
        self.made.passes.push(Pass {
            shader: &steps::PAIR,
            steps: vec![at, at + 1],
            constants: finish.constants,
            parameters: finish.words.0,
            operands,
            invocations: [y.pixels().div_ceil(GROUP) * workgroup, 1, 1],
        });
        Some(2)
    }
}

fn resizes(step: &Step) -> bool {
    step.epilogue.residual.is_some_and(|residual| residual.resize.is_some())
}
