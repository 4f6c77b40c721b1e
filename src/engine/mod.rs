//! Floor 10: the pipeline, and the API for programs that embed the language.

pub mod checking;
pub mod execution;
mod front;
pub mod hints;
pub mod measure;
mod modules;
mod names;
mod outcome;
pub mod pipeline;
pub mod profile;
pub mod stats;
pub mod testing;
pub mod tree;
