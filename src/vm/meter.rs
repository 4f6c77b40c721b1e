//! The limits of the host, fuel and memory, at no cost when off: the loader puts the metering handler before the instruction at
//! each point of the program (`bytecode::program::Point`), where a function starts and where a jump leads back to. Builtins are
//! charged by size before they start (`handlers/call.rs`), what they do inside as `runtime::budget` says.
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
use crate::runtime::value::Value;
use crate::runtime::{budget, heap};

/// What the host allows a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Units of work: about one for each turn of a loop and each call, more inside builtins, by size.
    pub fuel: Option<u64>,
    /// Bytes of the heap that may be alive, beyond those when the machine was made. Values count, with the room they have to
    /// grow; the stack, the code and what builtins need while they work do not.
    pub memory: Option<usize>,
}

impl Limits {
    /// Whether there is any.
    pub fn is_some(&self) -> bool {
        self.fuel.is_some() || self.memory.is_some()
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
        let outer = self.limits.is_some().then(|| (budget::fuel(), heap::limit()));
        if outer.is_some() {
            budget::set_fuel(self.limits.fuel.unwrap_or(u64::MAX));
            heap::set_limit(self.memory_end);
        }
        // SAFETY: the caller's.
        unsafe { dispatch::run(self, pc, base) };
        if let Some((fuel, limit)) = outer {
            if let Some(left) = &mut self.limits.fuel {
                *left = budget::fuel();
            }
            budget::set_fuel(fuel);
            heap::set_limit(limit);
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
