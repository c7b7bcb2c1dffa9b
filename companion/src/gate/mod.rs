//! Who is in a rollout: a pure function of a configuration and an id.
//!
//! A configuration is read by [`Rollout::parse`], which refuses what it does not know;
//! [`Rollout::assign`] answers for one id. An id is hashed three times, for three purposes that
//! know nothing of each other: whether it is in, which variant it gets, and how lists name it.
//!
//! Ids are bytes of UTF-8, taken as they are: two spellings of one character (composed and
//! combining) are two ids. Whole numbers throughout, no clock, no input or output.
//! It uses nothing but `sha2`, and no formatting of the standard library, which is larger than the gate.

mod assign;
mod error;
mod hash;
mod json;
mod read;
mod rollout;
mod share;
mod version;

pub use assign::{Assignment, Reason};
pub use error::{Error, ErrorCode};
pub use rollout::{Rollout, Step, Thresholds, Variant};
pub use share::{Override, Share, Stage};
pub use version::Version;
