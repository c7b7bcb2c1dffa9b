//! Plans run by the CPU executor against tract: on every fixture, and for networks that do not ship.

#![cfg(feature = "onnx")]

mod common;

use std::fs::File;
use std::io::{BufWriter, Write};

use common::{Fixture, fixtures, foreign_networks, project};
use featheredge::cpu::{Arithmetic, Executor};
use featheredge::matte;
use featheredge::model::{Contract, Input, registry};
use featheredge::onnx::{Network, Signature, lower, lower_at};
use featheredge::pixels::{Filter, Rgba8, to_size};
use featheredge::plan::{Plan, compact, encode};

/// The largest difference of a probability. Sums of products in another order differ by about 1e-5,
/// and both sides' exponentials are approximations.
const TOLERANCE: f32 = 2e-3;

/// A picture as a network takes it: `[height, width, 3]`, its channels from `black` to `white`.
fn tensor(picture: Rgba8<'_>, size: [usize; 2], filter: Filter, range: [f32; 2]) -> Vec<f32> {
    let [height, width] = size;
    scaled(&to_size(picture, width, height, filter), range)
}

/// The channels of `pixels`, `[height, width, 4]` bytes, from `black` to `white`.
fn scaled(pixels: &[u8], [black, white]: [f32; 2]) -> Vec<f32> {
    let scale = (white - black) / 255.0;
    let colours = pixels.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]);
    colours.map(|value| f32::from(value) * scale + black).collect()
}

/// What the executor makes of `picture`, without padding.
fn run(executor: &mut Executor, picture: &[f32]) -> Vec<f32> {
    let [input, output] = executor.shapes();
    for (pixel, channels) in executor.input().chunks_mut(input.stride()).zip(picture.chunks(input.channels)) {
        pixel[..channels.len()].copy_from_slice(channels);
        pixel[channels.len()..].fill(0.0);
    }
    executor.run();
    let pixels = executor.output().chunks(executor.output_stride());
    pixels.flat_map(|pixel| pixel[..output.channels].iter().copied()).collect()
}

/// The largest and the mean difference.
#[derive(Default)]
struct Difference {
    most: f32,
    sum: f64,
    count: usize,
}

impl Difference {
    fn add(&mut self, got: &[f32], want: &[f32]) {
        assert_eq!(got.len(), want.len());
        for (got, want) in got.iter().zip(want) {
            let difference = (got - want).abs();
            assert!(difference.is_finite(), "{got}, want {want}");
            self.most = self.most.max(difference);
            self.sum += f64::from(difference);
        }
        self.count += got.len();
    }

    fn check(&self, what: &str) {
        let Self { most, sum, count } = self;
        println!("{what}: max {most:.1e}, mean {:.1e}", sum / *count as f64);
        assert!(*most < TOLERANCE, "{what}: off by {most}, want below {TOLERANCE}");
    }
}

/// Also writes each picture, at the network's size, and tract's probabilities for it, and the plan with no
/// weight rounded, so that `tests/browser/agreement.test.mjs` can compare the builds for browsers with the same.
fn on_all_fixtures(id: &str) {
    let entry = registry().get(id).expect("a model");
    let file = std::fs::read(project("models").join(&entry.file)).expect("its file");
    let contract: Contract = entry.contract();
    let network = Network::load(&file).expect("a sound model");
    let plan = lower(&file).expect("a plan");
    let folder = project("target/agreement");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(format!("{id}.plan")), encode(&plan)).expect("room");
    let mut executor = Executor::new(plan, Arithmetic::F32).expect("a sound plan");
    let Input { width, height, filter, range, .. } = contract.input;
    let (mut difference, mut pictures) = (Difference::default(), 0);
    let mut kept = BufWriter::new(File::create(folder.join(format!("{id}.bin"))).expect("a file"));
    for picture in fixtures().iter().filter_map(Fixture::load) {
        let pixels = to_size(picture.view().expect("a picture"), width, height, filter);
        let input = scaled(&pixels, range);
        let (got, want) = (run(&mut executor, &input), network.run(&input).expect("an answer"));
        let classes = contract.classes.len();
        let probabilities = |output: &[f32]| matte::activate(&contract, output, classes);
        let want = probabilities(&want);
        difference.add(&probabilities(&got), &want);
        kept.write_all(&pixels).expect("room");
        kept.write_all(&want.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
            .expect("room");
        pictures += 1;
    }
    kept.flush().expect("room");
    difference.check(&format!("{id}, {pictures} pictures"));
}

#[test]
fn selfie_agrees_with_tract() {
    on_all_fixtures("selfie");
}

#[test]
fn selfie_landscape_agrees_with_tract() {
    on_all_fixtures("selfie-landscape");
}

#[test]
fn multiclass_agrees_with_tract() {
    on_all_fixtures("multiclass");
}

/// Whole numbers of 16 bits against single precision of the same file: the largest mean difference of a
/// probability, and the least overlap of the person's and the hair's mask, on any one picture.
const INTEGER_MEAN: f32 = 0.004;
const INTEGER_OVERLAP: f32 = 0.995;

/// Share of the picture from which on a mask's overlap is held to that: of a few pixels, one is much.
const INTEGER_AREA: f32 = 0.04;

#[test]
fn whole_numbers_keep_the_masks() {
    let entry = registry().get("multiclass").expect("a model");
    let file = std::fs::read(project("models").join(&entry.file)).expect("its file");
    let contract: Contract = entry.contract();
    let exact = lower(&file).expect("a plan");
    let mut rounded = exact.clone();
    compact(&mut rounded, entry.plan.levels);
    let mut single = Executor::new(exact, Arithmetic::F32).expect("a sound plan");
    let mut integer = Executor::new(rounded, Arithmetic::I16).expect("a sound plan");
    let size = [contract.input.height, contract.input.width];
    let classes = contract.classes.len();
    let (mut worst_mean, mut worst_overlap) = (0.0_f32, 1.0_f32);
    for fixture in fixtures() {
        let Some(picture) = fixture.load() else { continue };
        let input = tensor(picture.view().unwrap(), size, contract.input.filter, contract.input.range);
        let [want, got] = [&mut single, &mut integer]
            .map(|executor| matte::activate(&contract, &run(executor, &input), classes));
        let mean =
            want.iter().zip(&got).map(|(want, got)| (want - got).abs()).sum::<f32>() / want.len() as f32;
        worst_mean = worst_mean.max(mean);
        assert!(mean < INTEGER_MEAN, "{}: mean difference {mean}, want below {INTEGER_MEAN}", fixture.id);
        for subject in ["person", "hair"] {
            let mask = |values: &[f32]| {
                let map = matte::subject(&contract, values, classes, subject).expect("it is known");
                map.into_iter().map(|p| p > 0.5).collect::<Vec<bool>>()
            };
            let (want, got) = (mask(&want), mask(&got));
            let count = |both: fn(bool, bool) -> bool| {
                want.iter().zip(&got).filter(|&(&want, &got)| both(want, got)).count() as f32
            };
            let (shared, any) = (count(|a, b| a && b), count(|a, b| a || b));
            // Where there is no one, the network's answer hangs on the last bit.
            if any < INTEGER_AREA * want.len() as f32 || fixture.id.starts_with("no-portrait") {
                println!("{}, {subject}: {any} pixels, IoU {:.4}", fixture.id, shared / any.max(1.0));
                continue;
            }
            let overlap = shared / any;
            worst_overlap = worst_overlap.min(overlap);
            let id = &fixture.id;
            assert!(overlap >= INTEGER_OVERLAP, "{id}, {subject}: IoU {overlap}, want {INTEGER_OVERLAP}");
        }
    }
    println!("whole numbers: mean difference at most {worst_mean:.1e}, IoU at least {worst_overlap:.4}");
}

#[test]
fn shipped_plans_are_what_lowering_gives() {
    for entry in &registry().models {
        let read = |file: &str| std::fs::read(project("models").join(file)).expect("its file");
        let mut plan = lower(&read(&entry.file)).expect("a plan");
        compact(&mut plan, entry.plan.levels);
        // Without a diff of megabytes.
        assert!(
            encode(&plan) == read(&entry.plan.file),
            "{} is another; write it with `featheredge lower models/{} --levels {:?}`, and its checksum",
            entry.plan.file,
            entry.file,
            entry.plan.levels
        );
    }
}

/// A page of dark strokes in lines, so that there is text to find.
fn page(width: usize, height: usize) -> Vec<u8> {
    let ink = |x: usize, y: usize| {
        let (line, letter) = (y % 40, x % 14);
        let stroke = match x / 14 % 3 {
            0 => letter < 3 || line % 9 < 2,
            1 => (letter + line) % 12 < 3,
            _ => (3..6).contains(&letter) || (letter > 8 && line % 7 < 3),
        };
        (8..30).contains(&line) && letter < 11 && (20..width - 20).contains(&x) && stroke
    };
    let grey = |i: usize| if ink(i % width, i / width) { 30 } else { 235 };
    (0..width * height).flat_map(|i| [grey(i), grey(i), grey(i), 255]).collect()
}

#[test]
fn other_networks_agree_with_tract() {
    for foreign in foreign_networks() {
        let Some(file) = foreign.load() else { continue };
        let network = Network::load_at(&file, foreign.size).expect("a sound network");
        let plan: Plan = lower_at(&file, foreign.size).expect("a plan");
        let steps = plan.steps.len();
        let Signature { in_h, in_w, .. } = network.signature();
        let mut executor = Executor::new(plan, Arithmetic::F32).expect("a sound plan");
        let portrait = common::fixture("astronaut").load().expect("it is committed");
        let page = page(in_w, in_h);
        let (mut difference, mut answer) = (Difference::default(), 0.0_f32);
        for picture in [portrait.view().unwrap(), Rgba8::new(in_w, in_h, &page).unwrap()] {
            for range in [[0.0, 1.0], [-2.0, 2.4]] {
                let input = tensor(picture, [in_h, in_w], Filter::default(), range);
                let want = network.run(&input).expect("an answer");
                answer = want.iter().copied().fold(answer, f32::max);
                difference.add(&run(&mut executor, &input), &want);
            }
        }
        // Two empty maps would agree as well.
        assert!(answer > 0.5, "{} finds something, but at most {answer}", foreign.id);
        difference.check(&format!("{}, {steps} steps", foreign.id));
    }
}
