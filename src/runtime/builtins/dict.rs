//! Dicts. Reading what is no dict gives nothing instead of an error.

use super::Args;
use crate::runtime::dict::{self, DictRef, Key, Lookup, key_text, key_value};
use crate::runtime::display;
use crate::runtime::error::RuntimeError;
use crate::runtime::gather;
use crate::runtime::host::Host;
use crate::runtime::value::{Value, View};

type Outcome = Result<Value, RuntimeError>;

/// An array made of the sorted entries of the first argument.
fn entries(args: &Args<'_>, make: fn(&Value, &Value) -> Value) -> Outcome {
    let entries = args.get(0).as_dict().map(DictRef::sorted_entries).unwrap_or_default();
    gather::array(entries.into_iter().map(|(key, value)| make(key, value)))
}

pub(super) fn keys(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    entries(args, |key, _| key_value(key))
}

pub(super) fn values(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    entries(args, |_, value| value.clone())
}

pub(super) fn items(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    entries(args, |key, value| Value::array(vec![key_value(key), value.clone()]))
}

fn find<'a>(args: &'a Args<'_>) -> Option<&'a Value> {
    match dict::lookup(args.get(0), args.get(1)) {
        Lookup::Found(value) => return Some(value),
        Lookup::Missing => return None,
        Lookup::Other => {}
    }
    args.get(0).as_dict()?.get(&Key::of(args.get(1))?)
}

pub(super) fn has_key(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    Ok(Value::int(find(args).is_some() as i64))
}

pub(super) fn get(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    if args.get(0).as_dict().is_none() {
        return Ok(Value::NULL);
    }
    Ok(find(args).unwrap_or_else(|| args.get(2)).clone())
}

pub(super) fn get_default(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    if args.get(0).as_dict().is_none() {
        let text = "get_default() requires 3 arguments: dict, key, default_value";
        return Err(RuntimeError::message(text));
    }
    Ok(find(args).unwrap_or_else(|| args.get(2)).clone())
}

/// `merge` and `update`: the same.
pub(super) fn merge(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    if args.get(0).as_dict().is_none() || args.get(1).as_dict().is_none() {
        return Ok(dict::new());
    }
    let (mut merged, other) = (args.take(0), args.take(1));
    if let (Some(mut merged), Some(other)) = (merged.as_dict_mut(), other.as_dict()) {
        merged.extend(other);
    }
    Ok(merged)
}

pub(super) fn invert(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(source) = args.get(0).as_dict() else {
        return Err(RuntimeError::message("invert() requires a dict argument"));
    };
    let mut out = dict::new();
    if let Some(mut inverted) = out.as_dict_mut() {
        for (key, value) in source.sorted_entries() {
            if let View::Str(_) | View::Int(_) | View::Float(_) | View::Bool(_) = value.view() {
                let text = display::text(value)?;
                inverted.insert(Key::text(&text), Value::string(&key_text(key)));
            }
        }
    }
    Ok(out)
}
