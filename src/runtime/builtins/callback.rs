//! Rows of the builtins that call back into the program. Their code is in the prelude, written in Ruff, and the machine calls it
//! instead; the rows are there for names, arity errors, documentation, and as the function values.

use super::Args;
use crate::runtime::error::RuntimeError;
use crate::runtime::host::Host;
use crate::runtime::value::Value;

/// Outside a machine there is nothing to call back into.
pub(super) fn in_prelude(_: &mut Host, args: &mut Args<'_>) -> Result<Value, RuntimeError> {
    Err(RuntimeError::message(format!("{} can only be called by a running script", args.name())))
}
