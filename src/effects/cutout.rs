//! The subject on a transparent ground.

use std::mem::replace;

use super::colours::{Colours, Gather};
use crate::error::{Error, ErrorKind, Result};
use crate::pixels::{self, Matte, Rgba8};

/// The subject of `picture` with the matte as its alpha, `[height, width, 4]`, straight.
///
/// Where the matte is half transparent, the colours are the subject's own, without what of the ground shows
/// through it there; what was transparent before stays so.
///
/// # Panics
/// If `matte` is not of the picture's size.
pub fn cutout(picture: Rgba8<'_>, matte: &Matte) -> Vec<u8> {
    let size = (picture.width(), picture.height());
    assert_eq!(size, (matte.width, matte.height), "matte is of the picture's size");
    let mut cut = picture.bytes().to_vec();
    let pixels = cut.as_chunks_mut().0;
    let cutting = Cutting::new(size.0, size.1).and_then(|mut cutting| {
        cutting.gather(pixels, &matte.alpha)?;
        cutting.cut(pixels, &matte.alpha)
    });
    cutting.expect("rows of the picture's size, all of them twice");
    cut
}

/// A cut-out in the making: all rows of a picture come once to be seen, and once more to be cut.
///
/// Memory: a coarse grid of colours, so that neither the picture nor the cut-out need lie here as a whole.
pub struct Cutting {
    width: usize,
    height: usize,
    /// Rows that came since the last turn.
    rows: usize,
    turn: Turn,
}

enum Turn {
    Gathering(Gather),
    Cutting(Colours),
    /// Between the two.
    None,
}

impl Cutting {
    /// For a picture of `width` x `height`.
    ///
    /// # Errors
    /// As [`pixels::check_size`].
    pub fn new(width: usize, height: usize) -> Result<Self> {
        pixels::check_size(width, height, pixels::MAX_PIXELS)?;
        Ok(Self { width, height, rows: 0, turn: Turn::Gathering(Gather::new(width, height)) })
    }

    /// Takes the next rows: straight pixels with their colours in any one order, and their matte.
    ///
    /// # Errors
    /// `Internal` if they are no whole rows, or too many.
    pub fn gather(&mut self, pixels: &[[u8; 4]], alpha: &[u8]) -> Result<()> {
        let rows = self.check(pixels.len(), alpha.len())?;
        let Turn::Gathering(gather) = &mut self.turn else { return Err(out_of_turn()) };
        let each = pixels.chunks_exact(self.width).zip(alpha.chunks_exact(self.width));
        each.zip(self.rows..).for_each(|((pixels, alpha), y)| gather.row(y, pixels, alpha));
        self.rows += rows;
        if self.rows == self.height {
            let Turn::Gathering(gather) = replace(&mut self.turn, Turn::None) else { unreachable!() };
            (self.turn, self.rows) = (Turn::Cutting(gather.finish()), 0);
        }
        Ok(())
    }

    /// Makes the next rows those of the cut-out.
    ///
    /// # Errors
    /// `Internal` if they are no whole rows, too many, or come before all were gathered.
    pub fn cut(&mut self, pixels: &mut [[u8; 4]], alpha: &[u8]) -> Result<()> {
        let rows = self.check(pixels.len(), alpha.len())?;
        let Turn::Cutting(colours) = &self.turn else { return Err(out_of_turn()) };
        let each = pixels.chunks_exact_mut(self.width).zip(alpha.chunks_exact(self.width));
        for ((pixels, alpha), y) in each.zip(self.rows..) {
            for (x, (pixel, &alpha)) in pixels.iter_mut().zip(alpha).enumerate() {
                *pixel = cut(colours, x, y, *pixel, alpha);
            }
        }
        self.rows += rows;
        Ok(())
    }

    /// How many rows so many pixels and bytes of a matte are.
    fn check(&self, pixels: usize, alpha: usize) -> Result<usize> {
        let rows = alpha / self.width;
        if pixels != alpha || rows * self.width != alpha || self.rows + rows > self.height {
            return Err(out_of_turn());
        }
        Ok(rows)
    }
}

fn out_of_turn() -> Error {
    Error::new(ErrorKind::Internal, "rows of a cut-out came out of their turn")
}

/// A pixel of the cut-out.
fn cut(colours: &Colours, x: usize, y: usize, pixel: [u8; 4], alpha: u8) -> [u8; 4] {
    let [.., own] = pixel;
    // 255 * 255 is 255 again: rounded division of the product by 255.
    let product = ((u16::from(own) * u16::from(alpha) + 127) / 255) as u8;
    if product == 0 {
        return [0; 4];
    }
    let [red, green, blue] = colours.subject(x, y, pixel, alpha).map(|value| value.round() as u8);
    [red, green, blue, product]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphas_multiply_and_opaque_colours_stay() {
        let bytes = [1, 2, 3, 255, 4, 5, 6, 128, 7, 8, 9, 0, 9, 9, 9, 255];
        let picture = Rgba8::new(4, 1, &bytes).unwrap();
        let matte = Matte { width: 4, height: 1, alpha: vec![255, 255, 255, 0] };
        assert_eq!(cutout(picture, &matte), [1, 2, 3, 255, 4, 5, 6, 128, 0, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn rows_come_in_turn_or_not_at_all() {
        let (mut pixels, alpha) = ([[9, 8, 7, 255]; 12], [255; 12]);
        let mut cutting = Cutting::new(4, 3).unwrap();
        assert!(cutting.cut(&mut pixels[..4], &alpha[..4]).is_err(), "before anything was gathered");
        cutting.gather(&pixels[..8], &alpha[..8]).unwrap();
        assert!(cutting.gather(&pixels[..8], &alpha[..8]).is_err(), "more than are left");
        assert!(cutting.gather(&pixels[..3], &alpha[..3]).is_err(), "no whole row");
        assert!(cutting.gather(&pixels[..4], &alpha[..8]).is_err(), "of two sizes");
        cutting.gather(&pixels[..4], &alpha[..4]).unwrap();
        assert!(cutting.gather(&pixels[..4], &alpha[..4]).is_err(), "all were there");
        cutting.cut(&mut pixels, &alpha).unwrap();
        assert!(cutting.cut(&mut pixels[..4], &alpha[..4]).is_err(), "all are done");
        assert_eq!(pixels, [[9, 8, 7, 255]; 12]);
        assert!(Cutting::new(0, 3).is_err());
    }

    #[test]
    fn bands_make_no_difference() {
        let (width, height) = (37, 29);
        let bytes: Vec<u8> = (0..width * height * 4).map(|i| (i * 61 % 251) as u8 | 128).collect();
        let alpha: Vec<u8> = (0..width * height).map(|i| (i % width * 7) as u8).collect();
        let whole = cutout(
            Rgba8::new(width, height, &bytes).unwrap(),
            &Matte { width, height, alpha: alpha.clone() },
        );
        let mut cutting = Cutting::new(width, height).unwrap();
        let mut pixels = bytes.as_chunks().0.to_vec();
        for (pixels, alpha) in pixels.chunks(width * 5).zip(alpha.chunks(width * 5)) {
            cutting.gather(pixels, alpha).unwrap();
        }
        for (pixels, alpha) in pixels.chunks_mut(width * 3).zip(alpha.chunks(width * 3)) {
            cutting.cut(pixels, alpha).unwrap();
        }
        assert_eq!(pixels.as_flattened(), whole);
    }
}
