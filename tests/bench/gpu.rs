//! Times the models that ship on the system's GPU, each network by itself, at batch 1.
//!
//! `cargo bench --no-default-features --features gpu --bench gpu -- [RUNS] [MODEL...]` prints JSON:
//! the adapter, and for each model its times, rates and dispatches. It needs no network.

use std::path::Path;
use std::process::ExitCode;

use featheredge::gpu::{Gpu, profile};
use featheredge::model::registry;
use featheredge::plan;
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

async fn all(models: &[&str], runs: usize) -> Result<Value, Box<dyn std::error::Error>> {
    let gpu = Gpu::open(true).await?;
    let mut report = json!({ "adapter": gpu.adapter(), "runs": runs, "models": {} });
    for &id in models {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(&registry().get(id)?.plan.file);
        let plan = plan::decode(&std::fs::read(path)?)?;
        report["models"][id] = serde_json::to_value(profile(&gpu, &plan, runs).await?)?;
    }
    Ok(report)
}
