//! The shaders against their table, and every kind of step against `plan::interpret`.
//!
//! What runs needs an adapter, a software one will do: where there is none, a test says `skipped`, and
//! fails if `CI` is set.

use super::network::Network;
use super::schedule::schedule;
use super::{Gpu, shader, steps};
use crate::cpu::tests::{Draft, WINDOWS, noise, shape, window, windowed};
use crate::plan::{self, *};

mod models;
mod table;

/// A GPU, with half-precision weights or without.
fn gpu(half: bool) -> Option<Gpu> {
    match pollster::block_on(Gpu::open(half)) {
        Ok(gpu) => Some(gpu),
        Err(error) => {
            println!("skipped: {error}");
            assert!(std::env::var_os("CI").is_none(), "{error}");
            None
        }
    }
}

/// `[height, width, channels]` of what `network` makes of `picture`, both without padding.
fn run(gpu: &Gpu, network: &Network, picture: &[f32]) -> Vec<f32> {
    let [input, output] = network.shapes();
    let mut padded = vec![0.0; input.len()];
    let rows = padded.chunks_exact_mut(input.stride()).zip(picture.chunks_exact(input.channels));
    rows.for_each(|(to, from)| to[..input.channels].copy_from_slice(from));
    let bytes: Vec<u8> = padded.iter().flat_map(|value| value.to_ne_bytes()).collect();
    let stride = network.output_stride();
    let len = 4 * output.pixels() * stride;
    let usage = wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ;
    let work = gpu.guarded(|| {
        gpu.queue.write_buffer(network.input(), 0, &bytes);
        let staging = gpu.buffer("staging", len, usage);
        let mut encoder = gpu.device.create_command_encoder(&Default::default());
        network.record(&mut encoder.begin_compute_pass(&Default::default()));
        encoder.copy_buffer_to_buffer(network.output(), 0, &staging, 0, len as u64);
        gpu.queue.submit([encoder.finish()]);
        async move { gpu.read(&staging, len).await }
    });
    let bytes = pollster::block_on(work).unwrap_or_else(|error| panic!("{error}"));
    let values: Vec<f32> = bytes.as_chunks().0.iter().map(|&value| f32::from_ne_bytes(value)).collect();
    values.chunks_exact(stride).flat_map(|pixel| pixel[..output.channels].to_vec()).collect()
}

fn network(gpu: &Gpu, plan: &Plan) -> Network {
    let made = gpu.guarded(|| std::future::ready(Network::new(gpu, plan)));
    pollster::block_on(made).unwrap_or_else(|error| panic!("{error}"))
}

fn compare(gpu: &Gpu, name: &str, plan: &Plan, tolerance: f32) {
    let input = plan.buffers[plan.input];
    let picture = noise(input.pixels() * input.channels, 3);
    let want = plan::interpret::interpret(plan, &picture);
    let network = network(gpu, plan);
    // Twice: a run must not depend on what the one before left in memory.
    run(gpu, &network, &noise(picture.len(), 11));
    let got = run(gpu, &network, &picture);
    assert_eq!(got.len(), want.len(), "{name}");
    let largest = want.iter().fold(1.0_f32, |largest, value| largest.max(value.abs()));
    for (i, (got, want)) in got.iter().zip(&want).enumerate() {
        assert!((got - want).abs() <= tolerance * largest, "{name} at {i}: got {got}, want {want}");
    }
}

/// With every residual and one of each kind of activation.
fn check(gpu: &Gpu, name: &str, draft: &Draft) {
    compare(gpu, name, &draft.0, 4e-6);
    let to = draft.0.buffers[draft.0.output];
    for (after, resize, from) in [
        (false, None, to),
        (true, None, to),
        (false, Some(Resize::Bilinear), shape(to.height.div_ceil(2), to.width.div_ceil(3), to.channels)),
        (true, Some(Resize::Nearest), shape(to.height.div_ceil(3), to.width.div_ceil(2), to.channels)),
        (true, Some(Resize::Corners), shape(to.height + 2, to.width.div_ceil(2), to.channels)),
    ] {
        let mut with = draft.clone();
        let last = with.0.steps.pop().expect("the step that is tested");
        with.0.buffers.pop();
        let buffer = with.second(from);
        let residual = Some(Residual { buffer, resize, after });
        let activation = if after { Activation::HardSwish } else { Activation::Relu };
        with.step(last.x, to, last.op, Epilogue { activation, residual });
        compare(gpu, &format!("{name}, {:?}", with.0.steps.last()), &with.0, 1e-5);
    }
}

#[test]
fn samples_match_reference() {
    let Some(gpu) = gpu(false) else { return };
    for (i, plan) in samples::samples().iter().enumerate() {
        compare(&gpu, &format!("sample {i}"), plan, 1e-5);
    }
}

#[test]
fn products_match_reference() {
    let Some(gpu) = gpu(false) else { return };
    for (height, width, from, to) in
        [(1, 1, 1, 1), (3, 5, 3, 7), (5, 3, 3, 16), (7, 1, 16, 16), (2, 9, 24, 44), (5, 5, 33, 70)]
    {
        let mut draft = Draft::new(shape(height, width, from));
        let (weights, bias) = (draft.constant(&[from, to]), draft.constant(&[to]));
        let op = Op::Pointwise { weights, bias, gate: None };
        draft.step(0, shape(height, width, to), op, Epilogue::default());
        check(&gpu, &format!("{height}x{width} {from} to {to}"), &draft);
    }
    let mut draft = Draft::new(shape(4, 3, 10));
    let reduce = Op::Reduce { kind: Reduce::Mean, axes: [true, true] };
    let gate = draft.step(0, shape(1, 1, 10), reduce, Epilogue::default());
    let (weights, bias) = (draft.constant(&[10, 21]), draft.constant(&[21]));
    draft.step(0, shape(4, 3, 21), Op::Pointwise { weights, bias, gate: Some(gate) }, Epilogue::default());
    check(&gpu, "gated", &draft);
    for (kernel, from, to) in
        [([2, 2], 16, 1), ([2, 2], 5, 6), ([3, 2], 7, 1), ([1, 4], 3, 5), ([4, 4], 4, 1)]
    {
        let mut draft = Draft::new(shape(5, 7, from));
        let (weights, bias) = (draft.constant(&[kernel[0], kernel[1], from, to]), draft.constant(&[to]));
        let y = shape(5 * kernel[0], 7 * kernel[1], to);
        draft.step(0, y, Op::Transposed { kernel, weights, bias }, Epilogue::default());
        check(&gpu, &format!("transposed {kernel:?} {from} to {to}"), &draft);
    }
}

#[test]
fn windows_match_reference() {
    let Some(gpu) = gpu(false) else { return };
    for (kernel, stride, dilation, pad) in WINDOWS {
        for (height, width, from, to) in [(9, 11, 3, 5), (9, 11, 3, 32), (8, 18, 8, 20)] {
            let (w, x) = (window(kernel, stride, dilation, pad), shape(height, width, from));
            let name = format!("{height}x{width} {from} to {to}, {w:?}");
            let mut conv = Draft::new(x);
            let (weights, bias) = (conv.constant(&[kernel, kernel, from, to]), conv.constant(&[to]));
            conv.step(0, windowed(x, to, w), Op::Conv { window: w, weights, bias }, Epilogue::default());
            check(&gpu, &format!("conv {name}"), &conv);
            let mut depthwise = Draft::new(x);
            let (weights, bias) = (depthwise.constant(&[kernel, kernel, from]), depthwise.constant(&[from]));
            let op = Op::Depthwise { window: w, weights, bias };
            depthwise.step(0, windowed(x, from, w), op, Epilogue::default());
            check(&gpu, &format!("depthwise {name}"), &depthwise);
            for kind in [Pool::Max, Pool::Mean] {
                let mut pool = Draft::new(x);
                pool.step(0, windowed(x, from, w), Op::Pool { window: w, kind }, Epilogue::default());
                check(&gpu, &format!("{kind:?} pool {name}"), &pool);
            }
        }
    }
    for (height, width) in [(1, 1), (2, 1), (1, 9)] {
        let (w, x) = (window(5, 1, 1, 2), shape(height, width, 6));
        let mut draft = Draft::new(x);
        let (weights, bias) = (draft.constant(&[5, 5, 6]), draft.constant(&[6]));
        draft.step(0, x, Op::Depthwise { window: w, weights, bias }, Epilogue::default());
        check(&gpu, "depthwise larger than the picture", &draft);
        let mut draft = Draft::new(x);
        let (weights, bias) = (draft.constant(&[5, 5, 6, 4]), draft.constant(&[4]));
        draft.step(0, shape(height, width, 4), Op::Conv { window: w, weights, bias }, Epilogue::default());
        check(&gpu, "conv larger than the picture", &draft);
    }
}

#[test]
fn the_small_kinds_match_reference() {
    let Some(gpu) = gpu(false) else { return };
    for how in [Resize::Nearest, Resize::Bilinear, Resize::Corners] {
        for (from, to) in
            [((4, 5), (8, 10)), ((9, 7), (4, 3)), ((3, 3), (7, 11)), ((1, 2), (1, 9)), ((6, 5), (1, 1))]
        {
            let mut draft = Draft::new(shape(from.0, from.1, 6));
            draft.step(0, shape(to.0, to.1, 6), Op::Resize(how), Epilogue::default());
            check(&gpu, &format!("{how:?} {from:?} to {to:?}"), &draft);
        }
    }
    let x = shape(6, 10, 7);
    let op = |op: Op, to: Shape| {
        let mut draft = Draft::new(x);
        draft.step(0, to, op.clone(), Epilogue::default());
        check(&gpu, &format!("{op:?}"), &draft);
    };
    for axes in [[true, true], [true, false], [false, true]] {
        for kind in [Reduce::Mean, Reduce::Sum] {
            let to = shape(if axes[0] { 1 } else { 6 }, if axes[1] { 1 } else { 10 }, 7);
            op(Op::Reduce { kind, axes }, to);
        }
    }
    for axis in [Axis::Height, Axis::Width, Axis::Channels] {
        op(Op::Softmax { axis }, x);
    }
    op(Op::Regroup { block: [3, 2], back: false }, shape(6, 10, 7));
    op(Op::Regroup { block: [3, 2], back: true }, shape(6, 10, 7));
    op(Op::Regroup { block: [2, 5], back: false }, shape(10, 6, 7));
    op(Op::Slice { start: 2 }, shape(6, 10, 3));
    op(Op::Identity, x);
    let mut affine = Draft::new(x);
    let (scale, bias) = (affine.constant(&[7]), affine.constant(&[7]));
    affine.step(0, x, Op::Affine { scale, bias }, Epilogue::default());
    check(&gpu, "affine", &affine);
    let mut concat = Draft::new(x);
    let (one, two) = (concat.second(shape(6, 10, 3)), concat.second(shape(6, 10, 9)));
    concat.step(0, shape(6, 10, 19), Op::Concat { others: vec![one, two] }, Epilogue::default());
    check(&gpu, "concat", &concat);
}

/// Steps that follow each other and become one dispatch.
#[test]
fn fused_steps_match_reference() {
    let Some(gpu) = gpu(false) else { return };
    for (height, width, from, inner, to) in [(5, 7, 9, 6, 13), (16, 16, 40, 24, 70), (1, 9, 4, 64, 3)] {
        let mut draft = Draft::new(shape(height, width, from));
        let residual = draft.second(shape(height, width, inner));
        let reduce = Op::Reduce { kind: Reduce::Mean, axes: [true, true] };
        let mean = draft.step(0, shape(1, 1, from), reduce.clone(), Epilogue::default());
        let residual_mean = draft.step(residual, shape(1, 1, inner), reduce, Epilogue::default());
        let (weights, bias) = (draft.constant(&[from, inner]), draft.constant(&[inner]));
        let plain = |buffer, after| Some(Residual { buffer, resize: None, after });
        let epilogue = |activation, residual: Option<Residual>| Epilogue { activation, residual };
        let op = Op::Pointwise { weights, bias, gate: None };
        let relu = epilogue(Activation::HardSwish, plain(residual_mean, true));
        let vector = draft.step(mean, shape(1, 1, inner), op, relu);
        let (weights, bias) = (draft.constant(&[inner, from]), draft.constant(&[from]));
        let op = Op::Pointwise { weights, bias, gate: None };
        let gate = draft.step(vector, shape(1, 1, from), op, epilogue(Activation::Sigmoid, None));
        let (weights, bias) = (draft.constant(&[from, inner]), draft.constant(&[inner]));
        let op = Op::Pointwise { weights, bias, gate: Some(gate) };
        let relu = epilogue(Activation::Relu, plain(residual, false));
        let middle = draft.step(0, shape(height, width, inner), op, relu);
        let (weights, bias) = (draft.constant(&[inner, to]), draft.constant(&[to]));
        let op = Op::Pointwise { weights, bias, gate: None };
        let last = draft.step(middle, shape(height, width, to), op, epilogue(Activation::Silu, None));
        let others = vec![middle];
        draft.step(last, shape(height, width, to + inner), Op::Concat { others }, Epilogue::default());
        let kinds: Vec<&str> = schedule(&draft.0).passes.iter().map(|pass| pass.shader.name).collect();
        assert_eq!(kinds, ["pointwise", "excite", "pair", "concat", "concat"]);
        compare(&gpu, &format!("{height}x{width} {from} {inner} {to}"), &draft.0, 1e-5);
    }
}

#[test]
fn binary_repeats_axes_of_one() {
    let Some(gpu) = gpu(false) else { return };
    let x = shape(4, 6, 5);
    for kind in [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Max, Binary::Min] {
        for other in [x, shape(1, 6, 5), shape(4, 1, 5), shape(4, 6, 1), shape(1, 1, 1), shape(1, 1, 5)] {
            let mut draft = Draft::new(x);
            let second = draft.second(other);
            // Away from 0, so that a quotient stays within bounds.
            let away = Epilogue { activation: Activation::Clip { low: 0.5, high: 4.0 }, residual: None };
            let second = draft.step(second, other, Op::Identity, away);
            draft.step(0, x, Op::Binary { kind, other: second }, Epilogue::default());
            check(&gpu, &format!("{kind:?} {other:?}"), &draft);
        }
    }
}
