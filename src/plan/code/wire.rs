//! Numbers as bytes, and back without trust.

/// What is wrong with the bytes, and what was wanted.
pub(super) type Fault = String;

/// A result whose failure is a [`Fault`].
pub(super) type Result<T> = std::result::Result<T, Fault>;

/// Appends numbers.
#[derive(Default)]
pub(super) struct Writer {
    /// What was written so far.
    pub(super) bytes: Vec<u8>,
}

impl Writer {
    /// LEB128: seven bits a byte, the lowest first.
    pub(super) fn size(&mut self, size: usize) {
        let mut rest = size;
        while rest > 127 {
            self.bytes.push(rest as u8 | 128);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
    }

    /// Each of `sizes`.
    pub(super) fn sizes(&mut self, sizes: &[usize]) {
        sizes.iter().for_each(|&size| self.size(size));
    }

    /// Absent as 0, others one more than they are.
    pub(super) fn optional(&mut self, size: Option<usize>) {
        self.size(size.map_or(0, |size| size + 1));
    }

    /// The place of `value` among `all`, which lists every kind there is.
    pub(super) fn kind<T: PartialEq>(&mut self, value: &T, all: &[T]) {
        self.size(all.iter().position(|one| one == value).expect("the list has every kind"));
    }

    /// Four bytes.
    pub(super) fn f32(&mut self, value: f32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }
}

/// Takes numbers from the front.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from their beginning.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(format!("{} bytes are left, want {count} or more", self.rest.len()));
        };
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub(super) fn fixed<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    /// LEB128, in as few bytes as the number needs.
    pub(super) fn size(&mut self) -> Result<usize> {
        let mut size = 0_usize;
        for shift in (0..usize::BITS).step_by(7) {
            let [byte] = self.fixed()?;
            let bits = usize::from(byte & 127);
            if bits << shift >> shift != bits {
                break;
            }
            size |= bits << shift;
            if byte < 128 {
                return if byte == 0 && shift > 0 {
                    Err(format!("{size} is written in {} bytes, want fewer", shift / 7 + 1))
                } else {
                    Ok(size)
                };
            }
        }
        Err(format!("a number is too large, want at most {}", usize::MAX))
    }

    /// What [`Writer::optional`] wrote.
    pub(super) fn optional(&mut self) -> Result<Option<usize>> {
        Ok(self.size()?.checked_sub(1))
    }

    /// Two numbers.
    pub(super) fn pair(&mut self) -> Result<[usize; 2]> {
        Ok([self.size()?, self.size()?])
    }

    /// What [`Writer::kind`] wrote with the same list.
    pub(super) fn kind<T: Copy>(&mut self, what: &str, all: &[T]) -> Result<T> {
        let kind = self.size()?;
        all.get(kind).copied().ok_or_else(|| format!("{what} of kind {kind}, want below {}", all.len()))
    }

    /// Four bytes.
    pub(super) fn f32(&mut self) -> Result<f32> {
        Ok(f32::from_le_bytes(self.fixed()?))
    }

    /// A count of at most `most`, then as many items.
    pub(super) fn list<T>(
        &mut self,
        what: &str,
        most: usize,
        mut item: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let count = self.size()?;
        if count > most {
            return Err(format!("{count} {what}, want at most {most}"));
        }
        // The list grows as items are read, so a wrong count cannot reserve memory.
        let mut items = Vec::new();
        for i in 0..count {
            items.push(item(self).map_err(|fault| format!("{what}, {i}: {fault}"))?);
        }
        Ok(items)
    }

    /// Whether all was read.
    pub(super) fn end(&self) -> Result<()> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(format!("{left} bytes are left, want none")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_come_back_from_as_few_bytes_as_they_need() {
        for (size, bytes) in [(0, 1), (127, 1), (128, 2), (16383, 2), (16384, 3), (u32::MAX as usize, 5)] {
            let mut writer = Writer::default();
            writer.size(size);
            assert_eq!(writer.bytes.len(), bytes, "{size}");
            assert_eq!(Reader::new(&writer.bytes).size(), Ok(size));
        }
        let mut writer = Writer::default();
        writer.size(usize::MAX);
        assert_eq!(Reader::new(&writer.bytes).size(), Ok(usize::MAX));
    }

    #[test]
    fn sizes_that_are_too_large_or_too_long_are_refused() {
        for bytes in [&[0x80_u8, 0][..], &[0xff, 0x80, 0], &[0x80], &[], &[0xff; 12]] {
            assert!(Reader::new(bytes).size().is_err(), "{bytes:?}");
        }
        // One bit more than a usize has.
        let mut large = vec![0x80; usize::BITS as usize / 7];
        large.push(1 << (usize::BITS % 7));
        assert!(Reader::new(&large).size().is_err());
    }
}
