//! Conventions, as tests: what is not checked decays.

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use common::project;

/// Who may use whom within `src/`; what is not listed is forbidden.
const MAY_USE: [(&str, &[&str]); 13] = [
    ("error", &[]),
    ("pixels", &["cpu", "error"]),
    ("telemetry", &["error"]),
    ("model", &["pixels", "error"]),
    ("plan", &["error"]),
    ("cpu", &["plan", "error"]),
    ("gpu", &["plan", "model", "matte", "effects", "pixels", "telemetry", "error"]),
    ("onnx", &["plan", "model", "error"]),
    // The kernels' vectors serve the full-size picture as well.
    ("matte", &["cpu", "model", "pixels", "error"]),
    ("effects", &["pixels", "error"]),
    ("executor", &["onnx", "cpu", "plan", "error"]),
    (
        "segmenter",
        &["executor", "cpu", "gpu", "onnx", "plan", "model", "matte", "pixels", "telemetry", "error"],
    ),
    (
        "web",
        &["segmenter", "cpu", "gpu", "plan", "matte", "effects", "model", "pixels", "telemetry", "error"],
    ),
];

/// Words that belong behind one door.
const DOORS: [(&str, &str); 4] =
    [("tract_onnx", "onnx"), ("wgpu::", "gpu"), ("wasm_bindgen", "web"), ("js_sys", "web")];

fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![project(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
            if entry.is_dir() {
                folders.push(entry);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(entry);
            }
        }
    }
    assert!(!found.is_empty(), "{folder} holds {endings:?}");
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The module that a file of `src/` belongs to.
fn module(path: &Path) -> String {
    let inner = path.strip_prefix(project("src")).unwrap();
    inner.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

#[test]
fn modules_use_only_what_they_may() {
    for path in files("src", &[".rs"]) {
        let (name, text) = (module(&path), read(&path));
        let Some((_, allowed)) = MAY_USE.iter().find(|(module, _)| *module == name) else {
            assert!(["lib", "bin"].contains(&name.as_str()), "{} has a row in MAY_USE", path.display());
            continue;
        };
        // Tests, at a file's end or in files of their own, may use more.
        if path.ends_with("tests.rs") || path.parent().is_some_and(|folder| folder.ends_with("tests")) {
            continue;
        }
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        for (at, _) in code.match_indices("crate::") {
            let used: String =
                code[at + 7..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            assert!(
                used == name || allowed.contains(&used.as_str()),
                "{} uses {used}, {name} may use {allowed:?}",
                path.display()
            );
        }
    }
}

#[test]
fn foreign_worlds_stay_behind_their_doors() {
    for path in files("src", &[".rs"]) {
        for (word, door) in DOORS {
            assert!(module(&path) == door || !read(&path).contains(word), "{} names {word}", path.display());
        }
        let vectors = path.starts_with(project("src/cpu/simd"));
        assert!(vectors || !read(&path).contains("unsafe {"), "{} holds unsafe code", path.display());
    }
}

/// The companion knows nothing of the library; its gate knows nothing but itself.
#[test]
fn the_companion_stands_alone() {
    for path in files("companion", &[".rs"]) {
        let text = read(&path);
        assert!(!text.replace("featheredge_companion", "").contains("featheredge::"), "{}", path.display());
        let border = path.starts_with(project("companion/src/wasm"));
        assert!(border || !text.contains("unsafe {"), "{} holds unsafe code", path.display());
        if path.starts_with(project("companion/src/gate")) {
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            for word in ["crate::", "std::", "format!", "f32", "f64", "serde"] {
                assert!(!code.contains(word), "{} names {word}", path.display());
            }
        }
    }
    let manifest = read(&project("companion/Cargo.toml"));
    assert!(
        !manifest.contains("path = \"..\"") && !manifest.contains("\nfeatheredge ="),
        "the companion needs the library"
    );
}

#[test]
fn files_can_be_read_in_one_sitting() {
    let code = [".rs", ".ts", ".mjs", ".js", ".css", ".py", ".html"];
    for folder in ["src", "companion", "tests", "scripts", "models", "fixtures", "www"] {
        for path in files(folder, &code) {
            let lines = read(&path).lines().count();
            assert!(lines <= 400, "{} has {lines} lines, want at most 400", path.display());
        }
    }
}

#[test]
fn error_codes_cross_the_border_unchanged() {
    let (rust, types) = (read(&project("src/error.rs")), read(&project("src/ts/types.ts")));
    let codes: BTreeSet<&str> = rust
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|code| code.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    assert!(codes.len() >= 7, "{codes:?}");
    for code in codes {
        assert!(types.contains(&format!("'{code}'")), "types.ts lists {code}");
    }
}

#[test]
fn the_companion_knows_the_models_that_ship() {
    let registry: serde_json::Value = serde_json::from_str(&read(&project("models/registry.json"))).unwrap();
    let ids: Vec<&str> =
        registry["models"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert!(ids.len() >= 3, "{ids:?}");
    let companion = format!("= [\"{}\"];", ids.join("\", \""));
    assert!(read(&project("companion/src/main.rs")).contains(&companion), "the companion lists {companion}");
}

#[test]
fn versions_and_licences_agree() {
    let package: serde_json::Value = serde_json::from_str(&read(&project("package.json"))).unwrap();
    assert_eq!(package["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(package["license"], env!("CARGO_PKG_LICENSE"));
}
