//! The companion of featheredge: who gets the feature, and whether it is healthy.
//!
//! [`gate`] is pure and decides who is in a rollout. It is compiled natively and, without the
//! feature `server`, to a small WebAssembly file, so that both answer the same.
//!
//! Nothing here uses the library.

#![cfg_attr(not(any(feature = "server", test)), no_std)]

extern crate alloc;

pub mod gate;
#[cfg(all(target_arch = "wasm32", not(feature = "server")))]
mod wasm;
