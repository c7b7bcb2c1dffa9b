//! The mean of a sum, as the sum of means; the mean of a linear step, as the linear step of a mean.

use super::{Uses, plain};
use crate::plan::{Binary, Epilogue, Op, Plan, Reduce, Resize, Shape, Step};

/// The mean over all pixels of `a + resize(b)` is that of `a` plus that of `b`, if the resize is an
/// enlargement by whole factors: then each pixel of `b` counts as often as any other. So the sum,
/// which nobody else reads, is never written.
pub(super) fn of_sum(plan: &mut Plan) -> bool {
    let uses = Uses::of(plan);
    for at in 0..plan.steps.len() {
        let step = &plan.steps[at];
        if step.op != (Op::Reduce { kind: Reduce::Mean, axes: [true, true] }) {
            continue;
        }
        let Some(before) = uses.sole(step.x) else { continue };
        let sum = &plan.steps[before];
        let Op::Binary { kind: Binary::Add, other } = sum.op else { continue };
        if !plain(sum) || plan.buffers[other] != plan.buffers[sum.y] {
            continue;
        }
        // Without an enlargement there would be two passes instead of one.
        let (one, two) = (enlarged(plan, &uses, sum.x), enlarged(plan, &uses, other));
        if one.is_none() && two.is_none() {
            continue;
        }
        let (one, two) = (one.unwrap_or(sum.x), two.unwrap_or(other));
        let first = plan.buffers.len();
        let shape = plan.buffers[step.y];
        plan.buffers.extend([shape; 2]);
        let Step { y, op, epilogue, .. } = step.clone();
        let mean = |x: usize, y: usize| Step { x, y, op: op.clone(), epilogue: Epilogue::default() };
        let sum = Op::Binary { kind: Binary::Add, other: first };
        let steps = [mean(one, first), mean(two, first + 1), Step { x: first + 1, y, op: sum, epilogue }];
        plan.steps.splice(at..=at, steps);
        return true;
    }
    false
}

/// The mean over all pixels of `W x + b` is `W mean(x) + b`. Worth it where the linear step's other
/// readers are linear too, so that they can take it in.
pub(super) fn of_linear(plan: &mut Plan) -> bool {
    let uses = Uses::of(plan);
    for at in 0..plan.steps.len() {
        let step = &plan.steps[at];
        if step.op != (Op::Reduce { kind: Reduce::Mean, axes: [true, true] }) {
            continue;
        }
        let Some(before) = uses.writer[step.x] else { continue };
        let linear = &plan.steps[before];
        let Op::Pointwise { gate: None, .. } = linear.op else { continue };
        let taken_in =
            |other: &&Step| other.x == linear.y && matches!(other.op, Op::Pointwise { gate: None, .. });
        let others = plan.steps.iter().filter(taken_in).count();
        if !plain(linear) || others + 1 != uses.readers[linear.y] {
            continue;
        }
        let between = plan.buffers.len();
        let one_pixel = Shape { height: 1, width: 1, ..plan.buffers[linear.x] };
        let first = Step { x: linear.x, y: between, op: step.op.clone(), epilogue: Epilogue::default() };
        let second = Step { x: between, y: step.y, op: linear.op.clone(), epilogue: step.epilogue };
        plan.buffers.push(one_pixel);
        plan.steps.splice(at..=at, [first, second]);
        return true;
    }
    false
}

/// What `buffer` is an enlargement of, if its mean is the same.
fn enlarged(plan: &Plan, uses: &Uses, buffer: usize) -> Option<usize> {
    let step = &plan.steps[uses.writer[buffer]?];
    let (Shape { height, width, .. }, y) = (plan.buffers[step.x], plan.buffers[buffer]);
    let kind = matches!(step.op, Op::Resize(Resize::Bilinear | Resize::Nearest));
    let whole = y.height.is_multiple_of(height) && y.width.is_multiple_of(width);
    (kind && whole && plain(step)).then_some(step.x)
}
