//! A scale and a bias per channel, into the weights of a neighbour.

use super::activation::is_identity;
use super::{Uses, add, plain, uniform, values};
use crate::plan::{Op, Plan, Reduce};

/// Into the weights of the step before, whose outputs they are.
pub(super) fn into_producer(plan: &mut Plan) -> bool {
    let uses = Uses::of(plan);
    for at in 0..plan.steps.len() {
        if as_affine(plan, at) {
            return true;
        }
        let step = &plan.steps[at];
        let Op::Affine { scale, bias } = step.op else { continue };
        if is_identity(plan, scale, bias) {
            plan.steps[at].op = Op::Identity;
            return true;
        }
        let Some(before) = uses.sole(step.x) else { continue };
        if !plain(&plan.steps[before]) {
            continue;
        }
        let Some(op) = scaled(plan, before, scale, bias) else { continue };
        plan.steps[at].x = plan.steps[before].x;
        plan.steps[at].op = op;
        return true;
    }
    false
}

/// A depthwise step of one tap is a scale and a bias.
fn as_affine(plan: &mut Plan, at: usize) -> bool {
    let step = &plan.steps[at];
    let Op::Depthwise { window, weights, bias } = step.op else { return false };
    let shape = plan.buffers[step.x];
    if window.kernel != [1, 1] || shape != plan.buffers[step.y] || window.stride != [1, 1] {
        return false;
    }
    let scale = values(plan, weights);
    let scale = add(plan, [shape.channels], scale);
    plan.steps[at].op = Op::Affine { scale, bias };
    true
}

/// The operation of step `at` with each output times `scale`, plus `bias`.
fn scaled(plan: &mut Plan, at: usize, scale: usize, bias: usize) -> Option<Op> {
    let mut op = plan.steps[at].op.clone();
    match &mut op {
        Op::Pointwise { weights, bias: own, .. }
        | Op::Conv { weights, bias: own, .. }
        | Op::Depthwise { weights, bias: own, .. }
        | Op::Transposed { weights, bias: own, .. }
        | Op::Affine { scale: weights, bias: own } => {
            let (scale, bias) = (values(plan, scale), values(plan, bias));
            let shape = plan.constants[*weights].shape.clone();
            let by_output = values(plan, *weights).into_iter().zip(scale.iter().cycle());
            let scaled = by_output.map(|(weight, scale)| weight * scale).collect();
            let own_values = values(plan, *own);
            let sums = own_values.iter().zip(scale.iter().zip(&bias)).map(|(own, (s, b))| own * s + b);
            let sums: Vec<f32> = sums.collect();
            *weights = add(plan, shape, scaled);
            *own = add(plan, [sums.len()], sums);
            Some(op)
        }
        // A sum divided by the count is a mean.
        Op::Reduce { kind: kind @ Reduce::Sum, axes } => {
            let x = plan.buffers[plan.steps[at].x];
            let side = |over: bool, size: usize| if over { size } else { 1 };
            let count = (side(axes[0], x.height) * side(axes[1], x.width)) as f32;
            let scale = uniform(plan, scale)?;
            let mean = (scale * count - 1.0).abs() < 1e-5 && uniform(plan, bias) == Some(0.0);
            *kind = Reduce::Mean;
            mean.then_some(op)
        }
        _ => None,
    }
}

/// Into the weights of the step after, whose inputs they are, if that is the only one.
pub(super) fn into_reader(plan: &mut Plan) -> bool {
    let uses = Uses::of(plan);
    for at in 0..plan.steps.len() {
        let Some(before) = uses.sole(plan.steps[at].x) else { continue };
        let first = &plan.steps[before];
        let Op::Affine { scale, bias } = first.op else { continue };
        if !plain(first) {
            continue;
        }
        let x = first.x;
        let Some(op) = absorbed(plan, at, scale, bias) else { continue };
        plan.steps[at].op = op;
        plan.steps[at].x = x;
        return true;
    }
    false
}

/// The operation of step `at` on `x * scale + bias`. Taps outside are 0 whatever the bias, so with
/// one a window must have none.
fn absorbed(plan: &mut Plan, at: usize, scale: usize, bias: usize) -> Option<Op> {
    let (scale, bias) = (values(plan, scale), values(plan, bias));
    let unbiased = bias.iter().all(|&value| value == 0.0);
    let (x, y) = (plan.buffers[plan.steps[at].x], plan.buffers[plan.steps[at].y]);
    let mut op = plan.steps[at].op.clone();
    let inside = match &op {
        Op::Conv { window, .. } | Op::Depthwise { window, .. } => {
            let last = |axis: usize, outputs: usize| {
                (outputs - 1) * window.stride[axis] + (window.kernel[axis] - 1) * window.dilation[axis]
            };
            window.pad == [0, 0] && last(0, y.height) < x.height && last(1, y.width) < x.width
        }
        Op::Pointwise { gate, .. } => gate.is_none(),
        _ => true,
    };
    if !unbiased && !inside {
        return None;
    }
    let (weights, own, outputs) = match &mut op {
        Op::Pointwise { weights, bias, .. } | Op::Conv { weights, bias, .. } => (weights, bias, y.channels),
        Op::Depthwise { weights, bias, .. } => (weights, bias, 1),
        _ => return None,
    };
    let shape = plan.constants[*weights].shape.clone();
    let old = values(plan, *weights);
    let mut sums = values(plan, *own);
    let mut new = Vec::with_capacity(old.len());
    for (row, weights) in old.chunks(outputs).enumerate() {
        let i = row % x.channels;
        for (o, weight) in weights.iter().enumerate() {
            new.push(weight * scale[i]);
            sums[if outputs == 1 && shape.len() == 3 { i } else { o }] += weight * bias[i];
        }
    }
    *weights = add(plan, shape, new);
    *own = add(plan, [sums.len()], sums);
    Some(op)
}
