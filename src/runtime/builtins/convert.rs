//! Conversions, and questions about types.

use super::Args;
use crate::runtime::error::RuntimeError;
use crate::runtime::host::Host;
use crate::runtime::value::{Value, View};
use crate::runtime::{bytes as byte_values, dict as dicts, display, heap, operators, string};
use crate::semantics::convert;

type Outcome = Result<Value, RuntimeError>;

pub(super) fn to_string(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    if args.text(0).is_some() {
        return Ok(args.take(0));
    }
    match args.get(0).as_int() {
        Some(int) => Ok(string::from_int(int)),
        None => host.compose(|out| display::write(out, args.get(0), display::Form::Print)),
    }
}

pub(super) fn parse_int(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(text) = args.text(0) else {
        return Err(RuntimeError::message("parse_int requires a string argument"));
    };
    let int = convert::parse_int(text);
    int.map(Value::int).ok_or_else(|| RuntimeError::message(format!("Cannot parse '{text}' as integer")))
}

pub(super) fn parse_float(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(text) = args.text(0) else {
        return Err(RuntimeError::message("parse_float requires a string argument"));
    };
    let float = convert::parse_float(text);
    float.map(Value::float).ok_or_else(|| RuntimeError::message(format!("Cannot parse '{text}' as float")))
}

fn not_convertible(value: &Value, to: &str) -> RuntimeError {
    RuntimeError::message(match value.as_str() {
        Some(text) => format!("Cannot convert '{text}' to {to}"),
        None => format!("Cannot convert {} to {to}", operators::type_name(value)),
    })
}

pub(super) fn to_int(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let int = match args.get(0).view() {
        View::Int(i) => Some(i),
        View::Float(f) => Some(convert::float_to_int(f)),
        View::Bool(b) => Some(b as i64),
        View::Str(text) => convert::parse_int(text.as_str()),
        _ => None,
    };
    int.map(Value::int).ok_or_else(|| not_convertible(args.get(0), "int"))
}

pub(super) fn to_float(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let float = match args.get(0).view() {
        View::Int(i) => Some(i as f64),
        View::Float(f) => Some(f),
        View::Bool(b) => Some(b as i64 as f64),
        View::Str(text) => convert::parse_float(text.as_str()),
        _ => None,
    };
    float.map(Value::float).ok_or_else(|| not_convertible(args.get(0), "float"))
}

pub(super) fn to_bool(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let value = args.get(0);
    Ok(Value::bool(value.as_str().map_or_else(|| operators::truthy(value), convert::string_to_bool)))
}

pub(super) fn bytes(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(elements) = args.get(0).as_array() else {
        return Err(RuntimeError::message("bytes() requires an array argument"));
    };
    let byte = |element: &Value| match element.as_int() {
        None => Err(RuntimeError::message("bytes() requires an array of integers")),
        Some(i) => u8::try_from(i)
            .map_err(|_| RuntimeError::message(format!("bytes() requires integers in range 0-255, got {i}"))),
    };
    heap::check_room(elements.len() * 2)?;
    let bytes = elements.iter().map(byte).collect::<Result<Vec<u8>, _>>()?;
    Ok(byte_values::new(&bytes))
}

pub(super) fn array(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    Ok(Value::array((0..args.len()).map(|at| args.take(at)).collect()))
}

pub(super) fn dict(_: &mut Host, _: &mut Args<'_>) -> Outcome {
    Ok(dicts::new())
}

pub(super) fn type_of(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    Ok(Value::string(operators::type_name(args.get(0))))
}

/// `is_int`, `is_string` and the like: the type is in the name.
pub(super) fn is_type(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let asked = args.name().trim_start_matches("is_");
    Ok(Value::bool(args.len() == 1 && operators::type_name(args.get(0)) == asked))
}

pub(super) fn is_null(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    Ok(Value::bool(args.len() == 1 && args.get(0).is_null()))
}

pub(super) fn is_truthy(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    Ok(Value::bool(operators::truthy(args.get(0))))
}

pub(super) fn len(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let len = match args.get(0).view() {
        View::Str(text) => text.char_count(),
        View::Array(elements) => elements.len(),
        View::Dict(dict) => dict.len(),
        View::Bytes(bytes) => bytes.as_slice().len(),
        View::Collection(collection) => collection.len(),
        _ => {
            let text = "len() requires an array, dict, bytes, set, queue, stack, or string";
            return Err(RuntimeError::message(text));
        }
    };
    Ok(Value::int(len as i64))
}
