//! Every kernel against `plan::interpret`, on shapes that leave tiles and vectors half empty.

use super::{Arithmetic, Executor};
use crate::plan::cases::{self, Case, Draft, WINDOWS, noise, shape, window, windowed};
use crate::plan::{self, *};

mod rows;

fn run(executor: &mut Executor, picture: &[f32]) -> Vec<f32> {
    let [input, output] = executor.shapes();
    let rows = executor.input().chunks_exact_mut(input.stride()).zip(picture.chunks_exact(input.channels));
    rows.for_each(|(to, from)| to[..input.channels].copy_from_slice(from));
    executor.run();
    executor
        .output()
        .chunks_exact(executor.output_stride())
        .flat_map(|pixel| pixel[..output.channels].to_vec())
        .collect()
}

fn compare(name: &str, plan: Plan, arithmetic: Arithmetic, tolerance: f32) {
    let input = plan.buffers[plan.input];
    let picture = noise(input.pixels() * input.channels, 3);
    let want = plan::interpret::interpret(&plan, &picture);
    let mut executor =
        Executor::new(plan.clone(), arithmetic).unwrap_or_else(|error| panic!("{name}: {error}"));
    // Twice: a run must not depend on what the one before left in memory.
    run(&mut executor, &noise(picture.len(), 11));
    let got = run(&mut executor, &picture);
    assert_eq!(got.len(), want.len(), "{name}");
    near(name, &got, &want, tolerance);
    #[cfg(feature = "threads")]
    {
        executor.pieces = super::pieces::Pieces::of(&plan, &executor.steps, 64, 0);
        let pieces = run(&mut executor, &picture);
        match arithmetic {
            Arithmetic::F32 => assert_eq!(pieces, got, "{name}, in pieces"),
            Arithmetic::I16 => near(&format!("{name}, in pieces"), &pieces, &want, tolerance),
        }
    }
}

fn near(name: &str, got: &[f32], want: &[f32], tolerance: f32) {
    let largest = want.iter().fold(1.0_f32, |largest, value| largest.max(value.abs()));
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() <= tolerance * largest, "{name} at {i}: got {got}, want {want}");
    }
}

/// In single precision, and with every residual.
fn check(case: &Case) {
    compare(&case.name, case.draft.0.clone(), Arithmetic::F32, 2e-6);
    for case in case.with_residuals() {
        compare(&case.name, case.draft.0, Arithmetic::F32, 4e-6);
    }
}

#[test]
fn products_match_reference() {
    cases::products().iter().for_each(check);
}

#[test]
fn windows_match_reference() {
    cases::windows().iter().for_each(check);
}

#[test]
fn the_small_kinds_match_reference() {
    cases::small_kinds().iter().for_each(check);
}

#[test]
fn a_dense_answer_is_activated() {
    for mut case in cases::products() {
        case.draft.0.steps.last_mut().expect("a step").epilogue.activation = Activation::Sigmoid;
        compare(&format!("{}, sigmoid", case.name), case.draft.0, Arithmetic::F32, 2e-6);
    }
}

#[test]
fn whole_numbers_match_reference() {
    for (height, width, from, to) in [(1, 1, 16, 48), (3, 5, 33, 70), (7, 7, 300, 50), (2, 9, 64, 52)] {
        let x = shape(height, width, from);
        let mut draft = Draft::new(x);
        let (weights, bias) = (draft.constant(&[from, to]), draft.constant(&[to]));
        draft.0.constants[weights] = draft.0.constants[weights].to_fixed(511);
        draft.step(
            0,
            shape(height, width, to),
            Op::Pointwise { weights, bias, gate: None },
            Epilogue::default(),
        );
        compare(&format!("pointwise {from} to {to}"), draft.0, Arithmetic::I16, 1e-3);
        for (kernel, stride, dilation, pad) in WINDOWS {
            if kernel > height.min(width) + 2 * pad || (kernel - 1) * dilation >= height.min(width) + 2 * pad
            {
                continue;
            }
            let w = window(kernel, stride, dilation, pad);
            let mut draft = Draft::new(x);
            let (weights, bias) = (draft.constant(&[kernel, kernel, from, to]), draft.constant(&[to]));
            // The more products a sum has, the coarser its pixels must be: fewer levels leave them room.
            let levels = if kernel > 5 { 63 } else { 511 };
            draft.0.constants[weights] = draft.0.constants[weights].to_fixed(levels);
            draft.step(0, windowed(x, to, w), Op::Conv { window: w, weights, bias }, Epilogue::default());
            compare(&format!("conv {from} to {to} {w:?}"), draft.0, Arithmetic::I16, 1e-3);
        }
    }
}

#[test]
fn the_largest_sums_do_not_overflow() {
    // Every product at its bound, all of one sign: the worst that weights and pixels can be.
    for sign in [1.0, -1.0] {
        let mut draft = Draft::new(shape(2, 2, 1536));
        let weights = Constant::f32([1536, 48], vec![sign; 1536 * 48]).to_fixed(1023);
        draft.0.constants = vec![weights, Constant::f32([48], vec![0.0; 48])];
        let op = Op::Pointwise { weights: 0, bias: 1, gate: None };
        draft.step(0, shape(2, 2, 48), op, Epilogue::default());
        let mut executor = Executor::new(draft.0, Arithmetic::I16).unwrap();
        executor.input().fill(0.7);
        executor.run();
        let want = sign * 1536.0 * 0.7;
        for value in executor.output() {
            assert!((value - want).abs() < 0.5, "got {value}, want {want}");
        }
    }
}

#[test]
fn nothing_is_taken_for_nothing() {
    for arithmetic in [Arithmetic::F32, Arithmetic::I16] {
        let mut draft = Draft::new(shape(3, 3, 40));
        let (weights, bias) = (draft.constant(&[40, 48]), draft.constant(&[48]));
        draft.step(0, shape(3, 3, 48), Op::Pointwise { weights, bias, gate: None }, Epilogue::default());
        let want = noise(48, 8);
        let mut executor = Executor::new(draft.0, arithmetic).unwrap();
        executor.input().fill(0.0);
        executor.run();
        assert!(executor.output().chunks_exact(48).all(|pixel| pixel == want), "{arithmetic:?}");
    }
}
