//! The per-thread heap: object headers, allocation, and the counters of both.
//!
//! Sizes up to [`SMALL`] bytes come from free lists, one per multiple of sixteen, carved from 64 KiB chunks; larger ones from the
//! system. Sizes are rounded up to sixteen everywhere, so an owner must free with the size it asked for, give or take that rounding.
//! Nothing here is atomic: an object never leaves its thread.

use super::budget;
use super::error::RuntimeError;
use super::memory::{self, Bound};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;

pub use super::cycles::collect_cycles;
pub use super::release::{release, retain};

/// What a heap object is. Kinds from [`Kind::Cell`] on are candidates for cycle collection when their count drops.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An int outside the inline range.
    BigInt,
    /// A string.
    String,
    /// What an error's field `stack` holds until somebody asks for it; no script sees one.
    Trace,
    /// Bytes.
    Bytes,
    /// An array.
    Array,
    /// A dict.
    Dict,
    /// A struct.
    Struct,
    /// A cursor over a value.
    Iterator,
    /// A set.
    Set,
    /// A queue.
    Queue,
    /// A stack.
    Stack,
    /// A tagged value.
    Tagged,
    /// `Ok`, `Err`, `Some` or `None`.
    Outcome,
    /// A freed object that the candidate list still names.
    Zombie,
    /// A captured and reassigned variable.
    Cell,
    /// A function, closure or builtin.
    Function,
    /// A suspended activation.
    Generator,
    /// The result of an async function, or the lack of it so far.
    Promise,
    /// A channel between tasks.
    Channel,
    /// What `spawn_task` returns.
    Task,
}

impl Kind {
    /// Has no child words.
    #[inline]
    pub fn is_leaf(self) -> bool {
        self <= Kind::Bytes
    }
}

/// The first eight bytes of every heap object.
#[repr(C)]
pub struct Header {
    /// How many words own the object; `u32::MAX` means it lives forever.
    pub count: u32,
    /// What it is.
    pub kind: Kind,
    /// Per-kind bits below [`FLAG_BUFFERED`], cycle collection above.
    pub flags: u8,
    /// Per-kind small number.
    pub extra: u16,
}

/// The object is in the candidate list of the cycle collector.
pub const FLAG_BUFFERED: u8 = 0x20;
/// The two colour bits of the cycle collector.
pub const COLOUR_MASK: u8 = 0xC0;
/// The count of objects that are never freed.
pub const IMMORTAL: u32 = u32::MAX;
/// Offset of the count in every object.
pub const COUNT_OFFSET: usize = std::mem::offset_of!(Header, count);
/// Offset of the kind in every object.
pub const KIND_OFFSET: usize = std::mem::offset_of!(Header, kind);
/// Offset of the flags in every object.
pub const FLAGS_OFFSET: usize = std::mem::offset_of!(Header, flags);

impl Header {
    /// The header of a new object with one owner.
    #[inline]
    pub const fn new(kind: Kind) -> Header {
        Header { count: 1, kind, flags: 0, extra: 0 }
    }
}

/// Largest size served by the free lists.
pub const SMALL: usize = 256;
const GRAIN: usize = 16;
const CHUNK: usize = 64 * 1024;
/// Largest size a single string or array may be asked to have; what would be larger is refused before it is allocated.
pub const MAX_OBJECT_BYTES: usize = 1 << 31;

struct Heap {
    free: [Cell<*mut u8>; SMALL / GRAIN + 1],
    bump: Cell<*mut u8>,
    bump_end: Cell<*mut u8>,
    chunks: Cell<*mut u8>,
    live_bytes: Cell<usize>,
    peak_bytes: Cell<usize>,
    allocated: Cell<u64>,
    freed: Cell<u64>,
    copies: Cell<u64>,
    /// From this allocation on the memory counts as full.
    failing: Cell<u64>,
}

thread_local! {
    static HEAP: Heap = const {
        Heap {
            free: [const { Cell::new(ptr::null_mut()) }; SMALL / GRAIN + 1],
            bump: Cell::new(ptr::null_mut()),
            bump_end: Cell::new(ptr::null_mut()),
            chunks: Cell::new(ptr::null_mut()),
            live_bytes: Cell::new(0),
            peak_bytes: Cell::new(0),
            allocated: Cell::new(0),
            freed: Cell::new(0),
            copies: Cell::new(0),
            failing: Cell::new(u64::MAX),
        }
    };
    static CHUNKS_OF_THREAD: ChunkOwner = const { ChunkOwner };
}

/// Gives the chunks back when the thread ends, unless something still lives in them.
struct ChunkOwner;

impl Drop for ChunkOwner {
    fn drop(&mut self) {
        super::cycles::finish();
        super::blocks::give_back();
        HEAP.with(|heap| {
            if heap.live_bytes.get() != 0 {
                return;
            }
            let mut chunk = heap.chunks.replace(ptr::null_mut());
            for list in &heap.free {
                list.set(ptr::null_mut());
            }
            heap.bump.set(ptr::null_mut());
            heap.bump_end.set(ptr::null_mut());
            while !chunk.is_null() {
                // SAFETY: chunks are linked through their first word, were allocated with this layout, and hold nothing that lives.
                unsafe {
                    let next = *(chunk as *mut *mut u8);
                    System.dealloc(chunk, chunk_layout());
                    chunk = next;
                }
            }
        });
    }
}

const fn chunk_layout() -> Layout {
    match Layout::from_size_align(CHUNK, GRAIN) {
        Ok(layout) => layout,
        Err(_) => unreachable!(),
    }
}

/// `size` as the allocator sees it.
#[inline]
pub const fn rounded(size: usize) -> usize {
    (size + GRAIN - 1) & !(GRAIN - 1)
}

fn system_layout(size: usize) -> Layout {
    match Layout::from_size_align(size, GRAIN) {
        Ok(layout) => layout,
        Err(_) => exhausted(),
    }
}

/// `size` bytes, aligned to sixteen, not initialised. Free them with [`free_bytes`] and the same size.
#[inline]
pub fn alloc_bytes(size: usize) -> *mut u8 {
    let size = rounded(size);
    HEAP.with(|heap| {
        let live = heap.live_bytes.get() + size;
        heap.live_bytes.set(live);
        if live > heap.peak_bytes.get() {
            heap.peak_bytes.set(live);
        }
        if size > SMALL {
            memory::grown(live, true);
            return alloc_system(size);
        }
        let list = &heap.free[size / GRAIN];
        let block = list.get();
        if block.is_null() {
            return carve(heap, size);
        }
        // SAFETY: a block on a free list holds the next one in its first word.
        list.set(unsafe { *(block as *mut *mut u8) });
        block
    })
}

/// As [`alloc_bytes`], all zeros.
///
/// PERF: large blocks come from the system, which has zeroed them. What is first read there and then written costs two faults, so
/// each page is written to; large pages bring the faults of an index of 16 MiB from 8000 to 100, and its lookups miss no translations.
pub fn alloc_zeroed(size: usize) -> *mut u8 {
    let size = rounded(size);
    if size <= SMALL {
        let block = alloc_bytes(size);
        // SAFETY: fresh memory of that size.
        unsafe { ptr::write_bytes(block, 0, size) };
        return block;
    }
    HEAP.with(|heap| {
        let live = heap.live_bytes.get() + size;
        heap.live_bytes.set(live);
        heap.peak_bytes.set(heap.peak_bytes.get().max(live));
        memory::grown(live, true);
    });
    budget::spend(size / budget::BYTES);
    // SAFETY: the size is above SMALL, hence not zero.
    let block = unsafe { System.alloc_zeroed(system_layout(size)) };
    if block.is_null() {
        exhausted();
    }
    if size >= HUGE {
        prefer_large_pages(block, size);
    }
    if size >= CHUNK {
        for at in (0..size).step_by(PAGE) {
            // SAFETY: inside the block.
            unsafe { block.add(at).write_volatile(0) };
        }
    }
    block
}

/// The smallest pages of the system.
const PAGE: usize = 4096;
/// Blocks from here on are asked to lie in large pages: two of them fit.
const HUGE: usize = 4 << 20;

/// Asks the system for large pages under a block, which it may refuse.
fn prefer_large_pages(block: *mut u8, size: usize) {
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        use std::ffi::{c_int, c_void};
        unsafe extern "C" {
            fn madvise(from: *mut c_void, size: usize, advice: c_int) -> c_int;
        }
        const MADV_HUGEPAGE: c_int = 14;
        let skipped = block.align_offset(PAGE);
        // SAFETY: whole pages inside the block; the advice changes nothing that is in them.
        unsafe {
            madvise(block.add(skipped) as *mut c_void, (size - skipped) & !(PAGE - 1), MADV_HUGEPAGE);
        }
    }
    #[cfg(not(all(target_os = "linux", not(miri))))]
    let _ = (block, size);
}

#[cold]
#[inline(never)]
fn alloc_system(size: usize) -> *mut u8 {
    budget::spend(size / budget::BYTES);
    let layout = system_layout(size);
    // SAFETY: the size is above SMALL, hence not zero.
    let block = unsafe { System.alloc(layout) };
    if block.is_null() {
        exhausted();
    }
    block
}

#[inline(never)]
fn carve(heap: &Heap, size: usize) -> *mut u8 {
    let size = size.max(GRAIN);
    if (heap.bump_end.get() as usize) - (heap.bump.get() as usize) < size {
        // SAFETY: the layout has a size; the first grain of the chunk links it to the previous one.
        unsafe {
            let chunk = System.alloc(chunk_layout());
            if chunk.is_null() {
                exhausted();
            }
            *(chunk as *mut *mut u8) = heap.chunks.replace(chunk);
            heap.bump.set(chunk.add(GRAIN));
            heap.bump_end.set(chunk.add(CHUNK));
        }
        memory::grown(heap.live_bytes.get(), true);
        let _ = CHUNKS_OF_THREAD.try_with(|_| ());
    }
    let block = heap.bump.get();
    // SAFETY: at least `size` bytes are left in the chunk.
    heap.bump.set(unsafe { block.add(size) });
    block
}

/// Gives back a block of [`alloc_bytes`].
///
/// # Safety
/// `block` came from this thread's [`alloc_bytes`] or [`realloc_bytes`] with the same rounded size and is not used again.
#[inline]
pub unsafe fn free_bytes(block: *mut u8, size: usize) {
    let size = rounded(size);
    HEAP.with(|heap| {
        heap.live_bytes.set(heap.live_bytes.get() - size);
        if size > SMALL {
            // SAFETY: blocks above SMALL come from the system with this layout.
            unsafe { System.dealloc(block, system_layout(size)) };
            return;
        }
        let list = &heap.free[size.max(GRAIN) / GRAIN];
        // SAFETY: the block is at least one grain long and nobody else's.
        unsafe { *(block as *mut *mut u8) = list.get() };
        list.set(block);
    });
}

/// Moves a block to a new size.
///
/// # Safety
/// As [`free_bytes`] for `old`; the new block is what is returned.
pub unsafe fn realloc_bytes(block: *mut u8, old: usize, new: usize) -> *mut u8 {
    let (old, new) = (rounded(old), rounded(new));
    if old == new {
        return block;
    }
    if old > SMALL && new > SMALL {
        budget::spend(old.min(new) / budget::BYTES);
        // SAFETY: blocks above SMALL come from the system.
        let moved = unsafe { System.realloc(block, system_layout(old), new) };
        if moved.is_null() {
            exhausted();
        }
        HEAP.with(|heap| {
            let live = heap.live_bytes.get() - old + new;
            heap.live_bytes.set(live);
            heap.peak_bytes.set(heap.peak_bytes.get().max(live));
            memory::grown(live, false);
        });
        return moved;
    }
    let moved = alloc_bytes(new);
    // SAFETY: both blocks hold at least the smaller size and are distinct.
    unsafe {
        ptr::copy_nonoverlapping(block, moved, old.min(new));
        free_bytes(block, old);
    }
    moved
}

/// Memory for one object of `size` bytes; the caller writes the header first.
#[inline]
pub fn alloc_object<O>(size: usize) -> *mut O {
    HEAP.with(|heap| heap.allocated.set(heap.allocated.get() + 1));
    alloc_bytes(size) as *mut O
}

/// Frees the memory of an object whose children are gone.
///
/// # Safety
/// As [`free_bytes`].
#[inline]
pub unsafe fn free_object<O>(object: *mut O, size: usize) {
    HEAP.with(|heap| heap.freed.set(heap.freed.get() + 1));
    // SAFETY: passed on.
    unsafe { free_bytes(object as *mut u8, size) }
}

/// Counts one payload copied because it was shared.
#[inline]
pub fn count_copy_on_write() {
    HEAP.with(|heap| heap.copies.set(heap.copies.get() + 1));
}

/// What the heap of this thread holds and has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Objects alive (the immortal ones do not count).
    pub live_objects: u64,
    /// Bytes alive, buffers included.
    pub live_bytes: usize,
    /// The most bytes that were alive at once.
    pub peak_bytes: usize,
    /// Objects ever allocated.
    pub allocations: u64,
    /// Payloads copied because an update found them shared.
    pub copies_on_write: u64,
}

/// The counters of this thread's heap.
pub fn stats() -> Stats {
    HEAP.with(|heap| Stats {
        live_objects: heap.allocated.get() - heap.freed.get(),
        live_bytes: heap.live_bytes.get(),
        peak_bytes: heap.peak_bytes.get(),
        allocations: heap.allocated.get(),
        copies_on_write: heap.copies.get(),
    })
}

/// Objects alive on this thread.
pub fn live_objects() -> u64 {
    stats().live_objects
}

/// Bytes in use: those of values, and native ones as far as they are counted.
pub fn used() -> usize {
    HEAP.with(|heap| heap.live_bytes.get()) + memory::native()
}

/// Sets how many bytes may be in use before [`over_limit`] says so; `usize::MAX` for any number.
pub fn set_limit(bytes: usize) {
    memory::replace(if bytes == usize::MAX { Bound::NONE } else { Bound::bytes(bytes) });
}

/// Makes the memory count as full from the `nth` allocation from now on, for tests.
pub fn fail_allocation(nth: Option<u64>) {
    HEAP.with(|heap| heap.failing.set(nth.map_or(u64::MAX, |nth| heap.allocated.get().saturating_add(nth))));
}

/// More bytes in use than may be?
#[inline(always)]
pub fn over_limit() -> bool {
    HEAP.with(|heap| {
        !memory::fits(heap.live_bytes.get() + memory::native()) || heap.allocated.get() >= heap.failing.get()
    })
}

/// The system has no memory left, although no limit was reached: nothing can be run any more, not even an `except` body.
#[cold]
pub(super) fn exhausted() -> ! {
    eprintln!("[RUFVM001] [vm] Runtime Error: Out of memory");
    std::process::exit(memory::LIMIT_EXIT_CODE)
}

/// May `bytes` more be allocated in one go, by the limit and by what one object may hold? What only cycles hold is given up for it.
pub fn may_allocate(bytes: usize) -> bool {
    bytes <= MAX_OBJECT_BYTES && (has_room(bytes) || collected_room(bytes))
}

fn has_room(bytes: usize) -> bool {
    HEAP.with(|heap| {
        let used = heap.live_bytes.get() + memory::native();
        memory::fits(used.saturating_add(bytes)) && heap.allocated.get() < heap.failing.get()
    })
}

#[cold]
fn collected_room(bytes: usize) -> bool {
    collect_cycles();
    has_room(bytes)
}

/// Whether `bytes` more are sure to be within the limit, without doing anything for it.
pub fn has_spare(bytes: usize) -> bool {
    memory::limit() >= used().saturating_add(bytes)
}

/// As [`may_allocate`], as a result.
///
/// # Errors
/// They may not.
pub fn check_room(bytes: usize) -> Result<(), RuntimeError> {
    if may_allocate(bytes) { Ok(()) } else { Err(RuntimeError::out_of_memory()) }
}

/// Looks at the memory, for work that allocates many values.
///
/// # Errors
/// It is full.
#[inline]
pub fn check() -> Result<(), RuntimeError> {
    if over_limit() { check_room(0) } else { Ok(()) }
}

/// As [`may_allocate`], for `bytes` that are about to be filled, which is charged.
///
/// # Errors
/// They are too many, or there is no fuel for filling them.
pub fn admit(bytes: usize) -> Result<(), RuntimeError> {
    check_room(bytes)?;
    budget::charge(bytes / budget::BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_recycled_and_counted() {
        let before = stats().live_bytes;
        let first = alloc_bytes(40);
        // SAFETY: allocated above with the same size.
        unsafe { free_bytes(first, 40) };
        let second = alloc_bytes(48);
        assert_eq!(first, second);
        assert_eq!(stats().live_bytes, before + 48);
        // SAFETY: allocated above.
        let grown = unsafe { realloc_bytes(second, 48, 1000) };
        // SAFETY: as returned by realloc.
        let grown = unsafe { realloc_bytes(grown, 1000, 100_000) };
        // SAFETY: as returned by realloc.
        unsafe { free_bytes(grown, 100_000) };
        assert_eq!(stats().live_bytes, before);
    }
}
