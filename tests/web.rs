//! The wasm border of the CPU's builds in a real browser, on whichever this is compiled for.
//!
//! `scripts/test.mjs` runs it for both builds in headless Chromium.

#![cfg(all(target_arch = "wasm32", not(feature = "gpu")))]

mod border;

use border::{code, get, number, options};
use featheredge::web::picture_size;
use featheredge::web::segmenter::WebSegmenter;
use js_sys::{Array, Float32Array, Object, Uint8Array, Uint8ClampedArray, Uint32Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const SELFIE: &[u8] = include_bytes!("../models/selfie.plan");
const MULTICLASS: &[u8] = include_bytes!("../models/multiclass.plan");
const PICTURE: &[u8] = include_bytes!("../fixtures/images/astronaut.png");
const PERSON: &[u8] = include_bytes!("goldens/astronaut.selfie-person-0.png");
const PERSON_BALANCED: &[u8] = include_bytes!("goldens/astronaut.selfie-person-0-balanced.png");
const PERSON_FINE: &[u8] = include_bytes!("goldens/astronaut.multiclass-person-0-fine.png");
const HAIR: &[u8] = include_bytes!("goldens/astronaut.multiclass-hair-0.png");

/// Largest mean difference from the native matte, in 1/255, and largest share of pixels that
/// differ by more than 8: relaxed SIMD may round once where others round twice.
const TOLERANCE: (f64, f64) = (0.2, 0.002);

fn picture() -> (Vec<u8>, usize, usize) {
    let picture = image::load_from_memory(PICTURE).unwrap().into_rgba8();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    (picture.into_raw(), width, height)
}

/// Gives the network all pixels of a picture, in as many parts as are asked for.
fn feed(segmenter: &mut WebSegmenter, rgba: &[u8], width: usize, height: usize) -> Result<(), JsValue> {
    let rows = segmenter.begin(width, height, width, height, false, false)?;
    for part in rgba.chunks(rows * width * 4) {
        segmenter.buffer(part.len()).copy_from(part);
        segmenter.rows(part.len() / (width * 4))?;
    }
    Ok(())
}

/// What is wanted after all looks that are due.
fn looked(segmenter: &mut WebSegmenter, options: JsValue) -> Result<JsValue, JsValue> {
    let mut wanted = segmenter.segment(options, false)?;
    while wanted == JsValue::TRUE {
        wanted = segmenter.look()?;
    }
    Ok(wanted)
}

/// The whole call, as `ts/run.ts` makes it.
fn segment(
    segmenter: &mut WebSegmenter,
    rgba: &[u8],
    width: usize,
    height: usize,
    options: JsValue,
) -> Result<Vec<u8>, JsValue> {
    feed(segmenter, rgba, width, height)?;
    let mut wanted = looked(segmenter, options.clone())?;
    while !wanted.is_undefined() {
        let wanted_part = wanted.unchecked_into::<Uint32Array>().to_vec();
        let [left, top, columns, part_rows, step] = wanted_part[..] else {
            panic!("a part: {wanted_part:?}")
        };
        for y in (top..top + part_rows).step_by(step as usize) {
            let rows = step.min(top + part_rows - y) as usize;
            let mut bytes = Vec::new();
            for y in y as usize..y as usize + rows {
                bytes.extend_from_slice(&rgba[(y * width + left as usize) * 4..][..columns as usize * 4]);
            }
            segmenter.buffer(bytes.len()).copy_from(&bytes);
            segmenter.rows(rows)?;
        }
        wanted = looked(segmenter, options.clone())?;
    }
    let alpha = Uint8ClampedArray::new_with_length((width * height) as u32);
    while let Some(wanted) = segmenter.advance(&alpha)? {
        let wanted: Vec<usize> = wanted.to_vec().into_iter().map(|value| value as usize).collect();
        let [top, rows, ref spans @ ..] = wanted[..] else { panic!("a place and its blocks: {wanted:?}") };
        let mut bytes = Vec::new();
        for span in spans.chunks_exact(2) {
            for y in top..top + rows {
                bytes.extend_from_slice(&rgba[(y * width + span[0]) * 4..][..span[1] * 4]);
            }
        }
        segmenter.buffer(bytes.len()).copy_from(&bytes);
    }
    Ok(alpha.to_vec())
}

fn check(segmenter: &mut WebSegmenter, of: &str, quality: &str, stored: &[u8]) {
    let (rgba, width, height) = picture();
    let of_it = options(&format!(r#"{{"of": "{of}", "quality": "{quality}"}}"#));
    let got = segment(segmenter, &rgba, width, height, of_it).unwrap();
    let timings = segmenter.timings();
    for name in ["preMs", "inferMs", "postMs"] {
        assert!(number(&timings, name) >= 0.0, "{name}");
    }
    assert!(number(&timings, "inferMs") > 0.0);
    let want = image::load_from_memory(stored).unwrap().into_luma8().into_raw();
    assert_eq!(got.len(), want.len());
    let differences: Vec<u8> = got.iter().zip(&want).map(|(&a, &b)| a.abs_diff(b)).collect();
    let mean = differences.iter().map(|&d| f64::from(d)).sum::<f64>() / want.len() as f64;
    let share = differences.iter().filter(|&&d| d > 8).count() as f64 / want.len() as f64;
    assert!(
        mean <= TOLERANCE.0 && share <= TOLERANCE.1,
        "{of}: mean {mean}, share {share}, want {TOLERANCE:?}"
    );
}

#[wasm_bindgen_test]
fn mattes_are_the_native_ones() {
    let mut selfie = WebSegmenter::from_registry("selfie", SELFIE, None, None).unwrap();
    check(&mut selfie, "person", "fast", PERSON);
    check(&mut selfie, "person", "balanced", PERSON_BALANCED);
    let mut multiclass = WebSegmenter::from_registry("multiclass", MULTICLASS, None, None).unwrap();
    check(&mut multiclass, "hair", "fast", HAIR);
    multiclass.join("selfie", SELFIE).unwrap();
    check(&mut multiclass, "person", "fine", PERSON_FINE);
}

/// Some of the steps, as where a call comes meanwhile, and all of them.
#[wasm_bindgen_test]
fn steps_that_run_ahead_change_no_matte() {
    let mut selfie = WebSegmenter::from_registry("selfie", SELFIE, None, None).unwrap();
    assert!((0..20).all(|step| selfie.warm_up(step)));
    check(&mut selfie, "person", "fast", PERSON);
    let steps = (0..).take_while(|&step| selfie.warm_up(step)).count();
    assert!(steps > 60, "{steps} steps");
    assert!(!selfie.warm_up(usize::MAX));
    check(&mut selfie, "person", "balanced", PERSON_BALANCED);
}

/// The network's answers come from elsewhere, or not.
#[wasm_bindgen_test]
fn a_network_that_runs_elsewhere_gives_the_same() {
    let (rgba, width, height) = picture();
    let mut other = WebSegmenter::from_registry("selfie", SELFIE, None, None).unwrap();
    let mut segmenter = WebSegmenter::from_registry("selfie", SELFIE, None, None).unwrap();
    let want = segment(&mut other, &rgba, width, height, options("{}")).unwrap();
    for helped in [true, false] {
        feed(&mut segmenter, &rgba, width, height).unwrap();
        let mut wanted = segmenter.segment(options("{}"), true).unwrap();
        let mut asked = 0;
        while let Some(picture) = wanted.dyn_ref::<Uint8Array>() {
            let answer = helped.then(|| {
                feed(&mut other, &picture.to_vec(), 256, 256).unwrap();
                get(&other.predict().unwrap(), "data").unchecked_into::<Float32Array>().to_vec()
            });
            wanted = segmenter.answer(answer, 1.0).unwrap();
            asked += 1;
        }
        assert!(wanted.is_undefined() && asked == 3, "{asked} looks");
        let alpha = Uint8ClampedArray::new_with_length((width * height) as u32);
        assert!(segmenter.advance(&alpha).unwrap().is_none());
        assert_eq!(alpha.to_vec(), want);
    }
}

/// The first look, and then the mirror image and the picture itself of the second round.
#[wasm_bindgen_test]
fn between_two_looks_others_have_their_turn() {
    let (rgba, width, height) = picture();
    let mut segmenter = WebSegmenter::from_registry("selfie", SELFIE, None, None).unwrap();
    for (quality, want) in [("fast", 0), ("balanced", 2)] {
        feed(&mut segmenter, &rgba, width, height).unwrap();
        let options = options(&format!(r#"{{"quality": "{quality}"}}"#));
        let mut wanted = segmenter.segment(options, false).unwrap();
        let mut turns = 0;
        while wanted == JsValue::TRUE {
            wanted = segmenter.look().unwrap();
            turns += 1;
        }
        assert!(wanted.is_undefined() && turns == want, "{quality}: {turns} turns");
    }
}

#[wasm_bindgen_test]
fn info_says_what_runs() {
    let info = WebSegmenter::from_registry("selfie", SELFIE, None, None).unwrap().info();
    let build = if cfg!(target_feature = "relaxed-simd") { "relaxed" } else { "simd" };
    assert_eq!(get(&info, "build").as_string().unwrap(), build);
    assert_eq!(get(&info, "executor").as_string().unwrap(), "cpu");
    assert_eq!(get(&info, "model").as_string().unwrap(), "selfie");
    assert_eq!(get(&info, "subjects").unchecked_into::<Array>().to_vec(), ["person"].map(JsValue::from));
    assert_eq!((number(&info, "inputWidth"), number(&info, "inputHeight")), (256.0, 256.0));
}

#[wasm_bindgen_test]
fn probabilities_sum_to_one() {
    let mut segmenter = WebSegmenter::from_registry("multiclass", MULTICLASS, None, None).unwrap();
    let (rgba, width, height) = picture();
    feed(&mut segmenter, &rgba, width, height).unwrap();
    let result = segmenter.predict().unwrap();
    let data = get(&result, "data").unchecked_into::<Float32Array>().to_vec();
    assert_eq!(data.len(), 256 * 256 * 6);
    assert!(data.chunks(6).all(|pixel| (pixel.iter().sum::<f32>() - 1.0).abs() < 1e-4));
}

#[wasm_bindgen_test]
fn bad_input_is_an_error_with_a_code() {
    let mut segmenter = WebSegmenter::from_registry("selfie", SELFIE, None, None).unwrap();
    let mut segment =
        |rgba: &[u8], width, height, text: &str| segment(&mut segmenter, rgba, width, height, options(text));
    assert_eq!(code(segment(&[], 0, 2, "{}")), "INVALID_INPUT");
    assert_eq!(code(segment(&[], 20_000, 20_000, "{}")), "PICTURE_TOO_LARGE");
    assert_eq!(code(segment(&[0; 16], 2, 2, r#"{"of": "hair"}"#)), "INVALID_INPUT");
    assert_eq!(code(segment(&[0; 16], 2, 2, r#"{"intensity": 2}"#)), "INVALID_INPUT");
    assert_eq!(code(segment(&[0; 16], 2, 2, r#"{"feather": -1}"#)), "INVALID_INPUT");
    assert_eq!(code(segment(&[0; 16], 2, 2, r#"{"blur": 1}"#)), "INVALID_INPUT");
    assert_eq!(code(segment(&[0; 16], 2, 2, r#"{"quality": "best"}"#)), "INVALID_INPUT");
    assert_eq!(code(segment(&[0; 16], 2, 2, "7")), "INVALID_INPUT");
    assert_eq!(code(WebSegmenter::from_registry("selfie", MULTICLASS, None, None)), "CHECKSUM_MISMATCH");
    assert_eq!(code(WebSegmenter::from_registry("nope", SELFIE, None, None)), "INVALID_INPUT");
    let sum = Some("00".repeat(32));
    assert_eq!(code(WebSegmenter::from_registry("selfie", SELFIE, sum, None)), "CHECKSUM_MISMATCH");
    assert_eq!(code(picture_size(b"hello, no picture")), "UNSUPPORTED_PICTURE");
    // A picture of one pixel is small, but it is a picture.
    assert!(segment(&[0; 4], 1, 1, "{}").is_ok());
}

/// Both arithmetics, whatever a trial here would choose, and the trial's own choice.
#[wasm_bindgen_test]
fn either_arithmetic_gives_the_native_hair() {
    for name in ["f32", "i16"] {
        let segmenter = WebSegmenter::from_registry("multiclass", MULTICLASS, None, Some(name.to_owned()));
        let mut segmenter = segmenter.unwrap();
        let info = segmenter.info();
        assert_eq!(get(&info, "arithmetic").as_string().unwrap(), name);
        assert_eq!(get(&info, "tried"), JsValue::FALSE);
        check(&mut segmenter, "hair", "fast", HAIR);
    }
    let info = WebSegmenter::from_registry("multiclass", MULTICLASS, None, None).unwrap().info();
    assert_eq!(get(&info, "tried"), JsValue::TRUE);
    let info = WebSegmenter::from_registry("selfie", SELFIE, None, None).unwrap().info();
    assert_eq!((get(&info, "tried"), get(&info, "arithmetic")), (JsValue::FALSE, "f32".into()));
    let unknown = WebSegmenter::from_registry("multiclass", MULTICLASS, None, Some("f64".to_owned()));
    assert_eq!(code(unknown), "INVALID_INPUT");
}

#[wasm_bindgen_test]
fn a_large_picture_is_read_where_it_matters() {
    let mut segmenter = WebSegmenter::from_registry("selfie", SELFIE, None, None).unwrap();
    let (rgba, width, height) = picture();
    // Three times as large, so that it is not kept; its middle pixels are the picture's.
    let (wide, high) = (width * 3, height * 3);
    let large: Vec<u8> = (0..wide * high)
        .flat_map(|i| rgba[(i / wide / 3 * width + i % wide / 3) * 4..][..4].to_vec())
        .collect();
    let want = segment(&mut segmenter, &rgba, width, height, options(r#"{"feather": 0}"#)).unwrap();
    let got = segment(&mut segmenter, &large, wide, high, options(r#"{"feather": 0}"#)).unwrap();
    let middle = |i: usize| got[(i / width * 3 + 1) * wide + i % width * 3 + 1];
    let sides = (0..want.len()).filter(|&i| (want[i] >= 128) != (middle(i) >= 128)).count();
    assert!(sides * 100 < want.len(), "{sides} pixels of {} changed sides", want.len());
    // Swapped and with colours times an alpha of 255, it is the same picture.
    let mut swapped = rgba.clone();
    swapped.chunks_mut(4).for_each(|pixel| pixel.swap(0, 2));
    segmenter.begin(width, height, width, height, true, true).unwrap();
    segmenter.buffer(swapped.len()).copy_from(&swapped);
    segmenter.rows(height).unwrap();
    assert!(looked(&mut segmenter, options(r#"{"feather": 0}"#)).unwrap().is_undefined());
    let alpha = Uint8ClampedArray::new_with_length((width * height) as u32);
    assert!(segmenter.advance(&alpha).unwrap().is_none());
    // The filter adds the colours up in another order.
    let alpha = alpha.to_vec();
    let differ = alpha.iter().zip(&want).filter(|(got, want)| got != want).count();
    assert!(differ * 1000 < want.len(), "blue before red gives another matte: {differ} pixels differ");
    assert!(alpha.iter().zip(&want).all(|(got, want)| got.abs_diff(*want) <= 1));
}

#[wasm_bindgen_test]
fn steps_out_of_turn_are_refused() {
    let mut segmenter = WebSegmenter::from_registry("selfie", SELFIE, None, None).unwrap();
    let alpha = Uint8ClampedArray::new_with_length(4);
    assert_eq!(code(segmenter.rows(1)), "INTERNAL");
    assert_eq!(code(segmenter.predict()), "INTERNAL");
    assert_eq!(code(segmenter.segment(options("{}"), false)), "INTERNAL");
    assert_eq!(code(segmenter.look()), "INTERNAL");
    assert_eq!(code(segmenter.answer(None, 0.0)), "INTERNAL");
    assert_eq!(code(segmenter.advance(&alpha)), "INTERNAL");
    segmenter.begin(2, 2, 2, 2, false, false).unwrap();
    assert_eq!(code(segmenter.rows(1)), "INTERNAL");
    segmenter.buffer(16);
    assert_eq!(code(segmenter.rows(3)), "INTERNAL");
    segmenter.rows(1).unwrap();
    assert_eq!(code(segmenter.segment(options("{}"), false)), "INTERNAL");
}

#[wasm_bindgen_test]
fn size_is_read_from_the_head() {
    let size = picture_size(&PICTURE[..64]).unwrap();
    assert_eq!((number(&size, "width"), number(&size, "height")), (512.0, 512.0));
    assert!(picture_size(&PICTURE[..18]).unwrap().is_undefined());
    assert!(Object::is(&picture_size(&PICTURE[..18]).unwrap(), &JsValue::UNDEFINED));
}
