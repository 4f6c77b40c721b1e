//! Counting executed instructions exactly, at no cost when off: the loader puts one counting handler before every instruction.

use super::dispatch::handlers;
use super::handlers::HANDLERS;
use crate::bytecode::op::OPCODE_MASK;

handlers! {
    fn count(m) {
        let opcode = (*(m.pc as *const u16).add(4) & OPCODE_MASK) as usize;
        let counter = (*m.vm).counts.as_mut_ptr().add(opcode);
        *counter += 1;
        let handler = *HANDLERS.as_ptr().add(opcode);
        m.enter(handler)
    }
}
