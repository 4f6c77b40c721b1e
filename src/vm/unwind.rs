//! Raising and unwinding. For every instruction that can raise, a side table lists the registers that own something; unwinding
//! releases exactly those, frame by frame, until a handler or the end.
//!
//! Calls consume their operands even when they raise, so the entry of a call lists only what the caller keeps.

use super::handlers::generator::give_up_operands;
use super::handlers::{overload, task};
use super::meter::Place;
use super::site::{Released, Site};
use super::{Ending, Vm};
use crate::bytecode::program::NO_LANDING;
use crate::runtime::error::{Raised, RuntimeError, Stop, error_struct};
use crate::runtime::generator::{FINISHED, GeneratorObject};
use crate::runtime::release::release;
use crate::runtime::trace::Trace;
use crate::runtime::value::Value;
use crate::runtime::word::Word;

impl Vm {
    /// The struct `Error` a script sees.
    pub(super) fn error_struct(&mut self, raised: Raised) -> Value {
        let Ok(thrown) = raised.error.into_thrown() else { return Value::NULL };
        let span = raised.trace.span();
        if self.last_line.0 != span {
            self.last_line = (span, self.sources.line(span));
        }
        error_struct(thrown.message, self.last_line.1, raised.trace, thrown.cause)
    }

    /// Raises `error` at the instruction `pc` of the frame in `self.base`: returns where to go on, with its frame in `self.base`.
    pub(crate) fn raise(&mut self, pc: *mut u64, error: RuntimeError) -> *mut u64 {
        self.raise_within(pc, pc, error)
    }

    /// As [`Vm::raise`], with the position of another word of the instruction.
    pub(crate) fn raise_within(&mut self, pc: *mut u64, position: *mut u64, error: RuntimeError) -> *mut u64 {
        if let RuntimeError::Stop(Stop::Fuel) = error {
            return self.pause(pc, Place::Instruction);
        }
        let raised = Raised::new(error, self.trace(position));
        self.raise_traced(pc, raised)
    }

    /// As [`Vm::raise`], with the position of a part of the read-modify-write `pc`.
    pub(crate) fn raise_at_place(&mut self, pc: *mut u64, place: usize, error: RuntimeError) -> *mut u64 {
        let mut trace = self.trace(pc);
        if let Some((function, word)) = self.loaded.locate(pc)
            && !self.is_hidden(function)
        {
            let places = &self.program.functions[function].places;
            let found = places.binary_search_by_key(&word, |entry| entry.0 as usize).ok();
            if let Some(&span) = found.and_then(|found| places[found].1.get(place)) {
                trace = trace.at(span);
            }
        }
        self.raise_traced(pc, Raised::new(error, trace))
    }

    /// Raises the error again whose handler has just been entered, as it was.
    pub(crate) fn raise_again(&mut self, pc: *mut u64) -> *mut u64 {
        match self.caught.take() {
            Some(raised) => self.raise_traced(pc, raised),
            None => self.raise(pc, RuntimeError::message("There is no error to raise again")),
        }
    }

    fn raise_traced(&mut self, pc: *mut u64, raised: Raised) -> *mut u64 {
        let catchable = !matches!(raised.error, RuntimeError::Exit(_) | RuntimeError::Stop(_));
        self.unwind(pc, raised, catchable, Place::Instruction)
    }

    /// Raises an error that cannot be caught before the instruction at the point `pc`.
    pub(super) fn raise_at_point(&mut self, pc: *mut u64, error: RuntimeError) -> *mut u64 {
        let raised = Raised::new(error, self.trace(pc));
        self.unwind(pc, raised, false, Place::Point)
    }

    /// Releases all frames of a paused machine.
    pub(super) fn unwind_pause(&mut self, pc: *mut u64, place: Place) {
        let error = RuntimeError::Stop(Stop::Fuel);
        let raised = Raised::new(error, Trace::new(None, self.names()));
        self.unwind(pc, raised, false, place);
    }

    fn unwind(&mut self, pc: *mut u64, mut raised: Raised, catchable: bool, mut place: Place) -> *mut u64 {
        let mut at = self.site(pc);
        let mut inside_call = false;
        while let Some(site) = at {
            let function = site.function as usize;
            if std::mem::replace(&mut place, Place::Instruction) == Place::Point {
                self.release_point(function, site.word as usize);
            } else if let Some(landing) = self.release_registers(site, inside_call, catchable) {
                self.caught = Some(raised);
                // SAFETY: landings are instructions of the function (BC006).
                return unsafe { self.loaded.entry(function).add(landing as usize) };
            }
            if !self.program.modules.is_empty() {
                self.leave_module(function, &mut raised, catchable);
            }
            let frame = self.base;
            inside_call = true;
            // SAFETY: the link slots of an active frame (`handlers/call.rs`, `generator.rs`, `task.rs`).
            unsafe {
                let back = *frame.sub(1) as *mut u64;
                if back == self.generator_end {
                    let consumer = self.leave_generator(frame);
                    give_up_operands(consumer, self.base);
                    at = self.site(consumer);
                    inside_call = false;
                } else if back == self.async_end {
                    if catchable {
                        return match raised.rejection() {
                            // Choosing the next task may raise in that one: not from here, lest a chain of tasks take native stack.
                            Ok(rejection) => {
                                task::settled(self, frame, Err(rejection)).unwrap_or_else(|| self.loaded.next_task())
                            }
                            Err(_) => self.loaded.halt(),
                        };
                    }
                    let mut next = *frame.sub(6) as *mut u64;
                    release(Word(*frame.sub(5)));
                    self.base = *frame.sub(7) as *mut u64;
                    if next.is_null() {
                        next = task::back_to_program(self).0;
                        give_up_operands(next, self.base);
                        inside_call = false;
                    }
                    let (next, behind) = overload::call_site(next, frame.sub(8));
                    inside_call &= behind;
                    at = self.site_of(next, inside_call);
                } else {
                    let (back, behind) = overload::call_site(back, frame.sub(5));
                    at = self.site_of(back, behind);
                    inside_call = behind;
                    self.base = *frame.sub(2) as *mut u64;
                }
            }
        }
        self.ending = match raised.error {
            RuntimeError::Exit(code) => Ending::Exit(code),
            _ => Ending::Error(raised),
        };
        self.loaded.halt()
    }

    /// An error leaves a function: if that is the top level of a module, the module was not imported, and the error says so.
    fn leave_module(&mut self, function: usize, raised: &mut Raised, catchable: bool) {
        let program = self.program.clone();
        let Some(module) = program.modules.iter().find(|module| module.function as usize == function) else { return };
        for &slot in module.slots.iter().chain([&module.state]) {
            if (slot as usize) < program.globals.len() {
                // SAFETY: inside the globals, which own their values.
                unsafe { release(Word(self.globals.add(slot as usize).replace(Word::UNDEF.0))) };
            }
        }
        if catchable {
            let message = format!("Failed to evaluate module '{}': {}", module.name, raised.error.text());
            raised.error = raised.error.reworded(&message);
        }
    }

    /// Releases what the frame in `self.base` owns at a point.
    fn release_point(&mut self, function: usize, word: usize) {
        let program = self.program.clone();
        let code = &program.functions[function];
        if let Ok(found) = code.points.binary_search_by_key(&word, |point| point.at as usize) {
            let listed = code.listed(code.points[found].list);
            for &register in listed.drops.iter().chain(&listed.kept) {
                // SAFETY: the list is what owns a value at the start of the block (`regalloc::unwind::points`).
                unsafe { release(Word(*self.base.add(register as usize))) };
            }
        }
        if code.captures > 0 {
            // SAFETY: a closure's window holds an owned reference to it.
            unsafe { release(Word(*self.base.sub(3))) };
        }
    }

    /// Releases what the frame in `self.base` owns at an instruction, or inside a call, whose last word `site` is then; where its handler
    /// is, if it is to be run. Without a handler the frame is at its end, and gives its closure up, too.
    fn release_registers(&mut self, site: Site, inside_call: bool, handle: bool) -> Option<u32> {
        // Every call has an entry, so the last one up to its last word is that of the call.
        let found = site.entry.filter(|found| inside_call || found.entry.at + 1 >= site.word);
        let mut landing = None;
        if let Some(found) = found {
            landing = Some(found.entry.landing).filter(|&landing| handle && landing != NO_LANDING);
            // SAFETY: the table lists registers that own a value at this instruction (checked by `ownership::check` and
            // `regalloc::check`).
            let give_up = |register: &u16| unsafe { release(Word(*self.base.add(*register as usize))) };
            match found.released {
                Released::Few(registers, drops, all) => {
                    let count = if landing.is_none() { all } else { drops };
                    registers[..count as usize].iter().for_each(give_up);
                }
                Released::Many(list) => {
                    let listed = self.program.functions[site.function as usize].listed(list);
                    listed.drops.iter().for_each(give_up);
                    if landing.is_none() {
                        listed.kept.iter().for_each(give_up);
                    }
                }
            }
        }
        if landing.is_none() && site.captures {
            // SAFETY: a closure's window holds an owned reference to it.
            unsafe { release(Word(*self.base.sub(3))) };
        }
        landing
    }

    /// Ends the generator whose frame is `frame`; the instruction that demanded its value, with its frame in `self.base`.
    unsafe fn leave_generator(&mut self, frame: *mut u64) -> *mut u64 {
        // SAFETY: the link slots of a running generator; the consumer keeps the generator alive.
        unsafe {
            (*Word(*frame.sub(5)).object_ptr::<GeneratorObject>()).state = FINISHED;
            self.base = *frame.sub(7) as *mut u64;
            *frame.sub(6) as *mut u64
        }
    }

    /// Releases all frames of a task, from the one at `base` that stands at `pc`, and its promise.
    pub(crate) unsafe fn release_frames(&mut self, pc: *mut u64, base: *mut u64) {
        let before = std::mem::replace(&mut self.base, base);
        let mut at = self.site(pc);
        let mut inside_call = false;
        while let Some(site) = at {
            self.release_registers(site, inside_call, false);
            let frame = self.base;
            // SAFETY: the link slots of the frames of a task, which end at the task's own.
            unsafe {
                let back = *frame.sub(1) as *mut u64;
                if back == self.async_end {
                    release(Word(*frame.sub(5)));
                    break;
                }
                if back == self.generator_end {
                    let consumer = self.leave_generator(frame);
                    give_up_operands(consumer, self.base);
                    at = self.site(consumer);
                    inside_call = false;
                } else {
                    let (back, behind) = overload::call_site(back, frame.sub(5));
                    at = self.site_of(back, behind);
                    inside_call = behind;
                    self.base = *frame.sub(2) as *mut u64;
                }
            }
        }
        self.base = before;
    }
}
