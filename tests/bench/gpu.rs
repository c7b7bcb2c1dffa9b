//! Times the models that ship on the system's GPU, at batch 1: each network by itself, and a whole frame of 1280x720
//! pixels from memory to the drawing.
//!
//! `cargo bench --no-default-features --features gpu --bench gpu -- [RUNS] [MODEL...]` prints JSON:
//! the adapter and what it does at most, and for each model its times, rates, their shares of the most, and its
//! dispatches. It needs nothing that is not in the repository.

use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

use featheredge::gpu::{Gpu, peak, profile, profile_frame};
use featheredge::model::registry;
use featheredge::pixels::Rgba8;
use featheredge::plan;
use image::imageops::{FilterType, resize};
use serde_json::{Value, json};

const RUNS: usize = 30;
const MODELS: [&str; 3] = ["selfie", "selfie-landscape", "multiclass"];

fn main() -> ExitCode {
    // cargo adds a flag of its own.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let runs = words.iter().find_map(|word| word.parse().ok()).unwrap_or(RUNS).max(1);
    let named: Vec<&str> =
        words.iter().map(String::as_str).filter(|word| word.parse::<usize>().is_err()).collect();
    let models = if named.is_empty() { &MODELS } else { named.as_slice() };
    match pollster::block_on(all(models, runs)) {
        Ok(report) => {
            println!("{report:#}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("gpu: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The picture that becomes a frame: of a person, as a camera gives it.
const PICTURE: &str = "fixtures/images/obama-podium.jpg";
const SIZE: [u32; 2] = [1280, 720];

async fn all(models: &[&str], runs: usize) -> Result<Value, Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let [width, height] = SIZE;
    let picture = resize(&image::open(root.join(PICTURE))?.to_rgba8(), width, height, FilterType::Triangle);
    let picture = Rgba8::new(width as usize, height as usize, picture.as_raw())?;
    let gpu = Rc::new(Gpu::open(true).await?);
    let most = peak(&gpu).await?;
    let mut report = json!({ "adapter": gpu.adapter(), "peak": most, "runs": runs, "models": {} });
    for &id in models {
        let entry = registry().get(id)?;
        let plan = plan::decode(&std::fs::read(root.join("models").join(&entry.plan.file))?)?;
        let network = profile(&gpu, &plan, runs).await?;
        let frame = profile_frame(&gpu, &plan, &entry.contract(), picture, runs).await?;
        report["models"][id] = json!({
            "frame": frame,
            "shareOfPeak": {
                "flop": network.gflop_per_s / most.gflop_per_s,
                "bytes": network.gbyte_per_s / most.gbyte_per_s,
            },
            "network": network,
        });
    }
    Ok(report)
}
