//! Two tensors, element by element.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::binary::TypedBinOp;

use super::view::View;
use super::{Lowering, fail};
use crate::error::Result;
use crate::plan::{Activation, Axis, Binary, Epilogue, Op};

/// Two pictures, or a picture and numbers of which there is one in all or one per channel.
pub(super) fn binary(lowering: &mut Lowering, node: &TypedNode, op: &TypedBinOp) -> Result<View> {
    let kind = match op.0.name() {
        "Add" => Binary::Add,
        "Sub" => Binary::Sub,
        "Mul" => Binary::Mul,
        "Div" => Binary::Div,
        "Max" => Binary::Max,
        "Min" => Binary::Min,
        "Pow" => return power(lowering, node),
        _ => return Err(fail(node, "no step does this")),
    };
    match (lowering.constant(node, 0)?, lowering.constant(node, 1)?) {
        (None, None) => pictures(lowering, node, kind),
        (None, Some((shape, values))) => numbers(lowering, node, kind, 0, &shape, &values),
        (Some((shape, values)), None) => numbers(lowering, node, kind, 1, &shape, &values),
        (Some(_), Some(_)) => Err(fail(node, "two constants")),
    }
}

fn power(lowering: &mut Lowering, node: &TypedNode) -> Result<View> {
    match lowering.constant(node, 1)? {
        Some((_, values)) if values[..] == [2.0] => {
            let view = lowering.view(node, 0)?;
            let shape = lowering.shape(view.buffer);
            let y = lowering.push(view.buffer, shape, Op::Binary { kind: Binary::Mul, other: view.buffer });
            Ok(view.of(y))
        }
        exponent => Err(fail(node, &format!("exponent {exponent:?}, want 2"))),
    }
}

fn pictures(lowering: &mut Lowering, node: &TypedNode, kind: Binary) -> Result<View> {
    let sizes = [lowering.sizes(node, node.inputs[0])?, lowering.sizes(node, node.inputs[1])?];
    let full = lowering.sizes(node, node.id.into())?;
    let views = [lowering.view(node, 0)?, lowering.view(node, 1)?];
    let shapes = views.each_ref().map(|view| lowering.shape(view.buffer));
    // Two tensors that were cut up alike need not be put together first.
    if shapes[0] == shapes[1] && views[0].of(0) == views[1].of(0) {
        let y = lowering.push(views[0].buffer, shapes[0], Op::Binary { kind, other: views[1].buffer });
        return Ok(views[0].of(y));
    }
    let first = if sizes[0] == full { 0 } else { 1 };
    if sizes[first] != full {
        return Err(fail(node, &format!("shapes {sizes:?}, want one of {full:?}")));
    }
    let (view, axes) = lowering.whole(node, node.inputs[first])?;
    let other = lowering.picture(node, node.inputs[1 - first], &axes)?;
    let shape = lowering.shape(view.buffer);
    let y = lowering.push(view.buffer, shape, Op::Binary { kind, other });
    match kind {
        Binary::Sub if first == 1 => affine(lowering, &view.of(y), &[-1.0], &[0.0]),
        Binary::Div if first == 1 => Err(fail(node, "a smaller tensor divided by a larger one")),
        _ => Ok(view.of(y)),
    }
}

/// `y = x * scale + bias`, each one number in all or one per channel.
pub(super) fn affine(lowering: &mut Lowering, view: &View, scale: &[f32], bias: &[f32]) -> Result<View> {
    let shape = lowering.shape(view.buffer);
    let full = |values: &[f32]| match values {
        [value] => vec![*value; shape.channels],
        _ => values.to_vec(),
    };
    let scale = lowering.add([shape.channels], full(scale));
    let bias = lowering.add([shape.channels], full(bias));
    let y = lowering.push(view.buffer, shape, Op::Affine { scale, bias });
    Ok(view.of(y))
}

/// `at` is the picture's place: 0 if it comes first.
fn numbers(
    lowering: &mut Lowering,
    node: &TypedNode,
    kind: Binary,
    at: usize,
    sizes: &[usize],
    values: &[f32],
) -> Result<View> {
    let view = if values.len() == 1 {
        lowering.view(node, at)?
    } else {
        let (view, axes) = lowering.whole(node, node.inputs[at])?;
        let channels = lowering.shape(view.buffer).channels;
        let per_channel = sizes.len() == axes.len()
            && sizes.iter().zip(&axes).all(|(&size, &axis)| match axis {
                Some(Axis::Channels) => size == channels,
                _ => size == 1,
            });
        if !per_channel {
            return Err(fail(node, &format!("constant {sizes:?}, want one number, or one per channel")));
        }
        view
    };
    let map = |f: fn(f32) -> f32| values.iter().map(|&value| f(value)).collect::<Vec<f32>>();
    match (kind, at) {
        (Binary::Add, _) => affine(lowering, &view, &[1.0], values),
        (Binary::Mul, _) => affine(lowering, &view, values, &[0.0]),
        (Binary::Sub, 0) => affine(lowering, &view, &[1.0], &map(|value| -value)),
        (Binary::Sub, _) => affine(lowering, &view, &[-1.0], values),
        (Binary::Div, 0) if values.iter().all(|&value| value != 0.0) => {
            affine(lowering, &view, &map(|value| 1.0 / value), &[0.0])
        }
        (Binary::Max | Binary::Min, _)
            if values[0].is_finite() && values.iter().all(|&value| value == values[0]) =>
        {
            let activation = match kind {
                Binary::Max if values[0] == 0.0 => Activation::Relu,
                Binary::Max => Activation::Clip { low: values[0], high: f32::MAX },
                _ => Activation::Clip { low: f32::MIN, high: values[0] },
            };
            Ok(activate(lowering, &view, activation))
        }
        _ => Err(fail(node, &format!("constant {values:?} as operand {}, want another operator", 1 - at))),
    }
}

/// A step that only applies a function.
pub(super) fn activate(lowering: &mut Lowering, view: &View, activation: Activation) -> View {
    let shape = lowering.shape(view.buffer);
    let epilogue = Epilogue { activation, residual: None };
    view.of(lowering.push_with(view.buffer, shape, Op::Identity, epilogue))
}
