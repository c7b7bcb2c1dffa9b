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
        let mut parts = text.split('.').map(number);
        let version = Self { major: parts.next()??, minor: parts.next()??, patch: parts.next()?? };
        if parts.next().is_some() { None } else { Some(version) }
    }
}

/// One to four digits.
fn number(digits: &str) -> Option<u16> {
    let plain = matches!(digits.len(), 1..=4) && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.bytes().fold(0, |sum, byte| sum * 10 + u16::from(byte - b'0')))
}
