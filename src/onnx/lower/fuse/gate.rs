//! A factor per channel, into the pointwise steps that read the product.

use super::{Uses, plain};
use crate::plan::{Binary, Op, Plan, Shape};

/// `W (g * x) + b`, where `g` is one pixel: the product is never written.
pub(super) fn run(plan: &mut Plan) -> bool {
    let uses = Uses::of(plan);
    for before in 0..plan.steps.len() {
        let product = &plan.steps[before];
        let Op::Binary { kind: Binary::Mul, other } = product.op else { continue };
        let shape = plan.buffers[product.x];
        if plan.buffers[other] != (Shape { height: 1, width: 1, ..shape }) || !plain(product) {
            continue;
        }
        let (x, y) = (product.x, product.y);
        let takes =
            |step: &crate::plan::Step| step.x == y && matches!(step.op, Op::Pointwise { gate: None, .. });
        let readers: Vec<usize> = (0..plan.steps.len()).filter(|&at| takes(&plan.steps[at])).collect();
        if readers.is_empty() || readers.len() != uses.readers[y] {
            continue;
        }
        for at in readers {
            plan.steps[at].x = x;
            if let Op::Pointwise { gate, .. } = &mut plan.steps[at].op {
                *gate = Some(other);
            }
        }
        return true;
    }
    false
}
