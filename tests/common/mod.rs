//! The fixtures, and how mattes are compared.

#![allow(dead_code, unreachable_pub, reason = "each test file includes this one and uses its share")]

pub mod command;

use std::path::{Path, PathBuf};

use featheredge::Segmenter;
use featheredge::model::registry;
use featheredge::pixels::{Decoded, Matte, decode};
use serde_json::Value;

/// A file of the project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// One picture of `fixtures/manifest.json`.
pub struct Fixture {
    pub id: String,
    path: PathBuf,
    pub masks: Option<[PathBuf; 2]>,
    pub width: usize,
    pub height: usize,
}

impl Fixture {
    /// The picture; `None`, with a word on it, where set-up has not fetched it.
    pub fn load(&self) -> Option<Decoded> {
        if !self.path.exists() {
            println!("{}: skipped: {} is not there; run scripts/setup test", self.id, self.path.display());
            assert!(std::env::var_os("CI").is_none(), "{} must be there", self.id);
            return None;
        }
        Some(decode(&std::fs::read(&self.path).expect("readable")).expect("a picture"))
    }
}

/// All pictures of the manifest.
pub fn fixtures() -> Vec<Fixture> {
    let text = std::fs::read_to_string(project("fixtures/manifest.json")).expect("the manifest");
    let manifest: Value = serde_json::from_str(&text).expect("JSON");
    let path = |value: &Value| project("fixtures").join(value.as_str().expect("a path"));
    let pictures = manifest["pictures"].as_array().expect("a list").iter();
    pictures
        .map(|picture| Fixture {
            id: picture["id"].as_str().expect("an id").to_owned(),
            path: path(&picture["file"]),
            masks: picture.get("masks").map(|masks| [path(&masks["person"]), path(&masks["hair"])]),
            width: picture["width"].as_u64().expect("a width") as usize,
            height: picture["height"].as_u64().expect("a height") as usize,
        })
        .collect()
}

/// One network of `fixtures/manifest.json` that is not shipped.
pub struct Foreign {
    pub id: String,
    path: PathBuf,
    /// Rows and columns of its input, where its file leaves them open.
    pub size: Option<[usize; 2]>,
}

impl Foreign {
    /// The ONNX file; `None`, with a word on it, where set-up has not fetched it.
    pub fn load(&self) -> Option<Vec<u8>> {
        if !self.path.exists() {
            println!("{}: skipped: {} is not there; run scripts/setup test", self.id, self.path.display());
            assert!(std::env::var_os("CI").is_none(), "{} must be there", self.id);
            return None;
        }
        Some(std::fs::read(&self.path).expect("readable"))
    }
}

/// All networks of the manifest.
pub fn foreign_networks() -> Vec<Foreign> {
    let text = std::fs::read_to_string(project("fixtures/manifest.json")).expect("the manifest");
    let manifest: Value = serde_json::from_str(&text).expect("JSON");
    let networks = manifest["networks"].as_array().expect("a list").iter();
    let side = |size: &Value, at: usize| size[at].as_u64().expect("a size") as usize;
    networks
        .map(|network| Foreign {
            id: network["id"].as_str().expect("an id").to_owned(),
            path: project("fixtures")
                .join(network.get("onnx").unwrap_or(&network["file"]).as_str().expect("a path")),
            size: network.get("size").map(|size| [side(size, 0), side(size, 1)]),
        })
        .collect()
}

/// The fixture called `id`.
pub fn fixture(id: &str) -> Fixture {
    fixtures().into_iter().find(|fixture| fixture.id == id).unwrap_or_else(|| panic!("no fixture {id}"))
}

/// A model that ships, as it ships.
pub fn segmenter(id: &str) -> Segmenter {
    let entry = registry().get(id).expect("a model");
    let file = std::fs::read(project("models").join(&entry.plan.file)).expect("its file");
    Segmenter::from_registry(id, &file).expect("a sound model")
}

/// Adds another one to it, for the finest mattes.
pub fn join(segmenter: &mut Segmenter, id: &str) {
    let entry = registry().get(id).expect("a model");
    let file = std::fs::read(project("models").join(&entry.plan.file)).expect("its file");
    segmenter.join(id, &file).expect("a sound model");
}

/// An 8-bit grey PNG.
pub fn read_grey(path: &Path) -> Matte {
    let grey = image::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).into_luma8();
    Matte { width: grey.width() as usize, height: grey.height() as usize, alpha: grey.into_raw() }
}

/// Writes an 8-bit grey PNG.
pub fn write_grey(path: &Path, matte: &Matte) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    image::save_buffer(
        path,
        &matte.alpha,
        matte.width as u32,
        matte.height as u32,
        image::ExtendedColorType::L8,
    )
    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Intersection over union, both at half; 1 if both are empty.
pub fn iou(one: &Matte, other: &Matte) -> f64 {
    assert_eq!((one.width, one.height), (other.width, other.height), "of one size");
    let sides = one.alpha.iter().zip(&other.alpha).map(|(&a, &b)| (a >= 128, b >= 128));
    let (both, either) =
        sides.fold((0, 0), |(both, either), (a, b)| (both + u64::from(a & b), either + u64::from(a | b)));
    if either == 0 { 1.0 } else { both as f64 / either as f64 }
}
