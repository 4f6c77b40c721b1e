//! Floor 10: the pipeline, and the API for programs that embed the language.

pub mod pipeline;
pub mod stats;
