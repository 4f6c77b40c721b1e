//! Raising and unwinding. For every instruction that can raise, a side table lists the registers that own something; unwinding
//! releases exactly those, frame by frame, until a handler or the end.
//!
//! Calls consume their operands even when they raise, so the entry of a call lists only what the caller keeps.

use super::{Ending, Vm};
use crate::base::source::Span;
use crate::bytecode::program::NO_LANDING;
use crate::runtime::error::{RuntimeError, error_struct};
use crate::runtime::release::release;
use crate::runtime::value::Value;
use crate::runtime::word::Word;
use std::rc::Rc;

/// An error on its way: what was raised, where, and who was active.
#[derive(Debug)]
pub struct Raised {
    /// The error.
    pub error: RuntimeError,
    /// Where.
    pub span: Span,
    /// Names of the active functions, outermost first.
    pub stack: Vec<Rc<str>>,
}

impl Raised {
    /// The struct `Error` a script sees.
    pub(super) fn into_struct(self, line_of: &dyn Fn(Span) -> u32) -> Value {
        let line = line_of(self.span);
        let stack = self.stack.iter().map(|name| Value::string(name)).collect();
        match self.error.into_parts() {
            Ok((message, cause)) => error_struct(message, line, stack, cause),
            Err(_) => Value::NULL,
        }
    }
}

impl Vm {
    /// Raises `error` at the instruction `pc` of the frame in `self.base`: returns where to go on, with its frame in `self.base`.
    pub(crate) fn raise(&mut self, pc: *mut u64, error: RuntimeError) -> *mut u64 {
        let catchable = !matches!(error, RuntimeError::Exit(_) | RuntimeError::Stop(_));
        let (span, stack) = self.trace(pc);
        let raised = Raised { error, span, stack };
        self.unwind(pc, raised, catchable)
    }

    fn unwind(&mut self, pc: *mut u64, raised: Raised, catchable: bool) -> *mut u64 {
        let program = self.program.clone();
        let mut at = self.loaded.locate(pc);
        let mut inside_call = false;
        while let Some((function, word)) = at {
            let code = &program.functions[function];
            // Every call has an entry, so the last one before a return address is that of the call.
            let found = match code.unwind.partition_point(|entry| (entry.at as usize) < word + !inside_call as usize) {
                0 => None,
                end => Some(code.unwind[end - 1]).filter(|entry| inside_call || entry.at as usize + 1 >= word),
            };
            if let Some(entry) = found {
                for &register in &code.unwind_registers[entry.first as usize..(entry.first + entry.count) as usize] {
                    // SAFETY: the table lists registers that own a value at this instruction (checked by `ownership::check`
                    // and `regalloc::check`).
                    unsafe { release(Word(*self.base.add(register as usize))) };
                }
                if catchable && entry.landing != NO_LANDING {
                    self.caught = Some(raised);
                    // SAFETY: landings are instructions of the function (BC006).
                    return unsafe { self.loaded.entry(function).add(entry.landing as usize) };
                }
            }
            // SAFETY: the link slots of an active frame; a closure's window holds an owned reference to it.
            unsafe {
                if code.captures > 0 {
                    release(Word(*self.base.sub(3)));
                }
                at = self.loaded.locate(*self.base.sub(1) as *const u64);
                self.base = *self.base.sub(2) as *mut u64;
            }
            inside_call = true;
        }
        self.ending = match raised.error {
            RuntimeError::Exit(code) => Ending::Exit(code),
            _ => Ending::Error(raised),
        };
        self.loaded.halt()
    }
}
