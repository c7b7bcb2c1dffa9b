//! Runs a plan, and what is before and after it, on a GPU through WebGPU's interface.
//!
//! The same shaders serve browsers and, by Vulkan, Metal or Direct3D 12, the command line. A frame is
//! one submission: picture in as a texture, reduced, the network, matte, effect. Only default limits
//! are asked for. Whatever goes wrong is an error with a `Gpu...` kind, never a wrong picture; the
//! caller then has the CPU do it.
//!
//! **The only place that names wgpu.**

#[cfg(target_arch = "wasm32")]
mod canvas;
mod colours;
mod device;
mod engine;
mod frame;
#[cfg(not(target_arch = "wasm32"))]
mod native;
mod network;
mod painting;
#[cfg(not(target_arch = "wasm32"))]
mod profile;
mod schedule;
mod shader;
mod slots;
mod source;
mod stages;
mod steps;
#[cfg(test)]
mod tests;

#[cfg(target_arch = "wasm32")]
pub use canvas::Canvas;
pub use device::{Adapter, Gpu};
pub use engine::Engine;
#[cfg(not(target_arch = "wasm32"))]
pub use native::Native;
pub use painting::{Format, Target, View};
#[cfg(not(target_arch = "wasm32"))]
pub use profile::{DispatchTime, FrameProfile, Peak, Profile, peak, profile, profile_frame};
#[cfg(target_arch = "wasm32")]
pub use source::ExternalImage;
pub use source::{MAX_SIDE, Source};
