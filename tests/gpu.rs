//! The GPU against the CPU, on every fixture.
//!
//! A software adapter will do (`scripts/setup test` brings one); where there is none, it says `skipped`.
#![cfg(feature = "gpu")]

mod common;

use common::{fixtures, iou, project};
use featheredge::cpu::Arithmetic;
use featheredge::model::registry;
use featheredge::{Quality, SegmentOptions, Segmenter};

/// The most that a probability may be off, and the least intersection over union of mattes.
///
/// Weights of 16 bits are the file's own, and sums are in single precision, in another order: measured 8e-5
/// and .99997. GPUs may divide and take exponentials less exactly than the one that was measured.
const TOLERANCE: (f32, f64) = (2e-3, 0.998);

#[test]
fn fixtures_are_as_on_the_cpu() {
    for (model, of) in [("selfie", "person"), ("multiclass", "hair")] {
        let file = std::fs::read(project("models").join(&registry().get(model).unwrap().plan.file)).unwrap();
        let single = || (Arithmetic::F32, "the GPU does so, too".to_owned());
        let mut cpu = Segmenter::from_registry_with(model, &file, None, single).unwrap();
        let mut gpu = Segmenter::from_registry_gpu(model, &file).unwrap();
        if gpu.adapter().is_none() {
            println!("skipped: {}", gpu.reason());
            assert!(std::env::var_os("CI").is_none(), "{}", gpu.reason());
            return;
        }
        let (most, least) = TOLERANCE;
        let options =
            SegmentOptions { of: of.to_owned(), quality: Quality::Fast, ..SegmentOptions::default() };
        for fixture in fixtures() {
            let Some(picture) = fixture.load() else { continue };
            let view = picture.view().unwrap();
            let (got, want) = (gpu.predict(view).unwrap().0, cpu.predict(view).unwrap().0);
            assert_eq!(gpu.executor().name(), "gpu", "{}: {}", fixture.id, gpu.reason());
            let off = got.data.iter().zip(&want.data).map(|(got, want)| (got - want).abs());
            let worst = off.fold(0.0, f32::max);
            let (got, want) =
                (gpu.segment(view, &options).unwrap().0, cpu.segment(view, &options).unwrap().0);
            assert_eq!(gpu.executor().name(), "gpu", "{}: {}", fixture.id, gpu.reason());
            let iou = iou(&got, &want);
            println!("{model} {}: at most {worst:.6}, IoU {iou:.5}", fixture.id);
            assert!(worst <= most && iou >= least, "{model} {}: {worst}, IoU {iou}", fixture.id);
        }
    }
}
