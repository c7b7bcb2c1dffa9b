//! What one does with a matte.

mod colours;
mod cutout;
pub(crate) mod grid;

pub use cutout::{Cutting, cutout};
