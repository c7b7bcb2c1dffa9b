//! The companion of featheredge: who gets the feature, and whether it is healthy.
//!
//! [`gate`] is pure and decides who is in a rollout. It is compiled natively and, without the
//! feature `server`, to a small WebAssembly file, so that both answer the same.
//!
//! [`beacon`] reads what pages tell of their runs, [`decision`] says when that is bad enough to roll
//! back, and [`server`] puts the three together.
//!
//! Nothing here uses the library.

#![cfg_attr(not(any(feature = "server", test)), no_std)]

extern crate alloc;

#[cfg(feature = "server")]
pub mod beacon;
#[cfg(feature = "server")]
pub mod decision;
pub mod gate;
#[cfg(feature = "server")]
pub mod server;
#[cfg(all(target_arch = "wasm32", not(feature = "server")))]
mod wasm;
