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
