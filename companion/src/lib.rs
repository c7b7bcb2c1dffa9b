//! The companion of featheredge: who gets the feature, and whether it is healthy.
//!
//! [`gate`] is pure and decides who is in a rollout. It is compiled natively and, without the
//! feature `server`, to a small WebAssembly file, so that both answer the same.
//!
//! [`decision`] is pure as well, and decides when a rollout is to be rolled back.
//!
//! Nothing here uses the library.

#![cfg_attr(not(any(feature = "server", test)), no_std)]

extern crate alloc;

#[cfg(feature = "server")]
pub mod decision;
pub mod gate;
#[cfg(all(target_arch = "wasm32", not(feature = "server")))]
mod wasm;
