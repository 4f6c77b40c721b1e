//! Jumps, counted loops, raising.

use super::branch::truth_of_kind;
use super::operators::step_slow;
use crate::bytecode::op::{DROP_FIRST, Fields, Opcode};
use crate::runtime::error::RuntimeError;
use crate::runtime::operators;
use crate::runtime::release::release;
use crate::runtime::value::Value;
use crate::runtime::word::Word;
use crate::vm::Vm;
use crate::vm::dispatch::handlers;

handlers! {
    fn jump(m) {
        m.jump(m.wide())
    }
    fn jump_if(m) {
        let word = m.ra();
        if word == Word::TRUE.0 {
            m.jump(m.wide())
        } else if word == Word::FALSE.0 {
            m.next(2)
        } else if word >= m.lim {
            if word != m.t { m.jump(m.wide()) } else { m.next(2) }
        } else {
            m.enter(jump_if_other)
        }
    }
    cold fn jump_if_other(m) {
        let truth = truth_of_kind(m.pc, m.ra());
        match truth {
            0 => m.next(2),
            1 => m.jump(m.wide()),
            _ => m.helper(branch_on_truth),
        }
    }
    cold fn jump_if_not_other(m) {
        let truth = truth_of_kind(m.pc, m.ra());
        match truth {
            0 => m.jump(m.wide()),
            1 => m.next(2),
            _ => m.helper(branch_on_truth),
        }
    }
    fn jump_if_not(m) {
        let word = m.ra();
        if word == Word::FALSE.0 {
            m.jump(m.wide())
        } else if word == Word::TRUE.0 {
            m.next(2)
        } else if word >= m.lim {
            if word == m.t { m.jump(m.wide()) } else { m.next(2) }
        } else {
            m.enter(jump_if_not_other)
        }
    }
    fn jump_null(m) {
        let word = m.ra();
        if word == Word::NULL.0 {
            m.jump(m.wide())
        } else if *(m.pc as *const u16).add(4) & DROP_FIRST == 0 {
            m.next(2)
        } else {
            m.enter(null_test_other)
        }
    }
    fn jump_not_null(m) {
        let word = m.ra();
        if word == Word::NULL.0 {
            m.next(2)
        } else if *(m.pc as *const u16).add(4) & DROP_FIRST == 0 {
            m.jump(m.wide())
        } else {
            m.enter(null_test_other)
        }
    }
    fn null_test_other(m) {
        m.helper(branch_on_null)
    }
    fn jump_undef(m) {
        if m.ra() == Word::UNDEF.0 { m.jump(m.wide()) } else { m.next(2) }
    }
    fn jump_not_undef(m) {
        if m.ra() == Word::UNDEF.0 { m.next(2) } else { m.jump(m.wide()) }
    }
    fn throw(m) {
        m.helper(throw_value)
    }
    fn raise(m) {
        m.helper(raise_message)
    }
    fn import_cycle(m) {
        m.helper(raise_import_cycle)
    }
    fn resume(m) {
        m.helper(raise_again)
    }
    fn caught(m) {
        m.helper(take_caught)
    }
    fn halt(m) {
        #[cfg(ruff_portable)]
        {
            (*m.vm).running = false;
        }
        let _ = m;
        0
    }
}

/// The steps of counted loops: `a += step; goes to the target if a op limit`.
macro_rules! steps {
    ($($registers:ident $step_imm:ident $both_imm:ident: $op:tt;)*) => { handlers! {$(
        fn $registers(m) {
            let (x, step, limit) = (m.ra(), m.rb(), m.rc());
            let r = x.wrapping_add(step.wrapping_sub(m.t));
            if (x & step & r & limit) >= m.lim {
                m.set_a(r);
                if r $op limit { m.jump_to_literal() } else { m.next(3) }
            } else {
                m.enter(step_other)
            }
        }
        fn $step_imm(m) {
            let (x, limit) = (m.ra(), m.rc());
            let r = x.wrapping_add(m.b_signed() as u64);
            if (x & r & limit) >= m.lim {
                m.set_a(r);
                if r $op limit { m.jump_to_literal() } else { m.next(3) }
            } else {
                m.enter(step_other)
            }
        }
        fn $both_imm(m) {
            let x = m.ra();
            let r = x.wrapping_add(m.b_signed() as u64);
            let limit = (m.c_signed() as u64).wrapping_add(m.t);
            if (x & r) >= m.lim {
                m.set_a(r);
                if r $op limit { m.jump_to_literal() } else { m.next(3) }
            } else {
                m.enter(step_other)
            }
        }
    )*} };
}

steps! {
    step_lt step_i_lt step_i_lt_i: <;
    step_le step_i_le step_i_le_i: <=;
    step_gt step_i_gt step_i_gt_i: >;
    step_ge step_i_ge step_i_ge_i: >=;
}

handlers! {
    cold fn step_other(m) {
        m.helper(step_slow)
    }
}

#[inline(never)]
unsafe fn branch_on_truth(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: register a holds a live value, owned if the flag says it dies here; both ways are instructions.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let word = Word(*base.add(fields.a as usize));
        let truth = operators::truthy(Value::borrow(&word));
        if fields.op & DROP_FIRST != 0 {
            release(word);
        }
        let negated = Opcode::from_word(fields.op) == Some(Opcode::jump_if_not);
        if truth != negated { pc.offset(fields.wide() as isize) } else { pc.add(2) }
    }
}

#[inline(never)]
unsafe fn branch_on_null(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: register a holds a live value that is not null, owned if the flag says it dies here.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        if fields.op & DROP_FIRST != 0 {
            release(Word(*base.add(fields.a as usize)));
        }
        let taken = Opcode::from_word(fields.op) == Some(Opcode::jump_not_null);
        if taken { pc.offset(fields.wide() as isize) } else { pc.add(2) }
    }
}

#[inline(never)]
unsafe fn throw_value(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: register a stays owned: the unwinder releases it.
    let value = unsafe { Value::from_borrowed(Word(*base.add(Fields::decode(*pc.add(1)).a as usize))) };
    vm.raise(pc, RuntimeError::thrown(&value))
}

#[inline(never)]
unsafe fn raise_message(vm: &mut Vm, pc: *mut u64, _base: *mut u64) -> *mut u64 {
    // SAFETY: the literal is a string the program owns.
    let message = unsafe { Value::from_borrowed(Word(*pc.add(2))) };
    vm.raise(pc, RuntimeError::message(message.as_str().unwrap_or("")))
}

#[inline(never)]
unsafe fn raise_import_cycle(vm: &mut Vm, pc: *mut u64, _base: *mut u64) -> *mut u64 {
    // SAFETY: the literal is a string the program owns.
    let label = unsafe { Value::from_borrowed(Word(*pc.add(2))) };
    let error = vm.import_cycle(pc, label.as_str().unwrap_or(""));
    vm.raise(pc, error)
}

#[inline(never)]
unsafe fn raise_again(vm: &mut Vm, pc: *mut u64, _base: *mut u64) -> *mut u64 {
    vm.raise_again(pc)
}

#[inline(never)]
unsafe fn take_caught(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    let error = vm.take_caught();
    // SAFETY: register a is dead before.
    unsafe {
        *base.add(Fields::decode(*pc.add(1)).a as usize) = error.into_word().0;
        pc.add(2)
    }
}
