//! The models that ship with the library: `models/registry.json`, and proof that bytes are one of them.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Activation, Contract, Input, Layout};
use crate::error::{Error, ErrorKind, Result};
use crate::pixels::Filter;

/// All models, as `models/registry.json` lists them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Version of the file's format; 1.
    pub schema: u32,
    /// The models, in the order to list them.
    pub models: Vec<Entry>,
}

/// One model that ships.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Entry {
    /// The name that callers use.
    pub id: String,
    /// The ONNX file, a name within `models/`: the source of [`Entry::plan`], and what tests compare with.
    pub file: String,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
    /// Size of the file.
    pub bytes: usize,
    /// The file that ships.
    pub plan: PlanFile,
    /// Where the weights come from.
    pub source: Source,
    /// SPDX identifier.
    pub licence: String,
    /// Who made the network.
    pub author: String,
    /// The picture the network takes.
    pub input: EntryInput,
    /// What its output needs to become probabilities.
    pub output: EntryOutput,
    /// Multiply-adds of one run.
    pub multiply_adds: u64,
    /// Whether it looks at pictures turned from right to left as well by default ([`Contract::mirrors`]).
    pub mirrors: bool,
    /// What its look at all of a picture counts beside those at the subject ([`Contract::whole`]).
    pub whole: f32,
    /// The model that is a second opinion on persons where the finest matte is asked for, if one is worth it.
    pub partner: Option<String>,
    /// How far the converted file is from the original.
    pub agreement: Agreement,
}

/// The network lowered to a plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// File name within `models/`.
    pub file: String,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
    /// Size of the file.
    pub bytes: usize,
    /// The weights' levels to each side of 0, where they are whole numbers with a factor per channel;
    /// absent where they are half precision.
    pub levels: Option<i16>,
}

/// The package and file that a model was converted from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name of the npm package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// Path within the package.
    pub file: String,
    /// SHA-256 of that file.
    pub sha256: String,
}

/// The picture as the registry states it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryInput {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Order of the axes.
    pub layout: Layout,
    /// Channel order; `RGB` for every model so far.
    pub channels: Channels,
    /// What the channel values 0 and 255 become.
    pub range: [f32; 2],
    /// How a picture of another shape is brought to this one.
    pub fit: Fit,
    /// How it is reduced: whichever scored better with this network.
    pub filter: Filter,
}

/// Order of the colour channels.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Channels {
    /// Red, green, blue.
    Rgb,
}

/// How a picture is brought to the input's shape.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Both axes scaled by themselves; measured better than letterboxing for every model that ships.
    Stretch,
}

/// The output as the registry states it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryOutput {
    /// What makes the output probabilities.
    pub activation: Activation,
    /// Factor on the output before `activation`.
    pub temperature: f32,
    /// A name per channel.
    pub classes: Vec<String>,
}

/// How far the converted file is from the original, over some photographs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// What ran the original.
    pub reference: String,
    /// What ran the converted file.
    pub runtime: String,
    /// Ids of the fixtures.
    pub photographs: Vec<String>,
    /// The conversion alone, no weight rounded: difference of the probabilities.
    pub translation: Difference,
    /// The shipped file: difference of the output.
    pub output: Difference,
    /// The shipped file: difference of the probabilities.
    pub probabilities: Difference,
    /// What tests hold the largest differences to.
    pub bounds: Bounds,
}

/// A difference of two maps.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Difference {
    /// Largest anywhere on any photograph.
    pub max_abs: f64,
    /// Mean over all values of all photographs.
    pub mean_abs: f64,
}

/// Upper bounds of the largest differences.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Of [`Agreement::translation`].
    pub translation: f64,
    /// Of [`Agreement::output`].
    pub output: f64,
    /// Of [`Agreement::probabilities`].
    pub probabilities: f64,
}

impl Entry {
    /// What the rest of the library needs to know of the network.
    pub fn contract(&self) -> Contract {
        Contract {
            input: Input {
                width: self.input.width,
                height: self.input.height,
                layout: self.input.layout,
                range: self.input.range,
                filter: self.input.filter,
            },
            activation: self.output.activation,
            temperature: self.output.temperature,
            classes: self.output.classes.clone(),
            mirrors: self.mirrors,
            whole: self.whole,
        }
    }

    /// Proves that `file` is this model's plan, before anything parses it.
    ///
    /// # Errors
    /// `ChecksumMismatch` with both checksums.
    pub fn verify(&self, file: &[u8]) -> Result<()> {
        self.verify_sum(file, &sha256(file))
    }

    /// The same, where the caller has computed the SHA-256 of `file`, in lower-case hexadecimal.
    ///
    /// # Errors
    /// `ChecksumMismatch` with both checksums.
    pub fn verify_sum(&self, file: &[u8], sha256: &str) -> Result<()> {
        check_sum(&self.plan.file, file, sha256, self.plan.bytes, &self.plan.sha256)
    }

    /// Proves that `file` is this model's ONNX file.
    ///
    /// # Errors
    /// `ChecksumMismatch` with both checksums.
    pub fn verify_onnx(&self, file: &[u8]) -> Result<()> {
        check_sum(&self.file, file, &sha256(file), self.bytes, &self.sha256)
    }
}

fn sha256(file: &[u8]) -> String {
    Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check_sum(name: &str, file: &[u8], got: &str, bytes: usize, want: &str) -> Result<()> {
    if got == want {
        return Ok(());
    }
    let length = file.len();
    Err(Error::new(
        ErrorKind::ChecksumMismatch,
        format!("{name} has {length} bytes with SHA-256 {got}, want {bytes} bytes with {want}"),
    ))
}

impl Registry {
    /// The model called `id`.
    ///
    /// # Errors
    /// `InvalidInput` naming all there are.
    pub fn get(&self, id: &str) -> Result<&Entry> {
        self.models.iter().find(|entry| entry.id == id).ok_or_else(|| {
            let ids: Vec<&str> = self.models.iter().map(|entry| entry.id.as_str()).collect();
            Error::invalid(format!("model is {id:?}, want one of {}", ids.join(", ")))
        })
    }
}

/// The registry that this build was made with.
///
/// # Panics
/// If `models/registry.json` is malformed; a test reads it.
pub fn registry() -> &'static Registry {
    static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../models/registry.json"))
            .expect("models/registry.json follows the schema")
    });
    &REGISTRY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contracts_hold_and_ids_are_unique() {
        let mut ids: Vec<&str> = registry().models.iter().map(|entry| entry.id.as_str()).collect();
        for entry in &registry().models {
            entry.contract().check().unwrap();
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), registry().models.len());
    }

    #[test]
    fn other_bytes_are_refused() {
        let error = registry().get("selfie").unwrap().verify(b"not a model").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ChecksumMismatch);
    }

    #[test]
    fn unknown_model_names_those_there_are() {
        let error = registry().get("selfi").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("selfie-landscape"), "{error}");
    }
}
