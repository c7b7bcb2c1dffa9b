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
