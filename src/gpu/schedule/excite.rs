//! Chains of steps on vectors, which one workgroup does at once.

use super::{Draft, Operand, Pass, activation, padded};
use crate::gpu::steps;
use crate::plan::{Op, Reduce, Step};

/// As in `excite.wgsl`: layers of one chain, vectors of four in its memory, and invocations.
const LAYERS: usize = 8;
const ROOM: usize = 512;
const SIZE: usize = 128;
/// What a layer sums, if no picture.
const PRODUCT: usize = 2;
/// In place of a residual.
const NOTHING: u32 = u32::MAX;

/// The steps of a chain so far.
#[derive(Default)]
struct Chain {
    /// The pictures that are reduced.
    pictures: Vec<usize>,
    /// The vectors that are made, and where each lies.
    vectors: Vec<(usize, usize)>,
    room: usize,
}

impl Chain {
    fn place(&self, buffer: usize) -> Option<usize> {
        self.vectors.iter().find(|(vector, _)| *vector == buffer).map(|(_, place)| *place)
    }
}

impl Draft<'_> {
    /// Adds a dispatch for the chain that begins at step `at`, if one does, be it of one mean; how many
    /// steps that is.
    pub(super) fn excite(&mut self, at: usize) -> Option<usize> {
        let mut chain = Chain::default();
        let mut end = at;
        while end < self.plan.steps.len() && end - at < LAYERS && self.lengthen(&mut chain, end) {
            end += 1;
        }
        // Only the last vector is written, so no other may be read elsewhere.
        while end > at + 1 && !self.keeps_within(at, end) {
            end -= 1;
        }
        if end == at {
            return None;
        }
        let pictures = &chain.pictures;
        let mut words = vec![(end - at) as u32, 0, 0, 0];
        let mut numbers = Vec::new();
        for step in &self.plan.steps[at..end] {
            self.layer(step, &chain, &mut words, &mut numbers);
        }
        words.resize(4 + 12 * LAYERS, 0);
        let operands = vec![
            Operand::Tensor(pictures[0]),
            Operand::Tensor(pictures.get(1).copied().unwrap_or(pictures[0])),
            self.numbers(numbers),
            Operand::Tensor(self.plan.steps[end - 1].y),
        ];
        self.made.passes.push(Pass {
            shader: &steps::EXCITE,
            steps: (at..end).collect(),
            constants: Vec::new(),
            parameters: words,
            operands,
            invocations: [SIZE, 1, 1],
        });
        Some(end - at)
    }

    /// Takes step `at` into the chain, if it can be part of it.
    fn lengthen(&self, chain: &mut Chain, at: usize) -> bool {
        let step = &self.plan.steps[at];
        let y = self.shape(step.y);
        let blocks = y.stride() / 4;
        if y.pixels() != 1 || blocks > SIZE || chain.room + blocks > ROOM {
            return false;
        }
        let residual = step.epilogue.residual;
        if residual.is_some_and(|r| r.resize.is_some() || chain.place(r.buffer).is_none()) {
            return false;
        }
        match step.op {
            Op::Reduce { .. } => {
                if !chain.pictures.contains(&step.x) {
                    if chain.pictures.len() == 2 {
                        return false;
                    }
                    chain.pictures.push(step.x);
                }
            }
            Op::Pointwise { gate: None, .. } if chain.place(step.x).is_some() => {}
            _ => return false,
        }
        chain.vectors.push((step.y, chain.room));
        chain.room += blocks;
        true
    }

    /// Whether nothing but the last of the steps `at..end` makes what others need.
    fn keeps_within(&self, at: usize, end: usize) -> bool {
        let inner: Vec<usize> = self.plan.steps[at..end - 1].iter().map(|step| step.y).collect();
        !inner.contains(&self.plan.output)
            && self.plan.steps[end..].iter().all(|step| step.reads().all(|buffer| !inner.contains(&buffer)))
    }

    /// Adds a step as a layer: its parameters, and its matrix, scales and biases.
    fn layer(&self, step: &Step, chain: &Chain, words: &mut Vec<u32>, numbers: &mut Vec<f32>) {
        let (x, y) = (self.shape(step.x), self.shape(step.y));
        let matrix = numbers.len() / 4;
        let (kind, count, source, factor, bias) = match &step.op {
            Op::Pointwise { weights, bias, .. } => {
                numbers.extend(padded(&self.plan.constants[*weights].to_f32(), y));
                let source = chain.place(step.x).expect("in the chain");
                (PRODUCT, x.channels, source, 1.0, self.vector(*bias, y))
            }
            Op::Reduce { kind, .. } => {
                let factor = if *kind == Reduce::Mean { 1.0 / x.pixels() as f32 } else { 1.0 };
                let picture = chain.pictures.iter().position(|&picture| picture == step.x);
                (picture.expect("in the chain"), x.pixels(), 0, factor, vec![0.0; y.stride()])
            }
            op => unreachable!("no chain has a {}", op.name()),
        };
        let scales = numbers.len() / 4;
        numbers.resize(numbers.len() + y.stride(), factor);
        numbers.extend(bias);
        words.extend([kind, count, y.stride() / 4, source, matrix, scales].map(|n| n as u32));
        let place = |buffer| chain.place(buffer).expect("in the chain") as u32;
        let (residual, after) =
            step.epilogue.residual.map_or((NOTHING, false), |r| (place(r.buffer), r.after));
        let (kind, a, b) = activation(step.epilogue.activation);
        words.extend([residual, after.into(), place(step.y), kind.into(), a.to_bits(), b.to_bits()]);
    }
}
