//! A picture at another size, from rows as they come.
//!
//! Each output pixel is a weighted mean of the picture's pixels around it, rows and columns apart.
//! Where the reduction is strong, blocks of 2 or 4 pixels are summed first: they are still so many to
//! an output pixel that the weights hardly notice, and most of the work is a few additions of bytes.
//!
//! All of it is done in whole numbers: weights of 16 bits with as many of them after the point as fit,
//! means down the picture with 7 bits after the point, sums of 32 bits. Together they are off by a
//! hundredth of a byte's step or so.

use super::Rgba8;
use super::taps::{Filter, Taps, block, sums};
use crate::cpu::simd::{I16x8, I32x4};

/// `picture` stretched to `[height, width, 4]` bytes.
///
/// Alpha is resized like a colour: networks look at the colours alone.
///
/// # Panics
/// If a side is 0.
pub fn to_size(picture: Rgba8<'_>, width: usize, height: usize, filter: Filter) -> Vec<u8> {
    let mut reducer = Reducer::new([picture.width(), picture.height()], [width, height], filter);
    reducer.rows(picture.bytes());
    reducer.finish()
}

/// Stretches a picture whose rows are given from top to bottom.
///
/// Memory: the output, and as many rows as one of its rows is made of.
pub struct Reducer {
    from: [usize; 2],
    width: usize,
    out_w: usize,
    /// Rows and columns of a block: 1, 2 or 4.
    block: [usize; 2],
    /// How many rows of sums there are, and how many have come.
    height: usize,
    taken: usize,
    rows: Taps,
    columns: Taps,
    /// The sums of the last rows of blocks, `[rows.reach, line]`, each line from an even pixel's start.
    sums: Vec<i16>,
    /// Where a block is a pixel, the last rows of earlier calls instead, `[rows.reach, width, 4]`.
    kept: Vec<u8>,
    line: usize,
    /// Sums on the way to `mixed`, for rows of many taps.
    partial: Vec<[I32x4; 2]>,
    /// A row of weighted means down the sums, times 128, and zeros.
    mixed: Vec<i16>,
    output: Vec<u8>,
}

/// Bits after the point of a mean down the picture: with 8 for a byte they fill 15.
const MIXED_BITS: u32 = 7;

impl Reducer {
    /// All calls of [`Reducer::rows`] but the last give a multiple of this many rows.
    pub const ROWS: usize = 4;

    /// From and to `[width, height]`.
    ///
    /// # Panics
    /// If a side is 0.
    pub fn new(from: [usize; 2], to: [usize; 2], filter: Filter) -> Self {
        let [width, height] = from;
        let [out_w, out_h] = to;
        assert!(width > 0 && height > 0 && out_w > 0 && out_h > 0, "sides above 0, not {from:?} to {to:?}");
        let block = [block(height, out_h), block(width, out_w)];
        // Sums down reach 255 times the columns of a block, sums across the largest `i16`.
        let rows = Taps::new([height, out_h], block[0], filter, GROUP, 18);
        let mut columns = Taps::new([width, out_w], block[1], filter, GROUP, 16);
        // The first pixel is weighed with the third, the second with the fourth: that is how two vectors
        // of two interleave in one instruction.
        columns.weights.as_chunks_mut::<GROUP>().0.iter_mut().for_each(|group| group.swap(1, 2));
        // Pixels are made four at a time; those beyond the row are nothing's mean.
        columns.first.resize(out_w.next_multiple_of(4), 0);
        columns.weights.resize(out_w.next_multiple_of(4) * columns.count, 0);
        let line = (sums(width, block[1]) * 4).next_multiple_of(8);
        Self {
            from,
            width,
            out_w,
            block,
            height: sums(height, block[0]),
            taken: 0,
            sums: vec![0; if block == [1, 1] { 0 } else { rows.reach * line }],
            kept: vec![0; if block == [1, 1] { rows.reach * width * 4 } else { 0 }],
            line,
            partial: if rows.count > GROUP { vec![[I32x4::zero(); 2]; line / 8] } else { Vec::new() },
            mixed: vec![0; line + columns.count * 4],
            output: Vec::new(),
            rows,
            columns,
        }
    }

    /// Takes the next rows, `[rows, width, 4]` bytes.
    ///
    /// # Panics
    /// If they are more than the picture has.
    pub fn rows(&mut self, bytes: &[u8]) {
        let (row_bytes, out_bytes) = (self.width * 4, self.rows.first.len() * self.out_w * 4);
        // The last pixels may be made with some that are none.
        self.output.reserve_exact((out_bytes + 16).saturating_sub(self.output.len()));
        if self.block == [1, 1] {
            return self.pixels(bytes);
        }
        let blocks = bytes.chunks_exact(row_bytes * self.block[0]);
        let rest = blocks.remainder().chunks_exact(row_bytes);
        for rows in blocks.chain(rest) {
            assert!(self.taken < self.height, "no more rows than the picture has");
            match rows.len() / row_bytes {
                1 => self.sum::<1>(rows),
                2 => self.sum::<2>(rows),
                _ => self.sum::<4>(rows),
            }
            self.taken += 1;
            let (sums, reach, line) = (std::mem::take(&mut self.sums), self.rows.reach, self.line);
            self.make(|row| &sums[row % reach * line..][..line]);
            self.sums = sums;
        }
    }

    /// Takes rows whose pixels are weighed as they are, from where they lie.
    fn pixels(&mut self, bytes: &[u8]) {
        let (row_bytes, reach, before) = (self.width * 4, self.rows.reach, self.taken);
        self.taken += bytes.len() / row_bytes;
        assert!(self.taken <= self.height, "no more rows than the picture has");
        let mut kept = std::mem::take(&mut self.kept);
        self.make(|row| match row.checked_sub(before) {
            Some(row) => &bytes[row * row_bytes..][..row_bytes],
            None => &kept[row % reach * row_bytes..][..row_bytes],
        });
        if self.taken < self.height {
            for row in before.max(self.taken.saturating_sub(reach))..self.taken {
                let from = &bytes[(row - before) * row_bytes..][..row_bytes];
                kept[row % reach * row_bytes..][..row_bytes].copy_from_slice(from);
            }
        }
        self.kept = kept;
    }

    /// Makes the rows of the output for which enough rows have come.
    fn make<'a, T: Number + 'a>(&mut self, line: impl Fn(usize) -> &'a [T]) {
        while let Some(&first) = self.rows.first.get(self.output.len() / (self.out_w * 4)) {
            let last = (first + self.rows.reach).min(self.height) - 1;
            if last >= self.taken {
                break;
            }
            self.mix(|i| line((first + i).min(last)));
            // Most pictures have one group: known beforehand, it is no loop.
            match self.columns.count / GROUP {
                1 => self.spread(1),
                groups => self.spread(groups),
            }
        }
    }

    /// The size of the pictures that it takes, `[width, height]`.
    pub fn from(&self) -> [usize; 2] {
        self.from
    }

    /// The output, `[height, width, 4]` bytes; then the next picture may come.
    ///
    /// # Panics
    /// If rows are missing.
    pub fn finish(&mut self) -> Vec<u8> {
        assert_eq!(self.taken, self.height, "all rows of the picture");
        self.taken = 0;
        std::mem::take(&mut self.output)
    }

    /// Fills the next line of `sums` from `N` rows.
    fn sum<const N: usize>(&mut self, rows: &[u8]) {
        let row_bytes = self.width * 4;
        let rows: [&[u8]; N] = std::array::from_fn(|i| &rows[i * row_bytes..][..row_bytes]);
        let fours: [&[[u8; 16]]; N] = rows.map(|row| &row.as_chunks().0[..row_bytes / 32 * 2]);
        let summed = |i: usize| {
            let [mut low, mut high] = I16x8::widen(&fours[0][i]);
            for four in &fours[1..] {
                let [more_low, more_high] = I16x8::widen(&four[i]);
                (low, high) = (low.add(more_low), high.add(more_high));
            }
            [low, high]
        };
        let line = &mut self.sums[self.taken % self.rows.reach * self.line..][..self.line];
        let across = self.block[1];
        let eights = row_bytes / 32;
        let to = &mut line.as_chunks_mut::<8>().0[..eights * 4 / across];
        match across {
            4 => {
                for (i, to) in to.iter_mut().enumerate() {
                    let [left, right] = [summed(2 * i), summed(2 * i + 1)].map(|[low, high]| low.add(high));
                    left.add_halves(right).store(to);
                }
            }
            2 => {
                for (i, to) in to.iter_mut().enumerate() {
                    let [low, high] = summed(i);
                    low.add_halves(high).store(to);
                }
            }
            _ => {
                for (i, to) in to.as_chunks_mut::<2>().0.iter_mut().enumerate() {
                    let [low, high] = summed(i);
                    low.store(&mut to[0]);
                    high.store(&mut to[1]);
                }
            }
        }
        // What is left of the row: whole blocks first, then pixels by themselves.
        let mut x = eights * 8;
        let rest = &mut line.as_chunks_mut::<4>().0[x / across..sums(self.width, across)];
        for sum in rest {
            let columns = if x + across <= self.width { across } else { 1 };
            let places = rows.iter().flat_map(|row| row[x * 4..][..columns * 4].as_chunks::<4>().0);
            *sum = places.fold([0; 4], |sum, pixel| std::array::from_fn(|c| sum[c] + i16::from(pixel[c])));
            x += columns;
        }
    }

    /// Weighs the lines that the next row of the output is made of, by their number among these.
    fn mix<'a, T: Number + 'a>(&mut self, line: impl Fn(usize) -> &'a [T]) {
        let Self { ref rows, ref mut partial, ref mut mixed, .. } = *self;
        let y = self.output.len() / (self.out_w * 4);
        let weights = rows.weights[y * rows.count..][..rows.count].as_chunks::<GROUP>().0;
        let bits = rows.bits + self.block[1].ilog2() - MIXED_BITS;
        let mixed = &mut mixed.as_chunks_mut::<8>().0[..self.line / 8];
        for (group, weights) in weights.iter().enumerate() {
            let lines: [_; GROUP] = std::array::from_fn(|i| line(group * GROUP + i).as_chunks::<8>());
            let ends = (group == 0, (group + 1) * GROUP == rows.count);
            let (first, last) = mixed.split_at_mut(lines[0].0.len());
            weigh(ends, lines.map(|line| line.0), weights, bits, partial, first);
            if !lines[0].1.is_empty() {
                let lines = lines.map(|(_, rest)| std::array::from_fn(|i| *rest.get(i).unwrap_or(&rest[0])));
                let partial = partial.get_mut(first.len()..).unwrap_or_default();
                weigh(ends, lines.each_ref().map(std::slice::from_ref), weights, bits, partial, last);
            }
        }
    }

    /// Weighs `mixed` across: the next row of the output, each of whose pixels has `groups` of weights.
    #[inline(always)]
    fn spread(&mut self, groups: usize) {
        let Self { ref columns, ref mixed, out_w, ref mut output, .. } = *self;
        let start = output.len();
        output.resize(start + columns.first.len() * 4, 0);
        let bits = columns.bits + MIXED_BITS - self.block[1].ilog2();
        let half = I32x4::splat((1 << (bits - 1)) - 1);
        let weights = columns.weights.as_chunks::<GROUP>().0.chunks_exact(groups);
        let mut pixels = columns.first.iter().zip(weights).map(|(&first, weights)| {
            let places = mixed[first * 4..][..groups * GROUP * 4].as_chunks::<{ GROUP * 4 }>().0;
            let sum = places.iter().zip(weights).fold(half, |sum, (four, weights)| {
                let [left, right] = four.as_chunks::<8>().0 else { unreachable!("four are two twos") };
                let pairs = I16x8::load(left).interleave(I16x8::load(right));
                let [even, odd] = weights.as_chunks::<2>().0 else { unreachable!() };
                sum.add(pairs[0].dot(I16x8::splat_pair(even)).add(pairs[1].dot(I16x8::splat_pair(odd))))
            });
            // Halves go to the even neighbour, so that they do not brighten the picture.
            sum.add(sum.shr(bits).and(I32x4::splat(1))).shr(bits)
        });
        for to in output[start..].as_chunks_mut::<16>().0 {
            let [a, b, c, d] = std::array::from_fn(|_| pixels.next().expect("a pixel"));
            I16x8::narrowed(a, b).narrow_both(I16x8::narrowed(c, d), to);
        }
        output.truncate(start + out_w * 4);
    }
}

/// Lines, or pixels of a line, that are weighed at once.
const GROUP: usize = 4;

/// What lines are made of: sums, or bytes of the picture.
trait Number: Copy {
    /// Eight of them.
    fn load(from: &[Self; 8]) -> I16x8;
}

impl Number for i16 {
    #[inline(always)]
    fn load(from: &[Self; 8]) -> I16x8 {
        I16x8::load(from)
    }
}

impl Number for u8 {
    #[inline(always)]
    fn load(from: &[Self; 8]) -> I16x8 {
        I16x8::from_bytes(from)
    }
}

/// Adds four weighted lines to `partial`, which is anything if they are the first (`ends.0`); the last
/// (`ends.1`) go to `mixed`, divided by two to the power of `bits`.
fn weigh<T: Number>(
    ends: (bool, bool),
    lines: [&[[T; 8]]; GROUP],
    weights: &[i16; GROUP],
    bits: u32,
    partial: &mut [[I32x4; 2]],
    mixed: &mut [[i16; 8]],
) {
    match ends {
        (true, true) => add::<T, true, true>(lines, weights, bits, partial, mixed),
        (true, false) => add::<T, true, false>(lines, weights, bits, partial, mixed),
        (false, false) => add::<T, false, false>(lines, weights, bits, partial, mixed),
        (false, true) => add::<T, false, true>(lines, weights, bits, partial, mixed),
    }
}

#[inline(never)]
fn add<T: Number, const FIRST: bool, const LAST: bool>(
    lines: [&[[T; 8]]; GROUP],
    &[a, b, c, d]: &[i16; GROUP],
    bits: u32,
    partial: &mut [[I32x4; 2]],
    mixed: &mut [[i16; 8]],
) {
    let weights = [I16x8::splat_pair(&[a, b]), I16x8::splat_pair(&[c, d])];
    let half = I32x4::splat(1 << (bits - 1));
    let lines = lines.map(|line| &line[..mixed.len()]);
    for (i, to) in mixed.iter_mut().enumerate() {
        let [mut low, mut high] = if FIRST { [half; 2] } else { partial[i] };
        for (pair, weights) in weights.into_iter().enumerate() {
            let two = T::load(&lines[2 * pair][i]).interleave(T::load(&lines[2 * pair + 1][i]));
            low = low.add(two[0].dot(weights));
            high = high.add(two[1].dot(weights));
        }
        if LAST {
            I16x8::narrowed(low.shr(bits), high.shr(bits)).store(to);
        } else {
            partial[i] = [low, high];
        }
    }
}

#[cfg(test)]
mod tests;
