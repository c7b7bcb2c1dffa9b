//! featheredge cuts a person, or only the hair, out of a picture, with a soft edge that follows the hair.
//!
//! ```no_run
//! use featheredge::{SegmentOptions, Segmenter, pixels};
//!
//! # fn main() -> featheredge::error::Result<()> {
//! let model = std::fs::read("models/selfie.plan").expect("the model's file");
//! let mut segmenter = Segmenter::from_registry("selfie", &model)?;
//! let picture = pixels::decode(&std::fs::read("portrait.jpg").expect("a picture"))?;
//! let (matte, timings) = segmenter.segment(picture.view()?, &SegmentOptions::default())?;
//! println!("{:.0} % of the picture in {:.0} ms", matte.coverage() * 100.0, timings.infer_ms);
//! # Ok(())
//! # }
//! ```
//!
//! [`segmenter`] is the whole run on one page. The npm package's face is TypeScript (`src/ts`);
//! it reaches this crate through the `web` module, which exists on wasm32 only.

pub mod cpu;
pub mod effects;
pub mod error;
mod executor;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod matte;
pub mod model;
#[cfg(feature = "onnx")]
pub mod onnx;
pub mod pixels;
pub mod plan;
pub mod segmenter;
pub mod telemetry;
#[cfg(target_arch = "wasm32")]
pub mod web;

pub use executor::ExecutorKind;
#[cfg(feature = "onnx")]
pub use segmenter::CustomContract;
pub use segmenter::{Prediction, Quality, SegmentOptions, Segmenter};
