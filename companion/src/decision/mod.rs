//! Whether a rollout is to be rolled back: a pure function of what was measured.
//!
//! [`decide`] takes windows of counts and a [`Policy`] and gives a [`Decision`] with its numbers; nothing here
//! reads a clock, a file or a socket, so a log of windows can be replayed to the same decisions. Why the numbers of
//! the policy are what they are: `docs/DECISION.md`, whose tables and plot the simulation makes.

mod arm;
mod decide;
mod history;
mod policy;
mod random;
pub mod replay;
pub mod simulate;
mod verdict;
mod watch;
mod why;
mod wilson;
mod window;

pub use arm::{Arm, LATENCY_EDGES_MS, WHOLE_RUN};
pub use decide::decide;
pub use policy::{Policy, PolicyError, SLOW_LIMIT};
pub use verdict::{Block, Breach, Cause, Comparison, Decision, Measure, Rule, Share};
pub use watch::Watch;
pub use window::{WINDOW_SECONDS, Window};

#[cfg(test)]
mod tests;
