//! Floor 10: the pipeline, and the API for programs that embed the language.

mod modules;
pub mod pipeline;
pub mod stats;
pub mod testing;
