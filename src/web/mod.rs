//! The wasm border: what `ts/runner.ts` calls. The only place that names JavaScript.
//!
//! [`call`] is what happens on each picture. Failures cross as an `Error` named `SegmentError` whose
//! `code` is the kind's stable name; bad input never panics.

mod call;

use call::Call;
use js_sys::{JSON, Object, Reflect};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use crate::error::Error;
use crate::pixels::header_size;
#[cfg(feature = "onnx")]
use crate::segmenter::CustomContract;
use crate::segmenter::Segmenter;
use crate::telemetry::Timings;

/// Which build this is.
const BUILD: &str = if cfg!(feature = "onnx") {
    "onnx"
} else if cfg!(target_feature = "relaxed-simd") {
    "relaxed"
} else {
    "simd"
};

/// A segmenter with the facts that the page may ask for.
#[wasm_bindgen]
pub struct WebSegmenter {
    segmenter: Segmenter,
    model: String,
    call: Call,
}

/// What `WebSegmenter.info` tells.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info<'a> {
    model: &'a str,
    classes: &'a [String],
    subjects: Vec<&'a str>,
    input_width: usize,
    input_height: usize,
    executor: &'static str,
    reason: &'a str,
    build: &'static str,
    version: &'static str,
}

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

#[wasm_bindgen]
impl WebSegmenter {
    /// The registry's model `id` from the bytes of its plan, which are verified first: by their
    /// SHA-256 in lower-case hexadecimal if the browser has computed it, which is quicker.
    #[wasm_bindgen(js_name = fromRegistry)]
    pub fn from_registry(id: &str, file: &[u8], sha256: Option<String>) -> Result<WebSegmenter, JsValue> {
        let segmenter = match sha256 {
            Some(sha256) => Segmenter::from_registry_sum(id, file, &sha256),
            None => Segmenter::from_registry(id, file),
        };
        Ok(Self { segmenter: segmenter.map_err(to_js)?, model: id.to_owned(), call: Call::default() })
    }

    /// What runs.
    pub fn info(&self) -> JsValue {
        let contract = self.segmenter.contract();
        plain(&Info {
            model: &self.model,
            classes: &contract.classes,
            subjects: contract.subjects(),
            input_width: contract.input.width,
            input_height: contract.input.height,
            executor: self.segmenter.executor().name(),
            reason: self.segmenter.reason(),
            build: BUILD,
            version: env!("CARGO_PKG_VERSION"),
        })
    }
}

#[cfg(feature = "onnx")]
#[wasm_bindgen]
impl WebSegmenter {
    /// Any ONNX segmentation network; `contract` is a plain object or `undefined`.
    #[wasm_bindgen(js_name = fromOnnx)]
    pub fn from_onnx(file: &[u8], contract: JsValue) -> Result<WebSegmenter, JsValue> {
        let contract: CustomContract = read("contract", &contract)?;
        let segmenter = Segmenter::from_onnx(file, contract, None).map_err(to_js)?;
        Ok(Self { segmenter, model: "custom".to_owned(), call: Call::default() })
    }
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
