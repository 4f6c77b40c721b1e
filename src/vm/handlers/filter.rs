//! Loops that look for elements: `for i in n { if a[i] { ... } }` passes over the elements that do not count in one handler, with the
//! position in a machine register.
//!
//! The bytecode does not know of them: the loader gives the handler to the `drop_value` that such an iteration ends with, directly
//! before the `iter_next`, if the body starts with a test of the element at the loop variable that leads back there.
//!
//! PERF: an iteration that fails its test takes 10 machine instructions instead of 44; backtracking (n-queens) fails two of three.

use super::data::{self, CELL_VALUE};
use crate::bytecode::op::{Fields, Opcode};
use crate::runtime::array::{ArrayObject, ELEMENTS_OFFSET};
use crate::runtime::word::Word;
use crate::vm::dispatch::{Handler, Machine, handlers};

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
        (test.b == next.a && apart && *body.add(2) == pc as u64).then_some(handler)
    }
}

/// Goes on at the next element of the array in `container` that does not lead back here, or behind the loop.
macro_rules! pass {
    ($m:ident, $opcode:ident, |$test:ident| $container:expr) => {{
        let next = Machine { pc: $m.pc.add(DROP), ..$m };
        let limit = next.rb();
        if Word($m.ra()).is_counted() || limit < $m.lim {
            return $m.enter(data::drop_value);
        }
        let $test = Machine { pc: next.literal() as *mut u64, ..$m };
        let array = Word($container);
        if !array.is_array() {
            return $m.enter(data::drop_value);
        }
        let sense = $test.c() as u64;
        let object: *const ArrayObject = array.object_ptr();
        let mut position = next.rc();
        loop {
            if position >= limit {
                *$m.base.add(next.c()) = position;
                return next.next(NEXT);
            }
            let index = position.wrapping_sub($m.t);
            if index >= (*object).len as u64 {
                break;
            }
            let word = *(object as *const u64).add(ELEMENTS_OFFSET / 8 + index as usize);
            if word == Word::FALSE.0 + sense {
                position += 1;
                continue;
            }
            if word | 1 != Word::TRUE.0 {
                break;
            }
            $m.set_a(position);
            *$m.base.add(next.c()) = position + 1;
            return $test.next(const { Opcode::$opcode.skipped_by_test().unwrap() });
        }
        $m.set_a(position);
        *$m.base.add(next.c()) = position + 1;
        $test.go()
    }};
}

handlers! {
    fn pass_over(m) {
        pass!(m, quick_test_index, |test| test.ra())
    }
    fn pass_over_cell(m) {
        pass!(m, quick_cell_test_index, |test| *Word(test.ra()).object_ptr::<u64>().add(CELL_VALUE))
    }
}
