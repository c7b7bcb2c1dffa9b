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
    executor
        .output()
        .chunks(executor.output_stride())
        .flat_map(|pixel| pixel[..output.channels].to_vec())
        .collect()
}

/// Lowers a file of the project, compares both plans with tract, and returns how many steps they have.
fn check_file(path: &str) -> [usize; 2] {
    let file = std::fs::read(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut unfused = translate(&file, None).unwrap();
    fuse::tidy(&mut unfused);
    let fused = lower(&file).unwrap();
    let network = Network::load(&file).unwrap();
    let picture = picture(fused.buffers[fused.input]);
    let want = network.run(&picture).unwrap();
    let top = want.iter().fold(1.0, |top: f32, value| top.max(value.abs()));
    [unfused, fused].map(|plan| {
        let got = run(&plan, &picture);
        assert_eq!(got.len(), want.len());
        let worst = got.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < TOLERANCE * top, "{path}: {} steps are off by {worst}", plan.steps.len());
        plan.steps.len()
    })
}

#[test]
fn shipped_networks_are_what_tract_makes_of_them() {
    // A pattern that is no longer found shows here first.
    assert_eq!(check_file("models/selfie.onnx"), [146, 71]);
    assert_eq!(check_file("models/selfie-landscape.onnx"), [146, 71]);
    assert_eq!(check_file("models/multiclass.onnx"), [158, 103]);
}

#[test]
fn other_operators_are_what_tract_makes_of_them() {
    check_file("fixtures/networks/unet.onnx");
    check_file("fixtures/networks/mobile.onnx");
    check_file("fixtures/networks/enlarge.onnx");
}

#[test]
fn what_has_no_step_is_named() {
    let file =
        std::fs::read(format!("{}/fixtures/networks/unknown.onnx", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let error = lower(&file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnsupportedModel);
    let message = error.to_string();
    for part in ["resize_1", "Resize", "mode cubic"] {
        assert!(message.contains(part), "{message}");
    }
    for (name, parts) in [
        ("whole", ["Cast", "I32"]),
        ("alone", ["Softmax", "size 1"]),
        ("endless", ["Max", "inf"]),
        ("standstill", ["stopped its reader", ""]),
        ("vast", ["Deconv", "weights"]),
    ] {
        let file = std::fs::read(format!("{}/fixtures/networks/{name}.onnx", env!("CARGO_MANIFEST_DIR")));
        let error = lower(&file.unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnsupportedModel, "{name}");
        let message = error.to_string();
        assert!(parts.iter().all(|part| message.contains(part)), "{name}: {message}");
    }
    // The sizes are not in the file.
    let file = std::fs::read(format!("{}/fixtures/networks/open.onnx", env!("CARGO_MANIFEST_DIR"))).unwrap();
    assert!(lower(&file).unwrap_err().to_string().contains("open shape"));
    let plan = lower_at(&file, Some([16, 24])).unwrap();
    assert_eq!(plan.buffers[plan.output], Shape { height: 8, width: 12, channels: 2 });
}
