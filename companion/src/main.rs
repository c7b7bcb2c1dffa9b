//! The command line, `companion`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use featheredge_companion::decision::Policy;
use featheredge_companion::decision::replay::replay;
use featheredge_companion::decision::simulate::{Record, plot, report, simulate, tables};
use featheredge_companion::gate::{Override, Rollout, Share, Version};
use featheredge_companion::server;
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
    /// What would have been decided on the windows of a server's log, and why.
    Replay {
        /// The log, which a server writes beside its state file as .windows.jsonl.
        log: PathBuf,
        /// The configuration whose thresholds count; the defaults without it.
        #[arg(long)]
        rollout: Option<PathBuf>,
        /// Prints all numbers, as JSON.
        #[arg(long)]
        json: bool,
    },
    /// How often the default policy rolls back what is in order, and how soon what is not.
    Simulate {
        /// Simulations of each true state; the record has 10,000.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
        runs: u64,
        /// Takes a record that was made before, instead of simulating.
        #[arg(long, value_name = "FILE", conflicts_with = "runs")]
        record: Option<PathBuf>,
        /// Prints the record instead of tables.
        #[arg(long)]
        json: bool,
        /// Writes the record, the tables and the plot to a folder's decision.json, DECISION.md and decision.svg.
        #[arg(long, value_name = "DIR")]
        write: Option<PathBuf>,
    },
    /// Serves the rollout, takes beacons, and rolls back.
    Serve(Box<server::Options>),
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
        Command::Serve(options) => server::run(&options)?,
        Command::Check { file } => {
            check(&read(&file)?).map_err(|error| format!("{}: {error}", file.display()))?
        }
        Command::Assign { rollout, library, ids } => assign(read(&rollout)?, library, &ids),
        Command::HashId { rollout, id } => println!("{}", hex(&read(&rollout)?.listed(&id))),
        Command::Replay { log, rollout, json } => replayed(&log, rollout.as_deref(), json)?,
        Command::Simulate { runs, record, json, write } => {
            let record = record.map_or_else(|| Ok(simulated(runs)), |path| recorded(&path))?;
            let text = serde_json::to_string_pretty(&record).map_err(|error| error.to_string())? + "\n";
            print!("{}", if json { text.clone() } else { tables(&record) });
            if let Some(folder) = write {
                publish(&record, &text, &folder)?;
            }
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Rollout, String> {
    Rollout::parse(&text(path)?)
        .map_err(|error| format!("{}: {error} ({})", path.display(), error.code().name()))
}

fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn version(text: &str) -> Result<Version, String> {
    Version::parse(text).ok_or_else(|| format!("{text}, want major.minor.patch"))
}

/// Fewer samples than this have not been simulated: a rollback may then be decided by chance.
const SIMULATED_SAMPLES: u32 = 200;

/// The models that ship with this version of the package.
const MODELS: [&str; 3] = ["selfie", "selfie-landscape", "multiclass"];

fn check(rollout: &Rollout) -> Result<(), String> {
    let policy = server::check(rollout)?;
    println!("{}: {}", rollout.flag, percent(rollout.share));
    for variant in &rollout.variants {
        let control = if variant.control { ", the control" } else { "" };
        println!("  {}: weight {}, model {}{control}", variant.name, variant.weight, variant.model);
        if !MODELS.contains(&variant.model.as_str()) {
            let (name, model, known) = (&variant.name, &variant.model, MODELS.join(", "));
            eprintln!(
                "warning: {name} has the model {model}, which is none of {known}; pages leave its ids out"
            );
        }
    }
    for step in &rollout.schedule {
        println!("  {} for {} days", percent(step.share), step.days);
    }
    if policy.minimum_samples < SIMULATED_SAMPLES {
        let samples = policy.minimum_samples;
        eprintln!(
            "warning: minimumSamples is {samples}; below {SIMULATED_SAMPLES} chance alone may roll back"
        );
    }
    Ok(())
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

fn replayed(log: &Path, rollout: Option<&Path>, json: bool) -> Result<(), String> {
    let policy = match rollout {
        Some(path) => Policy::of(&read(path)?.thresholds).map_err(|error| error.to_string())?,
        None => Policy::default(),
    };
    let replay = replay(&policy, &text(log)?).map_err(|error| format!("{}: {error}", log.display()))?;
    if json {
        println!("{}", serde_json::to_string_pretty(&replay).map_err(|error| error.to_string())?);
    } else {
        print!("{replay}");
    }
    Ok(())
}

fn simulated(runs: u64) -> Record {
    simulate(&Policy::default(), runs, |outcome| {
        eprintln!(
            "{} runs/s, {:?}: {} of {} rolled back",
            outcome.runs_per_s, outcome.health, outcome.rolled_back, outcome.simulations
        );
    })
}

fn recorded(path: &Path) -> Result<Record, String> {
    serde_json::from_str(&text(path)?).map_err(|error| format!("{}: {error}", path.display()))
}

fn publish(record: &Record, json: &str, folder: &Path) -> Result<(), String> {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    let path = folder.join("DECISION.md");
    let page = report(&text(&path)?, record).map_err(|error| format!("{}: {error}", path.display()))?;
    write("decision.json", json)?;
    write("DECISION.md", &page)?;
    write("decision.svg", &plot(record))
}

fn percent(share: Share) -> String {
    format!("{}.{:02} %", share.hundredths() / 100, share.hundredths() % 100)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
