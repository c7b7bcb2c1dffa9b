//! What moves numbers but does not change them: axes, slices, joints, margins, repeats.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{AxisOp, DimLike};
use tract_onnx::tract_core::ops::array::{Pad, PadMode, Slice, StridedSlice, TypedConcat};

use super::view::{View, size};
use super::{Lowering, fail};
use crate::error::Result;
use crate::plan::{Axis, Op, Resize, Shape, Window};

/// Axes that are added, removed, moved, split and joined cost nothing.
pub(super) fn axes(lowering: &mut Lowering, node: &TypedNode, op: &AxisOp) -> Result<View> {
    let mut view = lowering.view(node, 0)?;
    let sound = match op {
        AxisOp::Add(at) => {
            view.insert(*at);
            true
        }
        AxisOp::Rm(at) => view.remove(*at),
        AxisOp::Move(from, to) => {
            view.shift(*from, *to);
            true
        }
        AxisOp::Reshape(at, from, to) => {
            let sizes: std::result::Result<Vec<usize>, _> = to.iter().map(|size| size.to_usize()).collect();
            let sizes = sizes.map_err(|error| fail(node, &format!("{error:#}")))?;
            view.reshape(*at, from.len(), &sizes)
        }
    };
    if sound { Ok(view) } else { Err(fail(node, &format!("{op:?} tears a picture's axes apart"))) }
}

/// Some of the channels, rows or columns.
pub(super) fn slice(lowering: &mut Lowering, node: &TypedNode, op: &Slice) -> Result<View> {
    let (view, axes) = lowering.whole(node, node.inputs[0])?;
    let sizes = || -> TractResult<[usize; 2]> { Ok([op.start.to_usize()?, op.end.to_usize()?]) };
    let [start, end] = sizes().map_err(|error| fail(node, &format!("{error:#}")))?;
    cut(lowering, node, view, axes[op.axis], [start, end - start, 1])
}

/// The same on several axes, with steps.
pub(super) fn strided_slice(lowering: &mut Lowering, node: &TypedNode, op: &StridedSlice) -> Result<View> {
    let (mut view, axes) = lowering.whole(node, node.inputs[0])?;
    let sizes = lowering.sizes(node, node.inputs[0])?;
    let numbers = |slot: Option<usize>| match slot {
        Some(slot) => lowering.weights(node, slot).map(|(_, values)| Some(values)),
        None => Ok(None),
    };
    let (named, steps) = (numbers(op.optional_axes_input)?, numbers(op.optional_steps_input)?);
    let steps: Vec<i32> = steps.unwrap_or(vec![1.0; sizes.len()]).iter().map(|&step| step as i32).collect();
    let named = named.unwrap_or((0..steps.len()).map(|axis| axis as f32).collect());
    let (begin, end) = (lowering.tensor(node, 1)?, lowering.tensor(node, 2)?);
    if op.shrink_axis_mask != 0 {
        return Err(fail(node, &format!("shrink_axis_mask {}, want 0", op.shrink_axis_mask)));
    }
    for (at, &axis) in named.iter().enumerate() {
        let axis = if axis < 0.0 { sizes.len() - axis.abs() as usize } else { axis as usize };
        let range = || -> TractResult<[usize; 3]> {
            let dim = op.prepare_one_dim(at, &sizes[axis].to_dim(), &begin, &end, &steps)?;
            let (start, end, step) =
                (dim.begin.to_usize()?, dim.end.to_usize()?, usize::try_from(dim.stride)?);
            Ok([start, end.saturating_sub(start).div_ceil(step), step])
        };
        let range = range().map_err(|error| fail(node, &format!("{error:#}")))?;
        view = cut(lowering, node, view, axes[axis], range)?;
    }
    Ok(view)
}

/// From `start` on `count` of one axis, each `step` after the last.
fn cut(
    lowering: &mut Lowering,
    node: &TypedNode,
    view: View,
    axis: Option<Axis>,
    [start, count, step]: [usize; 3],
) -> Result<View> {
    let x = lowering.shape(view.buffer);
    let Some(axis) = axis.filter(|&axis| count != size(x, axis)) else { return Ok(view) };
    if count == 0 {
        return Err(fail(node, "takes nothing, want one or more"));
    }
    let y = match axis {
        Axis::Channels if step == 1 => {
            lowering.push(view.buffer, Shape { channels: count, ..x }, Op::Slice { start })
        }
        Axis::Channels => return Err(fail(node, &format!("takes each {step}th channel, want each"))),
        Axis::Height => {
            let shape = Shape { height: count, ..x };
            copy(lowering, view.buffer, shape, [start as isize, 0], [step, 1])
        }
        Axis::Width => {
            let shape = Shape { width: count, ..x };
            copy(lowering, view.buffer, shape, [0, start as isize], [1, step])
        }
    };
    Ok(view.resized(y, axis, count))
}

/// A picture of `shape` whose first pixel is that of `x` at `from`, and each further one `stride` away;
/// zeros where `x` has none.
pub(super) fn copy(
    lowering: &mut Lowering,
    x: usize,
    shape: Shape,
    from: [isize; 2],
    stride: [usize; 2],
) -> usize {
    let input = lowering.shape(x);
    // One tap is 1 and the others 0: those are there because windows begin in the picture or above
    // and left of it, whereas `x` may end before `y` does.
    let axis = |axis: usize, size: usize, outputs: usize| {
        let last = ((outputs - 1) * stride[axis]) as isize;
        let pad = (last + 1 - size as isize).max(-from[axis]).max(0);
        let tap = from[axis] + pad;
        (tap.max(pad) as usize + 1, pad as usize, tap as usize)
    };
    let (kernel_h, pad_h, tap_h) = axis(0, input.height, shape.height);
    let (kernel_w, pad_w, tap_w) = axis(1, input.width, shape.width);
    let mut weights = vec![0.0; kernel_h * kernel_w * shape.channels];
    weights[(tap_h * kernel_w + tap_w) * shape.channels..][..shape.channels].fill(1.0);
    let weights = lowering.add([kernel_h, kernel_w, shape.channels], weights);
    let bias = lowering.add([shape.channels], vec![0.0; shape.channels]);
    let window = Window { kernel: [kernel_h, kernel_w], stride, dilation: [1, 1], pad: [pad_h, pad_w] };
    lowering.push(x, shape, Op::Depthwise { window, weights, bias })
}

/// A margin of zeros.
pub(super) fn pad(lowering: &mut Lowering, node: &TypedNode, op: &Pad) -> Result<View> {
    let (view, axes) = lowering.whole(node, node.inputs[0])?;
    let zero = matches!(&op.mode, PadMode::Constant(value) if value.is_zero().unwrap_or(false));
    let mut shape = lowering.shape(view.buffer);
    let mut from = [0, 0];
    for (axis, &(before, after)) in axes.iter().zip(&op.pads) {
        match axis {
            _ if before + after == 0 => {}
            Some(Axis::Height) => {
                shape.height += before + after;
                from[0] = -(before as isize);
            }
            Some(Axis::Width) => {
                shape.width += before + after;
                from[1] = -(before as isize);
            }
            _ => return Err(fail(node, &format!("pads {:?}, want only rows and columns", op.pads))),
        }
    }
    if !zero {
        return Err(fail(node, &format!("mode {:?}, want zeros", op.mode)));
    }
    let y = copy(lowering, view.buffer, shape, from, [1, 1]);
    Ok(View::new(y, shape, &axes))
}

/// Channels behind channels.
pub(super) fn concat(lowering: &mut Lowering, node: &TypedNode, op: &TypedConcat) -> Result<View> {
    let (first, axes) = lowering.whole(node, node.inputs[0])?;
    let mut shape = lowering.shape(first.buffer);
    // One channel is an axis of size 1: which one it is shows in what it is joined to.
    let channels: Vec<Option<Axis>> = axes
        .iter()
        .enumerate()
        .map(|(at, &axis)| if at == op.axis { axis.or(Some(Axis::Channels)) } else { axis })
        .collect();
    if channels[op.axis] != Some(Axis::Channels) {
        return Err(fail(node, &format!("axis {}, want that of the channels", op.axis)));
    }
    let mut others = Vec::new();
    for &input in &node.inputs[1..] {
        let other = lowering.picture(node, input, &channels)?;
        shape.channels += lowering.shape(other).channels;
        others.push(other);
    }
    let y = lowering.push(first.buffer, shape, Op::Concat { others });
    Ok(View::new(y, shape, &channels))
}

/// One pixel, row or column repeated.
pub(super) fn broadcast(lowering: &mut Lowering, node: &TypedNode) -> Result<View> {
    let (view, axes) = lowering.whole(node, node.inputs[0])?;
    let (from, to) = (lowering.sizes(node, node.inputs[0])?, lowering.sizes(node, node.id.into())?);
    if from == to {
        return Ok(view);
    }
    // Axes of size 1 take the names that are not taken, in the picture's order.
    let free = [Axis::Height, Axis::Width].into_iter().filter(|axis| !axes.contains(&Some(*axis)));
    let mut free = free.collect::<Vec<_>>().into_iter();
    let mut shape = lowering.shape(view.buffer);
    let mut names = axes.clone();
    if from.len() != to.len() {
        return Err(fail(node, &format!("broadcast of {from:?} to {to:?}, want as many axes")));
    }
    for (at, (&from, &to)) in from.iter().zip(&to).enumerate() {
        if from == to {
            continue;
        }
        match free.next() {
            Some(Axis::Height) => {
                shape.height = to;
                names[at] = Some(Axis::Height);
            }
            Some(_) => {
                shape.width = to;
                names[at] = Some(Axis::Width);
            }
            None => return Err(fail(node, &format!("broadcast to {to} on axis {at}, want rows or columns"))),
        }
    }
    let y = lowering.push(view.buffer, shape, Op::Resize(Resize::Nearest));
    Ok(View::new(y, shape, &names))
}
