//! Prefixes of reads and changes of elements in cells, globals and nested arrays: nothing is counted on the way, because nothing can
//! happen between looking at the container and being done with it. Anything unusual goes on with the instructions behind.
//!
//! PERF: backtracking over three arrays captured by a recursive closure (n-queens) takes half the time with them.

use super::data::CELL_VALUE;
use super::structure::element;
use crate::bytecode::op::Opcode;
use crate::runtime::word::Word;
use crate::vm::dispatch::{Machine, handlers, retain};

/// The content of the cell in register `register`.
#[inline(always)]
unsafe fn cell(m: Machine, register: usize) -> *mut u64 {
    // SAFETY: the register holds a cell (IR verifier: types of cell operands).
    unsafe { Word(m.get(register)).object_ptr::<u64>().add(CELL_VALUE) }
}

/// The global in operands b and c.
#[inline(always)]
unsafe fn global(m: Machine) -> *mut u64 {
    // SAFETY: inside the global table (BC005).
    unsafe { (*m.vm).globals.add(m.wide() as usize) }
}

/// The register in the literal word.
#[inline(always)]
unsafe fn further(m: Machine) -> u64 {
    // SAFETY: inside the frame (BC002).
    unsafe { m.get(m.literal() as u16 as usize) }
}

/// Words of a prefix and of the path instruction it stands for.
const WITH_CHANGE: usize = Opcode::quick_cell_add.skipped().unwrap();

/// `a := container[key]`, and goes on behind the instructions stood for, `$words` further.
///
/// PERF: how far is known to the handler, so that the next instruction's address does not wait for a load: five cycles of ten.
macro_rules! read {
    ($m:ident, $container:expr, $key:expr, $words:expr) => {{
        let Some(place) = element($m, $container, $key, false) else {
            return $m.next(3);
        };
        let word = *place;
        retain(word);
        $m.set_a(word);
        $m.next(const { $words.skipped().unwrap() })
    }};
}

/// `place := value` if the old value needs no release.
macro_rules! store {
    ($m:ident, $place:expr, $value:expr) => {{
        let place: Option<*mut u64> = $place;
        match place {
            Some(place) if !Word(*place).is_counted() => {
                *place = $value;
                $m.next(WITH_CHANGE)
            }
            _ => $m.next(3),
        }
    }};
}

handlers! {
    fn quick_cell_index(m) {
        read!(m, *cell(m, m.b()), m.rc(), Opcode::quick_cell_index)
    }
    fn quick_cell_index_add(m) {
        let (x, y) = (m.rc(), further(m));
        let key = x.wrapping_add(y.wrapping_sub(m.t));
        if (x & y & key) < m.lim {
            return m.next(3);
        }
        read!(m, *cell(m, m.b()), key, Opcode::quick_cell_index_add)
    }
    fn quick_cell_index_sub(m) {
        let (x, y) = (m.rc(), further(m));
        let key = x.wrapping_sub(y).wrapping_add(m.t);
        if (x & y & key) < m.lim {
            return m.next(3);
        }
        read!(m, *cell(m, m.b()), key, Opcode::quick_cell_index_add)
    }
    fn quick_global_index(m) {
        read!(m, *global(m), further(m), Opcode::quick_global_index)
    }
    fn quick_cell_set_index(m) {
        store!(m, element(m, *cell(m, m.a()), m.rb(), true), m.rc())
    }
    fn quick_global_set_index(m) {
        store!(m, element(m, *global(m), further(m), true), m.ra())
    }
    fn quick_set_index_index(m) {
        let Some(row) = element(m, m.ra(), m.rb(), true) else {
            return m.next(3);
        };
        store!(m, element(m, *row, m.rc(), true), further(m))
    }
}

#[inline(always)]
fn sum(m: Machine, x: u64, y: u64) -> Option<u64> {
    let word = x.wrapping_add(y.wrapping_sub(m.t));
    if (x & y & word) >= m.lim { Some(word) } else { double(f64::from_bits(x) + f64::from_bits(y)) }
}

#[inline(always)]
fn difference(m: Machine, x: u64, y: u64) -> Option<u64> {
    let word = x.wrapping_sub(y).wrapping_add(m.t);
    if (x & y & word) >= m.lim { Some(word) } else { double(f64::from_bits(x) - f64::from_bits(y)) }
}

/// The word of a result, which is a NaN if an operand was no double.
#[inline(always)]
fn double(result: f64) -> Option<u64> {
    if result.is_nan() { None } else { Some(result.to_bits()) }
}

/// `place := operation(place, operand)` of numbers.
macro_rules! change {
    ($m:ident, $place:expr, $operand:expr, $operation:ident) => {{
        let place: Option<*mut u64> = $place;
        let Some(place) = place else {
            return $m.next(3);
        };
        let Some(word) = $operation($m, *place, $operand) else {
            return $m.next(3);
        };
        *place = word;
        $m.next(WITH_CHANGE)
    }};
}

macro_rules! quick_changes {
    ($($cell:ident $global:ident $cell_index:ident $global_index:ident $index:ident $operation:ident;)*) => { handlers! {$(
        fn $cell(m) {
            change!(m, Some(cell(m, m.a())), m.rb(), $operation)
        }
        fn $global(m) {
            change!(m, Some(global(m)), m.ra(), $operation)
        }
        fn $cell_index(m) {
            change!(m, element(m, *cell(m, m.a()), m.rb(), true), m.rc(), $operation)
        }
        fn $global_index(m) {
            change!(m, element(m, *global(m), further(m), true), m.ra(), $operation)
        }
        fn $index(m) {
            change!(m, element(m, m.ra(), m.rb(), true), m.rc(), $operation)
        }
    )*} };
}

quick_changes! {
    quick_cell_add quick_global_add quick_cell_add_index quick_global_add_index quick_add_index sum;
    quick_cell_sub quick_global_sub quick_cell_sub_index quick_global_sub_index quick_sub_index difference;
}
