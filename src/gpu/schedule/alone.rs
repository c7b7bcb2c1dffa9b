//! One step, one dispatch; of a concatenation one for each part.

use super::pack::{matrices, padded, squares};
use super::{Draft, Operand, Pass, activation};
use crate::gpu::shader::Shader;
use crate::gpu::steps;
use crate::plan::{Axis, Binary, Epilogue, Op, Pool, Reduce, Resize, Shape, Step, Window};

/// Parameters, in the order of a shader's `Params`.
#[derive(Default)]
pub(super) struct Words(pub(super) Vec<u32>);

impl Words {
    pub(super) fn push(&mut self, values: impl IntoIterator<Item = usize>) {
        self.0.extend(values.into_iter().map(|value| value as u32));
    }
}

/// What the epilogue of a step is to a shader.
pub(super) struct Finish {
    pub(super) constants: Vec<f64>,
    pub(super) words: Words,
    /// The buffer that is bound as the residual.
    pub(super) residual: usize,
}

impl Draft<'_> {
    /// `lanes` are invocations side by side. `other` is bound as the residual if there is none.
    pub(super) fn finish(
        &self,
        epilogue: &Epilogue,
        y: Shape,
        stride: usize,
        lanes: usize,
        other: usize,
    ) -> Finish {
        let (kind, a, b) = activation(epilogue.activation);
        let (how, after, residual) = epilogue.residual.map_or((0, false, other), |residual| {
            let how = residual.resize.map_or(1, resize_kind);
            (how, residual.after, residual.buffer)
        });
        let mut words = Words::default();
        let r = self.shape(residual);
        words.push([y.height, y.width, stride, lanes, r.height, r.width]);
        words.0.extend([a, b].map(f32::to_bits));
        Finish { constants: vec![kind.into(), how.into(), f64::from(u8::from(after))], words, residual }
    }

    /// Adds the dispatch that does one step alone, or those of a concatenation.
    pub(super) fn step(&mut self, at: usize) {
        let step = &self.plan.steps[at];
        let (x, y) = (self.shape(step.x), self.shape(step.y));
        match &step.op {
            Op::Pointwise { weights, bias, gate } => {
                let tile = Tile::of(1, y.pixels(), y.stride());
                let operands = [
                    self.weights(*weights, |values| squares(&matrices(values, x, y), y.stride())),
                    self.scales(*weights, *bias, y, 1, y.stride()),
                    Operand::Tensor(step.x),
                    Operand::Tensor(gate.unwrap_or(step.x)),
                ];
                let [blocks, eight] = tile.constants();
                let constants = [blocks, eight, f64::from(u8::from(gate.is_some()))];
                let words = [x.stride() / 4];
                let invocations = [tile.invocations, 1];
                self.push(at, &steps::POINTWISE, &constants, words, &operands, tile.lanes, invocations);
            }
            Op::Conv { window, weights, bias } => {
                let tile = Tile::of(y.height, y.width, y.stride());
                let operands = [
                    self.weights(*weights, |values| squares(&matrices(values, x, y), y.stride())),
                    self.scales(*weights, *bias, y, 1, y.stride()),
                    Operand::Tensor(step.x),
                ];
                let words = windowed(window, [x.height, x.width, x.stride() / 4]);
                let invocations = [tile.invocations, 1];
                self.push(at, &steps::CONV, &tile.constants(), words, &operands, tile.lanes, invocations);
            }
            Op::Transposed { kernel, weights, bias } => self.transposed(at, step, *kernel, *weights, *bias),
            Op::Depthwise { window, weights, bias } => {
                let operands = [
                    self.weights(*weights, |values| padded(values, y)),
                    self.scales(*weights, *bias, y, 1, y.stride()),
                    Operand::Tensor(step.x),
                ];
                let (taps, apart) = (window.kernel[1], window.stride[1]);
                let slides = window.dilation[1] == 1 && apart <= 2 && (taps == 3 || taps == 5);
                let lanes = y.stride() / 4;
                let tiles = |size| y.height * y.width.div_ceil(size) * lanes;
                let eight = slides && apart == 1 && y.width > 4 && tiles(8) >= BUSY;
                let [taps, apart] = if slides { [taps, apart] } else { [0, 0] };
                let constants = [taps as f64, apart as f64, f64::from(u8::from(eight))];
                let words = windowed(window, [x.height, x.width]);
                let invocations = [tiles(if eight { 8 } else { 4 }), 1];
                self.push(at, &steps::DEPTHWISE, &constants, words, &operands, lanes, invocations);
            }
            Op::Pool { window, kind } => {
                let constants = [f64::from(u8::from(*kind == Pool::Mean))];
                let words = windowed(window, [x.height, x.width]);
                let lanes = y.stride();
                let operands = [Operand::Tensor(step.x)];
                self.push(at, &steps::POOL, &constants, words, &operands, lanes, [lanes, row_fours(y)]);
            }
            Op::Reduce { kind, axes: [over_rows, over_columns] } => {
                let rows = if *over_rows { x.height } else { 1 };
                let columns = if *over_columns { x.width } else { 1 };
                let factor = match kind {
                    Reduce::Mean => 1.0 / (rows * columns) as f32,
                    Reduce::Sum => 1.0,
                };
                let words = [rows, columns, x.width, factor.to_bits() as usize];
                let lanes = y.stride();
                let operands = [Operand::Tensor(step.x)];
                self.push(at, &steps::REDUCE, &[], words, &operands, lanes, [lanes, fours(y)]);
            }
            Op::Resize(resize) => {
                let constants = [f64::from(resize_kind(*resize))];
                let lanes = y.stride();
                let operands = [Operand::Tensor(step.x)];
                let words = [x.height, x.width];
                self.push(at, &steps::RESIZE, &constants, words, &operands, lanes, [lanes, fours(y)]);
            }
            Op::Softmax { axis } => {
                let line = match axis {
                    Axis::Height => [x.height, x.height, x.width * x.stride()],
                    Axis::Width => [x.width, x.width, x.stride()],
                    Axis::Channels => [x.stride(), x.channels, 1],
                };
                let words = [x.channels].into_iter().chain(line);
                let lanes = y.stride();
                let operands = [Operand::Tensor(step.x)];
                self.push(at, &steps::SOFTMAX, &[], words, &operands, lanes, [lanes, fours(y)]);
            }
            Op::Binary { kind, other } => {
                let o = self.shape(*other);
                let apart = |size: usize, step: usize| if size == 1 { 0 } else { step };
                let words = [
                    x.channels,
                    apart(o.height, o.width * o.stride()),
                    apart(o.width, o.stride()),
                    apart(o.channels, 1),
                ];
                let constants = [f64::from(binary(*kind))];
                let lanes = y.stride();
                let operands = [Operand::Tensor(step.x), Operand::Tensor(*other)];
                self.push(at, &steps::BINARY, &constants, words, &operands, lanes, [lanes, fours(y)]);
            }
            Op::Affine { scale, bias } => {
                let lanes = y.stride();
                let operands = [
                    self.numbers(self.vector(*scale, y)),
                    self.numbers(self.vector(*bias, y)),
                    Operand::Tensor(step.x),
                ];
                self.push(at, &steps::AFFINE, &[], [], &operands, lanes, [lanes, fours(y)]);
            }
            Op::Regroup { block, back } => {
                let constants = [f64::from(u8::from(*back))];
                let words = [block[0], block[1], x.width];
                let lanes = y.stride();
                let operands = [Operand::Tensor(step.x)];
                self.push(at, &steps::REGROUP, &constants, words, &operands, lanes, [lanes, fours(y)]);
            }
            Op::Concat { others } => {
                let mut to = 0;
                let parts: Vec<usize> = std::iter::once(step.x).chain(others.iter().copied()).collect();
                for (i, &part) in parts.iter().enumerate() {
                    let count = self.shape(part).channels;
                    // The last part clears the padding.
                    let lanes = if i + 1 == parts.len() { y.stride() - to } else { count };
                    self.copy(at, part, [0, to, count], lanes);
                    to += count;
                }
            }
            Op::Slice { start } => self.copy(at, step.x, [*start, 0, y.channels], y.stride()),
            Op::Identity => self.copy(at, step.x, [0, 0, y.channels], y.stride()),
        }
    }

    /// Some channels of `x`: the first one there and in the result, and how many.
    fn copy(&mut self, at: usize, x: usize, [from, to, count]: [usize; 3], lanes: usize) {
        let y = self.shape(self.plan.steps[at].y);
        let words = [from, to, count, self.shape(x).stride()];
        self.push(at, &steps::CONCAT, &[], words, &[Operand::Tensor(x)], lanes, [lanes, fours(y)]);
    }

    fn transposed(&mut self, at: usize, step: &Step, kernel: [usize; 2], weights: usize, bias: usize) {
        let (x, y) = (self.shape(step.x), self.shape(step.y));
        let stride = y.stride();
        let taps = kernel[0] * kernel[1];
        let width = taps * stride;
        let tile = Tile::of(1, x.pixels(), width);
        // From a matrix for each tap to one whose rows are those of all taps, side by side.
        let pack = |values: &[f32]| {
            let mut together = vec![0.0; x.stride() * width];
            for (row, values) in padded(values, y).chunks_exact(stride).enumerate() {
                let (tap, i) = (row / x.channels, row % x.channels);
                together[i * width + tap * stride..][..stride].copy_from_slice(values);
            }
            squares(&together, width)
        };
        let operands = [
            self.weights(weights, pack),
            self.scales(weights, bias, y, taps, width),
            Operand::Tensor(step.x),
        ];
        let words = [kernel[0], kernel[1], x.height, x.width, x.stride() / 4];
        let invocations = [tile.invocations, 1];
        self.push(at, &steps::TRANSPOSED, &tile.constants(), words, &operands, tile.lanes, invocations);
    }

    /// Adds the dispatch of step `at`. `constants`, `words` and `operands` are those after the epilogue's
    /// and before the result.
    #[expect(clippy::too_many_arguments, reason = "each is one column of a table")]
    fn push(
        &mut self,
        at: usize,
        shader: &'static Shader,
        constants: &[f64],
        words: impl IntoIterator<Item = usize>,
        operands: &[Operand],
        lanes: usize,
        invocations: [usize; 2],
    ) {
        let step = &self.plan.steps[at];
        let y = self.shape(step.y);
        let mut finish = self.finish(&step.epilogue, y, y.stride(), lanes, step.x);
        finish.words.push(words);
        finish.constants.extend(constants);
        let mut all = vec![Operand::Tensor(finish.residual)];
        all.extend(operands);
        all.push(Operand::Tensor(step.y));
        self.made.passes.push(Pass {
            shader,
            steps: vec![at],
            constants: finish.constants,
            parameters: finish.words.0,
            operands: all,
            invocations: [invocations[0], invocations[1], 1],
        });
    }
}

/// Words of a window and of what follows it.
fn windowed(window: &Window, rest: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let Window { kernel, stride, dilation, pad } = *window;
    [kernel, stride, dilation, pad].into_iter().flatten().chain(rest).collect()
}

/// What an invocation of a product makes, and how many there are.
struct Tile {
    /// Blocks of four channels.
    blocks: usize,
    /// Whether it has eight pixels, or four.
    eight: bool,
    /// Invocations for all channels of its pixels.
    lanes: usize,
    invocations: usize,
}

/// As many invocations keep a GPU busy: a larger tile loads less for each product, but leaves fewer of them.
const BUSY: usize = 2048;

impl Tile {
    /// The largest that leaves enough invocations, for `rows` rows of `width` pixels by `columns` columns,
    /// whole fours; if none does, the smallest.
    fn of(rows: usize, width: usize, columns: usize) -> Self {
        let all = columns / 4;
        let tiles = [(true, 2), (true, 1), (false, 2), (false, 1)];
        let fitting = tiles.iter().filter(|(_, blocks)| all.is_multiple_of(*blocks));
        let mut made = fitting.map(|&(eight, blocks)| {
            let lanes = all / blocks;
            let invocations = rows * width.div_ceil(if eight { 8 } else { 4 }) * lanes;
            Self { blocks, eight, lanes, invocations }
        });
        made.find(|tile| tile.invocations >= BUSY || (tile.blocks == 1 && !tile.eight))
            .expect("the smallest is taken")
    }

    fn constants(&self) -> [f64; 2] {
        [self.blocks as f64, f64::from(u8::from(self.eight))]
    }
}

/// Invocations of four pixels each for all pixels.
fn fours(y: Shape) -> usize {
    y.pixels().div_ceil(4)
}

/// The same where no four spans two rows.
fn row_fours(y: Shape) -> usize {
    y.height * y.width.div_ceil(4)
}

/// Its number in `finish.wgsl`.
fn resize_kind(resize: Resize) -> u8 {
    match resize {
        Resize::Nearest => 2,
        Resize::Bilinear => 3,
        Resize::Corners => 4,
    }
}

/// Its number in `binary.wgsl`.
fn binary(kind: Binary) -> u8 {
    match kind {
        Binary::Add => 0,
        Binary::Sub => 1,
        Binary::Mul => 2,
        Binary::Div => 3,
        Binary::Max => 4,
        Binary::Min => 5,
    }
}
