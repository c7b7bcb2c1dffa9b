//! The shaders against their table, and every kind of step against `plan::interpret`.
//!
//! What runs needs an adapter, a software one will do: where there is none, a test says `skipped`, and
//! fails if `CI` is set.

use super::network::Network;
use super::schedule::schedule;
use super::{Gpu, shader, steps};
use crate::plan::cases::{self, Case, Draft, noise, shape};
use crate::plan::{self, *};

mod models;
mod table;

/// The system's GPU, or a program that behaves like one, with half-precision weights or without; `None`,
/// with a word on it, where there is none.
pub(super) fn gpu(half: bool) -> Option<Gpu> {
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

/// As it is, and with every residual.
fn check(cases: Vec<Case>) {
    let Some(gpu) = gpu(false) else { return };
    for case in cases {
        compare(&gpu, &case.name, &case.draft.0, 4e-6);
        for case in case.with_residuals() {
            compare(&gpu, &case.name, &case.draft.0, 1e-5);
        }
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
    check(cases::products());
}

#[test]
fn windows_match_reference() {
    check(cases::windows());
}

#[test]
fn the_small_kinds_match_reference() {
    check(cases::small_kinds());
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
