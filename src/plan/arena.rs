//! Where each buffer lies in one block of memory, so that a run allocates nothing.

use super::{Op, Plan};

/// Places for all buffers of a plan, in `f32` values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arena {
    /// Where each buffer begins: a multiple of 4.
    pub offsets: Vec<usize>,
    /// How long the block is.
    pub len: usize,
}

/// The first and the last moment at which a buffer's content matters, both included.
///
/// Moment 0 is before the first step, step `s` is moment `s + 1`.
#[derive(Clone, Copy, Debug)]
struct Life {
    from: usize,
    to: usize,
}

impl Life {
    fn meets(self, other: Self) -> bool {
        self.from <= other.to && other.from <= self.to
    }
}

/// Gives each buffer a place; buffers share one where no moment needs both.
///
/// A buffer is needed from the step that writes it through the last that reads it, the input from
/// the start, the output to the end. So a step never writes over what it reads. The largest buffers
/// come first, each at the lowest place that is free; equal plans give equal arenas.
///
/// # Panics
/// If a step names a buffer that does not exist; [`check`](super::check()) rules that out.
pub fn arena(plan: &Plan) -> Arena {
    let lives = lives(plan);
    let mut order: Vec<usize> = (0..plan.buffers.len()).collect();
    order.sort_by_key(|&buffer| std::cmp::Reverse(plan.buffers[buffer].len()));

    let mut arena = Arena { offsets: vec![0; plan.buffers.len()], len: 0 };
    // In the order of their offsets, so that one pass over them finds the first gap.
    let mut placed: Vec<usize> = Vec::with_capacity(order.len());
    for buffer in order {
        // Sums saturate, because an unchecked plan may ask for more than can be addressed.
        let len = plan.buffers[buffer].len();
        let mut offset = 0_usize;
        for &other in placed.iter().filter(|&&other| lives[other].meets(lives[buffer])) {
            if arena.offsets[other] >= offset.saturating_add(len) {
                break;
            }
            offset = offset.max(arena.offsets[other].saturating_add(plan.buffers[other].len()));
        }
        arena.offsets[buffer] = offset;
        arena.len = arena.len.max(offset.saturating_add(len));
        placed.insert(placed.partition_point(|&other| arena.offsets[other] <= offset), buffer);
    }
    arena
}

fn lives(plan: &Plan) -> Vec<Life> {
    let mut lives = vec![Life { from: 0, to: 0 }; plan.buffers.len()];
    for (s, step) in plan.steps.iter().enumerate() {
        for buffer in step.reads() {
            lives[buffer].to = s + 1;
        }
        lives[step.y] = Life { from: s + 1, to: s + 1 };
    }
    if let Some(output) = lives.get_mut(plan.output) {
        output.to = plan.steps.len() + 1;
    }
    lives
}

impl Plan {
    /// Multiply-adds of one run: what matrix products and convolutions take, taps outside included.
    pub fn multiply_adds(&self) -> u64 {
        (0..self.steps.len()).fold(0, |sum, step| sum.saturating_add(self.step_multiply_adds(step)))
    }

    /// Multiply-adds of the step with this index.
    ///
    /// # Panics
    /// If there is no such step, or it names what does not exist.
    pub fn step_multiply_adds(&self, step: usize) -> u64 {
        let step = &self.steps[step];
        let (x, y) = (self.buffers[step.x], self.buffers[step.y]);
        let taps = match &step.op {
            // Blocks do not overlap, so each pixel of the result takes one tap.
            Op::Pointwise { .. } | Op::Transposed { .. } => x.channels,
            Op::Conv { window, .. } => window.kernel[0] * window.kernel[1] * x.channels,
            Op::Depthwise { window, .. } => window.kernel[0] * window.kernel[1],
            _ => 0,
        };
        [y.width, y.channels, taps]
            .iter()
            .fold(y.height as u64, |product, &n| product.saturating_mul(n as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Epilogue, Residual, Shape, Step};
    use super::*;

    fn step(x: usize, y: usize) -> Step {
        Step { x, y, op: Op::Identity, epilogue: Epilogue::default() }
    }

    fn shape(height: usize, width: usize, channels: usize) -> Shape {
        Shape { height, width, channels }
    }

    fn chain(shapes: &[Shape]) -> Plan {
        let steps = (1..shapes.len()).map(|y| step(y - 1, y)).collect();
        Plan { buffers: shapes.to_vec(), steps, output: shapes.len() - 1, ..Plan::default() }
    }

    /// Runs the plan on marks: every place holds the buffer that was written there last.
    fn assert_whole(plan: &Plan) {
        let arena = arena(plan);
        let place = |buffer: usize| arena.offsets[buffer]..arena.offsets[buffer] + plan.buffers[buffer].len();
        let mut memory = vec![usize::MAX; arena.len];
        memory[place(plan.input)].fill(plan.input);
        for (s, step) in plan.steps.iter().enumerate() {
            memory[place(step.y)].fill(step.y);
            for buffer in step.reads() {
                assert!(
                    memory[place(buffer)].iter().all(|&mark| mark == buffer),
                    "step {s}, buffer {buffer}"
                );
            }
        }
        assert!(memory[place(plan.output)].iter().all(|&mark| mark == plan.output), "output");
        assert!(arena.offsets.iter().all(|offset| offset % 4 == 0), "{:?}", arena.offsets);
    }

    #[test]
    fn a_chain_of_equal_buffers_takes_two() {
        let plan = chain(&[shape(5, 3, 6); 9]);
        assert_eq!(arena(&plan).len, 2 * 5 * 3 * 8);
        assert_whole(&plan);
    }

    #[test]
    fn nothing_that_is_still_needed_is_written_over() {
        let mut state = 9_u64;
        let mut below = |limit: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % limit
        };
        for _ in 0..300 {
            let count = 2 + below(20);
            let shapes: Vec<Shape> =
                (0..count).map(|_| shape(1 + below(4), 1 + below(4), 1 + below(9))).collect();
            let mut plan = chain(&shapes);
            for (s, step) in plan.steps.iter_mut().enumerate() {
                step.x = below(s + 1);
                step.op = match below(3) {
                    0 => Op::Identity,
                    1 => Op::Concat { others: (0..below(4)).map(|_| below(s + 1)).collect() },
                    _ => Op::Pointwise { weights: 0, bias: 0, gate: Some(below(s + 1)) },
                };
                let residual = Residual { buffer: below(s + 1), resize: None, after: false };
                step.epilogue.residual = (below(2) == 0).then_some(residual);
            }
            plan.output = 1 + below(count - 1);
            assert_whole(&plan);
            assert_eq!(arena(&plan), arena(&plan));
        }
    }

    #[test]
    fn a_gap_is_filled() {
        // The large buffers 0 and 2 never meet, 1 fits beside either.
        let plan = chain(&[shape(8, 8, 4), shape(2, 2, 4), shape(8, 8, 4), shape(1, 1, 1)]);
        assert_eq!(arena(&plan).len, 8 * 8 * 4 + 2 * 2 * 4);
        assert_whole(&plan);
    }

    #[test]
    fn work_is_counted_per_pixel_of_the_result() {
        let mut plan = chain(&[shape(6, 4, 3), shape(3, 2, 5), shape(3, 2, 5)]);
        let window = super::super::Window { kernel: [3, 3], stride: [2, 2], dilation: [1, 1], pad: [1, 1] };
        plan.steps[0].op = Op::Conv { window, weights: 0, bias: 1 };
        plan.steps[1].op = Op::Depthwise { window, weights: 0, bias: 1 };
        assert_eq!(plan.step_multiply_adds(0), 6 * 5 * 27);
        assert_eq!(plan.multiply_adds(), 6 * 5 * 27 + 6 * 5 * 9);
    }
}
