use super::super::{Epilogue, Op, Step};
use super::*;

#[test]
fn a_buffer_is_written_before_it_is_read() {
    let shape = Shape { height: 2, width: 3, channels: 2 };
    let step = |x, y| Step { x, y, op: Op::Identity, epilogue: Epilogue::default() };
    let mut plan =
        Plan { buffers: vec![shape; 3], steps: vec![step(0, 1), step(1, 2)], output: 2, ..Plan::default() };
    check(&plan).unwrap();
    plan.steps.swap(0, 1);
    let message = check(&plan).unwrap_err().to_string();
    assert!(message.contains("step 0 (identity): reads buffer 1"), "{message}");
}
