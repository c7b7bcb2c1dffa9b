//! How large a picture is, read from its header alone, and how large it may be.
//!
//! A few bytes can claim billions of pixels, so the header is judged before anything is decoded.

use super::jpeg;
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
    if head.starts_with(&[0xff, 0xd8]) {
        return jpeg::size(head);
    }
    if head.starts_with(b"BM") {
        return Ok(bmp_size(head));
    }
    match imagesize::blob_size(head) {
        Ok(size) => Ok(Some((size.width, size.height))),
        Err(ImageError::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
        Err(ImageError::IoError(error)) => unsupported(&format!("header is damaged: {error}")),
        Err(ImageError::NotSupported | ImageError::CorruptedImage) => unsupported(
            "file is no picture of a known format, want JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP or TIFF",
        ),
    }
}

/// Of a Windows bitmap: 16-bit sides in OS/2's header of 12 bytes, else 32-bit ones, of which the height is below 0
/// where the rows begin at the top.
fn bmp_size(head: &[u8]) -> Option<(usize, usize)> {
    let four = |at: usize| head.get(at..)?.first_chunk().copied();
    if u32::from_le_bytes(four(14)?) == 12 {
        let [w0, w1, h0, h1] = four(18)?;
        return Some((u16::from_le_bytes([w0, w1]).into(), u16::from_le_bytes([h0, h1]).into()));
    }
    let [width, height] = [four(18)?, four(22)?].map(|side| i32::from_le_bytes(side).unsigned_abs() as usize);
    Some((width, height))
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
    fn bitmaps_of_every_header_tell_their_size() {
        let bmp = |header: u32, sides: &[u8]| {
            [&b"BM\0\0\0\0\0\0\0\0\0\0\0\0"[..], &header.to_le_bytes(), sides].concat()
        };
        let long = |height: i32| bmp(40, &[64_i32.to_le_bytes(), height.to_le_bytes()].concat());
        let old = bmp(12, &[[64, 0], [48, 1]].concat());
        for (head, want) in [(long(48), (64, 48)), (long(-48), (64, 48)), (old, (64, 304))] {
            assert_eq!(header_size(&head).unwrap(), Some(want));
            assert_eq!(header_size(&head[..head.len() - 1]).unwrap(), None);
        }
    }

    #[test]
    fn limits_are_inclusive() {
        assert!(check_size(10, 10, 100).is_ok());
        assert_eq!(check_size(10, 10, 99).unwrap_err().kind(), ErrorKind::PictureTooLarge);
        assert_eq!(check_size(0, 10, 99).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(check_size(usize::MAX, 2, 99).unwrap_err().kind(), ErrorKind::PictureTooLarge);
    }
}
