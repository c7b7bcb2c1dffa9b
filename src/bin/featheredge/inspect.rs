//! `featheredge inspect`: what is inside a network.

use std::process::ExitCode;

use featheredge::error::{Error, ErrorKind, Result};
use featheredge::model::registry;
use featheredge::onnx::{Inspection, inspect};

use crate::models;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// An ONNX file, or the name of a model that ships
    file: String,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    match look(&args.file) {
        Ok(inspection) if args.json => {
            println!("{}", serde_json::to_string(&inspection).expect("plain data"))
        }
        Ok(inspection) => print(&inspection),
        Err(error) => {
            eprintln!("featheredge: {}: {error} [{}]", args.file, error.kind().code());
            return ExitCode::from(1);
        }
    }
    ExitCode::SUCCESS
}

fn look(name: &str) -> Result<Inspection> {
    match registry().get(name) {
        Ok(entry) => inspect(models::onnx(entry)?),
        Err(_) => {
            let bytes = std::fs::read(name)
                .map_err(|error| Error::new(ErrorKind::Fetch, format!("cannot read: {error}")))?;
            inspect(&bytes)
        }
    }
}

fn print(inspection: &Inspection) {
    let Inspection { bytes, layout, input, output, multiply_adds, weight_bytes, activation_bytes, operators } =
        inspection;
    let size = |[height, width, channels]: &[usize; 3]| format!("{height} x {width} x {channels}");
    println!("file         {bytes} bytes");
    println!("input        {} ({layout:?})", size(input).to_lowercase());
    println!("output       {}", size(output));
    println!("work         {:.1} million multiply-adds", *multiply_adds as f64 / 1e6);
    println!("weights      {weight_bytes} bytes in memory");
    println!("activations  {activation_bytes} bytes, before any reuse");
    println!(
        "steps        {} after simplification",
        operators.iter().map(|operator| operator.count).sum::<usize>()
    );
    println!();
    println!("{:<24} {:>5}  {:>14}", "operator", "count", "multiply-adds");
    for operator in operators {
        println!("{:<24} {:>5}  {:>14}", operator.name, operator.count, operator.multiply_adds);
    }
}
