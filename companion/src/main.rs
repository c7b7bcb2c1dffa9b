//! The command line, `companion`.

use clap::Parser;

/// Who gets featheredge, and whether it is healthy.
#[derive(Parser)]
#[command(version)]
struct Cli {}

fn main() {
    let Cli {} = Cli::parse();
}
