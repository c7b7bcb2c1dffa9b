//! How long a network takes on a GPU, as a whole and dispatch by dispatch; a whole frame; and what the GPU does at most.

use std::time::Instant;

use serde::Serialize;

use super::device::Gpu;
use super::network::{Network, Work};
use crate::error::Result;
use crate::plan::Plan;

mod frame;
pub(super) mod peak;
#[cfg(test)]
mod tests;

pub use frame::{FrameProfile, profile_frame};
pub use peak::{Peak, peak};

/// Times of one network, without what is before and after it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Milliseconds from the submission of a run until it is done: the median of all.
    pub median_ms: f64,
    /// The least of them.
    pub min_ms: f64,
    /// The same by the GPU's own clock, where it has one: without submission and waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_median_ms: Option<f64>,
    /// Multiply-adds of a run, twice, per second of the median, in thousand millions.
    pub gflop_per_s: f64,
    /// Bytes that the dispatches read and write, each operand once, per second of the median, in
    /// thousand millions.
    pub gbyte_per_s: f64,
    /// The dispatches, in order.
    pub dispatches: Vec<DispatchTime>,
}

/// One dispatch of a network.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DispatchTime {
    /// The kinds of its steps.
    pub name: String,
    /// Median milliseconds by the GPU's own clock, where it has one, in a pass of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_ms: Option<f64>,
    /// Multiply-adds.
    pub multiply_adds: u64,
    /// Bytes that it reads and writes, each operand once.
    pub bytes: u64,
}

/// Runs before the ones that are timed.
const WARM_UP: usize = 3;

/// Times `runs` runs of `plan`, of a picture that is all zeros: no step's time depends on its values.
///
/// # Errors
/// As [`Gpu::open`] and [`plan::check`](crate::plan::check()).
///
/// # Panics
/// If `runs` is 0.
pub async fn profile(gpu: &Gpu, plan: &Plan, runs: usize) -> Result<Profile> {
    assert!(runs > 0, "runs is 0, want 1 or more");
    let network = gpu.guarded(|| std::future::ready(Network::new(gpu, plan))).await?;
    let mut times = Vec::new();
    for run in 0..WARM_UP + runs {
        let start = Instant::now();
        submit(gpu, |encoder| network.record(&mut encoder.begin_compute_pass(&Default::default()))).await?;
        if run >= WARM_UP {
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    let clocks = if gpu.has_timestamps() { Some(clocks(gpu, &network, runs).await?) } else { None };
    let median_ms = median(&mut times);
    let total = |of: fn(&Work) -> u64| network.work().iter().map(of).sum::<u64>() as f64;
    let each = network.dispatches().iter().zip(network.work()).enumerate();
    let dispatches = each.map(|(at, (dispatch, work))| DispatchTime {
        name: dispatch.label.clone(),
        median_ms: clocks.as_ref().map(|clocks| clocks.each[at]),
        multiply_adds: work.multiply_adds,
        bytes: work.bytes,
    });
    Ok(Profile {
        median_ms,
        min_ms: times[0],
        gpu_median_ms: clocks.as_ref().map(|clocks| clocks.whole),
        gflop_per_s: 2.0 * total(|work| work.multiply_adds) / median_ms / 1e6,
        gbyte_per_s: total(|work| work.bytes) / median_ms / 1e6,
        dispatches: dispatches.collect(),
    })
}

/// Medians by the GPU's clock, in milliseconds.
struct Clocks {
    /// Of all dispatches in one pass.
    whole: f64,
    /// Of each in a pass of its own.
    each: Vec<f64>,
}

async fn clocks(gpu: &Gpu, network: &Network, runs: usize) -> Result<Clocks> {
    let dispatches = network.dispatches();
    let count = 2 * (dispatches.len() + 1);
    let bytes = 8 * count;
    let queries = gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
        label: Some("clock"),
        ty: wgpu::QueryType::Timestamp,
        count: count as u32,
    });
    let copied = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
    let resolved = gpu.buffer("clock", bytes, copied);
    let staging = gpu.buffer("clock", bytes, wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ);
    let period = f64::from(gpu.queue.get_timestamp_period()) / 1e6;
    let mut spans = vec![Vec::new(); dispatches.len() + 1];
    for _ in 0..runs {
        submit(gpu, |encoder| {
            // The last pair of queries is of all dispatches together.
            for at in 0..=dispatches.len() {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                    label: None,
                    timestamp_writes: Some(wgpu::ComputePassTimestampWrites {
                        query_set: &queries,
                        beginning_of_pass_write_index: Some(2 * at as u32),
                        end_of_pass_write_index: Some(2 * at as u32 + 1),
                    }),
                });
                match dispatches.get(at) {
                    Some(dispatch) => dispatch.record(&mut pass),
                    None => network.record(&mut pass),
                }
            }
            encoder.resolve_query_set(&queries, 0..count as u32, &resolved, 0);
            encoder.copy_buffer_to_buffer(&resolved, 0, &staging, 0, bytes as u64);
        })
        .await?;
        let read = gpu.read(&staging, bytes).await?;
        let ticks: Vec<u64> = read.as_chunks().0.iter().map(|&ticks| u64::from_ne_bytes(ticks)).collect();
        for (span, ends) in spans.iter_mut().zip(ticks.chunks_exact(2)) {
            span.push(ends[1].saturating_sub(ends[0]) as f64 * period);
        }
    }
    let whole = median(spans.last_mut().expect("one more than dispatches"));
    spans.pop();
    Ok(Clocks { whole, each: spans.iter_mut().map(|span| median(span)).collect() })
}

/// Submits what `record` records, and waits until it is done.
async fn submit(gpu: &Gpu, record: impl FnOnce(&mut wgpu::CommandEncoder)) -> Result<()> {
    gpu.guarded(|| {
        let mut encoder = gpu.device.create_command_encoder(&Default::default());
        record(&mut encoder);
        gpu.queue.submit([encoder.finish()]);
        std::future::ready(gpu.wait())
    })
    .await
}

/// Sorts `times`; the middle one.
fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
