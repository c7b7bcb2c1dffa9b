use super::*;
use crate::pixels::{Matte, Rgba8};

fn gather(picture: Rgba8<'_>, matte: &Matte) -> Colours {
    let mut gather = Gather::new(matte.width, matte.height);
    for (y, alpha) in matte.alpha.chunks_exact(matte.width).enumerate() {
        gather.row(y, picture.row(y), alpha);
    }
    gather.finish()
}

/// The subject's colour at any pixel.
fn at(colours: &mut Colours, x: usize, y: usize, pixel: [u8; 4], alpha: u8) -> Colour {
    colours.go(y);
    colours.subject(x, pixel, alpha)
}

/// A colour that changes slowly, so that a picture's parts differ.
fn colour(x: usize, y: usize, base: [f32; 3]) -> Colour {
    let [x, y] = [x, y].map(|value| value as f32 * 0.05);
    [base[0] + 25.0 * x.sin(), base[1] + 25.0 * y.cos(), base[2] + 20.0 * (x + y).sin()]
}

/// A wavy edge that is `soft` pixels wide.
fn alpha(x: usize, y: usize, width: usize, soft: f32) -> u8 {
    let edge = width as f32 * 0.5 + 10.0 * (y as f32 * 0.1).sin();
    (((edge - x as f32) / soft + 0.5).clamp(0.0, 1.0) * 255.0).round() as u8
}

/// A subject laid over a ground; what a cut-out of it should be.
fn scene(width: usize, height: usize, soft: f32) -> (Vec<u8>, Matte, Vec<Colour>) {
    let (mut bytes, mut alphas, mut subject) = (Vec::new(), Vec::new(), Vec::new());
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let (front, back) = (colour(x, y, [150.0, 90.0, 60.0]), colour(y, x, [60.0, 190.0, 120.0]));
        let alpha = alpha(x, y, width, soft);
        let a = f32::from(alpha) / 255.0;
        let mixed = |c: usize| (a * front[c] + (1.0 - a) * back[c]).round() as u8;
        bytes.extend([mixed(0), mixed(1), mixed(2), 255]);
        alphas.push(alpha);
        subject.push(front);
    }
    (bytes, Matte { width, height, alpha: alphas }, subject)
}

#[test]
fn an_edge_loses_most_of_the_ground_s_colour() {
    for (width, height, soft) in [(64, 48, 6.0), (400, 300, 20.0), (1200, 200, 30.0)] {
        let (bytes, matte, want) = scene(width, height, soft);
        let picture = Rgba8::new(width, height, &bytes).unwrap();
        let mut colours = gather(picture, &matte);
        let (mut ours, mut plain) = (0.0, 0.0);
        for (i, &alpha) in matte.alpha.iter().enumerate().filter(|(_, alpha)| !matches!(alpha, 0 | 255)) {
            let pixel = picture.row(i / width)[i % width];
            let got = at(&mut colours, i % width, i / width, pixel, alpha);
            // As it shows on any other ground.
            let share = f32::from(alpha) / 255.0;
            ours += share * (0..3).map(|c| (got[c] - want[i][c]).abs()).sum::<f32>();
            plain += share * (0..3).map(|c| (f32::from(pixel[c]) - want[i][c]).abs()).sum::<f32>();
        }
        assert!(ours < 0.25 * plain, "{width}x{height}: {ours} of {plain}");
    }
}

#[test]
fn an_opaque_pixel_keeps_its_colour_to_the_bit() {
    let (bytes, matte, _) = scene(90, 70, 8.0);
    let picture = Rgba8::new(90, 70, &bytes).unwrap();
    let mut colours = gather(picture, &matte);
    for (i, _) in matte.alpha.iter().enumerate().filter(|(_, alpha)| **alpha == 255) {
        let pixel = picture.row(i / 90)[i % 90];
        let got = at(&mut colours, i % 90, i / 90, pixel, 255);
        assert_eq!(got, [pixel[0], pixel[1], pixel[2]].map(f32::from));
    }
}

#[test]
fn any_picture_and_matte_give_colours() {
    for (width, height) in [(1, 1), (1, 300), (257, 1), (513, 2), (40, 30)] {
        for kind in 0..4 {
            let matte: Vec<u8> = (0..width * height)
                .map(|i| match kind {
                    0 => 0,
                    1 => 255,
                    2 => 128,
                    _ => (i * 89 % 256) as u8,
                })
                .collect();
            let bytes: Vec<u8> = (0..width * height * 4).map(|i| (i * 61 % 256) as u8).collect();
            let picture = Rgba8::new(width, height, &bytes).unwrap();
            let mut colours = gather(picture, &Matte { width, height, alpha: matte.clone() });
            for (i, &alpha) in matte.iter().enumerate() {
                let got = at(&mut colours, i % width, i / width, picture.row(i / width)[i % width], alpha);
                assert!(got.iter().all(|value| (0.0..=255.0).contains(value)), "{width}x{height}: {got:?}");
            }
        }
    }
}

#[test]
fn a_colour_stays_where_a_side_is_unknown() {
    let (width, height) = (300, 40);
    let bytes = [200, 150, 100, 255].repeat(width * height);
    let picture = Rgba8::new(width, height, &bytes).unwrap();
    // Faint hair alone, and a head that fills the picture.
    for alpha in [128, 220] {
        let mut colours = gather(picture, &Matte { width, height, alpha: vec![alpha; width * height] });
        for x in [0, 150, 299] {
            assert_eq!(
                at(&mut colours, x, 20, [200, 150, 100, 255], alpha),
                [200.0, 150.0, 100.0],
                "{alpha}"
            );
        }
    }
}

#[test]
fn sureness_is_about_a_sixteenth_power() {
    for alpha in 0..=255u8 {
        let want = 255.0 * (f64::from(alpha) / 255.0).powi(16);
        assert!((f64::from(SUBJECT[usize::from(alpha)]) - want).abs() <= 6.0, "{alpha}");
    }
    assert_eq!(SUBJECT[usize::from(UNSURE)], 0);
    assert_eq!(SUBJECT[255], 255);
    for alpha in 0..256 {
        assert_eq!(GROUND[alpha], SUBJECT[255 - alpha]);
        assert!(GROUND_ALONE[alpha] <= GROUND[alpha]);
    }
    assert_eq!((GROUND_ALONE[0], GROUND_ALONE[255]), (255, 0));
}
