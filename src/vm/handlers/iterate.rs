//! `for` loops over values. The state is a heap object of its own, so one register carries it; arrays and counts are stepped
//! in the handler.

use crate::bytecode::op::{DROP_FIRST, Fields};
use crate::runtime::error::RuntimeError;
use crate::runtime::iterate::{self, IteratorObject, OVER_ARRAY, OVER_INT};
use crate::runtime::release::release;
use crate::runtime::value::Value;
use crate::runtime::word::Word;
use crate::vm::Vm;
use crate::vm::dispatch::{handlers, retain};

handlers! {
    fn iter_open(m) {
        m.helper(open)
    }
    fn iter_next(m) {
        let state: *mut IteratorObject = Word(m.rb()).object_ptr();
        let cursor = (*state).cursor;
        if (*state).header.extra == OVER_ARRAY {
            if cursor == (*state).end {
                return m.next(2);
            }
            let word = *(cursor as usize as *const u64);
            (*state).cursor = cursor + 8;
            retain(word);
            m.set_a(word);
            m.jump(m.c_signed())
        } else if (*state).header.extra == OVER_INT {
            if cursor as i64 >= (*state).end as i64 {
                return m.next(2);
            }
            let word = cursor.wrapping_add(m.t);
            if word >= m.lim {
                (*state).cursor = cursor + 1;
                m.set_a(word);
                m.jump(m.c_signed())
            } else {
                m.enter(iter_next_other)
            }
        } else {
            m.enter(iter_next_other)
        }
    }
    cold fn iter_next_other(m) {
        m.helper(step)
    }
    fn iter_take(m) {
        m.helper(take)
    }
    fn range_bound(m) {
        let word = m.rb();
        if word >= m.lim {
            m.set_a(word);
            m.next(2)
        } else {
            m.enter(range_bound_other)
        }
    }
    cold fn range_bound_other(m) {
        m.helper(convert_bound)
    }
}

#[inline(never)]
unsafe fn open(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: register b is consumed on success and stays owned on an error.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let source = Word(*base.add(fields.b as usize));
        match iterate::iterator_open(Value::from_borrowed(source)) {
            Ok(state) => {
                release(source);
                *base.add(fields.a as usize) = state.into_word().0;
                pc.add(2)
            }
            Err(error) => vm.raise(pc, error),
        }
    }
}

#[inline(never)]
unsafe fn step(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: register b is a loop state; register a is dead.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let state = Word(*base.add(fields.b as usize));
        match iterate::iterator_next(Value::borrow(&state)) {
            Some(value) => {
                *base.add(fields.a as usize) = value.into_word().0;
                pc.offset(fields.c as i16 as isize)
            }
            None => pc.add(2),
        }
    }
}

#[inline(never)]
unsafe fn take(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: register b is a loop state; register a is dead.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let state = Word(*base.add(fields.b as usize));
        let next = iterate::iterator_next(Value::borrow(&state));
        *base.add(fields.a as usize) = next.map_or(Word::DONE, Value::into_word).0;
        pc.add(2)
    }
}

#[inline(never)]
unsafe fn convert_bound(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: register b is live, and owned if the flag says it dies here.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let word = Word(*base.add(fields.b as usize));
        let value = Value::borrow(&word);
        let bound = match (value.as_int(), value.as_float()) {
            (Some(int), _) => int,
            (None, Some(float)) => float as i64,
            (None, None) => return vm.raise(pc, RuntimeError::message("range() requires numeric arguments")),
        };
        let bound = Value::int(bound);
        if fields.op & DROP_FIRST != 0 {
            release(word);
        }
        *base.add(fields.a as usize) = bound.into_word().0;
        pc.add(2)
    }
}
