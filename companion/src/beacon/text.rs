//! The texts of a record that are no list's values.

use std::cmp::Ordering;
use std::fmt;

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer};

/// Whether a text is 1 to 32 of `a-z`, `0-9` and `-`.
pub fn is_name(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// A version of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    major: u16,
    minor: u16,
    patch: u16,
}

impl Release {
    /// Reads three numbers of one to four digits, with dots between them.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| {
            let digits = (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            if digits { part.parse().ok() } else { None }
        });
        let release = Self { major: parts.next()??, minor: parts.next()??, patch: parts.next()?? };
        if parts.next().is_none() { Some(release) } else { None }
    }

    /// Whether it is older than, the same as or newer than another, as labels name it.
    pub fn relative_to(self, other: Self) -> usize {
        match self.cmp(&other) {
            Ordering::Less => 0,
            Ordering::Equal => 1,
            Ordering::Greater => 2,
        }
    }

    /// The names of [`Release::relative_to`]'s answers.
    pub const RELATIONS: [&'static str; 3] = ["older", "same", "newer"];
}

impl<'de> Deserialize<'de> for Release {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        borrowed(input, Self::parse)
    }
}

pub(super) fn name<'de, D: Deserializer<'de>>(input: D) -> Result<&'de str, D::Error> {
    borrowed(input, |text| is_name(text).then_some(text))
}

/// Reads 16 random bytes in base64url, which are 22 characters, and folds them.
pub(super) fn batch_id<'de, D: Deserializer<'de>>(input: D) -> Result<u64, D::Error> {
    borrowed(input, |text| {
        let value = decode(text)?;
        Some((value >> 64) as u64 ^ value as u64)
    })
}

fn decode(text: &str) -> Option<u128> {
    if text.len() != 22 {
        return None;
    }
    let mut value: u128 = 0;
    for (at, byte) in text.bytes().enumerate() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        // The last character holds the last two bits, and four zeros.
        value = if at < 21 {
            value << 6 | u128::from(six)
        } else if six & 0b1111 == 0 {
            value << 2 | u128::from(six >> 4)
        } else {
            return None;
        };
    }
    Some(value)
}

/// Reads a text that lies in the body as it is; one with escapes is none of ours.
fn borrowed<'de, D: Deserializer<'de>, T>(
    input: D,
    read: impl FnOnce(&'de str) -> Option<T>,
) -> Result<T, D::Error> {
    struct Borrowed;
    impl<'de> Visitor<'de> for Borrowed {
        type Value = &'de str;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a plain text")
        }

        fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(text)
        }
    }
    read(input.deserialize_str(Borrowed)?).ok_or_else(|| D::Error::custom("not in the schema"))
}
