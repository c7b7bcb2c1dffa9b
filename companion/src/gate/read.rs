//! From JSON to a [`Rollout`]: each field is known, of its kind and in its range, or all of it is refused.

use alloc::string::String;
use alloc::vec::Vec;

use super::error::{Error, ErrorCode, digits};
use super::json::{self, Value};
use super::{Rollout, Share, Stage, Step, Thresholds, Variant, Version};

/// The schema that is read.
const SCHEMA: &str = "1";
const MOST_VARIANTS: usize = 16;

impl Rollout {
    /// Reads a configuration: JSON of schema version 1, at most 64 KiB.
    ///
    /// # Errors
    /// The first thing that is wrong: fields that are unknown, missing, or hold what they may not.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut fields = Fields::of(json::parse(text)?, String::new())?;
        // Of another schema no field is known, so that this comes first.
        let version = fields.need("version")?;
        if version.value != Value::Number(SCHEMA) {
            return Err(version.wrong(ErrorCode::UnsupportedVersion, "1"));
        }
        let rollout = Self {
            flag: fields.need("flag")?.name()?,
            salt: fields.need("salt")?.salt()?,
            share: fields.share()?,
            variants: variants(fields.need("variants")?)?,
            schedule: fields.take("schedule").map_or(Ok(Vec::new()), schedule)?,
            thresholds: fields.take("thresholds").map_or(Ok(Thresholds::default()), thresholds)?,
            minimum_version: fields.take("minimumVersion").map(Field::version).transpose()?,
            allow: fields.take("allow").map_or(Ok(Vec::new()), entries)?,
            deny: fields.take("deny").map_or(Ok(Vec::new()), entries)?,
        };
        fields.end()?;
        Ok(rollout)
    }
}

fn variants(field: Field<'_>) -> Result<Vec<Variant>, Error> {
    let path = field.path.clone();
    let wrong = |got: &str, want| Err(Error::new(ErrorCode::InvalidValue, &path, got, want));
    let mut variants: Vec<Variant> = Vec::new();
    for item in field.list()? {
        let mut fields = Fields::of(item.value, item.path)?;
        let name = fields.need("name")?;
        let name = match &name.value {
            Value::Text(text) if variants.iter().any(|other| other.name == *text) => {
                return Err(name.wrong(ErrorCode::InvalidValue, "a name of its own"));
            }
            _ => name.name()?,
        };
        variants.push(Variant {
            name,
            weight: fields.need("weight")?.number(0, 10_000, "0 to 10000")? as u16,
            model: fields.need("model")?.name()?,
            control: fields.take("control").map_or(Ok(false), Field::bool)?,
        });
        fields.end()?;
    }
    if variants.is_empty() || variants.len() > MOST_VARIANTS {
        return wrong(&(digits(variants.len()) + " variants"), "1 to 16");
    }
    if variants.iter().all(|variant| variant.weight == 0) {
        return wrong("without any weight", "one above 0");
    }
    if variants.iter().filter(|variant| variant.control).count() > 1 {
        return wrong("with several controls", "one at most");
    }
    Ok(variants)
}

fn schedule(field: Field<'_>) -> Result<Vec<Step>, Error> {
    let mut steps: Vec<Step> = Vec::new();
    for item in field.list()? {
        let path = item.path.clone();
        let mut fields = Fields::of(item.value, item.path)?;
        let share = fields.share()?;
        if share <= steps.last().map_or(Share::NONE, |step| step.share) {
            return Err(Error::new(
                ErrorCode::InvalidValue,
                &path,
                "no rise",
                "more than the step before it",
            ));
        }
        steps.push(Step { share, days: fields.need("days")?.number(1, 365, "1 to 365")? as u16 });
        fields.end()?;
    }
    Ok(steps)
}

fn thresholds(field: Field<'_>) -> Result<Thresholds, Error> {
    let mut fields = Fields::of(field.value, field.path)?;
    let mut number =
        |name, most, want| fields.take(name).map(|field| field.number(1, most, want)).transpose();
    let p95_ms = number("p95Ms", 600_000, "1 to 600000")?;
    let minimum_samples = number("minimumSamples", 1_000_000, "1 to 1000000")?;
    let consecutive_windows = number("consecutiveWindows", 100, "1 to 100")?;
    let error_rate = fields.take("errorRate").map(Field::percentage).transpose()?;
    fields.end()?;
    Ok(Thresholds { error_rate, p95_ms, minimum_samples, consecutive_windows })
}

fn entries(field: Field<'_>) -> Result<Vec<[u8; 16]>, Error> {
    field.list()?.map(Field::entry).collect()
}

/// An object's fields that have not been asked for yet.
struct Fields<'a> {
    /// Of the object; empty for the outermost.
    path: String,
    left: Vec<(String, Value<'a>)>,
}

impl<'a> Fields<'a> {
    fn of(value: Value<'a>, path: String) -> Result<Self, Error> {
        match value {
            Value::Object(left) => Ok(Self { path, left }),
            value => Err(Field { path, value }.invalid("an object")),
        }
    }

    fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.into() } else { [&self.path, ".", name].concat() }
    }

    fn take(&mut self, name: &str) -> Option<Field<'a>> {
        let at = self.left.iter().position(|(other, _)| other == name)?;
        Some(Field { path: self.path(name), value: self.left.swap_remove(at).1 })
    }

    fn need(&mut self, name: &str) -> Result<Field<'a>, Error> {
        self.take(name)
            .ok_or_else(|| Error::new(ErrorCode::MissingField, &self.path(name), "missing", "it to be there"))
    }

    /// What either `stage` or `percentage` says.
    fn share(&mut self) -> Result<Share, Error> {
        match (self.take("stage"), self.take("percentage")) {
            (Some(stage), None) => stage.stage(),
            (None, Some(percentage)) => percentage.percentage(),
            (None, None) => Err(Error::new(
                ErrorCode::MissingField,
                &self.path("stage"),
                "missing",
                "it, or percentage, to be there",
            )),
            (Some(_), Some(percentage)) => {
                Err(percentage.wrong(ErrorCode::InvalidValue, "it only where there is no stage"))
            }
        }
    }

    /// Nothing may be left.
    fn end(self) -> Result<(), Error> {
        match self.left.first() {
            Some((name, _)) => {
                Err(Error::new(ErrorCode::UnknownField, &self.path(name), "unknown", "no such field"))
            }
            None => Ok(()),
        }
    }
}

/// A value and where it stands.
struct Field<'a> {
    path: String,
    value: Value<'a>,
}

impl<'a> Field<'a> {
    fn wrong(&self, code: ErrorCode, want: &'static str) -> Error {
        let got = match &self.value {
            Value::Null => "null".into(),
            Value::Bool(value) => if *value { "true" } else { "false" }.into(),
            Value::Number(number) => (*number).into(),
            Value::Text(text) => ["\"", text, "\""].concat(),
            Value::List(_) => "a list".into(),
            Value::Object(_) => String::from("an object"),
        };
        Error::new(code, &self.path, &got, want)
    }

    fn invalid(&self, want: &'static str) -> Error {
        self.wrong(ErrorCode::InvalidValue, want)
    }

    /// What `read` makes of a text.
    fn text<T>(&self, want: &'static str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Error> {
        let Value::Text(text) = &self.value else { return Err(self.invalid(want)) };
        read(text).ok_or_else(|| self.invalid(want))
    }

    fn name(self) -> Result<String, Error> {
        let plain = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        self.text("1 to 32 of a-z, 0-9 and -", |text| {
            (matches!(text.len(), 1..=32) && text.bytes().all(plain)).then(|| text.into())
        })
    }

    fn salt(self) -> Result<String, Error> {
        self.text("1 to 64 characters, none of them a control character", |text| {
            // Not `is_control`, which takes a table: only those below 32 could end the salt early in a hash.
            let plain = text.bytes().all(|byte| byte >= 0x20 && byte != 0x7F);
            (plain && matches!(text.chars().count(), 1..=64)).then(|| text.into())
        })
    }

    fn stage(self) -> Result<Share, Error> {
        self.text("DISABLED, TEN_PERCENT, FIFTY_PERCENT or FULL", Stage::parse).map(Stage::share)
    }

    fn percentage(self) -> Result<Share, Error> {
        self.text("\"0%\" to \"100%\", at most two decimals", Share::parse)
    }

    fn version(self) -> Result<Version, Error> {
        self.text("major.minor.patch", Version::parse)
    }

    fn entry(self) -> Result<[u8; 16], Error> {
        self.text("32 of 0-9 and a-f", entry)
    }

    fn bool(self) -> Result<bool, Error> {
        match self.value {
            Value::Bool(value) => Ok(value),
            _ => Err(self.invalid("true or false")),
        }
    }

    /// A whole number from `least` to `most`, which `want` says in words.
    fn number(self, least: u32, most: u32, want: &'static str) -> Result<u32, Error> {
        let Value::Number(digits) = self.value else { return Err(self.invalid(want)) };
        match digits.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ => Err(self.invalid(want)),
        }
    }

    fn list(self) -> Result<impl Iterator<Item = Field<'a>>, Error> {
        let Value::List(items) = self.value else { return Err(self.invalid("a list")) };
        let path = self.path;
        let place = move |(at, value)| Field { path: [&path, "[", &digits(at), "]"].concat(), value };
        Ok(items.into_iter().enumerate().map(place))
    }
}

/// 32 hexadecimal digits as 16 bytes.
fn entry(text: &str) -> Option<[u8; 16]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let mut entry = [0; 16];
    if pairs.len() != entry.len() {
        return None;
    }
    for (to, [high, low]) in entry.iter_mut().zip(pairs) {
        *to = digit(*high)? << 4 | digit(*low)?;
    }
    Some(entry)
}
