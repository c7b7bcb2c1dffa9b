//! Memory that only grows, and what a panic does.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32;
use core::cell::Cell;
use core::ptr;

const PAGE: usize = 65_536;

/// Gives out one piece after another.
struct Growing {
    /// The first free byte.
    next: Cell<usize>,
    /// The first byte that is not there yet.
    end: Cell<usize>,
}

// SAFETY: a WebAssembly module without threads runs on one.
unsafe impl Sync for Growing {}

// SAFETY: pieces are apart, aligned, and within memory that was grown for them.
unsafe impl GlobalAlloc for Growing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = self.next.get().next_multiple_of(layout.align());
        let Some(stop) = start.checked_add(layout.size()) else { return ptr::null_mut() };
        if stop > self.end.get() {
            let pages = (stop - self.end.get()).div_ceil(PAGE);
            let before = wasm32::memory_grow(0, pages);
            if before == usize::MAX {
                return ptr::null_mut();
            }
            if self.end.get() == 0 {
                // The first time: what lay before is the stack and the constants.
                self.next.set(before * PAGE);
            }
            self.end.set((before + pages) * PAGE);
            // SAFETY: as for this call.
            return unsafe { self.alloc(layout) };
        }
        self.next.set(stop);
        ptr::without_provenance_mut(start)
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static MEMORY: Growing = Growing { next: Cell::new(0), end: Cell::new(0) };

#[panic_handler]
fn trap(_: &core::panic::PanicInfo<'_>) -> ! {
    wasm32::unreachable()
}
