//! What a GPU does at most, measured: what a network's rates are to be compared with.

use std::time::Instant;

use serde::Serialize;

use super::{Gpu, Result, submit};
use crate::gpu::shader::Binding::{Read, Uniform, Write};
use crate::gpu::shader::{Dispatch, Shader};
use crate::gpu::stages::{dispatch, shader};

/// Their rows of the table.
#[cfg(test)]
pub(in crate::gpu) static ALL: [&Shader; 2] = [&SUMS, &COPY];

static SUMS: Shader = shader!("peak_sums", &[Uniform, Write], [64, 1, 1]);
static COPY: Shader = shader!("peak_copy", &[Uniform, Read, Write], [64, 1, 1]);

/// Rates of a GPU that does one thing only, in single precision.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Peak {
    /// Multiply-adds, twice, in thousand millions per second, from registers.
    pub gflop_per_s: f64,
    /// Bytes read and bytes written in thousand millions per second, of a copy too large for caches.
    pub gbyte_per_s: f64,
}

/// Invocations that sum; as many as fill any GPU.
const SUMMING: usize = 1 << 18;

/// Turns of their loop, each of this many multiply-adds.
const TURNS: u32 = 64;
const EACH: usize = 8 * 4 * 4;

/// Vectors that are copied, 32 MiB: 64 invocations each in at most 65,535 workgroups, WebGPU's default limit.
const COPIED: usize = 1 << 21;

/// Milliseconds after which a run is long enough for what it takes to hand it over not to count.
const ENOUGH_MS: f64 = 50.0;

/// Runs of that length, of which the fastest counts.
const RUNS: usize = 5;

/// Measures `gpu`, in about a second.
///
/// # Errors
/// As [`super::profile`].
pub async fn peak(gpu: &Gpu) -> Result<Peak> {
    let usage = wgpu::BufferUsages::STORAGE;
    let [from, to] = ["from", "to"].map(|label| gpu.buffer(label, COPIED * 16, usage));
    let [from, to] = [&from, &to].map(wgpu::Buffer::as_entire_binding);
    let sums = dispatch(gpu, &SUMS, &[TURNS], std::slice::from_ref(&to), [SUMMING, 1, 1]);
    let copy = dispatch(gpu, &COPY, &[COPIED as u32], &[from, to], [COPIED, 1, 1]);
    let flop = (2 * SUMMING * TURNS as usize * EACH) as f64;
    let bytes = (2 * COPIED * 16) as f64;
    Ok(Peak {
        gflop_per_s: flop / fastest_ms(gpu, &sums).await? / 1e6,
        gbyte_per_s: bytes / fastest_ms(gpu, &copy).await? / 1e6,
    })
}

/// Milliseconds of one dispatch among many.
async fn fastest_ms(gpu: &Gpu, dispatch: &Dispatch) -> Result<f64> {
    let mut times = 1;
    let mut fastest = f64::INFINITY;
    let mut runs = 0;
    while runs < RUNS {
        let start = Instant::now();
        submit(gpu, |encoder| {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            (0..times).for_each(|_| dispatch.record(&mut pass));
        })
        .await?;
        let ms = start.elapsed().as_secs_f64() * 1e3;
        if ms < ENOUGH_MS {
            times *= 2;
        } else {
            fastest = fastest.min(ms / f64::from(times));
            runs += 1;
        }
    }
    Ok(fastest)
}
