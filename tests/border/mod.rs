//! What tests of the wasm border read of JavaScript's values.

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

/// A property.
pub(crate) fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

/// A property that is a number.
pub(crate) fn number(object: &JsValue, name: &str) -> f64 {
    get(object, name).as_f64().unwrap_or_else(|| panic!("{name} is a number"))
}

/// The code of a failure, which is an `Error`.
#[track_caller]
pub(crate) fn code(result: Result<impl Sized, JsValue>) -> String {
    let error = result.err().expect("an error");
    assert!(error.is_instance_of::<js_sys::Error>());
    get(&error, "code").as_string().expect("a code")
}

/// A plain object, from JSON.
pub(crate) fn options(text: &str) -> JsValue {
    js_sys::JSON::parse(text).unwrap()
}
