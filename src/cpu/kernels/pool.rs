//! The largest, or the mean, of each channel's taps in a window; taps outside do not count.

use crate::cpu::finish::Finish;
use crate::cpu::kernels::conv::tap;
use crate::cpu::simd::F32x4;
use crate::plan::{self, Shape, Window};

pub(crate) struct Pool {
    pub(crate) window: Window,
    pub(crate) kind: plan::Pool,
    pub(crate) x: Shape,
    pub(crate) y: Shape,
}

impl Pool {
    /// The rows `rows` of `y`, which is the band of just these.
    #[inline(never)]
    pub(crate) fn run(&self, x: &[f32], rows: std::ops::Range<usize>, y: &mut [f32], finish: Finish<'_>) {
        let channels = self.x.stride();
        let [kernel_h, kernel_w] = self.window.kernel;
        for oy in rows.clone() {
            for ox in 0..self.y.width {
                let at = ((oy - rows.start) * self.y.width + ox) * channels;
                for c in (0..channels).step_by(4) {
                    let (mut largest, mut sum) = (F32x4::splat(f32::NEG_INFINITY), F32x4::splat(0.0));
                    let mut count = 0;
                    for iy in (0..kernel_h).filter_map(|ky| tap(&self.window, 0, oy, ky, self.x.height)) {
                        for ix in (0..kernel_w).filter_map(|kx| tap(&self.window, 1, ox, kx, self.x.width)) {
                            let pixel = &x[(iy * self.x.width + ix) * channels + c..];
                            let pixel = F32x4::load(pixel.first_chunk().expect("padded channels"));
                            (largest, sum) = (largest.max(pixel), sum.add(pixel));
                            count += 1;
                        }
                    }
                    let value = match self.kind {
                        plan::Pool::Max => largest,
                        plan::Pool::Mean => sum.mul(F32x4::splat(1.0 / count as f32)),
                    };
                    finish.store([[value]], y, at + c, 0);
                }
            }
        }
    }
}
