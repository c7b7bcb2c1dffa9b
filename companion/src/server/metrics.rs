//! `/metrics`, in Prometheus's text format. Every label's values are a fixed list or the rollout's names.

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::app::App;
use super::control::Cause;
use super::counters::{Counters, Rejection, Runs};
use super::source::Arm;
use crate::beacon::{Agreement, Coverage, Executor, Latency, Outcome, Reference, Release, Size};
use crate::decision::{LATENCY_EDGES_MS, WHOLE_RUN};
use crate::gate::Override;

/// What is shown of a moment.
#[derive(Debug)]
struct Snapshot {
    counters: Counters,
    gauges: Vec<(&'static str, &'static str, f64)>,
    totals: Vec<(&'static str, &'static str, u64)>,
    denied: u64,
    /// The last decision, by its place among the outcomes.
    verdict: Option<usize>,
}

/// All metrics.
pub(super) fn text(app: &App) -> String {
    let mut registry = Registry::with_prefix("featheredge");
    registry.register_collector(Box::new(snapshot(app)));
    let mut text = String::new();
    // A text takes all that is written into it.
    let _ = prometheus_text::encode(&mut text, &registry);
    text
}

fn snapshot(app: &App) -> Snapshot {
    let control = app.control();
    let intake = app.intake();
    let flag = |value: bool| f64::from(u8::from(value));
    let fast = LATENCY_EDGES_MS.iter().take_while(|edge| **edge <= app.policy.p95_limit_ms).count();
    let (samples, errors, slow) = intake.windows.last().map_or((0.0, 0.0, 0.0), |window| {
        let arm = &window.treatment;
        let of_runs = |part: u64| if arm.weight == 0 { 0.0 } else { part as f64 / arm.weight as f64 };
        let slow = arm.latency.iter().skip(fast).sum();
        (arm.weight as f64 / WHOLE_RUN as f64, of_runs(arm.errors), of_runs(slow))
    });
    Snapshot {
        counters: intake.counters.clone(),
        gauges: vec![
            (
                "stage",
                "Share of the public that the rollout reaches, 0 to 1",
                f64::from(app.effective().hundredths()) / 10_000.0,
            ),
            ("rollback_latched", "Whether a rollback is latched", flag(control.latch.is_some())),
            ("rollout_override", "Whether ROLLOUT_STAGE is set", flag(app.override_ != Override::Absent)),
            (
                "rollout_override_invalid",
                "Whether ROLLOUT_STAGE is no stage, which closes the rollout",
                flag(app.override_ == Override::Invalid),
            ),
            (
                "state_store_up",
                "Whether the shared store answers; 1 where none is used",
                flag(app.store_up.load(Relaxed)),
            ),
            (
                "state_known",
                "Whether the state is known; until then the rollout is closed",
                flag(app.known.load(Relaxed)),
            ),
            ("window_samples", "Runs of the variant under trial in this replica's newest window", samples),
            ("window_error_ratio", "Share of them that failed", errors),
            ("window_slow_ratio", "Share of them that took longer than p95 may", slow),
        ],
        totals: vec![(
            "state_write_failures",
            "Writes of the state or the audit log that failed",
            app.write_failures.load(Relaxed),
        )],
        denied: app.denied.load(Relaxed),
        verdict: app.verdict.load(Relaxed).checked_sub(1),
    }
}

/// Rows of one counter: each its labels and its value.
struct Rows<'a, 'b> {
    encoder: &'a mut DescriptorEncoder<'b>,
    name: &'static str,
    help: &'static str,
}

impl Rows<'_, '_> {
    fn write<const N: usize>(
        self,
        rows: impl Iterator<Item = ([(&'static str, String); N], f64)>,
    ) -> fmt::Result {
        let mut metric = self.encoder.encode_descriptor(self.name, self.help, None, MetricType::Counter)?;
        for (labels, value) in rows {
            metric.encode_family(&labels)?.encode_counter::<NoLabelSet, f64, f64>(&value, None)?;
        }
        Ok(())
    }
}

/// Rows for each variant and each value of a list, in runs.
fn each<'a, const N: usize>(
    runs: &'a [Runs],
    label: &'static str,
    names: &'static [&'static str],
    counts: impl Fn(&'a Runs) -> &'a [u64; N] + 'a,
) -> impl Iterator<Item = ([(&'static str, String); 2], f64)> + 'a {
    runs.iter().flat_map(move |runs| {
        let values = names.iter().zip(counts(runs));
        values.map(move |(name, value)| {
            ([("variant", runs.variant.clone()), (label, (*name).into())], *value as f64 / 100.0)
        })
    })
}

fn by<'a>(
    label: &'static str,
    names: &'a [&'static str],
    counts: &'a [u64],
) -> impl Iterator<Item = ([(&'static str, String); 1], f64)> + 'a {
    names.iter().zip(counts).map(move |(name, count)| ([(label, (*name).into())], *count as f64))
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (name, help, value) in &self.gauges {
            encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(value)?;
        }
        for (name, help, value) in &self.totals {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            metric.encode_counter::<NoLabelSet, u64, f64>(value, None)?;
        }
        let encoder = &mut encoder;
        let counters = &self.counters;
        let rejected = by("reason", &Rejection::NAMES, &counters.rejected);
        Rows { encoder, name: "beacons_rejected", help: "Bodies that were not taken" }.write(rejected)?;
        let rollbacks = by("reason", &Cause::NAMES, &counters.rollbacks);
        Rows { encoder, name: "rollbacks", help: "Rollbacks that this replica made" }.write(rollbacks)?;
        let results = [counters.accepted, counters.duplicates, counters.declined];
        let results = by("result", &["accepted", "duplicate", "declined"], &results);
        Rows { encoder, name: "beacons", help: "Batches, but for those that were not taken" }
            .write(results)?;
        let denied = by("reason", &["token"], std::slice::from_ref(&self.denied));
        Rows { encoder, name: "admin_denied", help: "Admin requests without the token" }.write(denied)?;
        let [counted, capped] = [0, 1].map(|used| counters.evidence.map(|counts| counts[used]));
        let help = "Records that decisions are made on";
        Rows { encoder, name: "evidence", help }.write(by("arm", &Arm::NAMES, &counted))?;
        let help = "Records above their source's share";
        Rows { encoder, name: "evidence_capped", help }.write(by("arm", &Arm::NAMES, &capped))?;
        let help = "1 for what the last windows said";
        let mut decision = encoder.encode_descriptor("decision", help, None, MetricType::Gauge)?;
        for (at, outcome) in ["hold", "inconclusive", "roll-back"].into_iter().enumerate() {
            let is_last = f64::from(u8::from(self.verdict == Some(at)));
            decision.encode_family(&[("outcome", outcome)])?.encode_gauge(&is_last)?;
        }
        encode_runs(encoder, &counters.runs)
    }
}

fn encode_runs(encoder: &mut DescriptorEncoder<'_>, runs: &[Runs]) -> fmt::Result {
    let outcomes = each(runs, "outcome", Outcome::NAMES, |runs| &runs.outcomes);
    Rows { encoder, name: "runs", help: "Runs, estimated from what pages sampled" }.write(outcomes)?;
    let executors = each(runs, "executor", Executor::NAMES, |runs| &runs.executors);
    Rows { encoder, name: "runs_by_executor", help: "Runs by what ran them" }.write(executors)?;
    let sizes = each(runs, "size", Size::NAMES, |runs| &runs.sizes);
    Rows { encoder, name: "runs_by_size", help: "Runs by the picture's megapixels" }.write(sizes)?;
    let coverages = each(runs, "coverage", Coverage::NAMES, |runs| &runs.coverages);
    Rows { encoder, name: "runs_by_coverage", help: "Runs by the matte's share of the picture, in percent" }
        .write(coverages)?;
    let releases = each(runs, "release", &Release::RELATIONS, |runs| &runs.releases);
    Rows { encoder, name: "runs_by_release", help: "Runs by the library's version beside the companion's" }
        .write(releases)?;
    let models = each(runs, "model", &["another", "own"], |runs| &runs.own_model);
    Rows { encoder, name: "runs_by_model", help: "Runs by whether the model was the variant's own" }
        .write(models)?;
    let agreements = runs.iter().flat_map(|runs| {
        Reference::NAMES.iter().zip(&runs.agreements).flat_map(|(reference, counts)| {
            Agreement::NAMES.iter().zip(counts).map(|(agreement, count)| {
                let labels = [
                    ("variant", runs.variant.clone()),
                    ("reference", String::from(*reference)),
                    ("agreement", String::from(*agreement)),
                ];
                (labels, *count as f64 / 100.0)
            })
        })
    });
    Rows {
        encoder,
        name: "agreements",
        help: "Runs that were done twice, by the mattes' intersection over union",
    }
    .write(agreements)?;
    let help =
        "Time of runs, estimated from what pages sampled; the sum counts each at its bucket's upper edge";
    let mut metric = encoder.encode_descriptor("latency_seconds", help, None, MetricType::Histogram)?;
    for runs in runs {
        let edges = Latency::EDGES.into_iter().chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = edges.zip(runs.latencies.map(|count| (count + 50) / 100)).collect();
        let last = Latency::EDGES[Latency::EDGES.len() - 1];
        let sum = buckets.iter().map(|(edge, count)| edge.min(last) * *count as f64).sum();
        let count = buckets.iter().map(|(_, count)| count).sum();
        let labels = [("variant", runs.variant.clone())];
        metric.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
    }
    Ok(())
}
