//! A reader of JSON (RFC 8259), for texts that are small and not to be trusted.
//!
//! Stricter than the standard where that rules out doubt: a field may be named once, and half a
//! surrogate pair is no character. Numbers stay the text they are.

use alloc::string::String;
use alloc::vec::Vec;

use super::error::{Error, ErrorCode, digits};

/// A text may have so many bytes.
pub(super) const MOST_BYTES: usize = 64 * 1024;
/// Lists and objects may lie so deep in each other.
const MOST_DEPTH: usize = 8;
/// A list may have so many items.
const MOST_ITEMS: usize = 1_000;
/// An object may have so many fields.
const MOST_FIELDS: usize = 32;

/// One JSON value.
#[cfg_attr(test, derive(Debug))]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(String),
    List(Vec<Value<'a>>),
    Object(Vec<(String, Value<'a>)>),
}

/// Reads a text that is one JSON value and nothing else.
pub(super) fn parse(text: &str) -> Result<Value<'_>, Error> {
    if text.len() > MOST_BYTES {
        return Err(Error::new(
            ErrorCode::TooLarge,
            String::new(),
            &(digits(text.len()) + " bytes"),
            "at most 65536",
        ));
    }
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.blanks();
    if reader.at < text.len() { Err(reader.wrong("the end")) } else { Ok(value) }
}

struct Reader<'a> {
    text: &'a str,
    /// The next byte, always the first of a character.
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes the next byte if it is `byte`, after blanks.
    fn takes(&mut self, byte: u8) -> bool {
        self.blanks();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Error> {
        self.blanks();
        match self.peek() {
            Some(b'[' | b'{') if depth == MOST_DEPTH => Err(self.wrong("at most 8 levels")),
            Some(b'[') => self.list(depth + 1),
            Some(b'{') => self.object(depth + 1),
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Value<'a>, Error> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let (length, value) = if rest.starts_with("null") {
            (4, Value::Null)
        } else if rest.starts_with("true") {
            (4, Value::Bool(true))
        } else if rest.starts_with("false") {
            (5, Value::Bool(false))
        } else {
            return Err(self.wrong("a value"));
        };
        self.at += length;
        Ok(value)
    }

    fn list(&mut self, depth: usize) -> Result<Value<'a>, Error> {
        self.at += 1;
        let mut items = Vec::new();
        if self.takes(b']') {
            return Ok(Value::List(items));
        }
        loop {
            if items.len() == MOST_ITEMS {
                return Err(self.wrong("at most 1000 items"));
            }
            items.push(self.value(depth)?);
            if self.takes(b']') {
                return Ok(Value::List(items));
            }
            if !self.takes(b',') {
                return Err(self.wrong("a comma or ]"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, Error> {
        self.at += 1;
        let mut fields: Vec<(String, Value<'a>)> = Vec::new();
        if self.takes(b'}') {
            return Ok(Value::Object(fields));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a field's name"));
            }
            let name = self.string()?;
            if fields.len() == MOST_FIELDS || fields.iter().any(|(other, _)| *other == name) {
                return Err(self.wrong("at most 32 fields, each once"));
            }
            if !self.takes(b':') {
                return Err(self.wrong("a colon"));
            }
            fields.push((name, self.value(depth)?));
            if self.takes(b'}') {
                return Ok(Value::Object(fields));
            }
            if !self.takes(b',') {
                return Err(self.wrong("a comma or }"));
            }
        }
    }

    fn number(&mut self) -> Result<Value<'a>, Error> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(Value::Number(self.text.get(start..self.at).unwrap_or_default()))
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), Error> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { Err(self.wrong("a digit")) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<String, Error> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let start = self.at;
            while self.peek().is_some_and(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
                self.at += 1;
            }
            string.push_str(self.text.get(start..self.at).unwrap_or_default());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(string);
                }
                Some(b'\\') => {
                    self.at += 1;
                    string.push(self.escaped()?);
                }
                _ => return Err(self.wrong("a character of a text, or its end")),
            }
        }
    }

    /// What stands after a backslash.
    fn escaped(&mut self) -> Result<char, Error> {
        let character = match self.peek() {
            Some(b'u') => {
                self.at += 1;
                return self.unit().and_then(|unit| self.character(unit));
            }
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            _ => return Err(self.wrong("an escape")),
        };
        self.at += 1;
        Ok(character)
    }

    /// The character that begins with `unit` of UTF-16, and takes another if it is half of one.
    fn character(&mut self, unit: u32) -> Result<char, Error> {
        let mut code = unit;
        if (0xD800..0xDC00).contains(&unit) && self.text.as_bytes().get(self.at..self.at + 2) == Some(b"\\u")
        {
            self.at += 2;
            let low = self.unit()?;
            if (0xDC00..0xE000).contains(&low) {
                code = 0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
            }
        }
        char::from_u32(code).ok_or_else(|| self.wrong("a whole surrogate pair"))
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, Error> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit * 16 + digit.ok_or_else(|| self.wrong("four hexadecimal digits"))?;
            self.at += 1;
        }
        Ok(unit)
    }

    fn wrong(&self, want: &'static str) -> Error {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let got = if rest.is_empty() { "the end" } else { rest };
        Error::new(ErrorCode::Syntax, ["byte ", &digits(self.at)].concat(), got, want)
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, parse};

    /// As another reader gives it.
    fn same(ours: &Value<'_>, theirs: &serde_json::Value) -> bool {
        match (ours, theirs) {
            (Value::Null, serde_json::Value::Null) => true,
            (Value::Bool(a), serde_json::Value::Bool(b)) => a == b,
            (Value::Number(a), serde_json::Value::Number(b)) => a.parse::<f64>().ok() == b.as_f64(),
            (Value::Text(a), serde_json::Value::String(b)) => a == b,
            (Value::List(a), serde_json::Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (Value::Object(a), serde_json::Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| same(value, other)))
            }
            _ => false,
        }
    }

    #[test]
    fn reads_what_another_reader_reads() {
        for text in [
            "null",
            " true ",
            "false",
            "0",
            "-0",
            "-12.50e+3",
            "1E-7",
            "\"\"",
            r#""\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00 é 😀""#,
            "[]",
            "[ 1 , [ ] , { } ]",
            r#"{"a":1,"b":{"":[null]}}"#,
            "\r\n\t[1]",
        ] {
            let theirs = serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let ours = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert!(same(&ours, &theirs), "{text} is {ours:?}");
        }
    }

    #[test]
    fn refuses_what_is_no_json_or_in_doubt() {
        for text in [
            "",
            " ",
            "nul",
            "nulll",
            "True",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "+1",
            "0x1",
            "1 2",
            "'a'",
            "\"a",
            "\"\n\"",
            r#""\x""#,
            r#""\u12""#,
            r#""\u12g4""#,
            r#""\ud800""#,
            r#""\ud800\u0041""#,
            r#""\udc00""#,
            "[1,]",
            "[,1]",
            "[1 2]",
            "[",
            "]",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            "{a:1}",
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            "\u{feff}1",
            "1 // one",
            "NaN",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn says_where() {
        let error = parse("[1, oops]").unwrap_err();
        assert_eq!(error.to_string(), "byte 4 is oops], want a value");
        assert_eq!(parse("[1").unwrap_err().to_string(), "byte 2 is the end, want a comma or ]");
    }
}
