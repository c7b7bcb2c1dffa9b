//! What is read of JPEG files by walking their markers, as in ITU-T T.81, annex B: how large the picture is, and whether
//! it is whole, because decoders fill what is missing with grey and say nothing.

use crate::error::{Error, ErrorKind, Result};

/// The markers after the start of the image, and where each lies; none for what has no segment, but for the end's.
///
/// Segments follow each other, each a marker and its length; the scans' data follow a segment and end at the next
/// marker that is neither a stuffed 0xff nor a restart.
struct Markers<'a> {
    file: &'a [u8],
    at: usize,
}

impl Iterator for Markers<'_> {
    type Item = (u8, usize);

    fn next(&mut self) -> Option<(u8, usize)> {
        loop {
            self.at += self.file.get(self.at..)?.iter().position(|&byte| byte == 0xff)? + 1;
            let (marker, at) = (*self.file.get(self.at)?, self.at);
            match marker {
                // A stuffed byte, a restart, or a marker without a segment.
                0x00 | 0x01 | 0xd0..=0xd8 => self.at += 1,
                // It fills up before a marker.
                0xff => {}
                0xd9 => return Some((marker, at)),
                _ => {
                    let &[high, low] = self.file.get(at + 1..)?.first_chunk()?;
                    self.at += 1 + usize::from(u16::from_be_bytes([high, low]));
                    return Some((marker, at));
                }
            }
        }
    }
}

/// Width and height as the frame's header in `head` states them; `None` if `head`, the first bytes of a file, is too
/// short to tell.
///
/// # Errors
/// `UnsupportedPicture` if the picture's data or its end come before.
pub(super) fn size(head: &[u8]) -> Result<Option<(usize, usize)>> {
    for (marker, at) in (Markers { file: head, at: 2 }) {
        match marker {
            // Of the markers of frames three are something else.
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let Some(&[_, _, _, h1, h0, w1, w0]) = head.get(at + 1..at + 8) else { return Ok(None) };
                let [height, width] = [[h1, h0], [w1, w0]].map(|side| usize::from(u16::from_be_bytes(side)));
                return Ok(Some((width, height)));
            }
            // The end, or a scan.
            0xd9 | 0xda => {
                return Err(Error::new(
                    ErrorKind::UnsupportedPicture,
                    "JPEG does not say its size before its data",
                ));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Whether the file runs to its end-of-image marker; what follows that, cameras may use as they like.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn is_whole(file: &[u8]) -> bool {
    Markers { file, at: 2 }.any(|(marker, _)| marker == 0xd9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_only_up_to_the_end_marker() {
        // A segment that holds an end marker, as a thumbnail's does, then a scan with a stuffed byte.
        let file =
            [0xff, 0xd8, 0xff, 0xe1, 0, 4, 0xff, 0xd9, 0xff, 0xda, 0, 2, 7, 0xff, 0, 9, 0xff, 0xd9, 1, 2];
        for len in 2..file.len() {
            assert_eq!(is_whole(&file[..len]), len >= 18, "first {len} bytes");
        }
    }

    #[test]
    fn the_size_comes_after_fill_bytes_and_segments() {
        // A segment that holds what looks like a frame, as a thumbnail's does; two bytes that fill up; a frame.
        let head = [
            0xff, 0xd8, 0xff, 0xe1, 0, 6, 0xff, 0xc0, 0, 9, 0xff, 0xff, 0xff, 0xc2, 0, 17, 8, 0, 48, 1, 64, 3,
        ];
        for len in 2..head.len() {
            let want = (len >= 21).then_some((320, 48));
            assert_eq!(size(&head[..len]).unwrap(), want, "first {len} bytes");
        }
        assert_eq!(size(&[0xff, 0xd8, 0xff, 0xda, 0, 2]).unwrap_err().kind(), ErrorKind::UnsupportedPicture);
    }
}
