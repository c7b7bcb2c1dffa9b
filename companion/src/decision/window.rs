//! A stretch of time and what both groups saw in it.

use serde::{Deserialize, Serialize};

use super::arm::Arm;

/// Seconds that a window lasts: short, so that a large break is decided within 15 s of its beginning.
pub const WINDOW_SECONDS: u32 = 5;

/// A stretch of time, and what a variant under trial and the control saw in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// When it began, in seconds since 1970.
    pub start_s: u64,
    /// How long it lasted, in seconds; above 0.
    pub seconds: u32,
    /// Runs of the variant that is judged.
    pub treatment: Arm,
    /// Runs of the control at the same time; all 0 where there is none.
    pub control: Arm,
}

impl Window {
    /// When it ended, in seconds since 1970.
    pub fn end_s(&self) -> u64 {
        self.start_s.saturating_add(u64::from(self.seconds))
    }

    /// Whether it can have been measured.
    pub fn is_possible(&self) -> bool {
        self.seconds > 0 && self.treatment.is_possible() && self.control.is_possible()
    }
}
