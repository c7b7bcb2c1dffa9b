//! What can be decided, with the numbers that it was decided by.

use serde::Serialize;

/// What the windows say. It serialises to one object, with its kind in `outcome`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Decision {
    /// Enough is known, and nothing is above its limit.
    Hold {
        /// Failed runs within the horizon.
        error_rate: Block,
        /// Runs slower than the limit of p95 within the horizon.
        latency: Block,
    },
    /// Too little is known to say that all is well; no reason to roll back either.
    Inconclusive {
        /// Why.
        cause: Cause,
        /// Failed runs within the horizon.
        error_rate: Block,
        /// Runs slower than the limit of p95 within the horizon.
        latency: Block,
        /// Windows within the horizon that were left out, because they cannot have been measured.
        skipped: u64,
    },
    /// Too bad. No window that comes later changes this; only a person does.
    RollBack(Breach),
}

/// What is too bad, since when, and by what numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Breach {
    /// What is above its limit.
    pub reason: Measure,
    /// How it was proved.
    pub rule: Rule,
    /// The end of the window that proved it, in seconds since 1970.
    pub at_s: u64,
    /// Largest share that is in order; by [`Rule::Control`] the largest difference from the control's share.
    pub limit: f64,
    /// Standard errors that the bounds in `blocks` are away from their shares.
    pub z: f64,
    /// What the control had to say.
    pub control: Comparison,
    /// The blocks that proved it, oldest first.
    pub blocks: Vec<Block>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// The share of failed runs.
    ErrorRate,
    /// The share of runs slower than the limit of p95; p95 is above the limit where this is above 5 %.
    Latency,
}

impl Measure {
    /// Both.
    pub const ALL: [Self; 2] = [Self::ErrorRate, Self::Latency];

    /// Its name in metrics, logs and audits.
    pub fn label(self) -> &'static str {
        match self {
            Self::ErrorRate => "error-rate",
            Self::Latency => "latency",
        }
    }
}

/// How a breach is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// One block is very surely above the limit.
    Fast,
    /// Several blocks in a row are each surely above the limit.
    Sustained,
    /// Several blocks in a row are each surely worse than the control by more than half the limit.
    Control,
}

/// What the control had to say about a breach, in the same blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// There is none, or it had too few samples.
    None,
    /// It is not surely better, so the change may not be the cause.
    Alike,
    /// It is surely better, so the change is the cause.
    Better,
}

/// Why nothing can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The treatment has too few samples within the horizon.
    FewSamples,
    /// The control has samples and the treatment none: it is not being served, or not heard of.
    OnlyControl,
    /// A window cannot have been measured: the measurement failed, not the variant.
    Contradictory,
    /// Within the horizon the error rate is above its limit, but not surely.
    UnprovenErrorRate,
    /// Within the horizon p95 is above its limit, but not surely.
    UnprovenLatency,
}

/// One stretch of time and the shares in it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Block {
    /// When it began, in seconds since 1970.
    pub start_s: u64,
    /// When it ended, in seconds since 1970.
    pub end_s: u64,
    /// The judged variant's.
    pub treatment: Share,
    /// The control's.
    pub control: Share,
}

/// A share of runs, and what is known of the true one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    /// Records that it was found from.
    pub samples: u64,
    /// The share that was seen, 0..=1; 0 without samples.
    pub share: f64,
    /// The true share's lower bound, 0..=1.
    pub lower: f64,
    /// The true share's upper bound, 0..=1.
    pub upper: f64,
}
