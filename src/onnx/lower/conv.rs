//! Convolutions.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::{Pad, PadMode};
use tract_onnx::tract_core::ops::cnn::{Conv, KernelFormat, PoolSpec};

use super::view::View;
use super::{Lowering, NCHW, fail};
use crate::error::Result;
use crate::plan::{Axis, Op, Shape, Window};

/// A window over pictures whose axes are `axes`, and the rows and columns it gives.
pub(super) struct Taps {
    pub(super) axes: Vec<Option<Axis>>,
    pub(super) window: Window,
    pub(super) height: usize,
    pub(super) width: usize,
    /// Whether no tap is outside.
    pub(super) inside: bool,
}

/// Reads a window of tract's; `margin` is what a `Pad` before it adds above, below, left and right.
pub(super) fn taps(
    lowering: &Lowering,
    node: &TypedNode,
    outlet: OutletId,
    spec: &PoolSpec,
    margin: [usize; 4],
) -> Result<Taps> {
    let sizes = lowering.sizes(node, outlet)?;
    let shape = spec.data_format.shape(&sizes[..]).map_err(|error| fail(node, &format!("{error:#}")))?;
    let [in_h, in_w] = *shape.hw_dims() else {
        return Err(fail(node, &format!("window of {} axes, want 2", spec.rank())));
    };
    let [above, below, left, right] = margin;
    let padded = [in_h + above + below, in_w + left + right];
    let [rows, columns] = &spec.computed_padding(&padded)[..] else {
        return Err(fail(node, &format!("window of {} axes, want 2", spec.rank())));
    };
    let axes = match spec.data_format.c_is_last() {
        true => [NCHW[2], NCHW[3], NCHW[1]],
        false => [NCHW[1], NCHW[2], NCHW[3]],
    };
    let batch = spec.data_format.has_n().then_some(None);
    let window = Window {
        kernel: [spec.kernel_shape[0], spec.kernel_shape[1]],
        stride: [spec.stride(0), spec.stride(1)],
        dilation: [spec.dilation(0), spec.dilation(1)],
        pad: [rows.pad_before + above, columns.pad_before + left],
    };
    let none = |axis: usize, outputs: usize, size: usize, pad: usize| {
        let last = (outputs - 1) * window.stride[axis] + (window.kernel[axis] - 1) * window.dilation[axis];
        pad == 0 && last < size
    };
    let (height, width) = (rows.convoluted, columns.convoluted);
    let inside = none(0, height, in_h, window.pad[0]) && none(1, width, in_w, window.pad[1]);
    Ok(Taps { axes: batch.into_iter().chain(axes).collect(), window, height, width, inside })
}

/// The outlet that a window reads: before a margin of zeros, which then is the window's own.
fn unpadded(lowering: &Lowering, node: &TypedNode, spec: &PoolSpec) -> (OutletId, [usize; 4]) {
    let outlet = node.inputs[0];
    let before = lowering.model.node(outlet.node);
    let rows = spec.data_format.h_axis();
    if let Some(pad) = before.op_as::<Pad>()
        && matches!(&pad.mode, PadMode::Constant(value) if value.is_zero().unwrap_or(false))
        && pad.pads.iter().enumerate().all(|(axis, pads)| *pads == (0, 0) || axis == rows || axis == rows + 1)
        && let (Some(&(above, below)), Some(&(left, right))) = (pad.pads.get(rows), pad.pads.get(rows + 1))
    {
        return (before.inputs[0], [above, below, left, right]);
    }
    (outlet, [0; 4])
}

/// The weights as `[outputs, inputs of a group, kernel_h, kernel_w]`.
pub(super) fn kernel(
    lowering: &Lowering,
    node: &TypedNode,
    format: KernelFormat,
    spec: &PoolSpec,
) -> Result<impl Fn([usize; 4]) -> f32 + use<>> {
    let (shape, values) = lowering.weights(node, 1)?;
    if shape.len() != 4 || spec.rank() != 2 {
        return Err(fail(node, &format!("kernel {shape:?}, want 4 axes")));
    }
    Ok(move |[o, i, ky, kx]: [usize; 4]| {
        let at = match format {
            KernelFormat::OIHW => [o, i, ky, kx],
            KernelFormat::HWIO => [ky, kx, i, o],
            KernelFormat::OHWI => [o, ky, kx, i],
        };
        values[((at[0] * shape[1] + at[1]) * shape[2] + at[2]) * shape[3] + at[3]]
    })
}

/// The bias, one number per output; a single one stands for all.
pub(super) fn bias(lowering: &Lowering, node: &TypedNode, outputs: usize) -> Result<Vec<f32>> {
    let (_, values) = lowering.weights(node, 2)?;
    match values.len() {
        1 => Ok(vec![values[0]; outputs]),
        len if len == outputs => Ok(values),
        len => Err(fail(node, &format!("bias of {len}, want {outputs}"))),
    }
}

/// Pointwise, depthwise, or over a window; groups of several channels become a dense window with
/// zeros, which costs work but no kernel of its own.
pub(super) fn conv(lowering: &mut Lowering, node: &TypedNode, op: &Conv) -> Result<View> {
    if op.q_params.is_some() {
        return Err(fail(node, "quantized, want floating point"));
    }
    let spec = &op.pool_spec;
    let (outlet, margin) = unpadded(lowering, node, spec);
    let Taps { axes, window, height, width, inside } = taps(lowering, node, outlet, spec, margin)?;
    let x = lowering.picture(node, outlet, &axes)?;
    let (inputs, outputs, group) = (op.input_channels(), op.output_channels(), op.group);
    let at = kernel(lowering, node, op.kernel_fmt, spec)?;
    let bias = bias(lowering, node, outputs)?;
    let [kernel_h, kernel_w] = window.kernel;
    let taps = (0..kernel_h).flat_map(|ky| (0..kernel_w).map(move |kx| (ky, kx)));
    let shape = Shape { height, width, channels: outputs };
    let bias = lowering.add([outputs], bias);
    let op = if group == inputs && outputs == inputs && group > 1 {
        let weights = taps.flat_map(|(ky, kx)| (0..outputs).map(move |o| [o, 0, ky, kx])).map(at).collect();
        let weights = lowering.add([kernel_h, kernel_w, outputs], weights);
        Op::Depthwise { window, weights, bias }
    } else {
        let (group_in, group_out) = (inputs / group, outputs / group);
        let mut weights = Vec::with_capacity(kernel_h * kernel_w * inputs * outputs);
        for (ky, kx) in taps {
            for i in 0..inputs {
                for o in 0..outputs {
                    let same = i / group_in == o / group_out;
                    weights.push(if same { at([o, i % group_in, ky, kx]) } else { 0.0 });
                }
            }
        }
        if window.kernel == [1, 1] && window.stride == [1, 1] && inside {
            let weights = lowering.add([inputs, outputs], weights);
            Op::Pointwise { weights, bias, gate: None }
        } else {
            let weights = lowering.add([kernel_h, kernel_w, inputs, outputs], weights);
            Op::Conv { window, weights, bias }
        }
    };
    let y = lowering.push(x, shape, op);
    Ok(View::new(y, shape, &axes))
}
