//! `featheredge models`, and the models' files, which are part of the program.

use std::process::ExitCode;

use featheredge::error::{Error, ErrorKind, Result};
use featheredge::model::{Entry, registry};

/// The files of the registry, by name.
const FILES: [(&str, &[u8]); 6] = [
    ("selfie.plan", include_bytes!("../../../models/selfie.plan")),
    ("selfie-landscape.plan", include_bytes!("../../../models/selfie-landscape.plan")),
    ("multiclass.plan", include_bytes!("../../../models/multiclass.plan")),
    ("selfie.onnx", include_bytes!("../../../models/selfie.onnx")),
    ("selfie-landscape.onnx", include_bytes!("../../../models/selfie-landscape.onnx")),
    ("multiclass.onnx", include_bytes!("../../../models/multiclass.onnx")),
];

/// The bytes of a registry entry's plan.
pub(crate) fn plan(entry: &Entry) -> Result<&'static [u8]> {
    file(&entry.plan.file)
}

/// The bytes of a registry entry's ONNX file.
pub(crate) fn onnx(entry: &Entry) -> Result<&'static [u8]> {
    file(&entry.file)
}

fn file(wanted: &str) -> Result<&'static [u8]> {
    let found = FILES.iter().find(|(name, _)| *name == wanted);
    found
        .map(|(_, bytes)| *bytes)
        .ok_or_else(|| Error::new(ErrorKind::Internal, format!("{wanted} is not in this build")))
}

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print the registry as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let mut all_sound = true;
    if !args.json {
        say!(
            "{:<18} {:>9}  {:>9}  {:>12}  {:<10}  checksum  subjects",
            "model",
            "bytes",
            "input",
            "mult-adds",
            "licence"
        );
    }
    let mut entries = Vec::new();
    for entry in &registry().models {
        let checked = plan(entry)
            .and_then(|bytes| entry.verify(bytes))
            .and_then(|()| onnx(entry))
            .and_then(|bytes| entry.verify_onnx(bytes));
        all_sound &= checked.is_ok();
        if args.json {
            let mut value = serde_json::to_value(entry).expect("an entry is plain data");
            value["checksumOk"] = checked.is_ok().into();
            entries.push(value);
            continue;
        }
        let size = format!("{}x{}", entry.input.width, entry.input.height);
        let state = if checked.is_ok() { "ok" } else { "MISMATCH" };
        let subjects = entry.contract().subjects().join(", ");
        say!(
            "{:<18} {:>9}  {:>9}  {:>12}  {:<10}  {:<8}  {}",
            entry.id,
            entry.plan.bytes,
            size,
            entry.multiply_adds,
            entry.licence,
            state,
            subjects
        );
        if let Err(error) = checked {
            eprintln!("featheredge: {error} [{}]", error.kind().code());
        }
    }
    if args.json {
        say!("{}", serde_json::Value::from(entries));
    }
    if all_sound { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
