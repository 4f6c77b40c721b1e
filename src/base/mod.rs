//! Floor 0: what knows nothing of the language.
pub mod builtin;
pub mod intern;
pub mod operator;
pub mod source;
