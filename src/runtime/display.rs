//! stub
use super::error::RuntimeError;
use super::value::Value;
/// The text.
pub fn text(_value: &Value) -> Result<String, RuntimeError> {
    Ok(String::new())
}
