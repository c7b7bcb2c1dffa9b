//! The plan: a flat list of steps over numbered buffers.
//!
//! `onnx::lower` writes it, [`check`] proves it, `cpu` or `gpu` runs it. Each step reads
//! earlier buffers and writes one of its own, `y = epilogue(op(x))`; every shape is a number, so
//! nothing here is dynamic. A buffer is written by one step only, and before it is read.
//!
//! Layout: a buffer is one picture, `[height, width, channels]` row-major, in `f32`; in memory its
//! channels are padded to a multiple of 4, and executors may write anything into the padding.
//! Invariant: this module knows neither tract nor any executor.

mod arena;
#[cfg(test)]
pub(crate) mod cases;
mod check;
mod code;
mod compact;
mod constant;
pub(crate) mod half;
mod inspect;
#[cfg(test)]
pub(crate) mod interpret;
#[cfg(test)]
pub(crate) mod samples;

use std::fmt;

pub use arena::{Arena, arena};
pub use check::check;
#[cfg(test)]
pub(crate) use code::tests::mutants;
pub use code::{decode, encode};
pub use compact::compact;
pub use constant::{Constant, Data};
pub use inspect::{Inspection, StepInspection, inspect};

/// A network, ready to run. Buffers and constants are named by their index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Shape of each buffer.
    pub buffers: Vec<Shape>,
    /// Weights and other numbers that do not change.
    pub constants: Vec<Constant>,
    /// What to do, in order.
    pub steps: Vec<Step>,
    /// The buffer that the picture goes into, before the first step.
    pub input: usize,
    /// The buffer that holds the answer, after the last step.
    pub output: usize,
}

/// Rows, columns and channels of one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Channels, without padding.
    pub channels: usize,
}

impl Shape {
    /// Channels as they lie in memory: a multiple of 4.
    pub fn stride(self) -> usize {
        self.channels.next_multiple_of(4)
    }

    /// Rows times columns.
    pub fn pixels(self) -> usize {
        self.height * self.width
    }

    /// `f32` values in memory.
    pub fn len(self) -> usize {
        self.pixels() * self.stride()
    }

    /// Whether it holds nothing; no shape of a checked plan does.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {} x {}", self.height, self.width, self.channels)
    }
}

/// `y = epilogue(op(x))`.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The buffer that is read.
    pub x: usize,
    /// The buffer that is written.
    pub y: usize,
    /// What is computed.
    pub op: Op,
    /// What is done to each value before it is written.
    pub epilogue: Epilogue,
}

impl Step {
    /// Every buffer that is read: `x`, further operands and the residual; some may come twice.
    pub fn reads(&self) -> impl Iterator<Item = usize> {
        let (one, more): (Option<usize>, &[usize]) = match &self.op {
            Op::Pointwise { gate, .. } => (*gate, &[]),
            Op::Binary { other, .. } => (Some(*other), &[]),
            Op::Concat { others } => (None, others),
            _ => (None, &[]),
        };
        let residual = self.epilogue.residual.map(|residual| residual.buffer);
        std::iter::once(self.x).chain(one).chain(more.iter().copied()).chain(residual)
    }
}

/// What a step computes. Constants and further operands are indices.
///
/// Weights: `i` counts channels of `x`, `o` channels of `y`; all row-major and without padding.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// `y[.., o] = bias[o] + sum over i of gate[i] * x[.., i] * weights[i, o]`.
    Pointwise {
        /// Constant `[in, out]`.
        weights: usize,
        /// Constant `[out]`.
        bias: usize,
        /// A buffer `[1, 1, in]`; all ones if absent.
        gate: Option<usize>,
    },
    /// The same over a window: `weights` is `[kernel_h, kernel_w, in, out]`, taps outside are 0.
    Conv {
        /// Where the taps are.
        window: Window,
        /// Constant `[kernel_h, kernel_w, in, out]`.
        weights: usize,
        /// Constant `[out]`.
        bias: usize,
    },
    /// Each channel by itself: `weights` is `[kernel_h, kernel_w, channels]`, taps outside are 0.
    Depthwise {
        /// Where the taps are.
        window: Window,
        /// Constant `[kernel_h, kernel_w, channels]`.
        weights: usize,
        /// Constant `[channels]`.
        bias: usize,
    },
    /// Each pixel becomes a block of `kernel` pixels that no other touches (stride = kernel):
    /// `y[h * kh + ky, w * kw + kx, o] = bias[o] + sum over i of x[h, w, i] * weights[ky, kx, i, o]`.
    Transposed {
        /// Rows and columns of a block.
        kernel: [usize; 2],
        /// Constant `[kernel_h, kernel_w, in, out]`.
        weights: usize,
        /// Constant `[out]`.
        bias: usize,
    },
    /// The largest, or the mean, of the taps that are inside the picture.
    Pool {
        /// Where the taps are.
        window: Window,
        /// Largest or mean.
        kind: Pool,
    },
    /// The mean, or the sum, over whole axes; the axes become 1.
    Reduce {
        /// Mean or sum.
        kind: Reduce,
        /// Over the rows, over the columns.
        axes: [bool; 2],
    },
    /// `x` at the size of `y`.
    Resize(Resize),
    /// `exp(x) / sum of exp(x)` along one axis.
    Softmax {
        /// The axis that sums to 1.
        axis: Axis,
    },
    /// `x` and another buffer, element by element; each axis of `other` is that of `x`, or 1.
    Binary {
        /// What is done.
        kind: Binary,
        /// The other buffer.
        other: usize,
    },
    /// `y[.., c] = x[.., c] * scale[c] + bias[c]`.
    Affine {
        /// Constant `[channels]`.
        scale: usize,
        /// Constant `[channels]`.
        bias: usize,
    },
    /// Pixels in another order, by their place in blocks of `block` pixels. With `height` and `width`
    /// counted in blocks: `[height * bh, width * bw]` to `[bh * bw, height * width]`,
    /// `y[by * bw + bx, h * width + w] = x[h * bh + by, w * bw + bx]`; `back` is the inverse.
    Regroup {
        /// Rows and columns of a block.
        block: [usize; 2],
        /// The inverse.
        back: bool,
    },
    /// The channels of `x`, then those of each of `others`.
    Concat {
        /// Buffers of the same height and width.
        others: Vec<usize>,
    },
    /// As many channels of `x` as `y` has, from `start` on.
    Slice {
        /// The first channel.
        start: usize,
    },
    /// `x` itself, for its epilogue.
    Identity,
}

impl Op {
    /// The name of the step kind: also the stem of its kernel's file, and its name in timings.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pointwise { .. } => "pointwise",
            Self::Conv { .. } => "conv",
            Self::Depthwise { .. } => "depthwise",
            Self::Transposed { .. } => "transposed",
            Self::Pool { .. } => "pool",
            Self::Reduce { .. } => "reduce",
            Self::Resize(_) => "resize",
            Self::Softmax { .. } => "softmax",
            Self::Binary { .. } => "binary",
            Self::Affine { .. } => "affine",
            Self::Regroup { .. } => "regroup",
            Self::Concat { .. } => "concat",
            Self::Slice { .. } => "slice",
            Self::Identity => "identity",
        }
    }
}

/// Taps of a sliding window: `iy = oy * stride + ky * dilation - pad`, and alike for columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rows and columns of taps.
    pub kernel: [usize; 2],
    /// Rows and columns between two windows.
    pub stride: [usize; 2],
    /// Rows and columns between two taps.
    pub dilation: [usize; 2],
    /// Rows above and columns left of the picture; below and to the right it follows from `y`.
    pub pad: [usize; 2],
}

/// Kinds of [`Op::Pool`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// The largest tap.
    Max,
    /// The mean of the taps inside.
    Mean,
}

/// Kinds of [`Op::Reduce`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduce {
    /// The mean.
    Mean,
    /// The sum.
    Sum,
}

/// Where a pixel of the result lies in the source, and what is taken there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resize {
    /// `iy = floor(oy * in / out)`: ONNX's `asymmetric`, `floor`.
    Nearest,
    /// Between four pixels at `(oy + 0.5) * in / out - 0.5`, kept inside: ONNX's `half_pixel`.
    Bilinear,
    /// Between four pixels at `oy * (in - 1) / (out - 1)`, or at 0 if `out` is 1: ONNX's `align_corners`.
    Corners,
}

/// One of a buffer's axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Rows.
    Height,
    /// Columns.
    Width,
    /// Channels.
    Channels,
}

/// Kinds of [`Op::Binary`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// `x + other`.
    Add,
    /// `x - other`.
    Sub,
    /// `x * other`.
    Mul,
    /// `x / other`.
    Div,
    /// The larger one.
    Max,
    /// The smaller one.
    Min,
}

/// What is done to each value before it is written:
/// `activation(v + residual)`, or `activation(v) + residual` if `after`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Epilogue {
    /// The function applied to each value.
    pub activation: Activation,
    /// A buffer that is added.
    pub residual: Option<Residual>,
}

/// A buffer that a step adds to what it computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Residual {
    /// The buffer: of `y`'s shape, or if `resize` is given of any height and width.
    pub buffer: usize,
    /// Brings it to `y`'s height and width.
    pub resize: Option<Resize>,
    /// It is added after the activation instead of before.
    pub after: bool,
}

/// A function of one value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Activation {
    /// The value itself.
    #[default]
    None,
    /// `max(v, 0)`.
    Relu,
    /// `min(max(v, low), high)`.
    Clip {
        /// The least value.
        low: f32,
        /// The greatest value.
        high: f32,
    },
    /// `v` above 0, `v * slope` below.
    LeakyRelu {
        /// Factor of negative values.
        slope: f32,
    },
    /// `min(max(v * slope + offset, 0), 1)`.
    HardSigmoid {
        /// Factor.
        slope: f32,
        /// Summand.
        offset: f32,
    },
    /// `v * min(max(v + 3, 0), 6) / 6`.
    HardSwish,
    /// `1 / (1 + exp(-v))`.
    Sigmoid,
    /// `v / (1 + exp(-v))`.
    Silu,
    /// `(exp(2 v) - 1) / (exp(2 v) + 1)`.
    Tanh,
}
