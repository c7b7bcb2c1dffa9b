//! A picture file into upright RGBA: the native twin of what a browser does by itself.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use super::{MAX_PIXELS, MAX_SIDE, Rgba8, check_size, header_size, jpeg};
use crate::error::{Error, ErrorKind, Result};

/// A decoded picture, upright after its EXIF orientation.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `[height, width, 4]`, 8-bit with straight alpha.
    pub rgba: Vec<u8>,
}

impl Decoded {
    /// The picture as the rest of the library takes it.
    pub fn view(&self) -> Result<Rgba8<'_>> {
        Rgba8::new(self.width, self.height, &self.rgba)
    }
}

/// Decodes the bytes of a JPEG, PNG, WebP, GIF (first frame), BMP or TIFF file.
///
/// # Errors
/// `UnsupportedPicture` if they are none of these or are damaged, `PictureTooLarge` if the
/// header states more than [`MAX_PIXELS`]; then nothing is decoded.
pub fn decode(file: &[u8]) -> Result<Decoded> {
    let unsupported = |error: image::ImageError| {
        Error::new(ErrorKind::UnsupportedPicture, format!("cannot decode: {}", error.to_string().trim_end()))
    };
    match header_size(file)? {
        Some((width, height)) => check_size(width, height, MAX_PIXELS)?,
        None => {
            return Err(Error::new(
                ErrorKind::UnsupportedPicture,
                "file ends within its header, want a whole picture",
            ));
        }
    }
    if file.starts_with(&[0xff, 0xd8]) && !jpeg::is_whole(file) {
        return Err(Error::new(ErrorKind::UnsupportedPicture, "JPEG is cut short, want a whole picture"));
    }
    let mut reader = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .map_err(|error| unsupported(image::ImageError::IoError(error)))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE as u32);
    limits.max_image_height = Some(MAX_SIDE as u32);
    // Eight bytes a pixel: 16-bit RGBA, the widest format that is read.
    limits.max_alloc = Some(MAX_PIXELS as u64 * 8);
    reader.limits(limits);

    let mut decoder = reader.into_decoder().map_err(unsupported)?;
    let orientation = decoder.orientation().map_err(unsupported)?;
    let (width, height) = decoder.dimensions();
    check_size(width as usize, height as usize, MAX_PIXELS)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(unsupported)?;
    picture.apply_orientation(orientation);
    let rgba = picture.into_rgba8();
    Ok(Decoded { width: rgba.width() as usize, height: rgba.height() as usize, rgba: rgba.into_raw() })
}
