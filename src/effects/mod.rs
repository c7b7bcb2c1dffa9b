//! What one does with a matte.

mod colours;
mod effect;
pub(crate) mod grid;
pub(crate) mod ground;
mod line;
mod oklab;
mod painting;
pub(crate) mod recolor;

pub use effect::{BLUR, Effect, Recolor};
pub use ground::{Fit, place};
pub use painting::{Painting, paint};

/// Red, green and blue, 0 to 255.
pub(crate) type Colour = [f32; 3];
