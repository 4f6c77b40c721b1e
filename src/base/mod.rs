//! Floor 0: what knows nothing of the language.
pub mod intern;
pub mod source;
