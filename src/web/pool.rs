//! The pool of threads: one instance for each, all on one memory.
//!
//! `ts/worker.threads.ts` brings the threads, which are workers: those that help call [`help`] and
//! never come back; then the one that runs the calls, which is a part of the pool, calls [`start_pool`].

use std::sync::{Condvar, Mutex, PoisonError};

use rayon::{ThreadBuilder, ThreadPoolBuilder};
use wasm_bindgen::prelude::*;

use super::to_js;
use crate::error::{Error, ErrorKind};

/// Parts of the pool that no thread has taken yet; in the shared memory, so every instance sees it.
static WAITING: Mutex<Vec<ThreadBuilder>> = Mutex::new(Vec::new());
static MORE: Condvar = Condvar::new();

/// Makes this thread a part of the pool, as long as it lives; waits until there is one.
#[wasm_bindgen]
pub fn help() {
    let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    let part = loop {
        match waiting.pop() {
            Some(part) => break part,
            None => waiting = MORE.wait(waiting).unwrap_or_else(PoisonError::into_inner),
        }
    };
    drop(waiting);
    part.run();
}

/// Makes the pool of this thread and of `helpers` others, each of which must call [`help`].
///
/// # Errors
/// `Internal` if there is a pool already.
#[wasm_bindgen(js_name = startPool)]
pub fn start_pool(helpers: usize) -> Result<(), JsValue> {
    ThreadPoolBuilder::new()
        .num_threads(helpers + 1)
        .use_current_thread()
        .spawn_handler(|part| {
            WAITING.lock().unwrap_or_else(PoisonError::into_inner).push(part);
            MORE.notify_one();
            Ok(())
        })
        .build_global()
        .map_err(|error| to_js(Error::new(ErrorKind::Internal, format!("no pool of threads: {error}"))))
}
