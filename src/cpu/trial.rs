//! Which arithmetic is the faster one here: found out by running both for a moment.

use web_time::{Duration, Instant};

use super::{Arithmetic, Executor};
use crate::plan::{Constant, Epilogue, Op, Plan, Shape, Step};

/// What a trial found.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// Milliseconds of the product in single precision.
    pub f32_ms: f64,
    /// Milliseconds of the same in whole numbers.
    pub i16_ms: f64,
}

/// The product that is timed: as in the middle of a network, large enough to be worth its overhead.
const PRODUCT: (Shape, Shape) =
    (Shape { height: 8, width: 16, channels: 256 }, Shape { height: 8, width: 16, channels: 128 });

/// How long one time is taken, at least: browsers' clocks are coarse, a tenth of a millisecond.
const TURN: Duration = Duration::from_millis(2);

/// The trial ends when neither time has fallen for so long. A browser compiles code that runs often
/// anew, and better, while it runs; before, times would compare its first, hasty compilations.
const PATIENCE: Duration = Duration::from_millis(40);

/// By how much a time falls at least, if that is more than noise.
const FALL: f64 = 0.9;

/// It ends after so long in any case.
const LIMIT: Duration = Duration::from_millis(300);

impl Trial {
    /// Runs both in turns, for some 60 milliseconds in all, where the browser is quick to compile.
    pub fn run() -> Self {
        let mut executors = [Arithmetic::F32, Arithmetic::I16].map(|arithmetic| {
            let mut executor = Executor::new(plan(), arithmetic).expect("a sound plan");
            // On one thread: others may still be asleep for the one and awake for the other.
            #[cfg(feature = "threads")]
            executor.pieces.keep_whole();
            executor.input().iter_mut().enumerate().for_each(|(i, value)| *value = (i % 17) as f32 / 17.0);
            executor
        });
        let mut least = [f64::INFINITY; 2];
        let start = Instant::now();
        let mut fell = start;
        while fell.elapsed() < PATIENCE && start.elapsed() < LIMIT {
            for (executor, least) in executors.iter_mut().zip(&mut least) {
                let time = turn(executor);
                if time < *least * FALL {
                    fell = Instant::now();
                }
                *least = least.min(time);
            }
        }
        Self { f32_ms: least[0], i16_ms: least[1] }
    }

    /// The faster one; single precision if the clock cannot tell.
    pub fn faster(self) -> Arithmetic {
        if self.i16_ms < self.f32_ms { Arithmetic::I16 } else { Arithmetic::F32 }
    }
}

/// Milliseconds of a run, of as many as fill a turn.
fn turn(executor: &mut Executor) -> f64 {
    let start = Instant::now();
    let mut runs = 0.0;
    loop {
        executor.run();
        runs += 1.0;
        let elapsed = start.elapsed();
        if elapsed >= TURN {
            return elapsed.as_secs_f64() * 1000.0 / runs;
        }
    }
}

fn plan() -> Plan {
    let (x, y) = PRODUCT;
    let weights = (0..x.channels * y.channels).map(|i| (i % 23) as f32 / 23.0 - 0.5).collect();
    let weights = Constant::f32([x.channels, y.channels], weights).to_fixed(1023);
    Plan {
        buffers: vec![x, y],
        constants: vec![weights, Constant::f32([y.channels], vec![0.0; y.channels])],
        steps: vec![Step {
            x: 0,
            y: 1,
            op: Op::Pointwise { weights: 0, bias: 1, gate: None },
            epilogue: Epilogue::default(),
        }],
        input: 0,
        output: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_times_both() {
        let trial = Trial::run();
        assert!(trial.f32_ms > 0.0 && trial.f32_ms.is_finite(), "{trial:?}");
        assert!(trial.i16_ms > 0.0 && trial.i16_ms.is_finite(), "{trial:?}");
        assert_eq!(Trial { f32_ms: 2.0, i16_ms: 1.0 }.faster(), Arithmetic::I16);
        assert_eq!(Trial { f32_ms: 1.0, i16_ms: 1.0 }.faster(), Arithmetic::F32);
    }
}
