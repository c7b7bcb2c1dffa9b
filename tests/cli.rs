//! The command line as a user meets it: results, bad pictures, bad usage.

mod common;

use std::process::Command;

use common::command::{folder, lines, path, run, text};
use common::{fixture, iou, project, read_grey, segmenter};
use featheredge::SegmentOptions;
use serde_json::Value;

const PORTRAIT: &str = "fixtures/images/luispedro.jpg";

#[test]
fn a_matte_is_the_library_s() {
    let out = folder("matte");
    let portrait = project(PORTRAIT);
    let done =
        run(&["cut", path(&portrait), "-o", path(&out), "--of", "hair", "--intensity", "0.5", "--json"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let [line] = &lines(&done)[..] else { panic!("one line") };
    assert_eq!(line["model"], "multiclass", "hair needs it");
    assert!(line["timings"]["inferMs"].as_f64().unwrap() > 0.0);

    let picture = fixture("luispedro").load().unwrap();
    let options = SegmentOptions { of: "hair".to_owned(), intensity: 0.5, ..SegmentOptions::default() };
    let (want, _) = segmenter("multiclass").segment(picture.view().unwrap(), &options).unwrap();
    assert_eq!(read_grey(&out.join("luispedro.png")), want);
    assert!((line["coverage"].as_f64().unwrap() - want.coverage()).abs() < 1e-9);
}

#[test]
fn the_finest_matte_is_by_two_networks() {
    let out = folder("fine");
    let portrait = project(PORTRAIT);
    let done =
        run(&["cut", path(&portrait), "-o", path(&out), "--quality", "fine", "--intensity", "0", "--json"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let [line] = &lines(&done)[..] else { panic!("one line") };
    assert_eq!(line["model"], "multiclass");
    let stored = read_grey(&project("tests/goldens/luispedro.multiclass-person-0-fine.png"));
    assert!(iou(&read_grey(&out.join("luispedro.png")), &stored) > 0.999);
}

#[test]
fn a_cutout_has_the_matte_as_its_alpha() {
    let (mattes, cutouts) = (folder("cutout-matte"), folder("cutout"));
    let portrait = project(PORTRAIT);
    assert!(run(&["cut", path(&portrait), "-o", path(&mattes), "--feather", "5"]).status.success());
    let arguments = ["cut", path(&portrait), "-o", path(&cutouts), "--feather", "5", "--output", "cutout"];
    assert!(run(&arguments).status.success());
    let cutout = image::open(cutouts.join("luispedro.png")).unwrap().into_rgba8();
    let alpha: Vec<u8> = cutout.pixels().map(|pixel| pixel[3]).collect();
    assert_eq!(alpha, read_grey(&mattes.join("luispedro.png")).alpha);
}

/// The portrait with an effect, and the matte that it is of.
fn effect(name: &str, arguments: &[&str]) -> (image::RgbaImage, featheredge::pixels::Matte) {
    let out = folder(name);
    let portrait = project(PORTRAIT);
    let done = run(&[&["cut", path(&portrait), "-o", path(&out)], arguments].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));
    let hair = arguments.contains(&"--color");
    let options = SegmentOptions {
        of: if hair { "hair" } else { "person" }.to_owned(),
        intensity: if hair { 1.0 } else { 0.0 },
        ..SegmentOptions::default()
    };
    let picture = fixture("luispedro").load().unwrap();
    let model = if hair { "multiclass" } else { "selfie" };
    let (matte, _) = segmenter(model).segment(picture.view().unwrap(), &options).unwrap();
    (image::open(out.join("luispedro.png")).unwrap().into_rgba8(), matte)
}

#[test]
fn effects_change_the_one_side_and_keep_the_other() {
    let picture = fixture("luispedro").load().unwrap();
    let seen = picture.rgba.as_chunks::<4>().0;
    let file = project("fixtures/images/astronaut.png");
    for (name, arguments) in [
        ("recolor", &["--color", "#8a2be2", "--lighten", "0.3"][..]),
        ("blur", &["--blur", "12"]),
        ("colour", &["--background", "#0f0"]),
        ("image", &["--background", path(&file), "--fit", "contain"]),
    ] {
        let (got, matte) = effect(name, arguments);
        let pixels = got.as_raw().as_chunks::<4>().0;
        let (kept, changed) = if name == "recolor" { (0, 255) } else { (255, 0) };
        let (mut differ, mut all) = (0, 0);
        for ((got, seen), &alpha) in pixels.iter().zip(seen).zip(&matte.alpha) {
            if alpha == kept {
                assert_eq!(got, seen, "{name}");
            }
            if alpha == changed {
                (differ, all) = (differ + usize::from(got != seen), all + 1);
            }
            assert!(name != "colour" || alpha != 0 || *got == [0, 255, 0, 255]);
        }
        assert!(all > 1000 && differ * 10 > all * 8, "{name}: {differ} of {all}");
    }
    assert_eq!(run(&["cut", PORTRAIT, "--background", "none.jpg"]).status.code(), Some(1));
}

#[test]
fn exif_orientation_is_honoured() {
    let (out, pictures) = (folder("exif"), folder("exif-in"));
    let file = std::fs::read(project(PORTRAIT)).unwrap();
    // An APP1 segment with one entry: tag 0x0112, one short, 6 = turn a quarter to the right.
    let mut turned = vec![0xff, 0xd8, 0xff, 0xe1, 0, 34];
    turned.extend(b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0");
    turned.extend(&file[2..]);
    let picture = pictures.join("turned.jpg");
    std::fs::write(&picture, turned).unwrap();
    let done = run(&["cut", path(&picture), path(&project(PORTRAIT)), "-o", path(&out)]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let (upright, turned) = (read_grey(&out.join("luispedro.png")), read_grey(&out.join("turned.png")));
    assert_eq!((turned.width, turned.height), (upright.height, upright.width));
}

#[test]
fn a_gpu_gives_the_matte_and_says_so() {
    let (out, want) = (folder("gpu"), folder("gpu-cpu"));
    let portrait = project(PORTRAIT);
    let done = run(&["cut", path(&portrait), "-o", path(&out), "--executor", "gpu", "--json"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let [line] = &lines(&done)[..] else { panic!("one line") };
    if line["executor"] != "gpu" {
        println!("skipped: {}", line["reason"]);
        assert!(std::env::var_os("CI").is_none(), "{line}");
        return;
    }
    assert!(line["adapter"]["name"].is_string() && line["adapter"]["backend"].is_string(), "{line}");
    assert_eq!(line["reason"], "as asked for");
    assert!(run(&["cut", path(&portrait), "-o", path(&want)]).status.success());
    let [got, want] = [out, want].map(|folder| read_grey(&folder.join("luispedro.png")));
    assert!(iou(&got, &want) > 0.998);
}

/// Where no driver is found there is no GPU, which only Linux can be told.
#[cfg(target_os = "linux")]
#[test]
fn without_a_gpu_the_cpu_does_it_and_says_why() {
    let (out, want) = (folder("no-gpu"), folder("no-gpu-cpu"));
    let portrait = project(PORTRAIT);
    let done = Command::new(env!("CARGO_BIN_EXE_featheredge"))
        .args(["cut", path(&portrait), "-o", path(&out), "--executor", "gpu", "--json"])
        .envs(["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].map(|name| (name, "/dev/null")))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
    let [line] = &lines(&done)[..] else { panic!("one line") };
    assert_eq!((&line["executor"], &line["adapter"]), (&Value::from("cpu"), &Value::Null), "{line}");
    let reason = line["reason"].as_str().unwrap();
    assert!(reason.contains("no GPU") && text(&done.stderr).contains(reason), "{}", text(&done.stderr));
    assert!(run(&["cut", path(&portrait), "-o", path(&want)]).status.success());
    let [got, want] = [out, want].map(|folder| read_grey(&folder.join("luispedro.png")));
    assert_eq!(got, want);
}

#[test]
fn bad_pictures_fail_alone() {
    let (bad, out) = (folder("bad"), folder("bad-out"));
    std::fs::create_dir(bad.join("empty")).unwrap();
    let jpeg = std::fs::read(project(PORTRAIT)).unwrap();
    let png = std::fs::read(project("fixtures/images/astronaut.png")).unwrap();
    // Signature and header of a PNG that claims 20,000 x 20,000 pixels.
    let mut bomb = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x4e\x20\0\0\x4e\x20\x08\x06\0\0\0".to_vec();
    bomb.extend([0; 64]);
    let files: [(&str, &[u8], &str); 7] = [
        ("zero.jpg", b"", "UNSUPPORTED_PICTURE"),
        ("text.jpg", b"hello, I am no picture\n", "UNSUPPORTED_PICTURE"),
        ("head.jpg", &jpeg[..300], "UNSUPPORTED_PICTURE"),
        ("cut-early.jpg", &jpeg[..jpeg.len() / 2], "UNSUPPORTED_PICTURE"),
        ("cut-late.jpg", &jpeg[..jpeg.len() - 10], "UNSUPPORTED_PICTURE"),
        ("cut.png", &png[..png.len() / 2], "UNSUPPORTED_PICTURE"),
        ("bomb.png", &bomb, "PICTURE_TOO_LARGE"),
    ];
    let mut arguments = vec!["cut".to_owned(), "--json".to_owned(), "-o".to_owned(), path(&out).to_owned()];
    let mut want = Vec::new();
    for (name, bytes, code) in files {
        std::fs::write(bad.join(name), bytes).unwrap();
        arguments.push(path(&bad.join(name)).to_owned());
        want.push(code);
    }
    for (name, code) in [("missing.jpg", "FETCH"), ("empty", "INVALID_INPUT")] {
        arguments.push(path(&bad.join(name)).to_owned());
        want.push(code);
    }
    arguments.push(path(&project(PORTRAIT)).to_owned());
    let done = run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(done.status.code(), Some(1), "bad input");
    let lines = lines(&done);
    let codes: Vec<&str> = lines.iter().filter_map(|line| line["error"]["code"].as_str()).collect();
    assert_eq!(codes, want, "{}", text(&done.stderr));
    let stderr = text(&done.stderr);
    assert!(
        want.iter().all(|code| stderr.contains(code)) && stderr.lines().count() == want.len(),
        "{stderr}"
    );
    let good = read_grey(&out.join("luispedro.png"));
    let stored = read_grey(&project("tests/goldens/luispedro.selfie-person-0.png"));
    assert!(iou(&good, &stored) > 0.99, "the good picture is done all the same");
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1, "and nothing else");
}

#[test]
fn a_folder_is_done_in_order_of_names() {
    let (pictures, out) = (folder("batch"), folder("batch-out"));
    for name in ["b.jpg", "a.jpg", "notes.txt"] {
        std::fs::copy(project(PORTRAIT), pictures.join(name)).unwrap();
    }
    let done = run(&["cut", path(&pictures), "-o", path(&out), "--json"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let outputs: Vec<String> =
        lines(&done).iter().map(|line| line["output"].as_str().unwrap().to_owned()).collect();
    assert_eq!(outputs, [path(&out.join("a.png")), path(&out.join("b.png"))]);
}

#[test]
fn bad_usage_is_code_2() {
    let portrait = project(PORTRAIT);
    let usages: [&[&str]; 18] = [
        &[],
        &["cut"],
        &["cut", path(&portrait), "--intensity", "2"],
        &["cut", path(&portrait), "--feather", "-1"],
        &["cut", path(&portrait), "--feather", "3", "--intensity", "1"],
        &["cut", path(&portrait), "--of", "hat"],
        &["cut", path(&portrait), "--model", "selfie", "--of", "hair"],
        &["cut", path(&portrait), "--model", "nope"],
        &["cut", path(&portrait), "--morphology", "open:0"],
        &["cut", path(&portrait), "--color", "red"],
        &["cut", path(&portrait), "--color", "#fff", "--model", "selfie"],
        &["cut", path(&portrait), "--color", "#fff", "--blur", "5"],
        &["cut", path(&portrait), "--lighten", "1"],
        &["cut", path(&portrait), "--blur", "0.5"],
        &["cut", path(&portrait), "--background", "#ff"],
        &["cut", path(&portrait), "--fit", "contain"],
        &["cut", path(&portrait), "--output", "cutout", "--blur", "5"],
        &["frobnicate"],
    ];
    for usage in usages {
        let done = run(usage);
        assert_eq!(done.status.code(), Some(2), "{usage:?}: {}", text(&done.stderr));
        assert!(!done.stderr.is_empty(), "{usage:?} says why");
    }
    for (usage, code) in [
        (&["cut", path(&portrait), "--of", "hat", "--json"][..], "INVALID_INPUT"),
        (&["inspect", "nothing.onnx", "--json"], "FETCH"),
    ] {
        assert_eq!(lines(&run(usage))[0]["error"]["code"], code, "{usage:?}");
    }
}

#[test]
fn a_model_file_runs_by_its_contract() {
    let out = folder("onnx");
    let portrait = project(PORTRAIT);
    let model = project("models/selfie-landscape.onnx");
    let fast = ["--quality", "fast"];
    let done =
        run(&[&["cut", path(&portrait), "-o", path(&out), "--model", path(&model)], &fast[..]].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));
    let stored = read_grey(&project("tests/goldens/luispedro.selfie-landscape-person-0.png"));
    assert!(iou(&read_grey(&out.join("luispedro.png")), &stored) > 0.99);

    let contract = out.join("contract.json");
    std::fs::write(
        &contract,
        r#"{"range": [-1, 1], "activation": "softmax", "temperature": 3,
            "classes": ["background", "hair", "body-skin", "face-skin", "clothes", "others"]}"#,
    )
    .unwrap();
    let (model, hair) = (project("models/multiclass.onnx"), folder("onnx-hair"));
    let arguments = ["cut", path(&portrait), "-o", path(&hair), "--of", "hair", "--model", path(&model)];
    let done = run(&[&arguments[..], &fast, &["--contract", path(&contract)]].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));
    let stored = read_grey(&project("tests/goldens/luispedro.multiclass-hair-0.png"));
    assert!(iou(&read_grey(&hair.join("luispedro.png")), &stored) > 0.99);

    let done = run(&arguments);
    assert_eq!(done.status.code(), Some(2), "six channels need names");
    let done = run(&["cut", path(&portrait), "--model", "missing.onnx"]);
    assert_eq!(done.status.code(), Some(1), "a missing file is bad input");
}

#[test]
fn models_and_inspect_tell_the_facts() {
    let done = run(&["models"]);
    assert!(done.status.success());
    assert!(text(&done.stdout).matches("  ok  ").count() == 3, "{}", text(&done.stdout));
    let json = run(&["models", "--json"]);
    let models: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(models.as_array().unwrap().iter().all(|model| model["checksumOk"] == true));

    let done = run(&["inspect", "multiclass", "--json"]);
    let inspection: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(inspection["input"], serde_json::json!([256, 256, 3]));
    let (counted, stated) =
        (inspection["multiplyAdds"].as_f64().unwrap(), models[2]["multiplyAdds"].as_f64().unwrap());
    assert!((counted / stated - 1.0).abs() < 0.02, "tract counts {counted}, the registry states {stated}");

    assert!(inspection["plan"]["multiplyAdds"].as_f64().unwrap() < counted && inspection["noPlan"].is_null());

    // A plan file tells the same of itself; it is what the package ships.
    let plan = project("target/tmp/selfie.plan");
    let done = run(&["lower", path(&project("models/selfie.onnx")), "-o", path(&plan)]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let json = run(&["inspect", path(&plan), "--json"]);
    let of_plan: Value = serde_json::from_slice(&json.stdout).unwrap();
    let json = run(&["inspect", "selfie", "--json"]);
    let of_network: Value = serde_json::from_slice(&json.stdout).unwrap();
    for fact in ["steps", "multiplyAdds", "peakBytes"] {
        assert_eq!(of_plan[fact], of_network["plan"][fact], "{fact}");
    }
    assert!(text(&run(&["inspect", path(&plan)]).stdout).contains("pointwise"));

    // What there is no step for is named.
    let done = run(&["inspect", path(&project("fixtures/networks/unknown.onnx"))]);
    assert!(done.status.success() && text(&done.stdout).contains("mode cubic"), "{}", text(&done.stdout));
    let done = run(&["lower", path(&project("fixtures/networks/unknown.onnx")), "-o", path(&plan)]);
    assert!(done.status.code() == Some(1) && text(&done.stderr).contains("mode cubic"));
    let done = run(&["inspect", path(&project("fixtures/networks/open.onnx")), "--size", "16x24"]);
    assert!(text(&done.stdout).contains("8 x 12 x 2"), "{}", text(&done.stdout));

    let done = run(&["inspect", path(&project("Cargo.toml"))]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("UNSUPPORTED_MODEL"));
}
