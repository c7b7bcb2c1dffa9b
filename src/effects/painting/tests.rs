use super::*;
use crate::effects::Recolor;

const VIOLET: Effect = Effect::Recolor(Recolor { color: [138, 43, 226], intensity: 0.8, lightening: 0.3 });

fn all() -> [Effect; 6] {
    [Effect::Cutout, Effect::Matte, VIOLET, Effect::Color([1, 2, 3]), Effect::Blur(5.0), Effect::Picture]
}

fn picture(width: usize, height: usize) -> (Vec<u8>, Matte) {
    let bytes: Vec<u8> = (0..width * height * 4).map(|i| (i * 61 % 251) as u8 | 128).collect();
    let alpha: Vec<u8> = (0..width * height).map(|i| (i % width * 7) as u8).collect();
    (bytes, Matte { width, height, alpha })
}

/// One row, of colours and alphas.
fn row(pixels: &[[u8; 4]], alpha: &[u8], effect: Effect, ground: &[[u8; 4]]) -> Vec<[u8; 4]> {
    let picture = Rgba8::new(pixels.len(), 1, pixels.as_flattened()).unwrap();
    let matte = Matte { width: pixels.len(), height: 1, alpha: alpha.to_vec() };
    paint(picture, &matte, effect, ground.as_flattened()).unwrap().as_chunks().0.to_vec()
}

#[test]
fn alphas_multiply_and_opaque_colours_stay() {
    let pixels = [[1, 2, 3, 255], [4, 5, 6, 128], [7, 8, 9, 0], [9, 9, 9, 255]];
    let cut = row(&pixels, &[255, 255, 255, 0], Effect::Cutout, &[]);
    assert_eq!(cut, [[1, 2, 3, 255], [4, 5, 6, 128], [0; 4], [0; 4]]);
}

#[test]
fn another_ground_shows_where_the_subject_is_not() {
    let pixels = [[200, 0, 0, 255], [0, 0, 200, 255], [200, 0, 0, 128]];
    let alpha = [255, 0, 255];
    let on_green = row(&pixels, &alpha, Effect::Color([0, 255, 0]), &[]);
    assert_eq!(on_green, [[200, 0, 0, 255], [0, 255, 0, 255], [100, 127, 0, 255]]);
    let ground = [[9, 9, 9, 255], [7, 7, 7, 40], [5, 5, 5, 0]];
    let on_picture = row(&pixels, &alpha, Effect::Picture, &ground);
    assert_eq!(on_picture, [[200, 0, 0, 255], [7, 7, 7, 40], [200, 0, 0, 128]]);
    // Half of each: the old ground's blue is gone.
    let edge = [[200, 0, 0, 255], [100, 0, 100, 255], [0, 0, 200, 255]];
    let [_, half, _] = row(&edge, &[255, 128, 0], Effect::Color([0, 250, 0]), &[])[..] else { panic!() };
    assert!(half[0].abs_diff(100) <= 3 && half[1].abs_diff(124) <= 3 && half[2] <= 3, "{half:?}");
}

#[test]
fn a_blurred_ground_has_nothing_of_the_subject() {
    let (width, height) = (300, 200);
    // A red disc on blue, whose edge is hard, or some pixels wide.
    for steep in [1e6, 50.0] {
        let alpha = |i: usize| {
            let (x, y) = ((i % width) as f32 - 150.0, (i / width) as f32 - 120.0);
            ((60.0 - x.hypot(y)) * steep + 128.0).clamp(0.0, 255.0) as u8
        };
        let matte = Matte { width, height, alpha: (0..width * height).map(alpha).collect() };
        let bytes: Vec<u8> = matte.alpha.iter().flat_map(|&alpha| [alpha, 0, 255 - alpha, 255]).collect();
        let picture = Rgba8::new(width, height, &bytes).unwrap();
        // Pixels that are nearly all ground count as ground.
        let most = if steep > 1e3 { 0 } else { 3 };
        for deviation in [1.0, 2.0, 3.5, 8.0, 20.0, 64.0, 256.0] {
            let blurred = paint(picture, &matte, Effect::Blur(deviation), &[]).unwrap();
            for (i, &[red, green, blue, _]) in blurred.as_chunks::<4>().0.iter().enumerate() {
                let alpha = matte.alpha[i];
                assert!(green == 0 && (alpha != 255 || [red, blue] == [255, 0]), "{deviation}: {red} {blue}");
                let pure = red <= most && blue >= 255 - most;
                assert!(alpha != 0 || pure, "{deviation}: {red} {blue}");
            }
        }
    }
}

#[test]
fn a_blur_is_the_mean_of_the_ground_around() {
    // Without a subject it is a plain Gaussian.
    let (width, height) = (240, 4);
    let step = |x: usize| if x < 120 { 0.0 } else { 200.0_f32 };
    let bytes: Vec<u8> = (0..width * height).flat_map(|i| [step(i % width) as u8, 0, 0, 255]).collect();
    let picture = Rgba8::new(width, height, &bytes).unwrap();
    let matte = Matte { width, height, alpha: vec![0; width * height] };
    for deviation in [1.0_f32, 3.0, 6.0, 11.0, 20.0] {
        let blurred = paint(picture, &matte, Effect::Blur(deviation), &[]).unwrap();
        for x in 0..width {
            let weights = (0..width).map(|from| {
                let off = (from as f32 - x as f32) / deviation;
                ((-0.5 * off * off).exp(), step(from))
            });
            let (sum, mean) = weights.fold((0.0, 0.0), |(sum, mean), (w, v)| (sum + w, mean + w * v));
            // Near the ends the picture goes on.
            if x > 60 && x < 180 {
                let got = f32::from(blurred[x * 4]);
                assert!((got - mean / sum).abs() < 4.0, "{deviation} at {x}: {got}, want {}", mean / sum);
            }
        }
    }
}

#[test]
fn recolouring_leaves_the_ground_and_takes_only_the_subject_s_part() {
    let pixels = [[60, 40, 30, 255], [150, 140, 135, 200], [240, 240, 240, 255]];
    let [hair, edge, ground] = row(&pixels, &[255, 128, 0], VIOLET, &[])[..] else { panic!() };
    assert_eq!(ground, pixels[2]);
    assert!(hair[2] > hair[0] && hair[0] > hair[1], "violet: {hair:?}");
    // Half of the hair's change.
    for c in 0..3 {
        let half = (i32::from(hair[c]) - i32::from(pixels[0][c])) / 2;
        assert!((i32::from(edge[c]) - i32::from(pixels[1][c]) - half).abs() <= 3, "{edge:?} of {hair:?}");
    }
    assert_eq!(edge[3], 200);
}

#[test]
fn rows_come_in_turn_or_not_at_all() {
    let (mut pixels, alpha) = ([[9, 8, 7, 255]; 12], [255; 12]);
    let mut painting = Painting::new(4, 3, Effect::Cutout).unwrap();
    assert!(painting.paint(&mut pixels[..4], &alpha[..4], &[]).is_err(), "before anything was gathered");
    painting.gather(&pixels[..8], &alpha[..8]).unwrap();
    assert!(painting.gather(&pixels[..8], &alpha[..8]).is_err(), "more than are left");
    assert!(painting.gather(&pixels[..3], &alpha[..3]).is_err(), "no whole row");
    assert!(painting.gather(&pixels[..4], &alpha[..8]).is_err(), "of two sizes");
    painting.gather(&pixels[..4], &alpha[..4]).unwrap();
    assert!(painting.gather(&pixels[..4], &alpha[..4]).is_err(), "all were there");
    painting.paint(&mut pixels, &alpha, &[]).unwrap();
    assert!(painting.paint(&mut pixels[..4], &alpha[..4], &[]).is_err(), "all are done");
    assert_eq!(pixels, [[9, 8, 7, 255]; 12]);
    assert!(Painting::new(0, 3, Effect::Cutout).is_err());
    let mut painting = Painting::new(4, 3, Effect::Picture).unwrap();
    painting.gather(&pixels, &alpha).unwrap();
    assert!(painting.paint(&mut pixels, &alpha, &[]).is_err(), "without a ground");
}

#[test]
fn bands_make_no_difference() {
    let (width, height) = (37, 29);
    let (bytes, matte) = picture(width, height);
    for effect in all() {
        let len = if effect == Effect::Picture { bytes.len() } else { 0 };
        let ground: Vec<u8> = bytes.iter().rev().copied().take(len).collect();
        let whole = paint(Rgba8::new(width, height, &bytes).unwrap(), &matte, effect, &ground).unwrap();
        let mut painting = Painting::new(width, height, effect).unwrap();
        let mut pixels = bytes.as_chunks().0.to_vec();
        for (pixels, alpha) in pixels.chunks(width * 5).zip(matte.alpha.chunks(width * 5)) {
            painting.gather(pixels, alpha).unwrap();
        }
        let band = width * 3;
        for (i, (pixels, alpha)) in pixels.chunks_mut(band).zip(matte.alpha.chunks(band)).enumerate() {
            let ground =
                if ground.is_empty() { &[] } else { &ground.as_chunks().0[i * band..][..pixels.len()] };
            painting.paint(pixels, alpha, ground).unwrap();
        }
        assert_eq!(pixels.as_flattened(), whole, "{effect:?}");
    }
}

#[test]
fn what_is_out_of_range_is_refused() {
    let recolor = |intensity, lightening| Effect::Recolor(Recolor { color: [0; 3], intensity, lightening });
    for (effect, message) in [
        (Effect::Blur(0.5), "blur is 0.5, want 1 to 256"),
        (Effect::Blur(f32::NAN), "blur is NaN, want 1 to 256"),
        (recolor(1.5, 0.0), "intensity is 1.5, want 0 to 1"),
        (recolor(1.0, -0.5), "lightening is -0.5, want 0 to 1"),
    ] {
        assert_eq!(effect.check().unwrap_err().to_string(), message);
    }
    let (bytes, matte) = picture(8, 8);
    let view = Rgba8::new(8, 8, &bytes).unwrap();
    assert!(paint(view, &matte, Effect::Picture, &[]).is_err());
    assert!(paint(view, &matte, Effect::Cutout, &bytes).is_err());
}
