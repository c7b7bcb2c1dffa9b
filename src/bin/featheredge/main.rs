//! The native command line: the same crate as the npm package's wasm.
//!
//! Exit codes: 0 all done, 1 some input was bad (the rest is done all the same), 2 bad usage.

/// `println!` that does not mind a reader who has read enough, such as `head`.
#[cfg(not(target_arch = "wasm32"))]
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write;
        _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

#[cfg(not(target_arch = "wasm32"))]
mod batch;
#[cfg(not(target_arch = "wasm32"))]
mod cut;
#[cfg(not(target_arch = "wasm32"))]
mod effect;
#[cfg(not(target_arch = "wasm32"))]
mod inspect;
#[cfg(not(target_arch = "wasm32"))]
mod lower;
#[cfg(not(target_arch = "wasm32"))]
mod models;
#[cfg(not(target_arch = "wasm32"))]
mod output;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    use clap::{Parser, Subcommand};

    #[derive(Parser)]
    #[command(
        version,
        about,
        after_help = "Exit codes: 0 all done, 1 bad input (the rest is done), 2 bad usage."
    )]
    struct Cli {
        #[command(subcommand)]
        command: Command,
    }

    #[derive(Subcommand)]
    enum Command {
        /// Cut people or hair out of pictures
        Cut(cut::Args),
        /// List the models that ship, each checksum verified
        Models(models::Args),
        /// Show what is inside a network
        Inspect(inspect::Args),
        /// Write an ONNX file as a plan, as the npm package ships its models
        Lower(lower::Args),
    }

    match Cli::parse().command {
        Command::Cut(args) => cut::run(&args),
        Command::Models(args) => models::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Lower(args) => lower::run(&args),
    }
}

// Cargo builds every target of the package for wasm32 too, where there is no command line.
#[cfg(target_arch = "wasm32")]
fn main() {}
