//! Steady probabilities from frame to frame of a stream, on the network's grid.
//!
//! A network looks at each frame alone, and doubts it anew: noise and a lamp's flicker move its answer where
//! nothing moved. So a picture and its probabilities are kept, as a pair. Where the next picture is the kept one,
//! but for noise and its brightness as a whole, the pair hardly moves: what differs for a frame or two is doubt, and
//! only what differs for longer is believed, the sooner the more it differs. Where the picture is another, the
//! network's new answer is taken at once, and the surer it is, the less has to have changed; so nothing that moves
//! lags behind, and a cut is a picture that is another nearly everywhere. What is still doubtful is what the pair
//! holds, never a mean of what moved.
//!
//! Invariant: it knows no clock. Whoever knows that frames do not follow each other takes a new one.

/// What differs by less, in steps of a byte, is the same; and how much is added for each step of noise.
const SAME: f32 = 4.0;
const PER_NOISE: f32 = 3.0;

/// A new answer that differs wholly needs so much less of a change to be believed: of dark hair before a dark ground
/// little else is seen to move.
const SURE: f32 = 0.6;

/// More noise than this is movement.
const NOISE_MOST: f32 = 4.0;

/// How much of a new answer is taken where the picture is the same: at least, and once it has differed for long.
const SHARES: [f32; 2] = [0.1, 0.5];

/// By how much it must have differed, by a mean that forgets at the rate `TREND`, for more to be taken, and for all of that.
const DOUBT: [f32; 2] = [0.35, 0.65];
const TREND: f32 = 0.35;

/// The past of one stream.
///
/// Memory: 20 bytes a cell.
#[derive(Default)]
pub struct Smooth {
    cells: Vec<Cell>,
    /// By how much each cell's colour differs from the kept one.
    changes: Vec<f32>,
}

/// The kept picture and its answer.
#[derive(Clone, Copy, Default)]
struct Cell {
    luma: f32,
    tint: f32,
    probability: f32,
    /// By how much the network has lately differed.
    trend: f32,
}

impl Smooth {
    /// Makes the `probability` of the next frame steady. `guide` is the picture at its size, `[height, width, 4]`, with
    /// its three colours always in one order.
    ///
    /// # Panics
    /// If the slices are not of this size.
    pub fn run(&mut self, [width, height]: [usize; 2], guide: &[u8], probability: &mut [f32]) {
        let guide = guide.as_chunks::<4>().0;
        assert!(guide.len() == width * height && probability.len() == guide.len(), "a grid of one size");
        let first = self.cells.len() != guide.len();
        self.cells.resize(guide.len(), Cell::default());
        let same = if first { -1.0 } else { self.compare(guide) };
        for y in 0..height {
            for x in 0..width {
                let mut change = 0.0;
                for iy in [y.saturating_sub(1), y, (y + 1).min(height - 1)] {
                    for ix in [x.saturating_sub(1), x, (x + 1).min(width - 1)] {
                        change += if first { 0.0 } else { self.changes[iy * width + ix] };
                    }
                }
                let i = y * width + x;
                let cell = &mut self.cells[i];
                let same = same * (1.0 - SURE * (probability[i] - cell.probability).abs());
                let changed = if same < 0.0 { 1.0 } else { (change / (9.0 * same) - 1.0).clamp(0.0, 1.0) };
                probability[i] = cell.take(look(guide[i]), probability[i], changed);
            }
        }
    }

    /// Finds where the picture is another than the kept one; gives the most by which what is the same differs, or -1
    /// if hardly any is.
    fn compare(&mut self, guide: &[[u8; 4]]) -> f32 {
        let mut counts = [0_usize; 256];
        for (cell, &pixel) in self.cells.iter().zip(guide) {
            let off = (look(pixel)[0] - cell.luma + 0.5).floor().clamp(-128.0, 127.0);
            counts[(off + 128.0) as usize] += 1;
        }
        // By how much the brightness as a whole has changed, and what is usual beyond it: medians both.
        let half = guide.len() / 2;
        let (mut middle, mut sum) = (0, counts[0]);
        while sum <= half {
            middle += 1;
            sum += counts[middle];
        }
        let (mut noise, mut sum) = (0, counts[middle]);
        while sum <= half {
            noise += 1;
            sum += middle.checked_sub(noise).map_or(0, |at| counts[at])
                + counts.get(middle + noise).unwrap_or(&0);
        }
        let shift = middle as f32 - 128.0;
        let same = SAME + PER_NOISE * (noise as f32).min(NOISE_MOST);
        self.changes.clear();
        self.changes.extend(self.cells.iter().zip(guide).map(|(cell, &pixel)| {
            let [luma, tint] = look(pixel);
            (luma - cell.luma - shift).abs() + (tint - cell.tint).abs()
        }));
        let others = self.changes.iter().filter(|&&change| change > 2.0 * same).count();
        if others > half { -1.0 } else { same }
    }
}

impl Cell {
    /// Moves to a new colour and answer: wholly if the picture has `changed`.
    fn take(&mut self, [luma, tint]: [f32; 2], probability: f32, changed: f32) -> f32 {
        let off = probability - self.probability;
        self.trend += TREND * (off - self.trend);
        let lasting = ((self.trend.abs() - DOUBT[0]) / (DOUBT[1] - DOUBT[0])).clamp(0.0, 1.0);
        let share = SHARES[0] + (SHARES[1] - SHARES[0]) * lasting;
        let share = share + (1.0 - share) * changed;
        self.trend *= 1.0 - changed;
        self.luma += share * (luma - self.luma);
        self.tint += share * (tint - self.tint);
        // All of it is exactly that: the sum would be rounded.
        self.probability = if changed == 1.0 { probability } else { self.probability + share * off };
        self.probability
    }
}

/// A colour in two numbers, whichever of its ends comes first.
fn look([first, green, last, _]: [u8; 4]) -> [f32; 2] {
    let [first, green, last] = [first, green, last].map(f32::from);
    [(first + 2.0 * green + last) * 0.25, (first - last) * 0.5]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matte::upsample::LEVELS;

    const SIZE: [usize; 2] = [24, 16];
    const CELLS: usize = SIZE[0] * SIZE[1];

    /// A picture with something bright that begins at column `edge`, as a camera gives it.
    fn picture(edge: usize, brighter: f32, seed: u32) -> Vec<u8> {
        let noise = |i: usize| {
            ((i as u32 ^ seed.wrapping_mul(0x9e37)).wrapping_mul(2_654_435_761) >> 29) as f32 - 3.5
        };
        let colour = |i: usize| if i % SIZE[0] >= edge { [190.0, 150.0, 120.0] } else { [40.0, 60.0, 90.0] };
        (0..CELLS)
            .flat_map(|i| {
                colour(i)
                    .map(|value| (value + brighter + noise(i)).clamp(0.0, 255.0) as u8)
                    .into_iter()
                    .chain([255])
            })
            .collect()
    }

    fn flat(value: f32) -> Vec<f32> {
        vec![value; CELLS]
    }

    fn run(smooth: &mut Smooth, picture: &[u8], mut probability: Vec<f32>) -> Vec<f32> {
        smooth.run(SIZE, picture, &mut probability);
        probability
    }

    #[test]
    fn doubt_about_a_still_picture_is_held_back() {
        let mut smooth = Smooth::default();
        assert_eq!(run(&mut smooth, &picture(9, 0.0, 0), flat(0.5)), flat(0.5));
        let mut last = 0.5;
        for frame in 1..40 {
            // Noise, a lamp that flickers, and a network that is of two minds.
            let brighter = [6.0, -5.0, 0.0][frame as usize % 3];
            let answer = [0.2, 0.8][frame as usize % 2];
            let got = run(&mut smooth, &picture(9, brighter, frame), flat(answer));
            for &p in &got {
                assert!(
                    (p - last).abs() < 0.05 && (0.4..0.6).contains(&p),
                    "frame {frame}: {p} after {last}"
                );
            }
            last = got[0];
        }
    }

    #[test]
    fn a_frame_that_errs_is_passed_over() {
        let mut smooth = Smooth::default();
        run(&mut smooth, &picture(9, 0.0, 0), flat(1.0));
        run(&mut smooth, &picture(9, 0.0, 1), flat(1.0));
        let got = run(&mut smooth, &picture(9, 0.0, 2), flat(0.0));
        assert!(got.iter().all(|&p| p > 0.85), "{}", got[0]);
    }

    #[test]
    fn what_stays_different_is_believed() {
        let mut smooth = Smooth::default();
        run(&mut smooth, &picture(9, 0.0, 0), flat(1.0));
        let after = |smooth: &mut Smooth, frames: u32, answer: f32| {
            (0..frames).map(|frame| run(smooth, &picture(9, 0.0, frame), flat(answer))[0]).last().unwrap()
        };
        // From here on a matte shows none of it.
        assert!(after(&mut smooth, 6, 0.0) < LEVELS[0]);
        assert!(after(&mut smooth, 15, 0.0) < 0.05);
        // Small differences take longer.
        assert!(after(&mut smooth, 40, 0.1) > 0.09);
    }

    #[test]
    fn what_moves_is_taken_at_once_and_alone() {
        let mut smooth = Smooth::default();
        let answer =
            |edge: usize| -> Vec<f32> { (0..CELLS).map(|i| f32::from(i % SIZE[0] >= edge)).collect() };
        run(&mut smooth, &picture(9, 0.0, 0), answer(9));
        // Far from what moved, the network errs.
        let mut moved = answer(13);
        moved[0] = 1.0;
        let got = run(&mut smooth, &picture(13, 4.0, 1), moved);
        for (i, (&got, want)) in got.iter().zip(answer(13)).enumerate() {
            if i == 0 {
                assert!(got < 0.2, "{got}");
            } else {
                assert_eq!(got, want, "cell {i}");
            }
        }
    }

    #[test]
    fn a_cut_and_another_size_begin_anew() {
        let mut smooth = Smooth::default();
        run(&mut smooth, &picture(9, 0.0, 0), flat(1.0));
        let other: Vec<u8> = picture(9, 0.0, 1).iter().map(|value| 255 - value).collect();
        // Where by chance both have one colour, too.
        let other = [&picture(9, 0.0, 0)[..40], &other[40..]].concat();
        assert_eq!(run(&mut smooth, &other, flat(0.25)), flat(0.25));
        let mut small = [0.5; 6];
        smooth.run([3, 2], &[9; 24], &mut small);
        assert_eq!(small, [0.5; 6]);
        smooth.run([0, 2], &[], &mut []);
    }

    #[test]
    fn what_is_wholly_taken_is_exact() {
        let mut cell = Cell { probability: 0.3, ..Cell::default() };
        for probability in [0.1, 0.7, 1.0 / 3.0] {
            assert_eq!(cell.take([9.0, 1.0], probability, 1.0), probability);
        }
        assert_eq!((cell.luma, cell.tint), (9.0, 1.0));
    }
}
