//! A linear step on a sum with something enlarged, as the sum of two linear steps.

use super::{Uses, add, residual};
use crate::plan::{Activation, Binary, Epilogue, Op, Plan, Residual, Shape, Step};

/// `W (g x + resize(r)) + b` is `W (g x) + b + resize(W r)`: the sum is never written, its gate and
/// what is added move into the pointwise step, and `W r` is computed at the smaller size.
pub(super) fn run(plan: &mut Plan) -> bool {
    let uses = Uses::of(plan);
    for at in 0..plan.steps.len() {
        let step = &plan.steps[at];
        let Op::Pointwise { weights, bias, gate: None } = step.op else { continue };
        let Some(before) = uses.sole(step.x) else { continue };
        let sum = &plan.steps[before];
        let Epilogue { activation: Activation::None, residual: Some(Residual { buffer, resize, .. }) } =
            sum.epilogue
        else {
            continue;
        };
        let (x, small, large) = (plan.buffers[sum.x], plan.buffers[buffer], plan.buffers[step.y]);
        let factors = match sum.op {
            Op::Identity => None,
            Op::Binary { kind: Binary::Mul, other } => Some(other),
            _ => continue,
        };
        let one_pixel = Shape { height: 1, width: 1, ..x };
        if factors.is_some_and(|other| plan.buffers[other] != one_pixel)
            || step.epilogue.residual.is_some()
            || resize.is_none()
            || small.pixels() * 2 > large.pixels()
        {
            continue;
        }
        let (sum_x, outputs) = (sum.x, large.channels);
        let between = plan.buffers.len();
        plan.buffers.push(Shape { channels: outputs, ..small });
        let none = add(plan, [outputs], vec![0.0; outputs]);
        let Step { y, epilogue: Epilogue { activation, .. }, .. } = plan.steps[at];
        let first = Op::Pointwise { weights, bias: none, gate: None };
        let first = Step { x: buffer, y: between, op: first, epilogue: Epilogue::default() };
        let epilogue =
            Epilogue { activation, residual: Some(Residual { resize, ..residual(between, false) }) };
        let second = Step { x: sum_x, y, op: Op::Pointwise { weights, bias, gate: factors }, epilogue };
        plan.steps.splice(at..=at, [first, second]);
        return true;
    }
    false
}
