//! Several looks at a picture: what they are worth where the subject is small, and that they may be made elsewhere.

mod common;

use common::{fixture, iou, read_grey, segmenter};
use featheredge::matte::{Bands, Finish, Map};
use featheredge::pixels::{Filter, Matte, Rect, Rgba8, to_size};
use featheredge::segmenter::Next;
use featheredge::{Quality, SegmentOptions};

fn options(quality: Quality) -> SegmentOptions {
    SegmentOptions { quality, ..SegmentOptions::default() }
}

/// A plain wall, before which portraits stand, and their mask.
struct Wall {
    picture: Vec<u8>,
    mask: Matte,
}

impl Wall {
    fn new(width: usize, height: usize) -> Self {
        let picture = [190, 185, 175, 255].repeat(width * height);
        Self { picture, mask: Matte { width, height, alpha: vec![0; width * height] } }
    }

    /// Puts a portrait on it, `w` by `h` pixels from `left` and `top` on, with or without its ground.
    fn put(&mut self, id: &str, [left, top]: [usize; 2], [w, h]: [usize; 2], ground: bool) {
        let fixture = fixture(id);
        let portrait = fixture.load().expect("a committed picture");
        let portrait = to_size(portrait.view().unwrap(), w, h, Filter::Box);
        let mask = read_grey(&fixture.masks.expect("masks")[0]);
        for (y, row) in portrait.chunks_exact(w * 4).enumerate() {
            let start = (y + top) * self.mask.width + left;
            let mask = mask.row(y * mask.height / h);
            for (x, pixel) in row.chunks_exact(4).enumerate() {
                let alpha = mask[x * mask.len() / w];
                self.mask.alpha[start + x] = alpha;
                if ground || alpha > 127 {
                    self.picture[(start + x) * 4..][..4].copy_from_slice(pixel);
                }
            }
        }
    }

    fn view(&self) -> Rgba8<'_> {
        Rgba8::new(self.mask.width, self.mask.height, &self.picture).unwrap()
    }
}

/// A portrait in the middle of a wall four times as wide and high.
fn from_afar(id: &str) -> Wall {
    let Matte { width, height, .. } = read_grey(&fixture(id).masks.expect("masks")[0]);
    let mut wall = Wall::new(4 * width, 4 * height);
    wall.put(id, [3 * width / 2, 2 * height], [width, height], true);
    wall
}

#[test]
fn a_second_look_sees_those_who_are_far_away() {
    let mut segmenter = segmenter("selfie");
    for id in ["astronaut", "grace-hopper", "luispedro"] {
        let wall = from_afar(id);
        let [fast, balanced] = [Quality::Fast, Quality::Balanced]
            .map(|quality| iou(&segmenter.segment(wall.view(), &options(quality)).unwrap().0, &wall.mask));
        println!("{id}: IoU {fast:.4} by one look, {balanced:.4} by two");
        assert!(balanced > fast + 0.01, "{id}: {balanced:.4}, by one look {fast:.4}");
    }
}

#[test]
fn nobody_is_nobody_at_any_quality() {
    let mut segmenter = segmenter("selfie");
    let black = vec![0; 64 * 64 * 4];
    let picture = Rgba8::new(64, 64, &black).unwrap();
    for quality in [Quality::Fast, Quality::Balanced, Quality::Fine] {
        let (matte, _) = segmenter.segment(picture, &options(quality)).unwrap();
        assert_eq!(matte.coverage(), 0.0, "{quality:?}");
    }
}

#[test]
fn islands_go_if_that_is_asked_for() {
    let mut segmenter = segmenter("selfie");
    // One near, another a third as high.
    let mut near = Wall::new(900, 620);
    near.put("astronaut", [40, 20], [600, 600], false);
    let mut both = Wall { picture: near.picture.clone(), mask: near.mask.clone() };
    both.put("luispedro", [690, 400], [160, 200], false);
    for quality in [Quality::Fast, Quality::Balanced] {
        for (min_island, mask, kept) in
            [(0.0, &both.mask, true), (0.02, &both.mask, true), (0.5, &near.mask, false)]
        {
            let options = SegmentOptions { min_island, ..options(quality) };
            let (matte, _) = segmenter.segment(both.view(), &options).unwrap();
            let far = (400..600).flat_map(|y| &matte.row(y)[690..850]).filter(|&&alpha| alpha > 127).count();
            let overlap = iou(&matte, mask);
            println!("{quality:?}, {min_island}: IoU {overlap:.4}, {far} pixels of who is far away");
            assert!(overlap > 0.97, "{quality:?}, {min_island}: {overlap:.4}");
            assert_eq!(far > 0, kept, "{quality:?}, {min_island}: {far}");
        }
    }
    for min_island in [-0.1, 1.1, f32::NAN] {
        let error = segmenter.segment(both.view(), &SegmentOptions { min_island, ..options(Quality::Fast) });
        assert_eq!(error.unwrap_err().to_string(), format!("minIsland is {min_island}, want 0 to 1"));
    }
}

#[test]
fn what_is_not_there_is_not_sought_again() {
    let mut segmenter = segmenter("multiclass");
    let coffee = fixture("no-portrait-coffee").load().unwrap();
    // There is a little of a person for the network, so that a second look would have a place to look at.
    let (person, _) = segmenter.segment(coffee.view().unwrap(), &options(Quality::Fast)).unwrap();
    assert!(person.coverage() > 0.0);
    for quality in [Quality::Fast, Quality::Balanced, Quality::Fine] {
        let options = SegmentOptions { of: "hair".to_owned(), ..options(quality) };
        let (hair, _) = segmenter.segment(coffee.view().unwrap(), &options).unwrap();
        assert_eq!(hair.coverage(), 0.0, "{quality:?}");
    }
}

#[test]
fn looks_may_be_made_elsewhere() {
    let (mut segmenter, mut other) = (segmenter("multiclass"), segmenter("multiclass"));
    let portrait = fixture("luispedro").load().unwrap();
    let picture = portrait.view().unwrap();
    let options = SegmentOptions { of: "hair".to_owned(), ..options(Quality::Fine) };
    let size = [picture.width(), picture.height()];
    let (want, _) = other.segment(picture, &options).unwrap();
    // Blue first here, red first there.
    let mut swapped = picture.bytes().to_vec();
    swapped.as_chunks_mut::<4>().0.iter_mut().for_each(|pixel| pixel.swap(0, 2));
    let mut intake = segmenter.intake(size, size, true).unwrap();
    let mut asked = 0;
    let bands = loop {
        intake.all(&swapped);
        let mut round = segmenter.round(intake, &options);
        while let Some(look) = round.picture() {
            let (answer, _) = other.predict(Rgba8::new(256, 256, &look).unwrap()).unwrap();
            segmenter.answer(&mut round, &answer.data, 1.0, &options).unwrap();
            asked += 1;
        }
        match segmenter.next(round, &options).unwrap() {
            Next::Part(part) => intake = part,
            Next::Matte(bands, timings) => {
                assert!(timings.infer_ms >= 4.0);
                break bands;
            }
        }
    };
    assert_eq!(asked, 4, "all of it, the person, the head, and its mirror image");
    let got = bands.run(Rgba8::new(size[0], size[1], &swapped).unwrap());
    let differ = got.alpha.iter().zip(&want.alpha).filter(|(got, want)| got.abs_diff(**want) > 1).count();
    assert_eq!(differ, 0);
}

#[test]
fn a_map_of_a_part_is_a_matte_of_that_part() {
    let portrait = fixture("astronaut").load().unwrap();
    let picture = portrait.view().unwrap();
    let [width, height] = [picture.width(), picture.height()];
    let rect = Rect { left: 37, top: 61, width: 301, height: 250 };
    let part: Vec<u8> = (rect.top..rect.top + rect.height)
        .flat_map(|y| picture.row(y)[rect.left..rect.left + rect.width].as_flattened())
        .copied()
        .collect();
    let part = Rgba8::new(rect.width, rect.height, &part).unwrap();
    let (w, h) = (40, 32);
    let guide = to_size(part, w, h, Filter::Box);
    let probability: Vec<f32> = (0..w * h).map(|i| ((i % w) as f32 / 12.0 - 0.8).clamp(0.0, 1.0)).collect();
    let map = Map { width: w, height: h, probability: &probability, guide: &guide };
    let finish = Finish { morphology: None, feather: 0.0 };
    let inside = Bands::new(map, rect.width, rect.height, finish).unwrap().run(part);
    let got = Bands::within(map, rect, [width, height], finish).unwrap().run(picture);
    for y in 0..height {
        for x in 0..width {
            let at = y.checked_sub(rect.top).zip(x.checked_sub(rect.left));
            let at = at.filter(|&(y, x)| y < rect.height && x < rect.width);
            let want = at.map_or(0, |(y, x)| inside.row(y)[x]);
            assert_eq!(got.row(y)[x], want, "at {x}, {y}");
        }
    }
}
