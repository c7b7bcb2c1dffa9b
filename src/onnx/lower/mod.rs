//! An ONNX file as a [`Plan`]: tract reads it and infers its shapes, here each of its nodes becomes
//! steps, and [`fuse`] makes few steps of many.
//!
//! What is walked is tract's plain typed graph, not the decluttered one, which is harder here:
//! there a 1x1 convolution is an `EinSum` with its bias as an `Add`, a strided one a `Downsample`
//! before it, a nearest enlargement a `Reshape` and a broadcast, and transposes have moved.
//! Folding constants is all that is missed, and is done here.
//!
//! One file per family of operators, each with functions `(lowering, node)`.

mod binary;
mod conv;
mod deconv;
mod einsum;
mod element_wise;
mod fuse;
mod layout;
mod reduce;
mod resize;
#[cfg(test)]
mod tests;
mod view;

use std::collections::HashMap;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{AxisOp, TypedOp};
use tract_onnx::tract_core::ops::array::{MultiBroadcastTo, Pad, Slice, StridedSlice, TypedConcat};
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::cast::Cast;
use tract_onnx::tract_core::ops::cnn::{Conv, Deconv, MaxPool, SumPool};
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::identity::Identity;
use tract_onnx::tract_core::ops::nn::{Reduce, Softmax};

use self::view::{Regroup, View};
use super::network::{guarded, parse_at, signature_of, unsupported};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Layout;
use crate::plan::{Axis, Constant, Epilogue, Op, Plan, Shape, Step, check};

/// Lowers the bytes of an ONNX file: its weights in `f32`, its steps fused, and checked.
///
/// # Errors
/// `UnsupportedModel` if it is no network from one picture to one map, naming the node, its operator
/// and the attribute for which there is no step.
pub fn lower(file: &[u8]) -> Result<Plan> {
    lower_at(file, None)
}

/// The same for pictures of `size`, rows and columns, where the file leaves them open.
pub fn lower_at(file: &[u8], size: Option<[usize; 2]>) -> Result<Plan> {
    guarded(|| {
        let mut plan = translate(file, size)?;
        fuse::run(&mut plan);
        check(&plan)?;
        Ok(plan)
    })
}

/// One step or more for each node, in the graph's order, none fused.
fn translate(file: &[u8], size: Option<[usize; 2]>) -> Result<Plan> {
    let model = parse_at(file, size)?
        .into_typed()
        .map_err(|error| unsupported("cannot infer the network's shapes", &error))?;
    let signature = signature_of(&model)?;
    let axes = |layout| match layout {
        Layout::Nhwc => [None, Some(Axis::Height), Some(Axis::Width), Some(Axis::Channels)],
        Layout::Nchw => NCHW,
    };
    let input = Shape { height: signature.in_h, width: signature.in_w, channels: 3 };
    let mut lowering = Lowering {
        model: &model,
        values: HashMap::new(),
        plan: Plan { buffers: vec![input], ..Plan::default() },
    };
    let picture = View::new(0, input, &axes(signature.layout));
    lowering.values.insert(model.inputs[0], Value::Picture(picture));
    for id in model.eval_order().map_err(|error| unsupported("cannot order the network", &error))? {
        lowering.node(model.node(id))?;
    }
    let node = model.node(model.outputs[0].node);
    let output = lowering.picture(node, model.outputs[0], &axes(signature.layout))?;
    let Lowering { mut plan, .. } = lowering;
    plan.output = output;
    Ok(plan)
}

/// The axes of a tensor `[1, channels, height, width]`.
const NCHW: [Option<Axis>; 4] = [None, Some(Axis::Channels), Some(Axis::Height), Some(Axis::Width)];

/// What an outlet of the graph is.
#[derive(Clone, Debug)]
enum Value {
    /// Numbers that are known now.
    Constant(Arc<Tensor>),
    /// What a step writes.
    Picture(View),
}

/// A graph on its way to a plan.
struct Lowering<'a> {
    model: &'a TypedModel,
    values: HashMap<OutletId, Value>,
    plan: Plan,
}

impl Lowering<'_> {
    fn node(&mut self, node: &TypedNode) -> Result<()> {
        for (slot, output) in node.outputs.iter().enumerate() {
            if let Some(constant) = &output.fact.konst {
                self.values.insert(OutletId::new(node.id, slot), Value::Constant(constant.clone()));
            }
        }
        if self.values.contains_key(&OutletId::new(node.id, 0)) || self.folded(node)? {
            return Ok(());
        }
        if node.outputs.len() != 1 {
            return Err(fail(node, &format!("{} outputs, want 1", node.outputs.len())));
        }
        // Sizes below are divided by and counted down from; a plan holds no empty buffer anyway.
        let sizes = self.sizes(node, node.id.into())?;
        if sizes.contains(&0) {
            return Err(fail(node, &format!("gives the empty shape {sizes:?}")));
        }
        // What makes whole numbers cuts off, for which a plan has no step.
        let kind = node.outputs[0].fact.datum_type;
        if !kind.is_float() {
            return Err(fail(node, &format!("gives {kind:?}, want F32 or F16")));
        }
        let value = self.operator(node)?;
        self.values.insert(OutletId::new(node.id, 0), value);
        Ok(())
    }

    fn operator(&mut self, node: &TypedNode) -> Result<Value> {
        let op: &dyn TypedOp = &*node.op;
        let picture = if let Some(op) = op.downcast_ref::<AxisOp>() {
            layout::axes(self, node, op)
        } else if let Some(op) = op.downcast_ref::<Conv>() {
            conv::conv(self, node, op)
        } else if let Some(op) = op.downcast_ref::<Deconv>() {
            deconv::deconv(self, node, op)
        } else if let Some(op) = op.downcast_ref::<TypedBinOp>() {
            binary::binary(self, node, op)
        } else if let Some(op) = op.downcast_ref::<ElementWiseOp>() {
            element_wise::element_wise(self, node, op)
        } else if let Some(op) = op.downcast_ref::<Reduce>() {
            reduce::reduce(self, node, op)
        } else if let Some(op) = op.downcast_ref::<MaxPool>() {
            reduce::max_pool(self, node, op)
        } else if let Some(op) = op.downcast_ref::<SumPool>() {
            reduce::sum_pool(self, node, op)
        } else if let Some(op) = op.downcast_ref::<Softmax>() {
            reduce::softmax(self, node, op)
        } else if let Some(op) = op.downcast_ref::<EinSum>() {
            einsum::einsum(self, node, op)
        } else if let Some(op) = op.downcast_ref::<Slice>() {
            layout::slice(self, node, op)
        } else if let Some(op) = op.downcast_ref::<StridedSlice>() {
            layout::strided_slice(self, node, op)
        } else if let Some(op) = op.downcast_ref::<TypedConcat>() {
            layout::concat(self, node, op)
        } else if let Some(op) = op.downcast_ref::<Pad>() {
            layout::pad(self, node, op)
        } else if op.downcast_ref::<MultiBroadcastTo>().is_some() {
            layout::broadcast(self, node)
        } else if op.downcast_ref::<Cast>().is_some() || op.downcast_ref::<Identity>().is_some() {
            self.view(node, 0)
        } else {
            resize::resize(self, node)
        };
        picture.map(Value::Picture)
    }

    /// Computes `node` now if all that it reads is known.
    fn folded(&mut self, node: &TypedNode) -> Result<bool> {
        let known = node.inputs.iter().map(|input| match self.values.get(input) {
            Some(Value::Constant(tensor)) => Some(tensor.clone().into_tvalue()),
            _ => None,
        });
        let Some(known) = known.collect::<Option<TVec<TValue>>>().filter(|known| !known.is_empty()) else {
            return Ok(false);
        };
        let folded = node.op.eval_out_of_plan(known);
        let folded =
            folded.map_err(|error| unsupported(&format!("cannot compute node {}", node.name), &error))?;
        for (slot, tensor) in folded.iter().flatten().enumerate() {
            self.values
                .insert(OutletId::new(node.id, slot), Value::Constant(tensor.clone().into_arc_tensor()));
        }
        Ok(folded.is_some())
    }

    /// The size of each axis of an outlet.
    fn sizes(&self, node: &TypedNode, outlet: OutletId) -> Result<Vec<usize>> {
        let fact =
            self.model.outlet_fact(outlet).map_err(|error| unsupported("cannot read a shape", &error))?;
        let open = || fail(node, &format!("open shape {:?}, want numbers", fact.shape));
        fact.shape.as_concrete().map(<[usize]>::to_vec).ok_or_else(open)
    }

    /// What the `slot`-th input of `node` is; a constant has no view.
    fn view(&self, node: &TypedNode, slot: usize) -> Result<View> {
        match self.values.get(&node.inputs[slot]) {
            Some(Value::Picture(view)) => Ok(view.clone()),
            Some(Value::Constant(_)) => Err(fail(node, &format!("constant as input {slot}, want a picture"))),
            None => Err(fail(node, &format!("input {slot} is not known"))),
        }
    }

    /// The `slot`-th input of `node`, which must be known.
    fn tensor(&self, node: &TypedNode, slot: usize) -> Result<Arc<Tensor>> {
        match self.values.get(&node.inputs[slot]) {
            Some(Value::Constant(tensor)) => Ok(tensor.clone()),
            _ => Err(fail(node, &format!("input {slot} is computed, want a constant"))),
        }
    }

    /// Its shape and its numbers.
    fn weights(&self, node: &TypedNode, slot: usize) -> Result<(Vec<usize>, Vec<f32>)> {
        let tensor = self.tensor(node, slot)?;
        let numbers = || -> TractResult<Vec<f32>> {
            let tensor = tensor.cast_to::<f32>()?;
            Ok(tensor.try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
        };
        let numbers = numbers().map_err(|error| fail(node, &format!("constant input {slot}: {error:#}")))?;
        Ok((tensor.shape().to_vec(), numbers))
    }

    /// The same if it is known.
    fn constant(&self, node: &TypedNode, slot: usize) -> Result<Option<(Vec<usize>, Vec<f32>)>> {
        match self.values.get(&node.inputs[slot]) {
            Some(Value::Constant(_)) => self.weights(node, slot).map(Some),
            _ => Ok(None),
        }
    }

    /// An outlet with each axis a whole one of its buffer, regrouped if it takes that.
    fn whole(&mut self, node: &TypedNode, outlet: OutletId) -> Result<(View, Vec<Option<Axis>>)> {
        let Some(Value::Picture(view)) = self.values.get(&outlet).cloned() else {
            return Err(fail(node, "constant in place of a picture"));
        };
        let shape = self.shape(view.buffer);
        let Some((regroup, axes)) = view.regroup(shape) else {
            return Err(fail(node, "axes that are neither rows, columns nor channels"));
        };
        let Regroup::Step { block, back, shape } = regroup else { return Ok((view, axes)) };
        let y = self.push(view.buffer, shape, Op::Regroup { block, back });
        let view = View::new(y, shape, &axes);
        self.values.insert(outlet, Value::Picture(view.clone()));
        Ok((view, axes))
    }

    /// The buffer of an outlet whose axes are `wanted`; an axis of size 1 may be any.
    fn picture(&mut self, node: &TypedNode, outlet: OutletId, wanted: &[Option<Axis>]) -> Result<usize> {
        let (view, axes) = self.whole(node, outlet)?;
        let fits = axes.len() == wanted.len()
            && axes.iter().zip(wanted).all(|(axis, wanted)| axis.is_none() || axis == wanted);
        if fits { Ok(view.buffer) } else { Err(fail(node, &format!("axes {axes:?}, want {wanted:?}"))) }
    }

    fn shape(&self, buffer: usize) -> Shape {
        self.plan.buffers[buffer]
    }

    /// A new step from `x` to a new buffer of `shape`, whose index is returned.
    fn push(&mut self, x: usize, shape: Shape, op: Op) -> usize {
        self.push_with(x, shape, op, Epilogue::default())
    }

    fn push_with(&mut self, x: usize, shape: Shape, op: Op, epilogue: Epilogue) -> usize {
        let y = self.plan.buffers.len();
        self.plan.buffers.push(shape);
        self.plan.steps.push(Step { x, y, op, epilogue });
        y
    }

    fn add(&mut self, shape: impl Into<Vec<usize>>, values: Vec<f32>) -> usize {
        self.plan.constants.push(Constant::f32(shape, values));
        self.plan.constants.len() - 1
    }
}

/// Why `node` has no step.
fn fail(node: &TypedNode, what: &str) -> Error {
    let message = format!("node {:?} ({}): {what}", node.name, node.op.name());
    Error::new(ErrorKind::UnsupportedModel, message)
}
