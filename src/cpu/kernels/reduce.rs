//! The mean, or the sum, over all rows, all columns, or both.
//!
//! Long sums are taken row by row, so that rounding grows with the side and not with the area.
//! Up to eight vectors of a pixel go together, so that memory is read once, and in order.

use crate::cpu::finish::Finish;
use crate::cpu::simd::{F32x4, add_pixels};
use crate::plan::{self, Shape};

pub(crate) struct Reduce {
    pub(crate) kind: plan::Reduce,
    pub(crate) axes: [bool; 2],
    pub(crate) x: Shape,
    pub(crate) y: Shape,
}

impl Reduce {
    pub(crate) fn run(&self, x: &[f32], y: &mut [f32], finish: Finish<'_>) {
        let channels = self.x.stride();
        for pixel in 0..self.y.pixels() {
            let (oy, ox) = (pixel / self.y.width, pixel % self.y.width);
            let x = &x[(oy * self.x.width + ox) * channels..];
            let at = pixel * channels;
            let mut c = 0;
            while c < channels {
                c += match (channels - c) / 4 {
                    8.. => self.some::<8, 1>(&x[c..], y, at + c, finish),
                    4.. => self.some::<4, 2>(&x[c..], y, at + c, finish),
                    2.. => self.some::<2, 4>(&x[c..], y, at + c, finish),
                    _ => self.some::<1, 8>(&x[c..], y, at + c, finish),
                }
            }
        }
    }

    /// The first `N` vectors of channels, in `P` parts; how many channels that is.
    #[inline(never)]
    fn some<const N: usize, const P: usize>(
        &self,
        x: &[f32],
        y: &mut [f32],
        at: usize,
        finish: Finish<'_>,
    ) -> usize {
        let channels = self.x.stride();
        let [over_rows, over_columns] = self.axes;
        let height = if over_rows { self.x.height } else { 1 };
        let width = if over_columns { self.x.width } else { 1 };
        let factor = match self.kind {
            plan::Reduce::Mean => 1.0 / (height * width) as f32,
            plan::Reduce::Sum => 1.0,
        };
        let sums = add_pixels::<N, P>(x, [height, self.x.width * channels], [width, channels]);
        finish.store([sums.map(|sum| sum.mul(F32x4::splat(factor)))], y, at, 0);
        N * 4
    }
}
