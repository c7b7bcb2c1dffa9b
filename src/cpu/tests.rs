//! Every kernel against `plan::interpret`, on shapes that leave tiles and vectors half empty.

use super::{Arithmetic, Executor};
use crate::plan::{self, *};

mod rows;

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

/// In single precision, and with every residual and one of each kind of activation.
fn check(name: &str, draft: &Draft) {
    compare(name, draft.0.clone(), Arithmetic::F32, 2e-6);
    let to = draft.0.buffers[draft.0.output];
    for (after, resize, from) in [
        (false, None, to),
        (true, None, to),
        (false, Some(Resize::Bilinear), shape(to.height.div_ceil(2), to.width.div_ceil(3), to.channels)),
        (true, Some(Resize::Nearest), shape(to.height.div_ceil(3), to.width.div_ceil(2), to.channels)),
    ] {
        let mut with = draft.clone();
        let last = with.0.steps.pop().expect("the step that is tested");
        with.0.buffers.pop();
        let buffer = with.second(from);
        // The operands' numbers stay; the result gets a later one.
        let residual = Some(Residual { buffer, resize, after });
        let activation = if after { Activation::HardSwish } else { Activation::Relu };
        with.step(last.x, to, last.op, Epilogue { activation, residual });
        compare(&format!("{name}, {:?}", with.0.steps.last()), with.0, Arithmetic::F32, 4e-6);
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

#[test]
fn pointwise_matches_reference() {
    for (height, width, from, to) in
        [(1, 1, 1, 1), (3, 5, 3, 7), (5, 3, 3, 16), (7, 1, 16, 16), (2, 9, 24, 44), (5, 5, 33, 70)]
    {
        let mut draft = Draft::new(shape(height, width, from));
        let (weights, bias) = (draft.constant(&[from, to]), draft.constant(&[to]));
        draft.step(
            0,
            shape(height, width, to),
            Op::Pointwise { weights, bias, gate: None },
            Epilogue::default(),
        );
        check(&format!("{height}x{width} {from} to {to}"), &draft);
    }
}

#[test]
fn pointwise_takes_a_gate() {
    let mut draft = Draft::new(shape(4, 3, 10));
    let reduce = Op::Reduce { kind: Reduce::Mean, axes: [true, true] };
    let gate = draft.step(0, shape(1, 1, 10), reduce, Epilogue::default());
    let (weights, bias) = (draft.constant(&[10, 21]), draft.constant(&[21]));
    draft.step(0, shape(4, 3, 21), Op::Pointwise { weights, bias, gate: Some(gate) }, Epilogue::default());
    check("gated", &draft);
}

#[test]
fn windows_match_reference() {
    for (kernel, stride, dilation, pad) in WINDOWS {
        for (height, width, from, to) in [(9, 11, 3, 5), (9, 11, 3, 32), (8, 18, 8, 20), (7, 7, 37, 33)] {
            let (w, x) = (window(kernel, stride, dilation, pad), shape(height, width, from));
            let name = format!("{height}x{width} {from} to {to}, {w:?}");
            let mut conv = Draft::new(x);
            let (weights, bias) = (conv.constant(&[kernel, kernel, from, to]), conv.constant(&[to]));
            conv.step(0, windowed(x, to, w), Op::Conv { window: w, weights, bias }, Epilogue::default());
            check(&format!("conv {name}"), &conv);
            let mut depthwise = Draft::new(x);
            let (weights, bias) = (depthwise.constant(&[kernel, kernel, from]), depthwise.constant(&[from]));
            depthwise.step(
                0,
                windowed(x, from, w),
                Op::Depthwise { window: w, weights, bias },
                Epilogue::default(),
            );
            check(&format!("depthwise {name}"), &depthwise);
            for kind in [Pool::Max, Pool::Mean] {
                let mut pool = Draft::new(x);
                pool.step(0, windowed(x, from, w), Op::Pool { window: w, kind }, Epilogue::default());
                check(&format!("{kind:?} pool {name}"), &pool);
            }
        }
    }
}

#[test]
fn a_window_may_be_larger_than_the_picture() {
    for (height, width) in [(1, 1), (2, 1), (1, 9)] {
        let (w, x) = (window(5, 1, 1, 2), shape(height, width, 6));
        let mut draft = Draft::new(x);
        let (weights, bias) = (draft.constant(&[5, 5, 6]), draft.constant(&[6]));
        draft.step(0, x, Op::Depthwise { window: w, weights, bias }, Epilogue::default());
        check("depthwise", &draft);
        let mut draft = Draft::new(x);
        let (weights, bias) = (draft.constant(&[5, 5, 6, 4]), draft.constant(&[4]));
        draft.step(0, shape(height, width, 4), Op::Conv { window: w, weights, bias }, Epilogue::default());
        check("conv", &draft);
    }
}

#[test]
fn transposed_matches_reference() {
    for (kernel, from, to) in
        [([2, 2], 16, 1), ([2, 2], 5, 6), ([3, 2], 7, 1), ([1, 4], 3, 5), ([4, 4], 4, 1)]
    {
        let mut draft = Draft::new(shape(5, 7, from));
        let (weights, bias) = (draft.constant(&[kernel[0], kernel[1], from, to]), draft.constant(&[to]));
        let y = shape(5 * kernel[0], 7 * kernel[1], to);
        draft.step(0, y, Op::Transposed { kernel, weights, bias }, Epilogue::default());
        check(&format!("{kernel:?} {from} to {to}"), &draft);
        let sigmoid = Epilogue { activation: Activation::Sigmoid, residual: None };
        draft.0.steps[0].epilogue = sigmoid;
        compare(&format!("{kernel:?} {from} to {to}, sigmoid"), draft.0, Arithmetic::F32, 2e-6);
    }
}

#[test]
fn resizing_matches_reference() {
    for how in [Resize::Nearest, Resize::Bilinear, Resize::Corners] {
        for (from, to) in
            [((4, 5), (8, 10)), ((9, 7), (4, 3)), ((3, 3), (7, 11)), ((1, 2), (1, 9)), ((6, 5), (1, 1))]
        {
            let mut draft = Draft::new(shape(from.0, from.1, 6));
            draft.step(0, shape(to.0, to.1, 6), Op::Resize(how), Epilogue::default());
            check(&format!("{how:?} {from:?} to {to:?}"), &draft);
        }
    }
}

#[test]
fn the_small_kinds_match_reference() {
    let x = shape(6, 10, 7);
    let op = |op: Op, to: Shape| {
        let mut draft = Draft::new(x);
        draft.step(0, to, op.clone(), Epilogue::default());
        check(&format!("{op:?}"), &draft);
    };
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
    op(Op::Slice { start: 2 }, shape(6, 10, 3));
    op(Op::Identity, x);
    let mut affine = Draft::new(x);
    let (scale, bias) = (affine.constant(&[7]), affine.constant(&[7]));
    affine.step(0, x, Op::Affine { scale, bias }, Epilogue::default());
    check("affine", &affine);
    let mut concat = Draft::new(x);
    let (one, two) = (concat.second(shape(6, 10, 3)), concat.second(shape(6, 10, 9)));
    concat.step(0, shape(6, 10, 19), Op::Concat { others: vec![one, two] }, Epilogue::default());
    check("concat", &concat);
}

#[test]
fn binary_repeats_axes_of_one() {
    let x = shape(4, 6, 5);
    for kind in [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Max, Binary::Min] {
        for other in [x, shape(1, 6, 5), shape(4, 1, 5), shape(4, 6, 1), shape(1, 1, 1), shape(1, 1, 5)] {
            let mut draft = Draft::new(x);
            let second = draft.second(other);
            // Away from 0, so that a quotient stays within bounds.
            let away = Epilogue { activation: Activation::Clip { low: 0.5, high: 4.0 }, residual: None };
            let second = draft.step(second, other, Op::Identity, away);
            draft.step(0, x, Op::Binary { kind, other: second }, Epilogue::default());
            check(&format!("{kind:?} {other:?}"), &draft);
        }
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
