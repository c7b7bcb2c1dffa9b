//! Who is in a rollout: a pure function of a configuration and an id.
//!
//! Whole numbers throughout, no clock, no input or output; it uses nothing but `sha2`.

mod rollout;
mod share;
mod version;

pub use rollout::{Assignment, Reason, Rollout, Step, Thresholds, Variant};
pub use share::{Share, Stage};
pub use version::Version;
