//! Functions of one value.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::ElementWiseMiniOp;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::math::{Abs, Neg, Square, Tanh};
use tract_onnx::tract_core::ops::nn::{HardSwish, LeakyRelu, Sigmoid, Silu};

use super::binary::{activate, affine};
use super::view::View;
use super::{Lowering, fail};
use crate::error::Result;
use crate::plan::{Activation, Binary, Op};

pub(super) fn element_wise(lowering: &mut Lowering, node: &TypedNode, op: &ElementWiseOp) -> Result<View> {
    let view = lowering.view(node, 0)?;
    let op: &dyn ElementWiseMiniOp = &*op.0;
    let activation = if op.is::<Sigmoid>() {
        Activation::Sigmoid
    } else if op.is::<HardSwish>() {
        Activation::HardSwish
    } else if op.is::<Silu>() {
        Activation::Silu
    } else if op.is::<Tanh>() {
        Activation::Tanh
    } else if let Some(LeakyRelu { alpha }) = op.downcast_ref() {
        Activation::LeakyRelu { slope: *alpha }
    } else if op.is::<Abs>() {
        // |v| is v above 0 and -v below.
        Activation::LeakyRelu { slope: -1.0 }
    } else if op.is::<Neg>() {
        return affine(lowering, &view, &[-1.0], &[0.0]);
    } else if op.is::<Square>() {
        let shape = lowering.shape(view.buffer);
        let y = lowering.push(view.buffer, shape, Op::Binary { kind: Binary::Mul, other: view.buffer });
        return Ok(view.of(y));
    } else {
        return Err(fail(node, "no step does this"));
    };
    Ok(activate(lowering, &view, activation))
}
