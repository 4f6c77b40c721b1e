//! Moving values: registers, literals, captured values, cells, globals.

use super::branch::truth_of_kind;
use crate::bytecode::op::{DROP_FIRST, DROP_LISTED, DROP_SECOND, Fields, Opcode};
use crate::runtime::budget;
use crate::runtime::cell::{CellObject, new as new_cell};
use crate::runtime::display;
use crate::runtime::error::RuntimeError;
use crate::runtime::function::{CAPTURES_OFFSET, FLAG_BARE, FunctionObject};
use crate::runtime::heap::{FLAG_BUFFERED, Header, IMMORTAL, Kind};
use crate::runtime::release::release;
use crate::runtime::string;
use crate::runtime::value::Value;
use crate::runtime::word::Word;
use crate::vm::Vm;
use crate::vm::dispatch::{Handler, Machine, handlers, retain};
use std::mem::offset_of;

/// Where a cell keeps its value, in words.
pub(super) const CELL_VALUE: usize = offset_of!(CellObject, value) / 8;
/// Where a closure keeps its first captured value, in words.
pub(super) const FIRST_CAPTURE: usize = CAPTURES_OFFSET / 8;

handlers! {
    fn move_value(m) {
        m.set_a(m.rb());
        m.next(2)
    }
    fn copy_value(m) {
        let word = m.rb();
        retain(word);
        m.set_a(word);
        m.next(2)
    }
    fn drop_value(m) {
        if Word(m.ra()).is_counted() { m.enter(drop_counted) } else { m.next(2) }
    }
    fn drop_counted(m) {
        let header: *mut Header = Word(m.ra()).header();
        let count = (*header).count;
        if (2..IMMORTAL).contains(&count) {
            if (*header).kind as u8 >= Kind::Cell as u8 && (*header).flags & FLAG_BUFFERED == 0 {
                return m.enter(drop_last);
            }
            (*header).count = count - 1;
            return m.next(2);
        }
        if count == IMMORTAL { m.next(2) } else { m.enter(drop_last) }
    }
    fn drop_last(m) {
        m.helper(release_a)
    }
    fn load(m) {
        m.set_a(m.literal());
        m.next(3)
    }
    fn load_counted(m) {
        let word = m.literal();
        retain(word);
        m.set_a(word);
        m.next(3)
    }
    fn load_int(m) {
        m.set_a((m.wide() as u64).wrapping_add(m.t));
        m.next(2)
    }
    fn closure(m) {
        m.helper(make_closure)
    }
    fn capture_get(m) {
        let callee = Word(*m.base.sub(3)).object_ptr::<u64>();
        let word = *callee.add(FIRST_CAPTURE + m.b());
        retain(word);
        m.set_a(word);
        m.next(2)
    }
    fn capture_borrow(m) {
        let callee = Word(*m.base.sub(3)).object_ptr::<u64>();
        m.set_a(*callee.add(FIRST_CAPTURE + m.b()));
        m.next(2)
    }
    fn captures_borrow(m) {
        let from = Word(*m.base.sub(3)).object_ptr::<u64>().add(FIRST_CAPTURE + m.b());
        let to = m.base.add(m.a());
        let mut at = 0;
        while at < m.c() {
            *to.add(at) = *from.add(at);
            at += 1;
        }
        m.next(2)
    }
    fn two_captures(m) {
        borrow::<2>(m)
    }
    fn three_captures(m) {
        borrow::<3>(m)
    }
    fn four_captures(m) {
        borrow::<4>(m)
    }
    fn five_captures(m) {
        borrow::<5>(m)
    }
    fn six_captures(m) {
        borrow::<6>(m)
    }
    fn cell_new(m) {
        m.helper(make_cell)
    }
    fn cell_get(m) {
        let word = *Word(m.rb()).object_ptr::<u64>().add(CELL_VALUE);
        if word == Word::UNDEF.0 {
            return m.enter(undefined_literal);
        }
        retain(word);
        m.set_a(word);
        m.next(3)
    }
    fn cell_borrow(m) {
        let word = *Word(m.rb()).object_ptr::<u64>().add(CELL_VALUE);
        if word == Word::UNDEF.0 {
            return m.enter(undefined_literal);
        }
        m.set_a(word);
        m.next(3)
    }
    fn cell_peek(m) {
        let word = *Word(m.rb()).object_ptr::<u64>().add(CELL_VALUE);
        retain(word);
        m.set_a(word);
        m.next(2)
    }
    fn cell_set(m) {
        let slot = Word(m.ra()).object_ptr::<u64>().add(CELL_VALUE);
        let old = *slot;
        *slot = m.rb();
        if Word(old).is_counted() {
            (*m.vm).spill = old;
            m.enter(release_spilled)
        } else {
            m.next(2)
        }
    }
    fn global_get(m) {
        let word = *(*m.vm).globals.add(m.wide() as usize);
        if word == Word::UNDEF.0 {
            return m.enter(undefined_global);
        }
        retain(word);
        m.set_a(word);
        m.next(2)
    }
    fn global_borrow(m) {
        let word = *(*m.vm).globals.add(m.wide() as usize);
        if word == Word::UNDEF.0 {
            return m.enter(undefined_global);
        }
        m.set_a(word);
        m.next(2)
    }
    fn global_peek(m) {
        let word = *(*m.vm).globals.add(m.wide() as usize);
        retain(word);
        m.set_a(word);
        m.next(2)
    }
    fn global_set(m) {
        let slot = (*m.vm).globals.add(m.wide() as usize);
        let old = *slot;
        *slot = m.ra();
        if Word(old).is_counted() {
            (*m.vm).spill = old;
            m.enter(release_spilled)
        } else {
            m.next(2)
        }
    }
    cold fn release_spilled(m) {
        m.helper(release_spill::<2>)
    }
    cold fn undefined_literal(m) {
        m.helper(raise_undefined_literal)
    }
    cold fn undefined_global(m) {
        m.helper(raise_undefined_global)
    }
    fn is_undef(m) {
        m.set_a(Word::FALSE.0 + (m.rb() == Word::UNDEF.0) as u64);
        m.next(2)
    }
    fn check_defined(m) {
        if m.rb() == Word::UNDEF.0 { m.enter(undefined_literal) } else { m.next(3) }
    }
    fn is_null(m) {
        let word = m.rb();
        if Word(word).is_counted() {
            return m.enter(is_object_null);
        }
        m.set_a(Word::FALSE.0 + (word == Word::NULL.0) as u64);
        m.next(2)
    }
    cold fn is_object_null(m) {
        if *(m.pc as *const u16).add(4) & DROP_FIRST == 0 {
            m.set_a(Word::FALSE.0);
            return m.next(2);
        }
        m.helper(object_is_not_null)
    }
    fn is_done(m) {
        m.set_a(Word::FALSE.0 + (m.rb() == Word::DONE.0) as u64);
        m.next(2)
    }
    fn truthy(m) {
        let word = m.rb();
        if word | 1 == Word::TRUE.0 {
            m.set_a(word);
            m.next(2)
        } else if word >= m.lim {
            m.set_a(Word::FALSE.0 + (word != m.t) as u64);
            m.next(2)
        } else {
            m.enter(truthy_other)
        }
    }
    cold fn truthy_other(m) {
        let truth = truth_of_kind(m.pc, m.rb());
        if truth >= 0 {
            m.set_a(Word::FALSE.0 + truth as u64);
            return m.next(2);
        }
        m.helper(truthy_slow)
    }
    fn format(m) {
        m.helper(format_text)
    }
}

/// `captures_borrow` of so many.
///
/// PERF: a loop over six took 50 machine instructions, at each entry of a recursive closure.
#[inline(always)]
unsafe fn borrow<const COUNT: usize>(m: Machine) -> u64 {
    // SAFETY: as the handler.
    unsafe {
        let from = Word(*m.base.sub(3)).object_ptr::<u64>().add(FIRST_CAPTURE + m.b());
        let to = m.base.add(m.a());
        for at in 0..COUNT {
            *to.add(at) = *from.add(at);
        }
        m.next(2)
    }
}

/// The handler of a `captures_borrow` of `count`, if there is one.
pub(crate) fn captures(count: u16) -> Option<Handler> {
    Some(match count {
        2 => two_captures,
        3 => three_captures,
        4 => four_captures,
        5 => five_captures,
        6 => six_captures,
        _ => return None,
    })
}

/// The registers of a list: number and whether it dies here.
///
/// # Safety
/// `list` points at the packed registers of an instruction of verified code, `count` of them.
pub(crate) unsafe fn listed(list: *const u64, count: usize) -> impl Iterator<Item = (usize, bool)> {
    (0..count).map(move |i| {
        // SAFETY: `count` registers are packed there, as the caller promises.
        let entry = unsafe { *(list as *const u16).add(i) };
        ((entry & !DROP_LISTED) as usize, entry & DROP_LISTED != 0)
    })
}

/// Helpers: see [`crate::vm::dispatch::Helper`] for the contract they share.
#[inline(never)]
unsafe fn release_a(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: register a is inside the frame and owned; it is dead from here on.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        release(Word(*base.add(fields.a as usize)));
        pc.add(2)
    }
}

/// Releases what a handler has replaced and left in `spill`, and goes on `WORDS` further; 0 stands for the length in operand b.
#[inline(never)]
pub(super) unsafe fn release_spill<const WORDS: usize>(vm: &mut Vm, pc: *mut u64, _base: *mut u64) -> *mut u64 {
    // SAFETY: the handler put a value nobody else owns there; the instruction is so long.
    unsafe {
        release(Word(vm.spill));
        pc.add(if WORDS == 0 { Fields::decode(*pc.add(1)).b as usize } else { WORDS })
    }
}

#[inline(never)]
unsafe fn raise_undefined_literal(vm: &mut Vm, pc: *mut u64, _base: *mut u64) -> *mut u64 {
    // SAFETY: the literal is a string the program owns.
    let name = unsafe { Value::from_borrowed(Word(*pc.add(2))) };
    let message = format!("Undefined variable: {}", name.as_str().unwrap_or("?"));
    vm.raise(pc, RuntimeError::message(message))
}

#[inline(never)]
unsafe fn raise_undefined_global(vm: &mut Vm, pc: *mut u64, _base: *mut u64) -> *mut u64 {
    // SAFETY: the instruction's second word.
    let index = unsafe { Fields::decode(*pc.add(1)) }.wide() as usize;
    let message = format!("Undefined variable: {}", vm.program.globals[index]);
    vm.raise(pc, RuntimeError::message(message))
}

#[inline(never)]
unsafe fn object_is_not_null(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: register b is owned if the flag says it dies here; register a may be the same.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        if fields.op & DROP_FIRST != 0 {
            release(Word(*base.add(fields.b as usize)));
        }
        *base.add(fields.a as usize) = Word::FALSE.0;
        pc.add(2)
    }
}

#[inline(never)]
unsafe fn truthy_slow(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: register b holds a live value, owned if the flag says it dies here.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let word = Word(*base.add(fields.b as usize));
        let result = crate::runtime::operators::truthy(Value::borrow(&word));
        if fields.op & DROP_FIRST != 0 {
            release(word);
        }
        *base.add(fields.a as usize) = Word::bool(result).0;
        pc.add(2)
    }
}

#[inline(never)]
unsafe fn make_cell(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: register b is consumed.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let value = Value::from_word(Word(*base.add(fields.b as usize)));
        *base.add(fields.a as usize) = new_cell(value).into_word().0;
        pc.add(2)
    }
}

#[inline(never)]
unsafe fn make_closure(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: the literal is the template of a function of this program; the listed registers are consumed.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let count = fields.c as usize;
        let template = Word(*pc.add(2)).object_ptr::<FunctionObject>();
        let id = (*(*template).info).id as usize;
        let (info, entry) = vm.closure_parts(id);
        let object = FunctionObject::allocate(info, entry);
        if count == 0 {
            (*object).header.flags = FLAG_BARE;
        }
        let captures = (object as *mut u64).add(FIRST_CAPTURE);
        for (i, (register, _)) in listed(pc.add(3), count).enumerate() {
            *captures.add(i) = *base.add(register);
        }
        *base.add(fields.a as usize) = Word::object(object).0;
        pc.add(3 + count.div_ceil(4))
    }
}

/// The instruction where the listed values are strings and ints and the text is short. If the next one appends the text to a string that
/// has room for it, that is done, too.
///
/// PERF: a long text put together from short ones: the text in between was made, appended and freed in a third of the instructions.
#[inline(always)]
unsafe fn short_text(vm: &Vm, pc: *mut u64, base: *mut u64, fields: Fields) -> Option<*mut u64> {
    if vm.metered {
        return None;
    }
    // SAFETY: as for `format_text`; an instruction that does not end the code is followed by one (BC007).
    unsafe {
        let count = fields.c as usize;
        let mut draft = string::Draft::new();
        for (register, _) in listed(pc.add(2), count) {
            let word = Word(*base.add(register));
            if !draft.push(Value::borrow(&word)) {
                return None;
            }
        }
        for (register, dies) in listed(pc.add(2), count) {
            if dies {
                release(Word(*base.add(register)));
            }
        }
        let next = pc.add(Opcode::format.length(count));
        let sum = Fields::decode(*next.add(1));
        if sum.op == Opcode::add as u16 | DROP_FIRST | DROP_SECOND
            && sum.c == fields.a
            && sum.b != fields.a
            && !vm.steady
            && draft.append_to(Word(*base.add(sum.b as usize)))
        {
            *base.add(sum.a as usize) = *base.add(sum.b as usize);
            return Some(next.add(2));
        }
        *base.add(fields.a as usize) = draft.finish().into_word().0;
        Some(next)
    }
}

/// The instruction where the first value listed is a string that dies here and has no other owner: the other texts are appended to it.
unsafe fn longer_text(vm: &mut Vm, pc: *mut u64, base: *mut u64, fields: Fields) -> Option<*mut u64> {
    // SAFETY: as for `format_text`; the string of the first register passes to register a.
    unsafe {
        let count = fields.c as usize;
        let mut others = listed(pc.add(2), count);
        let (first, dies) = others.next()?;
        let slot = base.add(first);
        if !dies || !Value::borrow(&Word(*slot)).is_unique() || Value::borrow(&Word(*slot)).as_string().is_none() {
            return None;
        }
        // The others are written before the first changes: it may be one of them.
        let written = budget::attempt(|| {
            vm.host.draft(
                |text| {
                    others.try_for_each(|(register, _)| {
                        display::write(text, Value::borrow(&Word(*base.add(register))), display::Form::Print)
                    })
                },
                |text| string::lengthen(Value::borrow_mut(&mut *(slot as *mut Word)), text),
            )
        });
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) | Err(error) => return Some(vm.raise(pc, error)),
        }
        let text = *slot;
        for (register, dies) in listed(pc.add(2), count).skip(1) {
            if dies {
                release(Word(*base.add(register)));
            }
        }
        *base.add(fields.a as usize) = text;
        Some(pc.add(Opcode::format.length(count)))
    }
}

#[inline(never)]
unsafe fn format_text(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: the listed registers hold live values, owned if flagged.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let count = fields.c as usize;
        if let Some(next) = short_text(vm, pc, base, fields) {
            return next;
        }
        if let Some(next) = longer_text(vm, pc, base, fields) {
            return next;
        }
        let written = budget::attempt(|| {
            vm.host.compose(|text| {
                listed(pc.add(2), count).try_for_each(|(register, _)| {
                    let word = Word(*base.add(register));
                    display::write(text, Value::borrow(&word), display::Form::Print)
                })
            })
        });
        let text = match written {
            Ok(text) => text,
            Err(error) => return vm.raise(pc, error),
        };
        for (register, dies) in listed(pc.add(2), count) {
            if dies {
                release(Word(*base.add(register)));
            }
        }
        *base.add(fields.a as usize) = text.into_word().0;
        pc.add(Opcode::format.length(count))
    }
}
