//! tract, behind one door: an ONNX file in, a network that runs out.
//!
//! Invariant: nothing outside this folder names tract.

mod inspect;
mod lower;
mod network;

pub use inspect::{Inspection, OperatorCount, inspect};
pub use lower::{lower, lower_at};
pub use network::{Network, Signature};
