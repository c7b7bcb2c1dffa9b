//! The models that ship, on the fixtures: the GPU's probabilities against the CPU's.

use std::path::Path;

use super::{gpu, network, run};
use crate::cpu::{self, Arithmetic};
use crate::matte;
use crate::model::registry;
use crate::pixels;
use crate::plan::{self, Plan};

fn project(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(super) fn plan_of(id: &str) -> Plan {
    let entry = registry().get(id).expect("a model");
    plan::decode(&std::fs::read(project("models").join(&entry.plan.file)).expect("its file")).expect("a plan")
}

/// The largest difference of a probability, in single and in half precision, and the least overlap of
/// what is above one half. Half precision rounds every weight by up to 1 in 2,000.
const TOLERANCE: [(f32, f64); 2] = [(2e-3, 0.998), (2e-2, 0.995)];

/// The fixtures' pictures, and whether any was there.
fn pictures() -> Vec<(String, pixels::Decoded)> {
    let text = std::fs::read_to_string(project("fixtures/manifest.json")).expect("the manifest");
    let manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let mut pictures = Vec::new();
    // Without optimisation all of them would take many minutes.
    let step = if cfg!(debug_assertions) { 9 } else { 1 };
    for picture in manifest["pictures"].as_array().expect("a list").iter().step_by(step) {
        let id = picture["id"].as_str().expect("an id").to_owned();
        let path = project("fixtures").join(picture["file"].as_str().expect("a path"));
        let Ok(bytes) = std::fs::read(&path) else {
            println!("{id}: skipped: {} is not there; run scripts/setup test", path.display());
            assert!(std::env::var_os("CI").is_none(), "{id} must be there");
            continue;
        };
        pictures.push((id, pixels::decode(&bytes).expect("a picture")));
    }
    pictures
}

fn agrees(id: &str, half: bool) {
    let Some(gpu) = gpu(half) else { return };
    if gpu.adapter().half != half {
        println!("{id} in half precision: skipped: {:?} has none", gpu.adapter().name);
        return;
    }
    let contract = registry().get(id).expect("a model").contract();
    let plan = plan_of(id);
    let network = network(&gpu, &plan);
    let mut executor = cpu::Executor::new(plan, Arithmetic::F32).expect("a sound plan");
    let classes = contract.classes.len();
    let (tolerance, least) = TOLERANCE[usize::from(half)];
    let (mut most, mut worst) = (0_f32, 1_f64);
    for (name, picture) in pictures() {
        let input = &contract.input;
        let bytes =
            pixels::to_size(picture.view().expect("a picture"), input.width, input.height, input.filter);
        pixels::to_input(&bytes, false, input.range, executor.input());
        let packed: Vec<f32> =
            executor.input().chunks_exact(4).flat_map(|pixel| pixel[..3].iter().copied()).collect();
        executor.run();
        let want = matte::activate(&contract, executor.output(), executor.output_stride());
        let got = matte::activate(&contract, &run(&gpu, &network, &packed), classes);
        assert_eq!(got.len(), want.len(), "{name}");
        let (mut both, mut either) = (0_u32, 0_u32);
        for (got, want) in got.iter().zip(&want) {
            most = most.max((got - want).abs());
            both += u32::from(*got > 0.5 && *want > 0.5);
            either += u32::from(*got > 0.5 || *want > 0.5);
        }
        let overlap = f64::from(both) / f64::from(either.max(1));
        assert!(either == 0 || overlap >= least, "{name}: overlap {overlap}");
        worst = worst.min(overlap);
    }
    assert!(most <= tolerance, "{id}: differs by {most}, want at most {tolerance}");
    println!(
        "{id}, half precision {half}: differs by {most:.1e} at the most, overlap {worst:.6} at the least"
    );
}

#[test]
fn selfie_agrees() {
    agrees("selfie", false);
}

#[test]
fn landscape_agrees() {
    agrees("selfie-landscape", false);
}

#[test]
fn multiclass_agrees() {
    agrees("multiclass", false);
}

#[test]
fn half_precision_agrees() {
    for id in ["selfie", "selfie-landscape", "multiclass"] {
        agrees(id, true);
    }
}
