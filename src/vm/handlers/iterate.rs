//! `for` loops over values. Arrays and ints are their own loop state, and the position is in a register; other values are walked
//! by an iterator object, which keeps a position of its own.
//!
//! `drop_then_next` is what the loader gives a `drop_value` directly before an `iter_next`, as where `continue` gives up the loop
//! variable: both at once, if the one is nothing to do and the other counts.

use super::generator::{generator_resume, resume};
use crate::bytecode::op::{DROP_FIRST, Fields};
use crate::runtime::array::{ArrayObject, ELEMENTS_OFFSET};
use crate::runtime::error::RuntimeError;
use crate::runtime::heap::Kind;
use crate::runtime::iterate;
use crate::runtime::release::release;
use crate::runtime::value::Value;
use crate::runtime::word::Word;
use crate::vm::Vm;
use crate::vm::dispatch::{Machine, handlers, retain};

handlers! {
    fn iter_open(m) {
        let word = m.rb();
        if Word(word).is_array() || word >= m.lim {
            m.set_a(word);
            m.next(2)
        } else {
            m.enter(iter_open_other)
        }
    }
    fn iter_open_other(m) {
        m.helper(open)
    }
    fn iter_next(m) {
        let (state, position) = (m.rb(), m.rc());
        if state >= m.lim {
            if position < state {
                *m.base.add(m.c()) = position + 1;
                m.set_a(position);
                m.jump_to_literal()
            } else {
                m.next(3)
            }
        } else if Word(state).is_array() {
            m.enter(iter_next_array)
        } else {
            m.enter(iter_next_other)
        }
    }
    fn drop_then_next(m) {
        if Word(m.ra()).is_counted() {
            return m.enter(super::data::drop_value);
        }
        let m = Machine { pc: m.pc.add(2), ..m };
        let (state, position) = (m.rb(), m.rc());
        if state < m.lim {
            return m.go();
        }
        if position >= state {
            return m.next(3);
        }
        *m.base.add(m.c()) = position + 1;
        m.set_a(position);
        m.jump_to_literal()
    }
    fn iter_next_array(m) {
        let (state, position) = (Word(m.rb()), m.rc());
        if !state.is_array() {
            return m.enter(iter_next_other);
        }
        m.quicken(iter_next_array);
        let object: *const ArrayObject = state.object_ptr();
        let index = position.wrapping_sub(m.t);
        if index >= (*object).len as u64 {
            return m.next(3);
        }
        let word = *(object as *const u64).add(ELEMENTS_OFFSET / 8 + index as usize);
        retain(word);
        *m.base.add(m.c()) = position + 1;
        m.set_a(word);
        m.jump_to_literal()
    }
    fn iter_next_other(m) {
        let state = Word(m.rb());
        if state.is_object() && (*state.header()).kind as u8 == Kind::Generator as u8 {
            m.quicken(generator_resume);
            return m.enter(generator_resume);
        }
        m.quicken(iter_next);
        m.helper(step)
    }
    fn iter_take(m) {
        m.helper(take)
    }
    fn iter_step(m) {
        m.set_a(m.rb() + 1);
        m.next(2)
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
        if let Some(float) = Value::borrow(&source).as_float() {
            *base.add(fields.a as usize) = Value::int(crate::semantics::convert::float_to_int(float)).into_word().0;
            return pc.add(2);
        }
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

/// The value of the loop state in register b at the position in register c.
unsafe fn value_at(base: *mut u64, fields: Fields) -> Option<Value> {
    // SAFETY: register b is a loop state, register c a position.
    unsafe {
        let state = Word(*base.add(fields.b as usize));
        let position = Word(*base.add(fields.c as usize)).as_inline_int();
        let state = Value::borrow(&state);
        match state.as_array() {
            Some(elements) => elements.get(position as usize).cloned(),
            None => match state.as_int() {
                Some(count) => (position < count).then(|| Value::int(position)),
                None => iterate::iterator_next(state),
            },
        }
    }
}

#[inline(never)]
unsafe fn step(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; register a is dead before.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        match value_at(base, fields) {
            Some(value) => {
                *base.add(fields.c as usize) += 1;
                *base.add(fields.a as usize) = value.into_word().0;
                *pc.add(2) as *mut u64
            }
            None => pc.add(3),
        }
    }
}

#[inline(never)]
unsafe fn take(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; register a is dead before.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let state = Word(*base.add(fields.b as usize));
        if Value::borrow(&state).kind() == Some(Kind::Generator) {
            return resume(vm, pc, base, state);
        }
        let next = value_at(base, fields);
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
