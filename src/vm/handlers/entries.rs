//! Entries of dicts: what is read, stored and changed under one key, without the general walk of paths. Keys that are ints come first.
//!
//! A dict with one owner is changed in place; in any other case control goes on in the general handler, errors included.

use super::data::CELL_VALUE;
use super::paths::{Action, run, walk};
use crate::base::operator::BinaryOp;
use crate::bytecode::op::{DROP_LISTED, Fields, Opcode};
use crate::bytecode::program::{PathDescription, PathStep};
use crate::ir::function::UpdateOp;
use crate::runtime::array::{ArrayObject, ELEMENTS_OFFSET};
use crate::runtime::dict::{self, DictObject, Lookup};
use crate::runtime::heap;
use crate::runtime::release::release;
use crate::runtime::word::{LIM, T, Word};
use crate::vm::Vm;
use crate::vm::dispatch::{Handler, Machine, handlers};

/// The root of a path is in a register.
const REGISTER: u8 = 0;
/// In a cell.
const CELL: u8 = 1;
/// In a global.
const GLOBAL: u8 = 2;

/// The handler of a path instruction with one index, if what it does has one of its own.
pub(crate) fn handler(opcode: Opcode, description: &PathDescription, operands: u16) -> Option<Handler> {
    if operands != 2 || description.steps.as_slice() != [PathStep::Index] {
        return None;
    }
    let handlers: [Handler; 3] = match description.update {
        None => [store_at_key, cell_store_at_key, global_store_at_key],
        Some(UpdateOp::Push) => [push_at_key, cell_push_at_key, global_push_at_key],
        Some(UpdateOp::Binary(BinaryOp::Add)) => [add_at_key, cell_add_at_key, global_add_at_key],
        _ => return None,
    };
    Some(match opcode {
        Opcode::set_path | Opcode::update_path => handlers[REGISTER as usize],
        Opcode::cell_set_path | Opcode::cell_update_path => handlers[CELL as usize],
        _ => handlers[GLOBAL as usize],
    })
}

/// Where the value under a key is in a dict of one owner, if the key is an int and the entry is found without a search.
#[inline(always)]
pub(super) unsafe fn guessed(m: Machine, container: u64, key: u64) -> Option<*mut u64> {
    // SAFETY: live words.
    unsafe {
        let dict = own(Word(container))?;
        if key < m.lim {
            return None;
        }
        dict::guess(dict, Word(key)).map(|place| place as *mut u64)
    }
}

/// The content of the cell in register a.
#[inline(always)]
unsafe fn content(m: Machine) -> u64 {
    // SAFETY: the register holds a cell (IR verifier: types of cell operands).
    unsafe { *Word(m.ra()).object_ptr::<u64>().add(CELL_VALUE) }
}

/// Register `index` of the list.
#[inline(always)]
unsafe fn listed(m: Machine, index: u32) -> u64 {
    // SAFETY: a path instruction with one index lists two registers (BC010).
    unsafe { m.get(((m.literal() >> (16 * index)) as u16 & !DROP_LISTED) as usize) }
}

/// Words of a path instruction with one index.
const WORDS: usize = 3;

/// Stores; what may be on the heap is left to the helper.
macro_rules! store {
    ($m:ident, $container:expr, $root:ident) => {{
        if let Some(place) = guessed($m, $container, listed($m, 1))
            && !Word(*place).is_counted()
            && !Word(listed($m, 0)).is_counted()
        {
            *place = listed($m, 0);
            return $m.next(WORDS);
        }
        $m.helper(store_one::<$root>)
    }};
}

/// Appends to an array of one owner that has room.
macro_rules! push {
    ($m:ident, $container:expr, $root:ident) => {{
        if let Some(place) = guessed($m, $container, listed($m, 1)) {
            let element = Word(*place);
            let object: *mut ArrayObject = element.object_ptr();
            if element.is_array() && (*object).header.count == 1 && (*object).len < (*object).cap {
                let len = (*object).len;
                *(object as *mut u64).add(ELEMENTS_OFFSET / 8 + len as usize) = listed($m, 0);
                (*object).len = len + 1;
                return $m.next(WORDS);
            }
        }
        $m.helper(push_one::<$root>)
    }};
}

/// Adds two ints.
macro_rules! add {
    ($m:ident, $container:expr, $root:ident) => {{
        if let Some(place) = guessed($m, $container, listed($m, 1)) {
            let (value, operand) = (*place, listed($m, 0));
            let sum = value.wrapping_add(operand.wrapping_sub($m.t));
            if (value & operand & sum) >= $m.lim {
                *place = sum;
                return $m.next(WORDS);
            }
        }
        $m.helper(add_one::<$root>)
    }};
}

handlers! {
    fn store_at_key(m) {
        store!(m, m.ra(), REGISTER)
    }
    fn cell_store_at_key(m) {
        store!(m, content(m), CELL)
    }
    fn global_store_at_key(m) {
        m.helper(store_one::<GLOBAL>)
    }
    fn push_at_key(m) {
        push!(m, m.ra(), REGISTER)
    }
    fn cell_push_at_key(m) {
        push!(m, content(m), CELL)
    }
    fn global_push_at_key(m) {
        m.helper(push_one::<GLOBAL>)
    }
    fn add_at_key(m) {
        add!(m, m.ra(), REGISTER)
    }
    fn cell_add_at_key(m) {
        add!(m, content(m), CELL)
    }
    fn global_add_at_key(m) {
        m.helper(add_one::<GLOBAL>)
    }
}

/// Where the root of the path is.
#[inline(always)]
unsafe fn root<const ROOT: u8>(vm: &Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the root is where the opcode's row says.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        match ROOT {
            REGISTER => base.add(fields.a as usize),
            CELL => Word(*base.add(fields.a as usize)).object_ptr::<u64>().add(CELL_VALUE),
            _ => {
                let index = vm.program.paths[fields.b as usize].global.unwrap_or_default();
                vm.globals.add(index as usize)
            }
        }
    }
}

/// The value under `key` in a dict, if that is in `container` and has the key.
///
/// # Safety
/// Both are live.
#[inline(always)]
pub(super) unsafe fn value_at(container: Word, key: Word) -> Option<Word> {
    // SAFETY: the caller's.
    unsafe {
        let dict = dict::object(container)?;
        if let Some(place) = dict::recent(dict, key) {
            return Some(*place);
        }
        if key.is_int() {
            return dict::find_int(dict, key).map(|place| *place);
        }
        match dict::find_word(dict, key) {
            Lookup::Found(place) => Some(*place),
            _ => None,
        }
    }
}

/// The dict in `container`, if it has one owner.
#[inline(always)]
unsafe fn own(container: Word) -> Option<*mut DictObject> {
    // SAFETY: a live value.
    unsafe { dict::object(container).filter(|&dict| (*dict).header.count == 1) }
}

/// Stores in a dict of one owner, and says whether it could.
///
/// # Safety
/// All are live; on success the value is consumed.
#[inline(always)]
pub(super) unsafe fn store_in(container: Word, key: Word, value: Word) -> bool {
    // SAFETY: the caller's.
    unsafe {
        let Some(dict) = own(container) else { return false };
        if key.is_int() {
            release(dict::store_int(dict, key, value));
            return true;
        }
        dict::store_plain_text(dict, key, value).is_some_and(|old| {
            release(old);
            true
        })
    }
}

/// Releases the key if it dies here.
#[inline(always)]
unsafe fn give_up_key(base: *mut u64, key: u16) {
    if key & DROP_LISTED != 0 {
        // SAFETY: a register of the frame, owned if flagged.
        unsafe { release(Word(*base.add((key & !DROP_LISTED) as usize))) }
    }
}

/// Operand, flagged key register and key of a path with one index.
#[inline(always)]
unsafe fn operands(pc: *mut u64, base: *mut u64) -> (Word, u16, Word) {
    // SAFETY: the instruction lists both (BC010).
    unsafe {
        let list = *pc.add(2);
        let register = |entry: u16| Word(*base.add((entry & !DROP_LISTED) as usize));
        (register(list as u16), (list >> 16) as u16, register((list >> 16) as u16))
    }
}

/// `a[b] := value`
#[inline(never)]
unsafe fn store_one<const ROOT: u8>(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        let slot = root::<ROOT>(vm, pc, base);
        let (value, entry, key) = operands(pc, base);
        if !store_in(Word(*slot), key, value) {
            return run(vm, pc, base, slot, Action::Set);
        }
        give_up_key(base, entry);
        pc.add(3)
    }
}

/// The element at a key of an array or dict of one owner.
#[inline(always)]
unsafe fn place_at(slot: *mut u64, base: *mut u64, entry: u16, key: Word) -> Option<*mut u64> {
    // SAFETY: as a helper.
    unsafe {
        if key.is_int()
            && let Some(dict) = own(Word(*slot))
        {
            return dict::find_int(dict, key).map(|place| place as *mut u64);
        }
        walk(slot, base, &entry, 1)
    }
}

/// `a[b] := push(a[b], value)`
///
/// PERF: arrays that grow in a dict take a quarter of the instructions of the general walk, which finds out each time what is to be done, and an
/// eighth where the key is guessed.
#[inline(never)]
unsafe fn push_one<const ROOT: u8>(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as `run`. Nothing is changed before the last reason to leave.
    unsafe {
        let slot = root::<ROOT>(vm, pc, base);
        let (operand, entry, key) = operands(pc, base);
        let Some(place) = place_at(slot, base, entry, key) else { return run(vm, pc, base, slot, Action::Update) };
        let element = Word(*place);
        let object: *mut ArrayObject = element.object_ptr();
        if !element.is_array() || (*object).header.count != 1 {
            return run(vm, pc, base, slot, Action::Update);
        }
        let len = (*object).len;
        if len < (*object).cap {
            ArrayObject::elements(object).add(len as usize).write(operand);
            (*object).len = len + 1;
        } else if heap::may_allocate(len as usize * 2 * size_of::<Word>()) {
            *place = Word::array(ArrayObject::push(object, operand)).0;
        } else {
            return run(vm, pc, base, slot, Action::Update);
        }
        give_up_key(base, entry);
        pc.add(3)
    }
}

/// `a[b] += value` of two ints
#[inline(never)]
unsafe fn add_one<const ROOT: u8>(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as `run`. Nothing is changed before the last reason to leave.
    unsafe {
        let slot = root::<ROOT>(vm, pc, base);
        let (operand, entry, key) = operands(pc, base);
        let Some(place) = place_at(slot, base, entry, key) else { return run(vm, pc, base, slot, Action::Update) };
        let sum = (*place).wrapping_add(operand.0.wrapping_sub(T));
        if (*place & operand.0 & sum) < LIM {
            return run(vm, pc, base, slot, Action::Update);
        }
        *place = sum;
        give_up_key(base, entry);
        pc.add(3)
    }
}
