//! Linear steps on the smaller side of an enlargement.

use super::{Uses, plain};
use crate::plan::{Epilogue, Op, Plan, Shape, Step};

/// Multiply-adds of resizing, for each value: what four pixels take.
const RESIZE: usize = 4;

/// `W resize(x) + b` is `resize(W x + b)`, because a resized value is a mean of others.
pub(super) fn run(plan: &mut Plan) -> bool {
    let uses = Uses::of(plan);
    for at in 0..plan.steps.len() {
        let step = &plan.steps[at];
        let Op::Pointwise { gate: None, .. } = step.op else { continue };
        let Some(before) = uses.sole(step.x) else { continue };
        let resize = &plan.steps[before];
        if !matches!(resize.op, Op::Resize(_)) || !plain(resize) {
            continue;
        }
        let (small, large) = (plan.buffers[resize.x], plan.buffers[step.y]);
        let (inputs, outputs) = (small.channels, large.channels);
        let now = large.pixels() * (inputs * RESIZE + inputs * outputs);
        let then = small.pixels() * inputs * outputs + large.pixels() * outputs * RESIZE;
        if then >= now {
            continue;
        }
        let between = plan.buffers.len();
        plan.buffers.push(Shape { channels: outputs, ..small });
        let first = Step { x: resize.x, y: between, op: step.op.clone(), epilogue: Epilogue::default() };
        let second = Step { x: between, y: step.y, op: resize.op.clone(), epilogue: step.epilogue };
        plan.steps.splice(at..=at, [first, second]);
        return true;
    }
    false
}
