//! How large a picture is, read from its header alone, and how large it may be.
//!
//! A few bytes can claim billions of pixels, so the header is judged before anything is decoded.

use crate::error::{Error, ErrorKind, Result};

/// The most pixels a picture may have: 50 million, which is 200 MB once decoded.
pub const MAX_PIXELS: usize = 50_000_000;

/// The longest side a picture may have, in pixels: what browsers' canvases hold.
pub const MAX_SIDE: usize = 16_384;

/// Refuses an empty picture and one above `max_pixels` or [`MAX_SIDE`].
pub fn check_size(width: usize, height: usize, max_pixels: usize) -> Result<()> {
    if width == 0 || height == 0 {
        return Err(Error::invalid(format!("picture is {width}x{height}, want both sides above 0")));
    }
    let pixels = width.saturating_mul(height);
    if pixels > max_pixels || width > MAX_SIDE || height > MAX_SIDE {
        return Err(Error::new(
            ErrorKind::PictureTooLarge,
            format!(
                "picture is {width}x{height} = {pixels} pixels, \
                 want at most {max_pixels} pixels and sides of at most {MAX_SIDE}"
            ),
        ));
    }
    Ok(())
}

/// Width and height as the header in `head` states them, before any EXIF orientation.
///
/// `None` means that `head`, the first bytes of a file, is too short to tell.
///
/// # Errors
/// `UnsupportedPicture` if the bytes are of no known picture format.
pub fn header_size(head: &[u8]) -> Result<Option<(usize, usize)>> {
    use imagesize::ImageError;
    let unsupported = |message: &str| Err(Error::new(ErrorKind::UnsupportedPicture, message));
    if head.is_empty() {
        return unsupported("file is empty, want a picture");
    }
    match imagesize::blob_size(head) {
        Ok(size) => Ok(Some((size.width, size.height))),
        Err(ImageError::IoError(_)) => Ok(None),
        Err(ImageError::NotSupported | ImageError::CorruptedImage) => unsupported(
            "file is no picture of a known format, want JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP or TIFF",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first bytes of a PNG of any size: signature and IHDR are all that a size needs.
    fn png_head(width: u32, height: u32) -> Vec<u8> {
        let mut head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        head.extend(width.to_be_bytes());
        head.extend(height.to_be_bytes());
        head.extend([8, 6, 0, 0, 0]);
        head
    }

    #[test]
    fn reads_a_header_and_refuses_a_bomb() {
        let (width, height) = header_size(&png_head(20_000, 20_000)).unwrap().unwrap();
        let error = check_size(width, height, MAX_PIXELS).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PictureTooLarge);
        assert!(error.to_string().contains("20000x20000"), "{error}");
    }

    #[test]
    fn tells_too_short_from_unknown() {
        assert_eq!(header_size(&png_head(3, 2)[..18]).unwrap(), None);
        let unknown = header_size(b"just some text, no picture").unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::UnsupportedPicture);
        assert_eq!(header_size(b"").unwrap_err().kind(), ErrorKind::UnsupportedPicture);
    }

    #[test]
    fn limits_are_inclusive() {
        assert!(check_size(10, 10, 100).is_ok());
        assert_eq!(check_size(10, 10, 99).unwrap_err().kind(), ErrorKind::PictureTooLarge);
        assert_eq!(check_size(0, 10, 99).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(check_size(usize::MAX, 2, 99).unwrap_err().kind(), ErrorKind::PictureTooLarge);
    }
}
