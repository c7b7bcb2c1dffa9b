//! The whole way from a map to a matte, in bands of rows, so that neither the picture nor the
//! matte need lie in memory as a whole.

use std::ops::Range;

use super::feather::{Feather, check_feather, feather};
use super::morphology::{Morphology, check_morphology, morphology};
use super::upsample::{Map, Span, Upsampler};
use crate::error::Result;
use crate::pixels::{Matte, Rect, Rgba8};

/// What is done to a matte's edges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finish {
    /// Cleans the matte first.
    pub morphology: Option<Morphology>,
    /// The feather's radius in pixels of the picture.
    pub feather: f32,
}

impl Finish {
    /// Refuses what is out of range.
    ///
    /// # Errors
    /// `InvalidInput` naming the value.
    pub fn check(&self) -> Result<()> {
        self.morphology.map_or(Ok(()), check_morphology)?;
        check_feather(self.feather)
    }
}

/// The pixels of one span in some rows.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// Starts with the first pixel.
    pub bytes: &'a [u8],
    /// From a row's first pixel to the next row's, in bytes.
    pub stride: usize,
}

/// A matte in the making: [`Bands::reads`] says what of the picture is wanted, [`Bands::give`]
/// takes it and hands on the rows that are done, until no rows are left.
///
/// Memory: the coefficients, and two bands of rows; with morphology the whole matte.
pub struct Bands {
    upsampler: Upsampler,
    feather: Feather,
    radius: f32,
    width: usize,
    rows: Range<usize>,
    spans: Vec<Span>,
    /// What morphology waits for.
    whole: Option<(Morphology, Matte)>,
}

impl Bands {
    /// A matte of `width` x `height`; the colours of pixels come in the order of those of `map`'s guide.
    ///
    /// # Errors
    /// As [`Finish::check`].
    ///
    /// # Panics
    /// If `map`'s slices are not of its size.
    pub fn new(map: Map<'_>, width: usize, height: usize, finish: Finish) -> Result<Self> {
        Self::within(map, Rect::whole(width, height), [width, height], finish)
    }

    /// The same where the map shows only `rect` of a picture of `[width, height]`; the rest is 0.
    ///
    /// # Errors
    /// As [`Finish::check`].
    ///
    /// # Panics
    /// If `map`'s slices are not of its size, or `rect` is empty or not within the picture.
    pub fn within(map: Map<'_>, rect: Rect, [width, height]: [usize; 2], finish: Finish) -> Result<Self> {
        let inside = rect.left + rect.width <= width && rect.top + rect.height <= height;
        assert!(inside && rect.width > 0 && rect.height > 0, "{rect:?} within {width}x{height}");
        finish.check()?;
        let Finish { morphology, feather: radius } = finish;
        let whole =
            morphology.map(|how| (how, Matte { width, height, alpha: Vec::with_capacity(width * height) }));
        // With morphology the feather's bands only carry rows.
        let feather = Feather::new(if whole.is_some() { 0.0 } else { radius }, width, height);
        let upsampler = Upsampler::new(map, rect, width);
        let mut bands = Self { upsampler, feather, radius, width, rows: 0..0, spans: Vec::new(), whole };
        bands.start();
        Ok(bands)
    }

    /// The rows that come next, and what of them must be read; `None` when all have been given.
    pub fn reads(&self) -> Option<(Range<usize>, &[Span])> {
        (!self.rows.is_empty()).then(|| (self.rows.clone(), &self.spans[..]))
    }

    /// Takes the pixels of the spans, and gives rows that are done with the first one's number.
    ///
    /// # Panics
    /// If `blocks` are not what [`Bands::reads`] asked for.
    pub fn give(&mut self, blocks: &[Block<'_>], mut done: impl FnMut(usize, &[u8])) {
        assert_eq!(blocks.len(), self.spans.len(), "a block for each span");
        for (&span, block) in self.spans.iter().zip(blocks) {
            for (i, y) in self.rows.clone().enumerate() {
                let pixels = block.bytes[i * block.stride..][..span.width * 4].as_chunks::<4>().0;
                let alpha = &mut self.feather.next()[i * self.width + span.left..][..span.width];
                self.upsampler.run(y, span, pixels, alpha);
            }
        }
        match &mut self.whole {
            None => self.feather.advance(done),
            Some((how, matte)) => {
                self.feather.advance(|_, rows| matte.alpha.extend_from_slice(rows));
                if self.feather.next_rows().is_empty() {
                    let checked = morphology(matte, *how).and_then(|()| feather(matte, self.radius));
                    checked.expect("what was checked when this was made");
                    done(0, &matte.alpha);
                }
            }
        }
        self.start();
    }

    /// The matte of a picture that lies in memory.
    ///
    /// # Panics
    /// If `picture` is not of the size that was said.
    pub fn run(mut self, picture: Rgba8<'_>) -> Matte {
        let (width, height) = (picture.width(), picture.height());
        let mut alpha = Vec::with_capacity(width * height);
        while let Some((rows, spans)) = self.reads() {
            let bytes = |span: &Span| &picture.bytes()[(rows.start * width + span.left) * 4..];
            let blocks: Vec<Block<'_>> =
                spans.iter().map(|span| Block { bytes: bytes(span), stride: width * 4 }).collect();
            self.give(&blocks, |_, rows| alpha.extend_from_slice(rows));
        }
        assert_eq!(alpha.len(), width * height, "a picture of the size that was said");
        Matte { width, height, alpha }
    }

    /// Writes what is known of the next band, and finds out what is not.
    fn start(&mut self) {
        self.rows = self.feather.next_rows();
        self.spans.clear();
        if !self.rows.is_empty() {
            self.spans = self.upsampler.start(self.rows.clone(), self.feather.next());
        }
    }
}
