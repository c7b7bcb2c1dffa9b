//! What `featheredge cut` makes of a matte.

use std::path::Path;

use clap::ValueEnum;
use featheredge::effects::{self, BLUR, Effect, Fit, Recolor};
use featheredge::error::{Error, ErrorKind, Result};
use featheredge::pixels::{self, Decoded, Matte, Rgba8};
use image::ExtendedColorType;

use crate::cut::intensity;

#[derive(clap::Args)]
pub(crate) struct EffectArgs {
    /// Grey matte, or the picture with the matte as its transparency [default: matte]
    #[arg(long, value_enum, conflicts_with_all = ["color", "blur", "background"])]
    output: Option<Output>,
    /// Give the subject another colour, such as #8a2be2, instead; it is the hair, unless --of says otherwise
    #[arg(long, value_name = "#RRGGBB", value_parser = color, conflicts_with_all = ["blur", "background"])]
    pub(crate) color: Option<[u8; 3]>,
    /// How much dark hair is lightened before it is coloured
    #[arg(long, value_name = "0..1", default_value_t = 0.0, value_parser = intensity, requires = "color")]
    lighten: f32,
    /// Blur the background instead: the standard deviation in pixels, as of CSS's blur()
    #[arg(long, value_name = "PX", value_parser = blur, conflicts_with = "background")]
    blur: Option<f32>,
    /// Put another background behind the subject instead: a colour such as #ffffff, or a picture's file
    #[arg(long, value_name = "#RRGGBB|FILE")]
    background: Option<String>,
    /// Whether the background's file fills the picture or shows as a whole, on a transparent rest
    #[arg(long, value_enum, default_value_t = FitName::Cover, requires = "background")]
    fit: FitName,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    Matte,
    Cutout,
}

#[derive(Clone, Copy, ValueEnum)]
enum FitName {
    Cover,
    Contain,
}

/// What is made of a matte.
pub(crate) enum Look {
    /// It is all that is wanted.
    Matte,
    Effect(Effect),
    Picture(Decoded, Fit),
}

fn color(text: &str) -> std::result::Result<[u8; 3], String> {
    let wanted = || "want #rgb or #rrggbb".to_owned();
    let digits = text.strip_prefix('#').ok_or_else(wanted)?;
    let digits: Vec<u8> = digits.chars().map_while(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    match (&digits[..], text.len()) {
        (&[r, g, b], 4) => Ok([r, g, b].map(|digit| digit * 17)),
        (&[r, s, g, h, b, c], 7) => Ok([r * 16 + s, g * 16 + h, b * 16 + c]),
        _ => Err(wanted()),
    }
}

fn blur(text: &str) -> std::result::Result<f32, String> {
    let value = text.parse().ok().filter(|value| BLUR.contains(value));
    value.ok_or_else(|| format!("want a number from {} to {}", BLUR.start(), BLUR.end()))
}

impl EffectArgs {
    /// The picture that goes behind the subject, if there is one.
    pub(crate) fn picture(&self) -> Option<&Path> {
        self.background.as_deref().filter(|background| !background.starts_with('#')).map(Path::new)
    }

    /// What they ask for; the background's file is read.
    pub(crate) fn look(&self, intensity: f32) -> Result<Look> {
        if let Some(color) = self.color {
            return Ok(Look::Effect(Effect::Recolor(Recolor { color, intensity, lightening: self.lighten })));
        }
        if let Some(deviation) = self.blur {
            return Ok(Look::Effect(Effect::Blur(deviation)));
        }
        let Some(background) = &self.background else {
            return Ok(match self.output {
                Some(Output::Cutout) => Look::Effect(Effect::Cutout),
                _ => Look::Matte,
            });
        };
        if background.starts_with('#') {
            return match color(background) {
                Ok(color) => Ok(Look::Effect(Effect::Color(color))),
                Err(wanted) => Err(Error::invalid(format!("background is {background:?}, {wanted}"))),
            };
        }
        let file = std::fs::read(Path::new(background))
            .map_err(|error| Error::new(ErrorKind::Fetch, format!("cannot read {background}: {error}")))?;
        let fit = match self.fit {
            FitName::Cover => Fit::Cover,
            FitName::Contain => Fit::Contain,
        };
        Ok(Look::Picture(pixels::decode(&file)?, fit))
    }
}

impl Look {
    /// It, of a picture and its matte: bytes, and what they are.
    pub(crate) fn paint(&self, picture: Rgba8<'_>, matte: Matte) -> Result<(Vec<u8>, ExtendedColorType)> {
        let pixels = match self {
            Self::Matte => return Ok((matte.alpha, ExtendedColorType::L8)),
            Self::Effect(effect) => effects::paint(picture, &matte, *effect, &[]),
            Self::Picture(ground, fit) => {
                let ground = effects::place(ground.view()?, [matte.width, matte.height], *fit);
                effects::paint(picture, &matte, Effect::Picture, &ground)
            }
        };
        Ok((pixels?, ExtendedColorType::Rgba8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_three_or_six_digits() {
        assert_eq!(color("#8a2be2"), Ok([0x8a, 0x2b, 0xe2]));
        assert_eq!(color("#Fa0"), Ok([255, 170, 0]));
        for wrong in ["", "#", "8a2be2", "#12", "#12345", "#1234567", "#12g", "#12345g", "red", "#\u{e4}1"] {
            assert!(color(wrong).is_err(), "{wrong}");
        }
    }
}
