//! Numbers of a plan that do not change.

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
        /// One per element.
        values: Vec<i16>,
        /// One per output channel.
        scales: Vec<f32>,
    },
}
