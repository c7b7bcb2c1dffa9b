//! Runs a plan on the CPU.

#![allow(dead_code, reason = "the kernels that use the rest of it come next")]

pub(crate) mod simd;
