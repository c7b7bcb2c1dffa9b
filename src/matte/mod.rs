//! Probabilities at the network's size -> a matte at the picture's own size.
//!
//! [`upsample`] lays the map over the picture so that edges follow the picture's edges,
//! [`morphology`] optionally cleans it, [`feather`] softens the edge by a stated radius.

mod feather;
mod morphology;
mod probabilities;
mod upsample;

pub use feather::{FEATHER_MAX, FEATHER_RADIUS, check_feather, feather, feather_radius};
pub use morphology::{MORPHOLOGY_MAX, Morphology, Operation, check_morphology, morphology};
pub use probabilities::{activate, subject};
pub use upsample::{Map, upsample};
