use super::super::{Constant, Epilogue, Op, Step};
use super::*;

#[test]
fn a_plan_comes_back() {
    let shape = Shape { height: 2, width: 3, channels: 2 };
    let step = |x, y, op| Step { x, y, op, epilogue: Epilogue::default() };
    let plan = Plan {
        buffers: vec![shape; 3],
        constants: vec![
            Constant::f32([2, 2], vec![0.5, -0.25, 3.0, 0.1]),
            Constant::f32([2], vec![0.5, 1.0]).to_f16().unwrap(),
            Constant::f32([2, 2], vec![0.5, -0.25, 3.0, 0.1]).to_fixed(1023),
        ],
        steps: vec![
            step(0, 1, Op::Pointwise { weights: 0, bias: 1, gate: None }),
            step(1, 2, Op::Pointwise { weights: 2, bias: 1, gate: None }),
        ],
        input: 0,
        output: 2,
    };
    assert_eq!(decode(&encode(&plan)).unwrap(), plan);
}
