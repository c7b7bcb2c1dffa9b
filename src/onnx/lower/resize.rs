//! Resizing, and the operators that there is no step for.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::nn::resize::{CoordTransformer, Interpolator};
use tract_onnx_opl::resize::{AspectRatio, CoordTransform, Nearest, Resize};

use super::view::View;
use super::{Lowering, fail};
use crate::error::Result;
use crate::plan::{self, Axis, Op, Shape};

/// The end of the chain of operators: what is no resize has no step.
pub(super) fn resize(lowering: &mut Lowering, node: &TypedNode) -> Result<View> {
    let Some(op) = node.op_as::<Resize>() else {
        return Err(fail(node, "no step does this"));
    };
    let (view, axes) = lowering.whole(node, node.inputs[0])?;
    let (from, to) = (lowering.sizes(node, node.inputs[0])?, lowering.sizes(node, node.id.into())?);
    let mut shape = lowering.shape(view.buffer);
    let mut whole = true;
    for (at, axis) in axes.iter().enumerate() {
        whole &= to[at].is_multiple_of(from[at]);
        match axis {
            _ if from[at] == to[at] => {}
            Some(Axis::Height) => shape.height = to[at],
            Some(Axis::Width) => shape.width = to[at],
            _ => return Err(fail(node, &format!("{from:?} to {to:?}, want only rows and columns resized"))),
        }
    }
    if shape == lowering.shape(view.buffer) {
        return Ok(view);
    }
    // The exact factor may differ from the ratio of the sizes, which is what a step goes by.
    if let Some(scales) = op.optional_scales_input
        && scales < node.inputs.len()
        && let Some((_, scales)) = lowering.constant(node, scales)?
        && scales.len() == from.len()
        && !scales.iter().enumerate().all(|(at, scale)| *scale == to[at] as f32 / from[at] as f32)
    {
        return Err(fail(node, &format!("scales {scales:?} for {from:?}, want them to divide evenly")));
    }
    let kind = kind(op, whole, shape).ok_or_else(|| {
        fail(
            node,
            &format!(
                "coordinate_transformation_mode {}, mode {}, nearest_mode {}, antialias {}, \
                 exclude_outside {}; want linear with half_pixel or align_corners, or nearest of whole pixels",
                op.coord_transformer.as_str(),
                op.interpolator.as_str(),
                op.nearest.as_str(),
                op.antialias,
                op.exclude_outside
            ),
        )
    })?;
    let y = lowering.push(view.buffer, shape, Op::Resize(kind));
    Ok(View::new(y, shape, &axes))
}

/// `whole` says that all factors are whole numbers.
fn kind(op: &Resize, whole: bool, shape: Shape) -> Option<plan::Resize> {
    if op.antialias || op.exclude_outside || op.keep_aspect_ratio_policy != AspectRatio::Stretch {
        return None;
    }
    let CoordTransform::Plain(coordinates) = &op.coord_transformer else { return None };
    match (&op.interpolator, coordinates) {
        (Interpolator::Linear, CoordTransformer::HalfPixel) => Some(plan::Resize::Bilinear),
        (Interpolator::Linear, CoordTransformer::PytorchHalfPixel) if shape.height > 1 && shape.width > 1 => {
            Some(plan::Resize::Bilinear)
        }
        (Interpolator::Linear, CoordTransformer::AlignCorners) => Some(plan::Resize::Corners),
        (Interpolator::Nearest, CoordTransformer::Asymmetric) if op.nearest == Nearest::Floor => {
            Some(plan::Resize::Nearest)
        }
        // For whole factors no coordinate is half way between two pixels, so the nearest is the same.
        (Interpolator::Nearest, CoordTransformer::HalfPixel | CoordTransformer::PytorchHalfPixel)
            if whole && matches!(op.nearest, Nearest::RoundPreferFloor | Nearest::RoundPreferCeil) =>
        {
            Some(plan::Resize::Nearest)
        }
        _ => None,
    }
}
