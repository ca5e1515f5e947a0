//! How much memory a piece of work holds at once.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that are held whatever the input is: tables, a first allocation of everything.
const START: usize = 256 * 1024;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, with the bytes counted that are held and were held at most.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(size: usize) {
    let held = HELD.fetch_add(size, Ordering::Relaxed) + size;
    MOST.fetch_max(held, Ordering::Relaxed);
}

// SAFETY: every call is the system's own; only numbers are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's contract is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's contract is the system's.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        count(size);
        // SAFETY: the caller's contract is the system's.
        unsafe { System.realloc(at, layout, size) }
    }
}

/// Does some work on a text, which may hold so many bytes for each byte of it.
///
/// # Panics
/// If it held more at once.
pub fn in_proportion<T>(text: &str, factor: usize, work: impl FnOnce() -> T) -> T {
    let before = HELD.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let result = work();
    let held = MOST.load(Ordering::Relaxed) - before;
    let most = START + factor * text.len();
    assert!(held <= most, "{held} bytes are held for a text of {}", text.len());
    result
}
