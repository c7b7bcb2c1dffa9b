//! The shapes that each kind of step wants.

use super::{Rule, activation, want};
use crate::plan::{Op, Plan, Shape, Step, Window};

/// Rows, and columns, of taps.
const KERNEL: usize = 64;
/// Rows, and columns, between two windows or two taps.
const STRIDE: usize = 64;

/// Checks one step of a plan whose buffers and constants are sound and in order.
pub(super) fn step(plan: &Plan, step: &Step) -> Rule {
    let (x, y) = (plan.buffers[step.x], plan.buffers[step.y]);
    op(plan, &step.op, x, y)?;
    activation(step.epilogue.activation)?;
    let Some(residual) = step.epilogue.residual else { return Ok(()) };
    let r = plan.buffers[residual.buffer];
    match residual.resize {
        None => want(r == y, || format!("adds a buffer of {r}, want {y}")),
        Some(_) => want(r.channels == y.channels, || {
            format!("adds a resized buffer of {} channels, want {}", r.channels, y.channels)
        }),
    }
}

/// Weights of a sound step, channels padded to a multiple of 4.
pub(super) fn packed_len(plan: &Plan, step: &Step) -> u64 {
    let (x, y) = (plan.buffers[step.x], plan.buffers[step.y]);
    let taps = |kernel: [usize; 2]| kernel[0] as u64 * kernel[1] as u64;
    let dense = x.stride() as u64 * y.stride() as u64;
    match &step.op {
        Op::Pointwise { .. } => dense,
        Op::Conv { window, .. } => taps(window.kernel) * dense,
        Op::Transposed { kernel, .. } => taps(*kernel) * dense,
        Op::Depthwise { window, .. } => taps(window.kernel) * x.stride() as u64,
        Op::Affine { .. } => 2 * x.stride() as u64,
        _ => 0,
    }
}

/// Pixels that a sound `regroup` step moves.
pub(super) fn regrouped(plan: &Plan, step: &Step) -> u64 {
    if matches!(step.op, Op::Regroup { .. }) { plan.buffers[step.y].pixels() as u64 } else { 0 }
}

fn op(plan: &Plan, op: &Op, x: Shape, y: Shape) -> Rule {
    let result = |height: usize, width: usize, channels: usize| {
        let wanted = Shape { height, width, channels };
        want(y == wanted, || format!("writes {y}, want {wanted} from {x}"))
    };
    let constant = |what: &str, index: usize, shape: &[usize]| {
        let count = plan.constants.len();
        want(index < count, || format!("{what} is constant {index}, want below {count}"))?;
        let got = &plan.constants[index].shape;
        want(got == shape, || format!("{what} is {got:?}, want {shape:?}"))
    };
    match op {
        Op::Pointwise { weights, bias, gate } => {
            result(x.height, x.width, y.channels)?;
            constant("weights", *weights, &[x.channels, y.channels])?;
            constant("bias", *bias, &[y.channels])?;
            let Some(gate) = gate else { return Ok(()) };
            let (got, wanted) = (plan.buffers[*gate], Shape { height: 1, width: 1, channels: x.channels });
            want(got == wanted, || format!("gate is {got}, want {wanted}"))
        }
        Op::Conv { window, weights, bias } => {
            taps(window, x, y)?;
            let [kernel_h, kernel_w] = window.kernel;
            constant("weights", *weights, &[kernel_h, kernel_w, x.channels, y.channels])?;
            constant("bias", *bias, &[y.channels])
        }
        Op::Depthwise { window, weights, bias } => {
            result(y.height, y.width, x.channels)?;
            taps(window, x, y)?;
            constant("weights", *weights, &[window.kernel[0], window.kernel[1], x.channels])?;
            constant("bias", *bias, &[x.channels])
        }
        Op::Transposed { kernel: [kernel_h, kernel_w], weights, bias } => {
            between("kernel", [*kernel_h, *kernel_w], KERNEL)?;
            result(x.height * kernel_h, x.width * kernel_w, y.channels)?;
            constant("weights", *weights, &[*kernel_h, *kernel_w, x.channels, y.channels])?;
            constant("bias", *bias, &[y.channels])
        }
        Op::Pool { window, kind: _ } => {
            result(y.height, y.width, x.channels)?;
            taps(window, x, y)?;
            filled(window, 0, x.height, y.height)?;
            filled(window, 1, x.width, y.width)
        }
        Op::Reduce { kind: _, axes: [rows, columns] } => {
            want(*rows || *columns, || "reduces no axis, want one or both".to_owned())?;
            let side = |reduced: bool, size: usize| if reduced { 1 } else { size };
            result(side(*rows, x.height), side(*columns, x.width), x.channels)
        }
        Op::Resize(_) => result(y.height, y.width, x.channels),
        Op::Softmax { axis: _ } | Op::Identity => result(x.height, x.width, x.channels),
        Op::Binary { kind: _, other } => {
            result(x.height, x.width, x.channels)?;
            let other = plan.buffers[*other];
            let sides = [(other.height, x.height), (other.width, x.width), (other.channels, x.channels)];
            want(sides.iter().all(|&(got, size)| got == size || got == 1), || {
                format!("other is {other}, want each axis as in {x}, or 1")
            })
        }
        Op::Affine { scale, bias } => {
            result(x.height, x.width, x.channels)?;
            constant("scale", *scale, &[x.channels])?;
            constant("bias", *bias, &[x.channels])
        }
        Op::Regroup { block, back } => {
            let (apart, grouped) = if *back { (y, x) } else { (x, y) };
            let [block_h, block_w] = *block;
            want(block_h > 0 && block_w > 0, || format!("block is {block:?}, want sides of 1 or more"))?;
            want(apart.height % block_h == 0 && apart.width % block_w == 0, || {
                format!("block is {block:?}, want sides that divide {apart}")
            })?;
            let wanted = Shape {
                height: block_h * block_w,
                width: (apart.height / block_h) * (apart.width / block_w),
                channels: apart.channels,
            };
            want(grouped == wanted, || format!("regroups {x} to {y}, want {wanted} in place of {grouped}"))
        }
        Op::Concat { others } => {
            let mut channels = x.channels;
            for &other in others {
                let other = plan.buffers[other];
                want((other.height, other.width) == (x.height, x.width), || {
                    format!("other is {other}, want height and width of {x}")
                })?;
                // Saturating, because others may be named any number of times.
                channels = channels.saturating_add(other.channels);
            }
            result(x.height, x.width, channels)
        }
        Op::Slice { start } => {
            result(x.height, x.width, y.channels)?;
            want(start.checked_add(y.channels).is_some_and(|end| end <= x.channels), || {
                format!("takes {} channels from {start} on, want them among {}", y.channels, x.channels)
            })
        }
    }
}

fn between(what: &str, sizes: [usize; 2], most: usize) -> Rule {
    want(sizes.iter().all(|size| (1..=most).contains(size)), || {
        format!("{what} is {sizes:?}, want 1 to {most} each")
    })
}

/// Whether each window begins inside the picture, or in the padding before it.
fn taps(window: &Window, x: Shape, y: Shape) -> Rule {
    let Window { kernel, stride, dilation, pad } = *window;
    between("kernel", kernel, KERNEL)?;
    between("stride", stride, STRIDE)?;
    between("dilation", dilation, STRIDE)?;
    for (axis, size, outputs) in [(0, x.height, y.height), (1, x.width, y.width)] {
        let reach = kernel[axis] * dilation[axis];
        want(pad[axis] < reach, || format!("pad is {pad:?}, want below {reach} on axis {axis}"))?;
        let last = (outputs - 1) * stride[axis];
        want(last < size + pad[axis], || {
            let most = (size + pad[axis] - 1) / stride[axis] + 1;
            format!("{outputs} windows on axis {axis}, want at most {most} over {size}")
        })?;
    }
    Ok(())
}

/// Whether each window has a tap inside the picture, on one axis.
fn filled(window: &Window, axis: usize, size: usize, outputs: usize) -> Rule {
    let (stride, dilation, pad) = (window.stride[axis], window.dilation[axis], window.pad[axis]);
    for o in 0..outputs {
        // The first tap that is not before the picture.
        let tap = pad.saturating_sub(o * stride).div_ceil(dilation);
        want(tap < window.kernel[axis] && o * stride + tap * dilation - pad < size, || {
            format!("window {o} on axis {axis} has no tap inside {size}, want one")
        })?;
    }
    Ok(())
}
