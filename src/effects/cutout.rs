//! The subject on a transparent ground.

use crate::pixels::{Matte, Rgba8};

/// `picture` with the matte as its alpha, `[height, width, 4]`, straight.
///
/// What was transparent before stays so.
///
/// # Panics
/// If `matte` is not of the picture's size.
pub fn cutout(picture: Rgba8<'_>, matte: &Matte) -> Vec<u8> {
    assert_eq!(
        (picture.width(), picture.height()),
        (matte.width, matte.height),
        "matte is of the picture's size"
    );
    let pixels = picture.bytes().as_chunks::<4>().0.iter().zip(&matte.alpha);
    pixels
        .flat_map(|(&[red, green, blue, own], &alpha)| {
            // 255 * 255 is 255 again: rounded division of the product by 255.
            let product = (u16::from(own) * u16::from(alpha) + 127) / 255;
            [red, green, blue, product as u8]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphas_multiply_and_colours_stay() {
        let bytes = [1, 2, 3, 255, 4, 5, 6, 128, 7, 8, 9, 0];
        let picture = Rgba8::new(3, 1, &bytes).unwrap();
        let matte = Matte { width: 3, height: 1, alpha: vec![255, 128, 255] };
        assert_eq!(cutout(picture, &matte), [1, 2, 3, 255, 4, 5, 6, 64, 7, 8, 9, 0]);
    }
}
