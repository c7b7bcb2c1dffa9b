//! Memory that starts at a cache line, so that no vector lies in two of them.

use std::ops::{Deref, DerefMut};

/// Floats of a cache line.
const LINE: usize = 16;

/// Values from a cache line's start on; at first none.
#[derive(Default)]
pub(crate) struct Lines {
    memory: Vec<f32>,
    start: usize,
    len: usize,
}

impl Lines {
    /// Makes it `len` values, which are anything; memory grows where it has to, and is kept.
    pub(crate) fn resize(&mut self, len: usize) {
        if self.memory.len() < len + LINE {
            self.memory = vec![0.0; len + LINE];
            self.start = self.memory.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        }
        self.len = len;
    }

    /// So many zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        let mut lines = Self::default();
        lines.resize(len);
        lines
    }
}

impl From<Vec<f32>> for Lines {
    fn from(values: Vec<f32>) -> Self {
        let mut lines = Self::zeros(values.len());
        lines.copy_from_slice(&values);
        lines
    }
}

impl Deref for Lines {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.memory[self.start..self.start + self.len]
    }
}

impl DerefMut for Lines {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_start_at_a_line_whenever_they_grow() {
        let mut lines = Lines::from(vec![1.0, 2.0]);
        assert_eq!(*lines, [1.0, 2.0]);
        for len in [1, 40, 3, 5000] {
            lines.resize(len);
            assert_eq!(lines.len(), len);
            assert_eq!(lines.as_ptr().addr() % 64, 0);
        }
    }
}
