//! What the command line does to files: nothing that is read is overwritten, and a result is whole or not there.

mod common;

use std::process::Command;

use common::command::{folder, path, run, text};
use common::project;

const PORTRAIT: &str = "fixtures/images/luispedro.jpg";

#[test]
fn nothing_is_overwritten() {
    let pictures = folder("overwrite");
    let picture = pictures.join("a.png");
    std::fs::copy(project("fixtures/images/astronaut.png"), &picture).unwrap();
    let before = std::fs::read(&picture).unwrap();
    let done = run(&["cut", path(&picture), "-o", path(&pictures)]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("overwrite"), "{}", text(&done.stderr));
    assert_eq!(std::fs::read(&picture).unwrap(), before);

    // Another picture of the batch, and what goes behind the subjects, are read as well.
    std::fs::copy(project(PORTRAIT), pictures.join("a.jpg")).unwrap();
    let out = folder("overwrite-out");
    let backdrop = out.join("a.png");
    std::fs::copy(&picture, &backdrop).unwrap();
    for usage in [
        &["cut", path(&pictures), "-o", path(&pictures)][..],
        &["cut", path(&pictures.join("a.jpg")), "-o", path(&out), "--background", path(&backdrop)],
    ] {
        let done = run(usage);
        assert_eq!(done.status.code(), Some(1), "{usage:?}");
        assert!(text(&done.stderr).contains("overwrite"), "{}", text(&done.stderr));
    }
    let model = out.join("network.onnx");
    std::fs::copy(project("models/selfie-landscape.onnx"), &model).unwrap();
    let done = run(&["lower", path(&model), "-o", path(&model)]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("overwrite"), "{}", text(&done.stderr));
    for kept in [&picture, &backdrop] {
        assert_eq!(std::fs::read(kept).unwrap(), before, "{}", kept.display());
    }

    let (one, other, out) = (folder("same-1"), folder("same-2"), folder("same-out"));
    for place in [&one, &other] {
        std::fs::copy(project(PORTRAIT), place.join("same.jpg")).unwrap();
    }
    let done = run(&["cut", path(&one), path(&other), "-o", path(&out)]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("is that of"), "{}", text(&done.stderr));
}

/// A limit on files' sizes stands for a disk that is full.
#[cfg(unix)]
#[test]
fn a_result_is_whole_or_the_one_before_stays() {
    let out = folder("full");
    let result = out.join("astronaut.png");
    std::fs::write(&result, "before").unwrap();
    let cut = format!(
        "ulimit -f 8; trap '' XFSZ; exec {} cut {} -o {} --quality fast",
        env!("CARGO_BIN_EXE_featheredge"),
        path(&project("fixtures/images/astronaut.png")),
        path(&out)
    );
    let done = Command::new("sh").args(["-c", &cut]).output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("cannot write"), "{}", text(&done.stderr));
    assert_eq!(std::fs::read(&result).unwrap(), b"before");
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1, "nothing else is left");
}
