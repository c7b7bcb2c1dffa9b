//! Which batches have come already.

use std::collections::HashSet;

/// So many batches are known at most, twice over.
const MOST: usize = 200_000;
/// A batch is known for at least so long, in seconds, unless very many come.
const TURN_S: u64 = 300;

/// A set of batches that forgets: in two halves, of which the older is dropped as a whole.
pub(super) struct Seen {
    young: HashSet<u64>,
    old: HashSet<u64>,
    turned_at_s: u64,
}

impl Seen {
    pub(super) fn new(now_s: u64) -> Self {
        Self { young: HashSet::new(), old: HashSet::new(), turned_at_s: now_s }
    }

    /// Takes a batch; `false` if it had come already.
    pub(super) fn insert(&mut self, id: u64, now_s: u64) -> bool {
        if self.young.len() >= MOST || now_s.saturating_sub(self.turned_at_s) >= TURN_S {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
            self.turned_at_s = now_s;
        }
        !self.old.contains(&id) && self.young.insert(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_batch_for_a_while() {
        let mut seen = Seen::new(0);
        assert!(seen.insert(7, 0));
        assert!(!seen.insert(7, 1));
        assert!(!seen.insert(7, TURN_S), "it is in the old half");
        assert!(seen.insert(7, 2 * TURN_S), "it is forgotten");
    }

    #[test]
    fn is_bounded() {
        let mut seen = Seen::new(0);
        (0..1_000_000).for_each(|id| assert!(seen.insert(id, 0)));
        assert!(seen.young.len() + seen.old.len() <= 2 * MOST);
    }
}
