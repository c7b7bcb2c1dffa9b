//! Whether a JPEG file is whole: decoders fill what is missing with grey and say nothing.

/// Whether the file runs to its end-of-image marker; what follows that, cameras may use as they like.
///
/// Markers and segments as in ITU-T T.81, annex B.
pub(super) fn is_whole(file: &[u8]) -> bool {
    // After the start of the image come segments, each a marker and its length; the scans'
    // data follow a segment and end at the next marker that is neither a stuffed 0xff nor a restart.
    let mut at = 2;
    loop {
        let Some(skipped) = file[at.min(file.len())..].iter().position(|&byte| byte == 0xff) else {
            return false;
        };
        at += skipped + 1;
        match file.get(at) {
            None => return false,
            Some(0xd9) => return true,
            // A stuffed byte, a restart, a fill byte, or a marker without a segment.
            Some(0x00 | 0x01 | 0xd0..=0xd8) => at += 1,
            Some(0xff) => {}
            Some(_) => {
                let Some(&[high, low]) = file.get(at + 1..at + 3) else { return false };
                at += 1 + usize::from(u16::from_be_bytes([high, low]));
            }
        }
    }
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
}
