//! What a network wants as a picture, and what its numbers mean.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::pixels::Filter;

/// The order of a tensor's axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Layout {
    /// `[1, height, width, channels]`.
    Nhwc,
    /// `[1, channels, height, width]`.
    Nchw,
}

/// What turns the network's output into probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// The output is a probability already.
    #[default]
    None,
    /// `1 / (1 + exp(-x))`, each channel by itself.
    Sigmoid,
    /// `exp(x) / sum exp(x)` over the channels.
    Softmax,
}

/// The picture a network takes: RGB, stretched to `width` x `height`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Input {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Order of the axes.
    pub layout: Layout,
    /// What the channel values 0 and 255 become.
    pub range: [f32; 2],
    /// How the picture is reduced to this size.
    pub filter: Filter,
}

/// What a network wants and gives.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Contract {
    /// The picture.
    pub input: Input,
    /// What makes the output probabilities.
    pub activation: Activation,
    /// Factor on the output before `activation`.
    pub temperature: f32,
    /// A name per output channel; `background` is the one that is no subject.
    pub classes: Vec<String>,
    /// Whether a second look at a picture turned from right to left is worth its time by default: it is for small
    /// networks.
    pub mirrors: bool,
    /// What a look at all of the picture counts, where there are others, which count 1 in all.
    pub whole: f32,
}

/// [`Contract::whole`] of networks that were not measured: what suits most that were.
#[cfg(feature = "onnx")]
pub(crate) const WHOLE: f32 = 0.15;

/// The class that is no subject.
pub(crate) const BACKGROUND: &str = "background";

/// The subject that is everything but the background.
pub(crate) const PERSON: &str = "person";

/// A head's two classes, as the networks that ship name them.
pub(crate) const HAIR: &str = "hair";
pub(crate) const FACE: &str = "face-skin";

impl Contract {
    /// Refuses a contract that no network can keep.
    ///
    /// # Errors
    /// `InvalidInput` naming the field.
    pub fn check(&self) -> Result<()> {
        let [black, white] = self.input.range;
        if !(black.is_finite() && white.is_finite() && black != white) {
            return Err(Error::invalid(format!(
                "range is [{black}, {white}], want two different finite numbers"
            )));
        }
        if !(self.temperature.is_finite() && self.temperature > 0.0) {
            return Err(Error::invalid(format!(
                "temperature is {}, want a number above 0",
                self.temperature
            )));
        }
        if self.subjects().is_empty() {
            return Err(Error::invalid(format!(
                "classes are {:?}, want at least one that is no background",
                self.classes
            )));
        }
        Ok(())
    }

    /// What a matte can be made of: `person` first, then each class but the background.
    pub fn subjects(&self) -> Vec<&str> {
        let classes = self.classes.iter().map(String::as_str).filter(|&class| class != BACKGROUND);
        let has_background = self.classes.iter().any(|class| class == BACKGROUND);
        let person = has_background.then_some(PERSON);
        let mut subjects: Vec<&str> = person.into_iter().chain(classes).collect();
        // A network may name its one subject `person` itself.
        let mut seen = std::collections::HashSet::new();
        subjects.retain(|subject| seen.insert(*subject));
        subjects
    }

    /// Refuses a subject that this network does not know.
    ///
    /// # Errors
    /// `InvalidInput` naming those there are.
    pub fn check_subject(&self, of: &str) -> Result<()> {
        let subjects = self.subjects();
        if !subjects.contains(&of) {
            return Err(Error::invalid(format!("of is {of:?}, want one of {}", subjects.join(", "))));
        }
        Ok(())
    }
}
