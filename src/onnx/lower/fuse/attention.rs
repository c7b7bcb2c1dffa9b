//! Sums weighted by a softmax, before the linear step instead of after it.

use super::{Uses, plain};
use crate::plan::{Axis, Binary, Op, Plan, Reduce, Step};

/// `sum(p * (W x + b))` is `W sum(p * x) + b`, since the sum of `p` is 1: the linear step then runs on
/// one row or column instead of on each.
pub(super) fn run(plan: &mut Plan) -> bool {
    let uses = Uses::of(plan);
    for at in 0..plan.steps.len() {
        let Some([linear, product]) = pattern(plan, &uses, at) else { continue };
        let x = plan.steps[linear].x;
        let Op::Pointwise { .. } = plan.steps[linear].op else { continue };
        let (pixels, sums) = (plan.buffers[x], plan.buffers[plan.steps[at].y]);
        let first = plan.buffers.len();
        plan.buffers.push(pixels);
        plan.buffers.push(crate::plan::Shape { channels: pixels.channels, ..sums });
        let Step { x: _, y, op, epilogue } = plan.steps[at].clone();
        let weighted = Step { x, y: first, ..plan.steps[product].clone() };
        let sum = Step { x: first, y: first + 1, op, epilogue: Default::default() };
        let last = Step { x: first + 1, y, op: plan.steps[linear].op.clone(), epilogue };
        plan.steps.splice(at..=at, [weighted, sum, last]);
        return true;
    }
    false
}

/// The linear step and the product that the sum `at` adds up.
fn pattern(plan: &Plan, uses: &Uses, at: usize) -> Option<[usize; 2]> {
    let step = &plan.steps[at];
    let Op::Reduce { kind: Reduce::Sum, axes } = step.op else { return None };
    let product = uses.sole(step.x)?;
    let Op::Binary { kind: Binary::Mul, other } = plan.steps[product].op else { return None };
    let weights = &plan.steps[uses.writer[other]?];
    let sums_to_one = match weights.op {
        Op::Softmax { axis: Axis::Height } => axes == [true, false],
        Op::Softmax { axis: Axis::Width } => axes == [false, true],
        _ => false,
    };
    let linear = uses.sole(plan.steps[product].x)?;
    let Op::Pointwise { gate: None, .. } = plan.steps[linear].op else { return None };
    let all_plain = [linear, product].iter().all(|&at| plain(&plan.steps[at])) && plain(weights);
    let one_weight =
        plan.buffers[other].channels == 1 && plan.buffers[other].pixels() == plan.buffers[step.x].pixels();
    (sums_to_one && all_plain && one_weight).then_some([linear, product])
}
