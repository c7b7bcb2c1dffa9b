//! Two pictures, element by element; an axis of the second one that is 1 is repeated.

use crate::cpu::finish::Finish;
use crate::cpu::simd::F32x4;
use crate::plan::{self, Shape};

pub(crate) struct Binary {
    pub(crate) kind: plan::Binary,
    pub(crate) x: Shape,
    pub(crate) other: Shape,
}

impl Binary {
    /// The rows `rows` of `y`, which is the band of just these.
    #[inline(never)]
    pub(crate) fn run(
        &self,
        x: &[f32],
        other: &[f32],
        rows: std::ops::Range<usize>,
        y: &mut [f32],
        finish: Finish<'_>,
    ) {
        match self.kind {
            plan::Binary::Add => self.each(x, other, rows, y, finish, F32x4::add),
            plan::Binary::Sub => self.each(x, other, rows, y, finish, F32x4::sub),
            plan::Binary::Mul => self.each(x, other, rows, y, finish, F32x4::mul),
            plan::Binary::Div => self.each(x, other, rows, y, finish, F32x4::div),
            plan::Binary::Max => self.each(x, other, rows, y, finish, F32x4::max),
            plan::Binary::Min => self.each(x, other, rows, y, finish, F32x4::min),
        }
    }

    fn each(
        &self,
        x: &[f32],
        other: &[f32],
        rows: std::ops::Range<usize>,
        y: &mut [f32],
        finish: Finish<'_>,
        f: impl Fn(F32x4, F32x4) -> F32x4,
    ) {
        let (channels, other_channels) = (self.x.stride(), self.other.stride());
        let repeat = |len: usize, at: usize| if len == 1 { 0 } else { at };
        for oy in rows.clone() {
            for ox in 0..self.x.width {
                let from = (oy * self.x.width + ox) * channels;
                let at = ((oy - rows.start) * self.x.width + ox) * channels;
                let second = repeat(self.other.height, oy) * self.other.width + repeat(self.other.width, ox);
                let second = &other[second * other_channels..][..other_channels];
                for c in (0..channels).step_by(4) {
                    let a = F32x4::load(x[from + c..].first_chunk().expect("padded channels"));
                    let b = if self.other.channels == 1 {
                        F32x4::splat(second[0])
                    } else {
                        F32x4::load(second[c..].first_chunk().expect("padded channels"))
                    };
                    finish.store([[f(a, b)]], y, at + c, 0);
                }
            }
        }
    }
}
