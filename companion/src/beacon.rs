//! What a page tells of its runs: one small record each, in a closed schema.
//!
//! A record says nothing of who sent it or what was in the picture: every value is one of a list,
//! or a name that the rollout gave. What is not in the schema is refused, and never shown again.

mod text;
mod values;

use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

pub use text::{Release, is_name};
pub use values::{Agreement, Coverage, Executor, Latency, Outcome, Reference, Size};

/// The largest body, in bytes.
pub const MOST_BYTES: usize = 8 * 1024;
/// The most records of one batch; the fewest are 1.
pub const MOST_RECORDS: usize = 50;

/// One body, checked; it borrows from its text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch<'a> {
    /// The schema's version: 1.
    #[serde(deserialize_with = "schema")]
    pub schema: u8,
    /// Random, so that one that is sent again is known again; folded to 64 bits.
    #[serde(rename = "batch", deserialize_with = "text::batch_id")]
    pub id: u64,
    /// What is rolled out.
    #[serde(borrow)]
    pub flag: &'a str,
    /// How many of its runs the page records, in 1/10,000: 1 to 10,000.
    #[serde(deserialize_with = "rate")]
    pub rate: u16,
    /// 1 to 50.
    #[serde(borrow, deserialize_with = "records")]
    pub records: Vec<Record<'a>>,
}

/// One run.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record<'a> {
    /// The variant that the rollout drew.
    #[serde(deserialize_with = "text::name")]
    pub variant: &'a str,
    /// The model that ran.
    #[serde(deserialize_with = "text::name")]
    pub model: &'a str,
    /// What ran it.
    pub executor: Executor,
    /// How it went.
    pub outcome: Outcome,
    /// How long it took, or took until it failed.
    pub latency: Latency,
    /// How large the picture was.
    pub size: Size,
    /// How much of the picture the matte covers.
    pub coverage: Coverage,
    /// The library's.
    pub version: Release,
    /// The intersection over union with the matte of `reference`, for the few runs that were done twice.
    #[serde(default)]
    pub agreement: Option<Agreement>,
    /// What the matte was compared with: there if and only if `agreement` is.
    #[serde(default)]
    pub reference: Option<Reference>,
}

/// Why a body was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is no JSON.
    Malformed,
    /// It is JSON, and not what the schema says.
    Schema,
}

/// Reads and checks a body.
///
/// # Errors
///
/// If it is no JSON, or not exactly what the schema says. The error holds nothing of the body.
pub fn parse(body: &[u8]) -> Result<Batch<'_>, Refusal> {
    if body.len() > MOST_BYTES {
        return Err(Refusal::Schema);
    }
    // Checked as a whole, which is quicker than text by text.
    let body = std::str::from_utf8(body).map_err(|_| Refusal::Malformed)?;
    // Nesting is bounded by the types: where a text is wanted, a list or an object ends the reading.
    let batch: Batch<'_> = serde_json::from_str(body)
        .map_err(|error| if error.is_data() { Refusal::Schema } else { Refusal::Malformed })?;
    let paired = |record: &Record<'_>| record.agreement.is_some() == record.reference.is_some();
    if !is_name(batch.flag) || !batch.records.iter().all(paired) {
        return Err(Refusal::Schema);
    }
    Ok(batch)
}

/// The weight of a run that was recorded at a rate, in hundredths of a run, at most 10,000.
///
/// It is for the counters only: what is decided on are the records themselves, because a rate is
/// only what a page says, and because many runs that one record stands for are no more evidence.
pub const fn weight(rate: u16) -> u64 {
    let hundredths = 1_000_000 / rate as u64;
    if hundredths < MOST_WEIGHT { hundredths } else { MOST_WEIGHT }
}

const MOST_WEIGHT: u64 = 10_000;

fn schema<'de, D: Deserializer<'de>>(input: D) -> Result<u8, D::Error> {
    match u8::deserialize(input)? {
        1 => Ok(1),
        _ => Err(D::Error::custom("another schema")),
    }
}

fn rate<'de, D: Deserializer<'de>>(input: D) -> Result<u16, D::Error> {
    match u16::deserialize(input)? {
        rate @ 1..=10_000 => Ok(rate),
        _ => Err(D::Error::custom("no rate")),
    }
}

fn records<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Record<'de>>, D::Error> {
    struct Records;
    impl<'de> Visitor<'de> for Records {
        type Value = Vec<Record<'de>>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("1 to 50 records")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut input: A) -> Result<Self::Value, A::Error> {
            let mut records = Vec::with_capacity(10);
            while let Some(record) = input.next_element()? {
                if records.len() == MOST_RECORDS {
                    return Err(A::Error::custom("too many records"));
                }
                records.push(record);
            }
            if records.is_empty() { Err(A::Error::custom("no record")) } else { Ok(records) }
        }
    }
    input.deserialize_seq(Records)
}

#[cfg(test)]
mod tests;
