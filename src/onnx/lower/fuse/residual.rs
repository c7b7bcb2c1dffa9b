//! Sums, into the step that computes one of the summands.

use super::{Uses, add, linear, plain, residual, values};
use crate::plan::{Activation, Binary, Epilogue, Op, Plan, Residual};

/// `activation(op(x) + r)`, or `activation(op(x)) + r`.
pub(super) fn into_producer(plan: &mut Plan) -> bool {
    let uses = Uses::of(plan);
    for at in 0..plan.steps.len() {
        let step = &plan.steps[at];
        let Op::Binary { kind: Binary::Add, other } = step.op else { continue };
        let shape = plan.buffers[step.y];
        if step.epilogue.residual.is_some() || plan.buffers[other] != shape || step.x == other {
            continue;
        }
        let sum = step.epilogue;
        // Of two steps that could take the other's result the one that has more to do; of equals the
        // later, as what it adds was written longer ago and the other may be done with.
        let sides = [(step.x, other), (other, step.x)];
        let candidates = sides.iter().filter_map(|&(term, residual)| {
            let before = uses.sole(term)?;
            let epilogue = with(plan.steps[before].epilogue, sum, residual)?;
            Some((before, epilogue))
        });
        let Some((before, epilogue)) = candidates.max_by_key(|&(before, _)| (work(plan, before), before))
        else {
            continue;
        };
        plan.steps[at].x = plan.steps[before].x;
        plan.steps[at].op = plan.steps[before].op.clone();
        plan.steps[at].epilogue = epilogue;
        return true;
    }
    false
}

/// The epilogue of a step that ends with `own`, after which `buffer` is added and `sum` follows.
fn with(own: Epilogue, sum: Epilogue, buffer: usize) -> Option<Epilogue> {
    match own {
        Epilogue { activation: Activation::None, residual: None } => {
            Some(Epilogue { activation: sum.activation, residual: Some(residual(buffer, false)) })
        }
        Epilogue { activation, residual: None } if sum.activation == Activation::None => {
            Some(Epilogue { activation, residual: Some(residual(buffer, true)) })
        }
        _ => None,
    }
}

/// Whether a step does enough that one more summand does not show: a resize is better left, because
/// its result can be a residual itself.
fn work(plan: &Plan, at: usize) -> usize {
    match &plan.steps[at].op {
        Op::Pointwise { .. } | Op::Conv { .. } | Op::Depthwise { .. } | Op::Transposed { .. } => 2,
        Op::Resize(_) => 0,
        _ => 1,
    }
}

/// `W x + x` is `(W + 1) x`.
pub(super) fn own_input(plan: &mut Plan) -> bool {
    for at in 0..plan.steps.len() {
        let step = &plan.steps[at];
        let Op::Pointwise { weights, bias, gate: None } = step.op else { continue };
        let Some(Residual { buffer, resize: None, after }) = step.epilogue.residual else { continue };
        if buffer != step.x || (after && !linear(step)) {
            continue;
        }
        let outputs = plan.constants[bias].len();
        let mut sums = values(plan, weights);
        sums.iter_mut().step_by(outputs + 1).for_each(|weight| *weight += 1.0);
        let weights = add(plan, [outputs, outputs], sums);
        plan.steps[at].op = Op::Pointwise { weights, bias, gate: None };
        plan.steps[at].epilogue.residual = None;
        return true;
    }
    false
}

/// What is only resized to be added is resized while it is added.
pub(super) fn resized(plan: &mut Plan) -> bool {
    let uses = Uses::of(plan);
    for before in 0..plan.steps.len() {
        let step = &plan.steps[before];
        let Op::Resize(resize) = step.op else { continue };
        let (x, y) = (step.x, step.y);
        if !plain(step) {
            continue;
        }
        let takes = |at: usize| {
            let step = &plan.steps[at];
            let whole = |other: usize| plan.buffers[other] == plan.buffers[step.y];
            match (step.op.clone(), step.epilogue.residual) {
                (_, Some(Residual { buffer, resize: None, .. })) => buffer == y,
                (Op::Binary { kind: Binary::Add, other }, None) => {
                    step.x != other && (step.x == y || other == y) && whole(other)
                }
                _ => false,
            }
        };
        let readers: Vec<usize> = (0..plan.steps.len()).filter(|&at| takes(at)).collect();
        if readers.is_empty() || readers.len() != uses.readers[y] {
            continue;
        }
        for at in readers {
            let step = &mut plan.steps[at];
            let added = Residual { buffer: x, resize: Some(resize), after: false };
            match (&step.op, &mut step.epilogue.residual) {
                (_, Some(residual)) => *residual = Residual { after: residual.after, ..added },
                (&Op::Binary { other, .. }, none) => {
                    *none = Some(added);
                    step.x = if step.x == y { other } else { step.x };
                    step.op = Op::Identity;
                }
                _ => {}
            }
        }
        return true;
    }
    false
}
