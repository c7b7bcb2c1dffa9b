//! What one does with a matte.

mod cutout;

pub use cutout::cutout;
