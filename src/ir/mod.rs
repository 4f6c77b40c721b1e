//! The intermediate representation: SSA with block parameters, on `cranelift-entity`.
//!
//! Pure data and its analyses: nothing here knows the tree, the bytecode or the heap. An instruction is one row of the table
//! in [`inst`]; modes of operands, effects and static types all derive from the row.

#[cfg(test)]
mod analysis_tests;
pub mod builder;
#[cfg(test)]
mod builder_tests;
pub mod cfg;
pub mod dominators;
pub mod effects;
pub mod entities;
pub mod function;
pub mod inst;
pub mod liveness;
pub mod loops;
pub mod parse;
pub mod print;
mod ssa;
mod token;
pub mod types;
pub mod verify;
