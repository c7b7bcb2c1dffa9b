use super::*;

fn look(map: Vec<f32>, grid: [usize; 2], part: Rect) -> Look {
    Look::new(map, grid, part, false)
}

#[test]
fn the_subject_is_found_with_its_margin() {
    // A grid of 10 x 5 over 1000 x 500 pixels; cells 4..6 of rows 2..3.
    let mut map = vec![0.1; 50];
    map[24] = 0.9;
    map[25] = 0.51;
    let rect = look(map.clone(), [10, 5], Rect::whole(1000, 500)).subject().unwrap();
    assert_eq!(rect, Rect { left: 360, top: 180, width: 280, height: 140 });
    let part = Rect { left: 7, top: 11, width: 1000, height: 500 };
    let moved = look(map.clone(), [10, 5], part).subject().unwrap();
    assert_eq!(moved, Rect { left: 367, top: 191, ..rect });
    // At the border there is no more of the picture.
    map.fill(0.0);
    map[0] = 0.8;
    map[49] = 0.8;
    assert_eq!(look(map, [10, 5], part).subject(), Some(part));
}

#[test]
fn nobody_is_no_subject_and_the_least_one_is_a_pixel() {
    assert_eq!(look(vec![0.5; 50], [10, 5], Rect::whole(1000, 500)).subject(), None);
    let mut map = vec![0.0; 64];
    map[63] = 1.0;
    let rect = look(map, [8, 8], Rect::whole(2, 2)).subject().unwrap();
    assert_eq!(rect, Rect { left: 1, top: 1, width: 1, height: 1 });
}

#[test]
fn a_slope_is_the_same_slope_on_another_grid() {
    let (grid, part) = ([40, 30], Rect::whole(400, 600));
    let slope = |x: f32, y: f32| 0.1 + 0.001 * x + 0.0005 * y;
    let centre = |i: usize, cells: usize, len: usize| (i as f32 + 0.5) * len as f32 / cells as f32;
    let map: Vec<f32> =
        (0..grid[0] * grid[1]).map(|i| slope(centre(i % 40, 40, 400), centre(i / 40, 30, 600))).collect();
    let rect = Rect { left: 100, top: 50, width: 123, height: 301 };
    let got = resample(map, grid, part, [16, 8], rect);
    for (i, value) in got.iter().enumerate() {
        let want = slope(100.0 + centre(i % 16, 16, 123), 50.0 + centre(i / 16, 8, 301));
        assert!((value - want).abs() < 1e-5, "at {i}: got {value}, want {want}");
    }
}

#[test]
fn looks_are_averaged_as_logits() {
    let logit = |p: f64| (p / (1.0 - p)).ln();
    for (values, weights) in [([0.2f32, 0.9, 0.6], [0.15f32, 0.5, 0.5]), ([0.0, 1.0, 1.0], [1.0, 1.0, 2.0])] {
        let maps: Vec<(Vec<f32>, f32)> =
            values.iter().zip(weights).map(|(&p, weight)| (vec![p], weight)).collect();
        let sum: f32 = weights.iter().sum();
        let mean: f64 = values
            .iter()
            .zip(weights)
            .map(|(&p, weight)| f64::from(weight / sum) * logit(f64::from(p).clamp(1e-3, 1.0 - 1e-3)))
            .sum();
        let want = 1.0 / (1.0 + (-mean).exp());
        let [got] = fuse(&maps)[..] else { panic!("one cell") };
        assert!((f64::from(got) - want).abs() < 1e-5, "got {got}, want {want}");
    }
    // What all are sure of stays as it is: nothing is left half transparent by the clamping.
    assert_eq!(fuse(&[(vec![0.0, 1.0], 1.0), (vec![0.0, 1.0], 3.0)]), [0.0, 1.0]);
}

#[test]
fn each_look_has_its_share() {
    // The whole says .9 where the subject is; the network .8, twice; the other one .3 and .4.
    let rect = Rect { left: 10, top: 0, width: 10, height: 10 };
    let one = |p: f32, partner: bool| Look::new(vec![p], [1, 1], rect, partner);
    let looks = vec![one(0.8, false), one(0.8, false), one(0.3, true), one(0.4, true)];
    let whole = 0.6;
    let got = look(vec![0.1, 0.9], [2, 1], Rect::whole(20, 10)).fuse(rect, looks, whole);
    assert_eq!((got.grid, got.part), ([1, 1], rect));
    let got = got.map;
    let logit = |p: f32| (p / (1.0 - p)).ln();
    let sum = whole * logit(0.9) + logit(0.8) + PARTNER / 2.0 * (logit(0.3) + logit(0.4));
    let want = 1.0 / (1.0 + (-sum / (whole + 1.0 + PARTNER)).exp());
    assert!((got[0] - want).abs() < 1e-6, "got {}, want {want}", got[0]);
}

#[test]
fn hair_is_what_the_person_or_the_head_shows() {
    let rect = Rect { left: 0, top: 0, width: 3, height: 1 };
    let one = |map: [f32; 3]| look(map.to_vec(), [3, 1], rect);
    let got = one([0.9, 0.1, 0.0]).fuse_head(rect, vec![one([0.2, 0.8, 0.0]), one([0.2, 0.8, 0.0])]).map;
    for (got, want) in got.iter().zip([0.9, 0.8, 0.0]) {
        assert!((got - want).abs() < 1e-6, "got {got}, want {want}");
    }
}

#[test]
fn mirroring_twice_changes_nothing() {
    let mut rows = [1, 2, 3, 4, 5, 6];
    mirror(&mut rows, 3);
    assert_eq!(rows, [3, 2, 1, 6, 5, 4]);
    mirror(&mut rows, 3);
    assert_eq!(rows, [1, 2, 3, 4, 5, 6]);
}
