//! The instruction set of the register machine, emission from register-allocated IR, verification, disassembly.

mod assembler;
mod class;
mod constants;
pub mod disassemble;
pub mod emit;
pub mod flow;
mod fuse;
pub mod op;
mod prefix;
pub mod program;
mod select;
mod switch;
pub mod table;
pub mod verify;
