//! Numbers of a plan that do not change.

use super::half;

/// A tensor of weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// Size of each axis; the last one counts output channels.
    pub shape: Vec<usize>,
    /// The values, row-major, as many as `shape` says.
    pub data: Data,
}

/// How a constant's values are stored.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// As they are.
    F32(Vec<f32>),
    /// Half precision, as the bits of IEEE 754 binary16.
    F16(Vec<u16>),
    /// Whole numbers with one factor per output channel: `value * scales[o]`.
    Fixed {
        /// One per element, -32767 to 32767.
        values: Vec<i16>,
        /// One per output channel, above 0.
        scales: Vec<f32>,
    },
}

impl Constant {
    /// Whether the values are whole numbers.
    pub fn is_fixed(&self) -> bool {
        matches!(self.data, Data::Fixed { .. })
    }

    /// `values` in single precision, row-major, as many as `shape` says.
    pub fn f32(shape: impl Into<Vec<usize>>, values: Vec<f32>) -> Self {
        Self { shape: shape.into(), data: Data::F32(values) }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        match &self.data {
            Data::F32(values) => values.len(),
            Data::F16(values) => values.len(),
            Data::Fixed { values, .. } => values.len(),
        }
    }

    /// Whether there are no values; no constant of a checked plan is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the values as they are stored, with their scales.
    pub fn bytes(&self) -> usize {
        match &self.data {
            Data::F32(values) => 4 * values.len(),
            Data::F16(values) => 2 * values.len(),
            Data::Fixed { values, scales } => 2 * values.len() + 4 * scales.len(),
        }
    }

    /// The values in single precision, row-major.
    pub fn to_f32(&self) -> Vec<f32> {
        match &self.data {
            Data::F32(values) => values.clone(),
            Data::F16(values) => values.iter().map(|&bits| half::widen(bits)).collect(),
            Data::Fixed { values, scales } => values
                .chunks(scales.len().max(1))
                .flat_map(|row| row.iter().zip(scales).map(|(&value, scale)| f32::from(value) * scale))
                .collect(),
        }
    }

    /// The same values in half precision, if every one of them survives exactly.
    pub fn to_f16(&self) -> Option<Self> {
        let values = self.to_f32().into_iter().map(half::narrow).collect::<Option<_>>()?;
        Some(Self { shape: self.shape.clone(), data: Data::F16(values) })
    }

    /// The values rounded to whole numbers from `-levels` to `levels`, with the scale of each output
    /// channel such that its largest value is `levels`. No value moves by more than half a scale.
    ///
    /// # Panics
    /// If `levels` is below 1.
    pub fn to_fixed(&self, levels: i16) -> Self {
        assert!(levels >= 1, "{levels} levels, want 1 or more");
        let values = self.to_f32();
        let outputs = self.shape.last().copied().unwrap_or(1).max(1);
        let mut scales = vec![0_f32; outputs];
        for row in values.chunks(outputs) {
            for (scale, value) in scales.iter_mut().zip(row) {
                *scale = scale.max(value.abs());
            }
        }
        let levels = f32::from(levels);
        for scale in &mut scales {
            *scale /= levels;
            // A channel of zeros: any scale will do, but 0 could not be divided by.
            if *scale == 0.0 {
                *scale = 1.0;
            }
        }
        let values = values
            .chunks(outputs)
            .flat_map(|row| row.iter().zip(&scales))
            .map(|(value, scale)| (value / scale).round().clamp(-levels, levels) as i16)
            .collect();
        Self { shape: self.shape.clone(), data: Data::Fixed { values, scales } }
    }

    /// For each output channel the sum of the whole numbers' magnitudes, or none if the values are no
    /// whole numbers: what bounds a sum of products in 32 bits.
    pub fn fixed_l1(&self) -> Option<Vec<u64>> {
        let Data::Fixed { values, scales } = &self.data else { return None };
        let mut sums = vec![0; scales.len()];
        for row in values.chunks(scales.len().max(1)) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += u64::from(value.unsigned_abs());
            }
        }
        Some(sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_is_taken_only_if_exact() {
        let exact = Constant::f32([2, 2], vec![0.5, -0.0, 65504.0, 2_f32.powi(-24)]);
        let half = exact.to_f16().unwrap();
        assert_eq!((half.len(), half.bytes(), half.shape.as_slice()), (4, 8, &[2, 2][..]));
        assert_eq!(half.to_f32(), exact.to_f32());
        assert!(half.to_f32()[1].is_sign_negative());
        assert_eq!(Constant::f32([2], vec![0.5, 0.1]).to_f16(), None);
    }

    #[test]
    fn fixed_rounds_to_the_nearest_level_of_each_channel() {
        let values = vec![1.0, -40.0, 0.0, -0.26, 79.9, 0.0, 0.1, 80.0, 0.0];
        let fixed = Constant::f32([3, 3], values.clone()).to_fixed(4);
        let want = Data::Fixed { values: vec![4, -2, 0, -1, 4, 0, 0, 4, 0], scales: vec![0.25, 20.0, 1.0] };
        assert_eq!(fixed.data, want);
        assert_eq!(fixed.to_f32(), [1.0, -40.0, 0.0, -0.25, 80.0, 0.0, 0.0, 80.0, 0.0]);
        assert_eq!(fixed.fixed_l1(), Some(vec![5, 10, 0]));
        assert_eq!(fixed.bytes(), 2 * 9 + 4 * 3);
        assert_eq!(Constant::f32([3, 3], values).fixed_l1(), None);
    }

    #[test]
    fn fixed_moves_no_value_by_more_than_half_a_level() {
        let values: Vec<f32> = (0..600).map(|i| (i as f32 * 1.7).sin() * (1.0 + (i % 5) as f32)).collect();
        for levels in [1, 7, 127, 1023, i16::MAX] {
            let fixed = Constant::f32([10, 12, 5], values.clone()).to_fixed(levels);
            let Data::Fixed { scales, .. } = &fixed.data else { panic!("{fixed:?}") };
            for (i, (got, want)) in fixed.to_f32().iter().zip(&values).enumerate() {
                let scale = scales[i % 5];
                assert!(
                    (got - want).abs() <= scale * 0.5001 + want.abs() * 1e-6,
                    "{levels}, {i}: {got}, {want}"
                );
            }
        }
    }

    #[test]
    fn tiny_values_do_not_divide_by_zero() {
        let fixed = Constant::f32([2], vec![1e-45, 0.0]).to_fixed(1023);
        assert_eq!(fixed.to_f32(), [0.0, 0.0]);
    }
}
