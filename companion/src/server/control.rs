//! What people and the decision have set: a stage, and a latch that only a person clears.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::windows::{is_ahead, window_start};
use crate::decision::WINDOW_SECONDS;
use crate::gate::{Override, Share, Stage};

/// Why a rollback was made; each is a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Cause {
    ErrorRate,
    Latency,
    Person,
}

impl Cause {
    pub(super) const NAMES: [&'static str; 3] = ["error-rate", "latency", "person"];
}

/// A rollback that holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Latch {
    pub(super) cause: Cause,
    pub(super) reason: String,
    /// What the decision was made by; null where a person made it.
    pub(super) numbers: Value,
    /// In seconds since 1970.
    pub(super) at_s: u64,
}

/// All that must never be lost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Control {
    /// Rises with each change; of two states the one with the higher revision holds.
    pub(super) revision: u64,
    /// The share that a person set, in 1/10,000; without one the configuration's holds.
    pub(super) share: Option<u16>,
    pub(super) latch: Option<Latch>,
    /// Windows that began before are no evidence; in seconds since 1970.
    pub(super) since_s: u64,
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    Stage(Share),
    RollBack { cause: Cause, reason: String, numbers: Value },
    Clear { reason: String },
}

/// A line of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Entry {
    pub(super) at_s: u64,
    pub(super) revision: u64,
    pub(super) change: &'static str,
    pub(super) by: &'static str,
    /// Shares in percent, before and after.
    pub(super) from: String,
    pub(super) to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(super) numbers: Value,
}

impl Control {
    /// Without a time that a clock which ran ahead has left: nothing would be evidence until then.
    pub(super) fn clamped(self, now_s: u64) -> Self {
        let since_s = if is_ahead(self.since_s, now_s) { now_s } else { self.since_s };
        Self { since_s, ..self }
    }

    /// The share that holds: nobody's while a rollback is latched, whatever else is said.
    pub(super) fn effective(&self, configured: Share, override_: Override) -> Share {
        if self.latch.is_some() {
            return Share::NONE;
        }
        override_.apply(self.share.and_then(Share::new).unwrap_or(configured))
    }

    /// The state after a change.
    ///
    /// # Errors
    /// What is in the way.
    pub(super) fn apply(&self, change: &Change, now_s: u64) -> Result<Self, &'static str> {
        let revision = self.revision + 1;
        // What was seen before a person acted says nothing of what comes after it.
        let since_s = window_start(now_s) + u64::from(WINDOW_SECONDS);
        match (change, &self.latch) {
            (Change::Stage(_), Some(_)) => Err("a rollback is latched: clear it first"),
            (Change::RollBack { .. }, Some(_)) => Err("a rollback is latched already"),
            (Change::Clear { .. }, None) => Err("no rollback is latched"),
            (Change::Stage(share), None) => {
                Ok(Self { revision, share: Some(share.hundredths()), since_s, latch: None })
            }
            (Change::RollBack { cause, reason, numbers }, None) => {
                let latch =
                    Latch { cause: *cause, reason: reason.clone(), numbers: numbers.clone(), at_s: now_s };
                Ok(Self { revision, latch: Some(latch), ..*self })
            }
            (Change::Clear { .. }, Some(_)) => Ok(Self { revision, share: Some(0), since_s, latch: None }),
        }
    }
}

impl Entry {
    /// Whether it is the same change, perhaps tried at another time.
    pub(super) fn tells_the_same(&self, other: &Self) -> bool {
        Self { at_s: other.at_s, ..self.clone() } == *other
    }
}

impl Change {
    /// The line that tells of it.
    pub(super) fn entry(&self, at_s: u64, revision: u64, from: Share, to: Share) -> Entry {
        let (change, by, reason, numbers) = match self {
            Self::Stage(_) => ("stage", "person", None, Value::Null),
            Self::RollBack { cause: Cause::Person, reason, .. } => {
                ("rollback", "person", Some(reason.clone()), Value::Null)
            }
            Self::RollBack { reason, numbers, .. } => {
                ("rollback", "decision", Some(reason.clone()), numbers.clone())
            }
            Self::Clear { reason } => ("clear", "person", Some(reason.clone()), Value::Null),
        };
        Entry { at_s, revision, change, by, from: percent(from), to: percent(to), reason, numbers }
    }
}

/// A share as configurations write percentages.
pub(super) fn percent(share: Share) -> String {
    format!("{}.{:02}%", share.hundredths() / 100, share.hundredths() % 100)
}

/// The name of a share that is a stage's.
pub(super) fn stage_name(share: Share) -> Option<&'static str> {
    Stage::ALL.into_iter().find(|stage| stage.share() == share).map(Stage::name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latch_holds_until_a_person_clears_it() {
        let ten = Stage::TenPercent.share();
        let start = Control::default();
        assert_eq!(start.effective(ten, Override::Absent), ten);
        let set = start.apply(&Change::Stage(Share::ALL), 100).unwrap();
        assert_eq!(set.effective(ten, Override::Absent), Share::ALL);
        let rollback =
            Change::RollBack { cause: Cause::ErrorRate, reason: "bad".into(), numbers: Value::Null };
        let latched = set.apply(&rollback, 101).unwrap();
        let full = Override::Stage(Stage::Full);
        assert_eq!(latched.effective(Share::ALL, full), Share::NONE, "no override opens it");
        assert!(latched.apply(&Change::Stage(ten), 102).is_err());
        assert!(latched.apply(&rollback, 102).is_err());
        let cleared = latched.apply(&Change::Clear { reason: "mended".into() }, 103).unwrap();
        assert_eq!(cleared.effective(Share::ALL, Override::Absent), Share::NONE, "clearing opens nothing");
        assert_eq!((cleared.revision, cleared.since_s), (3, 105));
        assert!(cleared.apply(&Change::Clear { reason: String::new() }, 104).is_err());
        assert_eq!(set.effective(ten, Override::Invalid), Share::NONE);
    }

    #[test]
    fn a_beginning_that_lies_ahead_is_now() {
        let state = |since_s| Control { since_s, ..Control::default() };
        assert_eq!(state(1005).clamped(1000), state(1005), "the next window");
        assert_eq!(state(1010).clamped(1000), state(1010));
        assert_eq!(state(1011).clamped(1000), state(1000));
        assert_eq!(state(u64::MAX).clamped(1000), state(1000));
    }
}
