//! A network that is ready, what it wants and gives, and what is asked of it: a map of one subject.

use crate::error::{Error, ErrorKind, Result};
use crate::executor::Executor;
use crate::matte;
use crate::model::{Contract, Input, PERSON};
use crate::pixels;
use crate::telemetry::{Stopwatch, Timings};

/// An executor and its network's contract, which fit each other.
pub(super) struct Network {
    pub(super) executor: Executor,
    pub(super) contract: Contract,
}

impl Network {
    /// # Errors
    /// `UnsupportedModel` or `InvalidInput` if the two do not fit.
    pub(super) fn new(executor: Executor, contract: Contract) -> Result<Self> {
        contract.check()?;
        let [input, output] = executor.shapes();
        let Input { width, height, .. } = contract.input;
        if (input.height, input.width, input.channels) != (height, width, 3) {
            return Err(Error::new(
                ErrorKind::UnsupportedModel,
                format!("network takes {input:?}, want {height} rows and {width} columns of 3 channels"),
            ));
        }
        if contract.classes.len() != output.channels {
            return Err(Error::invalid(format!(
                "contract names {} classes, want the network's {}",
                contract.classes.len(),
                output.channels
            )));
        }
        Ok(Self { executor, contract })
    }

    /// Whether the subject `of` is a part of the persons that it knows as well.
    pub(super) fn is_part(&self, of: &str) -> bool {
        of != PERSON && self.contract.check_subject(PERSON).is_ok()
    }

    /// Columns and rows of what it takes.
    pub(super) fn input(&self) -> [usize; 2] {
        [self.contract.input.width, self.contract.input.height]
    }

    /// Columns and rows of what it gives.
    pub(super) fn output(&self) -> [usize; 2] {
        let [_, shape] = self.executor.shapes();
        [shape.width, shape.height]
    }

    /// Makes its input of a picture of that size, `[height, width, 4]` bytes, which start with blue if `swapped`, and runs
    /// it.
    pub(super) fn run(&mut self, picture: &[u8], swapped: bool, timings: &mut Timings) -> Result<()> {
        let mut watch = Stopwatch::start();
        pixels::to_input(picture, swapped, self.contract.input.range, self.executor.input());
        timings.pre_ms += watch.lap_ms();
        self.executor.run()?;
        timings.infer_ms += watch.lap_ms();
        Ok(())
    }

    /// The last run's map of `of`, a probability per cell.
    pub(super) fn map(&self, of: &str) -> Result<Vec<f32>> {
        matte::subject(&self.contract, self.executor.output(), self.executor.output_stride(), of)
    }
}
