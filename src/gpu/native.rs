//! The system's GPU for one network: opened, lost, opened again, and given up.

use std::rc::Rc;

use super::device::{Adapter, Gpu};
use super::engine::Engine;
use super::source::Source;
use crate::error::{Error, ErrorKind, Result};
use crate::matte::Finish;
use crate::model::Contract;
use crate::pixels::{Matte, Rgba8};
use crate::plan::Plan;
use crate::telemetry::Timings;

/// An engine that is made again after a failure, for the next picture.
///
/// Each call blocks until its result is there. Whatever fails is an error at once; the CPU can do it.
pub struct Native {
    plan: Plan,
    contract: Contract,
    engine: Option<Engine>,
    /// Calls and openings that failed, one after the other.
    failures: usize,
    /// Why it is not tried any more, once it is not.
    given_up: Option<Error>,
}

#[cfg(test)]
mod tests;

/// After so many failures in turn a GPU is left alone.
const FAILURES: usize = 3;

impl Native {
    /// Opens the system's GPU for `plan`; tells whether that failed, in which case calls may try again.
    pub fn open(plan: Plan, contract: Contract) -> (Self, Result<()>) {
        let mut this = Self { plan, contract, engine: None, failures: 0, given_up: None };
        let opened = this.ready().map(|_| ());
        let opened = this.judge(opened);
        (this, opened)
    }

    /// What it runs on, where it can.
    pub fn adapter(&self) -> Option<&Adapter> {
        self.engine.as_ref().map(|engine| engine.gpu().adapter())
    }

    /// Takes the GPU away, as a driver's crash would; for tests of what comes after.
    pub fn lose(&self) {
        if let Some(engine) = &self.engine {
            engine.gpu().lose();
        }
    }

    /// The matte of a picture, the next one of `stream` if that is given.
    ///
    /// # Errors
    /// As [`Engine::segment`]; `GpuUnavailable` if there is no GPU.
    pub fn segment(
        &mut self,
        picture: Rgba8<'_>,
        of: &str,
        finish: Finish,
        stream: Option<u32>,
    ) -> Result<(Matte, Timings)> {
        let source = Source::Bytes(picture);
        source.check()?;
        let done = self.ready().and_then(|engine| {
            engine.follow(stream);
            pollster::block_on(engine.segment(source, of, finish))
        });
        self.judge(done)
    }

    /// The network's answer, as [`Engine::predict`] gives it.
    ///
    /// # Errors
    /// As [`Native::segment`].
    pub fn predict(&mut self, picture: Rgba8<'_>) -> Result<(Vec<f32>, usize, Timings)> {
        let source = Source::Bytes(picture);
        source.check()?;
        let done = self.ready().and_then(|engine| pollster::block_on(engine.predict(source)));
        self.judge(done)
    }

    fn ready(&mut self) -> Result<&mut Engine> {
        if let Some(why) = &self.given_up {
            return Err(Error::new(why.kind(), why.to_string()));
        }
        // One that went away between two calls is no failure yet.
        self.engine.iter().for_each(|engine| engine.gpu().clean());
        self.engine.take_if(|engine| engine.gpu().lost().is_some());
        if self.engine.is_none() {
            let made = pollster::block_on(async {
                let gpu = Rc::new(Gpu::open(true).await?);
                Engine::new(gpu, &self.plan, self.contract.clone()).await
            });
            self.engine = Some(made?);
        }
        Ok(self.engine.as_mut().expect("what was just made"))
    }

    /// After a failure the GPU is opened anew, unless it fails all the time.
    fn judge<T>(&mut self, done: Result<T>) -> Result<T> {
        match &done {
            Ok(_) => self.failures = 0,
            Err(error) if error.kind() == ErrorKind::InvalidInput => {}
            Err(error) => {
                self.engine = None;
                self.failures += 1;
                if self.failures == FAILURES || error.kind() == ErrorKind::GpuUnavailable {
                    self.given_up = Some(Error::new(error.kind(), error.to_string()));
                }
            }
        }
        done
    }
}
