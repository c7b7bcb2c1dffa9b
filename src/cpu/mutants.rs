//! The executor against the plan's formulas, on plans that no one thought of.

use super::{Arithmetic, Executor};
use crate::plan::interpret::interpret;
use crate::plan::samples::{is_quick, picture, samples};
use crate::plan::{Plan, mutants};

fn run(plan: &Plan, picture: &[f32]) -> Vec<f32> {
    let mut executor = Executor::new(plan.clone(), Arithmetic::F32).unwrap();
    let [from, to] = executor.shapes();
    let pixels = executor.input().chunks_exact_mut(from.stride()).zip(picture.chunks_exact(from.channels));
    for (padded, pixel) in pixels {
        padded.fill(0.0);
        padded[..from.channels].copy_from_slice(pixel);
    }
    executor.run();
    executor
        .output()
        .chunks_exact(executor.output_stride())
        .flat_map(|pixel| pixel[..to.channels].to_vec())
        .collect()
}

#[test]
fn plans_with_changed_bytes_run_as_their_formulas_say() {
    for sample in samples() {
        let mut count = 0;
        for plan in std::iter::once(sample.clone()).chain(mutants(&sample, 5000)).filter(is_quick) {
            let picture = picture(plan.buffers[plan.input]);
            let (got, want) = (run(&plan, &picture), interpret(&plan, &picture));
            assert_eq!(got.len(), want.len());
            for (i, (got, want)) in got.iter().zip(&want).enumerate() {
                // Changed weights may be huge; what they give is compared no more than it is defined.
                let defined = want.is_finite() && got.is_finite() && want.abs() < 1e3;
                let near = (got - want).abs() <= 1e-4 * want.abs().max(1.0);
                assert!(near || !defined, "{i}: got {got}, want {want} of {plan:?}");
            }
            count += 1;
        }
        assert!(count > 200, "{count} plans");
    }
}
