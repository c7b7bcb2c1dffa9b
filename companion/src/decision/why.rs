//! A decision as one line for people.

use std::fmt;

use super::verdict::{Block, Breach, Cause, Comparison, Decision, Measure, Rule, Share};

impl Decision {
    /// Its kind in metrics, logs and audits.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Hold { .. } => "hold",
            Self::Inconclusive { .. } => "inconclusive",
            Self::RollBack(_) => "roll-back",
        }
    }
}

impl fmt::Display for Decision {
    /// One line: what, why, and by which numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hold { error_rate, latency } => {
                write!(f, "hold: {}", Both { error_rate, latency })
            }
            Self::Inconclusive { cause, error_rate, latency, skipped } => {
                f.write_str("inconclusive: ")?;
                match cause {
                    Cause::FewSamples => f.write_str("too few runs to judge")?,
                    Cause::OnlyControl => {
                        write!(f, "{} runs of the control, none of the variant", error_rate.control.samples)?;
                    }
                    Cause::Contradictory => write!(f, "{skipped} windows cannot have been measured")?,
                    Cause::UnprovenErrorRate => f.write_str("error rate above its limit, but not surely")?,
                    Cause::UnprovenLatency => f.write_str("p95 above its limit, but not surely")?,
                }
                write!(f, "; {}", Both { error_rate, latency })
            }
            Self::RollBack(breach) => breach.fmt(f),
        }
    }
}

struct Both<'a> {
    error_rate: &'a Block,
    latency: &'a Block,
}

impl fmt::Display for Both<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (errors, slow) = (self.error_rate.treatment, self.latency.treatment);
        let seconds = self.error_rate.end_s.saturating_sub(self.error_rate.start_s);
        write!(
            f,
            "{} failed and {} too slow of {} runs in {seconds} s",
            percent(errors.share),
            percent(slow.share),
            errors.samples
        )
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.reason {
            Measure::ErrorRate => "failed",
            Measure::Latency => "too slow",
        };
        let limit = percent(self.limit);
        write!(f, "roll back: ")?;
        for (i, block) in self.blocks.iter().enumerate() {
            let Share { samples, share, lower, .. } = block.treatment;
            let seconds = block.end_s.saturating_sub(block.start_s);
            let then = if i == 0 { "" } else { ", then " };
            write!(
                f,
                "{then}{} {what} of {samples} runs in {seconds} s (surely {})",
                percent(share),
                percent(lower)
            )?;
        }
        match self.rule {
            Rule::Fast | Rule::Sustained => write!(f, "; at most {limit} is in order")?,
            Rule::Control => write!(f, "; at most {limit} more than the control is in order")?,
        }
        let Some(last) = self.blocks.last() else { return Ok(()) };
        let control = percent(last.control.share);
        match self.control {
            Comparison::None => f.write_str("; no control to compare with"),
            Comparison::Alike => {
                write!(f, "; the control is not surely better ({control}), the change may not be the cause")
            }
            Comparison::Better => write!(f, "; the control is better ({control}), the change is the cause"),
        }
    }
}

/// A share as people write it, to 1/100 of a percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}
