//! A network that is ready to run on a GPU: weights uploaded, buffers, pipelines and bind groups made.

#[cfg(not(target_arch = "wasm32"))]
use std::collections::HashSet;

use super::device::Gpu;
use super::schedule::{Operand, Pass, schedule};
use super::shader::Dispatch;
use super::slots::{Use, slots};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::{self, Plan, Shape};

/// Runs a plan on buffers of one GPU.
pub(super) struct Network {
    slots: Vec<wgpu::Buffer>,
    dispatches: Vec<Dispatch>,
    #[cfg(not(target_arch = "wasm32"))]
    work: Vec<Work>,
    shapes: [Shape; 2],
    /// Slots of input and output.
    ends: [usize; 2],
    output_stride: usize,
}

/// What one dispatch has to do.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    pub(super) multiply_adds: u64,
    /// Bytes of all that it reads and writes, each once.
    pub(super) bytes: u64,
}

/// Where parts of a buffer may begin, by WebGPU's default limits.
const ALIGNMENT: usize = 256;

impl Network {
    /// Uploads the weights of `plan`, and makes its pipelines and bind groups.
    ///
    /// # Errors
    /// As [`plan::check`]; `GpuUnavailable` if it takes more than any GPU is sure to have.
    pub(super) fn new(gpu: &Gpu, plan: &Plan) -> Result<Self> {
        plan::check(plan)?;
        let schedule = schedule(plan);
        let uses: Vec<Use> = schedule.passes.iter().map(Pass::uses).collect();
        let placed = slots(&schedule.tensors, &uses, plan.input, plan.output);
        let half = gpu.adapter().half;

        let (parameters, parameter_places) = joined(
            schedule
                .passes
                .iter()
                .map(|pass| pass.parameters.iter().flat_map(|word| word.to_ne_bytes()).collect()),
        );
        let (weights, weight_places) =
            joined(schedule.weights.iter().map(|values| if half { halves(values) } else { singles(values) }));
        let (numbers, number_places) = joined(schedule.numbers.iter().map(|values| singles(values)));

        let limits = gpu.device.limits();
        let too_large = |what: &str, got: u64, most: u64| {
            let message = format!("the network takes {got} {what}, a GPU is sure to have {most}");
            Err(Error::new(ErrorKind::GpuUnavailable, message))
        };
        let bytes = placed.lens.iter().map(|len| 4 * len).chain([weights.len(), numbers.len()]);
        let most = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        if let Some(bytes) = bytes.map(|bytes| bytes as u64).find(|&bytes| bytes > most) {
            return too_large("bytes in one buffer", bytes, most);
        }
        let most = u64::from(limits.max_compute_workgroups_per_dimension);
        for pass in &schedule.passes {
            for (invocations, size) in pass.invocations.iter().zip(pass.shader.workgroup) {
                let groups = invocations.div_ceil(size as usize) as u64;
                if groups > most {
                    return too_large("workgroups along an axis", groups, most);
                }
            }
        }

        let storage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
        let filled = |label: &str, bytes: &[u8], usage: wgpu::BufferUsages| {
            let buffer = gpu.buffer(label, bytes.len(), usage | wgpu::BufferUsages::COPY_DST);
            gpu.queue.write_buffer(&buffer, 0, bytes);
            buffer
        };
        let parameters = filled("parameters", &parameters, wgpu::BufferUsages::UNIFORM);
        let weights = filled("weights", &weights, storage);
        let numbers = filled("numbers", &numbers, storage);
        let buffers: Vec<wgpu::Buffer> = placed
            .lens
            .iter()
            .map(|len| gpu.buffer("slot", 4 * len, storage | wgpu::BufferUsages::COPY_SRC))
            .collect();

        let slot = |tensor: usize| placed.of[tensor].expect("every tensor in use has a slot");
        let part = |buffer, [offset, size]: [usize; 2]| {
            wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                buffer,
                offset: offset as u64,
                size: wgpu::BufferSize::new(size as u64),
            })
        };
        let resource = |operand: &Operand| match *operand {
            Operand::Tensor(tensor) => part(&buffers[slot(tensor)], [0, 4 * schedule.tensors[tensor]]),
            Operand::Weights(at) => part(&weights, weight_places[at]),
            Operand::Numbers(at) => part(&numbers, number_places[at]),
        };
        let dispatches = schedule.passes.iter().zip(&parameter_places).map(|(pass, &place)| {
            let mut resources = vec![part(&parameters, place)];
            resources.extend(pass.operands.iter().map(resource));
            let label = pass.label(plan);
            let half = half && pass.has_weights();
            Dispatch::with_weights(
                gpu,
                label,
                pass.shader,
                half,
                &pass.constants,
                &resources,
                pass.invocations,
            )
        });
        #[cfg(not(target_arch = "wasm32"))]
        let work = {
            let bytes = |operand: &Operand| match *operand {
                Operand::Tensor(tensor) => 4 * schedule.tensors[tensor],
                Operand::Weights(at) => weight_places[at][1],
                Operand::Numbers(at) => number_places[at][1],
            };
            schedule
                .passes
                .iter()
                .map(|pass| {
                    let operands: HashSet<Operand> = pass.operands.iter().copied().collect();
                    Work {
                        multiply_adds: pass.steps.iter().map(|&step| plan.step_multiply_adds(step)).sum(),
                        bytes: operands.iter().map(|operand| bytes(operand) as u64).sum(),
                    }
                })
                .collect()
        };
        Ok(Self {
            dispatches: dispatches.collect(),
            #[cfg(not(target_arch = "wasm32"))]
            work,
            shapes: [plan.buffers[plan.input], plan.buffers[plan.output]],
            ends: [slot(plan.input), slot(plan.output)],
            output_stride: schedule.output_stride,
            slots: buffers,
        })
    }

    /// Where the picture goes, anew before each run: `[height, width, stride]` in `f32`, 0 in the
    /// padding. It may be longer.
    pub(super) fn input(&self) -> &wgpu::Buffer {
        &self.slots[self.ends[0]]
    }

    /// What a run gives: `[height, width, output_stride]` in `f32`, anything in the padding. It may be
    /// longer, and holds the answer until the next run begins.
    pub(super) fn output(&self) -> &wgpu::Buffer {
        &self.slots[self.ends[1]]
    }

    /// Values from one pixel of the output to the next.
    pub(super) fn output_stride(&self) -> usize {
        self.output_stride
    }

    /// Shapes of the input and of the output.
    pub(super) fn shapes(&self) -> [Shape; 2] {
        self.shapes
    }

    /// Records one run.
    pub(super) fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        for dispatch in &self.dispatches {
            dispatch.record(pass);
        }
    }

    /// What each dispatch has to do.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn work(&self) -> &[Work] {
        &self.work
    }

    /// What a run consists of, in order.
    pub(super) fn dispatches(&self) -> &[Dispatch] {
        &self.dispatches
    }
}

impl Pass {
    /// The kinds of its steps.
    fn label(&self, plan: &Plan) -> String {
        let names: Vec<&str> = self.steps.iter().map(|&step| plan.steps[step].op.name()).collect();
        names.join(" + ")
    }
}

/// All of `parts` in one block, and where each begins, and how long it is.
fn joined(parts: impl Iterator<Item = Vec<u8>>) -> (Vec<u8>, Vec<[usize; 2]>) {
    let mut block = Vec::new();
    let places = parts
        .map(|part: Vec<u8>| {
            let place = [block.len(), part.len().next_multiple_of(16)];
            block.extend(part);
            block.resize(block.len().next_multiple_of(ALIGNMENT), 0);
            place
        })
        .collect();
    (block, places)
}

fn singles(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

fn halves(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|&value| plan::half::nearest(value).to_ne_bytes()).collect()
}
