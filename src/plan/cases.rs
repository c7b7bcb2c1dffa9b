//! Steps of every kind on awkward shapes, as plans: what every executor is tested on.

use super::*;

pub(crate) fn shape(height: usize, width: usize, channels: usize) -> Shape {
    Shape { height, width, channels }
}

/// Numbers between -1 and 1 that look random and are the same every time.
pub(crate) fn noise(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

/// A plan under construction.
#[derive(Clone, Default)]
pub(crate) struct Draft(pub(crate) Plan);

impl Draft {
    pub(crate) fn new(input: Shape) -> Self {
        Self(Plan { buffers: vec![input], ..Plan::default() })
    }

    pub(crate) fn constant(&mut self, sizes: &[usize]) -> usize {
        let seed = self.0.constants.len() as u32 + 7;
        self.0.constants.push(Constant::f32(sizes, noise(sizes.iter().product(), seed)));
        self.0.constants.len() - 1
    }

    pub(crate) fn step(&mut self, x: usize, to: Shape, op: Op, epilogue: Epilogue) -> usize {
        self.0.buffers.push(to);
        let y = self.0.buffers.len() - 1;
        self.0.steps.push(Step { x, y, op, epilogue });
        self.0.output = y;
        y
    }

    /// Another buffer made from the input: its first pixel for each pixel, its channels repeated.
    pub(crate) fn second(&mut self, to: Shape) -> usize {
        let from = self.0.buffers[0];
        let (weights, bias) = (self.constant(&[from.channels, to.channels]), self.constant(&[to.channels]));
        let small = self.step(
            0,
            shape(from.height, from.width, to.channels),
            Op::Pointwise { weights, bias, gate: None },
            Epilogue::default(),
        );
        if (from.height, from.width) == (to.height, to.width) {
            return small;
        }
        self.step(small, to, Op::Resize(Resize::Corners), Epilogue::default())
    }
}

pub(crate) fn window(kernel: usize, stride: usize, dilation: usize, pad: usize) -> Window {
    Window { kernel: [kernel; 2], stride: [stride; 2], dilation: [dilation; 2], pad: [pad; 2] }
}

pub(crate) fn windowed(from: Shape, channels: usize, w: Window) -> Shape {
    let side = |len: usize, axis: usize| {
        let reach = (w.kernel[axis] - 1) * w.dilation[axis];
        (len + 2 * w.pad[axis] - reach - 1) / w.stride[axis] + 1
    };
    shape(side(from.height, 0), side(from.width, 1), channels)
}

pub(crate) const WINDOWS: [(usize, usize, usize, usize); 9] = [
    (3, 1, 1, 1),
    (3, 2, 1, 1),
    (3, 2, 1, 0),
    (5, 1, 1, 2),
    (5, 2, 1, 2),
    (3, 1, 2, 2),
    (1, 2, 1, 0),
    (7, 3, 1, 3),
    (2, 1, 1, 0),
];

/// A plan whose last step is what is tested, and what it is.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) draft: Draft,
}

impl Case {
    /// One step from `x` to `to`.
    fn of(name: String, x: Shape, to: Shape, op: impl FnOnce(&mut Draft) -> Op) -> Self {
        let mut draft = Draft::new(x);
        let op = op(&mut draft);
        draft.step(0, to, op, Epilogue::default());
        Self { name, draft }
    }

    /// The same step with every kind of residual, and an activation before or after it.
    pub(crate) fn with_residuals(&self) -> impl Iterator<Item = Self> {
        let to = self.draft.0.buffers[self.draft.0.output];
        let small = |rows: usize, columns: usize| {
            shape(to.height.div_ceil(rows), to.width.div_ceil(columns), to.channels)
        };
        let residuals = [
            (false, None, to),
            (true, None, to),
            (false, Some(Resize::Bilinear), small(2, 3)),
            (true, Some(Resize::Nearest), small(3, 2)),
            (true, Some(Resize::Corners), shape(to.height + 2, to.width.div_ceil(2), to.channels)),
        ];
        residuals.into_iter().map(move |(after, resize, from)| {
            let mut draft = self.draft.clone();
            let last = draft.0.steps.pop().expect("the step that is tested");
            draft.0.buffers.pop();
            // The operands' numbers stay; the result gets a later one.
            let buffer = draft.second(from);
            let residual = Some(Residual { buffer, resize, after });
            let activation = if after { Activation::HardSwish } else { Activation::Relu };
            draft.step(last.x, to, last.op, Epilogue { activation, residual });
            Self { name: format!("{}, {:?}", self.name, draft.0.steps.last()), draft }
        })
    }
}

/// Products of matrices: pointwise steps, gated or not, and transposed ones.
pub(crate) fn products() -> Vec<Case> {
    let pointwise =
        [(1, 1, 1, 1), (3, 5, 3, 7), (5, 3, 3, 16), (7, 1, 16, 16), (2, 9, 24, 44), (5, 5, 33, 70)];
    let pointwise = pointwise.into_iter().map(|(height, width, from, to)| {
        let (x, y) = (shape(height, width, from), shape(height, width, to));
        Case::of(format!("pointwise {height}x{width} {from} to {to}"), x, y, |draft| Op::Pointwise {
            weights: draft.constant(&[from, to]),
            bias: draft.constant(&[to]),
            gate: None,
        })
    });
    let gated = Case::of("gated".to_owned(), shape(4, 3, 10), shape(4, 3, 21), |draft| {
        let reduce = Op::Reduce { kind: Reduce::Mean, axes: [true, true] };
        let gate = draft.step(0, shape(1, 1, 10), reduce, Epilogue::default());
        let (weights, bias) = (draft.constant(&[10, 21]), draft.constant(&[21]));
        Op::Pointwise { weights, bias, gate: Some(gate) }
    });
    let transposed = [([2, 2], 16, 1), ([2, 2], 5, 6), ([3, 2], 7, 1), ([1, 4], 3, 5), ([4, 4], 4, 1)];
    let transposed = transposed.into_iter().map(|(kernel, from, to)| {
        let y = shape(5 * kernel[0], 7 * kernel[1], to);
        let name = format!("transposed {kernel:?} {from} to {to}");
        Case::of(name, shape(5, 7, from), y, |draft| Op::Transposed {
            kernel,
            weights: draft.constant(&[kernel[0], kernel[1], from, to]),
            bias: draft.constant(&[to]),
        })
    });
    pointwise.chain([gated]).chain(transposed).collect()
}

/// Steps with a window: convolutions and pools.
pub(crate) fn windows() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut all = |x: Shape, to: usize, w: Window| {
        let (from, kernel) = (x.channels, w.kernel);
        let name = format!("{x} to {to}, {w:?}");
        cases.push(Case::of(format!("conv {name}"), x, windowed(x, to, w), |draft| Op::Conv {
            window: w,
            weights: draft.constant(&[kernel[0], kernel[1], from, to]),
            bias: draft.constant(&[to]),
        }));
        cases.push(Case::of(format!("depthwise {name}"), x, windowed(x, from, w), |draft| Op::Depthwise {
            window: w,
            weights: draft.constant(&[kernel[0], kernel[1], from]),
            bias: draft.constant(&[from]),
        }));
        for kind in [Pool::Max, Pool::Mean] {
            let op = |_: &mut Draft| Op::Pool { window: w, kind };
            cases.push(Case::of(format!("{kind:?} pool {name}"), x, windowed(x, from, w), op));
        }
    };
    for (kernel, stride, dilation, pad) in WINDOWS {
        for (height, width, from, to) in [(9, 11, 3, 5), (9, 11, 3, 32), (8, 18, 8, 20), (7, 7, 37, 33)] {
            all(shape(height, width, from), to, window(kernel, stride, dilation, pad));
        }
    }
    // Larger than the picture.
    for (height, width) in [(1, 1), (2, 1), (1, 9)] {
        all(shape(height, width, 6), 4, window(5, 1, 1, 2));
    }
    cases
}

/// Steps without weights of which each pixel has a few, or none.
pub(crate) fn small_kinds() -> Vec<Case> {
    let mut cases = Vec::new();
    for how in [Resize::Nearest, Resize::Bilinear, Resize::Corners] {
        for (from, to) in
            [((4, 5), (8, 10)), ((9, 7), (4, 3)), ((3, 3), (7, 11)), ((1, 2), (1, 9)), ((6, 5), (1, 1))]
        {
            let (x, y) = (shape(from.0, from.1, 6), shape(to.0, to.1, 6));
            cases.push(Case::of(format!("{how:?} {from:?} to {to:?}"), x, y, |_| Op::Resize(how)));
        }
    }
    let x = shape(6, 10, 7);
    let mut op = |op: Op, to: Shape| cases.push(Case::of(format!("{op:?}"), x, to, |_| op));
    for axes in [[true, true], [true, false], [false, true]] {
        for kind in [Reduce::Mean, Reduce::Sum] {
            let to = shape(if axes[0] { 1 } else { 6 }, if axes[1] { 1 } else { 10 }, 7);
            op(Op::Reduce { kind, axes }, to);
        }
    }
    for axis in [Axis::Height, Axis::Width, Axis::Channels] {
        op(Op::Softmax { axis }, x);
    }
    op(Op::Regroup { block: [3, 2], back: false }, shape(6, 10, 7));
    op(Op::Regroup { block: [3, 2], back: true }, shape(6, 10, 7));
    op(Op::Regroup { block: [2, 5], back: false }, shape(10, 6, 7));
    op(Op::Slice { start: 2 }, shape(6, 10, 3));
    op(Op::Identity, x);
    cases.push(Case::of("affine".to_owned(), x, x, |draft| Op::Affine {
        scale: draft.constant(&[7]),
        bias: draft.constant(&[7]),
    }));
    cases.push(Case::of("concat".to_owned(), x, shape(6, 10, 19), |draft| Op::Concat {
        others: vec![draft.second(shape(6, 10, 3)), draft.second(shape(6, 10, 9))],
    }));
    for kind in [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Max, Binary::Min] {
        let x = shape(4, 6, 5);
        for other in [x, shape(1, 6, 5), shape(4, 1, 5), shape(4, 6, 1), shape(1, 1, 1), shape(1, 1, 5)] {
            cases.push(Case::of(format!("{kind:?} {other:?}"), x, x, |draft| {
                let second = draft.second(other);
                // Away from 0, so that a quotient stays within bounds.
                let activation = Activation::Clip { low: 0.5, high: 4.0 };
                let away = Epilogue { activation, residual: None };
                Op::Binary { kind, other: draft.step(second, other, Op::Identity, away) }
            }));
        }
    }
    cases
}
