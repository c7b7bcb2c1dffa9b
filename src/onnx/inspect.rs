//! What is inside an ONNX file: sizes, operators, work.

use std::collections::BTreeMap;

use serde::Serialize;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::Cost;

use super::lower::lower_at;
use super::network::{guarded, parse_at, signature_of, unsupported};
use crate::error::Result;
use crate::model::Layout;
use crate::plan;

/// Facts about one ONNX file.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// Size of the file.
    pub bytes: usize,
    /// Order of the axes.
    pub layout: Layout,
    /// `[height, width, channels]` of the picture.
    pub input: [usize; 3],
    /// `[height, width, classes]` of the map.
    pub output: [usize; 3],
    /// Multiply-adds of one run.
    pub multiply_adds: u64,
    /// Weights, once in memory as `f32`.
    pub weight_bytes: u64,
    /// Activations: the outputs of all steps together, before any reuse.
    pub activation_bytes: u64,
    /// How often each operator stands in the simplified graph, by name.
    pub operators: Vec<OperatorCount>,
    /// The plan it becomes.
    pub plan: Option<plan::Inspection>,
    /// Why it becomes none: the node, its operator, and what there is no step for.
    pub no_plan: Option<String>,
}

/// One operator and its share.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OperatorCount {
    /// The operator's name in the simplified graph.
    pub name: String,
    /// Nodes of it.
    pub count: usize,
    /// Multiply-adds of all these nodes.
    pub multiply_adds: u64,
}

/// Looks into the bytes of an ONNX file; `size` is that of its picture, rows and columns, where the file
/// leaves it open.
///
/// # Errors
/// `UnsupportedModel`, naming the node that cannot be read.
pub fn inspect(file: &[u8], size: Option<[usize; 2]>) -> Result<Inspection> {
    guarded(|| look(file, size))
}

fn look(file: &[u8], size: Option<[usize; 2]>) -> Result<Inspection> {
    let model = parse_at(file, size)?
        .into_typed()
        .and_then(TypedModel::into_decluttered)
        .map_err(|error| unsupported("cannot simplify the network", &error))?;
    let signature = signature_of(&model)?;
    let (mut multiply_adds, mut weight_bytes, mut activation_bytes) = (0, 0, 0);
    let mut operators = BTreeMap::<String, (usize, u64)>::new();
    for node in model
        .eval_order()
        .map_err(|error| unsupported("cannot order the network", &error))?
        .into_iter()
        .map(|id| model.node(id))
    {
        let bytes: u64 = node
            .outputs
            .iter()
            .filter_map(|outlet| outlet.fact.shape.as_concrete())
            .map(|shape| shape.iter().product::<usize>() as u64 * 4)
            .sum();
        match node.op.name().as_ref() {
            "Const" => {
                weight_bytes += bytes;
                continue;
            }
            "Source" => continue,
            _ => activation_bytes += bytes,
        }
        let inputs =
            model.node_input_facts(node.id).map_err(|error| unsupported("cannot read a shape", &error))?;
        let costs =
            node.op.cost(&inputs).map_err(|error| unsupported("cannot count a node's work", &error))?;
        let fused: u64 = costs
            .iter()
            .filter(|(cost, _)| matches!(cost, Cost::FMA(_)))
            .filter_map(|(_, count)| count.to_i64().ok())
            .map(|count| count.max(0) as u64)
            .sum();
        multiply_adds += fused;
        let entry = operators.entry(node.op.name().into_owned()).or_default();
        entry.0 += 1;
        entry.1 += fused;
    }
    let mut operators: Vec<OperatorCount> = operators
        .into_iter()
        .map(|(name, (count, multiply_adds))| OperatorCount { name, count, multiply_adds })
        .collect();
    operators.sort_by_key(|operator| {
        (std::cmp::Reverse(operator.multiply_adds), std::cmp::Reverse(operator.count))
    });
    let (plan, no_plan) = match lower_at(file, size) {
        Ok(plan) => (Some(plan::inspect(&plan)), None),
        Err(error) => (None, Some(error.to_string())),
    };
    Ok(Inspection {
        bytes: file.len(),
        layout: signature.layout,
        input: [signature.in_h, signature.in_w, 3],
        output: [signature.out_h, signature.out_w, signature.classes],
        multiply_adds,
        weight_bytes,
        activation_bytes,
        operators,
        plan,
        no_plan,
    })
}
