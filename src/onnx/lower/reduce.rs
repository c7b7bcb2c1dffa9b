//! Sums, means, pools and softmax.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::cnn::{MaxPool, SumPool};
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer, Softmax, SoftmaxKind};

use super::conv::{Taps, taps};
use super::view::View;
use super::{Lowering, fail};
use crate::error::Result;
use crate::plan::{self, Axis, Op, Pool, Shape, Window};

/// Sums and largest values over whole rows, columns or both; a mean is a sum with a factor after it.
/// A sum over the channels is a pointwise step whose weights are 1.
pub(super) fn reduce(lowering: &mut Lowering, node: &TypedNode, op: &Reduce) -> Result<View> {
    let (view, mut axes) = lowering.whole(node, node.inputs[0])?;
    let mut x = view.buffer;
    if !matches!(op.reducer, Reducer::Sum | Reducer::Max) {
        return Err(fail(node, &format!("reducer {:?}, want a sum, a mean or the largest", op.reducer)));
    }
    let mut over = [false, false];
    for &axis in &op.axes {
        match axes[axis].take() {
            Some(Axis::Height) => over[0] = true,
            Some(Axis::Width) => over[1] = true,
            None => {}
            Some(Axis::Channels) if op.reducer == Reducer::Sum => {
                let shape = lowering.shape(x);
                let weights = lowering.add([shape.channels, 1], vec![1.0; shape.channels]);
                let bias = lowering.add([1], vec![0.0]);
                let step = Op::Pointwise { weights, bias, gate: None };
                x = lowering.push(x, Shape { channels: 1, ..shape }, step);
            }
            Some(Axis::Channels) => {
                return Err(fail(node, &format!("axes {:?} of the largest, want rows and columns", op.axes)));
            }
        }
    }
    let from = lowering.shape(x);
    let shape = Shape {
        height: if over[0] { 1 } else { from.height },
        width: if over[1] { 1 } else { from.width },
        channels: from.channels,
    };
    if shape == from {
        return Ok(View::new(x, shape, &axes));
    }
    let step = if op.reducer == Reducer::Sum {
        Op::Reduce { kind: plan::Reduce::Sum, axes: over }
    } else {
        let side = |over: bool, size: usize| if over { size } else { 1 };
        let kernel = [side(over[0], from.height), side(over[1], from.width)];
        let window = Window { kernel, stride: [1, 1], dilation: [1, 1], pad: [0, 0] };
        Op::Pool { window, kind: Pool::Max }
    };
    let y = lowering.push(x, shape, step);
    Ok(View::new(y, shape, &axes))
}

pub(super) fn max_pool(lowering: &mut Lowering, node: &TypedNode, op: &MaxPool) -> Result<View> {
    let Taps { axes, window, height, width, .. } =
        taps(lowering, node, node.inputs[0], &op.pool_spec, [0; 4])?;
    let x = lowering.picture(node, node.inputs[0], &axes)?;
    let shape = Shape { height, width, channels: lowering.shape(x).channels };
    let y = lowering.push(x, shape, Op::Pool { window, kind: Pool::Max });
    Ok(View::new(y, shape, &axes))
}

/// A mean counts only taps inside, or all of them; then it is a depthwise step with equal weights,
/// as a sum is.
pub(super) fn sum_pool(lowering: &mut Lowering, node: &TypedNode, op: &SumPool) -> Result<View> {
    let Taps { axes, window, height, width, inside } =
        taps(lowering, node, node.inputs[0], &op.pool_spec, [0; 4])?;
    let x = lowering.picture(node, node.inputs[0], &axes)?;
    let channels = lowering.shape(x).channels;
    let shape = Shape { height, width, channels };
    let step = if op.normalize && (inside || !op.count_include_pad) {
        Op::Pool { window, kind: Pool::Mean }
    } else {
        let [kernel_h, kernel_w] = window.kernel;
        let weight = if op.normalize { 1.0 / (kernel_h * kernel_w) as f32 } else { 1.0 };
        let weights =
            lowering.add([kernel_h, kernel_w, channels], vec![weight; kernel_h * kernel_w * channels]);
        let bias = lowering.add([channels], vec![0.0; channels]);
        Op::Depthwise { window, weights, bias }
    };
    let y = lowering.push(x, shape, step);
    Ok(View::new(y, shape, &axes))
}

pub(super) fn softmax(lowering: &mut Lowering, node: &TypedNode, op: &Softmax) -> Result<View> {
    let (view, axes) = lowering.whole(node, node.inputs[0])?;
    let [axis] = op.axes[..] else {
        return Err(fail(node, &format!("axes {:?}, want one", op.axes)));
    };
    if !matches!(op.kind, SoftmaxKind::Softmax) {
        return Err(fail(node, &format!("{:?}, want no logarithm", op.kind)));
    }
    // The axis may be of size 1 and have no name: any other axis of size 1 is as good, if there is one.
    let shape = lowering.shape(view.buffer);
    let axis = match axes[axis] {
        Some(axis) => axis,
        None if shape.channels == 1 => Axis::Channels,
        None if shape.height == 1 => Axis::Height,
        None if shape.width == 1 => Axis::Width,
        None => {
            return Err(fail(
                node,
                &format!("axes {:?}, which is of size 1 like no axis of a picture", op.axes),
            ));
        }
    };
    let y = lowering.push(view.buffer, shape, Op::Softmax { axis });
    Ok(view.of(y))
}
