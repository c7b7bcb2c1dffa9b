//! Pixels in another order: those at the same place of their block come to lie in one row.
//!
//! With sizes counted in blocks, `y[by * bw + bx, h * width + w] = x[h * bh + by, w * bw + bx]`,
//! or the inverse. It copies: the pictures it is used on are small.

use crate::cpu::finish::Finish;
use crate::cpu::simd::F32x4;
use crate::plan::Shape;

pub(crate) struct Regroup {
    /// Which pixel of `x` each pixel of `y` is.
    order: Vec<usize>,
    channels: usize,
}

impl Regroup {
    pub(crate) fn new(x: Shape, y: Shape, block: [usize; 2], back: bool) -> Self {
        let [block_h, block_w] = block;
        let blocks = if back { y } else { x };
        let mut order = vec![0; x.pixels()];
        for row in 0..blocks.height {
            for column in 0..blocks.width {
                let place = row % block_h * block_w + column % block_w;
                let group = row / block_h * (blocks.width / block_w) + column / block_w;
                let grouped = place * (blocks.pixels() / (block_h * block_w)) + group;
                let plain = row * blocks.width + column;
                if back { order[plain] = grouped } else { order[grouped] = plain }
            }
        }
        Self { order, channels: x.stride() }
    }

    #[inline(never)]
    pub(crate) fn run(&self, x: &[f32], y: &mut [f32], finish: Finish<'_>) {
        for (pixel, &from) in self.order.iter().enumerate() {
            let from = &x[from * self.channels..][..self.channels];
            for (block, value) in from.as_chunks::<4>().0.iter().enumerate() {
                finish.store([[F32x4::load(value)]], y, pixel * self.channels + block * 4, 0);
            }
        }
    }
}
