//! Tensors of any rank as pictures: which axis of a tensor is which axis of a buffer.
//!
//! Reshapes and transposes move no number here. Each axis of a tensor is a product of parts of the
//! picture's axes; splitting, joining and moving axes only rearranges the parts. Where a step needs
//! a picture again, the parts either are whole axes (nothing to do) or those of a regrouping.

use crate::plan::{Axis, Shape};

/// Some of a picture's rows, columns or channels: `index = step * n` for `n` below `size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    axis: Axis,
    step: usize,
    size: usize,
}

/// A tensor that lies in a buffer; parts of size 1 are left out, so an axis of size 1 is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct View {
    /// The buffer.
    pub(super) buffer: usize,
    /// The parts of each of the tensor's axes, outermost first.
    axes: Vec<Vec<Part>>,
}

/// What turns a tensor's buffer into a picture whose axes are the tensor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Regroup {
    /// They are already.
    Nothing,
    /// A step [`crate::plan::Op::Regroup`] that gives this shape.
    Step {
        /// Rows and columns of a block.
        block: [usize; 2],
        /// The inverse.
        back: bool,
        /// The shape of the result.
        shape: Shape,
    },
}

/// The size of one axis.
pub(super) fn size(shape: Shape, axis: Axis) -> usize {
    match axis {
        Axis::Height => shape.height,
        Axis::Width => shape.width,
        Axis::Channels => shape.channels,
    }
}

fn part(axis: Axis, step: usize, size: usize) -> Vec<Part> {
    if size == 1 { Vec::new() } else { vec![Part { axis, step, size }] }
}

/// Joins parts that follow each other in the picture too.
fn joined(parts: impl IntoIterator<Item = Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        match joined.last_mut() {
            Some(last) if last.axis == part.axis && last.step == part.step * part.size => {
                *last = Part { axis: part.axis, step: part.step, size: last.size * part.size };
            }
            _ => joined.push(part),
        }
    }
    joined
}

impl View {
    /// A buffer of `shape` whose axes are those of the tensor; `None` stands for an axis of size 1.
    pub(super) fn new(buffer: usize, shape: Shape, axes: &[Option<Axis>]) -> Self {
        let axes = axes.iter().map(|axis| axis.map_or(Vec::new(), |axis| part(axis, 1, size(shape, axis))));
        Self { buffer, axes: axes.collect() }
    }

    /// The same axes of another buffer.
    pub(super) fn of(&self, buffer: usize) -> Self {
        Self { buffer, axes: self.axes.clone() }
    }

    /// The same axes of a buffer that has another size along one of them, all of which are whole.
    pub(super) fn resized(&self, buffer: usize, axis: Axis, size: usize) -> Self {
        let parts = |parts: &Vec<Part>| match parts[..] {
            [own] if own.axis == axis => part(axis, 1, size),
            _ => parts.clone(),
        };
        Self { buffer, axes: self.axes.iter().map(parts).collect() }
    }

    /// Inserts an axis of size 1.
    pub(super) fn insert(&mut self, at: usize) {
        self.axes.insert(at, Vec::new());
    }

    /// Removes an axis of size 1; false if it is larger.
    pub(super) fn remove(&mut self, at: usize) -> bool {
        self.axes[at].is_empty() && {
            self.axes.remove(at);
            true
        }
    }

    /// Moves an axis.
    pub(super) fn shift(&mut self, from: usize, to: usize) {
        let axis = self.axes.remove(from);
        self.axes.insert(to, axis);
    }

    /// Replaces `count` axes from `at` on by axes of `sizes`; false if parts would be torn.
    pub(super) fn reshape(&mut self, at: usize, count: usize, sizes: &[usize]) -> bool {
        let mut parts = joined(self.axes[at..at + count].concat());
        parts.reverse();
        let mut axes = Vec::new();
        for &size in sizes {
            let (mut axis, mut left) = (Vec::new(), size);
            while left > 1 {
                let Some(part) = parts.pop() else { return false };
                if left.is_multiple_of(part.size) {
                    left /= part.size;
                    axis.push(part);
                } else if part.size.is_multiple_of(left) {
                    let inner = part.size / left;
                    axis.push(Part { axis: part.axis, step: part.step * inner, size: left });
                    parts.push(Part { size: inner, ..part });
                    left = 1;
                } else {
                    return false;
                }
            }
            axes.push(axis);
        }
        if !parts.is_empty() {
            return false;
        }
        self.axes.splice(at..at + count, axes);
        true
    }

    /// For each of the tensor's axes the picture's, if each is a whole one; `None` for size 1.
    pub(super) fn whole(&self, shape: Shape) -> Option<Vec<Option<Axis>>> {
        let axis = |parts: &Vec<Part>| match joined(parts.iter().copied())[..] {
            [] => Some(None),
            [part] if part.step == 1 && part.size == size(shape, part.axis) => Some(Some(part.axis)),
            _ => None,
        };
        self.axes.iter().map(axis).collect()
    }

    /// What makes each of the tensor's axes a whole one, and the axes after it; `None` if no
    /// regrouping of pixels does.
    pub(super) fn regroup(&self, shape: Shape) -> Option<(Regroup, Vec<Option<Axis>>)> {
        if let Some(axes) = self.whole(shape) {
            return Some((Regroup::Nothing, axes));
        }
        let axes: Vec<Vec<Part>> = self.axes.iter().map(|parts| joined(parts.iter().copied())).collect();
        let channels = part(Axis::Channels, 1, shape.channels);
        let is_channels = |parts: &Vec<Part>| !parts.is_empty() && *parts == channels;
        let pixels: Vec<&Vec<Part>> =
            axes.iter().filter(|parts| !parts.is_empty() && !is_channels(parts)).collect();
        let pixels = match pixels[..] {
            [columns] => [Vec::new(), columns.clone()],
            [rows, columns] => [rows.clone(), columns.clone()],
            _ => return None,
        };
        let step = blocks(&pixels, shape)?;
        let mut names = [Axis::Height, Axis::Width].into_iter().skip(usize::from(pixels[0].is_empty()));
        let names = axes.iter().map(|parts| match parts {
            parts if parts.is_empty() => None,
            parts if is_channels(parts) => Some(Axis::Channels),
            _ => names.next(),
        });
        Some((step, names.collect()))
    }
}

/// The regrouping after which `pixels` are whole rows and whole columns.
fn blocks(pixels: &[Vec<Part>; 2], shape: Shape) -> Option<Regroup> {
    use Axis::{Height, Width};
    let two = |one: Vec<Part>, other: Vec<Part>| joined(one.into_iter().chain(other));
    let divisors = |size: usize| (1..=size).filter(move |divisor| size.is_multiple_of(*divisor));
    for first in divisors(shape.height) {
        for second in divisors(shape.width) {
            let (block_h, block_w) = (first, second);
            let (height, width) = (shape.height / block_h, shape.width / block_w);
            let apart = [
                two(part(Height, 1, block_h), part(Width, 1, block_w)),
                two(part(Height, block_h, height), part(Width, block_w, width)),
            ];
            if *pixels == apart {
                let shape =
                    Shape { height: block_h * block_w, width: height * width, channels: shape.channels };
                return Some(Regroup::Step { block: [block_h, block_w], back: false, shape });
            }
            let (block_w, width) = (first, second);
            let (block_h, height) = (shape.height / block_w, shape.width / width);
            let together = [
                two(part(Width, width, height), part(Height, block_w, block_h)),
                two(part(Width, 1, width), part(Height, 1, block_w)),
            ];
            if *pixels == together {
                let shape =
                    Shape { height: height * block_h, width: width * block_w, channels: shape.channels };
                return Some(Regroup::Step { block: [block_h, block_w], back: true, shape });
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { height: 32, width: 24, channels: 5 };
    const NCHW: [Option<Axis>; 4] = [None, Some(Axis::Channels), Some(Axis::Height), Some(Axis::Width)];

    #[test]
    fn moving_axes_moves_nothing() {
        let mut view = View::new(0, SHAPE, &NCHW);
        view.shift(1, 3);
        assert_eq!(view, View::new(0, SHAPE, &[None, NCHW[2], NCHW[3], NCHW[1]]));
        assert!(view.remove(0) && !view.remove(0));
        view.insert(3);
        assert_eq!(view.whole(SHAPE).unwrap(), [NCHW[2], NCHW[3], NCHW[1], None]);
    }

    #[test]
    fn blocks_become_a_regrouping_and_back() {
        let mut view = View::new(0, SHAPE, &NCHW);
        assert!(view.reshape(0, 4, &[5, 8, 4, 12, 2]));
        // 5, [4, 2], [8, 12]
        for (from, to) in [(2, 1), (4, 2)] {
            view.shift(from, to);
        }
        assert!(view.reshape(0, 5, &[1, 5, 8, 96]));
        let (regroup, axes) = view.regroup(SHAPE).unwrap();
        let shape = Shape { height: 8, width: 96, channels: 5 };
        assert_eq!(regroup, Regroup::Step { block: [4, 2], back: false, shape });
        assert_eq!(axes, NCHW);

        let mut view = View::new(0, shape, &NCHW);
        assert!(view.reshape(0, 4, &[5, 4, 2, 8, 12]));
        for (from, to) in [(3, 1), (4, 3)] {
            view.shift(from, to);
        }
        assert!(view.reshape(0, 5, &[1, 5, 32, 24]));
        let (regroup, axes) = view.regroup(shape).unwrap();
        assert_eq!(regroup, Regroup::Step { block: [4, 2], back: true, shape: SHAPE });
        assert_eq!(axes, NCHW);
    }

    #[test]
    fn flattened_pixels_are_one_row() {
        let mut view = View::new(0, SHAPE, &NCHW);
        assert!(view.reshape(2, 2, &[32 * 24]));
        let (regroup, axes) = view.regroup(SHAPE).unwrap();
        let shape = Shape { height: 1, width: 32 * 24, channels: 5 };
        assert_eq!(regroup, Regroup::Step { block: [1, 1], back: false, shape });
        assert_eq!(axes, [None, Some(Axis::Channels), Some(Axis::Width)]);
    }

    #[test]
    fn torn_parts_are_refused() {
        let mut view = View::new(0, SHAPE, &NCHW);
        assert!(!view.reshape(2, 2, &[20, 38]));
        let mut view = View::new(0, SHAPE, &NCHW);
        assert!(view.reshape(1, 2, &[160]));
        assert_eq!(view.regroup(SHAPE), None);
    }
}
