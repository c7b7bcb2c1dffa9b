//! Why a configuration was refused.

use alloc::string::String;
use core::fmt;

/// So many characters of a bad value are shown.
const SHOWN: usize = 60;

/// A configuration was refused: where, what was found, and what is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    code: ErrorCode,
    path: String,
    got: String,
    want: &'static str,
}

/// What is wrong, in one word that never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorCode {
    /// More bytes than are read.
    TooLarge,
    /// No JSON, or JSON that is nested too deeply, has too many parts or names a field twice.
    Syntax,
    /// Written for another version of this program.
    UnsupportedVersion,
    /// A field that has no meaning here.
    UnknownField,
    /// A field that must be there is not.
    MissingField,
    /// A value of another kind or range than its field takes.
    InvalidValue,
}

impl ErrorCode {
    /// The stable name, as the page and the command line show it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLarge => "TOO_LARGE",
            Self::Syntax => "SYNTAX",
            Self::UnsupportedVersion => "UNSUPPORTED_VERSION",
            Self::UnknownField => "UNKNOWN_FIELD",
            Self::MissingField => "MISSING_FIELD",
            Self::InvalidValue => "INVALID_VALUE",
        }
    }
}

impl Error {
    pub(super) fn new(code: ErrorCode, path: &str, got: &str, want: &'static str) -> Self {
        Self { code, path: path.into(), got: shortened(got), want }
    }

    /// What is wrong, to branch on.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The field it is about, such as `variants[1].weight`; empty for the whole text.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What was found, shortened.
    pub fn got(&self) -> &str {
        &self.got
    }

    /// What is wanted instead.
    pub fn want(&self) -> &str {
        self.want
    }

    /// All of it as a sentence.
    pub fn message(&self) -> String {
        let subject = if self.path.is_empty() { "the rollout" } else { &self.path };
        [subject, " is ", &self.got, ", want ", self.want].concat()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl core::error::Error for Error {}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => [text.get(..end).unwrap_or_default(), "..."].concat(),
        None => text.into(),
    }
}

/// A number in decimal digits.
pub(super) fn digits(number: usize) -> String {
    let mut text = String::new();
    push_digits(&mut text, number);
    text
}

fn push_digits(text: &mut String, number: usize) {
    if number >= 10 {
        push_digits(text, number / 10);
    }
    text.push(char::from(b'0' + (number % 10) as u8));
}
