//! Floor 1: from source text to the tree.

pub mod ast;
