//! Generators. The frame of a running generator stands above its consumer's and has seven link slots: R[-7] the consumer's frame,
//! R[-6] the consumer's instruction, R[-5] the generator (the consumer keeps it alive), R[-4] the depth, R[-3] the closure, R[-2]
//! the frame itself, R[-1] the `generator_end` stub. So a body returns to the stub in its own frame, which knows the rest.
//!
//! Yielding moves the live registers into the generator and goes on in the consumer's instruction; resuming moves them back.
//! Neither nests dispatch loops.
//!
//! `copy_then_yield` is what the loader gives a `copy_value` directly before a `yield_value`.

use super::call::{BOUNDARY, abandon, own_callee, stack_needed};
use super::data::listed;
use super::iterate::iter_next;
use crate::base::limits::MAX_CALL_DEPTH;
use crate::bytecode::op::{DROP_FIRST, Fields, OPCODE_MASK, Opcode};
use crate::runtime::error::RuntimeError;
use crate::runtime::generator::{FINISHED, FLAG_ITERATOR, GeneratorObject, RUNNING, SUSPENDED};
use crate::runtime::heap::Kind;
use crate::runtime::release::release;
use crate::runtime::tagged::{self, Variant};
use crate::runtime::value::Value;
use crate::runtime::word::Word;
use crate::vm::Vm;
use crate::vm::dispatch::{Machine, handlers, retain};
use crate::vm::trace;
use smallvec::SmallVec;

handlers! {
    fn generator_start(m) {
        m.helper(make_generator)
    }
    fn yield_value(m) {
        let generator: *mut GeneratorObject = Word(*m.base.sub(5)).object_ptr();
        let count = m.c();
        let list = m.pc.add(2) as *const u16;
        let kept = GeneratorObject::first(generator);
        let mut i = 0;
        while i < count {
            *kept.add(i) = *m.base.add(*list.add(i) as usize);
            i += 1;
            once();
        }
        (*generator).kept = count as u32;
        (*generator).at = m.pc;
        (*generator).closure = Word(*m.base.sub(3));
        (*generator).state = SUSPENDED;
        let word = m.ra();
        let consumer = Machine { pc: *m.base.sub(6) as *mut u64, base: *m.base.sub(7) as *mut u64, ..m };
        if *(consumer.pc as *const u16).add(4) & OPCODE_MASK != Opcode::iter_next as u16 {
            (*m.vm).spill = word;
            return consumer.helper(deliver);
        }
        consumer.set_a(word);
        consumer.jump_to_literal()
    }
    fn yield_many(m) {
        m.helper(suspend_many)
    }
    fn copy_then_yield(m) {
        let word = m.rb();
        retain(word);
        m.set_a(word);
        Machine { pc: m.pc.add(2), ..m }.enter(yield_value)
    }
    fn generator_end(m) {
        m.helper(end_generator)
    }
    fn generator_resume(m) {
        let state = Word(m.rb());
        if !state.is_object() || (*state.header()).kind as u8 != Kind::Generator as u8 {
            m.quicken(iter_next);
            return m.enter(iter_next);
        }
        let generator: *mut GeneratorObject = state.object_ptr();
        // From the same frame at the same depth there is as much room as the last time.
        if (*generator).state != SUSPENDED
            || !std::ptr::eq((*generator).consumer, m.pc)
            || !std::ptr::eq((*generator).base, m.base)
            || *m.base.sub(4) != u64::from((*generator).depth)
        {
            return m.enter(generator_resume_other);
        }
        let (frame, stub) = (m.base.add((*generator).distance as usize), (*m.vm).generator_end);
        Machine { pc: enter_frame(generator, m.pc, m.base, frame, stub), base: frame, ..m }.go()
    }
    cold fn generator_resume_other(m) {
        m.helper(resume_state)
    }
}

/// As `yield_value`, with a long list. The generator goes on in [`resume`], since no frame is the one that it was resumed from.
#[inline(never)]
unsafe fn suspend_many(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as in the handler of `yield_value`; the generator has room for the registers listed (BC011), which are of its frame (BC008).
    unsafe {
        let generator: *mut GeneratorObject = Word(*base.sub(5)).object_ptr();
        let registers = kept_at(vm, pc);
        let kept = GeneratorObject::first(generator);
        for (i, &register) in registers.iter().enumerate() {
            *kept.add(i) = *base.add(register as usize);
        }
        (*generator).kept = registers.len() as u32;
        (*generator).at = pc;
        (*generator).closure = Word(*base.sub(3));
        (*generator).state = SUSPENDED;
        (*generator).base = std::ptr::null();
        vm.spill = *base.add(Fields::decode(*pc.add(1)).a as usize);
        let (consumer, base) = (*base.sub(6) as *mut u64, *base.sub(7) as *mut u64);
        vm.base = base;
        let fields = Fields::decode(*consumer.add(1));
        if Opcode::from_word(fields.op) != Some(Opcode::iter_next) {
            return deliver(vm, consumer, base);
        }
        *base.add(fields.a as usize) = vm.spill;
        *consumer.add(2) as *mut u64
    }
}

/// The registers that the `yield_many` at `pc` keeps.
fn kept_at(vm: &Vm, pc: *const u64) -> SmallVec<[u16; 8]> {
    vm.loaded.locate(pc).map_or_else(SmallVec::new, |(function, word)| vm.program.functions[function].kept(word as u32))
}

/// Keeps the compiler from unrolling a loop of few turns.
///
/// PERF: choosing between the unrolled form and the rest, and the registers both need, cost more than the two words most generators keep.
#[inline(always)]
fn once() {
    #[cfg(not(miri))]
    // SAFETY: no instruction at all.
    unsafe {
        std::arch::asm!("", options(nomem, nostack, preserves_flags))
    }
}

/// Fills the frame of a generator that stands at a demand; returns where it goes on.
#[inline(always)]
unsafe fn enter_frame(
    generator: *mut GeneratorObject,
    consumer: *mut u64,
    base: *mut u64,
    frame: *mut u64,
    stub: *mut u64,
) -> *mut u64 {
    // SAFETY: the caller has made sure of room for the frame; the instruction that suspended the generator lists registers
    // of it, as many as it keeps (BC002, BC011).
    unsafe {
        *frame.sub(1) = stub as u64;
        *frame.sub(2) = frame as u64;
        *frame.sub(3) = (*generator).closure.0;
        *frame.sub(4) = *base.sub(4) + 1;
        *frame.sub(5) = Word::object(generator).0;
        *frame.sub(6) = consumer as u64;
        *frame.sub(7) = base as u64;
        let at = (*generator).at as *mut u64;
        let count = (*generator).kept as usize;
        let list = at.add(2) as *const u16;
        let kept = GeneratorObject::first(generator);
        let mut i = 0;
        while i < count {
            *frame.add(*list.add(i) as usize) = *kept.add(i);
            i += 1;
            once();
        }
        runs(generator);
        at.add(2 + count.div_ceil(4))
    }
}

/// The generator holds nothing any more: all is in its frame.
#[inline(always)]
unsafe fn runs(generator: *mut GeneratorObject) {
    // SAFETY: the caller's: a live generator.
    unsafe {
        (*generator).kept = 0;
        (*generator).closure = Word::NULL;
        (*generator).state = RUNNING;
    }
}

/// The consumer demands the next value of the generator in register b.
#[inline(never)]
unsafe fn resume_state(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: register b is the loop state, a generator.
    unsafe { resume(vm, pc, base, Word(*base.add(Fields::decode(*pc.add(1)).b as usize))) }
}

/// The instruction `pc` of the frame `base` demands the next value of a generator it keeps alive.
pub(crate) unsafe fn resume(vm: &mut Vm, pc: *mut u64, base: *mut u64, word: Word) -> *mut u64 {
    // SAFETY: the caller's.
    unsafe {
        let generator: *mut GeneratorObject = word.object_ptr();
        match (*generator).state {
            SUSPENDED => {}
            RUNNING => return fail(vm, pc, base, RuntimeError::message("Generator is already running")),
            _ => return exhausted(vm, pc, base),
        }
        let distance = vm.frame_size_at(pc) + BOUNDARY;
        let room = (vm.stack_end as usize).saturating_sub(base as usize) / 8;
        trace::unmark(base);
        let depth = *base.sub(4);
        if depth >= MAX_CALL_DEPTH as u64 || room < stack_needed(depth, distance + (*generator).frame as usize) {
            let error = vm.too_deep(vm.function_at((*generator).at));
            return fail(vm, pc, base, error);
        }
        (*generator).consumer = pc;
        (*generator).distance = distance as u32;
        (*generator).depth = depth as u32;
        (*generator).base = base;
        vm.base = base.add(distance);
        let at = (*generator).at as *mut u64;
        if Opcode::from_word(Fields::decode(*at.add(1)).op) != Some(Opcode::yield_many) {
            return enter_frame(generator, pc, base, vm.base, vm.generator_end);
        }
        let count = std::mem::take(&mut (*generator).kept) as usize;
        enter_frame(generator, pc, base, vm.base, vm.generator_end);
        let kept = GeneratorObject::first(generator);
        for (i, &register) in kept_at(vm, at).iter().enumerate().take(count) {
            *vm.base.add(register as usize) = *kept.add(i);
        }
        at.add(2)
    }
}

#[inline(never)]
unsafe fn make_generator(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: a frame just entered: the links are the call's, the listed registers hold arguments.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let function = vm.function_at(pc);
        let closure = if vm.program.functions[function].captures > 0 { own_callee(base) } else { Word::NULL };
        let flags = if vm.is_hidden(function) { FLAG_ITERATOR } else { 0 };
        let generator = GeneratorObject::allocate(fields.a as usize, fields.b as usize, pc, closure, flags);
        let kept = GeneratorObject::first(generator);
        for (i, (register, _)) in listed(pc.add(2), fields.c as usize).enumerate() {
            *kept.add(i) = *base.add(register);
        }
        (*generator).kept = fields.c as u32;
        *base.sub(4) = Word::object(generator).0;
        vm.base = *base.sub(2) as *mut u64;
        *base.sub(1) as *mut u64
    }
}

/// The body of the generator whose frame is `base` has returned; its value is of no use.
#[inline(never)]
unsafe fn end_generator(vm: &mut Vm, _pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: the frame links back to itself; its result is owned.
    unsafe {
        release(Word(*base.sub(4)));
        let generator: *mut GeneratorObject = Word(*base.sub(5)).object_ptr();
        (*generator).state = FINISHED;
        let consumer = *base.sub(7) as *mut u64;
        vm.base = consumer;
        exhausted(vm, *base.sub(6) as *mut u64, consumer)
    }
}

/// The instruction that demanded a value goes on without one.
#[inline(never)]
unsafe fn exhausted(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: the instruction that resumed the generator, and its frame.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        match Opcode::from_word(fields.op) {
            Some(Opcode::iter_next) => pc.add(3),
            Some(Opcode::iter_take) => {
                *base.add(fields.a as usize) = Word::DONE.0;
                pc.add(2)
            }
            _ => complete(vm, pc, base, tagged::outcome(Variant::None, Value::NULL)),
        }
    }
}

/// The consumer, which is no loop, gets the value in `spill`.
#[inline(never)]
unsafe fn deliver(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: the value was moved out of the generator's frame.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        if Opcode::from_word(fields.op) == Some(Opcode::iter_take) {
            *base.add(fields.a as usize) = vm.spill;
            return pc.add(2);
        }
        let value = Value::from_word(Word(vm.spill));
        complete(vm, pc, base, tagged::outcome(Variant::Some, value))
    }
}

/// The instruction `pc`, whose result came about elsewhere, gets it: gives its operands up and goes on.
pub(crate) unsafe fn complete(vm: &mut Vm, pc: *mut u64, base: *mut u64, value: Value) -> *mut u64 {
    // SAFETY: the instruction has not consumed its operands, and register a is dead or a window.
    unsafe {
        vm.base = base;
        let fields = Fields::decode(*pc.add(1));
        let opcode = Opcode::from_word(fields.op).unwrap_or(Opcode::halt);
        let count = fields.count(opcode);
        match opcode {
            Opcode::call => abandon(base, fields.a as usize, true, fields.b as usize),
            Opcode::call_method => abandon(base, fields.a as usize, true, fields.b as usize),
            Opcode::call_builtin => {
                for (register, dies) in listed(pc.add(2), count) {
                    if dies {
                        release(Word(*base.add(register)));
                    }
                }
            }
            _ => {
                if fields.op & DROP_FIRST != 0 {
                    release(Word(*base.add(fields.b as usize)));
                }
            }
        }
        *base.add(fields.a as usize) = value.into_word().0;
        pc.add(opcode.length(count))
    }
}

/// The instruction `pc`, whose result was to come about elsewhere, raises instead.
pub(crate) unsafe fn fail(vm: &mut Vm, pc: *mut u64, base: *mut u64, error: RuntimeError) -> *mut u64 {
    // SAFETY: the caller's.
    unsafe { give_up_operands(pc, base) };
    vm.base = base;
    vm.raise(pc, error)
}

/// Releases the operands of a call that was waiting for its result: they belong to it even when it raises.
pub(crate) unsafe fn give_up_operands(pc: *mut u64, base: *mut u64) {
    // SAFETY: the caller's: the instruction has not consumed its operands.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        if matches!(Opcode::from_word(fields.op), Some(Opcode::call | Opcode::call_method)) {
            abandon(base, fields.a as usize, true, fields.b as usize);
        }
    }
}
