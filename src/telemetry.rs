//! What one run measured. Nothing here sends anything.

use serde::Serialize;

/// Where one run's time went, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Timings {
    /// Picture to network input.
    pub pre_ms: f64,
    /// The network.
    pub infer_ms: f64,
    /// Probabilities to the matte at the picture's size.
    pub post_ms: f64,
}

/// Measures one stage after the other.
pub(crate) struct Stopwatch(web_time::Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(web_time::Instant::now())
    }

    /// Milliseconds since the start or the last lap.
    pub(crate) fn lap_ms(&mut self) -> f64 {
        let now = web_time::Instant::now();
        let lap = now - std::mem::replace(&mut self.0, now);
        lap.as_secs_f64() * 1000.0
    }
}
