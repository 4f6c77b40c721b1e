//! Arrays. What gives back a changed array changes it in place if the caller needs the old one no more.

use super::Args;
use crate::runtime::array as arrays;
use crate::runtime::dict::Key;
use crate::runtime::error::RuntimeError;
use crate::runtime::gather;
use crate::runtime::heap;
use crate::runtime::host::Host;
use crate::runtime::value::Value;
use crate::runtime::{bytes, dict, operators};

type Outcome = Result<Value, RuntimeError>;

fn fail(text: impl Into<Box<str>>) -> RuntimeError {
    RuntimeError::message(text)
}

/// Changes the array that is argument `at`, which is known to be one, and returns it.
fn changed(args: &mut Args<'_>, at: usize, change: impl FnOnce(arrays::ArrayMut<'_>)) -> Value {
    let mut array = args.take(at);
    if let Some(elements) = array.as_array_mut() {
        change(elements);
    }
    array
}

/// Bytes for a pair and the place of it.
const PAIR: usize = 48 + size_of::<Value>();

fn pair(first: Value, second: Value) -> Value {
    Value::array(vec![first, second])
}

pub(super) fn push(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    if args.get(0).as_array().is_none() {
        return Err(fail(format!("{}() requires an array as the first argument", args.name())));
    }
    if !heap::may_allocate(args.get(0).as_array().map_or(0, |array| size_of_val(array) * 2)) {
        return Err(RuntimeError::out_of_memory());
    }
    let element = args.take(1);
    Ok(changed(args, 0, |mut array| array.push(element)))
}

pub(super) fn pop(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(elements) = args.get(0).as_array() else {
        return Err(fail("pop() requires an array argument"));
    };
    if elements.is_empty() {
        return Ok(pair(Value::array(vec![]), Value::int(0)));
    }
    let mut last = Value::NULL;
    let rest = changed(args, 0, |mut array| last = array.pop().unwrap_or(Value::NULL));
    Ok(pair(rest, last))
}

pub(super) fn insert(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(elements) = args.get(0).as_array() else {
        return Err(fail("insert() requires 3 arguments: array, index, and item"));
    };
    let Some(index) = args.count(1) else {
        return Err(fail("insert() index must be a number"));
    };
    // A negative index is out of bounds as the large number its bits are.
    let (at, len) = (index as u64 as usize, elements.len());
    if at > len {
        return Err(fail(format!("insert() index {at} out of bounds for array of length {len}")));
    }
    let element = args.take(2);
    Ok(changed(args, 0, |mut array| array.insert(at, element)))
}

pub(super) fn remove(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let wrong = || fail("remove() requires an array or dictionary-like value with a valid key/item");
    if let Some(elements) = args.get(0).as_array() {
        let item = args.get(1);
        return Ok(match elements.iter().position(|element| operators::scalar_equals(element, item)) {
            Some(at) => changed(args, 0, |mut array| drop(array.remove(at))),
            None => args.take(0),
        });
    }
    let Some(dict) = args.get(0).as_dict() else {
        return Err(wrong());
    };
    if dict.get(&Key::of(args.get(1)).ok_or_else(wrong)?).is_none() {
        return Ok(pair(args.take(0), Value::int(0)));
    }
    let (mut rest, key) = (args.take(0), args.take(1));
    let removed = match (rest.as_dict_mut(), Key::of(&key)) {
        (Some(mut dict), Some(key)) => dict.remove(&key),
        _ => None,
    };
    Ok(pair(rest, removed.unwrap_or(Value::NULL)))
}

pub(super) fn remove_at(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(elements) = args.get(0).as_array() else {
        return Err(fail("remove_at() requires 2 arguments: array and index"));
    };
    let Some(index) = args.count(1) else {
        return Err(fail("remove_at() index must be a number"));
    };
    let (at, len) = (index as u64 as usize, elements.len());
    if at >= len {
        return Err(fail(format!("remove_at() index {at} out of bounds for array of length {len}")));
    }
    let mut removed = Value::NULL;
    let rest = changed(args, 0, |mut array| removed = array.remove(at));
    Ok(pair(rest, removed))
}

pub(super) fn clear(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    match (args.get(0).as_array(), args.get(0).as_dict()) {
        (Some(_), _) => Ok(Value::array(vec![])),
        (_, Some(_)) => Ok(dict::new()),
        _ => Err(fail("clear() requires an array or dict argument")),
    }
}

/// The place that an index of `slice` names: from the end if negative, clamped.
fn clamped(index: i64, len: usize) -> usize {
    let at = if index < 0 { index.saturating_add(len as i64) } else { index };
    at.clamp(0, len as i64) as usize
}

pub(super) fn slice(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let value = args.get(0);
    let len = match (value.as_array(), value.as_bytes()) {
        (Some(elements), _) => elements.len(),
        (_, Some(bytes)) => bytes.len(),
        _ => return Err(fail("slice() requires array or bytes and numeric start/end arguments")),
    };
    let start = clamped(args.count(1).ok_or_else(|| fail("slice() start must be a number"))?, len);
    let end = clamped(args.count(2).ok_or_else(|| fail("slice() end must be a number"))?, len).max(start);
    if let Some(all) = value.as_bytes() {
        return Ok(bytes::new(&all[start..end]));
    }
    Ok(part(args, start, end))
}

/// The elements `[start, end)` of the first argument.
fn part(args: &mut Args<'_>, start: usize, end: usize) -> Value {
    if args.owned() & 1 == 0 {
        let elements = args.get(0).as_array().unwrap_or(&[]);
        return arrays::from_slice(&elements[start.min(elements.len())..end.min(elements.len())]);
    }
    let mut array = args.take(0);
    if array.is_unique() {
        if let Some(mut elements) = array.as_array_mut() {
            elements.keep_range(start, end);
        }
        return array;
    }
    let elements = array.as_array().unwrap_or(&[]);
    arrays::from_slice(&elements[start.min(elements.len())..end.min(elements.len())])
}

pub(super) fn concat(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (Some(_), Some(right)) = (args.get(0).as_array(), args.get(1).as_array()) else {
        return Err(fail("concat() requires two array arguments"));
    };
    heap::admit(size_of_val(right))?;
    if args.owned() & 1 == 0 || !args.get(0).is_unique() {
        return Ok(arrays::chained(args.get(0).as_array().unwrap_or(&[]), right));
    }
    let right = args.take(1);
    Ok(changed(args, 0, |mut array| {
        array.extend(right.as_array().unwrap_or(&[]));
    }))
}

pub(super) fn zip(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (Some(left), Some(right)) = (args.get(0).as_array(), args.get(1).as_array()) else {
        return Err(fail("zip() requires 2 array arguments"));
    };
    heap::admit(left.len().min(right.len()).saturating_mul(PAIR))?;
    gather::array(left.iter().zip(right).map(|(a, b)| pair(a.clone(), b.clone())))
}

pub(super) fn flatten(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(elements) = args.get(0).as_array() else {
        return Err(fail("flatten() requires an array argument"));
    };
    let total: usize = elements.iter().map(|element| element.as_array().map_or(1, <[Value]>::len)).sum();
    heap::admit(total.saturating_mul(size_of::<Value>()))?;
    let mut flat = arrays::with_capacity(total);
    if let Some(mut flat) = flat.as_array_mut() {
        for element in elements {
            match element.as_array() {
                Some(inner) => flat.extend(inner),
                None => flat.push(element.clone()),
            }
        }
    }
    Ok(flat)
}

pub(super) fn enumerate(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(elements) = args.get(0).as_array() else {
        return Err(fail("enumerate() requires an array argument"));
    };
    heap::admit(elements.len().saturating_mul(PAIR))?;
    let pairs = elements.iter().enumerate().map(|(at, element)| pair(Value::int(at as i64), element.clone()));
    gather::array(pairs)
}

/// The array and the number of `chunk`, `windows`, `take` and `skip`.
fn counted<'a>(args: &'a Args<'_>, what: &str) -> Result<(&'a [Value], i64), RuntimeError> {
    let name = args.name();
    let Some(elements) = args.get(0).as_array() else {
        return Err(fail(format!("{name}() requires 2 arguments: array and {what}")));
    };
    let count = args.count(1).ok_or_else(|| fail(format!("{name}() {what} must be a number")))?;
    Ok((elements, count))
}

pub(super) fn chunk(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (elements, size) = counted(args, "size")?;
    if size <= 0 {
        return Ok(Value::array(vec![args.take(0)]));
    }
    heap::admit(size_of_val(elements))?;
    gather::array(elements.chunks(size as usize).map(arrays::from_slice))
}

pub(super) fn windows(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (elements, size) = counted(args, "size")?;
    if size < 1 || size as usize > elements.len() {
        return Ok(Value::array(vec![]));
    }
    let size = size as usize;
    let total = (elements.len() - size + 1).saturating_mul(size);
    heap::admit(total.saturating_mul(size_of::<Value>()))?;
    gather::array(elements.windows(size).map(arrays::from_slice))
}

pub(super) fn take(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (elements, count) = counted(args, "count")?;
    let end = (count.max(0) as usize).min(elements.len());
    Ok(part(args, 0, end))
}

pub(super) fn skip(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (elements, count) = counted(args, "count")?;
    let (start, end) = ((count.max(0) as usize).min(elements.len()), elements.len());
    Ok(part(args, start, end))
}
