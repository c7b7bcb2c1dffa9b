//! Whether a plan can be run: after [`check`] no executor reads or writes out of bounds, overflows,
//! divides by 0, or allocates more than the limits below.
//!
//! Plans come out of files, so nothing is taken for granted here.

mod ops;
#[cfg(test)]
mod tests;

use super::{Activation, Constant, Data, Plan, Shape, arena, half};
use crate::error::{Error, ErrorKind, Result};

/// Steps of a plan.
pub(super) const STEPS: usize = 4096;
/// Buffers of a plan.
pub(super) const BUFFERS: usize = 8192;
/// Constants of a plan.
pub(super) const CONSTANTS: usize = 8192;
/// Rows, and columns, of a buffer.
const SIDE: usize = 8192;
/// Channels of a buffer.
pub(super) const CHANNELS: usize = 16384;
/// Values in memory of one buffer.
const BUFFER_LEN: u64 = 1 << 26;
/// Values in memory of all buffers, after reuse.
const ARENA_LEN: usize = 1 << 27;
/// Values of all constants together.
const CONSTANT_LEN: u64 = 1 << 27;
/// Weights of all steps together, channels padded as in a buffer: executors pack them for each step.
const PACKED_LEN: u64 = 1 << 27;
/// Pixels that all `regroup` steps move together: executors may note the place of each.
const REGROUPED: u64 = 1 << 24;
/// Axes of a constant.
pub(super) const RANK: usize = 4;

/// What one rule says: the bad value and the wanted one.
type Rule = std::result::Result<(), String>;

fn want(holds: bool, message: impl FnOnce() -> String) -> Rule {
    if holds { Ok(()) } else { Err(message()) }
}

fn at_most(what: &str, got: usize, most: usize) -> Rule {
    want(got <= most, || format!("{got} {what}, want at most {most}"))
}

/// Proves that `plan` can be run as [`Plan`]'s items say.
///
/// # Errors
/// `UnsupportedModel`, naming the step, what is wrong with it and what was wanted.
pub fn check(plan: &Plan) -> Result<()> {
    rules(plan).map_err(|message| Error::new(ErrorKind::UnsupportedModel, format!("bad plan: {message}")))
}

fn rules(plan: &Plan) -> Rule {
    at_most("buffers", plan.buffers.len(), BUFFERS)?;
    at_most("constants", plan.constants.len(), CONSTANTS)?;
    at_most("steps", plan.steps.len(), STEPS)?;
    for (b, &shape) in plan.buffers.iter().enumerate() {
        buffer(shape).map_err(|message| format!("buffer {b}: {message}"))?;
    }
    let mut total = 0_u64;
    for (c, constant) in plan.constants.iter().enumerate() {
        total += elements(constant).map_err(|message| format!("constant {c}: {message}"))?;
        want(total <= CONSTANT_LEN, || format!("more than {CONSTANT_LEN} values up to constant {c}"))?;
    }
    order(plan)?;
    let (mut packed, mut regrouped) = (0, 0);
    for (s, step) in plan.steps.iter().enumerate() {
        ops::step(plan, step).map_err(|message| format!("step {s} ({}): {message}", step.op.name()))?;
        packed += ops::packed_len(plan, step);
        regrouped += ops::regrouped(plan, step);
        want(packed <= PACKED_LEN && regrouped <= REGROUPED, || {
            format!(
                "steps up to {s} take {packed} weights and regroup {regrouped} pixels, want at most {PACKED_LEN} and {REGROUPED}"
            )
        })?;
    }
    let len = arena(plan).len;
    want(len <= ARENA_LEN, || format!("buffers take {len} values at once, want at most {ARENA_LEN}"))
}

fn buffer(shape: Shape) -> Rule {
    let Shape { height, width, channels } = shape;
    let sound = |size: usize, most: usize| (1..=most).contains(&size);
    want(sound(height, SIDE) && sound(width, SIDE) && sound(channels, CHANNELS), || {
        format!("is {shape}, want sides of 1 to {SIDE} and 1 to {CHANNELS} channels")
    })?;
    let len = height as u64 * width as u64 * channels.next_multiple_of(4) as u64;
    want(len <= BUFFER_LEN, || format!("is {shape}, {len} values in memory, want at most {BUFFER_LEN}"))
}

/// How many values a constant has, if it is sound.
fn elements(constant: &Constant) -> std::result::Result<u64, String> {
    let Constant { shape, data } = constant;
    want((1..=RANK).contains(&shape.len()), || format!("{} axes, want 1 to {RANK}", shape.len()))?;
    let product = shape.iter().try_fold(1_u64, |product, &size| product.checked_mul(size as u64));
    let Some(count @ 1..=CONSTANT_LEN) = product else {
        return Err(format!("is {shape:?}, want 1 to {CONSTANT_LEN} values"));
    };
    let len = constant.len();
    want(len as u64 == count, || format!("{len} values, want {count} for the shape {shape:?}"))?;
    match data {
        Data::F32(values) => all(values, |value| value.is_finite(), "finite")?,
        Data::F16(values) => all(values, half::is_finite, "finite")?,
        Data::Fixed { values, scales } => {
            let outputs = shape[shape.len() - 1];
            want(scales.len() == outputs, || format!("{} scales, want {outputs}", scales.len()))?;
            all(values, |value| value != i16::MIN, "-32767 or more")?;
            // The largest value times its scale is finite as well.
            all(scales, |scale| scale > 0.0 && scale <= f32::MAX / 32768.0, "a scale above 0 and finite")?;
        }
    }
    Ok(count)
}

/// Whether `rule` holds for each value; megabytes are looked at, so in runs without a branch.
fn all<T: Copy + std::fmt::Debug>(values: &[T], rule: impl Fn(T) -> bool, wanted: &str) -> Rule {
    for (run, part) in values.chunks(1024).enumerate() {
        if !part.iter().fold(true, |sound, &value| sound & rule(value))
            && let Some(at) = part.iter().position(|&value| !rule(value))
        {
            return Err(format!("value {:?} at {}, want {wanted}", part[at], run * 1024 + at));
        }
    }
    Ok(())
}

/// Every buffer is written once and before it is read; the input is there from the start.
fn order(plan: &Plan) -> Rule {
    let count = plan.buffers.len();
    for (what, buffer) in [("input", plan.input), ("output", plan.output)] {
        want(buffer < count, || format!("{what} is buffer {buffer}, want below {count}"))?;
    }
    want(plan.input != plan.output, || format!("buffer {} is both input and output", plan.input))?;
    let mut written = vec![false; count];
    written[plan.input] = true;
    for (s, step) in plan.steps.iter().enumerate() {
        let name = step.op.name();
        for buffer in step.reads() {
            want(buffer < count, || format!("step {s} ({name}): reads buffer {buffer}, want below {count}"))?;
            want(written[buffer], || {
                format!("step {s} ({name}): reads buffer {buffer}, want one that an earlier step writes")
            })?;
        }
        let y = step.y;
        want(y < count, || format!("step {s} ({name}): writes buffer {y}, want below {count}"))?;
        want(!written[y], || {
            format!("step {s} ({name}): writes buffer {y}, want one that is not the input nor written before")
        })?;
        written[y] = true;
    }
    match written.iter().position(|&written| !written) {
        Some(buffer) => Err(format!("no step writes buffer {buffer}, want one for each but the input")),
        None => Ok(()),
    }
}

fn activation(activation: Activation) -> Rule {
    let finite = |numbers: [f32; 2]| {
        want(numbers.iter().all(|number| number.is_finite()), || {
            format!("{activation:?}, want finite numbers")
        })
    };
    match activation {
        Activation::Clip { low, high } => {
            finite([low, high])?;
            want(low <= high, || format!("clips from {low} to {high}, want the first not above the second"))
        }
        Activation::LeakyRelu { slope } => finite([slope, 0.0]),
        Activation::HardSigmoid { slope, offset } => finite([slope, offset]),
        Activation::None
        | Activation::Relu
        | Activation::HardSwish
        | Activation::Sigmoid
        | Activation::Silu
        | Activation::Tanh => Ok(()),
    }
}
