//! The system's GPU before the CPU: what it fails, the CPU does.

use super::{Prediction, SegmentOptions, Segmenter};
use crate::error::{Error, Result};
use crate::gpu::{Adapter, Native};
use crate::matte;
use crate::pixels::{Matte, Rgba8};
use crate::plan::{self, Plan};
use crate::telemetry::Timings;

/// A GPU, and whether it did the last picture.
pub(super) struct OnGpu {
    native: Native,
    /// Why it did not.
    failed: Option<String>,
}

impl Segmenter {
    /// The registry's model `id` from the bytes of its plan, on the system's GPU. Where there is none, and
    /// for a picture that it fails, the CPU does the work; [`Segmenter::reason`] says why.
    ///
    /// # Errors
    /// As [`Segmenter::from_registry`].
    pub fn from_registry_gpu(id: &str, file: &[u8]) -> Result<Self> {
        Ok(Self::from_registry(id, file)?.with_gpu(plan::decode(file)?))
    }

    /// What it runs on, if that is a GPU.
    pub fn adapter(&self) -> Option<&Adapter> {
        self.gpu.as_ref().and_then(|gpu| gpu.native.adapter())
    }

    /// Takes the GPU away, as a driver's crash would; for tests of what comes after.
    pub fn lose_gpu(&self) {
        if let Some(gpu) = &self.gpu {
            gpu.native.lose();
        }
    }

    /// The same network on the system's GPU, by `plan`, where that can be had.
    pub(super) fn with_gpu(mut self, plan: Plan) -> Self {
        let (native, opened) = Native::open(plan, self.network.contract.clone());
        self.gpu = Some(Box::new(OnGpu { native, failed: opened.err().map(|error| by_cpu(&error)) }));
        self
    }

    /// Whether there is a GPU, and if so why it did not do the last picture, if so.
    pub(super) fn gpu_failed(&self) -> Option<Option<&str>> {
        self.gpu.as_ref().map(|gpu| gpu.failed.as_deref())
    }

    pub(super) fn segment_on_gpu(
        &mut self,
        picture: Rgba8<'_>,
        options: &SegmentOptions,
    ) -> Option<(Matte, Timings)> {
        // Of several looks, or islands, it does each network's run, below.
        if !options.in_one_go() {
            return None;
        }
        self.on_gpu(|native| native.segment(picture, &options.of, options.finish()?, options.stream))
    }

    pub(super) fn predict_on_gpu(&mut self, picture: Rgba8<'_>) -> Option<(Prediction, Timings)> {
        let (answer, stride, timings) = self.on_gpu(|native| native.predict(picture))?;
        let [width, height] = self.network.output();
        let contract = &self.network.contract;
        let data = matte::activate(contract, &answer, stride);
        Some((Prediction { width, height, classes: contract.classes.clone(), data }, timings))
    }

    /// The network's answer to a picture of its size, red first, and the values from one cell to the next.
    pub(super) fn answer_on_gpu(&mut self, picture: &[u8]) -> Option<(Vec<f32>, usize)> {
        let [width, height] = self.network.input();
        let picture = Rgba8::new(width, height, picture).ok()?;
        let (answer, stride, _) = self.on_gpu(|native| native.predict(picture))?;
        Some((answer, stride))
    }

    /// What `work` gives, if there is a GPU and it does not fail.
    fn on_gpu<T>(&mut self, work: impl FnOnce(&mut Native) -> Result<T>) -> Option<T> {
        let gpu = self.gpu.as_mut()?;
        let done = work(&mut gpu.native);
        gpu.failed = done.as_ref().err().map(by_cpu);
        done.ok()
    }
}

fn by_cpu(error: &Error) -> String {
    format!("the GPU did not do it: {error}")
}
