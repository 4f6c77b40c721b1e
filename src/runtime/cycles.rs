//! Reclaiming cycles: synchronous trial deletion (Bacon and Rajan, ECOOP 2001), iterative.
//!
//! Only a cell can close a cycle, and a cell is reached through functions; so an object whose count drops without reaching zero is a
//! candidate only if it is one of those. Candidates that prove alive stay candidates (a later drop of an array between them
//! would go unnoticed otherwise), and the threshold doubles with the survivors, which keeps the work amortised.
//!
//! Strings and other leaves take no part: their counts are never tried, they are released when their garbage parent is.
//! Never runs while objects are dying (their headers are in use as links).

use super::heap::{self, COLOUR_MASK, FLAG_BUFFERED, Header, IMMORTAL, Kind};
use super::release::{for_each_child, free_shell, release_object};
use std::cell::{Cell, UnsafeCell};
use std::mem::ManuallyDrop;

const BLACK: u8 = 0;
const GREY: u8 = 0x40;
const WHITE: u8 = 0x80;
const DOOMED: u8 = 0xC0;
const FIRST_THRESHOLD: usize = 4096;

struct Candidates {
    list: UnsafeCell<ManuallyDrop<Vec<*mut Header>>>,
    threshold: Cell<usize>,
    due: Cell<bool>,
}

thread_local! {
    static CANDIDATES: Candidates = const {
        Candidates {
            list: UnsafeCell::new(ManuallyDrop::new(Vec::new())),
            threshold: Cell::new(FIRST_THRESHOLD),
            due: Cell::new(false),
        }
    };
}

/// A freed object keeps its memory, with its size in it, until the list drops its name.
#[repr(C)]
struct Zombie {
    header: Header,
    size: usize,
}

/// Notes an object that may be part of a dead cycle.
///
/// # Safety
/// `object` is live, its count above zero.
#[inline]
pub(super) unsafe fn candidate(object: *mut Header) {
    // SAFETY: the caller's; the list is not borrowed elsewhere, `push` runs no foreign code.
    unsafe {
        if (*object).flags & FLAG_BUFFERED != 0 {
            return;
        }
        (*object).flags |= FLAG_BUFFERED;
        CANDIDATES.with(|candidates| {
            let list = &mut *candidates.list.get();
            list.push(object);
            if list.len() >= candidates.threshold.get() {
                candidates.due.set(true);
            }
        });
    }
}

/// Collects if enough candidates have piled up.
#[inline]
pub(super) fn collect_if_due() {
    if CANDIDATES.with(|candidates| candidates.due.get()) {
        collect_pile();
    }
}

#[cold]
#[inline(never)]
fn collect_pile() {
    CANDIDATES.with(|candidates| {
        sweep_zombies();
        // SAFETY: no other borrow of the list is alive.
        let alive = || unsafe { (*candidates.list.get()).len() };
        if alive() * 2 >= candidates.threshold.get() {
            collect_cycles();
        }
        candidates.threshold.set((alive() * 2).max(FIRST_THRESHOLD));
        candidates.due.set(false);
    });
}

/// # Safety
/// The object is dead and in the candidate list.
pub(super) unsafe fn make_zombie(object: *mut Header, size: usize) {
    // SAFETY: candidates are at least sixteen bytes long.
    unsafe {
        (*object).kind = Kind::Zombie;
        (*(object as *mut Zombie)).size = size;
    }
}

/// # Safety
/// The object is a zombie.
pub(super) unsafe fn zombie_size(object: *mut Header) -> usize {
    // SAFETY: the caller's.
    unsafe { (*(object as *const Zombie)).size }
}

fn sweep_zombies() {
    CANDIDATES.with(|candidates| {
        // SAFETY: the list is not borrowed elsewhere; zombies are freed here and nowhere else, and leave the list.
        unsafe {
            (*candidates.list.get()).retain(|&object| {
                let dead = (*object).kind == Kind::Zombie;
                if dead {
                    heap::free_object(object, zombie_size(object));
                }
                !dead
            });
        }
    });
}

/// Gives back what the candidate list holds, when the thread ends.
pub(super) fn finish() {
    collect_cycles();
    CANDIDATES.with(|candidates| {
        // SAFETY: the list is not borrowed elsewhere.
        let list = unsafe { &mut **candidates.list.get() };
        if list.is_empty() {
            *list = Vec::new();
        }
    });
}

unsafe fn colour(object: *mut Header) -> u8 {
    // SAFETY: the caller's.
    unsafe { (*object).flags & COLOUR_MASK }
}

unsafe fn paint(object: *mut Header, colour: u8) {
    // SAFETY: the caller's.
    unsafe { (*object).flags = (*object).flags & !COLOUR_MASK | colour }
}

/// Calls `visit` with the children that take part.
unsafe fn inner_children(object: *mut Header, mut visit: impl FnMut(*mut Header)) {
    // SAFETY: the caller's: `object` is whole.
    unsafe {
        for_each_child(object, |word| {
            if word.is_counted() {
                let child = word.header();
                if !(*child).kind.is_leaf() && (*child).count != IMMORTAL {
                    visit(child);
                }
            }
        });
    }
}

/// Frees every unreachable cycle of this thread. Returns how many objects that were.
pub fn collect_cycles() -> usize {
    sweep_zombies();
    // SAFETY: nothing below touches the list before it is written back.
    let roots: Vec<*mut Header> = CANDIDATES.with(|candidates| unsafe { std::mem::take(&mut **candidates.list.get()) });
    let mut work: Vec<*mut Header> = Vec::new();
    let mut doomed: Vec<*mut Header> = Vec::new();
    // SAFETY: roots and all they reach are live objects; counts are only lowered along existing edges, and raised again along the
    // same edges for everything that proves reachable from outside.
    unsafe {
        for &root in &roots {
            mark(root, &mut work);
        }
        for &root in &roots {
            scan(root, &mut work);
        }
        for &root in &roots {
            doom(root, &mut work, &mut doomed);
        }
    }
    let mut alive: Vec<*mut Header> = Vec::new();
    for root in roots {
        // SAFETY: still allocated.
        unsafe {
            if colour(root) == DOOMED {
                (*root).flags &= !FLAG_BUFFERED;
            } else {
                alive.push(root);
            }
        }
    }
    // SAFETY: as above; the vector left in the list is empty and unallocated.
    CANDIDATES.with(|candidates| unsafe { **candidates.list.get() = alive });
    for &object in &doomed {
        // SAFETY: leaves of garbage are still counted; everything else a doomed object points to has had this edge removed by `mark`.
        unsafe {
            for_each_child(object, |word| {
                if word.is_counted() && (*word.header()).kind.is_leaf() {
                    release_object(word.header());
                }
            });
        }
    }
    for &object in &doomed {
        // SAFETY: no live object points here.
        unsafe { free_shell(object) };
    }
    doomed.len()
}

/// Removes every edge below `root` from the counts.
unsafe fn mark(root: *mut Header, work: &mut Vec<*mut Header>) {
    // SAFETY: `root` and all it reaches are live objects.
    unsafe {
        if colour(root) == GREY {
            return;
        }
        paint(root, GREY);
        work.push(root);
        while let Some(object) = work.pop() {
            inner_children(object, |child| {
                (*child).count -= 1;
                if colour(child) != GREY {
                    paint(child, GREY);
                    work.push(child);
                }
            });
        }
    }
}

/// Whatever still has a count is reachable from outside, with all below it; the rest turns white.
unsafe fn scan(root: *mut Header, work: &mut Vec<*mut Header>) {
    // SAFETY: as for `mark`.
    unsafe {
        let mut live: Vec<*mut Header> = Vec::new();
        work.push(root);
        while let Some(object) = work.pop() {
            if colour(object) != GREY {
                continue;
            }
            if (*object).count == 0 {
                paint(object, WHITE);
                inner_children(object, |child| work.push(child));
                continue;
            }
            paint(object, BLACK);
            live.push(object);
            while let Some(object) = live.pop() {
                inner_children(object, |child| {
                    (*child).count += 1;
                    if colour(child) != BLACK {
                        paint(child, BLACK);
                        live.push(child);
                    }
                });
            }
        }
    }
}

unsafe fn doom(root: *mut Header, work: &mut Vec<*mut Header>, doomed: &mut Vec<*mut Header>) {
    // SAFETY: as for `mark`.
    unsafe {
        work.push(root);
        while let Some(object) = work.pop() {
            if colour(object) == WHITE {
                paint(object, DOOMED);
                doomed.push(object);
                inner_children(object, |child| work.push(child));
            }
        }
    }
}
