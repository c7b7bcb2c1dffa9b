//! Small plans in which every kind of step and of constant occurs, for the tests of whoever runs plans.

use super::{
    Activation, Axis, Binary, Constant, Epilogue, Op, Plan, Pool, Reduce, Residual, Resize, Shape, Step,
    Window,
};

fn shape([height, width, channels]: [usize; 3]) -> Shape {
    Shape { height, width, channels }
}

fn step(x: usize, y: usize, op: Op, activation: Activation) -> Step {
    Step { x, y, op, epilogue: Epilogue { activation, residual: None } }
}

fn constant<const N: usize>(sizes: [usize; N]) -> Constant {
    let values = (0..sizes.iter().product()).map(|i: usize| ((i * 5 % 9) as f32 - 3.5) / 4.0).collect();
    Constant::f32(sizes, values)
}

/// The plans; each reads buffer 0.
pub(crate) fn samples() -> [Plan; 3] {
    [dense(), shuffled(), pooled()]
}

/// Whether [`interpret`](super::interpret::interpret) runs it at once.
pub(crate) fn is_quick(plan: &Plan) -> bool {
    let values: usize = plan.buffers.iter().map(|shape| shape.pixels() * shape.channels).sum();
    values < 2000 && plan.multiply_adds() < 20_000
}

/// Something to run a plan on: `[height, width, channels]` without padding, -1 to 1.
pub(crate) fn picture(shape: Shape) -> Vec<f32> {
    (0..shape.pixels() * shape.channels).map(|i| (i as f32 * 0.7).sin()).collect()
}

/// The steps with weights.
fn dense() -> Plan {
    let across = Window { kernel: [2, 1], stride: [2, 1], dilation: [1, 1], pad: [1, 0] };
    let along = Window { kernel: [1, 2], stride: [1, 1], dilation: [1, 2], pad: [0, 1] };
    let mut gated = step(
        1,
        3,
        Op::Pointwise { weights: 2, bias: 3, gate: Some(2) },
        Activation::LeakyRelu { slope: 0.125 },
    );
    gated.epilogue.residual = Some(Residual { buffer: 0, resize: Some(Resize::Bilinear), after: true });
    let mut plain = step(1, 4, Op::Pointwise { weights: 2, bias: 3, gate: None }, Activation::Relu);
    plain.epilogue.residual = Some(Residual { buffer: 3, resize: None, after: false });
    Plan {
        buffers: [[4, 5, 2], [2, 5, 3], [1, 1, 3], [2, 5, 2], [2, 5, 2], [2, 5, 2], [4, 10, 1]]
            .map(shape)
            .to_vec(),
        constants: vec![
            constant([2, 1, 2, 3]).to_f16().unwrap(),
            constant([3]),
            constant([3, 2]).to_fixed(1000),
            constant([2]).to_f16().unwrap(),
            constant([1, 2, 2]).to_fixed(100),
            constant([2, 2, 2, 1]).to_f16().unwrap(),
            constant([1]),
        ],
        steps: vec![
            step(
                0,
                1,
                Op::Conv { window: across, weights: 0, bias: 1 },
                Activation::Clip { low: -1.0, high: 2.0 },
            ),
            step(
                1,
                2,
                Op::Reduce { kind: Reduce::Mean, axes: [true, true] },
                Activation::HardSigmoid { slope: 0.25, offset: 0.5 },
            ),
            gated,
            plain,
            step(4, 5, Op::Depthwise { window: along, weights: 4, bias: 3 }, Activation::HardSwish),
            step(5, 6, Op::Transposed { kernel: [2, 2], weights: 5, bias: 6 }, Activation::Sigmoid),
        ],
        input: 0,
        output: 6,
    }
}

/// The steps that move values.
fn shuffled() -> Plan {
    let buffers =
        [[4, 6, 2], [4, 6, 4], [4, 6, 3], [4, 6, 3], [6, 4, 3], [6, 4, 3], [4, 6, 3], [1, 6, 3], [4, 6, 3]];
    let none = Activation::None;
    Plan {
        buffers: buffers.map(shape).to_vec(),
        constants: vec![constant([3]), constant([3]).to_f16().unwrap()],
        steps: vec![
            step(0, 1, Op::Concat { others: vec![0] }, none),
            step(1, 2, Op::Slice { start: 1 }, Activation::Silu),
            step(2, 3, Op::Affine { scale: 0, bias: 1 }, none),
            step(3, 4, Op::Regroup { block: [2, 3], back: false }, none),
            step(4, 5, Op::Softmax { axis: Axis::Height }, none),
            step(5, 6, Op::Regroup { block: [2, 3], back: true }, none),
            step(6, 7, Op::Reduce { kind: Reduce::Sum, axes: [true, false] }, Activation::Tanh),
            step(2, 8, Op::Binary { kind: Binary::Mul, other: 7 }, none),
        ],
        input: 0,
        output: 8,
    }
}

/// Windows, sizes, and pairs of buffers.
fn pooled() -> Plan {
    let buffers = [[5, 4, 2], [3, 2, 2], [3, 2, 2], [3, 2, 2], [5, 4, 2], [1, 3, 2], [5, 4, 2], [5, 4, 2]];
    let none = Activation::None;
    let window = Window { kernel: [3, 2], stride: [2, 2], dilation: [1, 1], pad: [1, 0] };
    let mut last = step(6, 7, Op::Identity, Activation::Sigmoid);
    last.epilogue.residual = Some(Residual { buffer: 5, resize: Some(Resize::Corners), after: false });
    Plan {
        buffers: buffers.map(shape).to_vec(),
        constants: Vec::new(),
        steps: vec![
            step(0, 1, Op::Pool { window, kind: Pool::Max }, none),
            step(0, 2, Op::Pool { window, kind: Pool::Mean }, none),
            step(1, 3, Op::Binary { kind: Binary::Sub, other: 2 }, none),
            step(3, 4, Op::Resize(Resize::Corners), none),
            step(4, 5, Op::Resize(Resize::Nearest), none),
            step(4, 6, Op::Binary { kind: Binary::Max, other: 0 }, none),
            last,
        ],
        input: 0,
        output: 7,
    }
}
