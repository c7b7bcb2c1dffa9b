//! A picture that comes in rows, on its way to the networks.

use super::looks::Look;
use super::network::Network;
use crate::pixels::{Filter, Rect, Reducer};
use crate::telemetry::{Stopwatch, Timings};

/// A picture, or a part of one, that comes in rows.
pub struct Intake {
    pub(super) size: [usize; 2],
    pub(super) from: [usize; 2],
    pub(super) rect: Rect,
    pub(super) swapped: bool,
    pub(super) reducers: Reducers,
    pub(super) at: At,
    /// What was seen before, where this is a part of the picture.
    pub(super) before: Option<Look>,
    pub(super) timings: Timings,
}

/// What a round of looks is at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// All of the picture.
    All,
    /// The subject that was found there, or the person that it is a part of.
    Subject,
    /// A person's hair and face.
    Head,
}

/// Rows that are copied at a time.
const AT_ONCE: usize = 16 * Intake::ROWS;

/// What makes the networks' inputs, and the guide.
pub(super) struct Reducers {
    pub(super) input: Reducer,
    /// A network may give a map of another size than it takes.
    pub(super) guide: Option<Reducer>,
    /// The second network may want its picture otherwise.
    pub(super) partner: Option<Reducer>,
}

impl Intake {
    /// All calls of [`Intake::rows`] but the last give a multiple of this many rows.
    pub const ROWS: usize = Reducer::ROWS;

    /// The columns and rows that are wanted, of the picture that rows come from.
    pub fn rect(&self) -> Rect {
        self.rect
    }

    /// Takes the next rows, `[rows, rect.width, 4]` bytes, from the top to the bottom.
    ///
    /// # Panics
    /// If they are more than there are.
    pub fn rows(&mut self, bytes: &[u8]) {
        let mut watch = Stopwatch::start();
        let Reducers { input, guide, partner } = &mut self.reducers;
        for reducer in [Some(input), guide.as_mut(), partner.as_mut()].into_iter().flatten() {
            reducer.rows(bytes);
        }
        self.timings.pre_ms += watch.lap_ms();
    }

    /// Takes all rows that are wanted, from a picture of which the first of `bytes` is the first.
    pub fn all(&mut self, bytes: &[u8]) {
        let Rect { left, top, width, height } = self.rect;
        let stride = self.from[0] * 4;
        let bytes = &bytes[top * stride..(top + height) * stride];
        if width * 4 == stride {
            return self.rows(bytes);
        }
        let mut some = Vec::new();
        for rows in bytes.chunks(AT_ONCE * stride) {
            some.clear();
            rows.chunks_exact(stride)
                .for_each(|row| some.extend_from_slice(&row[left * 4..(left + width) * 4]));
            self.rows(&some);
        }
    }
}

impl Reducers {
    pub(super) fn new(size: [usize; 2], network: &Network, partner: Option<&Network>) -> Self {
        let Network { contract, .. } = network;
        let (input, filter) = (network.input(), contract.input.filter);
        let reducer = |to: [usize; 2], filter: Filter| Reducer::new(size, to, filter);
        let guide = (network.output() != input).then(|| reducer(network.output(), filter));
        let same = |other: &&Network| (other.input(), other.contract.input.filter) == (input, filter);
        let partner = partner.filter(|other| !same(other));
        let partner = partner.map(|other| reducer(other.input(), other.contract.input.filter));
        Self { input: reducer(input, filter), guide, partner }
    }
}
