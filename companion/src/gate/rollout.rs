//! What a configuration says; `read` fills it in.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Share, Version};

/// A configuration that has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// Name of what is rolled out: 1 to 32 of `a-z`, `0-9` and `-`.
    pub flag: String,
    /// Changes who is drawn; 1 to 64 bytes, none of them a control character.
    pub salt: String,
    /// How much of the public is in.
    pub share: Share,
    /// What those who are in get, 1 to 16, one of them by their weights.
    pub variants: Vec<Variant>,
    /// How the share is meant to rise. Nothing raises it by itself.
    pub schedule: Vec<Step>,
    /// When to roll back.
    pub thresholds: Thresholds,
    /// Who has an older version of the library is out.
    pub minimum_version: Option<Version>,
    /// The first 16 bytes of the hashes of ids that are in whatever the share, unless it is 0.
    pub allow: Vec<[u8; 16]>,
    /// The same of ids that are out whatever else is said.
    pub deny: Vec<[u8; 16]>,
}

/// One thing that those who are in may get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// 1 to 32 of `a-z`, `0-9` and `-`; no two have the same.
    pub name: String,
    /// Its part of the sum of all weights, from 0 to 10,000.
    pub weight: u16,
    /// Id of the model it runs: 1 to 32 of `a-z`, `0-9` and `-`.
    pub model: String,
    /// Whether it is what the others are compared with; at most one is.
    pub control: bool,
}

/// A step of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// How much of the public it reaches; more than the step before it.
    pub share: Share,
    /// How long it is meant to last, from 1 to 365.
    pub days: u16,
}

/// When to roll back; what is absent is the decision's to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thresholds {
    /// The share of runs that may fail.
    pub error_rate: Option<Share>,
    /// The 95th percentile of latency, in milliseconds, from 1 to 600,000.
    pub p95_ms: Option<u32>,
    /// So many runs must be known before anything is decided; from 1 to 1,000,000.
    pub minimum_samples: Option<u32>,
    /// So many windows in a row must be bad; from 1 to 100.
    pub consecutive_windows: Option<u32>,
}
