//! Prefixes of tests: of elements in arrays and cells, of characters, and of values that several constants are compared with. Anything
//! unusual goes on with the instructions after them.
//!
//! PERF: backtracking over three arrays captured by a recursive closure (n-queens) takes half the time with them.

use super::index::character;
use super::place::{cell, element};
use super::tagged::tagged_object;
use crate::base::limits::MAX_CALL_DEPTH;
use crate::bytecode::op::{Fields, Opcode, SUBTRACTS_SECOND, SUBTRACTS_THIRD};
use crate::runtime::string;
use crate::runtime::value::Value;
use crate::runtime::word::Word;
use crate::vm::Vm;
use crate::vm::dispatch::{Machine, handlers};

/// The register in the literal word.
#[inline(always)]
pub(super) unsafe fn further(m: Machine) -> u64 {
    // SAFETY: inside the frame (BC002).
    unsafe { m.get(m.literal() as u16 as usize) }
}

/// Tests `container[key]` and branches; `$to` goes to the target.
macro_rules! test {
    ($m:ident, $container:expr, $key:expr, $sense:expr, $opcode:ident, |$n:ident| $to:expr) => {{
        let Some(place) = element($m, $container, $key, false) else {
            return $m.next(3);
        };
        // `false` if it is what is asked for.
        let word = (*place).wrapping_sub($sense as u64);
        if word == Word::FALSE.0 {
            let $n = $m;
            $to
        } else if *place | 1 == Word::TRUE.0 {
            $m.next(const { Opcode::$opcode.skipped_by_test().unwrap() })
        } else {
            $m.next(3)
        }
    }};
}

/// Tests the character at `$key` of the text in register a and branches.
macro_rules! test_character {
    ($m:ident, $key:expr, $opcode:ident) => {{
        let Some(byte) = character($m, $m.ra(), $key) else {
            return $m.next(3);
        };
        let range = $m.c();
        if byte.wrapping_sub(range as u8) <= (range >> 8) as u8 {
            $m.jump_to_literal()
        } else {
            $m.next(const { Opcode::$opcode.skipped_by_test().unwrap() })
        }
    }};
}

handlers! {
    fn quick_test_character(m) {
        test_character!(m, m.rb(), quick_test_character)
    }
    fn quick_cell_test_character(m) {
        test_character!(m, *cell(m, m.b()), quick_cell_test_character)
    }
    fn quick_test_index(m) {
        test!(m, m.ra(), m.rb(), m.c(), quick_test_index, |m| m.jump_to_literal())
    }
    fn quick_cell_test_index(m) {
        test!(m, *cell(m, m.a()), m.rb(), m.c(), quick_cell_test_index, |m| m.jump_to_literal())
    }
    fn quick_cell_test_index_add(m) {
        let (x, y) = (m.rb(), further(m));
        let key = x.wrapping_add(y.wrapping_sub(m.t));
        if (x & y & key) < m.lim {
            return m.next(3);
        }
        test!(m, *cell(m, m.a()), key, m.c(), quick_cell_test_index_add, |m| m.jump(m.literal() as i64 >> 16))
    }
    fn quick_cell_test_index_sub(m) {
        let (x, y) = (m.rb(), further(m));
        let key = x.wrapping_sub(y).wrapping_add(m.t);
        if (x & y & key) < m.lim {
            return m.next(3);
        }
        test!(m, *cell(m, m.a()), key, m.c(), quick_cell_test_index_sub, |m| m.jump(m.literal() as i64 >> 16))
    }
    fn quick_cell_test_index_sum(m) {
        let flags = *(m.pc as *const u16).add(4);
        let (x, y, z) = (m.rb(), m.rc(), further(m));
        if (x & y & z) < m.lim {
            return m.next(3);
        }
        let term = |word: u64, flag: u16| {
            let int = word.wrapping_sub(m.t);
            if flags & flag != 0 { int.wrapping_neg() } else { int }
        };
        let sum = x.wrapping_add(term(y, SUBTRACTS_SECOND));
        let key = sum.wrapping_add(term(z, SUBTRACTS_THIRD));
        if (sum & key) < m.lim {
            return m.next(3);
        }
        test!(m, *cell(m, m.a()), key, flags >> 15, quick_cell_test_index_sum, |m| m.jump(m.literal() as i64 >> 16))
    }
}

/// Words of a prefix with a class.
const WITH_CLASS: usize = 6;

/// Goes where a character of a class, or of none, leads, unless the call stood for would be too deep.
#[inline(always)]
unsafe fn by_class(m: Machine, character: u64) -> u64 {
    // SAFETY: as a handler; the instruction has two targets, then two words of bits.
    unsafe {
        if *m.base.sub(4) >= MAX_CALL_DEPTH as u64 {
            return m.next(WITH_CLASS);
        }
        let bits = *m.pc.add(4 + (character >> 6) as usize);
        if bits >> (character & 63) & 1 != 0 {
            m.jump_to_literal()
        } else {
            Machine { pc: *m.pc.add(3) as *mut u64, ..m }.go()
        }
    }
}

handlers! {
    fn quick_test_class(m) {
        let character = string::character_of(m.ra());
        if character < string::CHARACTERS { by_class(m, character) } else { m.next(WITH_CLASS) }
    }
    fn quick_test_class_at(m) {
        match character(m, m.ra(), m.rb()) {
            Some(byte) => by_class(m, u64::from(byte & 0x7F)),
            None => m.next(WITH_CLASS),
        }
    }
    fn quick_switch(m) {
        let value = m.ra();
        let (cases, count) = (m.pc.add(3), m.c());
        let mut case = 0;
        while case < count {
            if *cases.add(2 * case) == value {
                return Machine { pc: *cases.add(2 * case + 1) as *mut u64, ..m }.go();
            }
            case += 1;
        }
        if value >= m.lim || string::character_of(value) < string::CHARACTERS {
            // An int or a character that none of the cases is.
            m.jump_to_literal()
        } else if Word(value).is_object() {
            m.enter(quick_switch_object)
        } else {
            m.next(3 + 2 * count)
        }
    }
    fn quick_switch_tag(m) {
        let (cases, count) = (m.pc.add(3), m.c());
        let object = tagged_object(m.ra());
        if object.is_null() {
            return m.next(3 + 2 * count);
        }
        let tag = (*object).tag.0 as u64;
        let mut case = 0;
        while case < count {
            if *cases.add(2 * case) == tag {
                return Machine { pc: *cases.add(2 * case + 1) as *mut u64, ..m }.go();
            }
            case += 1;
        }
        m.jump_to_literal()
    }
    fn quick_switch_object(m) {
        m.helper(switch_object)
    }
}

/// The case of a string. Strings of one ASCII character are unique, so the handler has found them, but others are compared by their texts.
#[inline(never)]
unsafe fn switch_object(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: register a holds a live value, which stays; literals are ints and strings of the program, jumps are addresses (BC006).
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let count = fields.c as usize;
        let value = Word(*base.add(fields.a as usize));
        let Some(text) = Value::borrow(&value).as_str() else { return pc.add(3 + 2 * count) };
        for case in 0..count {
            let literal = Word(*pc.add(3 + 2 * case));
            if literal.is_object() && Value::borrow(&literal).as_str() == Some(text) {
                return *pc.add(4 + 2 * case) as *mut u64;
            }
        }
        *pc.add(2) as *mut u64
    }
}
