//! Light and company that networks find hard, made of portraits whose masks are known.

mod common;

use common::{fixtures, iou, read_grey, segmenter};
use featheredge::pixels::{Filter, Matte, Rgba8, to_size};
use featheredge::{SegmentOptions, Segmenter};

/// A portrait at its mask's size, and the mask.
struct Portrait {
    id: String,
    pixels: Vec<u8>,
    mask: Matte,
}

/// All of them, because the least means are of all; none, with a word on it, where some were not fetched.
fn portraits() -> Vec<Portrait> {
    let load = |fixture: common::Fixture| {
        let mask = read_grey(&fixture.masks.as_ref()?[0]);
        let picture = fixture.load()?;
        let pixels = to_size(picture.view().unwrap(), mask.width, mask.height, Filter::Box);
        Some(Portrait { id: fixture.id, pixels, mask })
    };
    let portraits: Vec<Portrait> = fixtures().into_iter().filter_map(load).collect();
    if portraits.len() < PORTRAITS {
        println!("skipped: {} of {PORTRAITS} portraits are there", portraits.len());
        return Vec::new();
    }
    portraits
}

/// Those of the manifest that have masks.
const PORTRAITS: usize = 22;

/// What is made of a colour, of how much of it is person, 0 to 1, and of where it is between left and right.
type Light = fn([f32; 3], f32, f32) -> [f32; 3];

/// The name, the light, and the least mean IoU with `selfie` and with `multiclass`.
const LIGHTS: [(&str, Light, [f64; 2]); 5] = [
    ("as it is", |colour, _, _| colour, [0.93, 0.98]),
    ("greyscale", |[r, g, b], _, _| [0.299 * r + 0.587 * g + 0.114 * b; 3], [0.88, 0.95]),
    ("very dark", |colour, _, _| colour.map(|value| 0.12 * value), [0.87, 0.9]),
    ("side light", |colour, _, x| colour.map(|value| value * (0.2 + 1.1 * x)), [0.92, 0.97]),
    (
        "strong backlight",
        |colour, person, _| {
            colour.map(|value| person * 0.35 * value + (1.0 - person) * (0.25 * value + 190.0))
        },
        [0.97, 0.98],
    ),
];

impl Portrait {
    fn lit(&self, light: Light) -> Vec<u8> {
        let width = self.mask.width;
        let pixels = self.pixels.chunks_exact(4).zip(&self.mask.alpha).enumerate();
        pixels
            .flat_map(|(i, (pixel, &person))| {
                let x = (i % width) as f32 / width as f32;
                let colour = [0, 1, 2].map(|c| f32::from(pixel[c]));
                let [r, g, b] = light(colour, f32::from(person) / 255.0, x).map(|value| value.round() as u8);
                [r, g, b, 255]
            })
            .collect()
    }
}

fn cut(segmenter: &mut Segmenter, pixels: &[u8], mask: &Matte) -> f64 {
    let picture = Rgba8::new(mask.width, mask.height, pixels).unwrap();
    iou(&segmenter.segment(picture, &SegmentOptions::default()).unwrap().0, mask)
}

#[test]
fn people_are_found_in_any_light() {
    let portraits = portraits();
    let mut low = Vec::new();
    for (at, model) in ["selfie", "multiclass"].into_iter().enumerate() {
        let mut segmenter = segmenter(model);
        for (name, light, least) in LIGHTS {
            let scores: Vec<f64> =
                portraits.iter().map(|of| cut(&mut segmenter, &of.lit(light), &of.mask)).collect();
            let mean = scores.iter().sum::<f64>() / scores.len() as f64;
            let Some((worst, of)) = scores.iter().zip(&portraits).min_by(|a, b| a.0.total_cmp(b.0)) else {
                continue;
            };
            println!("{model:<10} {name:<17} mean IoU {mean:.4}, {worst:.4} at least ({})", of.id);
            if mean < least[at] {
                low.push(format!("{model}, {name}: {mean:.4}, want {}", least[at]));
            }
        }
    }
    assert!(low.is_empty(), "{}", low.join("\n"));
}

#[test]
fn two_people_are_both_found() {
    let portraits = portraits();
    for (model, least) in [("selfie", 0.79), ("multiclass", 0.89)] {
        let mut segmenter = segmenter(model);
        let mut scores = Vec::new();
        for pair in portraits.windows(2) {
            let [width, height] = [300, 400];
            let sides: Vec<_> = pair
                .iter()
                .map(|of| {
                    let view = Rgba8::new(of.mask.width, of.mask.height, &of.pixels).unwrap();
                    (to_size(view, width, height, Filter::Box), of)
                })
                .collect();
            let (mut pixels, mut alpha) = (Vec::new(), Vec::new());
            for y in 0..height {
                for (side, Portrait { mask, .. }) in &sides {
                    pixels.extend_from_slice(&side[y * width * 4..][..width * 4]);
                    let row = mask.row(y * mask.height / height);
                    alpha.extend((0..width).map(|x| row[x * mask.width / width]));
                }
            }
            let mask = Matte { width: 2 * width, height, alpha };
            scores.push(cut(&mut segmenter, &pixels, &mask));
        }
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        println!("{model:<10} two people: mean IoU {mean:.4} of {} pairs", scores.len());
        assert!(scores.is_empty() || mean >= least, "{model}: {mean:.4}, want {least}");
    }
}
