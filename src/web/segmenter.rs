//! A segmenter on the CPU, as `ts/runner.ts` drives it; [`super::call`] is what happens on each picture.

use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::call::Call;
#[cfg(feature = "onnx")]
use super::read;
use super::{BUILD, plain, to_js};
use crate::cpu::{Arithmetic, Trial};
use crate::model::registry;
#[cfg(feature = "onnx")]
use crate::segmenter::CustomContract;
use crate::segmenter::Segmenter;

/// A segmenter with the facts that the page may ask for.
#[wasm_bindgen]
pub struct WebSegmenter {
    pub(super) segmenter: Segmenter,
    model: String,
    /// Whether a trial chose the arithmetic.
    tried: bool,
    pub(super) call: Call,
}

/// What `WebSegmenter.info` tells.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info<'a> {
    model: &'a str,
    classes: &'a [String],
    subjects: Vec<&'a str>,
    /// The model that `join` takes, if it takes any.
    partner: Option<&'a str>,
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

    /// Adds the second network, from the bytes of its plan, for the finest mattes; `info` names it.
    pub fn join(&mut self, id: &str, file: &[u8]) -> Result<(), JsValue> {
        self.segmenter.join(id, file).map_err(to_js)
    }

    /// Runs a step of the network for nothing, by its number, between two calls, so that the next one finds it compiled.
    /// Whether there is such a step.
    #[wasm_bindgen(js_name = warmUp)]
    pub fn warm_up(&mut self, step: usize) -> bool {
        self.segmenter.warm_up(step)
    }

    /// What runs.
    pub fn info(&self) -> JsValue {
        let contract = self.segmenter.contract();
        plain(&Info {
            model: &self.model,
            classes: &contract.classes,
            subjects: contract.subjects(),
            partner: registry().get(&self.model).ok().and_then(|entry| entry.partner.as_deref()),
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
