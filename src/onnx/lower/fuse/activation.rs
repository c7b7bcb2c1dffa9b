//! Functions of one value: recognised, and put into the step before.

use super::{Uses, linear, uniform, values};
use crate::plan::{Activation, Binary, Epilogue, Op, Plan};

/// Puts the step that only applies an epilogue into the one that writes what it reads.
pub(super) fn join(plan: &mut Plan) -> bool {
    let uses = Uses::of(plan);
    for at in 0..plan.steps.len() {
        let step = &plan.steps[at];
        if step.op != Op::Identity {
            continue;
        }
        let Some(before) = uses.sole(step.x) else { continue };
        let Some(epilogue) = joined(plan.steps[before].epilogue, step.epilogue) else { continue };
        plan.steps[at].op = plan.steps[before].op.clone();
        plan.steps[at].x = plan.steps[before].x;
        plan.steps[at].epilogue = epilogue;
        return true;
    }
    false
}

/// One epilogue that does what two do.
fn joined(first: Epilogue, second: Epilogue) -> Option<Epilogue> {
    match (first, second) {
        (_, Epilogue { activation: Activation::None, residual: None }) => Some(first),
        (Epilogue { activation: Activation::None, residual: None }, _) => Some(second),
        (Epilogue { activation: Activation::None, residual }, Epilogue { activation, residual: None }) => {
            let residual = residual.map(|residual| super::Residual { after: false, ..residual });
            Some(Epilogue { activation, residual })
        }
        (Epilogue { activation, residual: None }, Epilogue { activation: Activation::None, residual }) => {
            let residual = residual.map(|residual| super::Residual { after: true, ..residual });
            Some(Epilogue { activation, residual })
        }
        (Epilogue { activation: one, residual }, Epilogue { activation: other, residual: None })
            if residual.is_none_or(|residual| !residual.after) =>
        {
            let ((low, high), (next_low, next_high)) = (bounds(one)?, bounds(other)?);
            let (low, high) = (low.clamp(next_low, next_high), high.clamp(next_low, next_high));
            let activation = match (low, high) {
                (0.0, f32::MAX) => Activation::Relu,
                _ => Activation::Clip { low, high },
            };
            Some(Epilogue { activation, residual })
        }
        _ => None,
    }
}

/// What a function clips to.
fn bounds(activation: Activation) -> Option<(f32, f32)> {
    match activation {
        Activation::Relu => Some((0.0, f32::MAX)),
        Activation::Clip { low, high } => Some((low, high)),
        _ => None,
    }
}

/// Finds functions that are spelled out in several steps.
pub(super) fn names(plan: &mut Plan) -> bool {
    let uses = Uses::of(plan);
    for at in 0..plan.steps.len() {
        let step = &plan.steps[at];
        let Op::Binary { kind: Binary::Mul, other } = step.op else { continue };
        // x * sigmoid(x), or x * clip(a x + b), in either order.
        for (x, factor) in [(step.x, other), (other, step.x)] {
            let Some(writer) = uses.writer[factor] else { continue };
            let gate = &plan.steps[writer];
            let sigmoid = Epilogue { activation: Activation::Sigmoid, residual: None };
            if gate.x == x && gate.op == Op::Identity && gate.epilogue == sigmoid && linear(step) {
                let residual = step.epilogue.residual;
                plan.steps[at].x = x;
                plan.steps[at].op = Op::Identity;
                plan.steps[at].epilogue = Epilogue { activation: Activation::Silu, residual };
                if let Some(residual) = &mut plan.steps[at].epilogue.residual {
                    residual.after = true;
                }
                return true;
            }
            if let Some(scale) = hard_swish(plan, writer, x)
                && step.epilogue == Epilogue::default()
            {
                rewrite_hard_swish(plan, at, x, scale);
                return true;
            }
        }
    }
    hard_sigmoid(plan, &uses)
}

/// `scale` if the step `at` is `clip(x + 3, 0, 6) / 6 * scale`, however it is spelled.
fn hard_swish(plan: &Plan, at: usize, x: usize) -> Option<f32> {
    let near = |one: f32, other: f32| (one - other).abs() <= other.abs() * 1e-5;
    let step = &plan.steps[at];
    if step.x != x || step.epilogue.residual.is_some() {
        return None;
    }
    match (&step.op, step.epilogue.activation) {
        (Op::Identity, Activation::HardSigmoid { slope, offset }) => {
            (near(slope, 1.0 / 6.0) && near(offset, 0.5)).then_some(1.0)
        }
        (&Op::Affine { scale, bias }, Activation::Clip { low: 0.0, high }) => {
            let (slope, offset) = (uniform(plan, scale)?, uniform(plan, bias)?);
            (near(slope, high / 6.0) && near(offset, high / 2.0)).then_some(high)
        }
        _ => None,
    }
}

fn rewrite_hard_swish(plan: &mut Plan, at: usize, x: usize, scale: f32) {
    let y = plan.steps[at].y;
    let epilogue = Epilogue { activation: Activation::HardSwish, residual: None };
    if scale == 1.0 {
        plan.steps[at].x = x;
        plan.steps[at].op = Op::Identity;
        plan.steps[at].epilogue = epilogue;
        return;
    }
    let shape = plan.buffers[y];
    plan.buffers.push(shape);
    let between = plan.buffers.len() - 1;
    let scale = super::add(plan, [shape.channels], vec![scale; shape.channels]);
    let bias = super::add(plan, [shape.channels], vec![0.0; shape.channels]);
    plan.steps[at].x = between;
    plan.steps[at].op = Op::Affine { scale, bias };
    plan.steps.insert(at, crate::plan::Step { x, y: between, op: Op::Identity, epilogue });
}

/// `clip(a x + b, 0, 1)` with the same `a` and `b` for all channels, where `x` is read by others too,
/// so that the weights before it cannot take them.
fn hard_sigmoid(plan: &mut Plan, uses: &Uses) -> bool {
    for at in 0..plan.steps.len() {
        let step = &plan.steps[at];
        let Op::Affine { scale, bias } = step.op else { continue };
        let clipped = step.epilogue.activation == Activation::Clip { low: 0.0, high: 1.0 };
        if !clipped || step.epilogue.residual.is_some() || uses.sole(step.x).is_some() {
            continue;
        }
        let (Some(slope), Some(offset)) = (uniform(plan, scale), uniform(plan, bias)) else { continue };
        plan.steps[at].op = Op::Identity;
        plan.steps[at].epilogue.activation = Activation::HardSigmoid { slope, offset };
        return true;
    }
    false
}

/// Whether an affine step changes nothing.
pub(super) fn is_identity(plan: &Plan, scale: usize, bias: usize) -> bool {
    values(plan, scale).iter().all(|&value| (value - 1.0).abs() <= 1e-6)
        && values(plan, bias).iter().all(|&value| value == 0.0)
}
