//! From windows to a decision.
//!
//! A *block* is the shortest run of neighbouring windows that has enough samples together; at 50 runs a second
//! that is one window. Blocks are formed backwards from the newest window, with `minimum_samples` samples and with
//! twice, four times ... as many: small ones find large breaks soon, large ones find small breaks at all.

use super::history::{History, Tally};
use super::policy::{Policy, SLOW_LIMIT};
use super::verdict::{Block, Breach, Cause, Comparison, Decision, Measure, Rule, Share};
use super::watch::Watch;
use super::window::Window;

/// What `windows` say: all since a person last set the stage, oldest first.
///
/// The first breach counts, whatever came after it, so that one that nobody looked at in time still acts.
/// Windows without runs may be left out. [`Watch`] says the same, one window at a time.
pub fn decide(policy: &Policy, windows: &[Window]) -> Decision {
    let mut watch = Watch::new(*policy);
    for window in windows {
        watch.push(window);
    }
    watch.decision()
}

/// The breach that the newest window proves, if it does.
pub(super) fn judge_newest(policy: &Policy, history: &History) -> Option<Breach> {
    let end = history.len();
    let oldest = history.since(end, policy.horizon_s);
    let minimum = u64::from(policy.minimum_samples);
    let mut samples = minimum / 2;
    while let Some(first) = history.block(oldest, end, samples) {
        let newest = Stretch { first, end };
        for measure in Measure::ALL {
            let judge = Judge { policy, history, measure };
            if judge.is_above_limit(newest, policy.fast_z) {
                return Some(judge.breach(Rule::Fast, &[newest]));
            }
            if samples < minimum {
                continue;
            }
            for rule in [Rule::Sustained, Rule::Control] {
                if let Some(row) = judge.row(rule, newest, samples, oldest) {
                    return Some(judge.breach(rule, &row));
                }
            }
        }
        samples *= 2;
    }
    None
}

/// What is known where nothing is a breach.
pub(super) fn without_breach(policy: &Policy, history: &History) -> Decision {
    let end = history.len();
    let horizon = Stretch { first: history.since(end, policy.horizon_s), end };
    let [errors, slow] = Measure::ALL.map(|measure| Judge { policy, history, measure });
    let [error_rate, latency] = [&errors, &slow].map(|judge| judge.block(horizon, policy.sustained_z));
    let skipped = history.skipped(horizon.first, end);
    let [treatment, control] = [error_rate.treatment.samples, error_rate.control.samples];
    let cause = if skipped > 0 {
        Cause::Contradictory
    } else if treatment == 0 && control > 0 {
        Cause::OnlyControl
    } else if treatment < u64::from(policy.minimum_samples) {
        Cause::FewSamples
    } else if error_rate.treatment.share > errors.limit() {
        Cause::UnprovenErrorRate
    } else if latency.treatment.share > slow.limit() {
        Cause::UnprovenLatency
    } else {
        return Decision::Hold { error_rate, latency };
    };
    Decision::Inconclusive { cause, error_rate, latency, skipped }
}

/// Neighbouring windows, by index.
#[derive(Clone, Copy)]
struct Stretch {
    first: usize,
    end: usize,
}

/// One measure, judged by a policy.
struct Judge<'a> {
    policy: &'a Policy,
    history: &'a History,
    measure: Measure,
}

impl Judge<'_> {
    /// Largest share that is in order, 0..=1.
    fn limit(&self) -> f64 {
        let limit = match self.measure {
            Measure::ErrorRate => self.policy.error_limit,
            Measure::Latency => SLOW_LIMIT,
        };
        f64::from(limit) / 10_000.0
    }

    fn part(&self, tally: &Tally) -> u64 {
        match self.measure {
            Measure::ErrorRate => tally.errors,
            Measure::Latency => tally.slow,
        }
    }

    fn is_above_limit(&self, stretch: Stretch, z: f64) -> bool {
        let tally = self.history.treatment(stretch.first, stretch.end);
        let part = self.part(&tally);
        // The bound is below the share: most windows end here.
        tally.share(part) > self.limit() && tally.bound(part, -z) > self.limit()
    }

    /// Whether the control is surely better by more than `margin` (Newcombe's interval of a difference).
    fn is_worse_than_control(&self, stretch: Stretch, margin: f64) -> bool {
        let treatment = self.history.treatment(stretch.first, stretch.end);
        let control = self.history.control(stretch.first, stretch.end);
        let [part, control_part] = [self.part(&treatment), self.part(&control)];
        let [share, control_share] = [treatment.share(part), control.share(control_part)];
        if !self.has_control(stretch) || share - control_share <= margin {
            return false;
        }
        let z = self.policy.sustained_z;
        let below = share - treatment.bound(part, -z);
        let above = control.bound(control_part, z) - control_share;
        share - control_share - (below * below + above * above).sqrt() > margin
    }

    fn has_control(&self, stretch: Stretch) -> bool {
        let control = self.history.control(stretch.first, stretch.end);
        control.samples >= u64::from(self.policy.minimum_samples)
    }

    /// As many blocks of `samples` samples as the policy asks for, oldest first, the last of them `newest`, if there
    /// are so many and each breaks the rule.
    fn row(&self, rule: Rule, newest: Stretch, samples: u64, oldest: usize) -> Option<Vec<Stretch>> {
        let mut row = Vec::new();
        let mut stretch = newest;
        loop {
            let breaks = match rule {
                Rule::Control => self.is_worse_than_control(stretch, self.limit() / 2.0),
                Rule::Fast | Rule::Sustained => self.is_above_limit(stretch, self.policy.sustained_z),
            };
            if !breaks {
                return None;
            }
            row.push(stretch);
            if row.len() >= self.policy.consecutive as usize {
                break;
            }
            let first = self.history.block(oldest, stretch.first, samples)?;
            stretch = Stretch { first, end: stretch.first };
        }
        row.reverse();
        Some(row)
    }

    fn breach(&self, rule: Rule, row: &[Stretch]) -> Breach {
        let (limit, z) = match rule {
            Rule::Fast => (self.limit(), self.policy.fast_z),
            Rule::Sustained => (self.limit(), self.policy.sustained_z),
            Rule::Control => (self.limit() / 2.0, self.policy.sustained_z),
        };
        let control = if !row.iter().all(|stretch| self.has_control(*stretch)) {
            Comparison::None
        } else if row.iter().all(|stretch| self.is_worse_than_control(*stretch, 0.0)) {
            Comparison::Better
        } else {
            Comparison::Alike
        };
        Breach {
            reason: self.measure,
            rule,
            at_s: self.history.end_s(self.history.len()),
            limit,
            z,
            control,
            blocks: row.iter().map(|stretch| self.block(*stretch, z)).collect(),
        }
    }

    fn block(&self, Stretch { first, end }: Stretch, z: f64) -> Block {
        let share = |tally: Tally| {
            let part = self.part(&tally);
            Share {
                samples: tally.samples,
                share: tally.share(part),
                lower: tally.bound(part, -z),
                upper: tally.bound(part, z),
            }
        };
        Block {
            start_s: self.history.start_s(first),
            end_s: self.history.end_s(end),
            treatment: share(self.history.treatment(first, end)),
            control: share(self.history.control(first, end)),
        }
    }
}
