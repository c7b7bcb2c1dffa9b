//! `featheredge inspect`: what is inside a network.

use std::process::ExitCode;

use featheredge::error::{Error, ErrorKind, Result};
use featheredge::model::registry;
use featheredge::{onnx, plan};
use serde::Serialize;
use serde_json::json;

use crate::models;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// An ONNX file, a plan, or the name of a model that ships
    file: String,
    /// Rows and columns of the picture, where an ONNX file leaves them open
    #[arg(long, value_name = "HxW", value_parser = size)]
    size: Option<[usize; 2]>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// `256x320` as 256 rows and 320 columns.
pub(crate) fn size(text: &str) -> std::result::Result<[usize; 2], String> {
    let side = |text: &str| text.parse().ok().filter(|side| (1..=8192).contains(side));
    text.split_once('x')
        .and_then(|(height, width)| Some([side(height)?, side(width)?]))
        .ok_or_else(|| "want rows, an x, and columns, 1 to 8192 each, as 256x320".to_owned())
}

/// What a file turned out to be.
#[derive(Serialize)]
#[serde(untagged)]
enum Found {
    Network(onnx::Inspection),
    Plan(plan::Inspection),
}

pub(crate) fn run(args: &Args) -> ExitCode {
    match look(args) {
        Ok(found) if args.json => {
            say!("{}", serde_json::to_string(&found).expect("plain data"))
        }
        Ok(Found::Network(network)) => print_network(&network),
        Ok(Found::Plan(plan)) => print_plan(&plan),
        Err(error) => {
            let code = error.kind().code();
            if args.json {
                say!("{}", json!({ "error": { "code": code, "message": error.to_string() } }));
            }
            eprintln!("featheredge: {}: {error} [{code}]", args.file);
            return ExitCode::from(1);
        }
    }
    ExitCode::SUCCESS
}

fn look(args: &Args) -> Result<Found> {
    if let Ok(entry) = registry().get(&args.file) {
        return onnx::inspect(models::onnx(entry)?, args.size).map(Found::Network);
    }
    let bytes = std::fs::read(&args.file)
        .map_err(|error| Error::new(ErrorKind::Fetch, format!("cannot read: {error}")))?;
    if args.file.ends_with(".plan") {
        return Ok(Found::Plan(plan::inspect(&plan::decode(&bytes)?)));
    }
    onnx::inspect(&bytes, args.size).map(Found::Network)
}

fn shape([height, width, channels]: &[usize; 3]) -> String {
    format!("{height} x {width} x {channels}")
}

fn print_network(network: &onnx::Inspection) {
    let onnx::Inspection { bytes, layout, input, output, multiply_adds, weight_bytes, .. } = network;
    let layout = format!("{layout:?}").to_uppercase();
    say!("file         {bytes} bytes");
    say!("input        {} ({layout})", shape(input));
    say!("output       {}", shape(output));
    say!("work         {:.1} million multiply-adds", *multiply_adds as f64 / 1e6);
    say!("weights      {weight_bytes} bytes in memory");
    say!("activations  {} bytes, before any reuse", network.activation_bytes);
    say!(
        "steps        {} after simplification",
        network.operators.iter().map(|operator| operator.count).sum::<usize>()
    );
    say!();
    say!("{:<24} {:>5}  {:>14}", "operator", "count", "multiply-adds");
    for operator in &network.operators {
        say!("{:<24} {:>5}  {:>14}", operator.name, operator.count, operator.multiply_adds);
    }
    say!();
    match (&network.plan, &network.no_plan) {
        (Some(plan), _) => print_plan(plan),
        (None, reason) => say!("plan         none: {}", reason.as_deref().unwrap_or("it does not lower")),
    }
}

fn print_plan(plan: &plan::Inspection) {
    say!("plan         {} to {}", shape(&plan.input), shape(&plan.output));
    say!("work         {:.1} million multiply-adds", plan.multiply_adds as f64 / 1e6);
    say!("weights      {} bytes as stored", plan.weight_bytes);
    say!("buffers      {} bytes at the most", plan.peak_bytes);
    say!("steps        {}", plan.steps.len());
    say!();
    say!("{:>4}  {:<12} {:<18} {:<18} {:>14}", "step", "kind", "from", "to", "multiply-adds");
    for (at, step) in plan.steps.iter().enumerate() {
        let kernel = step.kernel.map(|[height, width]| format!("{height}x{width}"));
        let gate = step.gated.then(|| "gated".to_owned());
        let activation = step.activation.map(str::to_owned);
        let residual = step.residual.then(|| "plus residual".to_owned());
        let notes: Vec<String> = [kernel, gate, activation, residual].into_iter().flatten().collect();
        let line = format!(
            "{at:>4}  {:<12} {:<18} {:<18} {:>14}  {}",
            step.name,
            shape(&step.input),
            shape(&step.output),
            step.multiply_adds,
            notes.join(", ")
        );
        say!("{}", line.trim_end());
    }
}
