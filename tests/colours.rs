//! What a cut-out's edge looks like on another ground, where that is known: one picture laid over another by a true
//! matte, cut out again by that matte, and laid over anything else.
//!
//! The mattes are the fixtures' reference masks, softened, and the scored sets where they lie beside the project.

mod common;

use common::{fixtures, project, read_grey};
use featheredge::effects::{Effect, paint};
use featheredge::matte::feather;
use featheredge::pixels::{Matte, Rgba8};
use image::imageops::{FilterType, resize};
use image::{RgbaImage, open};
use serde_json::Value;

/// How much of the colour error of plain blending may be left.
const MOST: f64 = 0.5;

/// Sums over the edge of a scene: the error of a cut-out's colours as they show on any ground, and of the picture's own.
#[derive(Default)]
struct Error {
    ours: f64,
    plain: f64,
}

impl Error {
    /// Lays `subject` over `ground` by `matte`, all of one size, and takes it off again.
    fn add(&mut self, subject: &RgbaImage, ground: &RgbaImage, matte: &Matte) {
        let mixed: Vec<u8> = subject
            .pixels()
            .zip(ground.pixels())
            .zip(&matte.alpha)
            .flat_map(|((front, back), &alpha)| {
                let a = f64::from(alpha) / 255.0;
                let mix = |c: usize| (a * f64::from(front[c]) + (1.0 - a) * f64::from(back[c])).round() as u8;
                [mix(0), mix(1), mix(2), 255]
            })
            .collect();
        let cut = paint(Rgba8::new(matte.width, matte.height, &mixed).unwrap(), matte, Effect::Cutout, &[])
            .unwrap();
        let off = |got: &[u8], want: &image::Rgba<u8>, alpha: u8| {
            let sum: u32 = (0..3).map(|c| u32::from(got[c].abs_diff(want[c]))).sum();
            f64::from(sum) * f64::from(alpha)
        };
        for (i, (want, &alpha)) in subject.pixels().zip(&matte.alpha).enumerate() {
            // Within 2 % of either end there is nothing to see.
            if (6..=249).contains(&alpha) {
                self.ours += off(&cut[i * 4..], want, alpha);
                self.plain += off(&mixed[i * 4..], want, alpha);
            }
        }
    }

    fn share(&self) -> f64 {
        self.ours / self.plain
    }
}

fn sized(picture: &RgbaImage, matte: &Matte) -> RgbaImage {
    resize(picture, matte.width as u32, matte.height as u32, FilterType::Triangle)
}

#[test]
fn fixtures_lose_the_old_ground_at_their_edges() {
    let scenes: Vec<(RgbaImage, Matte)> = fixtures()
        .iter()
        .filter_map(|fixture| {
            let decoded = fixture.load()?;
            let mask = read_grey(&fixture.masks.as_ref()?[0]);
            let view = decoded.view().unwrap();
            let picture =
                RgbaImage::from_raw(view.width() as u32, view.height() as u32, view.bytes().to_vec())?;
            // Of a size at which all of this takes a second, and with an edge as soft as hair.
            let longer = mask.width.max(mask.height);
            let (width, height) = (480 * mask.width / longer, 480 * mask.height / longer);
            let grey = image::GrayImage::from_raw(mask.width as u32, mask.height as u32, mask.alpha)?;
            let alpha = resize(&grey, width as u32, height as u32, FilterType::Triangle).into_raw();
            let mut matte = Matte { width, height, alpha };
            feather(&mut matte, 7.0).unwrap();
            Some((picture, matte))
        })
        .collect();
    let mut error = Error::default();
    for (i, (_, matte)) in scenes.iter().enumerate() {
        let other = |step: usize| sized(&scenes[(i + step) % scenes.len()].0, matte);
        error.add(&other(5), &other(3), matte);
    }
    if scenes.is_empty() {
        return println!("skipped: no fixture is there; run scripts/setup test");
    }
    println!(
        "{} fixtures: {:.3} of plain blending's error is left, want {MOST}",
        scenes.len(),
        error.share()
    );
    assert!(error.share() <= MOST);
}

#[test]
fn scored_pictures_lose_the_old_ground_at_their_edges() {
    for set in ["aiseg", "p3m"] {
        let folder = project("../shared/eval/sets").join(set);
        let Ok(text) = std::fs::read_to_string(folder.join("manifest.json")) else {
            println!("skipped: {set} does not lie beside the project");
            continue;
        };
        let manifest: Value = serde_json::from_str(&text).unwrap();
        let items = manifest["items"].as_array().unwrap();
        let path = |item: &Value, key: &str| folder.join(item[key].as_str().unwrap());
        // Those that the grid's size was not chosen on: every third from the second.
        let mut error = Error::default();
        for i in (1..items.len()).step_by(3) {
            let matte = read_grey(&path(&items[i], "mask"));
            let other = |step: usize| {
                let item = &items[(i + step) % items.len()];
                sized(&open(path(item, "image")).unwrap().into_rgba8(), &matte)
            };
            error.add(&other(5), &other(3), &matte);
        }
        println!("{set}: {:.3} of plain blending's error is left, want {MOST}", error.share());
        assert!(error.share() <= MOST, "{set}");
    }
}
