//! Counting executed instructions exactly, at no cost when off: the loader puts one counting handler before every instruction.
//!
//! A call is counted where the callee starts, whatever entered it: no edge leads back to the first instruction of a function (IR004).

use super::dispatch::{Handler, handlers};
use super::handlers::HANDLERS;
use super::profile;
use crate::bytecode::op::OPCODE_MASK;

/// What is counted while a program runs. Whatever it is, no instruction quickens itself then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Counting {
    /// Nothing.
    #[default]
    Off,
    /// Instructions, by opcode.
    Opcodes,
    /// Instructions, by opcode, by place in the code, and by the functions that are active.
    Places,
}

impl Counting {
    /// The handler that comes before that of each instruction.
    pub(super) fn handler(self) -> Option<Handler> {
        match self {
            Counting::Off => None,
            Counting::Opcodes => Some(count),
            Counting::Places => Some(count_place),
        }
    }
}

handlers! {
    fn count(m) {
        let opcode = (*(m.pc as *const u16).add(4) & OPCODE_MASK) as usize;
        let counter = (*m.vm).counts.as_mut_ptr().add(opcode);
        *counter += 1;
        if (*m.vm).loaded.is_entry(m.pc) {
            (*m.vm).calls += 1;
        }
        let handler = *HANDLERS.as_ptr().add(opcode);
        m.enter(handler)
    }
    fn count_place(m) {
        profile::record(&mut *m.vm, m.pc, m.base);
        m.enter(count)
    }
}
