//! All of a frame that is around the network.

use super::device::Gpu;
use super::shader::Dispatch;
use super::source::{Picture, Source};
use super::stages::{self, Layout, Reduced};
use crate::matte::{Finish, Operation, Streams};
use crate::model::Contract;
use crate::pixels::Matte;
use crate::plan::Shape;

/// What the network reads and writes.
#[derive(Clone)]
pub(super) struct Ends {
    /// `[h, w]`, four numbers a pixel.
    pub(super) input: wgpu::Buffer,
    /// `[h, w, stride]`.
    pub(super) output: wgpu::Buffer,
    /// Of both.
    pub(super) shapes: [Shape; 2],
    /// Numbers from one pixel of the output to the next.
    pub(super) stride: usize,
}

/// Buffers and dispatches around a network, kept while the picture's size and the options stay.
pub(super) struct Frame {
    contract: Contract,
    ends: Ends,
    /// The frame's number, for proofs.
    number: wgpu::Buffer,
    frame: u32,
    /// On the network's grid.
    guide: wgpu::Buffer,
    probability: wgpu::Buffer,
    coefficients: wgpu::Buffer,
    fit: [Dispatch; 2],
    picture: Option<Shown>,
    subject: Option<(String, Dispatch)>,
    /// What each stream remembers, and whether this frame is one of the first's.
    streams: Streams<[Dispatch; 2]>,
    streaming: bool,
    finish: Option<Finished>,
}

#[cfg(test)]
pub(super) mod tests;

/// What depends on the picture's size.
struct Shown {
    picture: Picture,
    reduce: Vec<Dispatch>,
    layout: Layout,
    alpha: wgpu::Buffer,
    upsample: Dispatch,
}

/// What depends on the finish as well.
struct Finished {
    finish: Finish,
    dispatches: Vec<Dispatch>,
    /// By how much the proof is more than the frame's number.
    proofs: u32,
}

/// Proofs of one frame are less than this apart.
const STAGES_MOST: u32 = 8;

/// A number of a frame is less than this, so that a float holds it.
const FRAMES: u32 = 1 << 24;

impl Frame {
    pub(super) fn new(gpu: &Gpu, contract: Contract, ends: Ends) -> Self {
        let shape = ends.shapes[1];
        let storage = wgpu::BufferUsages::STORAGE;
        let buffer = |label: &str, words: usize, usage| gpu.buffer(label, words * 4, usage);
        let guide = buffer("guide", shape.pixels(), storage);
        let probability = buffer("probability", shape.pixels() + 1, storage | wgpu::BufferUsages::COPY_SRC);
        let [fitted, coefficients] =
            ["fitted", "coefficients"].map(|label| buffer(label, shape.pixels() * 4, storage));
        let size = [shape.width, shape.height];
        let fit = stages::coefficients(gpu, size, [&guide, &probability, &fitted, &coefficients]);
        let number = stages::uniform(gpu, "frame", &[0; 4]);
        Self {
            contract,
            ends,
            number,
            frame: 0,
            guide,
            probability,
            coefficients,
            fit,
            picture: None,
            subject: None,
            streams: Streams::default(),
            streaming: false,
            finish: None,
        }
    }

    /// Takes `source`, which was checked, and makes what its size needs.
    pub(super) fn take(&mut self, gpu: &Gpu, source: Source<'_>) {
        if self.picture.as_ref().is_none_or(|shown| shown.picture.size != source.size()) {
            // What is no longer needed makes room first.
            (self.picture, self.finish) = (None, None);
            self.picture = Some(self.show(gpu, source.size()));
        }
        self.shown().picture.take(gpu, source);
        // Never 0, which is what memory holds that nothing was written to.
        self.frame = self.frame % (FRAMES - STAGES_MOST) + STAGES_MOST;
        gpu.queue.write_buffer(&self.number, 0, &self.frame.to_le_bytes());
    }

    fn show(&self, gpu: &Gpu, size: [usize; 2]) -> Shown {
        let picture = Picture::new(gpu, size);
        let [input, output] = self.ends.shapes.map(|shape| [shape.width, shape.height]);
        let (filter, range) = (self.contract.input.filter, self.contract.input.range);
        let buffer = |label: &str, bytes: usize| gpu.buffer(label, bytes, wgpu::BufferUsages::STORAGE);
        let mut reduce = Vec::new();
        if input == output {
            let to = Reduced { size: input, guide: &self.guide, input: &self.ends.input };
            reduce.extend(stages::reduce(gpu, &picture, &to, filter, range));
        } else {
            // A network may give a map of another size than it takes.
            let [unused_guide, unused_input] =
                [(input, 4), (output, 16)].map(|(size, bytes)| buffer("unused", size[0] * size[1] * bytes));
            let to = Reduced { size: input, guide: &unused_guide, input: &self.ends.input };
            reduce.extend(stages::reduce(gpu, &picture, &to, filter, range));
            let to = Reduced { size: output, guide: &self.guide, input: &unused_input };
            reduce.extend(stages::reduce(gpu, &picture, &to, filter, range));
        }
        let layout = Layout::new(size);
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
        let alpha = gpu.buffer("alpha", layout.bytes(), usage);
        let upsample =
            stages::upsample(gpu, &layout, &picture, output, &self.number, [&self.coefficients, &alpha]);
        Shown { picture, reduce, layout, alpha, upsample }
    }

    /// Makes what `of`, which the contract knows, and `finish`, which was checked, need.
    pub(super) fn set(&mut self, gpu: &Gpu, of: &str, finish: Finish) {
        self.set_subject(gpu, of);
        if self.finish.as_ref().is_none_or(|finished| finished.finish != finish) {
            self.finish = None;
            let Shown { layout, alpha, .. } = self.shown();
            let (mut dispatches, mut proofs) = (Vec::new(), 0);
            if let Some(morphology) = finish.morphology {
                let other = gpu.buffer("other", layout.bytes(), wgpu::BufferUsages::STORAGE);
                let grows: &[bool] = match morphology.operation {
                    Operation::Open => &[false, true],
                    Operation::Close => &[true, false],
                    Operation::Erode => &[false],
                    Operation::Dilate => &[true],
                };
                for &grow in grows {
                    for (down, buffers) in [(false, [alpha, &other]), (true, [&other, alpha])] {
                        dispatches.push(stages::sweep(gpu, layout, morphology.radius, [down, grow], buffers));
                        proofs += 1;
                    }
                }
            }
            // No two centres on different sides are less than half a pixel from the edge between them.
            if finish.feather > 0.5 {
                dispatches.extend(stages::feather(gpu, layout, finish.feather, alpha));
                proofs += 1;
            }
            self.finish = Some(Finished { finish, dispatches, proofs });
        }
    }

    /// Says which stream the frame is of, if any: its probability of `of` is then made steady.
    pub(super) fn follow(&mut self, gpu: &Gpu, stream: Option<u32>, of: &str) {
        self.streaming = stream.is_some();
        if let Some(stream) = stream {
            let [_, Shape { width, height, .. }] = self.ends.shapes;
            let make = || stages::smooth(gpu, [width, height], &self.guide, &self.probability);
            self.streams.open(stream, of, make);
        }
    }

    fn set_subject(&mut self, gpu: &Gpu, of: &str) {
        if self.subject.as_ref().is_none_or(|(subject, _)| subject != of) {
            let Self { contract, ends, number, probability, .. } = &*self;
            let answer = (&ends.output, ends.shapes[1], ends.stride);
            let dispatch = stages::subject(gpu, contract, of, number, answer, probability);
            self.subject = Some((of.to_owned(), dispatch));
        }
    }

    /// Records what is before the network.
    pub(super) fn record_before(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.shown().reduce.iter().for_each(|dispatch| dispatch.record(pass));
    }

    /// Records what makes a probability of the network's answer.
    pub(super) fn record_subject(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.subject.as_ref().expect("a subject that is set").1.record(pass);
    }

    /// Records what makes a matte of the probability.
    pub(super) fn record_matte(&self, pass: &mut wgpu::ComputePass<'_>) {
        if let (true, Some(smooth)) = (self.streaming, self.streams.last()) {
            smooth.iter().for_each(|dispatch| dispatch.record(pass));
        }
        self.fit.iter().for_each(|dispatch| dispatch.record(pass));
        self.shown().upsample.record(pass);
        self.finished().dispatches.iter().for_each(|dispatch| dispatch.record(pass));
    }

    /// Makes what some subject needs, if none is set.
    pub(super) fn set_any(&mut self, gpu: &Gpu) {
        if self.subject.is_none() {
            let of = self.contract.subjects()[0].to_owned();
            self.set_subject(gpu, &of);
        }
    }

    /// Drops what depends on a picture or on options.
    pub(super) fn forget(&mut self) {
        (self.picture, self.subject, self.finish) = (None, None, None);
        self.streams = Streams::default();
    }

    /// The buffer with the matte, and its bytes.
    pub(super) fn alpha(&self) -> (&wgpu::Buffer, usize) {
        let Shown { alpha, layout, .. } = self.shown();
        (alpha, layout.bytes())
    }

    /// How the matte lies.
    pub(super) fn layout(&self) -> &Layout {
        &self.shown().layout
    }

    /// The buffer with the probability, and where in it its proof lies, in bytes.
    pub(super) fn probability_proof(&self) -> (&wgpu::Buffer, usize) {
        (&self.probability, self.ends.shapes[1].pixels() * 4)
    }

    /// Where the picture lies.
    pub(super) fn picture(&self) -> &Picture {
        &self.shown().picture
    }

    /// The matte that `bytes` are, if they are of this frame.
    pub(super) fn matte(&self, bytes: &[u8]) -> Option<Matte> {
        let Layout { size: [width, height], words } = self.shown().layout;
        let (rows, proof) = bytes.split_at(words * 4 * height);
        if proof != (self.frame + self.finished().proofs).to_le_bytes() {
            return None;
        }
        let alpha = rows.chunks_exact(words * 4).flat_map(|row| &row[..width]).copied().collect();
        Some(Matte { width, height, alpha })
    }

    /// Whether `proof`, what lies after the probabilities, is of this frame.
    pub(super) fn has_probability(&self, proof: &[u8]) -> bool {
        proof == (self.frame as f32).to_le_bytes()
    }

    fn shown(&self) -> &Shown {
        self.picture.as_ref().expect("a picture that was taken")
    }

    fn finished(&self) -> &Finished {
        self.finish.as_ref().expect("a finish that is set")
    }
}
