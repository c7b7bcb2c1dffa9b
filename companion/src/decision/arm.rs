//! What one group of people saw in one window, as sums that can be added up in any order.

use serde::{Deserialize, Serialize};

/// Upper edges of the latency buckets in milliseconds; the eighth bucket has none.
pub const LATENCY_EDGES_MS: [u32; 7] = [50, 100, 250, 500, 1000, 2500, 5000];

/// The weight of a run where nothing was sampled away: weights are in 1/1000 of a run.
pub const WHOLE_RUN: u64 = 1000;

/// The runs of one group in one window.
///
/// A record that its page drew with probability q weighs `WHOLE_RUN / q`. Weighted sums say what share of the
/// runs failed; `samples` and `weight_squares` say how much is known about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// Records, whatever they weigh; what the minimum of samples is about.
    pub samples: u64,
    /// Sum of weights, in 1/1000 of a run.
    pub weight: u64,
    /// Sum of squared weights, in 1/1,000,000 of a run squared.
    pub weight_squares: u64,
    /// Sum of the weights of failed runs, in 1/1000 of a run.
    pub errors: u64,
    /// Sums of weights by total time, in 1/1000 of a run; bucket i ends at [`LATENCY_EDGES_MS`]`[i]`.
    pub latency: [u64; 8],
}

impl Arm {
    /// Counts one record.
    ///
    /// `weight` is in 1/1000 of a run, `bucket` is 0..=7 and panics above.
    /// Runs that people broke off are not for here: nobody knows how they would have ended.
    pub fn add(&mut self, weight: u64, failed: bool, bucket: usize) {
        self.samples = self.samples.saturating_add(1);
        self.weight = self.weight.saturating_add(weight);
        self.weight_squares = self.weight_squares.saturating_add(weight.saturating_mul(weight));
        if failed {
            self.errors = self.errors.saturating_add(weight);
        }
        self.latency[bucket] = self.latency[bucket].saturating_add(weight);
    }

    /// Adds another's sums, such as another replica's.
    pub fn merge(&mut self, other: &Arm) {
        self.samples = self.samples.saturating_add(other.samples);
        self.weight = self.weight.saturating_add(other.weight);
        self.weight_squares = self.weight_squares.saturating_add(other.weight_squares);
        self.errors = self.errors.saturating_add(other.errors);
        for (sum, part) in self.latency.iter_mut().zip(other.latency) {
            *sum = sum.saturating_add(part);
        }
    }

    /// Whether records could have added up to these sums.
    pub fn is_possible(&self) -> bool {
        let timed = self.latency.iter().try_fold(0_u64, |sum, part| sum.checked_add(*part));
        let [weight, samples, squares] = [self.weight, self.samples, self.weight_squares].map(u128::from);
        self.errors <= self.weight
            && timed == Some(self.weight)
            // Cauchy and Schwarz: so the effective number of samples is at most their number.
            && weight * weight <= samples * squares
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_records_are_possible_and_merge() {
        let (mut a, mut b, mut both) = (Arm::default(), Arm::default(), Arm::default());
        for i in 0..100 {
            let (weight, failed, bucket) = (WHOLE_RUN + 37 * i, i % 7 == 0, (i % 8) as usize);
            if i % 2 == 0 { &mut a } else { &mut b }.add(weight, failed, bucket);
            both.add(weight, failed, bucket);
        }
        a.merge(&b);
        assert_eq!(a, both);
        assert!(both.is_possible() && Arm::default().is_possible());
    }

    #[test]
    fn impossible_sums_are_seen() {
        let mut sound = Arm::default();
        (0..10).for_each(|_| sound.add(WHOLE_RUN, false, 2));
        let broken: [fn(&mut Arm); 5] = [
            |arm| arm.errors = arm.weight + 1,
            |arm| arm.latency[7] += 1,
            |arm| arm.latency[7] = u64::MAX,
            |arm| arm.samples = 1,
            |arm| arm.weight_squares = 1,
        ];
        for (i, spoil) in broken.into_iter().enumerate() {
            let mut arm = sound;
            spoil(&mut arm);
            assert!(!arm.is_possible(), "case {i}: {arm:?}");
        }
    }
}
