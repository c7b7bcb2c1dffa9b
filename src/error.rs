//! The one error type: a kind to branch on, a message to show.
//!
//! A kind says what a caller can do, not where the failure arose. Its code crosses the
//! wasm border unchanged and is part of the public API; `ts/types.ts` lists the same codes.

use std::fmt;

/// Why a call failed.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// A result whose failure is an [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What a caller can do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument is out of range; fix the call.
    InvalidInput,
    /// The bytes are no picture that can be decoded here.
    UnsupportedPicture,
    /// The picture is above the pixel limit; make it smaller.
    PictureTooLarge,
    /// The ONNX file cannot be parsed or run, or is no segmentation network.
    UnsupportedModel,
    /// The bytes are not the model the registry names; do not retry.
    ChecksumMismatch,
    /// A file could not be read, downloaded or written.
    Fetch,
    /// There is no GPU here, or none that can do it; the CPU can.
    GpuUnavailable,
    /// The GPU went away; it may come back.
    GpuLost,
    /// The GPU refused, hung or gave wrong numbers.
    GpuFailed,
    /// A fault of this library.
    Internal,
}

impl ErrorKind {
    /// The stable name, as JavaScript and `--json` show it.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidInput => "INVALID_INPUT",
            Self::UnsupportedPicture => "UNSUPPORTED_PICTURE",
            Self::PictureTooLarge => "PICTURE_TOO_LARGE",
            Self::UnsupportedModel => "UNSUPPORTED_MODEL",
            Self::ChecksumMismatch => "CHECKSUM_MISMATCH",
            Self::Fetch => "FETCH",
            Self::GpuUnavailable => "GPU_UNAVAILABLE",
            Self::GpuLost => "GPU_LOST",
            Self::GpuFailed => "GPU_FAILED",
            Self::Internal => "INTERNAL",
        }
    }
}

impl Error {
    /// An error of `kind`; `message` says the bad value and the wanted one.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Shorthand for [`ErrorKind::InvalidInput`].
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
