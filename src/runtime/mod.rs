//! Floor 7: values, the heap, what operators do with them, and the builtins.
//!
//! | | |
//! |---|---|
//! | [`word`], [`value`] | the NaN box, bare and owning |
//! | [`heap`], [`release`], [`cycles`] | allocation, counting, reclaiming cycles |
//! | [`memory`], `available` | how much may be taken |
//! | [`array`], [`string`], [`bytes`], [`dict`] (with [`key`] and [`table`]), [`shape`], [`structure`], [`cell`], [`function`], [`iterate`], [`collection`] (with [`elements`]), [`tagged`], [`generator`], [`promise`], [`channel`] | one object layout each, with a safe interface |
//! | [`operators`], [`hash`], [`path`], [`display`], [`error`], `difference`, `reflexive` | what scripts see of them |
//! | [`budget`], [`gather`] | work and memory that is limited |
//! | [`kept`] | values that live as long as a machine |
//! | [`trace`] | where errors were raised, and who was active |
//! | [`scheduler`], [`tasks`] | who runs next, and the builtins about tasks |
//! | [`host`], [`builtins`] | the world outside, and the builtin table |
//!
//! Unsafe code lives in `value`, the heap files and the object layouts; everything else is written against their safe interfaces.

pub mod array;
mod available;
mod blocks;
pub mod budget;
pub mod builtins;
pub mod bytes;
pub mod capability;
pub mod cell;
pub mod channel;
pub mod collection;
pub mod command;
pub mod cycles;
pub mod dict;
mod difference;
pub mod display;
pub mod door;
pub mod elements;
pub mod error;
pub mod function;
pub mod gather;
pub mod generator;
pub mod hash;
pub mod heap;
pub mod host;
pub mod interrupt;
pub mod iterate;
pub mod jobs;
pub mod kept;
pub mod key;
pub mod memory;
pub mod methods;
pub mod operators;
pub mod path;
pub mod pool;
pub mod promise;
mod reflexive;
pub mod release;
pub mod replace;
pub mod scheduler;
pub mod shape;
pub mod string;
pub mod structure;
pub mod table;
pub mod tagged;
pub mod tasks;
pub mod trace;
pub mod value;
pub mod word;
