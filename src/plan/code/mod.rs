//! A plan as a file.
//!
//! ```text
//! "FEPLAN"  version u16  length u32  payload                                        checksum u64
//!                                    buffers, constants' shapes, steps, then values
//! ```
//!
//! Numbers of fixed size are little-endian, all others LEB128. The values come last and by planes
//! of bytes (`values.rs`), because bytes that look alike compress well beside each other. One plan
//! has one encoding: what can be decoded encodes to the same bytes.

mod step;
#[cfg(test)]
pub(crate) mod tests;
mod values;
mod wire;

use super::check::{BUFFERS, CONSTANTS, STEPS};
use super::{Constant, Plan, Shape, check};
use crate::error::{Error, ErrorKind, Result};
use wire::{Fault, Reader, Writer};

const MAGIC: &[u8; 6] = b"FEPLAN";
/// Raised with each change of the format.
const VERSION: u16 = 1;
/// Magic, version and length.
const HEAD: usize = 6 + 2 + 4;
const CHECKSUM: usize = 8;

/// The bytes of a plan file, for a plan that [`check`](super::check()) accepts.
///
/// # Panics
/// If the payload takes 4 GiB or more; the limits of a checked plan are far below.
pub fn encode(plan: &Plan) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.size(plan.buffers.len());
    for shape in &plan.buffers {
        [shape.height, shape.width, shape.channels].into_iter().for_each(|size| writer.size(size));
    }
    writer.size(plan.constants.len());
    for constant in &plan.constants {
        values::write_head(&mut writer, constant);
    }
    writer.size(plan.input);
    writer.size(plan.output);
    writer.size(plan.steps.len());
    for one in &plan.steps {
        step::write(&mut writer, one);
    }
    for constant in &plan.constants {
        values::write(&mut writer, &constant.data);
    }
    let payload = writer.bytes;
    let length = u32::try_from(payload.len()).expect("a payload below 4 GiB");
    let mut file = Vec::with_capacity(HEAD + payload.len() + CHECKSUM);
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&VERSION.to_le_bytes());
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(&payload);
    file.extend_from_slice(&checksum(&file).to_le_bytes());
    file
}

/// The checked plan in the bytes of a plan file.
///
/// Takes memory in proportion to the file, whatever the file says.
///
/// # Errors
/// `ChecksumMismatch` if the bytes were changed since they were written, `UnsupportedModel` if they
/// are no plan file, one of another version, or the plan cannot be run.
pub fn decode(file: &[u8]) -> Result<Plan> {
    let plan = payload(file)?;
    let plan = read(plan)
        .map_err(|fault| Error::new(ErrorKind::UnsupportedModel, format!("bad plan file: {fault}")))?;
    check(&plan)?;
    Ok(plan)
}

/// What is between head and checksum, if these are right.
fn payload(file: &[u8]) -> Result<&[u8]> {
    let unsupported = |message: String| Err(Error::new(ErrorKind::UnsupportedModel, message));
    if file.len() < HEAD + CHECKSUM || !file.starts_with(MAGIC) {
        return unsupported(format!("these {} bytes are no plan file", file.len()));
    }
    let (body, stored) = file.split_at(file.len() - CHECKSUM);
    let mut head = Reader::new(&body[MAGIC.len()..]);
    let (Ok(version), Ok(length)) =
        (head.fixed().map(u16::from_le_bytes), head.fixed().map(u32::from_le_bytes))
    else {
        return unsupported("the head of the plan file is cut short".to_owned());
    };
    if version != VERSION {
        return unsupported(format!("plan file of version {version}, want {VERSION}"));
    }
    let payload = &body[HEAD..];
    if payload.len() as u64 != u64::from(length) {
        return unsupported(format!("the plan file holds {} bytes, want {length}", payload.len()));
    }
    let wanted = checksum(body).to_le_bytes();
    if stored != wanted {
        let message = format!("the plan file's checksum is {wanted:02x?}, want {stored:02x?}");
        return Err(Error::new(ErrorKind::ChecksumMismatch, message));
    }
    Ok(payload)
}

/// Reads a payload; the plan is not checked yet.
fn read(payload: &[u8]) -> std::result::Result<Plan, Fault> {
    let mut reader = Reader::new(payload);
    let buffers = reader.list("buffers", BUFFERS, |reader| {
        Ok(Shape { height: reader.size()?, width: reader.size()?, channels: reader.size()? })
    })?;
    let heads = reader.list("constants", CONSTANTS, values::read_head)?;
    let (input, output) = (reader.size()?, reader.size()?);
    let steps = reader.list("steps", STEPS, step::read)?;
    let mut constants = Vec::with_capacity(heads.len());
    for head in heads {
        let data = values::read(&mut reader, &head)?;
        constants.push(Constant { shape: head.shape, data });
    }
    reader.end()?;
    Ok(Plan { buffers, constants, steps, input, output })
}

/// Catches accidents on the way: any change within 8 bytes, and nearly any other. It proves nothing
/// about who wrote the file; the registry's SHA-256 does.
fn checksum(bytes: &[u8]) -> u64 {
    let mix = |sum: u64, word: u64| (sum ^ word).rotate_left(29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (words, rest) = bytes.as_chunks::<8>();
    let sum = words.iter().fold(bytes.len() as u64, |sum, word| mix(sum, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(sum, u64::from_le_bytes(last))
}
