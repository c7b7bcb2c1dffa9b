//! Drops what nothing reads.

use super::{operands, rename};
use crate::plan::{Constant, Epilogue, Op, Plan};

/// Drops steps, buffers and constants that do not reach the output, and numbers the rest in order;
/// equal constants become one.
pub(super) fn run(plan: &mut Plan) {
    copies(plan);
    let mut needed = vec![false; plan.buffers.len()];
    needed[plan.output] = true;
    for step in plan.steps.iter().rev() {
        if needed[step.y] {
            step.reads().for_each(|buffer| needed[buffer] = true);
        }
    }
    plan.steps.retain(|step| needed[step.y]);
    needed[plan.input] = true;

    let places = places(&needed);
    let mut kept = needed.iter();
    plan.buffers.retain(|_| *kept.next().unwrap_or(&false));
    for step in &mut plan.steps {
        step.y = places[step.y];
        for buffer in operands(step) {
            *buffer = places[*buffer];
        }
    }
    plan.input = places[plan.input];
    plan.output = places[plan.output];
    constants(plan);
}

/// A step that only copies is its input under another name, unless it is the way from the plan's
/// input to its output.
fn copies(plan: &mut Plan) {
    for at in 0..plan.steps.len() {
        let step = &plan.steps[at];
        let only = (step.x, step.y) == (plan.input, plan.output);
        if step.op == Op::Identity && step.epilogue == Epilogue::default() && !only {
            let (from, to) = (step.y, step.x);
            rename(plan, from, to);
        }
    }
}

/// For each thing that is kept, its place among those.
fn places(kept: &[bool]) -> Vec<usize> {
    let mut next = 0;
    kept.iter()
        .map(|&kept| {
            next += usize::from(kept);
            next.saturating_sub(1)
        })
        .collect()
}

fn constants(plan: &mut Plan) {
    let mut places = vec![None; plan.constants.len()];
    let mut kept: Vec<usize> = Vec::new();
    let mut place = |constant: &mut usize, plan: &[Constant]| {
        let at = places[*constant].unwrap_or_else(|| {
            let same = kept.iter().position(|&other| plan[other] == plan[*constant]);
            same.unwrap_or_else(|| {
                kept.push(*constant);
                kept.len() - 1
            })
        });
        places[*constant] = Some(at);
        *constant = at;
    };
    for step in &mut plan.steps {
        match &mut step.op {
            Op::Pointwise { weights, bias, .. }
            | Op::Conv { weights, bias, .. }
            | Op::Depthwise { weights, bias, .. }
            | Op::Transposed { weights, bias, .. }
            | Op::Affine { scale: weights, bias } => {
                place(weights, &plan.constants);
                place(bias, &plan.constants);
            }
            _ => {}
        }
    }
    plan.constants = kept.iter().map(|&constant| plan.constants[constant].clone()).collect();
}
