//! Where handlers of fast paths find elements, fields and the contents of cells.
//!
//! PERF: tags are shifted out and addresses cut by instructions of which the optimiser knows nothing ([`shifted`], [`address`]).
//! Otherwise it keeps the masks and tags that several of these share in registers, of which there are too few, and the handler
//! starts with pushes.
//! An address is cut by a mask, one cycle, and not by two shifts, two cycles: three in a row stand before a branch that is guessed
//! wrong (n-queens 0.95 of the time).

use super::data::CELL_VALUE;
use super::structure::CACHED_SHAPE;
use crate::runtime::array::{ArrayObject, ELEMENTS_OFFSET};
use crate::runtime::dict::{self, DictObject};
use crate::runtime::heap::{Header, IMMORTAL, Kind};
use crate::runtime::shape::Shape;
use crate::runtime::structure::StructObject;
use crate::runtime::word::{TAG_ARRAY, TAG_OBJECT, Word};
use crate::vm::dispatch::Machine;

/// `word >> BY`
#[inline(always)]
fn shifted<const BY: u32>(word: u64) -> u64 {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        let shifted: u64;
        // SAFETY: one instruction on a register.
        unsafe {
            std::arch::asm!("shr {0}, {by}", inlateout(reg) word => shifted, by = const BY, options(pure, nomem, nostack));
        }
        shifted
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    {
        word >> BY
    }
}

/// The object a word points to.
#[inline(always)]
pub(super) fn address<O>(word: u64) -> *mut O {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        let address: *mut O;
        // SAFETY: two instructions on registers.
        unsafe {
            std::arch::asm!(
                "movabs {1}, 0xFFFFFFFFFFFF",
                "and {0}, {1}",
                inlateout(reg) word => address,
                out(reg) _,
                options(pure, nomem, nostack)
            );
        }
        address
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    {
        crate::runtime::word::Word(word).object_ptr()
    }
}

/// A heap word?
#[inline(always)]
pub(super) fn is_counted(word: u64) -> bool {
    shifted::<49>(word) == TAG_OBJECT >> 49
}

/// A heap array?
#[inline(always)]
pub(super) fn is_array(word: u64) -> bool {
    shifted::<48>(word) == TAG_ARRAY >> 48
}

#[inline(always)]
pub(super) fn is_object(word: u64) -> bool {
    shifted::<48>(word) == TAG_OBJECT >> 48
}

/// A second reference to `word`.
#[inline(always)]
pub(super) unsafe fn retain(word: u64) {
    if is_counted(word) {
        let header: *mut Header = address(word);
        // SAFETY: counted words point to live objects.
        unsafe {
            let count = (*header).count;
            if count != IMMORTAL {
                (*header).count = count + 1;
            }
        }
    }
}

/// The element of array `word` at the inline int `key`.
#[inline(always)]
pub(super) unsafe fn element(m: Machine, word: u64, key: u64, unique: bool) -> Option<*mut u64> {
    // SAFETY: array words point to live arrays.
    unsafe {
        let index = key.wrapping_sub(m.t);
        if !is_array(word) {
            return None;
        }
        let object: *mut ArrayObject = address(word);
        if index >= (*object).len as u64 || (unique && (*object).header.count != 1) {
            return None;
        }
        Some((object as *mut u64).add(ELEMENTS_OFFSET / 8 + index as usize))
    }
}

/// The struct in `word`, if it has the shape that the instruction remembers.
#[inline(always)]
pub(crate) unsafe fn cached(m: Machine, word: u64) -> Option<*mut StructObject> {
    // SAFETY: object words point to live objects; the instruction has cache words.
    unsafe {
        if !is_object(word) {
            return None;
        }
        let object: *mut StructObject = address(word);
        let known = (*object).header.kind as u8 == Kind::Struct as u8
            && (*object).shape as *const Shape as u64 == *m.pc.add(CACHED_SHAPE);
        if known { Some(object) } else { None }
    }
}

/// The field of the struct in `word` that `cache` remembers, or the entry of the dict there, if nobody else has it: for changing it.
/// The words of the cache are the name, the shape, and the place in the struct or the number of the entry.
#[inline(always)]
pub(super) unsafe fn field_of(word: u64, cache: *const u64) -> Option<*mut u64> {
    // SAFETY: object words point to live objects; the remembered place is a field of the remembered shape.
    unsafe {
        if !is_object(word) {
            return None;
        }
        let object: *mut StructObject = address(word);
        if (*object).header.count != 1 {
            return None;
        }
        let kind = (*object).header.kind as u8;
        if kind == Kind::Struct as u8 {
            let known = (*object).shape as *const Shape as u64 == *cache.add(1);
            return if known { Some((object as *mut u64).add(*cache.add(2) as usize)) } else { None };
        }
        if kind != Kind::Dict as u8 {
            return None;
        }
        dict::changed_at(object as *mut DictObject, *cache.add(2) as usize, Word(*cache)).map(|place| place as *mut u64)
    }
}

/// The content of the cell in register `register`.
#[inline(always)]
pub(super) unsafe fn cell(m: Machine, register: usize) -> *mut u64 {
    // SAFETY: the register holds a cell.
    unsafe { address::<u64>(m.get(register)).add(CELL_VALUE) }
}
