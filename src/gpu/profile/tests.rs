//! What is measured is plausible; how fast it is, is no test's business.

use std::rc::Rc;

use super::*;
use crate::gpu::tests::gpu;
use crate::model::registry;
use crate::pixels::Rgba8;

#[test]
fn a_frame_is_one_submission_and_no_network_exceeds_the_most() {
    let Some(gpu) = gpu(true).map(Rc::new) else { return };
    let file = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/models/selfie-landscape.plan")).unwrap();
    let plan = crate::plan::decode(&file).unwrap();
    let contract = registry().get("selfie-landscape").unwrap().contract();
    let bytes = [90; 64 * 36 * 4];
    let picture = Rgba8::new(64, 36, &bytes).unwrap();
    pollster::block_on(async {
        let most = peak(&gpu).await.unwrap();
        let network = profile(&gpu, &plan, 3).await.unwrap();
        let frame = profile_frame(&gpu, &plan, &contract, picture, 3).await.unwrap();
        assert!(0.0 < network.gflop_per_s && network.gflop_per_s < most.gflop_per_s, "{network:?}, {most:?}");
        assert!(most.gbyte_per_s > 0.0);
        assert_eq!((frame.width, frame.height, frame.submissions), (64, 36, 1));
        assert!(0.0 < frame.min_ms && frame.min_ms <= frame.median_ms);
    });
}
