//! What is asked of a segmenter for one picture.

use serde::Deserialize;

use super::looks::Quality;
use crate::error::Result;
use crate::matte::{self, Finish, Morphology};

/// What to cut out, and how soft.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct SegmentOptions {
    /// `person`, or one of the network's classes.
    pub of: String,
    /// Strength of the effect, 0 to 1; sets the feather's radius.
    pub intensity: f32,
    /// The feather's radius in pixels of the picture, 0 to [`matte::FEATHER_MAX`]; overrides `intensity`.
    pub feather: Option<f32>,
    /// Cleans the matte before the feather.
    pub morphology: Option<Morphology>,
    /// Removes the islands, pieces of the subject that touch no other, whose area is below this share of the largest
    /// one's, 0 to 1.
    pub min_island: f32,
    /// How many looks the networks take; one at a stream's frames.
    pub quality: Quality,
    /// The stream that the picture is the next frame of, by a number of the caller's: its matte is made steady by those
    /// before it. A stream that begins anew, or elsewhere, takes another number.
    pub stream: Option<u32>,
}

impl Default for SegmentOptions {
    fn default() -> Self {
        let of = "person".to_owned();
        let quality = Quality::default();
        Self { of, intensity: 0.0, feather: None, morphology: None, min_island: 0.0, quality, stream: None }
    }
}

impl SegmentOptions {
    /// Whether the networks look at the subject as well. The mattes of a stream's frames would not be steady: each has
    /// another part.
    pub(crate) fn looks_twice(&self) -> bool {
        self.quality != Quality::Fast && self.stream.is_none()
    }

    /// Whether they ask for one look alone, and for nothing between it and the matte: then a GPU can do all of it.
    #[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
    pub(crate) fn in_one_go(&self) -> bool {
        !self.looks_twice() && self.min_island == 0.0
    }

    /// What they say of edges.
    pub(crate) fn finish(&self) -> Result<Finish> {
        let by_intensity = matte::feather_radius(self.intensity)?;
        let feather = self.feather.unwrap_or(by_intensity);
        let finish = Finish { morphology: self.morphology, feather };
        finish.check()?;
        Ok(finish)
    }
}
