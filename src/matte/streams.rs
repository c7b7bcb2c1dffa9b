//! Which streams there are, and what is kept of each.

/// So many streams are remembered; one more takes the place of the one that was last used longest ago.
const MOST: usize = 4;

/// What is kept of each stream, the last used first.
pub(crate) struct Streams<T>(Vec<(u32, String, T)>);

impl<T> Default for Streams<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Streams<T> {
    /// What is kept of the stream `number`, as far as that was about `of`; else what `make` gives.
    pub(crate) fn open(&mut self, number: u32, of: &str, make: impl FnOnce() -> T) -> &mut T {
        let known = self.0.iter().position(|(other, about, _)| *other == number && about == of);
        let entry = match known {
            Some(at) => self.0.remove(at),
            None => (number, of.to_owned(), make()),
        };
        self.0.insert(0, entry);
        self.0.truncate(MOST);
        &mut self.0[0].2
    }

    /// What was opened last.
    #[cfg(feature = "gpu")]
    pub(crate) fn last(&self) -> Option<&T> {
        self.0.first().map(|(_, _, kept)| kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_and_subjects_are_kept_apart_and_the_oldest_goes() {
        let mut streams = Streams::default();
        let mut seen = 0;
        let mut frame = |number: u32, of: &str| {
            let kept = streams.open(number, of, || 0);
            *kept += 1;
            seen = *kept;
            seen
        };
        assert_eq!(
            [frame(1, "person"), frame(2, "person"), frame(1, "person"), frame(1, "hair")],
            [1, 1, 2, 1]
        );
        assert_eq!([frame(3, "person"), frame(1, "person"), frame(2, "person")], [1, 3, 2]);
        // Hair was used longest ago.
        assert_eq!([frame(5, "person"), frame(1, "person"), frame(1, "hair")], [1, 4, 1]);
    }
}
