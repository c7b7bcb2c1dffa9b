//! Transposed convolutions.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::cnn::Deconv;

use super::conv::{bias, kernel};
use super::layout::copy;
use super::view::View;
use super::{Lowering, NCHW, fail};
use crate::error::Result;
use crate::plan::{Op, Shape, Window};

/// The most weights that laying blocks out may take: a matrix of zeros, but for one in each row.
const MOST_LAYING: usize = 1 << 22;

/// One axis: how `oy = iy * stride + ky - pad` looks from a block of `stride` outputs.
#[derive(Clone, Copy)]
struct Axis {
    kernel: usize,
    stride: usize,
    pad: usize,
    /// How far before a block the first pixel lies that it takes a share of.
    before: usize,
    /// How far behind it the last one lies.
    behind: usize,
    blocks: usize,
    outputs: usize,
}

impl Axis {
    fn new(kernel: usize, stride: usize, pad: usize, outputs: usize) -> Option<Self> {
        let behind = pad.div_ceil(stride);
        let before = (kernel.div_ceil(stride) - 1).checked_sub(pad / stride)?;
        Some(Self { kernel, stride, pad, before, behind, blocks: outputs.div_ceil(stride), outputs })
    }

    /// Pixels that a block takes a share of.
    fn taps(self) -> usize {
        self.before + 1 + self.behind
    }

    /// The row of weights with which the pixel `tap` counts for the `place`-th output of a block.
    fn weight(self, place: usize, tap: usize) -> Option<usize> {
        let back = ((place + self.pad) / self.stride + self.before).checked_sub(tap)?;
        Some((place + self.pad) % self.stride + self.stride * back).filter(|&row| row < self.kernel)
    }

    fn is_apart(self) -> bool {
        self.kernel == self.stride && self.pad == 0 && self.outputs.is_multiple_of(self.stride)
    }
}

/// Blocks that do not meet are a step of their own. Others are a convolution that gives all the
/// pixels of a block as channels, and the blocks laid out.
pub(super) fn deconv(lowering: &mut Lowering, node: &TypedNode, op: &Deconv) -> Result<View> {
    let spec = &op.pool_spec;
    let (inputs, outputs, group) = (spec.input_channels, spec.output_channels, op.group);
    let axes = match spec.data_format.c_is_last() {
        true => [NCHW[2], NCHW[3], NCHW[1]],
        false => [NCHW[1], NCHW[2], NCHW[3]],
    };
    let axes: Vec<_> = spec.data_format.has_n().then_some(None).into_iter().chain(axes).collect();
    let x = lowering.picture(node, node.inputs[0], &axes)?;
    let at = kernel(lowering, node, op.kernel_format, spec)?;
    let bias = bias(lowering, node, outputs)?;
    let input = lowering.shape(x);
    let padding = spec.padding.compute_for_deconv(
        &[input.height, input.width],
        &spec.kernel_shape,
        &spec.dilations(),
        &spec.strides(),
        &op.adjustments,
    );
    let padding = padding.map_err(|error| fail(node, &format!("{error:#}")))?;
    let axis = |axis: usize| {
        let (pad, size) = (padding[axis].pad_before, padding[axis].deconvoluted);
        Axis::new(spec.kernel_shape[axis], spec.stride(axis), pad, size).filter(|_| spec.dilation(axis) == 1)
    };
    let (Some(rows), Some(columns)) = (axis(0), axis(1)) else {
        return Err(fail(
            node,
            &format!(
                "kernel {:?}, strides {:?}, dilations {:?}, pads {:?}, want no dilation, and pads below the kernel",
                spec.kernel_shape,
                spec.strides(),
                spec.dilations(),
                spec.padding
            ),
        ));
    };
    let (group_in, group_out) = (inputs / group, outputs / group);
    let weight = |i: usize, o: usize, ky: Option<usize>, kx: Option<usize>| match (ky, kx) {
        (Some(ky), Some(kx)) if i / group_in == o / group_out => at([o, i % group_in, ky, kx]),
        _ => 0.0,
    };
    let stride = [rows.stride, columns.stride];
    let places = || (0..stride[0]).flat_map(|py| (0..stride[1]).map(move |px| (py, px)));
    let shape = Shape { height: rows.outputs, width: columns.outputs, channels: outputs };
    if rows.is_apart() && columns.is_apart() {
        let mut weights = Vec::with_capacity(rows.kernel * columns.kernel * inputs * outputs);
        for (ky, kx) in places() {
            for i in 0..inputs {
                weights.extend((0..outputs).map(|o| weight(i, o, Some(ky), Some(kx))));
            }
        }
        let weights = lowering.add([rows.kernel, columns.kernel, inputs, outputs], weights);
        let bias = lowering.add([outputs], bias);
        let y = lowering.push(x, shape, Op::Transposed { kernel: stride, weights, bias });
        return Ok(View::new(y, shape, &axes));
    }

    let (taps, channels) = ([rows.taps(), columns.taps()], stride[0] * stride[1] * outputs);
    let laying = (stride[0] * stride[1]).saturating_mul(channels).saturating_mul(outputs);
    if laying > MOST_LAYING {
        let what =
            format!("strides {stride:?} of {outputs} channels, which takes {laying} weights to lay out");
        return Err(fail(node, &format!("{what}, want {MOST_LAYING} at most")));
    }
    let mut weights = Vec::with_capacity(taps[0] * taps[1] * inputs * channels);
    for (ty, tx) in (0..taps[0]).flat_map(|ty| (0..taps[1]).map(move |tx| (ty, tx))) {
        for i in 0..inputs {
            for (py, px) in places() {
                let (ky, kx) = (rows.weight(py, ty), columns.weight(px, tx));
                weights.extend((0..outputs).map(|o| weight(i, o, ky, kx)));
            }
        }
    }
    let weights = lowering.add([taps[0], taps[1], inputs, channels], weights);
    let bias = lowering.add([channels], bias.repeat(stride[0] * stride[1]));
    let window =
        Window { kernel: taps, stride: [1, 1], dilation: [1, 1], pad: [rows.before, columns.before] };
    let blocks = Shape { height: rows.blocks, width: columns.blocks, channels };
    let y = lowering.push(x, blocks, Op::Conv { window, weights, bias });

    // Each channel has one place in its block.
    let mut weights = Vec::with_capacity(channels * stride[0] * stride[1] * outputs);
    for place in 0..stride[0] * stride[1] {
        for channel in 0..channels {
            let one = |o: usize| if channel == place * outputs + o { 1.0 } else { 0.0 };
            weights.extend((0..outputs).map(one));
        }
    }
    let weights = lowering.add([stride[0], stride[1], channels, outputs], weights);
    let bias = lowering.add([outputs], vec![0.0; outputs]);
    let laid =
        Shape { height: rows.blocks * stride[0], width: columns.blocks * stride[1], channels: outputs };
    let y = lowering.push(y, laid, Op::Transposed { kernel: stride, weights, bias });
    let y = if laid == shape { y } else { copy(lowering, y, shape, [0, 0], [1, 1]) };
    Ok(View::new(y, shape, &axes))
}
