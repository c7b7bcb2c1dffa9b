//! Several looks at one picture, and the one map that they make.
//!
//! A network of 256 pixels sees a person who fills a tenth of the picture with 80 of them. So it looks at all of the
//! picture to find the subject, and then at the subject and what is around it; at a part of a person, such as hair, with
//! all of the person, and then, for the finest matte of hair, at the head. Looks are averaged as logits: who is sure
//! counts for more than who is not.

use serde::Deserialize;

use crate::pixels::Rect;

/// How many looks the networks take at a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quality {
    /// One, at all of it.
    Fast,
    /// Another at the subject, or all of the person that it is a part of; by small networks also at its mirror image.
    #[default]
    Balanced,
    /// The same by a second network, where one is joined that knows the subject; else at the mirror image, of hair after
    /// yet another look at the head.
    Fine,
}

/// What is looked at around the subject, as a share of its size, on each side.
const MARGIN: f32 = 0.2;

/// What the second network's looks count together; so do the first one's at the subject, by 1.
const PARTNER: f32 = 0.5;

/// Probabilities nearer to 0 or 1 than this count as this: no look is to decide alone.
const SURE: f32 = 1e-3;

/// A part of which a look at all of the picture gives no cell this much is not there: on things, a look from nearby
/// sees hair of which the first gave none more than 0.03, while all 230 portraits of the quality sets give 0.11 or more.
const TRACE: f32 = 0.1;

/// What was seen in one look.
pub(super) struct Look {
    /// A probability for each cell of a grid of `[columns, rows]`.
    pub(super) map: Vec<f32>,
    grid: [usize; 2],
    /// Of which part of the picture.
    part: Rect,
    /// Whether the second network looked.
    partner: bool,
}

impl Look {
    pub(super) fn new(map: Vec<f32>, grid: [usize; 2], part: Rect, partner: bool) -> Self {
        Self { map, grid, part, partner }
    }

    /// What was seen, if the picture was turned from right to left.
    pub(super) fn mirrored(mut self) -> Self {
        mirror(&mut self.map, self.grid[0]);
        self
    }

    /// Whether there is any trace of the subject.
    pub(super) fn is_trace(&self) -> bool {
        self.map.iter().any(|&p| p > TRACE)
    }

    /// What to look at next, a part of this look's; nothing if there is no subject.
    pub(super) fn subject(&self) -> Option<Rect> {
        bounds(&self.map, self.grid, self.part)
    }

    /// Looks at the `rect` that was found by this one, and this one, which counts `whole`, as one; on the grid of the
    /// first of them.
    pub(super) fn fuse(self, rect: Rect, looks: Vec<Look>, whole: f32) -> Look {
        let grid = looks[0].grid;
        let mut maps = on_grid(grid, rect, looks);
        maps.push((self.read(grid, rect), whole));
        Look::new(fuse(&maps), grid, rect, false)
    }

    /// The same where this is what was seen of a person's hair, and they are looks at the head: hair is what either sees.
    /// The head shows more of it, but what hangs from it, such as a braid, is out of its context there.
    pub(super) fn fuse_head(self, rect: Rect, looks: Vec<Look>) -> Look {
        let grid = looks[0].grid;
        let head = Look::new(fuse(&on_grid(grid, rect, looks)), grid, rect, false);
        Look::new(self.read(grid, rect), grid, rect, false).or(&head)
    }

    /// This one, and another of the same part, as one that sees what either does.
    pub(super) fn or(&self, other: &Look) -> Look {
        let map = self.map.iter().zip(&other.map).map(|(&one, &other)| one.max(other)).collect();
        Look { map, ..*self }
    }

    /// What it says of a `rect` within its part, on another grid.
    fn read(self, grid: [usize; 2], rect: Rect) -> Vec<f32> {
        resample(self.map, self.grid, self.part, grid, rect)
    }
}

/// Looks at one `rect`, on one grid, and what each counts: each network 1, or [`PARTNER`], in all.
fn on_grid(grid: [usize; 2], rect: Rect, looks: Vec<Look>) -> Vec<(Vec<f32>, f32)> {
    let alike = |partner: bool| looks.iter().filter(|look| look.partner == partner).count() as f32;
    let shares = [1.0 / alike(false), PARTNER / alike(true)];
    looks
        .into_iter()
        .map(|look| (shares[usize::from(look.partner)], look))
        .map(|(share, look)| (look.read(grid, rect), share))
        .collect()
}

/// The columns and rows around what a map of a `part` takes for the subject, and the margin, as far as the part goes;
/// `None` if that is nothing.
fn bounds(map: &[f32], [width, height]: [usize; 2], part: Rect) -> Option<Rect> {
    let (mut columns, mut rows) = ([width, 0], [height, 0]);
    for (y, row) in map.chunks_exact(width).enumerate() {
        let Some(first) = row.iter().position(|&p| p > 0.5) else { continue };
        let last = row.iter().rposition(|&p| p > 0.5).expect("the first at least");
        columns = [columns[0].min(first), columns[1].max(last + 1)];
        rows = [rows[0].min(y), y + 1];
    }
    if columns[1] == 0 {
        return None;
    }
    let widened = |[start, end]: [usize; 2], cells: usize, len: usize| {
        let scale = len as f32 / cells as f32;
        let more = MARGIN * (end - start) as f32;
        let start = (((start as f32 - more) * scale).round() as usize).min(len - 1);
        let end = (((end as f32 + more) * scale).round() as usize).min(len);
        // A cell may be less than a pixel.
        [start, end.max(start + 1) - start]
    };
    let [left, across] = widened(columns, width, part.width);
    let [top, down] = widened(rows, height, part.height);
    Some(Rect { left: part.left + left, top: part.top + top, width: across, height: down })
}

/// A map of `part` at the centres of the cells of another grid, over a `rect` within it: bilinear.
fn resample(map: Vec<f32>, grid: [usize; 2], part: Rect, to: [usize; 2], rect: Rect) -> Vec<f32> {
    if (grid, part) == (to, rect) {
        return map;
    }
    let taps = |cells: usize, len: usize, offset: usize, to: usize, span: usize| -> Vec<(usize, f32)> {
        let scale = cells as f32 / len as f32;
        let at = |i: usize| (offset as f32 + (i as f32 + 0.5) * (span as f32 / to as f32)) * scale - 0.5;
        let tap = |at: f32| (at as usize, at.fract());
        (0..to).map(|i| tap(at(i).clamp(0.0, (cells - 1) as f32))).collect()
    };
    let columns = taps(grid[0], part.width, rect.left - part.left, to[0], rect.width);
    let rows = taps(grid[1], part.height, rect.top - part.top, to[1], rect.height);
    let mut read = Vec::with_capacity(to[0] * to[1]);
    for (y, down) in rows {
        let above = &map[y * grid[0]..][..grid[0]];
        let below = &map[(y + 1).min(grid[1] - 1) * grid[0]..][..grid[0]];
        read.extend(columns.iter().map(|&(x, across)| {
            let next = (x + 1).min(grid[0] - 1);
            let between = |row: &[f32]| row[x] + across * (row[next] - row[x]);
            let (above, below) = (between(above), between(below));
            above + down * (below - above)
        }));
    }
    read
}

/// Maps of one grid as one.
fn fuse(maps: &[(Vec<f32>, f32)]) -> Vec<f32> {
    (0..maps[0].0.len()).map(|i| mean(maps.iter().map(|(map, weight)| (map[i], *weight)))).collect()
}

/// The mean of logits by weight, as a probability.
fn mean(values: impl Iterator<Item = (f32, f32)> + Clone) -> f32 {
    let sum: f32 = values.clone().map(|(_, weight)| weight).sum();
    let values = values.map(|(p, weight)| (p, weight / sum));
    // Most cells are far from any edge, and what all are sure of needs no logarithms.
    if values.clone().all(|(p, _)| p <= SURE) || values.clone().all(|(p, _)| p >= 1.0 - SURE) {
        return values.map(|(p, share)| p * share).sum();
    }
    let logit = |p: f32| (p / (1.0 - p)).ln();
    let mean: f32 = values.map(|(p, share)| share * logit(p.clamp(SURE, 1.0 - SURE))).sum();
    1.0 / (1.0 + (-mean).exp())
}

/// `[height, width]` of anything, turned from right to left.
pub(super) fn mirror<T>(values: &mut [T], width: usize) {
    values.chunks_exact_mut(width).for_each(<[T]>::reverse);
}

#[cfg(test)]
mod tests;
