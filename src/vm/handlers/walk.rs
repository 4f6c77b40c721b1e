//! Path assignment and read-modify-write where every container on the way has one owner: the handlers walk from the root to the place
//! with the keys in registers and the fields in inline caches. They count nothing and copy nothing. What they leave, errors
//! included, is done by the general walk (`paths.rs`), from the start: nothing has changed by then.
//!
//! A handler is made of a root, the kinds of the steps, and what is done at the end. Paths of at most two steps have handlers without
//! a loop; the others share one for each root and action.
//!
//! PERF: `g[i].f := v` of a global takes 50 machine instructions, `g[i].f += v` 56, where the general walk alone took 273 and 283
//! (`benches/paths.py`). Interpreting a description, filling small vectors and searching names took the rest.

use super::chain::{Difference, Operation, Product, Sum, chains, either};
use super::data::{CELL_VALUE, release_spill};
use super::entries::guessed;
use super::paths;
use super::place::{address, element, field_of, is_array, is_counted};
use crate::base::operator::BinaryOp;
use crate::bytecode::op::{DROP_LISTED, Opcode};
use crate::bytecode::program::{CACHE_WORDS, PathDescription, PathStep, PathWord};
use crate::ir::function::UpdateOp;
use crate::runtime::array::{ArrayObject, ELEMENTS_OFFSET};
use crate::vm::dispatch::{Handler, Machine, handlers};

/// Where a path starts.
pub(crate) trait Root {
    /// The place of the root.
    unsafe fn slot(m: Machine) -> *mut u64;
}

/// In register a.
pub(crate) struct Register;
/// In the cell in register a.
pub(crate) struct Cell;
/// In a global.
pub(crate) struct Global;

impl Root for Register {
    #[inline(always)]
    unsafe fn slot(m: Machine) -> *mut u64 {
        // SAFETY: inside the frame (BC002).
        unsafe { m.base.add(m.a()) }
    }
}

impl Root for Cell {
    #[inline(always)]
    unsafe fn slot(m: Machine) -> *mut u64 {
        // SAFETY: the register holds a cell (BC017).
        unsafe { address::<u64>(m.ra()).add(CELL_VALUE) }
    }
}

impl Root for Global {
    #[inline(always)]
    unsafe fn slot(m: Machine) -> *mut u64 {
        // SAFETY: inside the global table (BC010).
        unsafe { (*m.vm).globals.add(PathWord::global_of(m.literal())) }
    }
}

/// The steps of a path.
pub(crate) trait Steps {
    /// The place at the end, if everything is there and the action may change it without further notice.
    unsafe fn walk<A: Action>(m: Machine, slot: *mut u64) -> Option<*mut u64>;
    /// Number of words of the instruction.
    unsafe fn words(m: Machine) -> usize;
}

/// At most two steps, of these kinds ([`PathWord::kinds`]).
pub(crate) struct Short<const KINDS: u16>;
/// Any number of steps.
pub(crate) struct Long;

/// Where an instruction has its list, in words.
const LIST: usize = 3;

/// Register `index` of the list.
#[inline(always)]
unsafe fn listed(m: Machine, index: usize) -> u64 {
    // SAFETY: the list has the operand and a register for each index step (BC010).
    unsafe { m.get((*(m.pc.add(LIST) as *const u16).add(index) & !DROP_LISTED) as usize) }
}

/// The only step of a path: to an element, or in a dict to the value under an int that needs no search.
///
/// PERF: dicts on longer paths would cost every handler three saved registers.
#[inline(always)]
unsafe fn only_index<A: Action>(m: Machine, slot: *mut u64) -> Option<*mut u64> {
    // SAFETY: the slot owns a live value. A dict notes whether it may have counted values.
    unsafe {
        let key = listed(m, 1);
        match element(m, *slot, key, true) {
            None if A::STORES && is_counted(listed(m, 0)) => None,
            None => guessed(m, *slot, key),
            place => place,
        }
    }
}

impl<const KINDS: u16> Steps for Short<KINDS> {
    #[inline(always)]
    unsafe fn walk<A: Action>(m: Machine, mut slot: *mut u64) -> Option<*mut u64> {
        // SAFETY: as a handler; the caches stand at the end of the instruction, that of the first field last.
        unsafe {
            if KINDS == 0b10 {
                return only_index::<A>(m, slot);
            }
            let mut cache = m.pc.add(Self::WORDS);
            let mut key = 1;
            if KINDS > 1 {
                if KINDS & 1 == 0 {
                    slot = element(m, *slot, listed(m, key), true)?;
                    key += 1;
                } else {
                    cache = cache.sub(CACHE_WORDS);
                    slot = field_of(*slot, cache)?;
                }
            }
            if KINDS > 3 {
                slot = if KINDS & 2 == 0 {
                    element(m, *slot, listed(m, key), true)?
                } else {
                    field_of(*slot, cache.sub(CACHE_WORDS))?
                };
            }
            Some(slot)
        }
    }

    #[inline(always)]
    unsafe fn words(_m: Machine) -> usize {
        Self::WORDS
    }
}

impl<const KINDS: u16> Short<KINDS> {
    const WORDS: usize = LIST + 1 + CACHE_WORDS * (KINDS.count_ones() as usize - 1);
}

impl Steps for Long {
    #[inline(always)]
    unsafe fn walk<A: Action>(m: Machine, mut slot: *mut u64) -> Option<*mut u64> {
        // SAFETY: as for `Short`.
        unsafe {
            let mut cache = m.pc.add(m.b());
            let mut key = 1;
            let mut kinds = m.literal() as u16;
            while kinds > 1 {
                if kinds & 1 == 0 {
                    slot = element(m, *slot, listed(m, key), true)?;
                    key += 1;
                } else {
                    cache = cache.sub(CACHE_WORDS);
                    slot = field_of(*slot, cache)?;
                }
                kinds >>= 1;
            }
            Some(slot)
        }
    }

    #[inline(always)]
    unsafe fn words(m: Machine) -> usize {
        // SAFETY: the instruction's second word.
        unsafe { m.b() }
    }
}

/// What is done at the end of the path.
pub(crate) trait Action {
    /// Whether the operand is put into the place.
    const STORES: bool;
    /// Does it, or says that it is not for here. The old value, if that has to be released.
    unsafe fn act(m: Machine, place: *mut u64, operand: u64) -> Done;
}

/// How an action ended.
pub(crate) enum Done {
    Well,
    Replaced(u64),
    Not,
}

/// `place := operand`
pub(crate) struct Set;
/// `place := push(place, operand)`
pub(crate) struct Push;
/// `place := place operation operand`, of ints or of doubles.
pub(crate) struct Change<O>(O);

impl Action for Set {
    const STORES: bool = true;

    #[inline(always)]
    unsafe fn act(_m: Machine, place: *mut u64, operand: u64) -> Done {
        // SAFETY: the place owns a live value; the operand moves there.
        unsafe {
            let old = *place;
            *place = operand;
            if is_counted(old) { Done::Replaced(old) } else { Done::Well }
        }
    }
}

impl Action for Push {
    const STORES: bool = false;

    #[inline(always)]
    unsafe fn act(_m: Machine, place: *mut u64, operand: u64) -> Done {
        // SAFETY: array words point to live arrays; the operand moves there.
        unsafe {
            if !is_array(*place) {
                return Done::Not;
            }
            let object: *mut ArrayObject = address(*place);
            let len = (*object).len;
            if (*object).header.count != 1 || len >= (*object).cap {
                return Done::Not;
            }
            *(object as *mut u64).add(ELEMENTS_OFFSET / 8 + len as usize) = operand;
            (*object).len = len + 1;
            Done::Well
        }
    }
}

impl<O: Operation> Action for Change<O> {
    const STORES: bool = false;

    #[inline(always)]
    unsafe fn act(m: Machine, place: *mut u64, operand: u64) -> Done {
        // SAFETY: the place owns a number, which is replaced by one.
        unsafe {
            match either::<O>(m, *place, operand) {
                Some(word) => {
                    *place = word;
                    Done::Well
                }
                None => Done::Not,
            }
        }
    }
}

chains! {
    /// A path instruction.
    fn change<R: Root, S: Steps, A: Action>(m) {
        let Some(place) = S::walk::<A>(m, R::slot(m)) else {
            return m.enter(general);
        };
        match A::act(m, place, listed(m, 0)) {
            Done::Well => m.next(S::words(m)),
            Done::Replaced(old) => {
                (*m.vm).spill = old;
                m.enter(release_replaced)
            }
            Done::Not => m.enter(general),
        }
    }
}

handlers! {
    fn general(m) {
        m.helper(paths::change)
    }
    fn release_replaced(m) {
        m.helper(release_spill::<0>)
    }
}

/// The handler of a path instruction that lists `count` registers, if what it does has one of its own.
pub(crate) fn handler(opcode: Opcode, path: &PathDescription, count: u16) -> Option<Handler> {
    let keys = path.steps.iter().filter(|step| **step == PathStep::Index).count();
    if count as usize != keys + 1 {
        return None;
    }
    let kinds = PathWord::kinds(&path.steps);
    match opcode {
        Opcode::set_path | Opcode::update_path => by_steps::<Register>(kinds, path.update),
        Opcode::cell_set_path | Opcode::cell_update_path => by_steps::<Cell>(kinds, path.update),
        Opcode::global_set_path | Opcode::global_update_path => by_steps::<Global>(kinds, path.update),
        _ => None,
    }
}

fn by_steps<R: Root>(kinds: u16, update: Option<UpdateOp>) -> Option<Handler> {
    match kinds {
        0b1 => by_action::<R, Short<0b1>>(update),
        0b10 => by_action::<R, Short<0b10>>(update),
        0b11 => by_action::<R, Short<0b11>>(update),
        0b100 => by_action::<R, Short<0b100>>(update),
        0b101 => by_action::<R, Short<0b101>>(update),
        0b110 => by_action::<R, Short<0b110>>(update),
        0b111 => by_action::<R, Short<0b111>>(update),
        _ => by_action::<R, Long>(update),
    }
}

fn by_action<R: Root, S: Steps>(update: Option<UpdateOp>) -> Option<Handler> {
    Some(match update {
        None => change::<R, S, Set>,
        Some(UpdateOp::Push) => change::<R, S, Push>,
        Some(UpdateOp::Binary(BinaryOp::Add)) => change::<R, S, Change<Sum>>,
        Some(UpdateOp::Binary(BinaryOp::Sub)) => change::<R, S, Change<Difference>>,
        Some(UpdateOp::Binary(BinaryOp::Mul)) => change::<R, S, Change<Product>>,
        _ => return None,
    })
}
