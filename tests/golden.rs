//! Whole-pipeline goldens: each row is a stored matte that the pipeline must give again.
//!
//! `UPDATE=1 cargo test --release --test golden` rewrites them; look at the change as pictures.

mod common;

use common::{fixture, join, project, read_grey, segmenter, write_grey};
use featheredge::pixels::Matte;
use featheredge::{Quality, SegmentOptions};

const FIXTURES: [&str; 4] = ["astronaut", "grace-hopper", "luispedro", "no-portrait-coffee"];
const RUNS: [(&str, &str, f32, Quality); 8] = [
    ("selfie", "person", 0.0, Quality::Fast),
    ("selfie", "person", 1.0, Quality::Fast),
    ("selfie-landscape", "person", 0.0, Quality::Fast),
    ("multiclass", "person", 0.5, Quality::Fast),
    ("multiclass", "hair", 0.0, Quality::Fast),
    ("selfie", "person", 0.0, Quality::Balanced),
    ("multiclass", "hair", 0.0, Quality::Balanced),
    ("multiclass", "person", 0.0, Quality::Fine),
];

/// Largest mean difference, in 1/255, and largest share of pixels that differ by more than 8:
/// processors round the network's sums in different orders, and an edge moves by a hair.
const TOLERANCE: (f64, f64) = (0.2, 0.002);

#[test]
fn mattes_are_the_stored_ones() {
    let mut wrong = Vec::new();
    for (model, of, intensity, quality) in RUNS {
        let mut segmenter = segmenter(model);
        if quality == Quality::Fine {
            join(&mut segmenter, "selfie");
        }
        for id in FIXTURES {
            let picture = fixture(id).load().expect("a committed picture");
            let options =
                SegmentOptions { of: of.to_owned(), intensity, quality, ..SegmentOptions::default() };
            let (matte, _) = segmenter.segment(picture.view().unwrap(), &options).unwrap();
            let suffix = match quality {
                Quality::Fast => "",
                Quality::Balanced => "-balanced",
                Quality::Fine => "-fine",
            };
            let name = format!("{id}.{model}-{of}-{intensity}{suffix}");
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
