//! Floor 0: what knows nothing of the language.
pub mod builtin;
pub mod diagnostic;
pub mod effort;
pub mod epoch_set;
pub mod hint;
pub mod intern;
pub mod limits;
pub mod lists;
pub mod operator;
pub mod render;
pub mod shared_set;
pub mod source;
pub mod streams;
