//! A picture's effect, row by row.

use std::mem::replace;

use super::Colour;
use super::colours::{Colours, Gather};
use super::effect::Effect;
use super::grid::Grid;
use super::ground::Blurred;
use super::recolor;
use crate::error::{Error, ErrorKind, Result};
use crate::pixels::{self, Matte, Rgba8};

/// `effect` on `picture`, `[height, width, 4]`, straight. `ground` is the other picture's pixels for
/// [`Effect::Picture`], of the same size, and empty for all others.
///
/// Where the matte is half transparent, the colours are the subject's own, without what of the ground shows
/// through it there; what was transparent before stays so, unless something is put behind it.
///
/// # Errors
/// As [`Effect::check`]; `InvalidInput` if `ground` is not of the picture's size.
///
/// # Panics
/// If `matte` is not of the picture's size.
pub fn paint(picture: Rgba8<'_>, matte: &Matte, effect: Effect, ground: &[u8]) -> Result<Vec<u8>> {
    let size = (picture.width(), picture.height());
    assert_eq!(size, (matte.width, matte.height), "matte is of the picture's size");
    let want = if effect == Effect::Picture { picture.bytes().len() } else { 0 };
    if ground.len() != want {
        return Err(Error::invalid(format!("the ground has {} bytes, want {want}", ground.len())));
    }
    let mut painted = picture.bytes().to_vec();
    let pixels = painted.as_chunks_mut().0;
    let mut painting = Painting::new(size.0, size.1, effect)?;
    painting.gather(pixels, &matte.alpha)?;
    painting.paint(pixels, &matte.alpha, ground.as_chunks().0)?;
    Ok(painted)
}

/// An effect in the making: all rows of a picture come once to be seen, and once more to be painted.
///
/// Memory: coarse grids of colours, so that neither the picture nor what becomes of it need lie here as a whole.
pub struct Painting {
    width: usize,
    height: usize,
    /// Rows that came since the last turn.
    rows: usize,
    effect: Effect,
    turn: Turn,
}

enum Turn {
    /// For the edges, and for a blur.
    Gathering(Gather, Option<Gather>),
    Painting(Brush),
    /// Between the two.
    None,
}

/// What paints a pixel.
struct Brush {
    colours: Colours,
    with: With,
}

enum With {
    Nothing,
    Grey,
    Table(Vec<Colour>),
    Colour(Colour),
    /// Nothing, where no ground is to be seen.
    Blur(Option<Blurred>),
    Picture,
}

impl Painting {
    /// For a picture of `width` x `height`.
    ///
    /// # Errors
    /// As [`pixels::check_size`] and [`Effect::check`].
    pub fn new(width: usize, height: usize, effect: Effect) -> Result<Self> {
        pixels::check_size(width, height, pixels::MAX_PIXELS)?;
        effect.check()?;
        let ground = match effect {
            Effect::Blur(by) => Some(Gather::of_ground(width, Grid::of_blur(width, height, by))),
            _ => None,
        };
        let turn = Turn::Gathering(Gather::new(width, height), ground);
        Ok(Self { width, height, rows: 0, effect, turn })
    }

    /// Takes the next rows: straight pixels, and their matte.
    ///
    /// # Errors
    /// `Internal` if they are no whole rows, or too many.
    pub fn gather(&mut self, pixels: &[[u8; 4]], alpha: &[u8]) -> Result<()> {
        let rows = self.check(pixels.len(), alpha.len())?;
        let Turn::Gathering(gather, ground) = &mut self.turn else { return Err(out_of_turn()) };
        let each = pixels.chunks_exact(self.width).zip(alpha.chunks_exact(self.width));
        for ((pixels, alpha), y) in each.zip(self.rows..) {
            gather.row(y, pixels, alpha);
            if let Some(ground) = ground {
                ground.row(y, pixels, alpha);
            }
        }
        self.rows += rows;
        if self.rows == self.height {
            let Turn::Gathering(gather, ground) = replace(&mut self.turn, Turn::None) else { unreachable!() };
            let with = match self.effect {
                Effect::Cutout => With::Nothing,
                Effect::Matte => With::Grey,
                Effect::Recolor(recolor) => With::Table(recolor::table(&recolor)),
                Effect::Color(color) => With::Colour(color.map(f32::from)),
                Effect::Blur(by) => {
                    let ground = ground.expect("what is gathered for a blur");
                    let grid = ground.grid();
                    let width = self.width;
                    With::Blur(ground.finish_ground().map(|cells| Blurred::new(width, grid, cells, by)))
                }
                Effect::Picture => With::Picture,
            };
            (self.turn, self.rows) = (Turn::Painting(Brush { colours: gather.finish(), with }), 0);
        }
        Ok(())
    }

    /// Makes the next rows those of the effect. `ground` has the other picture's, for [`Effect::Picture`].
    ///
    /// # Errors
    /// `Internal` if they are no whole rows, too many, or come before all were gathered.
    pub fn paint(&mut self, pixels: &mut [[u8; 4]], alpha: &[u8], ground: &[[u8; 4]]) -> Result<()> {
        let rows = self.check(pixels.len(), alpha.len())?;
        let Turn::Painting(brush) = &mut self.turn else { return Err(out_of_turn()) };
        if matches!(brush.with, With::Picture) && ground.len() != pixels.len() {
            return Err(out_of_turn());
        }
        let each = pixels.chunks_exact_mut(self.width).zip(alpha.chunks_exact(self.width));
        for (i, (pixels, alpha)) in each.enumerate() {
            brush.go(self.rows + i);
            for (x, (pixel, &alpha)) in pixels.iter_mut().zip(alpha).enumerate() {
                *pixel = brush.pixel(x, *pixel, alpha, || ground[i * self.width + x]);
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
    Error::new(ErrorKind::Internal, "rows of an effect came out of their turn")
}

impl Brush {
    /// Goes to row `y`.
    fn go(&mut self, y: usize) {
        self.colours.go(y);
        if let With::Blur(Some(blurred)) = &mut self.with {
            blurred.go(y);
        }
    }

    /// A pixel of the row of the effect; `ground` is the other picture's.
    #[inline(always)]
    fn pixel(&self, x: usize, pixel: [u8; 4], alpha: u8, ground: impl Fn() -> [u8; 4]) -> [u8; 4] {
        let [red, green, blue, own] = pixel;
        let share = f32::from(alpha) / 255.0;
        let subject = || self.colours.subject(x, pixel, alpha);
        match &self.with {
            With::Grey => [alpha, alpha, alpha, 255],
            // Most of a picture is all the one or all the other, and shows as it is.
            With::Nothing if alpha == 255 && own > 0 => pixel,
            With::Colour(_) | With::Picture if alpha == 255 && own == 255 => pixel,
            With::Colour(colour) if alpha == 0 => bytes(*colour, 255),
            With::Picture if alpha == 0 => {
                let ground = ground();
                if ground[3] == 0 { [0; 4] } else { ground }
            }
            With::Nothing => {
                // 255 * 255 is 255 again: rounded division of the product by 255.
                let product = ((u16::from(own) * u16::from(alpha) + 127) / 255) as u8;
                if product == 0 { [0; 4] } else { bytes(subject(), product) }
            }
            With::Table(_) if alpha == 0 => pixel,
            With::Table(table) => {
                // Only what of the pixel is the subject's changes.
                let subject = subject();
                let (to, seen) = (recolor::look_up(table, subject), [red, green, blue].map(f32::from));
                bytes(std::array::from_fn(|c| seen[c] + share * (to[c] - subject[c])), own)
            }
            With::Blur(None) => pixel,
            With::Blur(_) if alpha == 255 => pixel,
            With::Blur(Some(blurred)) => {
                let ground = blurred.at(x);
                if alpha == 0 {
                    return bytes(ground, own);
                }
                let subject = subject();
                bytes(std::array::from_fn(|c| ground[c] + share * (subject[c] - ground[c])), own)
            }
            With::Colour([red, green, blue]) => over(subject, own, share, [*red, *green, *blue, 255.0]),
            With::Picture => over(subject, own, share, ground().map(f32::from)),
        }
    }
}

/// The subject over a ground, both straight.
fn over(subject: impl Fn() -> Colour, own: u8, share: f32, ground: [f32; 4]) -> [u8; 4] {
    let front = share * f32::from(own) / 255.0;
    let back = (1.0 - front) * ground[3] / 255.0;
    let sum = front + back;
    if sum == 0.0 {
        return [0; 4];
    }
    let subject = if front > 0.0 { subject() } else { [0.0; 3] };
    let colour = std::array::from_fn(|c| (front * subject[c] + back * ground[c]) / sum);
    bytes(colour, (sum * 255.0 + 0.5) as u8)
}

fn bytes(colour: Colour, alpha: u8) -> [u8; 4] {
    // To the nearest, which `round` would ask a function for in WebAssembly; beyond a byte it is the nearest as well.
    let [red, green, blue] = colour.map(|value| (value + 0.5) as u8);
    [red, green, blue, alpha]
}

#[cfg(test)]
mod tests;
