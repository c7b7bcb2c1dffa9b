//! A picture at another size: nearest pixel, or linear between the four around.
//!
//! `Nearest`: `y[oy, ox] = x[oy * in_h / out_h, ox * in_w / out_w]`, rounded down.
//! Linear: at `fy`, `fx` in the source, `iy = floor(fy)`, `ty = fy - iy`, rows first, then columns:
//! `y = mix(mix(x[iy, ix], x[iy + 1, ix], ty), mix(x[iy, ix + 1], x[iy + 1, ix + 1], ty), tx)`.

use crate::cpu::finish::Finish;
use crate::cpu::simd::{double, mix};
use crate::plan;
use crate::plan::Shape;

pub(crate) struct Resize {
    rows: Vec<Tap>,
    columns: Vec<Tap>,
    /// Whether the columns are twice as many, linearly: the case of every decoder.
    doubles: bool,
    x: Shape,
    y: Shape,
}

/// The two source places around one of the result, and the second one's share.
#[derive(Clone, Copy)]
struct Tap {
    first: usize,
    second: usize,
    share: f32,
}

impl Resize {
    pub(crate) fn new(how: plan::Resize, x: Shape, y: Shape) -> Self {
        let taps = |from: usize, to: usize| (0..to).map(|o| tap(how, o, from, to)).collect();
        let doubles = how == plan::Resize::Bilinear && y.width == 2 * x.width;
        Self { rows: taps(x.height, y.height), columns: taps(x.width, y.width), doubles, x, y }
    }

    /// The rows `rows` of `y`, which is the band of just these; `blend` is memory that is used again.
    #[inline(never)]
    pub(crate) fn run(
        &self,
        x: &[f32],
        rows: std::ops::Range<usize>,
        y: &mut [f32],
        finish: Finish<'_>,
        blend: &mut Vec<f32>,
    ) {
        let channels = self.x.stride();
        let row_len = self.x.width * channels;
        for oy in rows.clone() {
            let Tap { first, second, share } = self.rows[oy];
            let (above, below) = (&x[first * row_len..][..row_len], &x[second * row_len..][..row_len]);
            let at = (oy - rows.start) * self.y.width * channels;
            let row = &mut y[at..][..self.y.width * channels];
            if self.doubles {
                double(above, below, share, channels, row);
                continue;
            }
            blend.resize(row_len, 0.0);
            let mixed: &[f32] = if share == 0.0 {
                above
            } else {
                mix(above, below, share, blend);
                blend
            };
            for (out, tap) in row.chunks_exact_mut(channels).zip(&self.columns) {
                let left = &mixed[tap.first * channels..][..channels];
                let right = &mixed[tap.second * channels..][..channels];
                mix(left, right, tap.share, out);
            }
        }
        finish.whole(y);
    }
}

/// Where place `o` of `to` lies among `from`.
fn tap(how: plan::Resize, o: usize, from: usize, to: usize) -> Tap {
    let at = match how {
        plan::Resize::Nearest => {
            let nearest = o * from / to;
            return Tap { first: nearest, second: nearest, share: 0.0 };
        }
        plan::Resize::Bilinear => ((o as f32 + 0.5) * from as f32 / to as f32 - 0.5).max(0.0),
        plan::Resize::Corners if to == 1 => 0.0,
        plan::Resize::Corners => o as f32 * (from - 1) as f32 / (to - 1) as f32,
    };
    let first = (at as usize).min(from - 1);
    Tap { first, second: (first + 1).min(from - 1), share: at - first as f32 }
}
