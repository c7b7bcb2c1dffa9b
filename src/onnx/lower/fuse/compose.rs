//! Linear steps that follow each other, as one.

use super::{Uses, add, plain, values};
use crate::plan::{Op, Plan};

/// `V (W x + a) + b` is `(V W) x + (V a + b)`. Worth it where it leaves fewer multiply-adds, counting
/// that the first step goes only if each of its readers takes it in.
pub(super) fn run(plan: &mut Plan) -> bool {
    let uses = Uses::of(plan);
    for before in 0..plan.steps.len() {
        let first = &plan.steps[before];
        let y = first.y;
        // How many pixels of the result there are for each of the input's.
        let (inputs, taps) = match &first.op {
            Op::Pointwise { gate: None, .. } => (plan.buffers[first.x].channels, 1),
            Op::Transposed { kernel, .. } => (plan.buffers[first.x].channels, kernel[0] * kernel[1]),
            _ => continue,
        };
        if !plain(first) {
            continue;
        }
        let middle = plan.buffers[y].channels;
        let readers: Vec<usize> = (0..plan.steps.len())
            .filter(|&at| {
                plan.steps[at].x == y && matches!(plan.steps[at].op, Op::Pointwise { gate: None, .. })
            })
            .collect();
        let outputs = |at: usize| plan.buffers[plan.steps[at].y].channels;
        let gain = |at: usize| taps * middle * outputs(at);
        let cost = |at: usize| taps * inputs * outputs(at);
        let all = readers.len() == uses.readers[y];
        let saved: usize = readers.iter().map(|&at| gain(at)).sum();
        let spent: usize = readers.iter().map(|&at| cost(at)).sum();
        let chosen: Vec<usize> = if all && spent <= saved + taps * inputs * middle {
            readers
        } else {
            readers.into_iter().filter(|&at| cost(at) < gain(at)).collect()
        };
        if chosen.is_empty() {
            continue;
        }
        for at in chosen {
            let Some(op) = composed(plan, before, at) else { continue };
            plan.steps[at].x = plan.steps[before].x;
            plan.steps[at].op = op;
        }
        return true;
    }
    false
}

/// The pointwise step `at` after the linear one `before`, as one operation.
fn composed(plan: &mut Plan, before: usize, at: usize) -> Option<Op> {
    let Op::Pointwise { weights, bias, .. } = plan.steps[at].op else { return None };
    let (outputs, second, last) = (plan.constants[bias].len(), values(plan, weights), values(plan, bias));
    let mut op = plan.steps[before].op.clone();
    let (Op::Pointwise { weights, bias, .. } | Op::Transposed { weights, bias, .. }) = &mut op else {
        return None;
    };
    let mut shape = plan.constants[*weights].shape.clone();
    let middle = plan.constants[*bias].len();
    // Sums of products are kept in double precision, so that two steps as one round but once.
    let product = |row: &[f32], plus: &[f32]| -> Vec<f32> {
        let mut sums: Vec<f64> = plus.iter().map(|&value| f64::from(value)).collect();
        for (m, &weight) in row.iter().enumerate() {
            for (sum, &next) in sums.iter_mut().zip(&second[m * outputs..][..outputs]) {
                *sum += f64::from(weight) * f64::from(next);
            }
        }
        sums.into_iter().map(|sum| sum as f32).collect()
    };
    let zeros = vec![0.0; outputs];
    let rows = values(plan, *weights);
    let new: Vec<f32> = rows.chunks(middle).flat_map(|row| product(row, &zeros)).collect();
    let sums = product(&values(plan, *bias), &last);
    if let Some(size) = shape.last_mut() {
        *size = outputs;
    }
    *weights = add(plan, shape, new);
    *bias = add(plan, [outputs], sums);
    Some(op)
}
