//! What would have been decided on windows that a server logged.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::policy::Policy;
use super::verdict::{Breach, Decision};
use super::watch::Watch;
use super::window::Window;

/// What a log says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replay {
    /// What happened, in the order of time.
    pub events: Vec<Event>,
    /// What is known at the end.
    pub last: Decision,
    /// Windows in the log, those after a rollback included.
    pub windows: u64,
    /// Whether the last line was left out, because it was not written to its end.
    pub torn: bool,
}

/// What changes how later windows are judged.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The policy would have rolled back.
    RollBack(Breach),
    /// The server did roll back, or a person did.
    RolledBack {
        /// In seconds since 1970.
        at_s: u64,
    },
    /// A person set the stage or cleared a rollback: what was seen before no longer counts.
    Reset {
        /// In seconds since 1970.
        at_s: u64,
    },
}

/// Why a log cannot be read.
#[derive(Debug)]
pub struct ReplayError {
    /// Counted from 1.
    line: usize,
    error: serde_json::Error,
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.error)
    }
}

impl std::error::Error for ReplayError {}

/// One line of a log; what else it may hold says nothing about decisions.
#[derive(Deserialize)]
struct Line {
    window: Option<Window>,
    change: Option<Change>,
}

#[derive(Deserialize)]
struct Change {
    action: String,
    at_s: u64,
}

/// Judges the windows of a log: JSON, one object a line, `{"window": ..}` or `{"change": ..}`; others are passed over.
///
/// # Errors
/// If a line is no such object. A last line without its end is left out: the server was killed while writing it.
pub fn replay(policy: &Policy, log: &str) -> Result<Replay, ReplayError> {
    let mut watch = Watch::new(*policy);
    let mut replay = Replay { events: Vec::new(), last: watch.decision(), windows: 0, torn: false };
    let mut rolled_back = false;
    for (i, text) in log.split_inclusive('\n').enumerate() {
        if text.trim().is_empty() {
            continue;
        }
        let line: Line = match serde_json::from_str(text) {
            Ok(line) => line,
            Err(_) if !text.ends_with('\n') => {
                replay.torn = true;
                break;
            }
            Err(error) => return Err(ReplayError { line: i + 1, error }),
        };
        if let Some(window) = line.window {
            replay.windows += 1;
            if let Some(breach) = watch.push(&window).filter(|_| !rolled_back) {
                rolled_back = true;
                replay.events.push(Event::RollBack(breach.clone()));
            }
        }
        match line.change {
            Some(Change { action, at_s }) if action == "roll-back" => {
                replay.events.push(Event::RolledBack { at_s })
            }
            Some(Change { at_s, .. }) => {
                watch.clear();
                rolled_back = false;
                replay.events.push(Event::Reset { at_s });
            }
            None => {}
        }
    }
    replay.last = watch.decision();
    Ok(replay)
}

impl fmt::Display for Replay {
    /// A line for each event and one for what is known at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for event in &self.events {
            match event {
                Event::RollBack(breach) => writeln!(f, "{} {breach}", utc(breach.at_s))?,
                Event::RolledBack { at_s } => writeln!(f, "{} it was rolled back", utc(*at_s))?,
                Event::Reset { at_s } => {
                    writeln!(f, "{} a person set the stage or cleared a rollback", utc(*at_s))?
                }
            }
        }
        writeln!(f, "after {} windows: {}", self.windows, self.last)?;
        if self.torn {
            writeln!(f, "the last line is cut short and was left out")?;
        }
        Ok(())
    }
}

/// A time in seconds since 1970 as people write it.
fn utc(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Years that begin in March end with the leap day; 400 of them are one era (719,468 days before 1970).
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) =
        (era * 400 + year + u64::from(month > 9), if month > 9 { month - 9 } else { month + 3 });
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Arm, WHOLE_RUN};

    fn window(start_s: u64, errors: u64) -> String {
        let mut treatment = Arm::default();
        (0..250).for_each(|i| treatment.add(WHOLE_RUN, i < errors, 2));
        let window = Window { start_s, seconds: 5, treatment, control: Arm::default() };
        format!("{}\n", serde_json::json!({ "window": window }))
    }

    fn change(action: &str, at_s: u64) -> String {
        format!(
            "{}\n",
            serde_json::json!({ "change": { "action": action, "at_s": at_s, "reason": "why", "revision": 4 } })
        )
    }

    #[test]
    fn says_when_and_why() {
        let log = [
            window(0, 2),
            window(5, 50),
            window(10, 50),
            change("roll-back", 15),
            "{\"started\": true}\n\n".into(),
            change("clear", 100),
            change("stage", 110),
            window(120, 2),
        ];
        let replay = replay(&Policy::default(), &log.concat()).unwrap();
        assert_eq!(
            replay.to_string(),
            "1970-01-01T00:00:10Z roll back: 20.00 % failed of 250 runs in 5 s (surely 9.09 %); at most 2.00 % is in \
             order; no control to compare with\n\
             1970-01-01T00:00:15Z it was rolled back\n\
             1970-01-01T00:01:40Z a person set the stage or cleared a rollback\n\
             1970-01-01T00:01:50Z a person set the stage or cleared a rollback\n\
             after 4 windows: hold: 0.80 % failed and 0.00 % too slow of 250 runs in 5 s\n"
        );
    }

    #[test]
    fn only_the_last_line_may_be_torn() {
        let (whole, half) = (window(0, 2), &window(5, 50)[..30]);
        let torn = replay(&Policy::default(), &format!("{whole}{half}")).unwrap();
        assert_eq!((torn.windows, torn.torn), (1, true));
        for broken in [format!("{half}\n{whole}"), format!("{half}\n")] {
            let error = replay(&Policy::default(), &broken).unwrap_err().to_string();
            assert!(error.starts_with("line 1: EOF"), "{error}");
        }
        let unknown = window(0, 2).replace("\"seconds\"", "\"minutes\"");
        let error = replay(&Policy::default(), &unknown).unwrap_err().to_string();
        assert!(error.starts_with("line 1: unknown field `minutes`"), "{error}");
    }

    #[test]
    fn times_are_utc() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (1_795_824_000, "2026-11-28T00:00:00Z"),
        ] {
            assert_eq!(utc(seconds), text);
        }
    }
}
