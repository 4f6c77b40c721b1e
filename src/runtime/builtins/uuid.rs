//! Random UUIDs (RFC 9562, version 4), from the system's own random numbers: a seed of the program's does not make them repeatable.

use super::Args;
use crate::runtime::error::RuntimeError;
use crate::runtime::host::Host;
use crate::runtime::value::Value;

pub(super) fn uuid_v4(_: &mut Host, _: &mut Args<'_>) -> Result<Value, RuntimeError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| RuntimeError::message(format!("Cannot make a random UUID: {error}")))?;
    // The version, and the variant.
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    Ok(Value::string(&parts.join("-")))
}
