//! How often the policy rolls back what is in order, and how soon what is not.
//!
//! Runs arrive at random (Poisson), fail or are slow by a true share, and are decided on as on a server, window
//! after window. Everything is drawn from seeds, so a simulation gives the same numbers again.

mod plot;
mod poisson;
mod report;

use std::num::NonZero;
use std::thread;

use serde::{Deserialize, Serialize};

use super::random::Random;
use super::watch::Watch;
use super::window::{WINDOW_SECONDS, Window};
use super::{Arm, Policy, WHOLE_RUN};
use poisson::Poisson;

pub use plot::plot;
pub use report::{report, tables};

/// The shares of a variant in order: failed runs in 1/10,000, and p95 in milliseconds.
const HEALTHY: Health = Health { errors: 100, p95_ms: 800 };

const DAY_S: u64 = 86_400;
const HOUR_S: u64 = 3600;

/// True state of a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// True share of failed runs, in 1/10,000.
    pub errors: u32,
    /// True p95 in milliseconds, of times that are lognormal with a standard deviation of 0.5 (of the logarithm).
    pub p95_ms: u32,
}

impl Health {
    /// The share of runs above 1000 ms, 0..=1.
    fn slow(self) -> f64 {
        // 1 - CDF(1.645 - ln(p95 / 1000 ms) / 0.5) of the normal distribution.
        match self.p95_ms {
            0..=800 => 0.0183,
            801..=1000 => 0.05,
            1001..=1200 => 0.1002,
            1201..=1500 => 0.2022,
            _ => 0.3980,
        }
    }
}

/// One true state, simulated many times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Runs of the variant per second, on average; the control's are as many where there is one.
    pub runs_per_s: u32,
    /// Its true state.
    pub health: Health,
    /// Whether there was a healthy control.
    pub control: bool,
    /// How long each simulation was watched, in seconds.
    pub watched_s: u64,
    /// Simulations.
    pub simulations: u64,
    /// Simulations that were rolled back.
    pub rolled_back: u64,
    /// Of these, those that were rolled back within 15 s of the beginning.
    pub within_15_s: u64,
    /// Seconds from the beginning until half of all simulations were rolled back; none if fewer were.
    pub median_s: Option<f64>,
    /// Seconds from the beginning until 95 % of all simulations were rolled back; none if fewer were.
    pub p95_s: Option<f64>,
}

/// All that was simulated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// What decided.
    pub policy: Policy,
    /// Days in a constant state beside a healthy control, so that every rule can err.
    pub days: Vec<Outcome>,
    /// Hours after a state broke out in a healthy variant without a control, so that no rule helps that needs one.
    pub breaks: Vec<Outcome>,
}

/// Simulates every state `simulations` times; `progress` hears of each.
pub fn simulate(policy: &Policy, simulations: u64, mut progress: impl FnMut(&Outcome)) -> Record {
    let mut seed = 0;
    let mut run = |health, runs_per_s, control, watched_s| {
        seed += 1;
        let scene = Scene::new(policy, health, runs_per_s, control, watched_s);
        let outcome = scene.outcome(simulations, seed << 32);
        progress(&outcome);
        outcome
    };
    const TRAFFIC: [u32; 3] = [5, 50, 500];
    let errors = [150, 200, 250, 300, 400, 500, 700, 1000].map(|errors| Health { errors, ..HEALTHY });
    let times = [1000, 1200, 1500, 2000].map(|p95_ms| Health { p95_ms, ..HEALTHY });
    let breaks = errors.into_iter().chain(times);
    Record {
        policy: *policy,
        breaks: breaks
            .flat_map(|health| TRAFFIC.map(|traffic| run(health, traffic, false, HOUR_S)))
            .collect(),
        days: TRAFFIC.map(|traffic| run(HEALTHY, traffic, true, DAY_S)).into(),
    }
}

/// Draws one group's runs of one stretch of time.
struct Source {
    failed: Poisson,
    slow: Poisson,
    quick: Poisson,
}

impl Source {
    fn new(health: Health, runs: f64) -> Self {
        let (failed, slow) = (f64::from(health.errors) / 10_000.0, health.slow());
        Self {
            failed: Poisson::new(runs * failed),
            slow: Poisson::new(runs * (1.0 - failed) * slow),
            quick: Poisson::new(runs * (1.0 - failed) * (1.0 - slow)),
        }
    }

    fn draw(&self, random: &mut Random) -> Arm {
        let [failed, slow, quick] =
            [&self.failed, &self.slow, &self.quick].map(|poisson| poisson.draw(random));
        let samples = failed + slow + quick;
        let mut latency = [0; 8];
        // Failures are quick here: those that are slow too are found by either measure.
        latency[3] = (failed + quick) * WHOLE_RUN;
        latency[5] = slow * WHOLE_RUN;
        Arm {
            samples,
            weight: samples * WHOLE_RUN,
            weight_squares: samples * WHOLE_RUN * WHOLE_RUN,
            errors: failed * WHOLE_RUN,
            latency,
        }
    }
}

/// Parts of a window, at whose edges a break may begin.
const PARTS: u64 = 10;

struct Scene {
    policy: Policy,
    health: Health,
    runs_per_s: u32,
    control: bool,
    watched_s: u64,
    healthy: Source,
    state: Source,
    healthy_part: Source,
    state_part: Source,
}

impl Scene {
    fn new(policy: &Policy, health: Health, runs_per_s: u32, control: bool, watched_s: u64) -> Self {
        let window = f64::from(runs_per_s * WINDOW_SECONDS);
        let part = window / PARTS as f64;
        Self {
            policy: *policy,
            health,
            runs_per_s,
            control,
            watched_s,
            healthy: Source::new(HEALTHY, window),
            state: Source::new(health, window),
            healthy_part: Source::new(HEALTHY, part),
            state_part: Source::new(health, part),
        }
    }

    fn outcome(&self, simulations: u64, seed: u64) -> Outcome {
        let threads = thread::available_parallelism().map_or(1, NonZero::get) as u64;
        let mut times: Vec<f64> = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|worker| {
                    let own = (worker..simulations).step_by(threads as usize);
                    scope.spawn(move || own.filter_map(|i| self.time(seed + i)).collect::<Vec<_>>())
                })
                .collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("a simulation never panics")).collect()
        });
        times.sort_by(f64::total_cmp);
        let quantile =
            |percent: u64| times.get((simulations * percent).div_ceil(100).max(1) as usize - 1).copied();
        Outcome {
            runs_per_s: self.runs_per_s,
            health: self.health,
            control: self.control,
            watched_s: self.watched_s,
            simulations,
            rolled_back: times.len() as u64,
            within_15_s: times.iter().filter(|time| **time <= 15.0).count() as u64,
            median_s: quantile(50),
            p95_s: quantile(95),
        }
    }

    /// Seconds from the beginning of the state until the rollback, if there is one.
    ///
    /// Before it, the variant was healthy for as long as the policy looks back; nothing was decided in that time.
    fn time(&self, seed: u64) -> Option<f64> {
        let mut random = Random::new(Random::new(seed).next_u64());
        let random = &mut random;
        let mut watch = Watch::new(self.policy);
        let mut start_s = 0;
        let window = |start_s: &mut u64, treatment, random: &mut Random| {
            let control = if self.control { self.healthy.draw(random) } else { Arm::default() };
            let window = Window { start_s: *start_s, seconds: WINDOW_SECONDS, treatment, control };
            *start_s = window.end_s();
            window
        };
        while start_s < self.policy.horizon_s {
            let treatment = self.healthy.draw(random);
            watch.take(&window(&mut start_s, treatment, random));
        }
        let healthy_parts = random.below(PARTS);
        let begin_s = start_s as f64 + (healthy_parts * u64::from(WINDOW_SECONDS)) as f64 / PARTS as f64;
        let mut treatment = Arm::default();
        for part in 0..PARTS {
            let source = if part < healthy_parts { &self.healthy_part } else { &self.state_part };
            treatment.merge(&source.draw(random));
        }
        let end_s = start_s + self.watched_s;
        while start_s < end_s {
            if let Some(breach) = watch.push(&window(&mut start_s, treatment, random)) {
                return Some(breach.at_s as f64 - begin_s);
            }
            treatment = self.state.draw(random);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(health: Health, runs_per_s: u32, control: bool, watched_s: u64, simulations: u64) -> Outcome {
        Scene::new(&Policy::default(), health, runs_per_s, control, watched_s).outcome(simulations, 1 << 40)
    }

    #[test]
    fn the_same_again() {
        let health = Health { errors: 300, ..HEALTHY };
        assert_eq!(outcome(health, 50, false, HOUR_S, 20), outcome(health, 50, false, HOUR_S, 20));
    }

    #[test]
    fn ten_percent_is_decided_within_15_s() {
        let found = outcome(Health { errors: 1000, ..HEALTHY }, 50, false, 60, 1000);
        assert!(found.within_15_s >= 999, "{found:?}");
    }

    #[test]
    fn healthy_days_are_left_alone() {
        for runs_per_s in [5, 50, 500] {
            let found = outcome(HEALTHY, runs_per_s, true, DAY_S, 20);
            assert_eq!(found.rolled_back, 0, "{found:?}");
        }
    }
}
