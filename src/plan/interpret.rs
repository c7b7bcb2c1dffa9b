//! The plan's formulas, one value at a time: what its items say, and nothing else.
//!
//! Every place is an index into a slice, so a plan that reaches beyond one panics here.

use super::{Activation, Axis, Binary, Constant, Data, Op, Plan, Pool, Reduce, Resize, Shape, Window};

/// One buffer, without padding.
#[derive(Clone)]
struct Picture {
    shape: Shape,
    values: Vec<f32>,
}

impl Picture {
    fn at(&self, y: usize, x: usize, c: usize) -> f32 {
        let Shape { height, width, channels } = self.shape;
        assert!(y < height && x < width && c < channels, "({y}, {x}, {c}) of {}", self.shape);
        self.values[(y * width + x) * channels + c]
    }
}

/// Runs `plan` on `input`, `[height, width, channels]` without padding; gives the output so.
pub(crate) fn interpret(plan: &Plan, input: &[f32]) -> Vec<f32> {
    let empty = |&shape: &Shape| Picture { shape, values: Vec::new() };
    let mut buffers: Vec<Picture> = plan.buffers.iter().map(empty).collect();
    let shape = plan.buffers[plan.input];
    assert_eq!(input.len(), shape.pixels() * shape.channels);
    buffers[plan.input].values = input.to_vec();
    for step in &plan.steps {
        let y = plan.buffers[step.y];
        let mut values = Vec::new();
        for oy in 0..y.height {
            for ox in 0..y.width {
                for o in 0..y.channels {
                    let mut value = formula(plan, &buffers, &step.op, step.x, step.y, [oy, ox, o]);
                    let residual = step.epilogue.residual.map(|residual| {
                        let source = &buffers[residual.buffer];
                        let sum = match residual.resize {
                            Some(resize) => resized(resize, source, y, [oy, ox, o]),
                            None => source.at(oy, ox, o),
                        };
                        (sum, residual.after)
                    });
                    if let Some((sum, false)) = residual {
                        value += sum;
                    }
                    value = activated(step.epilogue.activation, value);
                    if let Some((sum, true)) = residual {
                        value += sum;
                    }
                    values.push(value);
                }
            }
        }
        buffers[step.y].values = values;
    }
    buffers.swap_remove(plan.output).values
}

fn formula(plan: &Plan, buffers: &[Picture], op: &Op, x: usize, y: usize, [oy, ox, o]: [usize; 3]) -> f32 {
    let (x, y) = (&buffers[x], plan.buffers[y]);
    let Shape { height, width, channels } = x.shape;
    let constant = |index: usize, at: &[usize]| value_at(&plan.constants[index], at);
    match op {
        Op::Pointwise { weights, bias, gate } => (0..channels).fold(constant(*bias, &[o]), |sum, i| {
            let gate = gate.map_or(1.0, |gate| buffers[gate].at(0, 0, i));
            sum + gate * x.at(oy, ox, i) * constant(*weights, &[i, o])
        }),
        Op::Conv { window, weights, bias } => {
            taps(window, x.shape, oy, ox).iter().fold(constant(*bias, &[o]), |sum, &[ky, kx, iy, ix]| {
                (0..channels).fold(sum, |sum, i| sum + x.at(iy, ix, i) * constant(*weights, &[ky, kx, i, o]))
            })
        }
        Op::Depthwise { window, weights, bias } => {
            taps(window, x.shape, oy, ox).iter().fold(constant(*bias, &[o]), |sum, &[ky, kx, iy, ix]| {
                sum + x.at(iy, ix, o) * constant(*weights, &[ky, kx, o])
            })
        }
        Op::Transposed { kernel: [kh, kw], weights, bias } => (0..channels)
            .fold(constant(*bias, &[o]), |sum, i| {
                sum + x.at(oy / kh, ox / kw, i) * constant(*weights, &[oy % kh, ox % kw, i, o])
            }),
        Op::Pool { window, kind } => {
            let inside = taps(window, x.shape, oy, ox);
            assert!(!inside.is_empty(), "window ({oy}, {ox}) of {window:?}");
            let values = inside.iter().map(|&[_, _, iy, ix]| x.at(iy, ix, o));
            match kind {
                Pool::Max => values.fold(f32::NEG_INFINITY, f32::max),
                Pool::Mean => values.sum::<f32>() / inside.len() as f32,
            }
        }
        Op::Reduce { kind, axes: [rows, columns] } => {
            let along = |whole: bool, size: usize, o: usize| if whole { 0..size } else { o..o + 1 };
            let mut values = Vec::new();
            for iy in along(*rows, height, oy) {
                values.extend(along(*columns, width, ox).map(|ix| x.at(iy, ix, o)));
            }
            let sum: f32 = values.iter().sum();
            if *kind == Reduce::Mean { sum / values.len() as f32 } else { sum }
        }
        Op::Resize(resize) => resized(*resize, x, y, [oy, ox, o]),
        Op::Softmax { axis } => {
            let sum: f32 = match axis {
                Axis::Height => (0..height).map(|iy| x.at(iy, ox, o).exp()).sum(),
                Axis::Width => (0..width).map(|ix| x.at(oy, ix, o).exp()).sum(),
                Axis::Channels => (0..channels).map(|c| x.at(oy, ox, c).exp()).sum(),
            };
            x.at(oy, ox, o).exp() / sum
        }
        Op::Binary { kind, other } => {
            let other = &buffers[*other];
            let along = |size: usize, o: usize| if size == 1 { 0 } else { o };
            let Shape { height, width, channels } = other.shape;
            let (a, b) = (x.at(oy, ox, o), other.at(along(height, oy), along(width, ox), along(channels, o)));
            match kind {
                Binary::Add => a + b,
                Binary::Sub => a - b,
                Binary::Mul => a * b,
                Binary::Div => a / b,
                Binary::Max => a.max(b),
                Binary::Min => a.min(b),
            }
        }
        Op::Affine { scale, bias } => x.at(oy, ox, o) * constant(*scale, &[o]) + constant(*bias, &[o]),
        Op::Regroup { block: [bh, bw], back: false } => {
            let columns = width / bw;
            x.at(ox / columns * bh + oy / bw, ox % columns * bw + oy % bw, o)
        }
        Op::Regroup { block: [bh, bw], back: true } => {
            let columns = y.width / bw;
            x.at(oy % bh * bw + ox % bw, oy / bh * columns + ox / bw, o)
        }
        Op::Concat { others } => {
            let mut c = o;
            for part in std::iter::once(x).chain(others.iter().map(|&other| &buffers[other])) {
                if c < part.shape.channels {
                    return part.at(oy, ox, c);
                }
                c -= part.shape.channels;
            }
            panic!("channel {o} of {others:?}")
        }
        Op::Slice { start } => x.at(oy, ox, start + o),
        Op::Identity => x.at(oy, ox, o),
    }
}

fn value_at(constant: &Constant, at: &[usize]) -> f32 {
    assert_eq!(constant.shape.len(), at.len(), "axes of {:?}", constant.shape);
    let flat = constant.shape.iter().zip(at).fold(0, |flat, (&size, &i)| {
        assert!(i < size, "{at:?} of {:?}", constant.shape);
        flat * size + i
    });
    match &constant.data {
        Data::F32(values) => values[flat],
        Data::F16(values) => super::half::widen(values[flat]),
        Data::Fixed { values, scales } => f32::from(values[flat]) * scales[flat % scales.len()],
    }
}

/// `[ky, kx, iy, ix]` of each tap inside the picture.
fn taps(window: &Window, x: Shape, oy: usize, ox: usize) -> Vec<[usize; 4]> {
    let inside = |axis: usize, o: usize, k: usize, size: usize| {
        let i = (o * window.stride[axis] + k * window.dilation[axis]).checked_sub(window.pad[axis])?;
        (i < size).then_some(i)
    };
    let mut taps = Vec::new();
    for ky in 0..window.kernel[0] {
        for kx in 0..window.kernel[1] {
            if let (Some(iy), Some(ix)) = (inside(0, oy, ky, x.height), inside(1, ox, kx, x.width)) {
                taps.push([ky, kx, iy, ix]);
            }
        }
    }
    taps
}

fn resized(resize: Resize, source: &Picture, y: Shape, [oy, ox, o]: [usize; 3]) -> f32 {
    // Two places of the source and how much of the second is taken.
    let place = |o: usize, size: usize, out: usize| {
        let at = match resize {
            Resize::Nearest => return (o * size / out, o * size / out, 0.0),
            Resize::Bilinear => {
                ((o as f32 + 0.5) * size as f32 / out as f32 - 0.5).clamp(0.0, (size - 1) as f32)
            }
            Resize::Corners if out == 1 => 0.0,
            Resize::Corners => o as f32 * (size - 1) as f32 / (out - 1) as f32,
        };
        let low = at.floor() as usize;
        (low, (low + 1).min(size - 1), at - at.floor())
    };
    let (top, bottom, down) = place(oy, source.shape.height, y.height);
    let (left, right, across) = place(ox, source.shape.width, y.width);
    let row = |iy| source.at(iy, left, o) * (1.0 - across) + source.at(iy, right, o) * across;
    row(top) * (1.0 - down) + row(bottom) * down
}

fn activated(activation: Activation, v: f32) -> f32 {
    match activation {
        Activation::None => v,
        Activation::Relu => v.max(0.0),
        Activation::Clip { low, high } => v.max(low).min(high),
        Activation::LeakyRelu { slope } => {
            if v > 0.0 {
                v
            } else {
                v * slope
            }
        }
        Activation::HardSigmoid { slope, offset } => (v * slope + offset).clamp(0.0, 1.0),
        Activation::HardSwish => v * (v + 3.0).clamp(0.0, 6.0) / 6.0,
        Activation::Sigmoid => 1.0 / (1.0 + (-v).exp()),
        Activation::Silu => v / (1.0 + (-v).exp()),
        Activation::Tanh => v.tanh(),
    }
}
