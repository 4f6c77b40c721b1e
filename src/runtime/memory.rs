//! How much memory the programs of this thread may take, and who notices when it is full.
//!
//! Two counters make up what is taken: bytes of values, which the heap counts, and native bytes (buffers of builtins, queues, tables,
//! tasks), which [`Counting`] counts: the global allocator of the `ruff` binary, and of every host that makes it its own. Both look
//! at the limit where they get memory from the system: the heap for each large block and each chunk of small ones, the allocator
//! each time native bytes have passed a mark. So a limit costs nothing while there is room.
//!
//! A full memory is noticed in one of three ways, whichever comes first. Work whose size is known, or that goes on in pieces, asks
//! before it allocates ([`super::heap::may_allocate`], [`super::gather`]). The machine has an [`Alarm`] here, and stops at its next
//! point. What forgets to ask is the last resort's: if the process may be ended ([`guard`]), it is, before much more is taken.

use super::{available, blocks, heap};
use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

/// Bytes of native memory between two looks at a limit, at least.
const STEP: usize = 64 * 1024;
/// What may be taken before anybody asks how much the machine has.
const UNASKED: usize = 64 << 20;

struct Memory {
    /// Bytes the global allocator has given to this thread, less those it got back; below zero if others had allocated those.
    native: Cell<isize>,
    /// From so many native bytes on the limit is looked at.
    mark: Cell<isize>,
    bound: Cell<Bound>,
    /// Whether something was refused because of the limit.
    refused: Cell<bool>,
    /// Whether the process may be ended when nothing else helps.
    last_resort: Cell<bool>,
    /// How much may be taken before that, once the memory is full; 0 while it is not.
    end: Cell<usize>,
    alarm: Cell<Option<Alarm>>,
    /// From so many bytes on the alarm is raised again.
    next_alarm: Cell<usize>,
}

thread_local! {
    static MEMORY: Memory = const {
        Memory {
            native: Cell::new(0),
            mark: Cell::new(isize::MAX),
            bound: Cell::new(Bound::NONE),
            refused: Cell::new(false),
            last_resort: Cell::new(false),
            end: Cell::new(0),
            alarm: Cell::new(None),
            next_alarm: Cell::new(0),
        }
    };
}

/// How many bytes may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    bytes: usize,
    /// As whoever has set it knows it.
    shown: usize,
    /// Beyond `bytes` the machine is asked how much it has.
    provisional: bool,
}

impl Bound {
    /// Any number.
    pub const NONE: Bound = Bound { bytes: usize::MAX, shown: usize::MAX, provisional: false };

    /// So many.
    pub const fn bytes(bytes: usize) -> Bound {
        Bound { bytes, shown: bytes, provisional: false }
    }

    /// So many beyond those in use at some moment.
    pub const fn beyond(used: usize, bytes: usize) -> Bound {
        Bound { bytes: used.saturating_add(bytes), shown: bytes, provisional: false }
    }
}

/// Who is told that the memory is full.
#[derive(Clone, Copy)]
pub struct Alarm {
    /// What is called. It must not allocate, and touch nothing that whoever allocates may be using.
    pub call: unsafe fn(*const ()),
    /// With what.
    pub with: *const (),
}

/// Native bytes in use, as far as they are counted.
pub fn native() -> usize {
    MEMORY.with(|memory| memory.native.get().max(0) as usize)
}

/// Native bytes that another thread has allocated are this thread's to free from here on.
pub fn adopt(bytes: usize) {
    MEMORY.with(|memory| memory.native.set(memory.native.get() + bytes as isize));
}

/// How many bytes may be taken.
pub fn limit() -> usize {
    MEMORY.with(|memory| memory.bound.get().bytes)
}

/// Sets how many bytes may be taken; what was allowed before.
pub fn replace(bound: Bound) -> Bound {
    MEMORY.with(|memory| {
        // The next native block looks at the limit.
        memory.mark.set(if bound == Bound::NONE { isize::MAX } else { isize::MIN });
        memory.refused.set(false);
        relieved();
        memory.bound.replace(bound)
    })
}

/// Sets who is told that the memory is full; who was told before.
pub fn set_alarm(alarm: Option<Alarm>) -> Option<Alarm> {
    MEMORY.with(|memory| memory.alarm.replace(alarm))
}

/// There is room again.
pub fn relieved() {
    MEMORY.with(|memory| {
        memory.end.set(0);
        memory.next_alarm.set(0);
    });
}

/// The limit, if something has been refused because of it.
pub fn refused() -> Option<usize> {
    MEMORY.with(|memory| memory.refused.get().then(|| memory.bound.get().shown))
}

/// Allows ending the process when a limit does not hold otherwise. Without `limit`, the bound of this thread is three quarters of
/// what the machine has free, which is asked as soon as that matters.
pub fn guard(limit: bool) {
    MEMORY.with(|memory| memory.last_resort.set(true));
    if limit {
        replace(Bound { provisional: true, ..Bound::bytes(UNASKED) });
    }
}

/// More than this beyond the limit is never taken, if the process may be ended.
fn slack(limit: usize) -> usize {
    (limit / 32).max(6 << 20)
}

/// Whether `used` bytes are within the limit.
#[inline(always)]
pub fn fits(used: usize) -> bool {
    MEMORY.with(|memory| used <= memory.bound.get().bytes) || fits_after_asking(used)
}

#[cold]
fn fits_after_asking(used: usize) -> bool {
    MEMORY.with(|memory| {
        if memory.bound.get().provisional {
            memory.bound.set(Bound::NONE);
            let free = available::bytes().saturating_add(heap::used());
            memory.bound.set(Bound::bytes(free / 4 * 3));
        }
        let fits = used <= memory.bound.get().bytes;
        if !fits {
            memory.refused.set(true);
        }
        fits
    })
}

/// The values take `live` bytes now, some of them from the system: in a block that will be filled, or for one to grow into.
#[inline(always)]
pub(super) fn grown(live: usize, filled: bool) {
    let used = live + native();
    if MEMORY.with(|memory| used > memory.bound.get().bytes) {
        full(used, filled);
    }
}

#[cold]
#[inline(never)]
fn full(used: usize, filled: bool) {
    if fits_after_asking(used) {
        return;
    }
    MEMORY.with(|memory| {
        let limit = memory.bound.get().bytes;
        if let Some(alarm) = memory.alarm.get()
            && used >= memory.next_alarm.get()
        {
            memory.next_alarm.set(used + (limit / 64).max(STEP));
            // SAFETY: whoever has set it keeps what it is called with until it is set again.
            unsafe { (alarm.call)(alarm.with) };
        }
        // Room to grow into is not memory before it is used, and who has asked for it stops soon.
        let before = if filled { limit } else { used };
        memory.end.set(memory.end.get().max(before.saturating_add(slack(limit))));
        if used > memory.end.get() {
            end(memory.bound.get().shown);
        }
    });
}

/// The native bytes have passed the mark.
#[cold]
#[inline(never)]
fn native_grown(bytes: isize, filled: bool) {
    MEMORY.with(|memory| {
        memory.mark.set(isize::MAX);
        let used = heap::stats().live_bytes + bytes.max(0) as usize;
        let limit = memory.bound.get().bytes;
        let step = if used <= limit || fits_after_asking(used) {
            (memory.bound.get().bytes - used) / 2
        } else {
            full(used, filled);
            0
        };
        memory.mark.set(bytes.saturating_add_unsigned(step.max(STEP)));
    });
}

/// The last resort: something has taken memory without asking. A host that may not be ended is not.
fn end(limit: usize) {
    if MEMORY.with(|memory| memory.last_resort.replace(false)) {
        eprintln!("[RUFVM001] [vm] Runtime Error: Memory limit of {limit} bytes exceeded");
        std::process::exit(LIMIT_EXIT_CODE);
    }
}

/// The exit code of a process whose memory is full.
pub const LIMIT_EXIT_CODE: i32 = 6;

/// The system's allocator behind a cache of small blocks ([`super::blocks`]), with a count of what each thread has of it.
pub struct Counting;

/// What a block of `size` bytes takes in the system's allocator.
#[inline(always)]
fn taken(size: usize) -> isize {
    ((size + 8).next_multiple_of(16)).max(32) as isize
}

#[inline(always)]
fn count(change: isize, filled: bool) {
    MEMORY.with(|memory| {
        let native = memory.native.get().wrapping_add(change);
        memory.native.set(native);
        if native > memory.mark.get() {
            native_grown(native, filled);
        }
    });
}

// SAFETY: `blocks` and the system's allocator do the work; counting allocates nothing, but for what it allocates itself on the way to the end of
// the process or to learning the limit, which it is not in the middle of.
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(taken(layout.size()), true);
        // SAFETY: the caller's.
        unsafe { blocks::alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(taken(layout.size()), true);
        // SAFETY: the caller's.
        unsafe { blocks::alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-taken(layout.size()), false);
        // SAFETY: the caller's.
        unsafe { blocks::dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(taken(size) - taken(layout.size()), false);
        // SAFETY: the caller's.
        unsafe { blocks::realloc(block, layout, size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static ALARMS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

    unsafe fn alarm(_: *const ()) {
        ALARMS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    /// The allocator of the tests is another; here it is asked directly.
    #[test]
    fn both_kinds_of_memory_count_and_raise_the_alarm() {
        let outer = replace(Bound::bytes(heap::used() + 10 * STEP));
        set_alarm(Some(Alarm { call: alarm, with: std::ptr::null() }));
        let layout = Layout::from_size_align(4 * STEP, 16).unwrap();
        let before = native();
        // SAFETY: a layout with a size; both blocks are given back.
        unsafe {
            let first = Counting.alloc(layout);
            assert!(native() >= before + 4 * STEP && ALARMS.load(std::sync::atomic::Ordering::Relaxed) == 0);
            assert!(heap::may_allocate(5 * STEP) && !heap::may_allocate(7 * STEP));
            assert_eq!(refused(), Some(limit()));
            let value = crate::runtime::bytes::new(&vec![0; 7 * STEP]);
            assert_eq!(ALARMS.load(std::sync::atomic::Ordering::Relaxed), 1);
            drop(value);
            let second = Counting.alloc_zeroed(layout);
            let second = Counting.realloc(second, layout, 8 * STEP);
            assert_eq!(ALARMS.load(std::sync::atomic::Ordering::Relaxed), 2);
            Counting.dealloc(first, layout);
            Counting.dealloc(second, Layout::from_size_align(8 * STEP, 16).unwrap());
        }
        set_alarm(None);
        replace(outer);
        assert_eq!((native(), refused()), (before, None));
    }
}
