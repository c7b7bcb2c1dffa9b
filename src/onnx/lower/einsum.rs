//! Products of matrices with weights.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::Axis as Letter;
use tract_onnx::tract_core::ops::einsum::EinSum;

use super::view::View;
use super::{Lowering, fail};
use crate::error::Result;
use crate::plan::{Axis, Op, Shape};

/// A picture's channels times a matrix of weights.
pub(super) fn einsum(lowering: &mut Lowering, node: &TypedNode, op: &EinSum) -> Result<View> {
    let wanted = || fail(node, &format!("{}, want a picture's channels times a matrix of weights", op.axes));
    if op.q_params.is_some() || node.inputs.len() != 2 {
        return Err(wanted());
    }
    let picture = usize::from(lowering.constant(node, 0)?.is_some());
    let (matrix, values) = lowering.weights(node, 1 - picture)?;
    let (view, axes) = lowering.whole(node, node.inputs[picture])?;
    let rank = lowering.sizes(node, node.id.into())?.len();
    let x = lowering.shape(view.buffer);
    let (mut names, mut rows, mut columns) = (vec![None; rank], None, None);
    for Letter { inputs, outputs, .. } in op.axes.iter_all_axes() {
        match (&inputs[picture][..], &inputs[1 - picture][..], &outputs[0][..]) {
            (&[from], [], &[to]) => names[to] = axes[from],
            (&[from], &[row], []) if axes[from] == Some(Axis::Channels) || x.channels == 1 => {
                rows = Some(row);
            }
            ([], &[column], &[to]) if columns.is_none() || matrix[column] > 1 => {
                columns = Some(column);
                names[to] = Some(Axis::Channels);
            }
            ([], &[at], _) | (&[_], &[at], _) if matrix[at] == 1 => {
                // An axis of size 1 on both sides, or of the matrix only.
                if let (&[from], &[to]) = (&inputs[picture][..], &outputs[0][..]) {
                    names[to] = axes[from];
                }
            }
            (&[from], [], []) if axes[from].is_none() => {}
            _ => return Err(wanted()),
        }
    }
    let (Some(rows), Some(columns)) = (rows, columns) else { return Err(wanted()) };
    let (inputs, outputs) = (matrix[rows], matrix[columns]);
    let step = |axis: usize| matrix[axis + 1..].iter().product::<usize>();
    if inputs != x.channels || inputs * outputs != values.len() {
        return Err(wanted());
    }
    let at = |i: usize, o: usize| values[i * step(rows) + o * step(columns)];
    let weights =
        (0..inputs).flat_map(|i| (0..outputs).map(move |o| (i, o))).map(|(i, o)| at(i, o)).collect();
    let weights = lowering.add([inputs, outputs], weights);
    let bias = lowering.add([outputs], vec![0.0; outputs]);
    let shape = Shape { channels: outputs, ..x };
    let y = lowering.push(view.buffer, shape, Op::Pointwise { weights, bias, gate: None });
    Ok(View::new(y, shape, &names))
}
