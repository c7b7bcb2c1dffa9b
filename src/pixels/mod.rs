//! Pictures and mattes as plain bytes, and what may be said of their size.
//!
//! Invariant: this module knows neither networks nor files' owners; decoding files is native
//! only, because a browser brings its own decoders.

#[cfg(not(target_arch = "wasm32"))]
mod decode;
mod input;
mod jpeg;
mod resize;
mod size;
mod taps;

#[cfg(not(target_arch = "wasm32"))]
pub use decode::{Decoded, decode};
pub use input::to_input;
pub use resize::{Reducer, to_size};
pub use size::{MAX_PIXELS, MAX_SIDE, check_size, header_size};
pub use taps::Filter;
#[cfg(feature = "gpu")]
pub(crate) use taps::{Taps, block, sums};

use crate::error::{Error, Result};

/// A borrowed picture: 8-bit sRGB with straight alpha, `[height, width, 4]`, row-major.
#[derive(Clone, Copy, Debug)]
pub struct Rgba8<'a> {
    width: usize,
    height: usize,
    bytes: &'a [u8],
}

impl<'a> Rgba8<'a> {
    /// Views `bytes` as a picture.
    ///
    /// # Errors
    /// `InvalidInput` if a side is 0 or `bytes` is not `width * height * 4` long,
    /// `PictureTooLarge` above [`MAX_PIXELS`] or [`MAX_SIDE`].
    pub fn new(width: usize, height: usize, bytes: &'a [u8]) -> Result<Self> {
        check_size(width, height, MAX_PIXELS)?;
        let want = width * height * 4;
        if bytes.len() != want {
            let got = bytes.len();
            return Err(Error::invalid(format!("a {width}x{height} picture holds {got} bytes, want {want}")));
        }
        Ok(Self { width, height, bytes })
    }

    /// Pixels per row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// All bytes, `[height, width, 4]`.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The pixels of row `y`.
    pub fn row(&self, y: usize) -> &'a [[u8; 4]] {
        let row = &self.bytes[y * self.width * 4..(y + 1) * self.width * 4];
        row.as_chunks::<4>().0
    }
}

/// Some columns and rows of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// The first column.
    pub left: usize,
    /// The first row.
    pub top: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Rect {
    /// All of a picture.
    pub fn whole(width: usize, height: usize) -> Self {
        Self { left: 0, top: 0, width, height }
    }

    /// The same part of the picture at another size, to the nearest pixel.
    pub fn scaled(self, [from_w, from_h]: [usize; 2], [width, height]: [usize; 2]) -> Self {
        let scaled = |start: usize, len: usize, from: usize, to: usize| {
            let at = |edge: usize| (edge * to + from / 2) / from;
            let start_at = at(start).min(to - 1);
            [start_at, at(start + len).clamp(start_at + 1, to) - start_at]
        };
        let [left, across] = scaled(self.left, self.width, from_w, width);
        let [top, down] = scaled(self.top, self.height, from_h, height);
        Self { left, top, width: across, height: down }
    }
}

/// How much of each pixel belongs to the subject: `[height, width]`, 0 is ground, 255 is subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matte {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` values, row by row from the top left.
    pub alpha: Vec<u8>,
}

impl Matte {
    /// The values of row `y`.
    pub fn row(&self, y: usize) -> &[u8] {
        &self.alpha[y * self.width..(y + 1) * self.width]
    }

    /// The share of the picture that the subject takes, 0 to 1.
    pub fn coverage(&self) -> f64 {
        let sum: u64 = self.alpha.iter().map(|&a| u64::from(a)).sum();
        sum as f64 / (255.0 * self.alpha.len().max(1) as f64)
    }
}
