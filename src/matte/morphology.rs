//! Grey-scale morphology with a square window: optional, off by default.
//!
//! Minimum and maximum over a window are separable, and along a line they take three
//! comparisons a pixel whatever the radius (van Herk 1992, Gil and Werman 1993).

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::pixels::Matte;

/// The largest radius, in pixels of the picture.
pub const MORPHOLOGY_MAX: usize = 64;

/// What to do to the matte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Removes specks: erode, then dilate.
    Open,
    /// Fills holes: dilate, then erode.
    Close,
    /// Shrinks the subject.
    Erode,
    /// Grows the subject.
    Dilate,
}

/// An operation and its reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Morphology {
    /// What to do.
    pub operation: Operation,
    /// Half the window's side in pixels of the picture: 1 to [`MORPHOLOGY_MAX`].
    pub radius: usize,
}

/// Refuses a radius outside 1..=[`MORPHOLOGY_MAX`].
pub fn check_morphology(how: Morphology) -> Result<()> {
    if !(1..=MORPHOLOGY_MAX).contains(&how.radius) {
        return Err(Error::invalid(format!(
            "morphology radius is {}, want 1 to {MORPHOLOGY_MAX} pixels",
            how.radius
        )));
    }
    Ok(())
}

/// Applies `how` to `matte`.
///
/// # Errors
/// As [`check_morphology`].
pub fn morphology(matte: &mut Matte, how: Morphology) -> Result<()> {
    check_morphology(how)?;
    if matte.alpha.is_empty() {
        return Ok(());
    }
    let Morphology { operation, radius } = how;
    let (erode, dilate): (Pick, Pick) = (u8::min, u8::max);
    let picks: &[Pick] = match operation {
        Operation::Open => &[erode, dilate],
        Operation::Close => &[dilate, erode],
        Operation::Erode => &[erode],
        Operation::Dilate => &[dilate],
    };
    for &pick in picks {
        rows(matte, radius, pick);
        columns(matte, radius, pick);
    }
    Ok(())
}

type Pick = fn(u8, u8) -> u8;

fn rows(matte: &mut Matte, radius: usize, pick: Pick) {
    let mut line = Line::new(matte.width, radius);
    for row in matte.alpha.chunks_exact_mut(matte.width) {
        line.run(row, pick);
    }
}

fn columns(matte: &mut Matte, radius: usize, pick: Pick) {
    let Matte { width, height, ref mut alpha } = *matte;
    let mut line = Line::new(height, radius);
    let mut column = vec![0; height];
    for x in 0..width {
        let cells = || (x..width * height).step_by(width);
        column.iter_mut().zip(cells()).for_each(|(to, at)| *to = alpha[at]);
        line.run(&mut column, pick);
        column.iter().zip(cells()).for_each(|(&from, at)| alpha[at] = from);
    }
}

/// Running extremes over one line, its ends repeated `radius` times.
struct Line {
    window: usize,
    radius: usize,
    padded: Vec<u8>,
    /// Extreme from the start of the block of `window` values up to here, and from here to its end.
    prefix: Vec<u8>,
    suffix: Vec<u8>,
}

impl Line {
    fn new(len: usize, radius: usize) -> Self {
        let window = 2 * radius + 1;
        let padded = vec![0; (len + 2 * radius).next_multiple_of(window)];
        Self { window, radius, prefix: padded.clone(), suffix: padded.clone(), padded }
    }

    fn run(&mut self, line: &mut [u8], pick: Pick) {
        for (i, value) in self.padded.iter_mut().enumerate() {
            *value = line[i.saturating_sub(self.radius).min(line.len() - 1)];
        }
        for ((from, prefix), suffix) in self
            .padded
            .chunks_exact(self.window)
            .zip(self.prefix.chunks_exact_mut(self.window))
            .zip(self.suffix.chunks_exact_mut(self.window))
        {
            let mut extreme = from[0];
            for (to, &value) in prefix.iter_mut().zip(from) {
                extreme = pick(extreme, value);
                *to = extreme;
            }
            let mut extreme = from[self.window - 1];
            for (to, &value) in suffix.iter_mut().zip(from).rev() {
                extreme = pick(extreme, value);
                *to = extreme;
            }
        }
        for (i, value) in line.iter_mut().enumerate() {
            *value = pick(self.suffix[i], self.prefix[i + self.window - 1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(from: &Matte, radius: isize, pick: Pick) -> Vec<u8> {
        let (width, height) = (from.width as isize, from.height as isize);
        let at = |x: isize, y: isize| {
            from.alpha[(y.clamp(0, height - 1) * width + x.clamp(0, width - 1)) as usize]
        };
        (0..width * height)
            .map(|i| {
                let near = (-radius..=radius).flat_map(|dy| (-radius..=radius).map(move |dx| (dx, dy)));
                near.map(|(dx, dy)| at(i % width + dx, i / width + dy)).reduce(pick).expect("a window")
            })
            .collect()
    }

    #[test]
    fn matches_reference() {
        for (width, height) in [(1, 1), (17, 9), (40, 3)] {
            for radius in [1, 2, 5] {
                for (operation, pick) in
                    [(Operation::Erode, u8::min as Pick), (Operation::Dilate, u8::max as Pick)]
                {
                    let alpha = (0..width * height).map(|i| (i * 97 % 251) as u8).collect();
                    let mut got = Matte { width, height, alpha };
                    let want = reference(&got, radius as isize, pick);
                    morphology(&mut got, Morphology { operation, radius }).unwrap();
                    assert_eq!(got.alpha, want, "{operation:?} {width}x{height} radius {radius}");
                }
            }
        }
    }

    #[test]
    fn opening_removes_a_speck_and_closing_fills_a_hole() {
        let at = |i: usize, x: usize| i % 15 == x && i / 15 == 7;
        let mut speck = Matte {
            width: 15,
            height: 15,
            alpha: (0..225).map(|i| if at(i, 7) { 255 } else { 0 }).collect(),
        };
        morphology(&mut speck, Morphology { operation: Operation::Open, radius: 1 }).unwrap();
        assert!(speck.alpha.iter().all(|&alpha| alpha == 0));
        let mut hole = Matte {
            width: 15,
            height: 15,
            alpha: (0..225).map(|i| if at(i, 7) { 0 } else { 255 }).collect(),
        };
        morphology(&mut hole, Morphology { operation: Operation::Close, radius: 1 }).unwrap();
        assert!(hole.alpha.iter().all(|&alpha| alpha == 255));
    }

    #[test]
    fn out_of_range_is_refused() {
        let mut one = Matte { width: 1, height: 1, alpha: vec![0] };
        for radius in [0, 65] {
            assert!(morphology(&mut one, Morphology { operation: Operation::Open, radius }).is_err());
        }
    }
}
