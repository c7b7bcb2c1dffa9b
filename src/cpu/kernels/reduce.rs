//! The mean, or the sum, over all rows, all columns, or both.
//!
//! Long sums are taken row by row, so that rounding grows with the side and not with the area.

use crate::cpu::finish::Finish;
use crate::cpu::simd::F32x4;
use crate::plan::{self, Shape};

pub(crate) struct Reduce {
    pub(crate) kind: plan::Reduce,
    pub(crate) axes: [bool; 2],
    pub(crate) x: Shape,
    pub(crate) y: Shape,
}

impl Reduce {
    #[inline(never)]
    pub(crate) fn run(&self, x: &[f32], y: &mut [f32], finish: Finish<'_>) {
        let channels = self.x.stride();
        let [over_rows, over_columns] = self.axes;
        let height = if over_rows { self.x.height } else { 1 };
        let width = if over_columns { self.x.width } else { 1 };
        let factor = match self.kind {
            plan::Reduce::Mean => 1.0 / (height * width) as f32,
            plan::Reduce::Sum => 1.0,
        };
        for (pixel, at) in (0..self.y.pixels()).map(|pixel| (pixel, pixel * channels)) {
            let (oy, ox) = (pixel / self.y.width, pixel % self.y.width);
            for c in (0..channels).step_by(4) {
                let mut total = F32x4::splat(0.0);
                for iy in 0..height {
                    let row = &x[((oy + iy) * self.x.width + ox) * channels..][..width * channels];
                    // Four sums side by side: one would wait for itself at each addition.
                    let mut sums = [F32x4::splat(0.0); 4];
                    for four in row.chunks(4 * channels) {
                        for (sum, pixel) in sums.iter_mut().zip(four.chunks_exact(channels)) {
                            *sum = sum.add(F32x4::load(pixel[c..].first_chunk().expect("padded channels")));
                        }
                    }
                    total = total.add(sums[0].add(sums[1]).add(sums[2].add(sums[3])));
                }
                finish.store([[total.mul(F32x4::splat(factor))]], y, at + c, 0);
            }
        }
    }
}
