//! Sums over any stretch of windows, each in constant time.

use super::policy::Policy;
use super::window::Window;
use super::{Arm, wilson};

/// What one group saw in a stretch of windows, as far as decisions need it. Sums as in [`Arm`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) samples: u64,
    pub(super) weight: u64,
    pub(super) weight_squares: u64,
    pub(super) errors: u64,
    pub(super) slow: u64,
}

impl Tally {
    fn of(arm: &Arm, first_slow_bucket: usize) -> Self {
        let slow = arm.latency[first_slow_bucket..].iter().sum();
        let Arm { samples, weight, weight_squares, errors, .. } = *arm;
        Self { samples, weight, weight_squares, errors, slow }
    }

    fn zip(self, other: Self, op: fn(u64, u64) -> u64) -> Self {
        Self {
            samples: op(self.samples, other.samples),
            weight: op(self.weight, other.weight),
            weight_squares: op(self.weight_squares, other.weight_squares),
            errors: op(self.errors, other.errors),
            slow: op(self.slow, other.slow),
        }
    }

    /// The number of equal weights that would say as much (Kish): at most `samples`.
    pub(super) fn effective(&self) -> f64 {
        if self.weight_squares == 0 {
            return 0.0;
        }
        let weight = self.weight as f64;
        weight * weight / self.weight_squares as f64
    }

    /// The share that `part` is of all, 0..=1.
    pub(super) fn share(&self, part: u64) -> f64 {
        if self.weight == 0 { 0.0 } else { part as f64 / self.weight as f64 }
    }

    /// Wilson's bound of the share that `part` is of all; below for a negative `z`.
    pub(super) fn bound(&self, part: u64, z: f64) -> f64 {
        wilson::bound(self.share(part), self.effective(), z)
    }
}

/// Both groups' sums from the first window to the beginning of one.
#[derive(Clone, Copy, Default)]
struct Mark {
    treatment: Tally,
    control: Tally,
    /// Windows up to here that were left out.
    skipped: u64,
    start_s: u64,
    end_s: u64,
}

/// Windows in the order of time. Stretches of them are named by index, `first..end`.
pub(super) struct History {
    first_slow_bucket: usize,
    /// One more than windows; the last one's `start_s` means nothing.
    marks: Vec<Mark>,
}

impl History {
    pub(super) fn new(policy: &Policy) -> Self {
        Self { first_slow_bucket: policy.first_slow_bucket(), marks: vec![Mark::default()] }
    }

    pub(super) fn len(&self) -> usize {
        self.marks.len() - 1
    }

    pub(super) fn clear(&mut self) {
        self.marks.truncate(1);
    }

    /// Appends a window. One that cannot have been measured, or that began before the last one ended, is
    /// counted as skipped and otherwise left out.
    pub(super) fn push(&mut self, window: &Window) {
        let count = self.len();
        let last = self.marks[count];
        let sound = window.is_possible() && (count == 0 || window.start_s >= last.end_s);
        let next = if sound {
            self.marks[count].start_s = window.start_s;
            Mark {
                treatment: last
                    .treatment
                    .zip(Tally::of(&window.treatment, self.first_slow_bucket), u64::saturating_add),
                control: last
                    .control
                    .zip(Tally::of(&window.control, self.first_slow_bucket), u64::saturating_add),
                end_s: window.end_s(),
                ..last
            }
        } else {
            self.marks[count].start_s = last.end_s;
            Mark { skipped: last.skipped + 1, ..last }
        };
        self.marks.push(next);
    }

    pub(super) fn treatment(&self, first: usize, end: usize) -> Tally {
        self.marks[end].treatment.zip(self.marks[first].treatment, u64::wrapping_sub)
    }

    pub(super) fn control(&self, first: usize, end: usize) -> Tally {
        self.marks[end].control.zip(self.marks[first].control, u64::wrapping_sub)
    }

    pub(super) fn skipped(&self, first: usize, end: usize) -> u64 {
        self.marks[end].skipped - self.marks[first].skipped
    }

    /// When window `first` began, in seconds since 1970.
    pub(super) fn start_s(&self, first: usize) -> u64 {
        self.marks[first].start_s
    }

    /// When the window before `end` ended, in seconds since 1970.
    pub(super) fn end_s(&self, end: usize) -> u64 {
        self.marks[end].end_s
    }

    /// The first window that begins at most `seconds` before window `end - 1` ends.
    pub(super) fn since(&self, end: usize, seconds: u64) -> usize {
        let from_s = self.end_s(end).saturating_sub(seconds);
        self.marks[..end].partition_point(|mark| mark.start_s < from_s)
    }

    /// The first window of the shortest block before `end` with `samples` of the treatment, not before `oldest`.
    pub(super) fn block(&self, oldest: usize, end: usize, samples: u64) -> Option<usize> {
        let before = self.marks[end].treatment.samples.checked_sub(samples)?;
        let later = self.marks[oldest..end].partition_point(|mark| mark.treatment.samples <= before);
        (oldest + later).checked_sub(1).filter(|first| *first >= oldest)
    }

    /// Drops the windows before `first`, now and then, so that memory and time do not grow.
    pub(super) fn forget(&mut self, first: usize) {
        if first > 1000 {
            self.marks.drain(..first);
        }
    }
}
