//! The quality gate: intersection over union with the reference masks, printed per picture.
//!
//! The masks are no ground truth (`fixtures/README.md`); the gate is there to catch a fall.

mod common;

use common::{fixtures, iou, read_grey, segmenter};
use featheredge::{Quality, SegmentOptions};

/// Model, subject, its place in the manifest's masks, quality, and the least mean.
const GATES: [(&str, &str, usize, Quality, f64); 5] = [
    ("selfie", "person", 0, Quality::Balanced, 0.93),
    ("selfie-landscape", "person", 0, Quality::Balanced, 0.93),
    ("multiclass", "person", 0, Quality::Balanced, 0.93),
    ("multiclass", "hair", 1, Quality::Balanced, 0.88),
    ("multiclass", "hair", 1, Quality::Fine, 0.88),
];

#[test]
fn mean_iou_is_above_the_gates() {
    let mut fallen = Vec::new();
    for (model, of, place, quality, least) in GATES {
        let mut segmenter = segmenter(model);
        let options = SegmentOptions { of: of.to_owned(), quality, ..SegmentOptions::default() };
        let mut scores = Vec::new();
        for fixture in fixtures() {
            let Some(masks) = &fixture.masks else { continue };
            let Some(picture) = fixture.load() else { continue };
            let (matte, _) = segmenter.segment(picture.view().unwrap(), &options).unwrap();
            let score = iou(&matte, &read_grey(&masks[place]));
            println!("{model:<17} {of:<7} {:<28} {score:.4}", fixture.id);
            scores.push(score);
        }
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        println!("{model:<17} {of:<7} mean of {:<20} {mean:.4}, want {least}", scores.len());
        if scores.len() < 4 || mean < least {
            fallen.push(format!("{model} {of}: {mean:.4} over {} pictures, want {least}", scores.len()));
        }
    }
    assert!(fallen.is_empty(), "{}", fallen.join("\n"));
}
