//! The handlers, one file a family, and the table that gives an opcode its handler.

pub(crate) mod arith;
pub(crate) mod branch;
pub(crate) mod builtin;
pub(crate) mod call;
pub(crate) mod chain;
pub(crate) mod compare;
pub(crate) mod control;
pub(crate) mod data;
mod entries;
pub(crate) mod field;
pub(crate) mod filter;
pub(crate) mod generator;
pub(crate) mod index;
pub(crate) mod iterate;
pub(crate) mod kernel;
pub(crate) mod keys;
pub(crate) mod method;
pub(crate) mod operators;
pub(crate) mod overload;
pub(crate) mod paths;
mod place;
pub(crate) mod prefix;
pub(crate) mod scan;
pub(crate) mod sequence;
pub(crate) mod single;
mod steps;
pub(crate) mod structure;
pub(crate) mod tagged;
pub(crate) mod task;
mod vacate;
pub(crate) mod walk;

use super::dispatch::Handler;

macro_rules! handler_table {
    ($($name:ident $family:ident ($a:ident, $b:ident, $c:ident) $extra:ident $doc:literal;)*) => {
        /// The handler of each opcode, in table order.
        pub(crate) static HANDLERS: &[Handler] = &[$($family::$name),*];
    };
}
crate::for_each_opcode!(handler_table);
