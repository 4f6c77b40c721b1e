//! `a[i][j] := x` of nested arrays in a cell or a global, without the general walk of paths. The loader chooses these handlers by the
//! path; anything unusual goes on in the general handler.
//!
//! PERF: the walk was a third of the instructions of `towers`.

use super::data::CELL_VALUE;
use super::index;
use super::place::element;
use crate::bytecode::op::{DROP_LISTED, Fields, Opcode};
use crate::bytecode::program::{PathDescription, PathStep};
use crate::runtime::word::Word;
use crate::vm::dispatch::{Handler, Machine, handlers};

/// The handler of the instruction at `pc`, if it stores into a nested array. The number of a global goes into the unused field a.
///
/// # Safety
/// `pc` is a `cell_set_path` or `global_set_path` of verified code with this path.
pub(crate) unsafe fn handler(pc: *mut u64, opcode: Opcode, path: &PathDescription) -> Option<Handler> {
    // SAFETY: the second word of the instruction.
    let fields = unsafe { Fields::decode(*pc.add(1)) };
    if path.steps.as_slice() != [PathStep::Index, PathStep::Index] || path.update.is_some() || fields.c != 3 {
        return None;
    }
    if opcode == Opcode::cell_set_path {
        return Some(cell_set_element);
    }
    let a = u16::try_from(path.global?).ok()?;
    // SAFETY: the code is writable.
    unsafe { *pc.add(1) = Fields { a, ..fields }.encode() };
    Some(global_set_element)
}

/// Listed register `index`.
#[inline(always)]
unsafe fn listed(m: Machine, index: usize) -> u64 {
    // SAFETY: the instruction lists three registers (BC002), packed into one word.
    unsafe { m.get((*(m.pc.add(2) as *const u16).add(index) & !DROP_LISTED) as usize) }
}

/// Whether `root[key][key] := value` was done. A key that names an element is an int, so dropping it does nothing.
#[inline(always)]
unsafe fn stored(m: Machine, root: u64) -> bool {
    // SAFETY: as a handler; the places are in arrays that nobody else has.
    unsafe {
        let Some(row) = element(m, root, listed(m, 1), true) else { return false };
        match element(m, *row, listed(m, 2), true) {
            Some(place) if !Word(*place).is_counted() => {
                *place = listed(m, 0);
                true
            }
            _ => false,
        }
    }
}

handlers! {
    fn global_set_element(m) {
        if stored(m, *(*m.vm).globals.add(m.a())) { m.next(3) } else { m.enter(index::global_set_path) }
    }
    fn cell_set_element(m) {
        let cell = Word(m.ra()).object_ptr::<u64>();
        if stored(m, *cell.add(CELL_VALUE)) { m.next(3) } else { m.enter(index::cell_set_path) }
    }
}
