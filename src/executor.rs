//! What runs a network: the seam between the pipeline and the executors.

use crate::cpu::{self, Arithmetic};
use crate::error::Result;
#[cfg(feature = "onnx")]
use crate::onnx;
use crate::plan::{Plan, Shape};

/// Which executor runs a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecutorKind {
    /// A plan, by the kernels of this crate.
    Cpu,
    /// An ONNX file, by the tract library.
    Tract,
    /// A plan, and all that is around it, on a GPU.
    Gpu,
}

impl ExecutorKind {
    /// The name, as JavaScript and the command line show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Tract => "tract",
            Self::Gpu => "gpu",
        }
    }
}

/// A network that is ready to run.
///
/// The picture lies as in a plan's buffers: `[height, width, stride]`, where the stride is the
/// channels padded to a multiple of 4; the answer's stride is the executor's choice.
pub(crate) enum Executor {
    Cpu(Box<cpu::Executor>, Arithmetic),
    #[cfg(feature = "onnx")]
    Tract(Box<Tract>),
}

/// tract, with its picture in the same shape as a plan's.
#[cfg(feature = "onnx")]
pub(crate) struct Tract {
    network: onnx::Network,
    input: Vec<f32>,
    output: Vec<f32>,
}

impl Executor {
    pub(crate) fn cpu(plan: Plan, arithmetic: Arithmetic) -> Result<Self> {
        Ok(Self::Cpu(Box::new(cpu::Executor::new(plan, arithmetic)?), arithmetic))
    }

    /// In what it multiplies; tract has single precision only.
    pub(crate) fn arithmetic(&self) -> Arithmetic {
        match *self {
            Self::Cpu(_, arithmetic) => arithmetic,
            #[cfg(feature = "onnx")]
            Self::Tract(_) => Arithmetic::F32,
        }
    }

    #[cfg(feature = "onnx")]
    pub(crate) fn tract(network: onnx::Network) -> Self {
        let mut this = Tract { network, input: Vec::new(), output: Vec::new() };
        let [input, output] = this.shapes();
        this.input = vec![0.0; input.len()];
        this.output = vec![0.0; output.pixels() * output.channels];
        Self::Tract(Box::new(this))
    }

    pub(crate) fn kind(&self) -> ExecutorKind {
        match self {
            Self::Cpu(..) => ExecutorKind::Cpu,
            #[cfg(feature = "onnx")]
            Self::Tract(_) => ExecutorKind::Tract,
        }
    }

    /// Of the picture, and of the answer.
    pub(crate) fn shapes(&self) -> [Shape; 2] {
        match self {
            Self::Cpu(executor, _) => executor.shapes(),
            #[cfg(feature = "onnx")]
            Self::Tract(tract) => tract.shapes(),
        }
    }

    /// Where the picture goes, anew before each run; 0 in the padding.
    pub(crate) fn input(&mut self) -> &mut [f32] {
        match self {
            Self::Cpu(executor, _) => executor.input(),
            #[cfg(feature = "onnx")]
            Self::Tract(tract) => &mut tract.input,
        }
    }

    /// Runs the network on what [`Executor::input`] holds.
    ///
    /// # Errors
    /// `Internal` if tract fails.
    pub(crate) fn run(&mut self) -> Result<()> {
        match self {
            Self::Cpu(executor, _) => executor.run(),
            #[cfg(feature = "onnx")]
            Self::Tract(tract) => tract.run()?,
        }
        Ok(())
    }

    /// Runs step `at` of a plan on whatever is in memory, to have run it; whether there is such a step.
    pub(crate) fn try_step(&mut self, at: usize) -> bool {
        match self {
            Self::Cpu(executor, _) => executor.try_step(at),
            #[cfg(feature = "onnx")]
            Self::Tract(_) => false,
        }
    }

    /// The last run's answer. Its padding may hold anything.
    pub(crate) fn output(&self) -> &[f32] {
        match self {
            Self::Cpu(executor, _) => executor.output(),
            #[cfg(feature = "onnx")]
            Self::Tract(tract) => &tract.output,
        }
    }

    /// Values from one pixel of [`Executor::output`] to the next.
    pub(crate) fn output_stride(&self) -> usize {
        match self {
            Self::Cpu(executor, _) => executor.output_stride(),
            #[cfg(feature = "onnx")]
            Self::Tract(tract) => tract.shapes()[1].channels,
        }
    }
}

#[cfg(feature = "onnx")]
impl Tract {
    fn shapes(&self) -> [Shape; 2] {
        let onnx::Signature { in_h, in_w, out_h, out_w, classes, .. } = self.network.signature();
        let shape = |height, width, channels| Shape { height, width, channels };
        [shape(in_h, in_w, 3), shape(out_h, out_w, classes)]
    }

    fn run(&mut self) -> Result<()> {
        let picture: Vec<f32> = self
            .input
            .as_chunks::<4>()
            .0
            .iter()
            .flat_map(|&[red, green, blue, _]| [red, green, blue])
            .collect();
        self.output.copy_from_slice(&self.network.run(&picture)?);
        Ok(())
    }
}
