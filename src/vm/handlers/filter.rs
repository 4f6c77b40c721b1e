//! Loops that look for elements: `for i in n { if a[i] { ... } }` passes over the elements that do not count in one handler, with the
//! position in a machine register; `if a[i] && b[i + k]` looks at two elements at once.
//!
//! The bytecode does not know of them: the loader gives the handler to the `drop_value` that such an iteration ends with, directly
//! before the `iter_next`, if the body starts with a test of the element at the loop variable that leads back there.
//!
//! PERF: an iteration that fails its test takes 10 machine instructions instead of 44; backtracking (n-queens) fails two of three.
//! Which of two tests fails is hard to guess, that one of both does is not: two at once save every second wrong guess.

use super::data;
use super::place::{address, cell, is_array, is_counted};
use super::prefix::further;
use crate::bytecode::op::{Fields, Opcode};
use crate::runtime::array::{ArrayObject, ELEMENTS_OFFSET};
use crate::runtime::word::Word;
use crate::vm::dispatch::{Handler, Machine, apart, handlers};

const DROP: usize = 2;
const NEXT: usize = 3;

/// The handler of the `drop_value` at `pc`, if it ends such an iteration.
///
/// # Safety
/// `pc` is a `drop_value` of verified code whose jumps are addresses.
pub(crate) unsafe fn handler(pc: *const u64) -> Option<Handler> {
    // SAFETY: another instruction follows (BC007), and jumps lead to instructions (BC006).
    unsafe {
        let fields = |pc: *const u64| Fields::decode(*pc.add(1));
        let (drop, next) = (fields(pc), fields(pc.add(DROP)));
        if Opcode::from_word(next.op) != Some(Opcode::iter_next) || drop.a != next.a {
            return None;
        }
        let body = *pc.add(DROP + 2) as *const u64;
        let test = fields(body);
        let handler: Handler = match Opcode::from_word(test.op)? {
            Opcode::quick_cell_test_index => pass_over_cell,
            Opcode::quick_test_index => pass_over,
            _ => return None,
        };
        let apart = ![next.a, next.b, next.c].contains(&test.a);
        let leads_back = test.b == next.a && apart && *body.add(2) == pc as u64;
        let second = body.add(FIRST);
        let two =
            Opcode::from_word(test.op) == Some(Opcode::quick_cell_test_index) && both_tested(pc, test, second, next);
        leads_back.then_some(if two { pass_over_both } else { handler })
    }
}

/// Words of the test of the first element.
const FIRST: usize = Opcode::quick_cell_test_index.skipped_by_test().unwrap();

/// Whether `second`, behind the test of an element for being true, tests another one for the same, at the loop variable and another
/// register, and leads back, too.
unsafe fn both_tested(pc: *const u64, test: Fields, second: *const u64, next: Fields) -> bool {
    // SAFETY: the instruction behind those that the first test stands for; it has a literal word.
    unsafe {
        let fields = Fields::decode(*second.add(1));
        if Opcode::from_word(fields.op) != Some(Opcode::quick_cell_test_index_add) {
            return false;
        }
        let literal = *second.add(2);
        let other = if fields.b == next.a { literal as u16 } else { fields.b };
        let variable = fields.b == next.a || literal as u16 == next.a;
        let changed = [next.a, next.c];
        let leads_back = second.offset((literal as i64 >> 16) as isize) == pc;
        variable
            && leads_back
            && test.c == 0
            && fields.c == 0
            && !changed.contains(&fields.a)
            && !changed.contains(&other)
    }
}

/// Goes on at the next element of the array in `container` that does not lead back here, or behind the loop.
///
/// PERF: four machine registers are free. What is needed before and behind the loop is read twice, instead of saving registers.
macro_rules! pass {
    ($m:ident, $opcode:ident, |$test:ident| $container:expr) => {{
        if is_counted($m.ra()) {
            return $m.enter(data::drop_value);
        }
        let next = Machine { pc: $m.pc.add(DROP), ..$m };
        let $test = Machine { pc: next.literal() as *mut u64, ..$m };
        let array = $container;
        if !is_array(array) {
            return $m.enter(data::drop_value);
        }
        let object: *const ArrayObject = address(array);
        let (limit, mut position) = (next.rb(), next.rc());
        if limit < $m.lim || position < $m.t {
            return $m.enter(data::drop_value);
        }
        // Where the element would be whose position is the word 0.
        let elements = (object as *const u64).wrapping_add(ELEMENTS_OFFSET / 8).wrapping_sub($m.t as usize);
        let behind = $m.t + (*object).len as u64;
        let failing = Word::FALSE.0 + $test.c() as u64;
        let word = loop {
            if position >= limit {
                let next = Machine { pc: $m.anew().pc.add(DROP), ..$m };
                *$m.base.add(next.c()) = position;
                apart();
                return next.next(NEXT);
            }
            if position >= behind {
                break Word::UNDEF.0;
            }
            let word = *elements.wrapping_add(position as usize);
            if word != failing {
                break word;
            }
            position += 1;
        };
        let $m = $m.anew();
        let next = Machine { pc: $m.pc.add(DROP), ..$m };
        $m.set_a(position);
        *$m.base.add(next.c()) = position + 1;
        let $test = Machine { pc: next.literal() as *mut u64, ..$m };
        if word | 1 == Word::TRUE.0 {
            $test.next(const { Opcode::$opcode.skipped_by_test().unwrap() })
        } else {
            $test.go()
        }
    }};
}

handlers! {
    fn pass_over(m) {
        pass!(m, quick_test_index, |test| test.ra())
    }
    /// The sum of the loop variable and another register is that of both operands, whichever of them is which.
    fn pass_over_both(m) {
        let next = Machine { pc: m.pc.add(DROP), ..m };
        let (variable, limit, position) = (m.ra(), next.rb(), next.rc());
        if is_counted(variable) || limit < m.lim || position < m.t {
            return m.enter(data::drop_value);
        }
        let test = Machine { pc: next.literal() as *mut u64, ..m };
        let second = Machine { pc: test.pc.add(FIRST), ..m };
        let other = if second.b() == m.a() { further(second) } else { second.rb() };
        let (array, row) = (*cell(test, test.a()), *cell(second, second.a()));
        if !is_array(array) || !is_array(row) || other < m.t {
            return m.enter(pass_over_cell);
        }
        let (array, row): (*const ArrayObject, *const ArrayObject) = (address(array), address(row));
        let shift = other - m.t;
        let behind = (m.t + (*row).len as u64).saturating_sub(shift);
        let end = limit.min(m.t + (*array).len as u64).min(behind);
        // Where the elements would be whose position is the word 0.
        let elements = (array as *const u64).wrapping_add(ELEMENTS_OFFSET / 8).wrapping_sub(m.t as usize);
        let others = (row as *const u64).wrapping_add(ELEMENTS_OFFSET / 8).wrapping_sub(m.t as usize);
        let others = others.wrapping_add(shift as usize);
        let mut position = position;
        let found = loop {
            if position >= end {
                break false;
            }
            let first = *elements.wrapping_add(position as usize) ^ Word::TRUE.0;
            let fails = first | (*others.wrapping_add(position as usize) ^ Word::TRUE.0);
            if fails == 0 {
                break true;
            }
            // Neither is anything but true or false.
            if fails != Word::TRUE.0 - Word::FALSE.0 {
                break false;
            }
            position += 1;
        };
        let m = m.anew();
        let next = Machine { pc: m.pc.add(DROP), ..m };
        if !found && position >= next.rb() {
            *m.base.add(next.c()) = position;
            return next.next(NEXT);
        }
        m.set_a(position);
        *m.base.add(next.c()) = position + 1;
        let test = Machine { pc: next.literal() as *mut u64, ..m };
        if found {
            test.next(const { FIRST + Opcode::quick_cell_test_index_add.skipped_by_test().unwrap() })
        } else {
            test.go()
        }
    }
    fn pass_over_cell(m) {
        pass!(m, quick_cell_test_index, |test| *cell(test, test.a()))
    }
}
