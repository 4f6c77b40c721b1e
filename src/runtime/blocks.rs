//! Small native blocks that were freed, kept for whoever asks next: a cache for each thread, in front of the system's allocator.
//!
//! The compiler makes and frees many small tables, and most vectors grow through a few small sizes. The system's allocator takes
//! about a hundred machine instructions to free a block and four hundred to let one grow; a list of free blocks for each size takes
//! ten. What is kept is bounded, and every block is one of the system's, of the size of its class, so that any thread may free it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;

/// Blocks of so many sizes are kept: 24, 40, 56, ... bytes, which are those of the system's allocator.
const CLASSES: usize = 32;
const SMALLEST: usize = 24;
const STEP: usize = 16;
/// Bytes kept of each size.
const MOST: u32 = 16 << 10;

/// Free blocks of one size, linked through their first words, and how many bytes more may be kept.
#[derive(Clone, Copy)]
struct List {
    first: *mut u8,
    room: u32,
}

thread_local! {
    static FREE: [Cell<List>; CLASSES] =
        const { [const { Cell::new(List { first: ptr::null_mut(), room: MOST }) }; CLASSES] };
}

/// The class whose blocks hold `layout`; none if it is too large or asks for more than the usual alignment.
#[inline(always)]
fn class_of(layout: Layout) -> Option<usize> {
    let class = (layout.size() + STEP - 1).saturating_sub(SMALLEST) / STEP;
    (class < CLASSES && layout.align() <= 16).then_some(class)
}

/// What the system is asked for: all blocks of a class are alike.
#[inline(always)]
fn layout_of(class: usize) -> Layout {
    // SAFETY: the alignment is a power of two, the size small.
    unsafe { Layout::from_size_align_unchecked(SMALLEST + STEP * class, 16) }
}

#[inline(always)]
fn take(class: usize) -> Option<*mut u8> {
    FREE.with(|free| {
        let List { first, room } = free[class].get();
        if first.is_null() {
            return None;
        }
        // SAFETY: a free block of the list, whose first word is the link.
        let next = unsafe { *(first as *mut *mut u8) };
        free[class].set(List { first: next, room: room + layout_of(class).size() as u32 });
        Some(first)
    })
}

/// Allocates as [`GlobalAlloc::alloc`] does.
///
/// # Safety
/// As there.
#[inline]
pub(super) unsafe fn alloc(layout: Layout) -> *mut u8 {
    match class_of(layout) {
        // SAFETY: the caller's; a block of the class is at least as large.
        Some(class) => take(class).unwrap_or_else(|| unsafe { System.alloc(layout_of(class)) }),
        // SAFETY: the caller's.
        None => unsafe { System.alloc(layout) },
    }
}

/// Allocates as [`GlobalAlloc::alloc_zeroed`] does.
///
/// # Safety
/// As there.
#[inline]
pub(super) unsafe fn alloc_zeroed(layout: Layout) -> *mut u8 {
    let Some(class) = class_of(layout) else {
        // SAFETY: the caller's.
        return unsafe { System.alloc_zeroed(layout) };
    };
    match take(class) {
        Some(block) => {
            // SAFETY: a block of at least this size.
            unsafe { ptr::write_bytes(block, 0, layout.size()) };
            block
        }
        // SAFETY: the caller's; a block of the class is at least as large.
        None => unsafe { System.alloc_zeroed(layout_of(class)) },
    }
}

/// Frees as [`GlobalAlloc::dealloc`] does.
///
/// # Safety
/// As there.
#[inline]
pub(super) unsafe fn dealloc(block: *mut u8, layout: Layout) {
    let Some(class) = class_of(layout) else {
        // SAFETY: the caller's.
        return unsafe { System.dealloc(block, layout) };
    };
    let size = layout_of(class).size() as u32;
    FREE.with(|free| {
        let List { first, room } = free[class].get();
        // SAFETY: the block is the caller's to free, was allocated with the layout of its class, and holds a word.
        unsafe {
            if room < size {
                System.dealloc(block, layout_of(class));
            } else {
                *(block as *mut *mut u8) = first;
                free[class].set(List { first: block, room: room - size });
            }
        }
    });
}

/// Changes the size of a block as [`GlobalAlloc::realloc`] does.
///
/// # Safety
/// As there.
#[inline]
pub(super) unsafe fn realloc(block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
    // SAFETY: the caller's: the size fits a layout of this alignment.
    let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
    // SAFETY: the block has the layout of its class, or that with which it was asked for; the new one is as large as its class.
    unsafe {
        match (class_of(layout), class_of(wanted)) {
            (Some(old), Some(new)) if old == new => block,
            (Some(_), Some(_)) => {
                let moved = alloc(wanted);
                if !moved.is_null() {
                    ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
                    dealloc(block, layout);
                }
                moved
            }
            (Some(old), None) => System.realloc(block, layout_of(old), size),
            (None, Some(new)) => System.realloc(block, layout, layout_of(new).size()),
            (None, None) => System.realloc(block, layout, size),
        }
    }
}

/// Gives all blocks that this thread keeps back to the system, and keeps no more: the thread ends.
pub(super) fn give_back() {
    FREE.with(|free| {
        for (class, list) in free.iter().enumerate() {
            let mut next = list.replace(List { first: ptr::null_mut(), room: 0 }).first;
            while !next.is_null() {
                // SAFETY: a free block of the list, allocated with the layout of its class.
                unsafe {
                    let block = next;
                    next = *(block as *mut *mut u8);
                    System.dealloc(block, layout_of(class));
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 8).unwrap()
    }

    #[test]
    fn a_class_holds_its_sizes() {
        for size in 1..=2000 {
            match class_of(layout(size)) {
                Some(class) => {
                    assert!(layout_of(class).size() >= size, "{size}");
                    assert!(class == 0 || layout_of(class - 1).size() < size, "{size} fits a smaller class");
                }
                None => assert!(size > layout_of(CLASSES - 1).size(), "{size}"),
            }
        }
        assert_eq!(class_of(Layout::from_size_align(64, 32).unwrap()), None);
    }

    #[test]
    fn blocks_are_apart_zeroed_and_keep_their_content_as_they_grow_and_shrink() {
        // In a thread of its own, which gives everything back.
        let work = || {
            // SAFETY: every block is used within its size and freed once, with its layout.
            unsafe {
                for _ in 0..3 {
                    let blocks: Vec<(*mut u8, usize)> = (1..700usize).map(|size| (alloc(layout(size)), size)).collect();
                    for &(block, size) in &blocks {
                        ptr::write_bytes(block, size as u8, size);
                    }
                    for &(block, size) in &blocks {
                        assert!((0..size).all(|at| *block.add(at) == size as u8), "{size}");
                        let other = 1 + size * 37 % 900;
                        let moved = realloc(block, layout(size), other);
                        assert!((0..size.min(other)).all(|at| *moved.add(at) == size as u8), "{size} to {other}");
                        dealloc(moved, layout(other));
                    }
                    let zeroed: Vec<(*mut u8, usize)> =
                        (1..700usize).map(|size| (alloc_zeroed(layout(size)), size)).collect();
                    for &(block, size) in &zeroed {
                        assert!((0..size).all(|at| *block.add(at) == 0), "{size}");
                    }
                    zeroed.iter().for_each(|&(block, size)| dealloc(block, layout(size)));
                }
                let kept = |list: &Cell<List>| (MOST - list.get().room) as usize;
                assert!(FREE.with(|free| free.iter().all(|list| (1..=MOST as usize).contains(&kept(list)))));
                give_back();
                dealloc(alloc(layout(100)), layout(100));
                assert!(FREE.with(|free| free.iter().all(|list| list.get().first.is_null())));
            }
        };
        std::thread::spawn(work).join().unwrap();
    }
}
