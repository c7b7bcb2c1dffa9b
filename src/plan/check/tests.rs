use super::super::samples::samples;
use super::super::{Epilogue, Op, Residual, Resize, Step};
use super::*;

fn shape(height: usize, width: usize, channels: usize) -> Shape {
    Shape { height, width, channels }
}

/// Changes one sample plan, and wants an error that says so.
#[track_caller]
fn refuses(sample: usize, change: impl FnOnce(&mut Plan), message: &str) {
    let mut plan = samples()[sample].clone();
    check(&plan).unwrap();
    change(&mut plan);
    let error = check(&plan).expect_err(message);
    assert_eq!(error.kind(), ErrorKind::UnsupportedModel);
    assert!(error.to_string().contains(message), "got: {error}\nwant: {message}");
}

fn window(step: &mut Step) -> &mut super::super::Window {
    match &mut step.op {
        Op::Conv { window, .. } | Op::Depthwise { window, .. } | Op::Pool { window, .. } => window,
        op => panic!("{op:?}"),
    }
}

#[test]
fn buffers_are_written_once_and_before_they_are_read() {
    refuses(0, |plan| plan.steps.swap(0, 1), "step 0 (reduce): reads buffer 1, want one that an earlier");
    refuses(0, |plan| plan.steps[0].x = 7, "step 0 (conv): reads buffer 7, want below 7");
    refuses(0, |plan| plan.steps[0].x = 1, "step 0 (conv): reads buffer 1");
    refuses(0, |plan| plan.steps[0].y = 7, "step 0 (conv): writes buffer 7, want below 7");
    refuses(0, |plan| plan.steps[0].y = 0, "step 0 (conv): writes buffer 0, want one that is not the input");
    refuses(0, |plan| plan.steps[1].y = 1, "step 1 (reduce): writes buffer 1");
    refuses(0, |plan| plan.input = 7, "input is buffer 7, want below 7");
    refuses(0, |plan| plan.output = 7, "output is buffer 7, want below 7");
    refuses(0, |plan| plan.output = 0, "both input and output");
    refuses(0, |plan| plan.buffers.push(shape(1, 1, 1)), "no step writes buffer 7");
    refuses(0, |plan| plan.buffers.clear(), "input is buffer 0, want below 0");
    let late = |buffer| Some(Residual { buffer, resize: None, after: false });
    refuses(0, |plan| plan.steps[2].epilogue.residual = late(4), "step 2 (pointwise): reads buffer 4");
    let gate = |gate| Op::Pointwise { weights: 2, bias: 3, gate: Some(gate) };
    refuses(0, |plan| plan.steps[2].op = gate(6), "step 2 (pointwise): reads buffer 6");
    refuses(
        1,
        |plan| plan.steps[0].op = Op::Concat { others: vec![0, 5] },
        "step 0 (concat): reads buffer 5",
    );
}

#[test]
fn sizes_have_limits() {
    let sides = "buffer 0: is 0 x 5 x 2, want sides of 1 to 8192 and 1 to 16384 channels";
    refuses(0, |plan| plan.buffers[0].height = 0, sides);
    refuses(0, |plan| plan.buffers[0].width = 8193, "buffer 0: is 4 x 8193 x 2");
    refuses(0, |plan| plan.buffers[0].channels = usize::MAX, "buffer 0: is 4 x 5 x");
    refuses(
        0,
        |plan| plan.buffers[0] = shape(8192, 8192, 2),
        "268435456 values in memory, want at most 67108864",
    );
    refuses(0, |plan| plan.buffers.resize(8193, shape(1, 1, 1)), "8193 buffers, want at most 8192");
    refuses(0, |plan| plan.steps = vec![plan.steps[0].clone(); 4097], "4097 steps, want at most 4096");
    refuses(0, |plan| plan.constants = vec![plan.constants[1].clone(); 8193], "8193 constants");
    // Each buffer fits, but the last step needs three at once.
    refuses(
        2,
        |plan| {
            let large = shape(4096, 4096, 4);
            plan.buffers = vec![large; 4];
            let add = Op::Binary { kind: super::super::Binary::Add, other: 1 };
            for (step, op) in plan.steps.iter_mut().zip([Op::Identity, Op::Identity, add]) {
                (step.x, step.op) = (0, op);
            }
            plan.steps.truncate(3);
            plan.steps[2].x = 2;
            (plan.steps[0].y, plan.steps[1].y, plan.steps[2].y, plan.output) = (1, 2, 3, 3);
        },
        "buffers take 201326592 values at once, want at most 134217728",
    );
}

#[test]
fn what_executors_prepare_has_limits() {
    // Each constant is small, but every step that uses one packs it for itself.
    refuses(
        0,
        |plan| {
            plan.buffers = vec![shape(1, 1, 1024); 202];
            plan.constants = vec![
                Constant { shape: vec![1024, 1024], data: Data::F16(vec![0; 1 << 20]) },
                Constant { shape: vec![1024], data: Data::F16(vec![0; 1024]) },
            ];
            let op = Op::Pointwise { weights: 0, bias: 1, gate: None };
            let step = |x: usize| Step { x, y: x + 1, op: op.clone(), epilogue: Epilogue::default() };
            plan.steps = (0..201).map(step).collect();
            plan.output = 201;
        },
        "steps up to 128 take 135266304 weights",
    );
    refuses(
        1,
        |plan| {
            plan.buffers = vec![shape(4096, 4096, 1); 3];
            let op = Op::Regroup { block: [1, 4096], back: false };
            let step = |x: usize| Step { x, y: x + 1, op: op.clone(), epilogue: Epilogue::default() };
            plan.steps = vec![step(0), step(1)];
            plan.output = 2;
        },
        "regroup 33554432 pixels, want at most 134217728 and 16777216",
    );
}

#[test]
fn constants_are_sound() {
    let data = |values: &[f32]| Data::F32(values.to_vec());
    refuses(
        0,
        |plan| plan.constants[1].data = data(&[1.0, 2.0]),
        "constant 1: 2 values, want 3 for the shape [3]",
    );
    refuses(0, |plan| plan.constants[1].data = data(&[1.0, f32::NAN, 0.0]), "value NaN at 1, want finite");
    refuses(0, |plan| plan.constants[1].shape = vec![], "constant 1: 0 axes, want 1 to 4");
    refuses(0, |plan| plan.constants[1].shape = vec![1, 1, 1, 1, 3], "constant 1: 5 axes");
    refuses(0, |plan| plan.constants[1].shape = vec![0], "constant 1: is [0], want 1 to");
    refuses(0, |plan| plan.constants[1].shape = vec![usize::MAX, 2], "constant 1: is [");
    refuses(0, |plan| plan.constants[1].shape = vec![1 << 14, 1 << 14], "want 1 to 134217728 values");
    refuses(0, |plan| plan.constants[3].data = Data::F16(vec![0, 0x7c00]), "value 31744 at 1, want finite");
    let fixed =
        |values: &[i16], scales: &[f32]| Data::Fixed { values: values.to_vec(), scales: scales.to_vec() };
    refuses(0, |plan| plan.constants[1].data = fixed(&[1, 2, 3], &[1.0]), "constant 1: 1 scales, want 3");
    refuses(
        0,
        |plan| plan.constants[1].data = fixed(&[1, i16::MIN, 3], &[1.0; 3]),
        "value -32768 at 1, want -32767 or more",
    );
    for scale in [0.0, -1.0, f32::INFINITY, f32::NAN, 1e36] {
        refuses(
            0,
            |plan| plan.constants[1].data = fixed(&[1; 3], &[1.0, 1.0, scale]),
            "want a scale above 0",
        );
    }
}

#[test]
fn dense_steps_want_their_shapes() {
    refuses(
        0,
        |plan| plan.buffers[1].channels = 4,
        "step 0 (conv): weights is [2, 1, 2, 3], want [2, 1, 2, 4]",
    );
    refuses(0, |plan| plan.buffers[2].channels = 4, "step 1 (reduce): writes 1 x 1 x 4, want 1 x 1 x 3");
    refuses(0, |plan| plan.buffers[3].width = 6, "step 2 (pointwise): writes 2 x 6 x 2, want 2 x 5 x 2");
    refuses(0, |plan| plan.buffers[6].height = 5, "step 5 (transposed): writes 5 x 10 x 1, want 4 x 10 x 1");
    let pointwise = |weights, bias, gate| Op::Pointwise { weights, bias, gate };
    refuses(0, |plan| plan.steps[2].op = pointwise(7, 3, None), "weights is constant 7, want below 7");
    refuses(0, |plan| plan.steps[2].op = pointwise(0, 3, None), "weights is [2, 1, 2, 3], want [3, 2]");
    refuses(0, |plan| plan.steps[2].op = pointwise(2, 1, None), "bias is [3], want [2]");
    refuses(0, |plan| plan.steps[2].op = pointwise(2, 3, Some(0)), "gate is 4 x 5 x 2, want 1 x 1 x 3");
    refuses(
        0,
        |plan| plan.steps[5].op = Op::Transposed { kernel: [2, 0], weights: 5, bias: 6 },
        "step 5 (transposed): kernel is [2, 0], want 1 to 64 each",
    );
    refuses(
        0,
        |plan| plan.steps[1].op = Op::Reduce { kind: super::super::Reduce::Sum, axes: [false, false] },
        "step 1 (reduce): reduces no axis",
    );
}

#[test]
fn windows_begin_inside() {
    for (kernel, stride, dilation, message) in [
        ([65, 1], [2, 1], [1, 1], "kernel is [65, 1], want 1 to 64 each"),
        ([2, 0], [2, 1], [1, 1], "kernel is [2, 0]"),
        ([2, 1], [0, 1], [1, 1], "stride is [0, 1], want 1 to 64 each"),
        ([2, 1], [2, 1], [1, usize::MAX], "dilation is [1, "),
        ([2, 1], [6, 1], [1, 1], "2 windows on axis 0, want at most 1 over 4"),
        ([3, 1], [2, 1], [1, 1], "weights is [2, 1, 2, 3], want [3, 1, 2, 3]"),
    ] {
        let change = |plan: &mut Plan| {
            let window = window(&mut plan.steps[0]);
            (window.kernel, window.stride, window.dilation) = (kernel, stride, dilation);
        };
        refuses(0, change, message);
    }
    refuses(0, |plan| window(&mut plan.steps[0]).pad = [2, 0], "pad is [2, 0], want below 2 on axis 0");
    // A window of a convolution may lie outside whole, one of a pool may not.
    let mut plan = samples()[0].clone();
    (window(&mut plan.steps[4]).dilation, window(&mut plan.steps[4]).pad) = ([1, 9], [0, 8]);
    check(&plan).unwrap();
    refuses(
        2,
        |plan| {
            let window = window(&mut plan.steps[1]);
            (window.kernel, window.dilation, window.pad) = ([1, 2], [2, 1], [1, 0]);
        },
        "step 1 (pool): window 0 on axis 0 has no tap inside 5, want one",
    );
}

#[test]
fn moving_steps_want_their_shapes() {
    refuses(
        1,
        |plan| plan.steps[1].op = Op::Slice { start: 2 },
        "takes 3 channels from 2 on, want them among 4",
    );
    refuses(1, |plan| plan.steps[1].op = Op::Slice { start: usize::MAX }, "step 1 (slice): takes 3 channels");
    refuses(1, |plan| plan.steps[0].op = Op::Concat { others: vec![0, 0] }, "want 4 x 6 x 6 from 4 x 6 x 2");
    let regroup = |block| Op::Regroup { block, back: false };
    refuses(1, |plan| plan.steps[3].op = regroup([0, 3]), "block is [0, 3], want sides of 1 or more");
    refuses(
        1,
        |plan| plan.steps[3].op = regroup([2, 4]),
        "block is [2, 4], want sides that divide 4 x 6 x 3",
    );
    refuses(1, |plan| plan.steps[3].op = regroup([4, 3]), "want 12 x 2 x 3 in place of 6 x 4 x 3");
    let affine = |scale, bias| Op::Affine { scale, bias };
    refuses(1, |plan| plan.steps[2].op = affine(2, 1), "scale is constant 2, want below 2");
    let add = |other| Op::Binary { kind: super::super::Binary::Add, other };
    refuses(
        1,
        |plan| plan.steps[7].op = add(4),
        "step 7 (binary): other is 6 x 4 x 3, want each axis as in 4 x 6 x 3",
    );
    refuses(2, |plan| plan.buffers[4].channels = 3, "step 3 (resize): writes 5 x 4 x 3, want 5 x 4 x 2");
}

#[test]
fn epilogues_are_sound() {
    let residual = |buffer, resize| Some(Residual { buffer, resize, after: false });
    refuses(
        0,
        |plan| plan.steps[2].epilogue.residual = residual(0, None),
        "step 2 (pointwise): adds a buffer of 4 x 5 x 2, want 2 x 5 x 2",
    );
    refuses(
        0,
        |plan| plan.steps[2].epilogue.residual = residual(1, Some(Resize::Nearest)),
        "adds a resized buffer of 3 channels, want 2",
    );
    let clip = |low, high| Activation::Clip { low, high };
    refuses(0, |plan| plan.steps[0].epilogue.activation = clip(2.0, 1.0), "clips from 2 to 1");
    for bad in [f32::NAN, f32::INFINITY] {
        let slope = Activation::LeakyRelu { slope: bad };
        let sigmoid = Activation::HardSigmoid { slope: 1.0, offset: bad };
        for activation in [clip(0.0, bad), clip(-bad, 0.0), slope, sigmoid] {
            refuses(0, |plan| plan.steps[0].epilogue.activation = activation, "want finite numbers");
        }
    }
}
