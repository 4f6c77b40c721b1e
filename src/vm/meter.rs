//! The limits of the host, fuel and memory, at no cost when off.
//!
//! With limited fuel the loader puts the metering handler before the instruction at each point of the program
//! (`bytecode::program::Point`), where a function starts and where a jump leads back to. Builtins are charged by size before they
//! start (`handlers/call.rs`), what they do inside as `runtime::budget` says. A limit on memory alone costs nothing: when the memory
//! is full, the heap raises the alarm ([`Points::arm`]), which puts the handler that stops before each point then.
//!
//! Running out of fuel *pauses* the machine before an instruction, which is executed (again, from its start) when it goes on; an
//! instruction that gives up half-way has changed nothing. A full memory unwinds: nothing of the program runs any more, `except`
//! bodies included. A paused machine that is not to go on unwinds, too.

use super::dispatch::handlers;
use super::handlers::HANDLERS;
use super::handlers::generator::give_up_operands;
use super::{Ending, Vm, dispatch};
use crate::bytecode::op::OPCODE_MASK;
use crate::runtime::builtins::cost::cost;
use crate::runtime::error::{Raised, RuntimeError, Stop};
use crate::runtime::memory::{self, Alarm};
use crate::runtime::value::Value;
use crate::runtime::{budget, heap};
use std::cell::{Cell, RefCell};

/// What the host allows a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Units of work: about one for each turn of a loop and each call, more inside builtins, by size.
    pub fuel: Option<u64>,
    /// Bytes that may be in use, beyond those when the machine was made. Values count, with the room they have to grow; so do
    /// tasks, queues and what builtins need while they work, if [`memory::Counting`] is the allocator of the process. The stack
    /// of calls and the code do not.
    pub memory: Option<usize>,
}

impl Limits {
    /// Whether there is any.
    pub fn is_some(&self) -> bool {
        self.fuel.is_some() || self.memory.is_some()
    }
}

/// The points of a loaded program, for stopping at the next one.
pub(super) struct Points {
    code: *mut u64,
    /// Their words in the code.
    words: Box<[u32]>,
    /// What stood there before the alarm.
    before: RefCell<Vec<u64>>,
    armed: Cell<bool>,
}

impl Points {
    /// Those at `words` of the code that starts at `code`.
    pub fn new(code: *mut u64, words: Box<[u32]>) -> Points {
        let before = RefCell::new(Vec::with_capacity(words.len()));
        Points { code, words, before, armed: Cell::new(false) }
    }

    /// The alarm for these points, as long as they stay where they are.
    fn alarm(&self) -> Alarm {
        Alarm { call: Points::arm, with: self as *const Points as *const () }
    }

    fn stopping() -> u64 {
        stop as dispatch::Handler as usize as u64
    }

    /// Sees to it that the program stops at the next point. Raised again, it stops at those where an instruction has quickened
    /// itself in the meantime.
    ///
    /// # Safety
    /// `points` is a [`Points`] of live code; nobody holds a reference to a word of it.
    unsafe fn arm(points: *const ()) {
        // SAFETY: the caller's. Words are read and written one at a time, between the dispatches of this thread.
        unsafe {
            let points = &*(points as *const Points);
            let Ok(mut before) = points.before.try_borrow_mut() else { return };
            let again = points.armed.replace(true);
            for (at, &word) in points.words.iter().enumerate() {
                let place = points.code.add(word as usize);
                let old = place.replace(Points::stopping());
                match again {
                    // There is room: the list was made for all.
                    false => before.push(old),
                    true if old != Points::stopping() => before[at] = old,
                    true => {}
                }
            }
        }
    }

    /// Puts everything back.
    fn disarm(&self) {
        if !self.armed.replace(false) {
            return;
        }
        for (&word, old) in self.words.iter().zip(self.before.borrow_mut().drain(..)) {
            // SAFETY: as above.
            unsafe {
                let place = self.code.add(word as usize);
                if *place == Points::stopping() {
                    *place = old;
                }
            }
        }
    }
}

/// Where a machine without fuel stands.
pub(super) struct Pause {
    pc: *mut u64,
    base: *mut u64,
    at: Place,
}

/// Which registers own something there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Those of the point.
    Point,
    /// Those the instruction's unwind entry lists, and the operands.
    Instruction,
}

handlers! {
    fn meter(m) {
        if !budget::tick() || heap::over_limit() {
            return m.enter(stop);
        }
        if let Some(counter) = (*m.vm).counter {
            return m.enter(counter);
        }
        let opcode = (*(m.pc as *const u16).add(4) & OPCODE_MASK) as usize;
        let handler = *HANDLERS.as_ptr().add(opcode);
        m.enter(handler)
    }
    cold fn stop(m) {
        m.helper(at_limit)
    }
}

/// A limit is reached at a point.
#[inline(never)]
unsafe fn at_limit(vm: &mut Vm, pc: *mut u64, _base: *mut u64) -> *mut u64 {
    if !vm.has_memory() {
        return vm.raise_at_point(pc, RuntimeError::Stop(Stop::Memory));
    }
    memory::relieved();
    vm.points.disarm();
    if budget::fuel() == 0 { vm.pause(pc, Place::Point) } else { pc }
}

impl Vm {
    /// Whether the memory is within its limit, if need be after what cannot be reached any more is given up.
    fn has_memory(&self) -> bool {
        if heap::over_limit() {
            heap::collect_cycles();
        }
        !heap::over_limit()
    }

    /// Charges a call of a builtin, ahead of it.
    #[cold]
    pub(crate) fn charge_builtin(&self, row: u16, arguments: &[Value]) -> Result<(), RuntimeError> {
        budget::admit_call()?;
        if !self.has_memory() {
            return Err(RuntimeError::Stop(Stop::Memory));
        }
        budget::charge(cost(row, arguments.iter()))
    }

    /// Stops before the instruction `pc` of the frame in `self.base`, for want of fuel.
    #[cold]
    pub(super) fn pause(&mut self, pc: *mut u64, at: Place) -> *mut u64 {
        if at == Place::Instruction && self.is_point(pc) {
            // The unit of the point, which is passed again.
            budget::set_fuel(budget::fuel().saturating_add(1));
        }
        self.paused = Some(Pause { pc, base: self.base, at });
        let trace = self.trace(pc);
        self.ending = Ending::Paused(Raised::new(RuntimeError::Stop(Stop::Fuel), trace));
        self.halt()
    }

    /// As [`Vm::pause`], where the instruction has found out itself that there is no fuel for it, and has changed nothing.
    pub(crate) fn pause_instruction(&mut self, pc: *mut u64) -> *mut u64 {
        self.pause(pc, Place::Instruction)
    }

    fn is_point(&self, pc: *mut u64) -> bool {
        self.loaded.locate(pc).is_some_and(|(function, word)| {
            let points = &self.program.functions[function].points;
            points.binary_search_by_key(&word, |point| point.at as usize).is_ok()
        })
    }

    /// Whether the machine is paused in the instruction `pc`.
    pub(crate) fn is_paused_in(&self, pc: *mut u64) -> bool {
        self.paused.as_ref().is_some_and(|pause| pause.pc == pc && pause.at == Place::Instruction)
    }

    /// Goes on where the machine has paused; ends at once if it has not.
    pub fn resume(&mut self) -> Ending {
        match self.paused.take() {
            // SAFETY: the machine stopped before this instruction of this frame, and nothing has run since.
            Some(pause) => unsafe { self.execute(pause.pc, pause.base) },
            None => Ending::Finished,
        }
    }

    /// Units of work left; `None` without a limit.
    pub fn fuel(&self) -> Option<u64> {
        self.limits.fuel
    }

    /// Allows more work, if work is limited.
    pub fn add_fuel(&mut self, units: u64) {
        if let Some(fuel) = &mut self.limits.fuel {
            // One less than no limit.
            *fuel = fuel.saturating_add(units).min(u64::MAX - 1);
        }
    }

    /// Runs from `pc` until the program ends or pauses, within the limits.
    ///
    /// # Safety
    /// As [`dispatch::run`].
    pub(super) unsafe fn execute(&mut self, pc: *mut u64, base: *mut u64) -> Ending {
        let outer = self.metered.then(budget::fuel);
        if outer.is_some() {
            budget::set_fuel(self.limits.fuel.unwrap_or(u64::MAX));
        }
        let bound = self.bound.map(memory::replace);
        let alarm = memory::set_alarm((!self.metered).then(|| self.points.alarm()));
        // SAFETY: the caller's.
        unsafe { dispatch::run(self, pc, base) };
        memory::set_alarm(alarm);
        self.points.disarm();
        if let Some(bound) = bound {
            memory::replace(bound);
        }
        if let Some(fuel) = outer {
            if let Some(left) = &mut self.limits.fuel {
                *left = budget::fuel();
            }
            budget::set_fuel(fuel);
        }
        let ending = std::mem::replace(&mut self.ending, Ending::Finished);
        let stopped = match &ending {
            Ending::Paused(_) => true,
            Ending::Error(raised) => matches!(raised.error, RuntimeError::Stop(_)),
            Ending::Finished | Ending::Exit(_) => false,
        };
        if !stopped {
            self.scheduler.report_unobserved(&mut self.host);
        }
        if matches!(ending, Ending::Finished) {
            self.release_result();
        }
        ending
    }

    /// Gives up what a paused machine holds: it will not go on.
    pub fn abandon(&mut self) {
        let Some(Pause { pc, base, at }) = self.paused.take() else { return };
        self.base = base;
        if at == Place::Instruction {
            // SAFETY: the instruction has not consumed its operands.
            unsafe { give_up_operands(pc, base) };
        }
        self.unwind_pause(pc, at);
        self.ending = Ending::Finished;
    }
}
