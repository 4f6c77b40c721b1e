//! Floor 1: what operators and conversions mean on scalars, as pure functions. Constant folding, the machine and the reference
//! interpreter all ask here, so they cannot disagree.

pub mod compare;
pub mod convert;
pub mod format;
pub mod number;
pub mod scalar;
