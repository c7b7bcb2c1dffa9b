//! What is held to be too bad, and how sure one must be of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::arm::LATENCY_EDGES_MS;
use crate::gate::{Share, Thresholds};

/// What is held to be too bad, and how sure one must be of it before a rollback.
///
/// `docs/DECISION.md` has the rates of false and missed rollbacks that the defaults give.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Largest share of failed runs that is in order, in 1/10,000; 1..=9999.
    pub error_limit: u32,
    /// Largest p95 that is in order, in milliseconds; one of [`LATENCY_EDGES_MS`].
    pub p95_limit_ms: u32,
    /// Samples that one block needs; 2..=1,000,000. Half as many are enough for a large break.
    pub minimum_samples: u32,
    /// Blocks in a row that must be too bad; 1..=100.
    pub consecutive: u32,
    /// Standard errors above the limit in each of these blocks.
    pub sustained_z: f64,
    /// Standard errors above the limit where one block decides.
    pub fast_z: f64,
    /// How far back a block may begin, in seconds before the end of the newest window.
    pub horizon_s: u64,
}

/// The share of runs above the limit of p95, in 1/10,000, at which p95 is above it.
pub const SLOW_LIMIT: u32 = 500;

impl Default for Policy {
    fn default() -> Self {
        Self {
            error_limit: 200,
            p95_limit_ms: 1000,
            minimum_samples: 200,
            consecutive: 2,
            sustained_z: 3.0,
            fast_z: 6.0,
            horizon_s: 3600,
        }
    }
}

/// A threshold that nothing can be decided with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError(String);

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PolicyError {}

impl Policy {
    /// The defaults with a rollout's own thresholds: share of failed runs in 1/10,000, p95 in milliseconds,
    /// samples of a block and blocks in a row.
    ///
    /// # Errors
    /// If one is out of its range, or p95 is no edge of a bucket, so that it could not be decided.
    pub fn new(
        error_limit: u32,
        p95_limit_ms: u32,
        minimum_samples: u32,
        consecutive: u32,
    ) -> Result<Self, PolicyError> {
        let wrong =
            |what: &str, value: u32, want: &str| Err(PolicyError(format!("{what} is {value}, want {want}")));
        if !(1..=9999).contains(&error_limit) {
            return wrong("error rate in 1/10,000", error_limit, "1 to 9999");
        }
        if !LATENCY_EDGES_MS.contains(&p95_limit_ms) {
            return wrong("p95 in ms", p95_limit_ms, "50, 100, 250, 500, 1000, 2500 or 5000");
        }
        if !(2..=1_000_000).contains(&minimum_samples) {
            return wrong("minimum of samples", minimum_samples, "2 to 1,000,000");
        }
        if !(1..=100).contains(&consecutive) {
            return wrong("number of consecutive windows", consecutive, "1 to 100");
        }
        Ok(Self { error_limit, p95_limit_ms, minimum_samples, consecutive, ..Self::default() })
    }

    /// The thresholds of a configuration, with the defaults where it has none.
    ///
    /// # Errors
    /// As [`Policy::new`].
    pub fn of(thresholds: &Thresholds) -> Result<Self, PolicyError> {
        let own = Self::default();
        Self::new(
            thresholds.error_rate.map_or(own.error_limit, |share: Share| u32::from(share.hundredths())),
            thresholds.p95_ms.unwrap_or(own.p95_limit_ms),
            thresholds.minimum_samples.unwrap_or(own.minimum_samples),
            thresholds.consecutive_windows.unwrap_or(own.consecutive),
        )
    }

    /// Index of the first latency bucket that is too slow.
    pub(super) fn first_slow_bucket(&self) -> usize {
        LATENCY_EDGES_MS.iter().take_while(|edge| **edge <= self.p95_limit_ms).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_checked() {
        assert_eq!(Policy::new(200, 1000, 200, 2), Ok(Policy::default()));
        for (bad, want) in [
            (Policy::new(0, 1000, 200, 2), "error rate in 1/10,000 is 0, want 1 to 9999"),
            (Policy::new(200, 999, 200, 2), "p95 in ms is 999, want 50, 100, 250, 500, 1000, 2500 or 5000"),
            (Policy::new(200, 1000, 1, 2), "minimum of samples is 1, want 2 to 1,000,000"),
            (Policy::new(200, 1000, 200, 0), "number of consecutive windows is 0, want 1 to 100"),
        ] {
            assert_eq!(bad.unwrap_err().to_string(), want);
        }
    }

    #[test]
    fn a_configuration_overrides_what_it_names() {
        let mut thresholds = Thresholds::default();
        assert_eq!(Policy::of(&thresholds), Ok(Policy::default()));
        (thresholds.p95_ms, thresholds.consecutive_windows) = (Some(500), Some(3));
        assert_eq!(Policy::of(&thresholds), Policy::new(200, 500, 200, 3));
        thresholds.p95_ms = Some(501);
        assert!(Policy::of(&thresholds).is_err());
    }

    #[test]
    fn slow_is_above_the_edge() {
        assert_eq!(Policy::default().first_slow_bucket(), 5);
        assert_eq!(Policy::new(200, 50, 200, 2).unwrap().first_slow_bucket(), 1);
        assert_eq!(Policy::new(200, 5000, 200, 2).unwrap().first_slow_bucket(), 7);
    }
}
