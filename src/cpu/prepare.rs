//! A step with its kernel chosen and its weights packed.

use std::ops::Range;

use super::finish::Finish;
use super::kernels::{
    Affine, Binary, Conv, Depthwise, Pointwise, Pool, Reduce, Regroup, Resize, Softmax, Transposed, copy,
};
use super::product::Product;
use super::{Arithmetic, Scratch, Shared};
use crate::plan::{Activation, Op, Plan, Shape, Step};

/// A step, ready to run.
pub(super) struct Prepared {
    pub(super) kernel: Kernel,
    pub(super) y: usize,
    pub(super) activation: Activation,
    pub(super) after: bool,
    /// The buffer that is added as it is.
    pub(super) residual: Option<usize>,
    /// The buffer that is added after it was brought to size.
    pub(super) resized: Option<(usize, Resize)>,
}

/// What runs a step, with the buffers that it reads.
pub(super) enum Kernel {
    Pointwise {
        kernel: Pointwise,
        x: usize,
        gate: Option<usize>,
    },
    Conv {
        kernel: Conv,
        x: usize,
    },
    Depthwise {
        kernel: Depthwise,
        x: usize,
    },
    Transposed {
        kernel: Transposed,
        x: usize,
    },
    Pool {
        kernel: Pool,
        x: usize,
    },
    Reduce {
        kernel: Reduce,
        x: usize,
    },
    Resize {
        kernel: Resize,
        x: usize,
    },
    Softmax {
        kernel: Softmax,
        x: usize,
    },
    Binary {
        kernel: Binary,
        x: usize,
        other: usize,
    },
    Affine {
        kernel: Affine,
        x: usize,
        row: usize,
    },
    Regroup {
        kernel: Regroup,
        x: usize,
    },
    /// Channels of each part: buffer, its shape, its first channel and how many.
    Concat {
        parts: Vec<(usize, Shape, usize, usize)>,
        y: Shape,
    },
}

impl Prepared {
    /// Of a plan that was checked.
    pub(super) fn new(plan: &Plan, step: &Step, arithmetic: Arithmetic) -> Self {
        let Step { x, y, ref op, epilogue } = *step;
        let (residual, resized) = match epilogue.residual {
            None => (None, None),
            Some(residual) => match residual.resize {
                None => (Some(residual.buffer), None),
                Some(how) => {
                    let resize = Resize::new(how, plan.buffers[residual.buffer], plan.buffers[y]);
                    (None, Some((residual.buffer, resize)))
                }
            },
        };
        let dense = dense(plan, step);
        Self {
            kernel: Kernel::new(plan, x, y, op, dense, arithmetic),
            y,
            activation: epilogue.activation,
            after: epilogue.residual.is_some_and(|residual| residual.after),
            residual,
            resized,
        }
    }
}

/// Whether `step` writes its one channel without padding: where that is the plan's answer, nothing
/// reads it again, and the kernel can.
pub(super) fn dense(plan: &Plan, step: &Step) -> bool {
    matches!(step.op, Op::Transposed { .. })
        && step.epilogue.residual.is_none()
        && plan.buffers[step.y].channels == 1
        && step.y == plan.output
        && !plan.steps.iter().any(|other| other.reads().any(|buffer| buffer == step.y))
}

impl Kernel {
    fn new(plan: &Plan, x: usize, y: usize, op: &Op, dense: bool, arithmetic: Arithmetic) -> Self {
        let (from, to) = (plan.buffers[x], plan.buffers[y]);
        let values = |constant: usize| plan.constants[constant].to_f32();
        // A gate changes the weights, which are whole numbers no more then.
        let product = |weights: usize, bias: usize, gated: bool| {
            let arithmetic = if gated { Arithmetic::F32 } else { arithmetic };
            Product::new(&plan.constants[weights], &values(bias), from, to, arithmetic)
        };
        match *op {
            Op::Pointwise { weights, bias, gate } => Self::Pointwise {
                kernel: Pointwise::new(from, to, product(weights, bias, gate.is_some()), gate.is_some()),
                x,
                gate,
            },
            Op::Conv { window, weights, bias } => {
                Self::Conv { kernel: Conv::new(from, to, window, product(weights, bias, false)), x }
            }
            Op::Depthwise { window, weights, bias } => Self::Depthwise {
                kernel: Depthwise::new(from, to, window, &values(weights), &values(bias)),
                x,
            },
            Op::Transposed { kernel, weights, bias } => Self::Transposed {
                kernel: Transposed::new(from, to, kernel, &values(weights), &values(bias), dense),
                x,
            },
            Op::Pool { window, kind } => Self::Pool { kernel: Pool { window, kind, x: from, y: to }, x },
            Op::Reduce { kind, axes } => Self::Reduce { kernel: Reduce { kind, axes, x: from, y: to }, x },
            Op::Resize(how) => Self::Resize { kernel: Resize::new(how, from, to), x },
            Op::Softmax { axis } => Self::Softmax { kernel: Softmax { axis, shape: from }, x },
            Op::Binary { kind, other } => {
                Self::Binary { kernel: Binary { kind, x: from, other: plan.buffers[other] }, x, other }
            }
            Op::Affine { scale, bias } => {
                let kernel = Affine::new(&values(scale), &values(bias));
                Self::Affine { kernel, x, row: from.width * from.stride() }
            }
            Op::Regroup { block, back } => Self::Regroup { kernel: Regroup::new(from, to, block, back), x },
            Op::Concat { ref others } => {
                let parts = std::iter::once(&x).chain(others).map(|&buffer| {
                    let shape = plan.buffers[buffer];
                    (buffer, shape, 0, shape.channels)
                });
                Self::Concat { parts: parts.collect(), y: to }
            }
            Op::Slice { start } => Self::Concat { parts: vec![(x, from, start, to.channels)], y: to },
            Op::Identity => Self::Concat { parts: vec![(x, from, 0, from.channels)], y: to },
        }
    }

    /// Makes what all bands of the next run share.
    pub(super) fn prepare<'a>(&self, read: impl Fn(usize) -> &'a [f32], shared: &mut Shared) {
        match *self {
            Self::Pointwise { ref kernel, gate: Some(gate), .. } => kernel.prepare(read(gate), shared),
            Self::Conv { ref kernel, x } => kernel.prepare(read(x), shared),
            _ => {}
        }
    }

    /// The rows `rows` of the result, into `y`, which is the band of just these.
    pub(super) fn run<'a>(
        &self,
        read: impl Fn(usize) -> &'a [f32],
        rows: Range<usize>,
        y: &mut [f32],
        finish: Finish<'_>,
        shared: &Shared,
        scratch: &mut Scratch,
    ) {
        match *self {
            Self::Pointwise { ref kernel, x, .. } => kernel.run(read(x), rows, y, finish, shared, scratch),
            Self::Conv { ref kernel, x } => kernel.run(read(x), rows, y, finish, shared, scratch),
            Self::Depthwise { ref kernel, x } => kernel.run(read(x), rows, y, finish, scratch),
            Self::Transposed { ref kernel, x } => kernel.run(read(x), rows, y, finish, scratch),
            Self::Pool { ref kernel, x } => kernel.run(read(x), rows, y, finish),
            Self::Reduce { ref kernel, x } => kernel.run(read(x), y, finish),
            Self::Resize { ref kernel, x } => kernel.run(read(x), rows, y, finish, &mut scratch.blend),
            Self::Softmax { ref kernel, x } => kernel.run(read(x), y, finish),
            Self::Binary { ref kernel, x, other } => kernel.run(read(x), read(other), rows, y, finish),
            Self::Affine { ref kernel, x, row } => {
                kernel.run(&read(x)[rows.start * row..rows.end * row], y, finish);
            }
            Self::Regroup { ref kernel, x } => kernel.run(read(x), y, finish),
            Self::Concat { ref parts, y: shape } => {
                let mut to = 0;
                // The padding is cleared, so that nothing stale is ever multiplied.
                y.fill(0.0);
                for &(buffer, from_shape, from, count) in parts {
                    let row = from_shape.width * from_shape.stride();
                    let x = &read(buffer)[rows.start * row..rows.end * row];
                    copy(x, from_shape, from, count, y, shape, to);
                    to += count;
                }
                finish.whole(y);
            }
        }
    }

    /// Rows that must be made together: all, for kernels that know no bands.
    pub(super) fn unit(&self, shape: Shape) -> usize {
        match self {
            Self::Transposed { kernel, .. } => kernel.band(),
            Self::Reduce { .. } | Self::Softmax { .. } | Self::Regroup { .. } => shape.height,
            _ => 1,
        }
    }

    /// Rows of a band whose residual is brought to size first.
    pub(super) fn band_rows(&self, shape: Shape) -> usize {
        (BAND_PIXELS / shape.width).max(1).next_multiple_of(self.unit(shape))
    }
}

/// Pixels of a band: enough to fill the tiles, few enough to stay in the nearest cache.
const BAND_PIXELS: usize = 256;
