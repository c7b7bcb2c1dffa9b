//! What has been counted since the beginning, for `/metrics`.

use serde::{Deserialize, Serialize};

use crate::beacon::{Agreement, Coverage, Executor, Latency, Outcome, Record, Reference, Release, Size};
use crate::gate::Rollout;

/// The name of what the rollout does not have.
pub(super) const OTHER: &str = "other";

/// Why a body was not taken; each is a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejection {
    Malformed,
    Schema,
    Flag,
    TooLarge,
    MediaType,
    Origin,
    SourceLimit,
    TotalLimit,
    Slow,
}

impl Rejection {
    pub(super) const NAMES: [&'static str; 9] = [
        "malformed",
        "schema",
        "flag",
        "too-large",
        "media-type",
        "origin",
        "source-limit",
        "total-limit",
        "slow",
    ];
}

/// Runs of one variant, each in hundredths of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Runs {
    /// The variant's name.
    pub(super) variant: String,
    pub(super) outcomes: [u64; Outcome::NAMES.len()],
    pub(super) latencies: [u64; Latency::NAMES.len()],
    pub(super) executors: [u64; Executor::NAMES.len()],
    pub(super) sizes: [u64; Size::NAMES.len()],
    pub(super) coverages: [u64; Coverage::NAMES.len()],
    pub(super) releases: [u64; Release::RELATIONS.len()],
    /// Whether the model was the variant's own: not, and yes.
    pub(super) own_model: [u64; 2],
    pub(super) agreements: [[u64; Agreement::NAMES.len()]; Reference::NAMES.len()],
}

/// All counts. They only rise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Counters {
    /// Batches that were taken.
    pub(super) accepted: u64,
    /// Batches that had come before.
    pub(super) duplicates: u64,
    /// Batches of people who asked not to be counted.
    pub(super) declined: u64,
    pub(super) rejected: [u64; Rejection::NAMES.len()],
    /// Records, by arm, that were evidence, and that were above their source's share.
    pub(super) evidence: [[u64; 2]; 2],
    /// Rollbacks, by cause: error rate, latency, a person.
    pub(super) rollbacks: [u64; 3],
    /// One for each variant, and one for all others.
    pub(super) runs: Vec<Runs>,
}

impl Counters {
    /// Nothing yet, of the variants of a rollout.
    pub(super) fn new(rollout: &Rollout) -> Self {
        let names = rollout.variants.iter().map(|variant| variant.name.as_str()).chain([OTHER]);
        let runs = names.map(|name| Runs { variant: name.into(), ..Runs::default() }).collect();
        Self { runs, ..Self::default() }
    }

    /// Goes on from what was counted before, but for variants that are gone.
    pub(super) fn resume(&mut self, before: Self) {
        let own = std::mem::take(&mut self.runs);
        let kept =
            |runs: Runs| before.runs.iter().find(|old| old.variant == runs.variant).cloned().unwrap_or(runs);
        let runs = own.into_iter().map(kept).collect();
        *self = Self { runs, ..before };
    }

    pub(super) fn reject(&mut self, why: Rejection) {
        self.rejected[why as usize] += 1;
    }
}

impl Runs {
    /// Counts a record that weighs so many hundredths of a run.
    pub(super) fn add(&mut self, record: &Record<'_>, weight: u64, model: Option<&str>, own: Release) {
        self.outcomes[record.outcome.index()] += weight;
        self.latencies[record.latency.index()] += weight;
        self.executors[record.executor.index()] += weight;
        self.sizes[record.size.index()] += weight;
        self.coverages[record.coverage.index()] += weight;
        self.releases[record.version.relative_to(own)] += weight;
        self.own_model[usize::from(model == Some(record.model))] += weight;
        if let (Some(agreement), Some(reference)) = (record.agreement, record.reference) {
            self.agreements[reference.index()][agreement.index()] += weight;
        }
    }
}
