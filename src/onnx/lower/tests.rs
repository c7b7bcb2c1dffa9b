//! The shipped networks as plans, unfused and fused, against tract.

use super::*;
use crate::cpu::{Arithmetic, Executor};
use crate::onnx::Network;

/// The tensors that tract gives differ by as much from those of other programs.
const TOLERANCE: f32 = 2e-4;

/// Smooth, with edges, and different in each channel.
fn picture(shape: Shape) -> Vec<f32> {
    let value = |i: usize| {
        let (c, x, y) = (i % 3, i / 3 % shape.width, i / 3 / shape.width);
        let wave = ((x * (c + 2)) as f32 * 0.05).sin() * ((y * (4 - c)) as f32 * 0.03).cos();
        0.5 + 0.4 * wave + if (x / 40 + y / 56).is_multiple_of(2) { 0.1 } else { -0.1 }
    };
    (0..shape.pixels() * 3).map(value).collect()
}

/// What `plan` makes of `picture`, both without padding.
fn run(plan: &Plan, picture: &[f32]) -> Vec<f32> {
    let mut executor = Executor::new(plan.clone(), Arithmetic::F32).unwrap();
    let [input, output] = executor.shapes();
    for (pixel, channels) in executor.input().chunks_mut(input.stride()).zip(picture.chunks(input.channels)) {
        pixel[..channels.len()].copy_from_slice(channels);
    }
    executor.run();
    executor.output().chunks(output.stride()).flat_map(|pixel| pixel[..output.channels].to_vec()).collect()
}

#[test]
fn shipped_networks_are_what_tract_makes_of_them() {
    // Steps, before and after fusion: a pattern that is no longer found shows here first.
    for (id, steps) in [("selfie", [146, 71]), ("selfie-landscape", [146, 71]), ("multiclass", [158, 103])] {
        let file = std::fs::read(format!("{}/models/{id}.onnx", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let mut unfused = translate(&file).unwrap();
        fuse::tidy(&mut unfused);
        let fused = lower(&file).unwrap();
        assert_eq!([unfused.steps.len(), fused.steps.len()], steps, "{id}");
        let network = Network::load(&file).unwrap();
        let picture = picture(fused.buffers[fused.input]);
        let want = network.run(&picture).unwrap();
        let top = want.iter().fold(1.0, |top: f32, value| top.max(value.abs()));
        for plan in [unfused, fused] {
            let got = run(&plan, &picture);
            assert_eq!(got.len(), want.len());
            let worst = got.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < TOLERANCE * top, "{id}: {} steps are off by {worst}", plan.steps.len());
        }
    }
}
