//! Constants as bytes: shapes apart from values, values by planes.
//!
//! A plane holds the same byte of every value. Signs and exponents have few likely values and the
//! lowest bits are noise, so each plane is either worth compressing or not, but never a mixture.
//!
//! Whole numbers are folded first, 0, -1, 1, -2, ... to 0, 1, 2, 3, ..., so that small ones have
//! zeros above. The upper plane then holds the 8 highest bits that occur, the lower bits follow
//! eight values at a time, as many bytes as bits.

use super::wire::{Reader, Result, Writer};
use crate::plan::check::RANK;
use crate::plan::{Constant, Data};

/// How values are stored, as in [`Data`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    F32,
    F16,
    /// With so many bits below the upper plane.
    Fixed(u32),
}

/// All that is known of a constant before its values.
pub(super) struct Head {
    kind: Kind,
    /// Size of each axis.
    pub(super) shape: Vec<usize>,
}

/// The kinds in the order of their numbers; 8 bits below the upper plane is all there can be.
fn kinds() -> [Kind; 11] {
    std::array::from_fn(|number| match number {
        0 => Kind::F32,
        1 => Kind::F16,
        _ => Kind::Fixed(number as u32 - 2),
    })
}

/// Appends kind and shape of a constant.
pub(super) fn write_head(writer: &mut Writer, constant: &Constant) {
    let kind = match &constant.data {
        Data::F32(_) => Kind::F32,
        Data::F16(_) => Kind::F16,
        Data::Fixed { values, .. } => Kind::Fixed(low_bits(union(values))),
    };
    writer.kind(&kind, &kinds());
    writer.size(constant.shape.len());
    writer.sizes(&constant.shape);
}

/// Reads what [`write_head`] wrote.
pub(super) fn read_head(reader: &mut Reader) -> Result<Head> {
    let kind = reader.kind("constant", &kinds())?;
    let shape = reader.list("axes", RANK, Reader::size)?;
    if shape.is_empty() { Err("no axis, want one or more".to_owned()) } else { Ok(Head { kind, shape }) }
}

/// Appends the values of a constant.
pub(super) fn write(writer: &mut Writer, data: &Data) {
    let bytes = &mut writer.bytes;
    match data {
        Data::F32(values) => write_f32(bytes, values),
        Data::F16(values) => {
            bytes.extend(values.iter().map(|value| (value >> 8) as u8));
            bytes.extend(values.iter().map(|&value| value as u8));
        }
        Data::Fixed { values, scales } => {
            write_f32(bytes, scales);
            let bits = low_bits(union(values));
            bytes.extend(values.iter().map(|&value| (fold(value) >> bits) as u8));
            for eight in values.chunks(8) {
                let mut word = 0_u64;
                for (i, &value) in eight.iter().enumerate() {
                    word |= (u64::from(fold(value)) & ((1 << bits) - 1)) << (i as u32 * bits);
                }
                bytes.extend_from_slice(&word.to_le_bytes()[..bits as usize]);
            }
        }
    }
}

/// Reads the values that belong to `head`.
pub(super) fn read(reader: &mut Reader, head: &Head) -> Result<Data> {
    // A size that cannot be counted is more than any file holds.
    let count =
        head.shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size)).unwrap_or(usize::MAX);
    match head.kind {
        Kind::F32 => Ok(Data::F32(read_f32(reader, count)?)),
        Kind::F16 => {
            let (high, low) = (reader.take(count)?, reader.take(count)?);
            Ok(Data::F16(high.iter().zip(low).map(|(&high, &low)| u16::from_le_bytes([low, high])).collect()))
        }
        Kind::Fixed(bits) => {
            let scales = read_f32(reader, head.shape[head.shape.len() - 1])?;
            let high = reader.take(count)?;
            let low = reader.take(count.div_ceil(8) * bits as usize)?;
            let values = unpack(high, low, bits)?;
            if low_bits(union(&values)) != bits {
                return Err(format!("whole numbers with {bits} lower bits, want as few as they need"));
            }
            Ok(Data::Fixed { values, scales })
        }
    }
}

/// Puts the planes together again; `low` has `bits` bytes for each eight values.
fn unpack(high: &[u8], low: &[u8], bits: u32) -> Result<Vec<i16>> {
    if bits == 0 {
        return Ok(high.iter().map(|&high| unfold(u16::from(high))).collect());
    }
    let mut values = Vec::with_capacity(high.len());
    let mut unused = 0;
    for (eight, low) in high.chunks(8).zip(low.chunks_exact(bits as usize)) {
        let mut word = [0; 8];
        word[..low.len()].copy_from_slice(low);
        let mut word = u64::from_le_bytes(word);
        values.extend(eight.iter().map(|&high| {
            let folded = u16::from(high) << bits | word as u16 & ((1 << bits) - 1);
            word >>= bits;
            unfold(folded)
        }));
        unused |= word;
    }
    match unused {
        0 => Ok(values),
        _ => Err("bits after the last whole number, want zeros".to_owned()),
    }
}

fn write_f32(bytes: &mut Vec<u8>, values: &[f32]) {
    for shift in [24, 16, 8, 0] {
        bytes.extend(values.iter().map(|value| (value.to_bits() >> shift) as u8));
    }
}

fn read_f32(reader: &mut Reader, count: usize) -> Result<Vec<f32>> {
    let [a, b, c, d] = [reader.take(count)?, reader.take(count)?, reader.take(count)?, reader.take(count)?];
    Ok((0..count).map(|i| f32::from_be_bytes([a[i], b[i], c[i], d[i]])).collect())
}

/// 0, -1, 1, -2, ... to 0, 1, 2, 3, ...
fn fold(value: i16) -> u16 {
    (value << 1 ^ value >> 15) as u16
}

/// The inverse of [`fold`].
fn unfold(folded: u16) -> i16 {
    (folded >> 1) as i16 ^ -((folded & 1) as i16)
}

/// The bits that are set in any of the folded values.
fn union(values: &[i16]) -> u16 {
    values.iter().fold(0, |union, &value| union | fold(value))
}

/// How many bits lie below the 8 highest.
fn low_bits(union: u16) -> u32 {
    (u16::BITS - union.leading_zeros()).saturating_sub(8)
}
