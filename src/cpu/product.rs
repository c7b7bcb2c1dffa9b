//! A convolution's weights, packed for one of the two arithmetics.

use super::Arithmetic;
use super::integer::Integer;
use super::matrix::Matrix;
use crate::plan::{Constant, Data, Shape};

/// A packed matrix.
pub(crate) enum Product {
    /// In single precision.
    Single(Matrix),
    /// In whole numbers.
    Integer(Integer),
}

/// Levels of weights that come in another form, for the whole-number arithmetic: as fine as
/// sums of a few thousand products allow without making the pixels coarse.
const LEVELS: i16 = 1023;

/// Channels in and out from which on whole numbers win over the work of making them, as measured.
const LEAST: [usize; 2] = [32, 48];

impl Product {
    /// `weights` is `[.., in, out]` with any number of taps before, `bias` is `[out]`.
    pub(crate) fn new(weights: &Constant, bias: &[f32], x: Shape, y: Shape, arithmetic: Arithmetic) -> Self {
        let stride = x.stride();
        let taps: usize = weights.shape.iter().rev().skip(2).product();
        // A picture's fourth value is padding, which need not be multiplied.
        let lanes = if x.channels == 3 && y.channels.is_multiple_of(16) { 3 } else { 4 };
        // Where a packed row and column lie among the weights.
        let place = |row: usize, o: usize| {
            let (tap, i) = (row / stride, row % stride);
            (i < x.channels && o < y.channels).then_some((tap * x.channels + i) * y.channels + o)
        };
        let bias = |o: usize| bias.get(o).copied().unwrap_or(0.0);
        if arithmetic == Arithmetic::I16 && x.channels >= LEAST[0] && y.channels >= LEAST[1] {
            let rounded;
            let fixed = match &weights.data {
                Data::Fixed { .. } => weights,
                _ => {
                    rounded = weights.to_fixed(LEVELS);
                    &rounded
                }
            };
            let sums = fixed.fixed_l1().expect("whole numbers");
            let largest = sums.into_iter().max().unwrap_or(0);
            let Data::Fixed { values, scales } = &fixed.data else { unreachable!("whole numbers") };
            let scale_and_bias = |o: usize| (scales.get(o).copied().unwrap_or(0.0), bias(o));
            let at = |row: usize, o: usize| place(row, o).map_or(0, |place| values[place]);
            return Self::Integer(Integer::new(taps * stride, y.channels, largest, scale_and_bias, at));
        }
        let values = weights.to_f32();
        let at =
            |row: usize, o: usize| place(row / lanes * 4 + row % lanes, o).map_or(0.0, |place| values[place]);
        Self::Single(Matrix::new(taps * stride / 4 * lanes, y.channels, lanes, bias, at))
    }

    /// Rows.
    pub(crate) fn rows(&self) -> usize {
        match self {
            Self::Single(matrix) => matrix.rows,
            Self::Integer(matrix) => matrix.rows(),
        }
    }

    /// Columns, with padding.
    pub(crate) fn columns(&self) -> usize {
        match self {
            Self::Single(matrix) => matrix.columns,
            Self::Integer(matrix) => matrix.columns(),
        }
    }
}
