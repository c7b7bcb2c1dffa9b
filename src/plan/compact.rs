//! Smaller constants, before a plan is written.

use super::{Data, Op, Plan};

/// Weights with fewer values stay as they are: they are a small part of the file.
const FIXED_FROM: usize = 1024;

/// Weights of up to so many values get eight times the levels: the first layers are among them, whose
/// rounding shows most, and three more bits of theirs weigh little.
const FINE_UP_TO: usize = 32_768;

/// Stores the constants of `plan` in fewer bytes.
///
/// Without `levels` nothing changes in value: what half precision holds exactly is stored so. With
/// `levels` the weights of the dense steps (`pointwise`, `conv`, `transposed`) are rounded to that
/// many whole numbers on either side of 0 if there are at least 1024 of them (to eight times as many
/// if there are at most 32,768), and the rest is stored as without.
///
/// # Panics
/// If `levels` is below 1, or a step names a constant that does not exist.
pub fn compact(plan: &mut Plan, levels: Option<i16>) {
    let (mut dense, mut sparse) = (vec![false; plan.constants.len()], vec![false; plan.constants.len()]);
    for step in &plan.steps {
        match step.op {
            Op::Pointwise { weights, bias, .. }
            | Op::Conv { weights, bias, .. }
            | Op::Transposed { weights, bias, .. } => {
                dense[weights] = true;
                sparse[bias] = true;
            }
            Op::Depthwise { weights: first, bias, .. } | Op::Affine { scale: first, bias } => {
                sparse[first] = true;
                sparse[bias] = true;
            }
            _ => {}
        }
    }
    for (c, constant) in plan.constants.iter_mut().enumerate() {
        let large = dense[c] && !sparse[c] && constant.len() >= FIXED_FROM;
        match (&constant.data, levels) {
            (Data::Fixed { .. }, _) => {}
            (_, Some(levels)) if large => {
                let fine = if constant.len() <= FINE_UP_TO { 8 } else { 1 };
                *constant = constant.to_fixed(levels.saturating_add(1).saturating_mul(fine) - 1);
            }
            (Data::F16(_), _) => {}
            (Data::F32(_), _) => {
                if let Some(half) = constant.to_f16() {
                    *constant = half;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Constant, Epilogue, Step, Window};
    use super::*;

    fn kinds(plan: &Plan) -> Vec<&'static str> {
        let kind = |constant: &Constant| match constant.data {
            Data::F32(_) => "f32",
            Data::F16(_) => "f16",
            Data::Fixed { .. } => "fixed",
        };
        plan.constants.iter().map(kind).collect()
    }

    #[test]
    fn only_large_weights_of_dense_steps_are_rounded() {
        let window = Window { kernel: [3, 3], stride: [1, 1], dilation: [1, 1], pad: [1, 1] };
        let constant = |count: usize, value: f32| Constant::f32([count / 16, 16], vec![value; count]);
        let ops = [
            Op::Pointwise { weights: 0, bias: 3, gate: None },
            Op::Pointwise { weights: 1, bias: 4, gate: None },
            Op::Depthwise { window, weights: 2, bias: 3 },
        ];
        let step = |op| Step { x: 0, y: 1, op, epilogue: Epilogue::default() };
        let plan = Plan {
            constants: vec![
                constant(1024, 0.1),
                constant(1008, 0.1),
                constant(2048, 0.5),
                constant(16, 0.25),
                constant(16, 0.3),
            ],
            steps: ops.into_iter().map(step).collect(),
            ..Plan::default()
        };
        let mut exact = plan.clone();
        compact(&mut exact, None);
        assert_eq!(kinds(&exact), ["f32", "f32", "f16", "f16", "f32"]);
        assert!(plan.constants.iter().zip(&exact.constants).all(|(a, b)| a.to_f32() == b.to_f32()));
        let mut rounded = exact;
        compact(&mut rounded, Some(511));
        assert_eq!(kinds(&rounded), ["fixed", "f32", "f16", "f16", "f32"]);
    }
}
