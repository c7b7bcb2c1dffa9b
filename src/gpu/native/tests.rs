//! A GPU that goes away at any time.

use std::time::Duration;

use super::*;
use crate::gpu::tests::gpu;
use crate::model::registry;
use crate::{Quality, SegmentOptions, Segmenter};

const FINISH: Finish = Finish { morphology: None, feather: 3.0 };

fn file() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/models/selfie-landscape.plan")).unwrap()
}

/// A light oval on a dark ground: whatever the network makes of it.
fn oval([width, height]: [usize; 2]) -> Vec<u8> {
    let share = |at: usize, len: usize| (at as f32 + 0.5) / len as f32 * 2.0 - 1.0;
    let pixel = |i: usize| {
        let inside = share(i % width, width).hypot(share(i / width, height)) < 0.7;
        if inside { [220, 170, 150, 255] } else { [20, 40, 90, 255] }
    };
    (0..width * height).flat_map(pixel).collect()
}

fn is_gpu_s(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::GpuLost | ErrorKind::GpuFailed | ErrorKind::GpuUnavailable)
}

#[test]
fn a_loss_at_any_time_is_an_error_or_the_right_matte() {
    if gpu(true).is_none() {
        return;
    }
    let contract = registry().get("selfie-landscape").unwrap().contract();
    let (mut native, opened) = Native::open(crate::plan::decode(&file()).unwrap(), contract);
    opened.unwrap();
    let bytes = oval([320, 240]);
    let picture = Rgba8::new(320, 240, &bytes).unwrap();
    let (want, _) = native.segment(picture, "person", FINISH, None).unwrap();
    for wait in [0, 1, 5, 20, 60, 150] {
        let device = native.engine.as_ref().unwrap().gpu().device.clone();
        let loss = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(wait));
            device.destroy();
        });
        match native.segment(picture, "person", FINISH, None) {
            Ok((got, _)) => assert_eq!(got, want, "lost after {wait} ms"),
            Err(error) => assert!(is_gpu_s(error.kind()), "lost after {wait} ms: {error}"),
        }
        loss.join().unwrap();
        // The next one is made on a GPU that was opened anew.
        assert_eq!(native.segment(picture, "person", FINISH, None).unwrap().0, want, "after {wait} ms");
    }
}

#[test]
fn a_gpu_that_always_fails_is_given_up() {
    if gpu(true).is_none() {
        return;
    }
    let contract = registry().get("selfie-landscape").unwrap().contract();
    let (mut native, _) = Native::open(crate::plan::decode(&file()).unwrap(), contract);
    for i in 1..=FAILURES {
        assert!(native.given_up.is_none(), "{i}");
        native.judge::<()>(Err(Error::new(ErrorKind::GpuFailed, "as a test wants"))).unwrap_err();
    }
    let bytes = oval([32, 24]);
    let error = native.segment(Rgba8::new(32, 24, &bytes).unwrap(), "person", FINISH, None).unwrap_err();
    assert!(error.to_string().contains("as a test wants"), "{error}");
}

#[test]
fn the_cpu_does_what_the_gpu_cannot() {
    if gpu(true).is_none() {
        return;
    }
    let mut cpu = Segmenter::from_registry("selfie-landscape", &file()).unwrap();
    let mut segmenter = Segmenter::from_registry_gpu("selfie-landscape", &file()).unwrap();
    let options = SegmentOptions { quality: Quality::Fast, ..SegmentOptions::default() };
    let bytes = oval([320, 240]);
    let picture = Rgba8::new(320, 240, &bytes).unwrap();
    let (want, _) = cpu.segment(picture, &options).unwrap();
    // Lost while it has nothing to do, and twice in a row: it is opened anew.
    for _ in 0..3 {
        let (got, _) = segmenter.segment(picture, &options).unwrap();
        assert!(got.alpha.iter().zip(&want.alpha).all(|(got, want)| got.abs_diff(*want) <= 8));
        assert_eq!((segmenter.executor().name(), segmenter.reason()), ("gpu", "as asked for"));
        assert!(segmenter.adapter().is_some());
        segmenter.lose_gpu();
        segmenter.lose_gpu();
    }
    let (probabilities, _) = segmenter.predict(picture).unwrap();
    let (want, _) = cpu.predict(picture).unwrap();
    assert_eq!((probabilities.width, probabilities.height), (want.width, want.height));
    assert!(probabilities.data.iter().zip(&want.data).all(|(got, want)| (got - want).abs() < 2e-2));
    // What no GPU need hold.
    let bytes = vec![100; 9000 * 2 * 4];
    let long = Rgba8::new(9000, 2, &bytes).unwrap();
    assert_eq!(segmenter.segment(long, &options).unwrap().0, cpu.segment(long, &options).unwrap().0);
    assert_eq!(segmenter.executor().name(), "cpu");
    assert!(segmenter.reason().contains("9000x2"), "{}", segmenter.reason());
    segmenter.segment(picture, &options).unwrap();
    assert_eq!(segmenter.executor().name(), "gpu", "that was the picture's fault");
}
