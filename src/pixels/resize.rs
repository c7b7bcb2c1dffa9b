//! A picture at another size.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use serde::{Deserialize, Serialize};

use super::Rgba8;
use crate::error::{Error, ErrorKind, Result};

/// How pixels are weighted when a picture is reduced; the support grows with the reduction,
/// so neither aliases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    /// The mean of the pixels that a cell covers.
    #[default]
    Box,
    /// A Hamming window twice as wide: smoother, nearly as sharp.
    Hamming,
}

/// `picture` stretched to `[height, width, 4]` bytes.
///
/// Alpha is resized like a colour: networks look at the colours alone.
pub fn to_size(picture: Rgba8<'_>, width: usize, height: usize, filter: Filter) -> Result<Vec<u8>> {
    let side = |pixels: usize| {
        u32::try_from(pixels)
            .map_err(|_| Error::invalid(format!("side of {pixels} pixels, want at most {}", u32::MAX)))
    };
    let resized =
        |error: &dyn std::error::Error| Error::new(ErrorKind::Internal, format!("resizing failed: {error}"));
    let from =
        ImageRef::new(side(picture.width())?, side(picture.height())?, picture.bytes(), PixelType::U8x4)
            .map_err(|error| resized(&error))?;
    let mut to = Image::new(side(width)?, side(height)?, PixelType::U8x4);
    let filter = match filter {
        Filter::Box => FilterType::Box,
        Filter::Hamming => FilterType::Hamming,
    };
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).use_alpha(false);
    Resizer::new().resize(&from, &mut to, &options).map_err(|error| resized(&error))?;
    Ok(to.into_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reducing_averages_and_keeps_a_flat_picture_flat() {
        let flat = vec![77; 8 * 6 * 4];
        let stripes: Vec<u8> =
            (0..16 * 16).flat_map(|i| if i % 2 == 0 { [0; 4] } else { [255; 4] }).collect();
        for filter in [Filter::Box, Filter::Hamming] {
            let picture = Rgba8::new(8, 6, &flat).unwrap();
            assert!(to_size(picture, 3, 5, filter).unwrap().iter().all(|&v| v == 77));
            let picture = Rgba8::new(16, 16, &stripes).unwrap();
            let small = to_size(picture, 4, 4, filter).unwrap();
            assert!(small.iter().all(|&v| (118..=137).contains(&v)), "{filter:?}: {small:?}");
        }
    }
}
