//! Picture in, matte or drawing out: the network and what is around it, one submission a frame.

use std::rc::Rc;

use super::device::Gpu;
use super::frame::{Ends, Frame};
use super::network::Network;
use super::painting::{Painting, Target};
use super::source::Source;
use crate::effects::Effect;
use crate::error::{Error, ErrorKind, Result};
use crate::matte::Finish;
use crate::model::Contract;
use crate::pixels::Matte;
use crate::plan::{Plan, Shape};
use crate::telemetry::{Stopwatch, Timings};

/// A network on a GPU, with all that is before and after it.
///
/// Buffers are made when the picture's size or the options change, and only then. Beside the network's:
/// four bytes a pixel of the picture, one of the matte, three while there is a feather, and another one
/// with morphology; and one more that is read back.
///
/// After an error it can be called again; after `GpuLost` another GPU must be opened.
pub struct Engine {
    gpu: Rc<Gpu>,
    contract: Contract,
    network: Network,
    frame: Frame,
    painting: Option<Painting>,
    staging: Option<Staging>,
    /// The same for pictures of the network's own size, of which several come between two of another.
    look: (Frame, Option<Staging>),
    submissions: u64,
    stream: Option<u32>,
}

#[cfg(test)]
mod tests;

/// Where an answer is read from.
struct Staging {
    buffer: wgpu::Buffer,
    bytes: usize,
    /// It is being read, or a call that read it was given up; then it must not be written.
    busy: bool,
}

/// Which results are copied to be read.
enum Wanted<'a> {
    Answer,
    Matte { of: &'a str, finish: Finish },
}

impl Engine {
    /// Uploads the weights of `plan`, and makes all that does not depend on a picture.
    ///
    /// # Errors
    /// `InvalidInput` if `contract` is none or not the plan's, `GpuFailed` or `GpuLost`.
    pub async fn new(gpu: Rc<Gpu>, plan: &Plan, contract: Contract) -> Result<Self> {
        contract.check()?;
        let (input, output) = (plan.buffers[plan.input], plan.buffers[plan.output]);
        let wanted = Shape { height: contract.input.height, width: contract.input.width, channels: 3 };
        if input != wanted || output.channels != contract.classes.len() {
            return Err(Error::invalid(format!(
                "the plan makes {output} of {input}, want {} channels of {wanted}",
                contract.classes.len()
            )));
        }
        let made = gpu.guarded(|| {
            let made = Network::new(&gpu, plan).map(|network| {
                let ends = Ends {
                    input: network.input().clone(),
                    output: network.output().clone(),
                    shapes: network.shapes(),
                    stride: network.output_stride(),
                };
                let frame = |ends| Frame::new(&gpu, contract.clone(), ends);
                (frame(ends.clone()), frame(ends), network)
            });
            std::future::ready(made)
        });
        let (frame, look, network) = made.await?;
        Ok(Self {
            gpu,
            contract,
            network,
            frame,
            painting: None,
            staging: None,
            look: (look, None),
            submissions: 0,
            stream: None,
        })
    }

    /// The GPU that it runs on.
    pub fn gpu(&self) -> &Rc<Gpu> {
        &self.gpu
    }

    /// What the network wants and gives.
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// `[width, height]` of the network's answer.
    pub fn answer_size(&self) -> [usize; 2] {
        let output = self.network.shapes()[1];
        [output.width, output.height]
    }

    /// How often work was handed to the GPU: once a frame.
    pub fn submissions(&self) -> u64 {
        self.submissions
    }

    /// What one run of the network consists of, in order: the steps of each dispatch.
    pub fn dispatches(&self) -> Vec<&str> {
        self.network.dispatches().iter().map(|dispatch| &dispatch.label[..]).collect()
    }

    /// Says which stream's frames come next, by a number of the caller's, if any: their mattes are made steady by those
    /// before them, as by [`crate::matte::Smooth`].
    pub fn follow(&mut self, stream: Option<u32>) {
        self.stream = stream;
    }

    /// The network's answer before its activation, `[pixels, stride]`, and the stride: for
    /// [`crate::matte::activate`].
    ///
    /// # Errors
    /// As [`Engine::segment`].
    pub async fn predict(&mut self, source: Source<'_>) -> Result<(Vec<f32>, usize, Timings)> {
        source.check()?;
        let looks = source.size() == [self.contract.input.width, self.contract.input.height];
        self.exchange(looks);
        let read = self.run(source, &Wanted::Answer).await;
        let proven =
            read.as_ref().is_ok_and(|(bytes, _)| self.frame.has_probability(&bytes[bytes.len() - 4..]));
        self.exchange(looks);
        let (bytes, timings) = read?;
        let answer = &bytes[..bytes.len() - 4];
        if !proven {
            return Err(self.stale());
        }
        let answer = answer.as_chunks().0.iter().map(|&value| f32::from_le_bytes(value)).collect();
        Ok((answer, self.network.output_stride(), timings))
    }

    /// The matte of a picture, at its size; nothing else is read back.
    ///
    /// # Errors
    /// `InvalidInput` if `of` is nothing the network knows or `finish` is out of range, and what is wrong
    /// with the picture; `GpuFailed` if the GPU cannot hold the picture, refuses, hangs or answers another
    /// frame, `GpuLost` if it is gone: the CPU can do it then.
    pub async fn segment(
        &mut self,
        source: Source<'_>,
        of: &str,
        finish: Finish,
    ) -> Result<(Matte, Timings)> {
        source.check()?;
        self.contract.check_subject(of)?;
        finish.check()?;
        let (bytes, mut timings) = self.run(source, &Wanted::Matte { of, finish }).await?;
        let mut watch = Stopwatch::start();
        let matte = self.frame.matte(&bytes).ok_or_else(|| self.stale())?;
        timings.post_ms = watch.lap_ms();
        Ok((matte, timings))
    }

    /// Draws an effect over all of `target`; nothing is read back, and the GPU may still be at it. `ground` is the other
    /// picture of [`Effect::Picture`], of the same size.
    ///
    /// # Errors
    /// As [`Engine::segment`] and [`Effect::check`]; `InvalidInput` also for a ground of another size.
    pub async fn draw(
        &mut self,
        source: Source<'_>,
        of: &str,
        finish: Finish,
        effect: Effect,
        ground: Option<Source<'_>>,
        target: Target<'_>,
    ) -> Result<()> {
        source.check()?;
        effect.check()?;
        let want = (effect == Effect::Picture).then(|| source.size());
        if ground.map(|ground| ground.size()) != want {
            let got = ground.map(|ground| ground.size());
            return Err(Error::invalid(format!("the ground's size is {got:?}, want {want:?}")));
        }
        self.contract.check_subject(of)?;
        finish.check()?;
        let gpu = Rc::clone(&self.gpu);
        let drawn = gpu.guarded(|| {
            self.frame.take(&gpu, source);
            self.frame.set(&gpu, of, finish);
            self.frame.follow(&gpu, self.stream, of);
            let looks = (effect, target.format, target.size, target.premultiplied);
            if self.painting.as_ref().is_none_or(|painting| !painting.fits(looks, &self.frame)) {
                let before = self.painting.take();
                self.painting = Some(Painting::new(&gpu, looks, &self.frame, before));
            }
            let mut encoder = self.record(true);
            let painting = self.painting.as_ref().expect("what was just made");
            if let Some(ground) = ground {
                painting.take(&gpu, ground);
            }
            painting.record(&mut encoder, target.view);
            self.submit(encoder);
            std::future::ready(Ok(()))
        });
        let drawn = drawn.await;
        gpu.clean();
        self.forget_if_failed(drawn)
    }

    /// Takes what is for pictures of the network's size in the place of the rest, or gives it back.
    fn exchange(&mut self, looks: bool) {
        if looks {
            std::mem::swap(&mut self.frame, &mut self.look.0);
            std::mem::swap(&mut self.staging, &mut self.look.1);
        }
    }

    /// One frame, and what is wanted of it, as it lies in memory, with its proof.
    async fn run(&mut self, source: Source<'_>, wanted: &Wanted<'_>) -> Result<(Vec<u8>, Timings)> {
        let gpu = Rc::clone(&self.gpu);
        let mut watch = Stopwatch::start();
        let mut timings = Timings::default();
        let read = gpu.guarded(|| {
            let (buffer, bytes) = self.start(source, wanted);
            timings.pre_ms = watch.lap_ms();
            let gpu = &gpu;
            async move { gpu.read(&buffer, bytes).await }
        });
        let read = read.await;
        if let (Ok(_), Some(staging)) = (&read, &mut self.staging) {
            staging.busy = false;
        }
        timings.infer_ms = watch.lap_ms();
        Ok((self.forget_if_failed(read)?, timings))
    }

    /// Hands a frame to the GPU; tells where what is wanted can be read.
    fn start(&mut self, source: Source<'_>, wanted: &Wanted<'_>) -> (wgpu::Buffer, usize) {
        let gpu = Rc::clone(&self.gpu);
        self.frame.take(&gpu, source);
        let parts = match *wanted {
            Wanted::Answer => {
                self.frame.set_any(&gpu);
                let answer = self.network.shapes()[1].pixels() * self.network.output_stride() * 4;
                let (probability, at) = self.frame.probability_proof();
                vec![(self.network.output().clone(), 0, answer), (probability.clone(), at, 4)]
            }
            Wanted::Matte { of, finish } => {
                self.frame.set(&gpu, of, finish);
                self.frame.follow(&gpu, self.stream, of);
                let (alpha, bytes) = self.frame.alpha();
                vec![(alpha.clone(), 0, bytes)]
            }
        };
        let mut encoder = self.record(matches!(wanted, Wanted::Matte { .. }));
        let bytes = parts.iter().map(|(_, _, bytes)| bytes).sum();
        let staging = self.staging(bytes);
        let mut to = 0;
        for (buffer, from, bytes) in parts {
            encoder.copy_buffer_to_buffer(&buffer, from as u64, &staging, to, bytes as u64);
            to += bytes as u64;
        }
        self.submit(encoder);
        (staging, bytes)
    }

    /// The commands of a frame but for what becomes of its results.
    fn record(&self, matte: bool) -> wgpu::CommandEncoder {
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        self.frame.record_before(&mut pass);
        self.network.record(&mut pass);
        self.frame.record_subject(&mut pass);
        if matte {
            self.frame.record_matte(&mut pass);
        }
        drop(pass);
        encoder
    }

    fn submit(&mut self, encoder: wgpu::CommandEncoder) {
        self.gpu.queue.submit([encoder.finish()]);
        self.submissions += 1;
    }

    /// A buffer to be written by the GPU and then read.
    fn staging(&mut self, bytes: usize) -> wgpu::Buffer {
        if self.staging.as_ref().is_none_or(|staging| staging.busy || staging.bytes != bytes) {
            let usage = wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ;
            let buffer = self.gpu.buffer("staging", bytes, usage);
            self.staging = Some(Staging { buffer, bytes, busy: false });
        }
        let staging = self.staging.as_mut().expect("what was just made");
        staging.busy = true;
        staging.buffer.clone()
    }

    /// After a failure nothing that was made for a picture is trusted.
    fn forget_if_failed<T>(&mut self, result: Result<T>) -> Result<T> {
        if result.is_err() {
            self.frame.forget();
            self.look.0.forget();
            (self.painting, self.staging, self.look.1) = (None, None, None);
        }
        result
    }

    fn stale(&self) -> Error {
        Error::new(ErrorKind::GpuFailed, "the GPU answered another frame than the one it was given")
    }
}
