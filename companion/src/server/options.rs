//! What `companion serve` can be told.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::source::Limits;
use crate::gate::Share;

/// Serves the rollout, takes beacons, and rolls back.
///
/// FEATHEREDGE_ADMIN_TOKEN (at least 16 bytes) turns the admin routes on; ROLLOUT_STAGE overrides the stage.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The configuration.
    #[arg(long)]
    pub rollout: PathBuf,
    /// Where pages find it.
    #[arg(long, default_value = "127.0.0.1:8788")]
    pub listen: SocketAddr,
    /// So many ports after that one are tried if it is taken.
    #[arg(long, default_value_t = 0)]
    pub ports: u16,
    /// Where operators find it.
    #[arg(long, default_value = "127.0.0.1:8789")]
    pub admin: SocketAddr,
    /// Lets --admin be an address that others can reach; put something that encrypts before it.
    #[arg(long)]
    pub admin_anywhere: bool,
    /// Keeps stage, latch and counters; without it, and without --redis, they end with the process. Say it
    /// beside --redis too, or a restart of everything may forget a rollback.
    #[arg(long)]
    pub state: Option<PathBuf>,
    /// The log of changes; next to the state if nothing is said.
    #[arg(long)]
    pub audit: Option<PathBuf>,
    /// Shares state and windows with other replicas: redis://HOST:PORT. A store that keeps nothing on its disk
    /// (appendonly yes) forgets a rollback if it and all replicas restart, unless one of them has a --state.
    #[arg(long)]
    pub redis: Option<String>,
    /// Serves a folder's files at a path; without a path at /. Can be said several times, once for each path.
    #[arg(long, value_name = "[PATH=]DIR")]
    pub site: Vec<String>,
    /// A page's origin that may send beacons, besides the server's own, such as https://page.example. Can be
    /// said several times.
    #[arg(long)]
    pub origin: Vec<String>,
    /// So many trusted proxies before it add to X-Forwarded-For.
    #[arg(long, default_value_t = 0)]
    pub proxies: usize,
    /// The largest share of what is decided on that is one source's; 100% is no limit.
    #[arg(long, default_value = "0.5%", value_parser = percentage)]
    pub source_share: Share,
    /// Batches that one source may send in 5 seconds.
    #[arg(long, default_value_t = 200)]
    pub source_batches: u32,
    /// Batches that all together may send in 5 seconds.
    #[arg(long, default_value_t = 500_000)]
    pub total_batches: u32,
}

impl Options {
    pub(super) fn limits(&self) -> Limits {
        Limits {
            batches: self.source_batches,
            total_batches: self.total_batches,
            share: u64::from(self.source_share.hundredths()),
        }
    }

    pub(super) fn audit(&self) -> Option<PathBuf> {
        let beside = || self.state.as_ref().map(|state| state.with_added_extension("audit.jsonl"));
        self.audit.clone().or_else(beside)
    }
}

fn percentage(text: &str) -> Result<Share, String> {
    Share::parse(text).ok_or_else(|| format!("{text}, want \"0%\" to \"100%\", at most two decimals"))
}
