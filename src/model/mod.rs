//! Which models there are and what each one wants and gives.
//!
//! A [`Contract`] is all that the rest of the library knows of a network.

mod contract;
mod registry;

#[cfg(feature = "onnx")]
pub(crate) use contract::WHOLE;
pub use contract::{Activation, Contract, Input, Layout};
pub(crate) use contract::{BACKGROUND, FACE, HAIR, PERSON};
pub use registry::{
    Agreement, Bounds, Channels, Difference, Entry, EntryInput, EntryOutput, Fit, PlanFile, Registry, Source,
    registry,
};
