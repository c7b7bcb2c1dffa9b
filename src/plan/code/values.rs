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
    match bits {
        0 => Ok(high.iter().map(|&high| unfold(u16::from(high))).collect()),
        1 => unpack_with::<1>(high, low),
        2 => unpack_with::<2>(high, low),
        3 => unpack_with::<3>(high, low),
        4 => unpack_with::<4>(high, low),
        5 => unpack_with::<5>(high, low),
        6 => unpack_with::<6>(high, low),
        7 => unpack_with::<7>(high, low),
        _ => unpack_with::<8>(high, low),
    }
}

/// [`unpack`] with the number of bits known to the compiler, which makes it several times faster.
fn unpack_with<const BITS: usize>(high: &[u8], low: &[u8]) -> Result<Vec<i16>> {
    let eight = |high: &[u8; 8], low: &[u8; BITS]| -> [i16; 8] {
        let mut word = [0; 8];
        word[..BITS].copy_from_slice(low);
        let word = u64::from_le_bytes(word);
        std::array::from_fn(|i| {
            let low = (word >> (i * BITS)) as u16 & ((1 << BITS) - 1);
            unfold(u16::from(high[i]) << BITS | low)
        })
    };
    let (highs, rest) = high.as_chunks::<8>();
    let (lows, _) = low.as_chunks::<BITS>();
    let mut values = Vec::with_capacity(high.len());
    for (high, low) in highs.iter().zip(lows) {
        values.extend_from_slice(&eight(high, low));
    }
    if let Some(low) = lows.get(highs.len()) {
        let mut high = [0; 8];
        high[..rest.len()].copy_from_slice(rest);
        let last = eight(&high, low);
        if last[rest.len()..].iter().any(|&value| value != 0) {
            return Err("bits after the last whole number, want zeros".to_owned());
        }
        values.extend_from_slice(&last[..rest.len()]);
    }
    Ok(values)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_come_back_whatever_their_size_and_count() {
        for largest in [0, 1, 63, 127, 128, 255, 511, 1023, 1024, 5000, i16::MAX] {
            for count in [1, 7, 8, 9, 40] {
                let number = |i: i32| (i * 7919 % (2 * i32::from(largest) + 1) - i32::from(largest)) as i16;
                let values: Vec<i16> = (0..count).map(number).collect();
                let data = Data::Fixed { values, scales: vec![0.5] };
                let constant = Constant { shape: vec![count as usize, 1], data };
                let mut writer = Writer::default();
                write_head(&mut writer, &constant);
                write(&mut writer, &constant.data);
                let mut reader = Reader::new(&writer.bytes);
                let head = read_head(&mut reader).unwrap();
                assert_eq!(read(&mut reader, &head).unwrap(), constant.data, "{count} up to {largest}");
                reader.end().unwrap();
            }
        }
    }

    #[test]
    fn small_numbers_fold_to_small_ones() {
        assert_eq!([0, -1, 1, -2, i16::MAX, i16::MIN].map(fold), [0, 1, 2, 3, 65534, 65535]);
        assert!((i16::MIN..=i16::MAX).all(|value| unfold(fold(value)) == value));
        assert_eq!([0, 0xff, 0x100, 0x7ff, 0xffff].map(low_bits), [0, 0, 1, 3, 8]);
    }
}
