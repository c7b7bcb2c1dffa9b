//! `featheredge lower`: an ONNX file as a plan file, as the package ships it.

use std::path::PathBuf;
use std::process::ExitCode;

use featheredge::error::{Error, ErrorKind, Result};
use featheredge::{onnx, plan};

use crate::inspect::size;
use crate::output::{self, Inputs};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// An ONNX file
    #[arg(value_name = "FILE.onnx")]
    file: PathBuf,
    /// Where the plan goes [default: beside the file, ending in .plan]
    #[arg(short, long, value_name = "FILE.plan")]
    out: Option<PathBuf>,
    /// Round large weights to this many whole numbers on either side of 0; without it none changes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i16).range(1..))]
    levels: Option<i16>,
    /// Rows and columns of the picture, where the file leaves them open
    #[arg(long, value_name = "HxW", value_parser = size)]
    size: Option<[usize; 2]>,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    match write(args) {
        Ok(line) => {
            say!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("featheredge: {}: {error} [{}]", args.file.display(), error.kind().code());
            ExitCode::from(1)
        }
    }
}

fn write(args: &Args) -> Result<String> {
    let out = args.out.clone().unwrap_or_else(|| args.file.with_extension("plan"));
    Inputs::new([args.file.as_path()]).spare(&out)?;
    let file = std::fs::read(&args.file)
        .map_err(|error| Error::new(ErrorKind::Fetch, format!("cannot read: {error}")))?;
    let mut plan = onnx::lower_at(&file, args.size)?;
    plan::compact(&mut plan, args.levels);
    let bytes = plan::encode(&plan);
    output::write(&out, &bytes)?;
    Ok(format!(
        "{} -> {}  {} steps, {} bytes",
        args.file.display(),
        out.display(),
        plan.steps.len(),
        bytes.len()
    ))
}
