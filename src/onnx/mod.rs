//! tract, behind one door: an ONNX file in, a network that runs out.
//!
//! Invariant: nothing outside this folder names tract.

mod inspect;
mod network;

pub use inspect::{Inspection, OperatorCount, inspect};
pub use network::{Network, Signature, signature};
