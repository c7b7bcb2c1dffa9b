//! The wasm border: what `ts/runner.ts` calls. The only place that names JavaScript.
//!
//! [`call`] is what happens on each picture, `pool` the threads of the build that has some. Failures cross as an `Error` named `SegmentError` whose
//! `code` is the kind's stable name; bad input never panics.

mod call;
#[cfg(feature = "threads")]
pub mod pool;

use call::Call;
use js_sys::{JSON, Object, Reflect};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use crate::cpu::{Arithmetic, Trial};
use crate::error::Error;
use crate::pixels::header_size;
#[cfg(feature = "onnx")]
use crate::segmenter::CustomContract;
use crate::segmenter::Segmenter;
use crate::telemetry::Timings;

/// Which build this is.
const BUILD: &str = if cfg!(feature = "onnx") {
    "onnx"
} else if cfg!(feature = "threads") {
    "threads"
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
    /// Whether a trial chose the arithmetic.
    tried: bool,
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
    arithmetic: &'static str,
    tried: bool,
    reason: &'a str,
    build: &'static str,
    #[cfg(feature = "threads")]
    threads: usize,
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
    /// `arithmetic` is what an earlier trial on this device found the faster one, if there was one.
    #[wasm_bindgen(js_name = fromRegistry)]
    pub fn from_registry(
        id: &str,
        file: &[u8],
        sha256: Option<String>,
        arithmetic: Option<String>,
    ) -> Result<WebSegmenter, JsValue> {
        let known = arithmetic.as_deref().map(Arithmetic::named).transpose().map_err(to_js)?;
        let mut tried = false;
        let choose = || match known {
            Some(arithmetic) => (arithmetic, format!("{} was faster here before", arithmetic.name())),
            None => {
                tried = true;
                let trial = Trial::run();
                let why =
                    format!("a trial took {:.2} ms in f32 and {:.2} ms in i16", trial.f32_ms, trial.i16_ms);
                (trial.faster(), why)
            }
        };
        let segmenter = Segmenter::from_registry_with(id, file, sha256.as_deref(), choose).map_err(to_js)?;
        Ok(Self { segmenter, model: id.to_owned(), tried, call: Call::default() })
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
            arithmetic: self.segmenter.arithmetic().name(),
            tried: self.tried,
            reason: self.segmenter.reason(),
            build: BUILD,
            #[cfg(feature = "threads")]
            threads: rayon::current_num_threads(),
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
        Ok(Self { segmenter, model: "custom".to_owned(), tried: false, call: Call::default() })
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
