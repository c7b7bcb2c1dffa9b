//! The gate for JavaScript: an instance holds one configuration and answers for ids.
//!
//! Numbers cross the border and, for what the page writes, bytes in memory that it asks for. Nothing
//! is ever freed: `ts/gate.ts` makes an instance per configuration and lets go of it as a whole.
//! What one call gives out, the next may rely on.
#![allow(unsafe_code, reason = "the page passes addresses, and there is no standard library")]

mod memory;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use core::{ptr, slice};

use crate::gate::{Rollout, Variant, Version};

/// A configuration that was read, or why it was refused, and the version that asks.
pub(crate) struct Gate {
    read: Result<Rollout, String>,
    version: Version,
}

/// Memory to write `length` bytes to.
#[unsafe(no_mangle)]
extern "C" fn room(length: usize) -> *mut u8 {
    Box::leak(vec![0; length].into_boxed_slice()).as_mut_ptr()
}

/// What the page wrote.
///
/// # Safety
/// `text` is what `room` gave, for at least `length`, and holds UTF-8: what a `TextEncoder` makes is.
unsafe fn written<'a>(text: *const u8, length: usize) -> &'a str {
    // SAFETY: as this function's.
    unsafe { str::from_utf8_unchecked(slice::from_raw_parts(text, length)) }
}

/// Reads the configuration in `length` bytes at `text`, for this version of the library.
///
/// # Safety
/// As for `written`.
#[unsafe(no_mangle)]
unsafe extern "C" fn load(text: *const u8, length: usize, major: u16, minor: u16, patch: u16) -> *const Gate {
    // SAFETY: as this function's.
    let read = Rollout::parse(unsafe { written(text, length) });
    let read = read.map_err(|error| [error.code().name(), "\n", &error.message(), "\0"].concat());
    Box::leak(Box::new(Gate { read, version: Version { major, minor, patch } }))
}

/// Where the code and the message of a refusal stand, with a line's end between them and a zero behind; null if there is none.
///
/// # Safety
/// `gate` is what `load` gave.
#[unsafe(no_mangle)]
unsafe extern "C" fn refusal(gate: *const Gate) -> *const u8 {
    // SAFETY: what `load` gave is never freed.
    match unsafe { &(*gate).read } {
        Ok(_) => ptr::null(),
        Err(text) => text.as_ptr(),
    }
}

/// The answer for the id in `length` bytes at `id`, in 24 bits: from the lowest 3 its reason's place in `Reason::ALL`,
/// 5 its variant's place plus 1 or 0, 14 its bucket, or 2^14 - 1 without one. A refused configuration answers -1.
///
/// # Safety
/// `gate` is what `load` gave; of `id` as for `written`.
#[unsafe(no_mangle)]
unsafe extern "C" fn assign(gate: *const Gate, id: *const u8, length: usize) -> i32 {
    // SAFETY: as this function's; what `load` and `room` gave is never freed.
    let (gate, id) = unsafe { (&*gate, written(id, length)) };
    let Ok(rollout) = &gate.read else { return -1 };
    let answer = rollout.assign(id, Some(gate.version));
    let same = |variant: &Variant| answer.variant.is_some_and(|given| ptr::eq(given, variant));
    let variant = rollout.variants.iter().position(same).map_or(0, |place| place as i32 + 1);
    let bucket = answer.bucket.map_or(0x3FFF, i32::from);
    answer.reason as i32 | variant << 3 | bucket << 8
}
