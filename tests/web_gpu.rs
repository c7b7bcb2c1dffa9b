//! The wasm border of the `gpu` build in a real browser.
//!
//! `scripts/test.mjs` runs it in headless Chromium on SwiftShader, which every machine has.

#![cfg(all(target_arch = "wasm32", feature = "gpu"))]

mod border;

use border::{code, get, number, options};
use featheredge::web::gpu::{WebEngine, WebGpu};
use featheredge::web::picture_size;
use js_sys::{Float32Array, Function, Promise, Uint8Array, Uint8ClampedArray};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{ImageBitmap, OffscreenCanvas};

wasm_bindgen_test_configure!(run_in_browser);

const SELFIE: &[u8] = include_bytes!("../models/selfie.plan");
const MULTICLASS: &[u8] = include_bytes!("../models/multiclass.plan");
const PICTURE: &[u8] = include_bytes!("../fixtures/images/astronaut.png");
const PERSON: &[u8] = include_bytes!("goldens/astronaut.selfie-person-0.png");

/// Largest mean difference from the native matte, in 1/255, and largest share of pixels that differ by
/// more than 8: a probability that is off a little moves an uncertain edge a little.
const TOLERANCE: (f64, f64) = (0.2, 0.002);

/// A bitmap with these very bytes.
async fn bitmap(rgba: &[u8], width: u32) -> JsValue {
    let make = Function::new_with_args(
        "data, width",
        "return createImageBitmap(new ImageData(data, width), { premultiplyAlpha: 'none', colorSpaceConversion: 'none' })",
    );
    let data = Uint8ClampedArray::from(rgba);
    let made: Promise = make.call2(&JsValue::NULL, &data, &width.into()).unwrap().unchecked_into();
    JsFuture::from(made).await.unwrap()
}

async fn astronaut() -> JsValue {
    let picture = image::load_from_memory(PICTURE).unwrap().into_rgba8();
    bitmap(picture.as_raw(), picture.width()).await
}

async fn selfie() -> (WebGpu, WebEngine) {
    let gpu = WebGpu::open(true).await.unwrap();
    let engine = gpu.load("selfie".to_owned(), SELFIE.to_vec(), None).await.unwrap();
    (gpu, engine)
}

#[wasm_bindgen_test]
async fn mattes_are_the_native_ones() {
    let (gpu, mut engine) = selfie().await;
    let info = gpu.info();
    assert_eq!(get(&info, "build").as_string().unwrap(), "gpu");
    assert_eq!(get(&info, "backend").as_string().unwrap(), "webgpu");
    let matte = engine.segment(astronaut().await, options(r#"{"of": "person"}"#)).await.unwrap();
    assert_eq!((number(&matte, "width"), number(&matte, "height")), (512.0, 512.0));
    assert!(number(&matte, "inferMs") > 0.0);
    let got = get(&matte, "alpha").unchecked_into::<Uint8ClampedArray>().to_vec();
    let want = image::load_from_memory(PERSON).unwrap().into_luma8().into_raw();
    assert_eq!(got.len(), want.len());
    let differences: Vec<u8> = got.iter().zip(&want).map(|(&a, &b)| a.abs_diff(b)).collect();
    let mean = differences.iter().map(|&d| f64::from(d)).sum::<f64>() / want.len() as f64;
    let share = differences.iter().filter(|&&d| d > 8).count() as f64 / want.len() as f64;
    assert!(mean <= TOLERANCE.0 && share <= TOLERANCE.1, "mean {mean}, share {share}, want {TOLERANCE:?}");
}

#[wasm_bindgen_test]
async fn predictions_are_probabilities() {
    let (_gpu, mut engine) = selfie().await;
    let prediction = engine.predict(astronaut().await).await.unwrap();
    assert_eq!((number(&prediction, "width"), number(&prediction, "height")), (256.0, 256.0));
    let data = get(&prediction, "data").unchecked_into::<Float32Array>().to_vec();
    assert_eq!(data.len(), 256 * 256);
    let share = data.iter().filter(|&&value| value > 0.5).count() as f64 / data.len() as f64;
    assert!(data.iter().all(|value| (0.0..=1.0).contains(value)) && share > 0.3 && share < 0.7, "{share}");
}

#[wasm_bindgen_test]
async fn a_drawing_has_the_matte_as_its_alpha() {
    let (_gpu, mut engine) = selfie().await;
    let canvas = OffscreenCanvas::new(1, 1).unwrap();
    let read = Function::new_with_args(
        "bitmap",
        "const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
        context.drawImage(bitmap, 0, 0);
        return new Uint8Array(context.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer);",
    );
    let want = image::load_from_memory(PERSON).unwrap().into_luma8().into_raw();
    // The second comes from the canvas that the first was taken from.
    for _ in 0..2 {
        let drawn =
            engine.draw(astronaut().await, options("{}"), "cutout".into(), None, canvas.clone()).await;
        let drawn: ImageBitmap = drawn.unwrap();
        let pixels = read.call1(&JsValue::NULL, &drawn).unwrap().unchecked_into::<Uint8Array>().to_vec();
        let far = pixels.chunks(4).zip(&want).filter(|(pixel, want)| pixel[3].abs_diff(**want) > 8).count();
        assert!(pixels.len() == want.len() * 4 && far * 500 <= want.len(), "{far} pixels are far off");
    }
}

#[wasm_bindgen_test]
async fn bad_input_is_an_error_with_a_code() {
    let (gpu, mut engine) = selfie().await;
    let small = || bitmap(&[9; 4 * 4 * 4], 4);
    assert_eq!(code(engine.segment(small().await, options(r#"{"of": "hair"}"#)).await), "INVALID_INPUT");
    assert_eq!(code(engine.segment(small().await, options(r#"{"intensity": 2}"#)).await), "INVALID_INPUT");
    assert_eq!(code(engine.segment(small().await, options(r#"{"blur": 1}"#)).await), "INVALID_INPUT");
    assert_eq!(code(engine.segment(JsValue::from(7), options("{}")).await), "INVALID_INPUT");
    let canvas = OffscreenCanvas::new(1, 1).unwrap();
    let glow = engine.draw(small().await, options("{}"), "glow".into(), None, canvas).await;
    assert_eq!(code(glow), "INVALID_INPUT");
    let wide = bitmap(&[9; 8200 * 4], 8200).await;
    assert_eq!(code(engine.predict(wide).await), "GPU_UNAVAILABLE");
    let load = |id: &str, file: &[u8], sum: Option<String>| gpu.load(id.to_owned(), file.to_vec(), sum);
    assert_eq!(code(load("selfie", MULTICLASS, None).await), "CHECKSUM_MISMATCH");
    assert_eq!(code(load("selfie", SELFIE, Some("00".repeat(32))).await), "CHECKSUM_MISMATCH");
    assert_eq!(code(load("nope", SELFIE, None).await), "INVALID_INPUT");
    assert_eq!(code(picture_size(b"hello, no picture")), "UNSUPPORTED_PICTURE");
    assert!(engine.segment(small().await, options("{}")).await.is_ok());
}

#[wasm_bindgen_test]
async fn a_loss_is_heard_of_and_is_an_error() {
    let (gpu, mut engine) = selfie().await;
    let gone = gpu.gone();
    let picture = astronaut().await;
    let running = engine.segment(picture, options("{}"));
    gpu.lose();
    assert_eq!(code(running.await), "GPU_LOST");
    let why = JsFuture::from(gone).await.unwrap().as_string().unwrap();
    assert!(why.contains("estroyed"), "{why}");
    assert_eq!(code(engine.predict(astronaut().await).await), "GPU_LOST");
    assert_eq!(code(gpu.load("selfie".to_owned(), SELFIE.to_vec(), None).await), "GPU_LOST");
    // Who asks later hears it as well.
    assert!(JsFuture::from(gpu.gone()).await.is_ok());
}
