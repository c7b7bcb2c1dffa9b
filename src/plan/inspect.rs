//! What is inside a plan: its steps, their work, and the memory that a run takes.

use serde::Serialize;

use super::{Activation, Op, Plan, Shape, arena};

/// Facts about a plan.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// `[height, width, channels]` of the picture.
    pub input: [usize; 3],
    /// `[height, width, channels]` of the map.
    pub output: [usize; 3],
    /// Multiply-adds of one run, in the steps with weights.
    pub multiply_adds: u64,
    /// Weights and other constants, as they are stored.
    pub weight_bytes: u64,
    /// Memory of all buffers, which share it: the most that a run needs at once.
    pub peak_bytes: u64,
    /// The steps, in order.
    pub steps: Vec<StepInspection>,
}

/// Facts about one step.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepInspection {
    /// The kind of step.
    pub name: &'static str,
    /// `[height, width, channels]` of what is read.
    pub input: [usize; 3],
    /// `[height, width, channels]` of what is written.
    pub output: [usize; 3],
    /// Rows and columns of taps, if the step has a window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<[usize; 2]>,
    /// Whether its input's channels are multiplied by factors first.
    pub gated: bool,
    /// The function applied to each value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation: Option<&'static str>,
    /// Whether another buffer is added.
    pub residual: bool,
    /// Multiply-adds in weights.
    pub multiply_adds: u64,
}

/// Looks into a plan that [`check`](super::check()) has proved.
///
/// # Panics
/// If a step names a buffer that does not exist.
pub fn inspect(plan: &Plan) -> Inspection {
    let steps: Vec<StepInspection> = (0..plan.steps.len()).map(|at| facts(plan, at)).collect();
    Inspection {
        input: sizes(plan.buffers[plan.input]),
        output: sizes(plan.buffers[plan.output]),
        multiply_adds: steps.iter().map(|step| step.multiply_adds).sum(),
        weight_bytes: plan.constants.iter().map(|constant| constant.bytes() as u64).sum(),
        peak_bytes: arena(plan).len as u64 * 4,
        steps,
    }
}

fn sizes(Shape { height, width, channels }: Shape) -> [usize; 3] {
    [height, width, channels]
}

fn facts(plan: &Plan, at: usize) -> StepInspection {
    let step = &plan.steps[at];
    let (x, y) = (plan.buffers[step.x], plan.buffers[step.y]);
    let kernel = match &step.op {
        Op::Conv { window, .. } | Op::Depthwise { window, .. } | Op::Pool { window, .. } => {
            Some(window.kernel)
        }
        Op::Transposed { kernel, .. } => Some(*kernel),
        _ => None,
    };
    StepInspection {
        name: step.op.name(),
        input: sizes(x),
        output: sizes(y),
        kernel,
        gated: matches!(step.op, Op::Pointwise { gate: Some(_), .. }),
        activation: name(step.epilogue.activation),
        residual: step.epilogue.residual.is_some(),
        multiply_adds: plan.step_multiply_adds(at),
    }
}

fn name(activation: Activation) -> Option<&'static str> {
    match activation {
        Activation::None => None,
        Activation::Relu => Some("relu"),
        Activation::Clip { .. } => Some("clip"),
        Activation::LeakyRelu { .. } => Some("leaky relu"),
        Activation::HardSigmoid { .. } => Some("hard sigmoid"),
        Activation::HardSwish => Some("hard swish"),
        Activation::Sigmoid => Some("sigmoid"),
        Activation::Silu => Some("silu"),
        Activation::Tanh => Some("tanh"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Constant, Epilogue, Step, Window};
    use super::*;

    #[test]
    fn work_and_memory_are_counted() {
        let shape = |height, width, channels| Shape { height, width, channels };
        let window = Window { kernel: [3, 3], stride: [2, 2], dilation: [1, 1], pad: [1, 1] };
        let step =
            |x, y, op, activation| Step { x, y, op, epilogue: Epilogue { activation, residual: None } };
        let plan = Plan {
            buffers: vec![shape(8, 8, 3), shape(4, 4, 6), shape(4, 4, 2)],
            constants: vec![
                Constant::f32([3, 3, 3, 6], vec![0.0; 162]),
                Constant::f32([6, 2], vec![0.5; 12]).to_f16().unwrap(),
                Constant::f32([6], vec![0.0; 6]),
                Constant::f32([2], vec![0.0; 2]),
            ],
            steps: vec![
                step(0, 1, Op::Conv { window, weights: 0, bias: 2 }, Activation::HardSwish),
                step(1, 2, Op::Pointwise { weights: 1, bias: 3, gate: None }, Activation::None),
            ],
            input: 0,
            output: 2,
        };
        let found = inspect(&plan);
        assert_eq!((found.input, found.output), ([8, 8, 3], [4, 4, 2]));
        assert_eq!(found.multiply_adds, 16 * 6 * 27 + 16 * 2 * 6);
        assert_eq!(found.weight_bytes, 4 * 162 + 2 * 12 + 4 * 8);
        // The picture and what the convolution writes are there at once.
        assert_eq!(found.peak_bytes, (64 * 4 + 16 * 8) * 4);
        assert_eq!((found.steps[0].activation, found.steps[0].kernel), (Some("hard swish"), Some([3, 3])));
    }
}
