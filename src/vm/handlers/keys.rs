//! Sequences of instructions around one entry of a dict that run in one handler, which the loader gives to the first of them:
//!
//! | source | instructions |
//! |---|---|
//! | `if has_key(d, k)` | `global_get` or `cell_get` or neither, `call_builtin`, `jump_if` or `jump_if_not` |
//! | `d[k] := get(d, k, 0) + n` | `call_builtin`, `add` or `add_i`, `set_index` |
//!
//! The bytecode does not know of them; they are not installed while instructions are counted or metered. What is no common case goes on
//! in the handler of the first instruction, or behind it.
//!
//! PERF: a memory of a recursive function asks and stores for each call. Without counting the dict, without the result of `has_key`
//! and without its branch that takes 60 instructions instead of 120; counting words takes one search instead of two.

use super::builtin::{get, has_key};
use super::data::{CELL_VALUE, cell_get, global_get};
use crate::base::builtin::BuiltinId;
use crate::bytecode::op::{DROP_FIRST, DROP_LISTED, Fields, OPCODE_MASK, Opcode};
use crate::runtime::builtins;
use crate::runtime::dict::{self, DictObject, Lookup};
use crate::runtime::heap::Kind;
use crate::runtime::release::release;
use crate::runtime::word::{LIM, T, Word};
use crate::vm::Vm;
use crate::vm::dispatch::{Handler, Machine, apart, handlers, retain};

/// Words of a call with at most four arguments.
const CALL: usize = 3;
/// Words of an instruction without extra words.
const PLAIN: usize = 2;

/// The dict is in a register.
const REGISTER: u8 = 0;
/// In a cell.
const CELL: u8 = 1;
/// In a global.
const GLOBAL: u8 = 2;

/// Words of what brings the dict from there.
const fn before(root: u8) -> usize {
    match root {
        REGISTER => 0,
        CELL => 3,
        _ => 2,
    }
}

/// The handler of the sequence that starts at `pc`, if one does.
///
/// # Safety
/// `pc` is an instruction of verified code, with others behind it.
pub(crate) unsafe fn handler(pc: *const u64) -> Option<Handler> {
    // SAFETY: an instruction that does not end the code is followed by one (BC007).
    unsafe {
        let instruction = |words: usize| {
            let fields = Fields::decode(*pc.add(words + 1));
            (Opcode::from_word(fields.op), fields)
        };
        let calls = |words: usize, name: &str, arguments: u16| {
            let (opcode, fields) = instruction(words);
            let called = opcode == Some(Opcode::call_builtin)
                && fields.c == arguments
                && builtins::row(BuiltinId(fields.b)).is_some_and(|row| row.name == name);
            called.then(|| (fields.a, *pc.add(words + 2)))
        };
        let (opcode, fields) = instruction(0);
        let root = match opcode {
            Some(Opcode::call_builtin) => REGISTER,
            Some(Opcode::cell_get) => CELL,
            Some(Opcode::global_get) => GLOBAL,
            _ => return None,
        };
        if let Some((result, list)) = calls(before(root), "has_key", 2) {
            let (test, branch) = instruction(before(root) + CALL);
            let tested = matches!(test, Some(Opcode::jump_if | Opcode::jump_if_not)) && branch.a == result;
            let (dict, key) = (list as u16, (list >> 16) as u16);
            let brought = if root == REGISTER { dict < DROP_LISTED } else { dict == fields.a | DROP_LISTED };
            if !tested || !brought || key >= DROP_LISTED || key == dict & !DROP_LISTED {
                return None;
            }
            return Some(match root {
                REGISTER => test_key,
                CELL => cell_test_key,
                _ => global_test_key,
            });
        }
        let (result, list) = calls(0, "get", 3)?;
        let (dict, key, default) = (list as u16, (list >> 16) as u16, (list >> 32) as u16);
        let ((add, sum), (store, set)) = (instruction(CALL), instruction(CALL + PLAIN));
        let fits = store == Some(Opcode::set_index)
            && (set.a, set.b, set.c) == (dict, key, sum.a)
            && sum.b == result
            && (dict | key | default) < DROP_LISTED
            && ![dict, key].contains(&result)
            && ![dict, key].contains(&sum.a);
        match add? {
            Opcode::add_i if fits => Some(count_key),
            Opcode::add if fits && sum.c != result => Some(count_key),
            _ => None,
        }
    }
}

/// Whether a live word is an object of this kind.
#[inline(always)]
unsafe fn is(word: u64, kind: Kind) -> bool {
    // SAFETY: object words point to live objects.
    unsafe { Word(word).is_object() && (*Word(word).header()).kind as u8 == kind as u8 }
}

/// `if has_key(d, k)` of a dict and an int or a string, or enters `$other`.
macro_rules! test {
    ($m:ident, $container:expr, $root:ident, $other:ident) => {{
        let key = listed($m, before($root), 1);
        if !is($container, Kind::Dict) {
            $m.enter($other)
        } else if key >= $m.lim {
            $m.helper(branch_on_key::<$root, true>)
        } else if is(key, Kind::String) {
            $m.helper(branch_on_key::<$root, false>)
        } else {
            $m.enter($other)
        }
    }};
}

/// The register that entry `index` of the call at `words` lists.
#[inline(always)]
unsafe fn listed(m: Machine, words: usize, index: usize) -> u64 {
    // SAFETY: the call lists registers of the frame.
    unsafe { m.get((*(m.pc.add(words + 2) as *const u16).add(index) & !DROP_LISTED) as usize) }
}

handlers! {
    fn test_key(m) {
        test!(m, listed(m, 0, 0), REGISTER, has_key)
    }
    fn cell_test_key(m) {
        test!(m, *Word(m.rb()).object_ptr::<u64>().add(CELL_VALUE), CELL, cell_get)
    }
    fn global_test_key(m) {
        test!(m, *(*m.vm).globals.add(m.wide() as usize), GLOBAL, global_get)
    }
    fn count_key(m) {
        let container = listed(m, 0, 0);
        let key = listed(m, 0, 1);
        if !is(container, Kind::Dict) || (*Word(container).header()).count != 1 {
            m.enter(get)
        } else if key >= m.lim {
            m.helper(count::<true>)
        } else if is(key, Kind::String) {
            m.helper(count::<false>)
        } else {
            m.enter(get)
        }
    }
}

/// `if has_key(d, k)`
#[inline(never)]
unsafe fn branch_on_key<const ROOT: u8, const INT: bool>(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the handler has found a dict and a key.
    unsafe {
        let call = pc.add(before(ROOT));
        let list = *call.add(2);
        let fields = Fields::decode(*pc.add(1));
        let container = Word(match ROOT {
            REGISTER => *base.add(list as u16 as usize),
            CELL => *Word(*base.add(fields.b as usize)).object_ptr::<u64>().add(CELL_VALUE),
            _ => *vm.globals.add(fields.wide() as usize),
        });
        let (dict, key) = (container.object_ptr::<DictObject>(), Word(*base.add((list >> 16) as u16 as usize)));
        let found = if INT {
            dict::find_int(dict, key).is_some()
        } else {
            matches!(dict::find_word(dict, key), Lookup::Found(_))
        };
        let branch = call.add(CALL);
        let test = Fields::decode(*branch.add(1));
        *base.add(test.a as usize) = Word::small_int(found as i32).0;
        if found != (test.op & OPCODE_MASK == Opcode::jump_if_not as u16) {
            apart();
            branch.offset(test.wide() as isize)
        } else {
            branch.add(PLAIN)
        }
    }
}

/// `d[k] := get(d, k, default) + n`
#[inline(never)]
unsafe fn count<const INT: bool>(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the handler has found a dict of one owner and a key.
    unsafe {
        let list = *pc.add(2);
        let register = |index: u16| Word(*base.add(index as usize));
        let (container, key, default) =
            (register(list as u16), register((list >> 16) as u16), register((list >> 32) as u16));
        let (sum, store) = (Fields::decode(*pc.add(CALL + 1)), Fields::decode(*pc.add(CALL + PLAIN + 1)));
        let added = if sum.op & OPCODE_MASK == Opcode::add_i as u16 {
            Word::small_int(sum.c as i16 as i32)
        } else {
            register(sum.c)
        };
        let dict = container.object_ptr::<DictObject>();
        let entry = if INT { dict::entry_of_int(dict, key) } else { dict::entry(dict, key) };
        let value = match &entry {
            Ok(place) => **place,
            Err(_) => default,
        };
        let total = value.0.wrapping_add(added.0.wrapping_sub(T));
        *base.add(Fields::decode(*pc.add(1)).a as usize) = value.0;
        if (value.0 & added.0 & total) < LIM {
            retain(value.0);
            return pc.add(CALL);
        }
        if !INT {
            dict::stored_text(dict);
        }
        match entry {
            Ok(place) => *place = Word(total),
            Err(vacant) => vacant.fill(dict, key, Word(total)),
        }
        if !INT && store.op & DROP_FIRST != 0 {
            release(key);
        }
        pc.add(CALL + PLAIN + PLAIN)
    }
}
