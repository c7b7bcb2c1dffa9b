//! Weights in the order in which shaders read them.

use crate::plan::{Constant, Data, Shape};

/// `[outer, channels]` with the channels padded as those of `y`, by zeros.
pub(super) fn padded(values: &[f32], y: Shape) -> Vec<f32> {
    let pad = std::iter::repeat_n(0.0, y.stride() - y.channels);
    values.chunks_exact(y.channels).flat_map(|row| row.iter().copied().chain(pad.clone())).collect()
}

/// `[outer, in, out]` with both channels padded by zeros.
pub(super) fn matrices(values: &[f32], x: Shape, y: Shape) -> Vec<f32> {
    let mut all = Vec::new();
    for matrix in padded(values, y).chunks_exact(x.channels * y.stride()) {
        all.extend_from_slice(matrix);
        all.resize(all.len() + (x.stride() - x.channels) * y.stride(), 0.0);
    }
    all
}

/// Matrices of `columns` columns, whole fours as their rows are, as squares of four by four: those of four
/// rows side by side, and each row by row.
pub(super) fn squares(values: &[f32], columns: usize) -> Vec<f32> {
    let mut all = Vec::with_capacity(values.len());
    for rows in values.chunks_exact(4 * columns) {
        for column in (0..columns).step_by(4) {
            all.extend(rows.chunks_exact(columns).flat_map(|row| &row[column..column + 4]));
        }
    }
    all
}

/// Whole numbers up to this are exact in half precision.
const EXACT: u16 = 2048;

/// The values of `constant`, without their scales if they are whole numbers, and whether half precision
/// holds every one of them exactly. Small matrices have too many levels for it.
pub(super) fn levels(constant: &Constant) -> (Vec<f32>, bool) {
    match &constant.data {
        Data::F32(values) => (values.clone(), false),
        Data::F16(_) => (constant.to_f32(), true),
        Data::Fixed { values, .. } => (
            values.iter().map(|&value| f32::from(value)).collect(),
            values.iter().all(|value| value.unsigned_abs() <= EXACT),
        ),
    }
}
