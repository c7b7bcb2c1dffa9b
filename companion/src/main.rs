//! The command line, `companion`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use featheredge_companion::gate::{Override, Rollout, Share, Version};
use serde_json::json;

/// Who gets featheredge, and whether it is healthy.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Says whether a configuration is right, and what it says.
    Check {
        /// The configuration.
        file: PathBuf,
    },
    /// What ids get, as one line of JSON each; ROLLOUT_STAGE overrides the configuration's share.
    Assign {
        /// The configuration.
        #[arg(long)]
        rollout: PathBuf,
        /// The version of the library that they have.
        #[arg(long, value_parser = version, default_value = env!("CARGO_PKG_VERSION"))]
        library: Version,
        /// The ids.
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// How the lists `allow` and `deny` name an id.
    HashId {
        /// The configuration.
        #[arg(long)]
        rollout: PathBuf,
        /// The id.
        id: String,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("companion: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), String> {
    match command {
        Command::Check { file } => check(&read(&file)?),
        Command::Assign { rollout, library, ids } => assign(read(&rollout)?, library, &ids),
        Command::HashId { rollout, id } => println!("{}", hex(&read(&rollout)?.listed(&id))),
    }
    Ok(())
}

fn read(path: &Path) -> Result<Rollout, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Rollout::parse(&text).map_err(|error| format!("{}: {error} ({})", path.display(), error.code().name()))
}

fn version(text: &str) -> Result<Version, String> {
    Version::parse(text).ok_or_else(|| format!("{text}, want major.minor.patch"))
}

fn check(rollout: &Rollout) {
    println!("{}: {}", rollout.flag, percent(rollout.share));
    for variant in &rollout.variants {
        let control = if variant.control { ", the control" } else { "" };
        println!("  {}: weight {}, model {}{control}", variant.name, variant.weight, variant.model);
    }
    for step in &rollout.schedule {
        println!("  {} for {} days", percent(step.share), step.days);
    }
}

fn assign(mut rollout: Rollout, library: Version, ids: &[String]) {
    let override_ = Override::parse(std::env::var("ROLLOUT_STAGE").ok().as_deref());
    if override_ == Override::Invalid {
        eprintln!(
            "companion: ROLLOUT_STAGE is no stage, so that nobody is in; want DISABLED, TEN_PERCENT, FIFTY_PERCENT or FULL, or 0, 10, 50 or 100"
        );
    }
    rollout.share = override_.apply(rollout.share);
    for id in ids {
        let answer = rollout.assign(id, Some(library));
        let variant = answer.variant;
        println!(
            "{}",
            json!({
                "id": id,
                "on": variant.is_some(),
                "variant": variant.map(|variant| &variant.name),
                "model": variant.map(|variant| &variant.model),
                "bucket": answer.bucket,
                "reason": answer.reason.name(),
            })
        );
    }
}

fn percent(share: Share) -> String {
    format!("{}.{:02} %", share.hundredths() / 100, share.hundredths() % 100)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
