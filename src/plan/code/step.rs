//! Steps as bytes.

use super::wire::{Reader, Result, Writer};
use crate::plan::check::CHANNELS;
use crate::plan::{Activation, Axis, Binary, Epilogue, Op, Pool, Reduce, Residual, Resize, Step, Window};

const BOOLS: [bool; 2] = [false, true];
const POOLS: [Pool; 2] = [Pool::Max, Pool::Mean];
const REDUCES: [Reduce; 2] = [Reduce::Mean, Reduce::Sum];
const RESIZES: [Resize; 3] = [Resize::Nearest, Resize::Bilinear, Resize::Corners];
const MAYBE_RESIZES: [Option<Resize>; 4] =
    [None, Some(Resize::Nearest), Some(Resize::Bilinear), Some(Resize::Corners)];
const AXES: [Axis; 3] = [Axis::Height, Axis::Width, Axis::Channels];
const BINARIES: [Binary; 6] = [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Max, Binary::Min];

/// Appends one step.
pub(super) fn write(writer: &mut Writer, step: &Step) {
    writer.sizes(&[step.x, step.y]);
    match &step.op {
        Op::Pointwise { weights, bias, gate } => {
            writer.sizes(&[0, *weights, *bias]);
            writer.optional(*gate);
        }
        Op::Conv { window, weights, bias } => {
            writer.size(1);
            write_window(writer, window);
            writer.sizes(&[*weights, *bias]);
        }
        Op::Depthwise { window, weights, bias } => {
            writer.size(2);
            write_window(writer, window);
            writer.sizes(&[*weights, *bias]);
        }
        Op::Transposed { kernel, weights, bias } => {
            writer.size(3);
            writer.sizes(kernel);
            writer.sizes(&[*weights, *bias]);
        }
        Op::Pool { window, kind } => {
            writer.size(4);
            write_window(writer, window);
            writer.kind(kind, &POOLS);
        }
        Op::Reduce { kind, axes } => {
            writer.size(5);
            writer.kind(kind, &REDUCES);
            axes.iter().for_each(|axis| writer.kind(axis, &BOOLS));
        }
        Op::Resize(resize) => {
            writer.size(6);
            writer.kind(resize, &RESIZES);
        }
        Op::Softmax { axis } => {
            writer.size(7);
            writer.kind(axis, &AXES);
        }
        Op::Binary { kind, other } => {
            writer.size(8);
            writer.kind(kind, &BINARIES);
            writer.size(*other);
        }
        Op::Affine { scale, bias } => writer.sizes(&[9, *scale, *bias]),
        Op::Regroup { block, back } => {
            writer.size(10);
            writer.sizes(block);
            writer.kind(back, &BOOLS);
        }
        Op::Concat { others } => {
            writer.sizes(&[11, others.len()]);
            writer.sizes(others);
        }
        Op::Slice { start } => writer.sizes(&[12, *start]),
        Op::Identity => writer.size(13),
    }
    write_epilogue(writer, &step.epilogue);
}

/// Reads what [`write`] wrote.
pub(super) fn read(reader: &mut Reader) -> Result<Step> {
    let (x, y) = (reader.size()?, reader.size()?);
    let op = match reader.size()? {
        0 => Op::Pointwise { weights: reader.size()?, bias: reader.size()?, gate: reader.optional()? },
        1 => Op::Conv { window: read_window(reader)?, weights: reader.size()?, bias: reader.size()? },
        2 => Op::Depthwise { window: read_window(reader)?, weights: reader.size()?, bias: reader.size()? },
        3 => Op::Transposed { kernel: reader.pair()?, weights: reader.size()?, bias: reader.size()? },
        4 => Op::Pool { window: read_window(reader)?, kind: reader.kind("pool", &POOLS)? },
        5 => Op::Reduce {
            kind: reader.kind("reduce", &REDUCES)?,
            axes: [reader.kind("rows", &BOOLS)?, reader.kind("columns", &BOOLS)?],
        },
        6 => Op::Resize(reader.kind("resize", &RESIZES)?),
        7 => Op::Softmax { axis: reader.kind("axis", &AXES)? },
        8 => Op::Binary { kind: reader.kind("binary", &BINARIES)?, other: reader.size()? },
        9 => Op::Affine { scale: reader.size()?, bias: reader.size()? },
        10 => Op::Regroup { block: reader.pair()?, back: reader.kind("back", &BOOLS)? },
        11 => Op::Concat { others: reader.list("others", CHANNELS, Reader::size)? },
        12 => Op::Slice { start: reader.size()? },
        13 => Op::Identity,
        kind => return Err(format!("step of kind {kind}, want below 14")),
    };
    Ok(Step { x, y, op, epilogue: read_epilogue(reader)? })
}

fn write_window(writer: &mut Writer, window: &Window) {
    for pair in [window.kernel, window.stride, window.dilation, window.pad] {
        writer.sizes(&pair);
    }
}

fn read_window(reader: &mut Reader) -> Result<Window> {
    Ok(Window {
        kernel: reader.pair()?,
        stride: reader.pair()?,
        dilation: reader.pair()?,
        pad: reader.pair()?,
    })
}

fn write_epilogue(writer: &mut Writer, epilogue: &Epilogue) {
    let (kind, numbers): (usize, &[f32]) = match &epilogue.activation {
        Activation::None => (0, &[]),
        Activation::Relu => (1, &[]),
        Activation::Clip { low, high } => (2, &[*low, *high]),
        Activation::LeakyRelu { slope } => (3, &[*slope]),
        Activation::HardSigmoid { slope, offset } => (4, &[*slope, *offset]),
        Activation::HardSwish => (5, &[]),
        Activation::Sigmoid => (6, &[]),
        Activation::Silu => (7, &[]),
        Activation::Tanh => (8, &[]),
    };
    writer.size(kind);
    numbers.iter().for_each(|&number| writer.f32(number));
    writer.optional(epilogue.residual.map(|residual| residual.buffer));
    if let Some(residual) = &epilogue.residual {
        writer.kind(&residual.resize, &MAYBE_RESIZES);
        writer.kind(&residual.after, &BOOLS);
    }
}

fn read_epilogue(reader: &mut Reader) -> Result<Epilogue> {
    let activation = match reader.size()? {
        0 => Activation::None,
        1 => Activation::Relu,
        2 => Activation::Clip { low: reader.f32()?, high: reader.f32()? },
        3 => Activation::LeakyRelu { slope: reader.f32()? },
        4 => Activation::HardSigmoid { slope: reader.f32()?, offset: reader.f32()? },
        5 => Activation::HardSwish,
        6 => Activation::Sigmoid,
        7 => Activation::Silu,
        8 => Activation::Tanh,
        kind => return Err(format!("activation of kind {kind}, want below 9")),
    };
    let residual = match reader.optional()? {
        Some(buffer) => Some(Residual {
            buffer,
            resize: reader.kind("resize", &MAYBE_RESIZES)?,
            after: reader.kind("after", &BOOLS)?,
        }),
        None => None,
    };
    Ok(Epilogue { activation, residual })
}
