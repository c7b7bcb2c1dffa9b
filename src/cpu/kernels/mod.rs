//! One file per step kind; the step's formula stands at the top of each.
//!
//! A kernel writes a band of rows of its result, through the band's [`Finish`](super::finish::Finish).
//! What does not depend on the picture (packed weights, tables of taps) is made once, by `new`.

mod affine;
mod binary;
mod concat;
mod conv;
mod depthwise;
mod pointwise;
mod pool;
mod reduce;
mod regroup;
mod resize;
mod softmax;
mod transposed;

pub(super) use affine::Affine;
pub(super) use binary::Binary;
pub(super) use concat::copy;
pub(super) use conv::Conv;
pub(super) use depthwise::Depthwise;
pub(super) use pointwise::Pointwise;
pub(super) use pool::Pool;
pub(super) use reduce::Reduce;
pub(super) use regroup::Regroup;
pub(super) use resize::Resize;
pub(super) use softmax::Softmax;
pub(super) use transposed::Transposed;
