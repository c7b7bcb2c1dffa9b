//! Which tensors share a buffer on the GPU.
//!
//! A dispatch must not bind one buffer both to be read and to be written, even at places apart. So
//! tensors share whole buffers, slots, and each slot holds one tensor at a time.

/// Slots for all tensors that some dispatch uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Slots {
    /// The slot of each tensor; none if nothing uses it.
    pub(super) of: Vec<Option<usize>>,
    /// Values that each slot holds.
    pub(super) lens: Vec<usize>,
}

/// What one dispatch reads and writes, as indices of tensors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) reads: Vec<usize>,
    pub(super) writes: Vec<usize>,
}

/// Gives each tensor a slot.
///
/// A tensor is kept from the dispatch that first writes it through the last that reads it, `input`
/// from the start and `output` to the end. In the order of the dispatches each takes the free slot
/// that fits best: the smallest that is large enough, or else the largest, which then grows. Equal
/// dispatches give equal slots.
pub(super) fn slots(lens: &[usize], uses: &[Use], input: usize, output: usize) -> Slots {
    let mut last = vec![None; lens.len()];
    for (at, dispatch) in uses.iter().enumerate() {
        for &tensor in dispatch.reads.iter().chain(&dispatch.writes) {
            last[tensor] = Some(at);
        }
    }
    last[output] = Some(uses.len());

    let mut slots = Slots { of: vec![None; lens.len()], lens: Vec::new() };
    let mut free: Vec<usize> = Vec::new();
    let take = |slots: &mut Slots, free: &mut Vec<usize>, tensor: usize| {
        if slots.of[tensor].is_some() {
            return;
        }
        let want = lens[tensor];
        // Of those that are large enough the smallest, before the largest of those that are not.
        let best = free.iter().copied().enumerate().min_by_key(|&(_, slot)| {
            let len = slots.lens[slot];
            if len >= want { (0, len) } else { (1, want - len) }
        });
        let slot = match best {
            Some((at, slot)) => {
                free.remove(at);
                slots.lens[slot] = slots.lens[slot].max(want);
                slot
            }
            None => {
                slots.lens.push(want);
                slots.lens.len() - 1
            }
        };
        slots.of[tensor] = Some(slot);
    };
    take(&mut slots, &mut free, input);
    for (at, dispatch) in uses.iter().enumerate() {
        for &tensor in &dispatch.writes {
            take(&mut slots, &mut free, tensor);
        }
        // Only now, so that what is written never lies where something is read.
        for (tensor, slot) in slots.of.iter().enumerate() {
            if let (Some(slot), true) = (slot, last[tensor] == Some(at)) {
                free.push(*slot);
            }
        }
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;

    fn using(reads: &[usize], writes: &[usize]) -> Use {
        Use { reads: reads.to_vec(), writes: writes.to_vec() }
    }

    /// Runs the dispatches on marks: every slot holds the tensor that was written there last.
    fn assert_whole(lens: &[usize], uses: &[Use], input: usize, output: usize) -> Slots {
        let slots = slots(lens, uses, input, output);
        let slot = |tensor: usize| slots.of[tensor].unwrap();
        let mut holds = vec![usize::MAX; slots.lens.len()];
        holds[slot(input)] = input;
        for (at, dispatch) in uses.iter().enumerate() {
            for &tensor in &dispatch.reads {
                assert_eq!(holds[slot(tensor)], tensor, "dispatch {at} reads {tensor}");
            }
            for &tensor in &dispatch.writes {
                assert!(
                    dispatch.reads.iter().all(|&read| slot(read) != slot(tensor)),
                    "dispatch {at} reads and writes slot {}",
                    slot(tensor)
                );
                holds[slot(tensor)] = tensor;
            }
        }
        assert_eq!(holds[slot(output)], output, "output");
        for (tensor, slot) in slots.of.iter().enumerate() {
            assert!(slot.is_none_or(|slot| slots.lens[slot] >= lens[tensor]), "tensor {tensor} fits");
        }
        slots
    }

    #[test]
    fn a_chain_takes_two_slots() {
        let uses: Vec<Use> = (0..9).map(|at| using(&[at], &[at + 1])).collect();
        let lens: Vec<usize> = (0..10).map(|tensor| 100 * tensor).collect();
        let slots = assert_whole(&lens, &uses, 0, 9);
        assert_eq!(slots.lens, [800, 900]);
    }

    #[test]
    fn what_is_never_used_takes_none() {
        let slots = assert_whole(&[4, 1000, 4], &[using(&[0], &[2])], 0, 2);
        assert_eq!((slots.of[1], slots.lens.len()), (None, 2));
    }

    #[test]
    fn the_slot_that_fits_is_taken() {
        // When 3 is written, the slots of 0 (large) and 1 (small) are free.
        let uses = [using(&[0], &[1]), using(&[1], &[2]), using(&[2], &[3])];
        let slots = assert_whole(&[1000, 10, 20, 8], &uses, 0, 3);
        assert_eq!(slots.of[3], slots.of[1]);
    }

    #[test]
    fn nothing_that_is_still_needed_is_written_over() {
        let mut state = 5_u64;
        let mut below = |limit: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % limit
        };
        for _ in 0..300 {
            let count = 2 + below(20);
            let lens: Vec<usize> = (0..count).map(|_| 1 + below(50)).collect();
            let uses: Vec<Use> = (1..count)
                .map(|y| using(&(0..=below(3)).map(|_| below(y)).collect::<Vec<_>>(), &[y]))
                .collect();
            let output = 1 + below(count - 1);
            let slots = assert_whole(&lens, &uses, 0, output);
            assert_eq!(slots, super::slots(&lens, &uses, 0, output));
        }
    }
}
