//! Each pass on the smallest plan with its pattern, before and after.

use super::*;
use crate::plan::interpret::interpret;
use crate::plan::{Axis, Binary, Pool, Reduce, Resize, Shape, Window, check};

const X: Shape = Shape { height: 4, width: 6, channels: 5 };
const NONE: Activation = Activation::None;

/// A plan under construction; its input is buffer 0.
struct Sketch(Plan);

impl Sketch {
    fn new() -> Self {
        Self(Plan { buffers: vec![X], ..Plan::default() })
    }

    /// Numbers that differ, about 0.
    fn numbers<const N: usize>(&mut self, sizes: [usize; N]) -> usize {
        let salt = self.0.constants.len() + 3;
        let values = (0..sizes.iter().product()).map(|i: usize| ((i * 7 + salt * 5) % 13) as f32 / 8.0 - 0.7);
        add(&mut self.0, sizes, values.collect())
    }

    fn all(&mut self, channels: usize, value: f32) -> usize {
        add(&mut self.0, [channels], vec![value; channels])
    }

    fn step(&mut self, x: usize, shape: Shape, op: Op, activation: Activation) -> usize {
        let y = self.0.buffers.len();
        self.0.buffers.push(shape);
        self.0.steps.push(Step { x, y, op, epilogue: Epilogue { activation, residual: None } });
        self.0.output = y;
        y
    }

    fn pointwise(&mut self, x: usize, outputs: usize) -> usize {
        let from = self.0.buffers[x];
        let (weights, bias) = (self.numbers([from.channels, outputs]), self.numbers([outputs]));
        let op = Op::Pointwise { weights, bias, gate: None };
        self.step(x, Shape { channels: outputs, ..from }, op, NONE)
    }

    fn depthwise(&mut self, x: usize, pad: usize) -> usize {
        let shape = self.0.buffers[x];
        let (weights, bias) = (self.numbers([3, 3, shape.channels]), self.numbers([shape.channels]));
        let window = Window { kernel: [3, 3], stride: [1, 1], dilation: [1, 1], pad: [pad; 2] };
        let less = 2 - 2 * pad;
        let y = Shape { height: shape.height - less, width: shape.width - less, ..shape };
        self.step(x, y, Op::Depthwise { window, weights, bias }, NONE)
    }

    fn affine(&mut self, x: usize, constants: [usize; 2]) -> usize {
        let [scale, bias] = constants;
        self.step(x, self.0.buffers[x], Op::Affine { scale, bias }, NONE)
    }

    fn activate(&mut self, x: usize, activation: Activation) -> usize {
        self.step(x, self.0.buffers[x], Op::Identity, activation)
    }

    fn binary(&mut self, kind: Binary, x: usize, other: usize) -> usize {
        self.step(x, self.0.buffers[x], Op::Binary { kind, other }, NONE)
    }

    fn twice(&mut self, x: usize, resize: Resize) -> usize {
        let Shape { height, width, channels } = self.0.buffers[x];
        let shape = Shape { height: height * 2, width: width * 2, channels };
        self.step(x, shape, Op::Resize(resize), NONE)
    }

    fn mean(&mut self, x: usize) -> usize {
        let shape = Shape { height: 1, width: 1, ..self.0.buffers[x] };
        self.step(x, shape, Op::Reduce { kind: Reduce::Mean, axes: [true, true] }, NONE)
    }
}

/// Fuses the sketch, and checks that it computes the same in the steps `wanted`.
fn check_fused(sketch: Sketch, wanted: &[&str]) -> Plan {
    let before = sketch.0;
    check(&before).unwrap();
    let mut after = before.clone();
    run(&mut after);
    check(&after).unwrap();
    let names: Vec<&str> = after.steps.iter().map(|step| step.op.name()).collect();
    assert_eq!(names, wanted, "{:?}", after.steps);
    let picture: Vec<f32> =
        (0..X.pixels() * X.channels).map(|i| ((i * 11) % 29) as f32 / 4.0 - 3.6).collect();
    let (want, got) = (interpret(&before, &picture), interpret(&after, &picture));
    let top = want.iter().fold(1.0, |top: f32, value| top.max(value.abs()));
    for (at, (got, want)) in got.iter().zip(&want).enumerate() {
        assert!((got - want).abs() <= top * 1e-5, "{at}: {got}, want {want}; {:?}", after.steps);
    }
    after
}

#[test]
fn functions_join_the_step_before() {
    let mut s = Sketch::new();
    let y = s.pointwise(0, 3);
    let y = s.activate(y, Activation::Clip { low: f32::MIN, high: 6.0 });
    s.activate(y, Activation::Relu);
    let plan = check_fused(s, &["pointwise"]);
    assert_eq!(plan.steps[0].epilogue.activation, Activation::Clip { low: 0.0, high: 6.0 });

    // What others read stays.
    let mut s = Sketch::new();
    let y = s.pointwise(0, 3);
    let one = s.activate(y, Activation::Tanh);
    s.binary(Binary::Div, one, y);
    check_fused(s, &["pointwise", "identity", "binary"]);
}

#[test]
fn spelled_out_functions_get_their_names() {
    let last = |plan: &Plan| plan.steps[plan.steps.len() - 1].epilogue.activation;
    let mut s = Sketch::new();
    let gate = s.activate(0, Activation::Sigmoid);
    s.binary(Binary::Mul, gate, 0);
    assert_eq!(last(&check_fused(s, &["identity"])), Activation::Silu);

    // x * clip(x + 3, 0, 6) / 6, which goes into the step before it.
    let mut s = Sketch::new();
    let x = s.pointwise(0, 3);
    let constants = [s.all(3, 1.0), s.all(3, 3.0)];
    let gate = s.affine(x, constants);
    let gate = s.activate(gate, Activation::Relu);
    let gate = s.activate(gate, Activation::Clip { low: f32::MIN, high: 6.0 });
    let y = s.binary(Binary::Mul, x, gate);
    let constants = [s.all(3, 1.0 / 6.0), s.all(3, 0.0)];
    s.affine(y, constants);
    assert_eq!(last(&check_fused(s, &["pointwise"])), Activation::HardSwish);

    let mut s = Sketch::new();
    let constants = [s.all(5, 0.2), s.all(5, 0.5)];
    let gate = s.affine(0, constants);
    let gate = s.activate(gate, Activation::Clip { low: 0.0, high: 1.0 });
    s.binary(Binary::Mul, gate, 0);
    let plan = check_fused(s, &["identity", "binary"]);
    assert_eq!(plan.steps[0].epilogue.activation, Activation::HardSigmoid { slope: 0.2, offset: 0.5 });
}

#[test]
fn scales_go_into_weights() {
    let mut s = Sketch::new();
    let y = s.depthwise(0, 1);
    let constants = [s.numbers([5]), s.numbers([5])];
    s.affine(y, constants);
    check_fused(s, &["depthwise"]);

    let mut s = Sketch::new();
    let constants = [s.numbers([5]), s.numbers([5])];
    let y = s.affine(0, constants);
    s.depthwise(y, 0);
    check_fused(s, &["depthwise"]);

    // The zeros around a picture have no bias.
    let mut s = Sketch::new();
    let constants = [s.numbers([5]), s.numbers([5])];
    let y = s.affine(0, constants);
    s.depthwise(y, 1);
    check_fused(s, &["affine", "depthwise"]);

    let mut s = Sketch::new();
    let constants = [s.numbers([5]), s.all(5, 0.0)];
    let y = s.affine(0, constants);
    s.depthwise(y, 1);
    check_fused(s, &["depthwise"]);

    // A depthwise step of one tap is a scale, and goes into both neighbours.
    let mut s = Sketch::new();
    let y = s.pointwise(0, 4);
    let y = s.activate(y, Activation::Relu);
    let window = Window { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], pad: [0, 0] };
    let (weights, bias) = (s.numbers([1, 1, 4]), s.numbers([4]));
    let y = s.step(y, Shape { channels: 4, ..X }, Op::Depthwise { window, weights, bias }, NONE);
    s.pointwise(y, 2);
    check_fused(s, &["pointwise", "pointwise"]);
}

#[test]
fn a_sum_over_the_count_is_a_mean() {
    let mut s = Sketch::new();
    let one_pixel = Shape { height: 1, width: 1, ..X };
    let y = s.step(0, one_pixel, Op::Reduce { kind: Reduce::Sum, axes: [true, true] }, NONE);
    let constants = [s.all(5, 1.0 / 24.0), s.all(5, 0.0)];
    s.affine(y, constants);
    let plan = check_fused(s, &["reduce"]);
    assert_eq!(plan.steps[0].op, Op::Reduce { kind: Reduce::Mean, axes: [true, true] });
}

#[test]
fn linear_steps_become_one_where_that_is_less_work() {
    let mut s = Sketch::new();
    let y = s.pointwise(0, 9);
    s.pointwise(y, 3);
    check_fused(s, &["pointwise"]);

    // Through a narrow middle two steps are less.
    let mut s = Sketch::new();
    let y = s.pointwise(0, 1);
    s.pointwise(y, 8);
    check_fused(s, &["pointwise", "pointwise"]);

    let mut s = Sketch::new();
    let (weights, bias) = (s.numbers([2, 2, 5, 4]), s.numbers([4]));
    let shape = Shape { height: 8, width: 12, channels: 4 };
    let y = s.step(0, shape, Op::Transposed { kernel: [2, 2], weights, bias }, NONE);
    s.pointwise(y, 2);
    check_fused(s, &["transposed"]);
}

#[test]
fn linear_steps_run_on_the_smaller_side_of_an_enlargement() {
    let mut s = Sketch::new();
    let y = s.twice(0, Resize::Bilinear);
    let y = s.pointwise(y, 3);
    s.activate(y, Activation::Sigmoid);
    check_fused(s, &["pointwise", "resize"]);
}

#[test]
fn sums_join_a_summand() {
    // Before the function, and after it.
    for after in [false, true] {
        let mut s = Sketch::new();
        let y = s.depthwise(0, 1);
        let y = if after { s.activate(y, Activation::Relu) } else { y };
        let y = s.binary(Binary::Add, 0, y);
        if !after {
            s.activate(y, Activation::Relu);
        }
        let plan = check_fused(s, &["depthwise"]);
        assert_eq!(plan.steps[0].epilogue.residual, Some(residual(0, after)));
    }
    // A pointwise step's own input is one more weight.
    let mut s = Sketch::new();
    let y = s.pointwise(0, 5);
    s.binary(Binary::Add, y, 0);
    let plan = check_fused(s, &["pointwise"]);
    assert_eq!(plan.steps[0].epilogue.residual, None);
}

#[test]
fn enlargements_are_added_as_they_are_read() {
    let mut s = Sketch::new();
    let small =
        s.step(0, Shape { height: 2, width: 3, ..X }, Op::Pool { window: halves(), kind: Pool::Max }, NONE);
    let large = s.twice(small, Resize::Nearest);
    let one = s.depthwise(0, 1);
    let one = s.binary(Binary::Add, large, one);
    let one = s.activate(one, Activation::Relu);
    let two = s.binary(Binary::Add, 0, large);
    s.binary(Binary::Mul, one, two);
    check_fused(s, &["pool", "depthwise", "identity", "binary"]);
}

fn halves() -> Window {
    Window { kernel: [2, 2], stride: [2, 2], dilation: [1, 1], pad: [0, 0] }
}

/// A decoder's stage: `small`, enlarged, is added to a picture times its gate, and read by a linear step.
#[test]
fn a_decoder_stage_writes_neither_product_nor_sum() {
    let mut s = Sketch::new();
    let halved = Shape { height: 2, width: 3, ..X };
    let small = s.step(0, halved, Op::Pool { window: halves(), kind: Pool::Mean }, NONE);
    let small = s.activate(small, Activation::Tanh);
    let large = s.twice(small, Resize::Bilinear);
    let side = s.pointwise(large, 5);
    let sum = s.binary(Binary::Add, 0, side);
    let mean = s.mean(sum);
    let gate = s.pointwise(mean, 5);
    let gate = s.activate(gate, Activation::Sigmoid);
    let product = s.binary(Binary::Mul, 0, gate);
    let sum = s.binary(Binary::Add, product, side);
    let y = s.pointwise(sum, 4);
    s.activate(y, Activation::Relu);
    let plan =
        check_fused(s, &["pool", "reduce", "reduce", "pointwise", "pointwise", "pointwise", "pointwise"]);
    let last = &plan.steps[6];
    assert!(matches!(last.op, Op::Pointwise { gate: Some(_), .. }), "{last:?}");
    assert_eq!(last.epilogue.residual.unwrap().resize, Some(Resize::Bilinear));
}

#[test]
fn weighted_sums_come_before_linear_steps() {
    let mut s = Sketch::new();
    let scores = s.pointwise(0, 1);
    let one = Shape { channels: 1, ..X };
    let weights = s.step(scores, one, Op::Softmax { axis: Axis::Width }, NONE);
    let values = s.pointwise(0, 7);
    let product = s.binary(Binary::Mul, values, weights);
    let sums = Shape { width: 1, channels: 7, ..X };
    s.step(product, sums, Op::Reduce { kind: Reduce::Sum, axes: [false, true] }, NONE);
    check_fused(s, &["pointwise", "softmax", "binary", "reduce", "pointwise"]);
}

#[test]
fn nothing_is_left_over() {
    let mut s = Sketch::new();
    let (weights, bias) = (s.numbers([5, 3]), s.numbers([3]));
    let copied = values(&s.0, bias);
    let (same, _) = (add(&mut s.0, [3], copied), s.numbers([8]));
    let shape = Shape { channels: 3, ..X };
    let one = s.step(0, shape, Op::Pointwise { weights, bias, gate: None }, Activation::Relu);
    s.step(0, shape, Op::Pointwise { weights, bias: same, gate: None }, NONE);
    let two = s.step(0, shape, Op::Pointwise { weights, bias: same, gate: None }, Activation::Tanh);
    s.binary(Binary::Max, one, two);
    let plan = check_fused(s, &["pointwise", "pointwise", "binary"]);
    assert_eq!((plan.buffers.len(), plan.constants.len()), (4, 2));
}
