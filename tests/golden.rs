//! Whole-pipeline goldens: each row is a stored matte that the pipeline must give again.
//!
//! `UPDATE=1 cargo test --release --test golden` rewrites them; look at the change as pictures.

mod common;

use common::{fixture, project, read_grey, segmenter, write_grey};
use featheredge::SegmentOptions;
use featheredge::pixels::Matte;

const FIXTURES: [&str; 4] = ["astronaut", "grace-hopper", "luispedro", "no-portrait-coffee"];
const RUNS: [(&str, &str, f32); 5] = [
    ("selfie", "person", 0.0),
    ("selfie", "person", 1.0),
    ("selfie-landscape", "person", 0.0),
    ("multiclass", "person", 0.5),
    ("multiclass", "hair", 0.0),
];

/// Largest mean difference, in 1/255, and largest share of pixels that differ by more than 8:
/// processors round the network's sums in different orders, and an edge moves by a hair.
const TOLERANCE: (f64, f64) = (0.2, 0.002);

#[test]
fn mattes_are_the_stored_ones() {
    let mut wrong = Vec::new();
    for (model, of, intensity) in RUNS {
        let mut segmenter = segmenter(model);
        for id in FIXTURES {
            let picture = fixture(id).load().expect("a committed picture");
            let options = SegmentOptions { of: of.to_owned(), intensity, ..SegmentOptions::default() };
            let (matte, _) = segmenter.segment(picture.view().unwrap(), &options).unwrap();
            let name = format!("{id}.{model}-{of}-{intensity}");
            if let Err(error) = check(&name, &matte) {
                wrong.push(format!("{name}: {error}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(name: &str, got: &Matte) -> Result<(), String> {
    let stored = project(&format!("tests/goldens/{name}.png"));
    if std::env::var_os("UPDATE").is_some() {
        write_grey(&stored, got);
        return Ok(());
    }
    let want = read_grey(&stored);
    if (got.width, got.height) != (want.width, want.height) {
        return Err(format!("is {}x{}, want {}x{}", got.width, got.height, want.width, want.height));
    }
    let differences: Vec<u8> = got.alpha.iter().zip(&want.alpha).map(|(&a, &b)| a.abs_diff(b)).collect();
    let count = differences.len() as f64;
    let mean = differences.iter().map(|&d| f64::from(d)).sum::<f64>() / count;
    let share = differences.iter().filter(|&&d| d > 8).count() as f64 / count;
    println!("{name}: mean difference {mean:.4}, share above 8 {share:.5}");
    if mean > TOLERANCE.0 || share > TOLERANCE.1 {
        let shown = project(&format!("target/golden/{name}.png"));
        write_grey(&shown, got);
        return Err(format!(
            "mean difference {mean:.3}, share above 8 {share:.4}, want {TOLERANCE:?}; see {}",
            shown.display()
        ));
    }
    Ok(())
}
