//! Photographs of 14 and 22 megapixels: upright, whole, and the same matte as when made small.

mod common;

use common::{fixture, iou, segmenter};
use featheredge::SegmentOptions;
use featheredge::pixels::{Filter, Matte, Rgba8, to_size};

#[test]
fn agree_with_their_small_selves() {
    let mut segmenter = segmenter("selfie");
    let options = SegmentOptions::default();
    for id in ["white-wall-14mp", "curls-park-22mp"] {
        let fixture = fixture(id);
        let Some(decoded) = fixture.load() else { continue };
        let picture = decoded.view().unwrap();
        assert!(picture.width() * picture.height() > 12_000_000, "{id} is a big picture");
        assert_eq!(
            (picture.width(), picture.height()),
            (fixture.width, fixture.height),
            "{id} stands upright"
        );
        let (matte, timings) = segmenter.segment(picture, &options).unwrap();
        println!("{id}: {}x{} {timings:?}", matte.width, matte.height);

        let (width, height) = (picture.width() / 4, picture.height() / 4);
        let reduced = to_size(picture, width, height, Filter::Box);
        let (small, _) = segmenter.segment(Rgba8::new(width, height, &reduced).unwrap(), &options).unwrap();
        let alpha = (0..width * height).map(|i| matte.row(i / width * 4 + 2)[i % width * 4 + 2]).collect();
        let score = iou(&Matte { width, height, alpha }, &small);
        assert!(score > 0.98, "{id}: IoU {score:.4} with the matte of the reduced picture");
    }
}
