use super::*;

fn noise(len: usize) -> Vec<u8> {
    (0..len).map(|i| ((i * 2_654_435_761) >> 9) as u8).collect()
}

fn weight(filter: Filter, at: f64) -> f64 {
    let phase = at.abs() * std::f64::consts::PI;
    match filter {
        Filter::Box => f64::from(at > -0.5 && at <= 0.5),
        Filter::Hamming if phase == 0.0 => 1.0,
        Filter::Hamming if at.abs() >= 1.0 => 0.0,
        Filter::Hamming => phase.sin() / phase * (0.54 + 0.46 * phase.cos()),
    }
}

/// The header's weighted mean, one output pixel at a time and without blocks.
fn reference(picture: Rgba8<'_>, to: [usize; 2], filter: Filter) -> Vec<f64> {
    let weights = |i: usize, len: usize, out: usize| {
        let scale = len as f64 / out as f64;
        let centre = (i as f64 + 0.5) * scale;
        let weights: Vec<f64> =
            (0..len).map(|at| weight(filter, (at as f64 + 0.5 - centre) / scale.max(1.0))).collect();
        let total: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / total).collect::<Vec<_>>()
    };
    let mut means = Vec::new();
    for oy in 0..to[1] {
        let down = weights(oy, picture.height(), to[1]);
        for ox in 0..to[0] {
            let across = weights(ox, picture.width(), to[0]);
            for c in 0..4 {
                let row = |y: usize| -> f64 {
                    picture.row(y).iter().zip(&across).map(|(pixel, w)| f64::from(pixel[c]) * w).sum()
                };
                means.push(down.iter().enumerate().map(|(y, w)| w * row(y)).sum());
            }
        }
    }
    means
}

#[test]
fn matches_reference() {
    let sizes = [
        ([16, 12], [7, 5]),
        ([9, 7], [9, 7]),
        ([5, 3], [11, 8]),
        ([1, 1], [3, 2]),
        ([17, 2], [4, 1]),
        ([40, 39], [16, 16]),
    ];
    for (from, to) in sizes {
        let bytes = noise(from[0] * from[1] * 4);
        let picture = Rgba8::new(from[0], from[1], &bytes).unwrap();
        for filter in [Filter::Box, Filter::Hamming] {
            let got = to_size(picture, to[0], to[1], filter);
            assert_eq!(got.len(), to[0] * to[1] * 4);
            for (i, (&got, want)) in got.iter().zip(reference(picture, to, filter)).enumerate() {
                assert!(
                    (f64::from(got) - want).abs() < 0.51,
                    "{from:?} to {to:?} {filter:?} at {i}: got {got}, want {want}"
                );
            }
        }
    }
}

#[test]
fn blocks_hardly_matter() {
    // A soft picture with a hard edge, which no filter should move.
    let (width, height) = (331, 259);
    let bytes: Vec<u8> = (0..width * height)
        .flat_map(|i| {
            let (x, y) = (i % width, i / width);
            let wave = ((x as f32 / 9.0).sin() * (y as f32 / 13.0).cos() * 60.0 + 100.0) as u8;
            [wave, if x > y { 230 } else { 20 }, (x * 255 / width) as u8, 255]
        })
        .collect();
    let picture = Rgba8::new(width, height, &bytes).unwrap();
    for (to, blocks) in [([20, 28], [4, 2]), ([40, 16], [2, 4])] {
        for filter in [Filter::Box, Filter::Hamming] {
            assert_eq!([block(width, to[0]), block(height, to[1])], blocks);
            let got = to_size(picture, to[0], to[1], filter);
            let want = reference(picture, to, filter);
            let off: Vec<f64> = got.iter().zip(&want).map(|(&a, b)| (f64::from(a) - b).abs()).collect();
            let mean = off.iter().sum::<f64>() / off.len() as f64;
            let worst = off.iter().copied().fold(0.0, f64::max);
            println!("{to:?} {filter:?}: mean {mean:.3}, worst {worst:.1}");
            assert!(mean < 0.8 && worst < 12.0, "{to:?} {filter:?}: mean {mean}, worst {worst}");
        }
    }
}

#[test]
fn rows_may_come_in_parts_and_pictures_one_after_the_other() {
    let bytes = noise(64 * 61 * 4);
    let picture = Rgba8::new(64, 61, &bytes).unwrap();
    for to in [[20, 20], [6, 5]] {
        let mut reducer = Reducer::new([64, 61], to, Filter::Hamming);
        for _ in 0..2 {
            bytes.chunks(64 * 4 * 3 * Reducer::ROWS).for_each(|rows| reducer.rows(rows));
            assert_eq!(reducer.finish(), to_size(picture, to[0], to[1], Filter::Hamming));
        }
    }
}
