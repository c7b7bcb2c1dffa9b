//! Probabilities at the network's size -> a matte at the picture's own size.
//!
//! `upsample` lays the map over the picture so that edges follow the picture's edges,
//! [`morphology`] optionally cleans it, [`feather`] softens the edge by a stated radius.
//! Of a stream's frames the map is made steady first, by [`Smooth`].
//! [`Bands`] does all of it some rows at a time, and says which pixels of the picture it needs.

mod bands;
mod bits;
mod feather;
mod guided;
mod morphology;
mod probabilities;
mod smooth;
mod streams;
mod tile;
mod upsample;

pub use bands::{Bands, Block, Finish};
pub use feather::{FEATHER_MAX, FEATHER_RADIUS, check_feather, feather, feather_radius};
pub use morphology::{MORPHOLOGY_MAX, Morphology, Operation, check_morphology, morphology};
pub use probabilities::{activate, subject};
pub use smooth::Smooth;
pub(crate) use streams::Streams;
#[cfg(feature = "gpu")]
pub(crate) use upsample::{EPSILON, LEVELS};
pub use upsample::{Map, Span};
