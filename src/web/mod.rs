//! The wasm border: what `ts/runner.ts` and `ts/engine.ts` call. The only place that names JavaScript.
//!
//! In the `gpu` build it is [`gpu`]; in all others [`segmenter`], a whole segmenter on the CPU, and
//! `pool`, the threads of the build that has some. Failures cross as an `Error` named `SegmentError`
//! whose `code` is the kind's stable name; bad input never panics.

#[cfg(not(feature = "gpu"))]
mod call;
#[cfg(feature = "gpu")]
pub mod gpu;
#[cfg(feature = "threads")]
pub mod pool;
#[cfg(not(feature = "gpu"))]
pub mod segmenter;

use js_sys::{JSON, Object, Reflect};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use crate::error::Error;
use crate::pixels::header_size;
use crate::telemetry::Timings;

/// Which build this is.
const BUILD: &str = if cfg!(feature = "gpu") {
    "gpu"
} else if cfg!(feature = "onnx") {
    "onnx"
} else if cfg!(feature = "threads") {
    "threads"
} else if cfg!(target_feature = "relaxed-simd") {
    "relaxed"
} else {
    "simd"
};

#[derive(Serialize)]
struct Size {
    width: usize,
    height: usize,
}

/// Width and height from the first bytes of a picture file; `undefined` if more bytes are needed.
#[wasm_bindgen(js_name = pictureSize)]
pub fn picture_size(head: &[u8]) -> Result<JsValue, JsValue> {
    let size = header_size(head).map_err(to_js)?;
    Ok(size.map_or(JsValue::UNDEFINED, |(width, height)| plain(&Size { width, height })))
}

/// A plain object of data of ours.
fn plain(value: &impl Serialize) -> JsValue {
    let text = serde_json::to_string(value).expect("structs, strings and numbers always convert");
    JSON::parse(&text).expect("what serde writes is JSON")
}

/// Reads a plain object, strictly; `undefined` is the default, and so is a field that is `undefined`.
fn read<T: for<'a> Deserialize<'a> + Default>(name: &str, value: &JsValue) -> Result<T, JsValue> {
    if value.is_undefined() {
        return Ok(T::default());
    }
    let text = JSON::stringify(value).map(String::from).unwrap_or_default();
    serde_json::from_str(&text).map_err(|error| to_js(Error::invalid(format!("{name}: {error}"))))
}

fn with_timings(timings: Timings) -> Object {
    plain(&timings).unchecked_into()
}

fn set(object: &Object, name: &str, value: impl Into<JsValue>) {
    // Cannot fail: a fresh plain object is extensible.
    let _ = Reflect::set(object, &name.into(), &value.into());
}

/// An `Error` whose `code` is the kind's stable name.
fn to_js(error: Error) -> JsValue {
    let js = js_sys::Error::new(&error.to_string());
    js.set_name("SegmentError");
    set(js.unchecked_ref(), "code", error.kind().code());
    js.into()
}
