//! Versions of the library, as they are compared.

/// `major.minor.patch`, each of at most four digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Raised when something no longer works as before.
    pub major: u16,
    /// Raised when something is added.
    pub minor: u16,
    /// Raised when something is mended.
    pub patch: u16,
}

impl Version {
    /// Reads `major.minor.patch`, and nothing that has more or less.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut parts, mut at, mut digits) = ([0_u16; 3], 0, 0);
        for byte in text.bytes() {
            match byte {
                b'0'..=b'9' if digits < 4 => {
                    digits += 1;
                    let part = parts.get_mut(at)?;
                    *part = *part * 10 + u16::from(byte - b'0');
                }
                b'.' if digits > 0 => (at, digits) = (at + 1, 0),
                _ => return None,
            }
        }
        let [major, minor, patch] = parts;
        if at == 2 && digits > 0 { Some(Self { major, minor, patch }) } else { None }
    }
}
