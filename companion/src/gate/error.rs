//! Why a configuration was refused.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

/// So many bytes of a bad value are shown.
const SHOWN: usize = 60;

/// A configuration was refused: where, what was found, and what is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Detail>);

/// Apart, so that a result is small where nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Detail {
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
    pub(super) fn new(code: ErrorCode, path: String, got: &str, want: &'static str) -> Self {
        Self(Box::new(Detail { code, path, got: shortened(got), want }))
    }

    /// What is wrong, to branch on.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The field it is about, such as `variants[1].weight`; empty for the whole text.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// What was found, shortened.
    pub fn got(&self) -> &str {
        &self.0.got
    }

    /// What is wanted instead.
    pub fn want(&self) -> &str {
        self.0.want
    }

    /// All of it as a sentence.
    pub fn message(&self) -> String {
        let subject = if self.0.path.is_empty() { "the rollout" } else { &self.0.path };
        [subject, " is ", &self.0.got, ", want ", self.0.want].concat()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl core::error::Error for Error {}

fn shortened(text: &str) -> String {
    // The end of a character: at most three bytes before.
    let mut end = SHOWN;
    while end > 0 && !text.is_char_boundary(end) {
        end -= 1;
    }
    match text.get(..end) {
        Some(start) if text.len() > SHOWN => [start, "..."].concat(),
        _ => text.into(),
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
