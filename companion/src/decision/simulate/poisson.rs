//! Numbers of events in a window, drawn from a table.

use super::super::random::Random;

/// Poisson's distribution of one mean.
///
/// The table is made by multiplication and division alone, so the same seed draws the same numbers everywhere.
pub(super) struct Poisson {
    /// The number that `cumulative[0]` is about.
    first: u64,
    /// How likely a number is at most `first + i`.
    cumulative: Vec<f64>,
    /// Where to begin to look for a draw, for each 1/256 of all draws.
    guide: [u32; 256],
}

impl Poisson {
    /// `mean` is 0..=1,000,000. Numbers less likely than the most likely one by 1e-18 are never drawn.
    pub(super) fn new(mean: f64) -> Self {
        const NEVER: f64 = 1e-18;
        let mode = mean.floor() as u64;
        let mut below = Vec::new();
        let (mut weight, mut number) = (1.0, mode);
        while number > 0 && weight > NEVER {
            weight *= number as f64 / mean;
            number -= 1;
            below.push(weight);
        }
        let first = number;
        let mut weights: Vec<f64> = below.into_iter().rev().chain([1.0]).collect();
        let (mut weight, mut number) = (1.0, mode);
        while weight > NEVER {
            number += 1;
            weight *= mean / number as f64;
            weights.push(weight);
        }
        let total: f64 = weights.iter().sum();
        let mut sum = 0.0;
        let cumulative: Vec<f64> = weights
            .iter()
            .map(|weight| {
                sum += weight;
                sum / total
            })
            .collect();
        let guide =
            std::array::from_fn(|i| cumulative.partition_point(|share| *share <= i as f64 / 256.0) as u32);
        Self { first, cumulative, guide }
    }

    pub(super) fn draw(&self, random: &mut Random) -> u64 {
        let bits = random.next_u64();
        let share = (bits >> 11) as f64 / (1_u64 << 53) as f64;
        let start = self.guide[(bits >> 56) as usize] as usize;
        let more = self.cumulative[start..].iter().take_while(|at_most| **at_most <= share).count();
        // Rounding may leave the last sum just below 1.
        self.first + (start + more).min(self.cumulative.len() - 1) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_variance_are_the_mean() {
        for mean in [0.0, 0.05, 2.5, 25.0, 2500.0] {
            let poisson = Poisson::new(mean);
            let mut random = Random::new(7);
            let draws: Vec<f64> = (0..100_000).map(|_| poisson.draw(&mut random) as f64).collect();
            let average = draws.iter().sum::<f64>() / 1e5;
            let variance = draws.iter().map(|draw| (draw - average) * (draw - average)).sum::<f64>() / 1e5;
            // Four standard errors, of the mean and about of the variance.
            assert!((average - mean).abs() <= 4.0 * (mean / 1e5).sqrt(), "{mean}: mean {average}");
            assert!(
                (variance - mean).abs() <= 4.0 * ((2.0 * mean * mean + mean) / 1e5).sqrt(),
                "{mean}: {variance}"
            );
        }
    }
}
