//! The effects, as data.

use std::ops::RangeInclusive;

use serde::Deserialize;

use crate::error::{Error, Result};

/// What is shown of a picture and its matte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// The subject on a transparent ground.
    #[default]
    Cutout,
    /// The matte itself, as opaque grey.
    Matte,
    /// The picture, with the subject in another colour.
    Recolor(Recolor),
    /// The subject on a colour: red, green, blue.
    Color([u8; 3]),
    /// The subject on its own ground, blurred: the standard deviation in pixels, within [`BLUR`].
    Blur(f32),
    /// The subject on another picture, which comes with its pixels.
    Picture,
}

/// How the subject is coloured; see [`super::recolor`].
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Recolor {
    /// Red, green, blue.
    pub color: [u8; 3],
    /// How much of it, 0 to 1.
    pub intensity: f32,
    /// How much dark colours are lightened first, 0 to 1.
    #[serde(default)]
    pub lightening: f32,
}

/// What a blur may be.
pub const BLUR: RangeInclusive<f32> = 1.0..=256.0;

impl Effect {
    /// Refuses what is out of range.
    ///
    /// # Errors
    /// `InvalidInput` with the bad value and the wanted one.
    pub fn check(&self) -> Result<()> {
        let within = |name, value: f32, range: RangeInclusive<f32>| match range.contains(&value) {
            true => Ok(()),
            false => {
                let (low, high) = range.into_inner();
                Err(Error::invalid(format!("{name} is {value}, want {low} to {high}")))
            }
        };
        match *self {
            Self::Blur(deviation) => within("blur", deviation, BLUR),
            Self::Recolor(Recolor { intensity, lightening, .. }) => within("intensity", intensity, 0.0..=1.0)
                .and_then(|()| within("lightening", lightening, 0.0..=1.0)),
            _ => Ok(()),
        }
    }
}
