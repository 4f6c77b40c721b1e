//! Assertions, and raising errors.

use super::Args;
use crate::runtime::dict::Key;
use crate::runtime::error::{Fact, RuntimeError};
use crate::runtime::host::Host;
use crate::runtime::value::{Value, View};
use crate::runtime::{difference, display, operators};

type Outcome = Result<Value, RuntimeError>;

pub(super) fn assert(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    match args.len() {
        0 => return Err(RuntimeError::message("assert requires at least 1 argument: condition")),
        1 | 2 => {}
        _ => {
            let text = "assert() expects at most 2 arguments: condition, [message]";
            return Err(RuntimeError::message(text));
        }
    }
    if operators::truthy(args.get(0)) {
        return Ok(Value::TRUE);
    }
    Err(RuntimeError::message(args.text(1).unwrap_or("Assertion failed")))
}

fn unmet(message: String, help: Vec<String>) -> RuntimeError {
    if help.is_empty() {
        return RuntimeError::message(message);
    }
    RuntimeError::fact(Fact::Unmet { message: message.into(), help })
}

pub(super) fn assert_equal(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (actual, expected) = (args.get(0), args.get(1));
    if operators::equals(actual, expected)? {
        return Ok(Value::TRUE);
    }
    let help = difference::of(actual, expected)?;
    let (actual, expected) = (display::assertion(actual)?, display::assertion(expected)?);
    Err(unmet(format!("Assertion failed: expected {expected}, got {actual}"), help))
}

fn assert_bool(args: &Args<'_>, expected: bool) -> Outcome {
    match args.get(0).as_bool() {
        Some(b) if b == expected => Ok(Value::TRUE),
        Some(b) => Err(RuntimeError::message(format!("Assertion failed: expected {expected}, got {b}"))),
        None => Err(RuntimeError::message(format!("{} requires a boolean argument", args.name()))),
    }
}

pub(super) fn assert_true(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    assert_bool(args, true)
}

pub(super) fn assert_false(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    assert_bool(args, false)
}

pub(super) fn assert_contains(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (collection, item) = (args.get(0), args.get(1));
    let found = match collection.view() {
        View::Array(elements) => operators::any_equal(elements.iter(), item)?,
        View::Str(text) => item.as_str().is_some_and(|item| text.as_str().contains(item)),
        View::Dict(dict) => Key::of(item).is_some_and(|key| dict.get(&key).is_some()),
        _ => {
            let text = "assert_contains requires an array, string, or dict as first argument";
            return Err(RuntimeError::message(text));
        }
    };
    if found {
        return Ok(Value::TRUE);
    }
    let help = difference::contents(collection);
    let (collection, item) = (display::assertion(collection)?, display::assertion(item)?);
    Err(unmet(format!("Assertion failed: {collection} does not contain {item}"), help))
}

pub(super) fn error(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let message = args.get(0);
    if message.as_str().is_some() {
        return Err(RuntimeError::thrown(message));
    }
    Err(RuntimeError::message(display::assertion(message)?))
}
