//! The kernels that go along rows, on rows of every kind.

use super::*;

#[test]
fn depthwise_rows_may_be_of_any_length() {
    // Shorter than a tile, a tile, longer than a piece, and all that a window may lack at either end.
    for (kernel, stride) in [(3, 1), (3, 2), (5, 1), (5, 2)] {
        for (width, channels) in [(1_usize, 3), (2, 16), (7, 24), (8, 17), (9, 40), (35, 20), (13, 516)] {
            for (left, right) in [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1), (0, 2), (2, 2)] {
                let Some(room) = (width + left + right).checked_sub(kernel) else { continue };
                let w = Window { kernel: [kernel; 2], stride: [stride; 2], dilation: [1; 2], pad: [1, left] };
                let (x, y) = (shape(5, width, channels), shape(6 / stride, room / stride + 1, channels));
                let mut draft = Draft::new(x);
                let (weights, bias) =
                    (draft.constant(&[kernel, kernel, channels]), draft.constant(&[channels]));
                draft.step(0, y, Op::Depthwise { window: w, weights, bias }, Epilogue::default());
                let name = format!("{width} wide, {channels} channels, {left} and {right}, {w:?}");
                if (left, right) == (1, 1) && channels < 100 {
                    check(&Case { name: name.clone(), draft: draft.clone() });
                }
                for activation in
                    [Activation::None, Activation::Relu, Activation::HardSwish, Activation::Tanh]
                {
                    draft.0.steps[0].epilogue.activation = activation;
                    compare(&format!("{name}, {activation:?}"), draft.0.clone(), Arithmetic::F32, 2e-6);
                }
                let residual = Some(Residual { buffer: draft.second(y), resize: None, after: true });
                let epilogue = Epilogue { activation: Activation::Relu, residual };
                draft.step(0, y, Op::Depthwise { window: w, weights, bias }, epilogue);
                compare(&format!("{name}, relu, a residual"), draft.0, Arithmetic::F32, 4e-6);
            }
        }
    }
}

#[test]
fn reductions_of_any_number_of_channels_match_reference() {
    for channels in [1, 5, 12, 16, 24, 33, 62, 100] {
        for (height, width) in [(1, 1), (3, 2), (5, 19)] {
            let x = shape(height, width, channels);
            for axes in [[true, true], [true, false], [false, true]] {
                let y = shape(if axes[0] { 1 } else { height }, if axes[1] { 1 } else { width }, channels);
                let mut draft = Draft::new(x);
                draft.step(0, y, Op::Reduce { kind: Reduce::Mean, axes }, Epilogue::default());
                check(&Case { name: format!("{x:?} over {axes:?}"), draft });
            }
        }
    }
}
