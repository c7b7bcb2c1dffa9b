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
        let value = json::parse(text)?;
        let mut fields = Field { place: Place::Whole, value: &value }.fields()?;
        // Of another schema no field is known, so that this comes first.
        let version = fields.need("version")?;
        if !matches!(version.value, Value::Number(SCHEMA)) {
            return Err(version.wrong(ErrorCode::UnsupportedVersion, "1"));
        }
        let rollout = Self {
            flag: fields.need("flag")?.name()?,
            salt: fields.need("salt")?.salt()?,
            share: fields.share()?,
            variants: variants(fields.need("variants")?)?,
            schedule: schedule(fields.take("schedule"))?,
            thresholds: thresholds(fields.take("thresholds"))?,
            minimum_version: fields.take("minimumVersion").map(Field::version).transpose()?,
            allow: entries(fields.take("allow"))?,
            deny: entries(fields.take("deny"))?,
        };
        fields.end()?;
        Ok(rollout)
    }
}

fn variants(field: Field<'_>) -> Result<Vec<Variant>, Error> {
    let wrong = |got: &str, want| Err(Error::new(ErrorCode::InvalidValue, field.place.path(), got, want));
    let mut variants: Vec<Variant> = Vec::new();
    for (at, value) in field.list()?.iter().enumerate() {
        let mut fields = Field { place: Place::Item(&field.place, at), value }.fields()?;
        let field = fields.need("name")?;
        let name = field.name()?;
        if variants.iter().any(|other| other.name == name) {
            return Err(field.invalid("a name of its own"));
        }
        variants.push(Variant {
            name,
            weight: fields.need("weight")?.number(0, 10_000, "0 to 10000")? as u16,
            model: fields.need("model")?.name()?,
            control: match fields.take("control") {
                Some(field) => field.bool()?,
                None => false,
            },
        });
        fields.end()?;
    }
    if variants.is_empty() || variants.len() > MOST_VARIANTS {
        return wrong(&digits(variants.len()), "1 to 16");
    }
    if variants.iter().all(|variant| variant.weight == 0) {
        return wrong("without any weight", "one above 0");
    }
    if variants.iter().filter(|variant| variant.control).count() > 1 {
        return wrong("with several controls", "one at most");
    }
    Ok(variants)
}

fn schedule(field: Option<Field<'_>>) -> Result<Vec<Step>, Error> {
    let mut steps: Vec<Step> = Vec::new();
    let Some(field) = field else { return Ok(steps) };
    let mut reached = Share::NONE;
    for (at, value) in field.list()?.iter().enumerate() {
        let place = Place::Item(&field.place, at);
        let mut fields = Field { place, value }.fields()?;
        let share = fields.share()?;
        if share <= reached {
            let want = "more than the step before it";
            return Err(Error::new(ErrorCode::InvalidValue, place.path(), "no rise", want));
        }
        reached = share;
        steps.push(Step { share, days: fields.need("days")?.number(1, 365, "1 to 365")? as u16 });
        fields.end()?;
    }
    Ok(steps)
}

fn thresholds(field: Option<Field<'_>>) -> Result<Thresholds, Error> {
    let Some(field) = field else { return Ok(Thresholds::default()) };
    let mut fields = field.fields()?;
    let mut number = |name, most, want| match fields.take(name) {
        Some(field) => field.number(1, most, want).map(Some),
        None => Ok(None),
    };
    let p95_ms = number("p95Ms", 600_000, "1 to 600000")?;
    let minimum_samples = number("minimumSamples", 1_000_000, "1 to 1000000")?;
    let consecutive_windows = number("consecutiveWindows", 100, "1 to 100")?;
    let error_rate = fields.take("errorRate").map(Field::percentage).transpose()?;
    fields.end()?;
    Ok(Thresholds { error_rate, p95_ms, minimum_samples, consecutive_windows })
}

fn entries(field: Option<Field<'_>>) -> Result<Vec<[u8; 16]>, Error> {
    let mut entries = Vec::new();
    let Some(field) = field else { return Ok(entries) };
    for (at, value) in field.list()?.iter().enumerate() {
        entries.push(Field { place: Place::Item(&field.place, at), value }.entry()?);
    }
    Ok(entries)
}

/// Where a value stands. A path is made of it only where something is wrong.
#[derive(Clone, Copy)]
enum Place<'v> {
    Whole,
    Item(&'v Place<'v>, usize),
    Field(&'v Place<'v>, &'v str),
}

impl Place<'_> {
    fn path(&self) -> String {
        match self {
            Self::Whole => String::new(),
            Self::Item(list, at) => [&list.path(), "[", &digits(*at), "]"].concat(),
            Self::Field(Place::Whole, name) => String::from(*name),
            Self::Field(object, name) => [&object.path(), ".", name].concat(),
        }
    }
}

/// An object's fields, and which have been asked for.
struct Fields<'v> {
    place: Place<'v>,
    fields: &'v [(String, Value<'v>)],
    /// A bit for each field: there are at most 32.
    asked: u32,
}

impl<'v> Fields<'v> {
    fn take<'f>(&'f mut self, name: &'f str) -> Option<Field<'f>> {
        let at = self.fields.iter().position(|(other, _)| other == name)?;
        self.asked |= 1 << at;
        Some(Field { place: Place::Field(&self.place, name), value: &self.fields.get(at)?.1 })
    }

    fn need<'f>(&'f mut self, name: &'f str) -> Result<Field<'f>, Error> {
        let place = self.place;
        self.take(name).ok_or_else(|| {
            let path = Place::Field(&place, name).path();
            Error::new(ErrorCode::MissingField, path, "missing", "it to be there")
        })
    }

    /// What either `stage` or `percentage` says.
    fn share(&mut self) -> Result<Share, Error> {
        let Some(percentage) = self.take("percentage") else { return self.need("stage")?.stage() };
        let share = percentage.percentage()?;
        match self.take("stage") {
            None => Ok(share),
            Some(stage) => Err(stage.invalid("it only where there is no percentage")),
        }
    }

    /// All must have been asked for.
    fn end(&self) -> Result<(), Error> {
        for (at, (name, _)) in self.fields.iter().enumerate() {
            if self.asked & 1 << at == 0 {
                let path = Place::Field(&self.place, name).path();
                return Err(Error::new(ErrorCode::UnknownField, path, "unknown", "no such field"));
            }
        }
        Ok(())
    }
}

/// A value and where it stands.
#[derive(Clone, Copy)]
struct Field<'v> {
    place: Place<'v>,
    value: &'v Value<'v>,
}

impl<'v> Field<'v> {
    fn wrong(&self, code: ErrorCode, want: &'static str) -> Error {
        let got = match self.value {
            Value::Null => "null",
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
            Value::Number(number) => number,
            Value::Text(text) => &["\"", text, "\""].concat(),
            Value::List(_) => "a list",
            Value::Object(_) => "an object",
        };
        Error::new(code, self.place.path(), got, want)
    }

    fn invalid(&self, want: &'static str) -> Error {
        self.wrong(ErrorCode::InvalidValue, want)
    }

    /// The text itself; one that is never right for what is no text.
    fn text(&self) -> &'v str {
        match self.value {
            Value::Text(text) => text,
            _ => "",
        }
    }

    fn name(self) -> Result<String, Error> {
        let text = self.text();
        let plain = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if plain && matches!(text.len(), 1..=32) {
            Ok(text.into())
        } else {
            Err(self.invalid("1 to 32 of a-z, 0-9 and -"))
        }
    }

    /// Without control characters, one of which ends the salt in a hash.
    fn salt(self) -> Result<String, Error> {
        let text = self.text();
        let plain = text.bytes().all(|byte| byte >= 0x20 && byte != 0x7F);
        if plain && matches!(text.len(), 1..=64) {
            Ok(text.into())
        } else {
            Err(self.invalid("1 to 64 bytes of UTF-8, no control character among them"))
        }
    }

    fn stage(self) -> Result<Share, Error> {
        let stage = Stage::parse(self.text()).map(Stage::share);
        stage.ok_or_else(|| self.invalid("DISABLED, TEN_PERCENT, FIFTY_PERCENT or FULL"))
    }

    fn percentage(self) -> Result<Share, Error> {
        Share::parse(self.text()).ok_or_else(|| self.invalid("\"0%\" to \"100%\", at most two decimals"))
    }

    fn version(self) -> Result<Version, Error> {
        Version::parse(self.text()).ok_or_else(|| self.invalid("major.minor.patch"))
    }

    fn entry(self) -> Result<[u8; 16], Error> {
        entry(self.text()).ok_or_else(|| self.invalid("32 of 0-9 and a-f"))
    }

    fn bool(self) -> Result<bool, Error> {
        match self.value {
            Value::Bool(value) => Ok(*value),
            _ => Err(self.invalid("true or false")),
        }
    }

    /// A whole number from `least` to `most`, which `want` says in words.
    fn number(self, least: u32, most: u32, want: &'static str) -> Result<u32, Error> {
        let Value::Number(digits) = self.value else { return Err(self.invalid(want)) };
        let mut number = 0;
        for byte in digits.bytes() {
            // A sign, a point or an exponent is above any range, and so is what has too many digits.
            let digit = if byte.is_ascii_digit() { u32::from(byte - b'0') } else { u32::MAX };
            number = u32::saturating_mul(number, 10).saturating_add(digit);
        }
        if (least..=most).contains(&number) { Ok(number) } else { Err(self.invalid(want)) }
    }

    fn list(&self) -> Result<&'v [Value<'v>], Error> {
        match self.value {
            Value::List(items) => Ok(items),
            _ => Err(self.invalid("a list")),
        }
    }

    fn fields(self) -> Result<Fields<'v>, Error> {
        match self.value {
            Value::Object(fields) => Ok(Fields { place: self.place, fields, asked: 0 }),
            _ => Err(self.invalid("an object")),
        }
    }
}

/// 32 hexadecimal digits as 16 bytes.
fn entry(text: &str) -> Option<[u8; 16]> {
    let mut entry = [0; 16];
    let mut digits = text.bytes();
    for byte in &mut entry {
        *byte = digit(digits.next()?)? << 4 | digit(digits.next()?)?;
    }
    if digits.next().is_some() { None } else { Some(entry) }
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}
