//! Strings, by code point.

use super::Args;
use crate::runtime::budget::Growth;
use crate::runtime::dict::Key;
use crate::runtime::display::{self, Form};
use crate::runtime::error::RuntimeError;
use crate::runtime::gather::{self, Items, Text};
use crate::runtime::heap;
use crate::runtime::host::Host;
use crate::runtime::operators;
use crate::runtime::string::{self, StringRef};
use crate::runtime::value::{Value, View};

type Outcome = Result<Value, RuntimeError>;

fn fail(text: &str) -> RuntimeError {
    RuntimeError::message(text)
}

/// The single argument, which must be a string.
pub(super) fn only<'a>(args: &'a Args<'_>) -> Result<StringRef<'a>, RuntimeError> {
    let missing = || RuntimeError::message(format!("{}() requires a string argument", args.name()));
    args.get(0).as_string().ok_or_else(missing)
}

/// A result, unless it is longer than a string may be.
pub(super) fn result(text: &str) -> Outcome {
    if text.len() > operators::LONG {
        fits(text.len())?;
    }
    Ok(Value::string(text))
}

/// Refuses a text of so many bytes if it is too long, for a string, for the memory, or for the fuel.
pub(super) fn fits(bytes: usize) -> Result<(), RuntimeError> {
    if bytes > string::MAX_LEN { Err(RuntimeError::out_of_memory()) } else { heap::admit(bytes) }
}

/// Refuses what takes `times` the length of a text, if it is long and there is no memory for that.
pub(super) fn room(text: &str, times: usize) -> Result<(), RuntimeError> {
    if text.len() > operators::LONG { heap::check_room(text.len().saturating_mul(times)) } else { Ok(()) }
}

/// A text of `len` bytes that is put together from `first`, `count` times `unit`, and `last`.
fn assembled(len: usize, first: &str, unit: &str, count: usize, last: &str) -> Outcome {
    const BLOCK: usize = 4096;
    if len <= operators::LONG {
        return Ok(Value::string(&[first, &unit.repeat(count), last].concat()));
    }
    fits(len)?;
    let mut out = string::with_capacity(len);
    string::append(&mut out, first);
    let together = (BLOCK / unit.len().max(1)).max(1);
    let block = if count >= together { unit.repeat(together) } else { String::new() };
    for _ in 0..count / together {
        string::append(&mut out, &block);
    }
    for _ in 0..count % together {
        string::append(&mut out, unit);
    }
    string::append(&mut out, last);
    Ok(out)
}

/// An ASCII text with its letters turned.
fn turned(text: StringRef<'_>, capitals: bool) -> Outcome {
    if text.as_str().len() > operators::LONG {
        fits(text.as_str().len())?;
    }
    Ok(string::turned(text, capitals))
}

pub(super) fn upper(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let text = only(args)?;
    if text.is_ascii() {
        return turned(text, true);
    }
    room(text.as_str(), 2)?;
    result(&text.as_str().to_uppercase())
}

pub(super) fn lower(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let text = only(args)?;
    if text.is_ascii() {
        return turned(text, false);
    }
    room(text.as_str(), 2)?;
    result(&text.as_str().to_lowercase())
}

pub(super) fn capitalize(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let text = only(args)?.as_str();
    room(text, 2)?;
    let (mut chars, mut out) = (text.chars(), Text::default());
    if let Some(first) = chars.next() {
        out.extend(first.to_uppercase());
        out.push_str(&chars.as_str().to_lowercase());
    }
    out.finish()
}

/// The single argument without what stands at its ends, or itself.
fn kept(args: &Args<'_>, trim: fn(&str) -> &str) -> Outcome {
    let text = only(args)?;
    let trimmed = trim(text.as_str());
    if trimmed.len() == text.as_str().len() { Ok(args.get(0).clone()) } else { result(trimmed) }
}

pub(super) fn trim(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    kept(args, str::trim)
}

pub(super) fn trim_start(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    kept(args, str::trim_start)
}

pub(super) fn trim_end(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    kept(args, str::trim_end)
}

pub(super) fn reverse(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let text = only(args)?.as_str();
    let mut out = Text::with_capacity(text.len());
    out.extend(text.chars().rev());
    out.finish()
}

pub(super) fn is_empty(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    Ok(Value::bool(only(args)?.as_str().is_empty()))
}

pub(super) fn count_chars(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    Ok(Value::int(only(args)?.char_count() as i64))
}

pub(super) fn lines(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    gather::try_array(only(args)?.as_str().lines().map(result))
}

pub(super) fn words(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    gather::try_array(only(args)?.as_str().split_whitespace().map(result))
}

pub(super) fn contains(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let item = args.get(1);
    match (args.get(0).view(), item.as_str()) {
        (View::Str(text), Some(part)) => Ok(Value::int(text.as_str().contains(part) as i64)),
        (View::Str(_), None) => Err(fail("contains() requires two arguments: string/array and substring/item")),
        (View::Array(elements), _) => {
            Ok(Value::bool(elements.iter().any(|element| operators::scalar_equals(element, item))))
        }
        (View::Dict(dict), _) => Ok(Value::bool(Key::of(item).is_some_and(|key| dict.get(&key).is_some()))),
        _ => Err(fail("contains() first argument must be a string, array, or dictionary")),
    }
}

pub(super) fn starts_with(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    match (args.text(0), args.text(1)) {
        (Some(text), Some(prefix)) => Ok(Value::bool(text.starts_with(prefix))),
        _ => Err(fail("starts_with() requires string and prefix string arguments")),
    }
}

pub(super) fn ends_with(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    match (args.text(0), args.text(1)) {
        (Some(text), Some(suffix)) => Ok(Value::bool(text.ends_with(suffix))),
        _ => Err(fail("ends_with() requires string and suffix string arguments")),
    }
}

pub(super) fn index_of(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let item = args.get(1);
    let at = match (args.get(0).view(), item.as_str()) {
        (View::Str(text), Some(part)) => {
            let text = text.as_str();
            text.find(part).map(|byte| text[..byte].chars().count())
        }
        (View::Array(elements), _) => elements.iter().position(|element| operators::scalar_equals(element, item)),
        _ => return Err(fail("index_of() first argument must be a string or array")),
    };
    Ok(Value::int(at.map_or(-1, |at| at as i64)))
}

/// Where the characters `[start, end)` begin and end, in bytes; both are clamped.
fn characters(text: StringRef<'_>, start: usize, end: usize) -> (usize, usize) {
    (text.byte_of(start), text.byte_of(end))
}

pub(super) fn substring(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(text) = args.get(0).as_string() else {
        return Err(fail("substring() requires a string argument for value"));
    };
    let (Some(start), Some(end)) = (args.count(1), args.count(2)) else {
        return Err(fail("substring() start and end must be a number"));
    };
    let (start, end) = (start.max(0) as usize, end.max(0) as usize);
    if start >= end {
        return Ok(Value::string(""));
    }
    let (from, to) = characters(text, start, end);
    if to - from > operators::LONG {
        fits(to - from)?;
    }
    Ok(string::part(text, from, to))
}

pub(super) fn char_at(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(text) = args.get(0).as_string() else {
        return Err(fail("char_at() requires a string argument for value"));
    };
    let Some(index) = args.count(1) else {
        return Err(fail("char_at() index must be a number"));
    };
    Ok(text.char_at(index.max(0) as usize).unwrap_or_else(|| Value::string("")))
}

pub(super) fn replace(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (Some(text), Some(from), Some(to)) = (args.text(0), args.text(1), args.text(2)) else {
        return Err(fail("replace() requires string, from-string, and to-string arguments"));
    };
    if from.is_empty() {
        let found = text.chars().count() + 1;
        fits(text.len().saturating_add(found.saturating_mul(to.len())))?;
        return result(&text.replace(from, to));
    }
    if places(text, from).next().is_none() {
        return Ok(args.take(0));
    }
    let found = places(text, from).count();
    let len = (text.len() - found * from.len()).saturating_add(found.saturating_mul(to.len()));
    if len > operators::LONG {
        fits(len)?;
    }
    if len <= 1 {
        return result(&text.replace(from, to));
    }
    let (mut out, mut done) = (string::with_capacity(len), 0);
    for at in places(text, from) {
        string::append(&mut out, &text[done..at]);
        string::append(&mut out, to);
        done = at + from.len();
    }
    string::append(&mut out, &text[done..]);
    Ok(out)
}

/// Where `part`, which is not empty, is found in a text, from left to right, without overlaps.
fn places<'a>(text: &'a str, part: &'a str) -> impl Iterator<Item = usize> {
    let mut done = 0;
    // PERF: for a single byte the general search spends more on its tables than on a short text.
    let general = (part.len() > 1).then(|| memchr::memmem::Finder::new(part));
    std::iter::from_fn(move || {
        let rest = &text.as_bytes()[done..];
        let at = match &general {
            Some(finder) => finder.find(rest)?,
            None => string::find_byte(rest, part.as_bytes()[0])?,
        };
        let found = done + at;
        done = found + part.len();
        Some(found)
    })
}

pub(super) fn split(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (Some(whole), Some(delimiter)) = (args.get(0).as_string(), args.text(1)) else {
        return Err(fail("split() requires string and delimiter string arguments"));
    };
    let text = whole.as_str();
    if delimiter.is_empty() {
        heap::admit(text.len().saturating_mul(size_of::<Value>()))?;
        return gather::array(text.split(delimiter).map(Value::string));
    }
    // The most that the parts may take: a place and an object for each byte.
    const PART: usize = size_of::<Value>() + 48;
    if let [byte] = *delimiter.as_bytes()
        && heap::has_spare(text.len().saturating_mul(PART))
    {
        return Ok(string::split_at_byte(whole, byte));
    }
    let mut parts = Items::with_capacity(places(text, delimiter).count() + 1)?;
    let mut done = 0;
    for at in places(text, delimiter) {
        room(&text[done..at], 1)?;
        parts.push(string::part(whole, done, at))?;
        done = at + delimiter.len();
    }
    room(&text[done..], 1)?;
    parts.push(string::part(whole, done, text.len()))?;
    Ok(parts.finish())
}

pub(super) fn join(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (Some(elements), Some(separator)) = (args.get(0).as_array(), args.get(1).as_string()) else {
        return Err(fail("join() requires array and separator string arguments"));
    };
    if let Some(len) = string::joined_len(elements, separator.as_str()) {
        if len > operators::LONG {
            fits(len)?;
        }
        return Ok(string::join(elements, separator, len));
    }
    host.compose(|out| {
        let mut growth = Growth::default();
        for (at, element) in elements.iter().enumerate() {
            if at > 0 {
                out.push_str(separator.as_str());
            }
            let form = match element.view() {
                View::Str(_) | View::Int(_) | View::Float(_) | View::Bool(_) => Form::Print,
                _ => Form::Assertion,
            };
            display::write(out, element, form)?;
            growth.reaches(out.len())?;
        }
        if out.len() > operators::LONG { fits(out.len()) } else { Ok(()) }
    })
}

pub(super) fn repeat(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(text) = args.text(0) else {
        return Err(fail("repeat() requires a string argument for value"));
    };
    let Some(count) = args.count(1) else {
        return Err(fail("repeat() count must be a number"));
    };
    let count = if text.is_empty() { 0 } else { count.max(0) as usize };
    let len = text.len().saturating_mul(count);
    if len <= operators::LONG {
        fits(len)?;
    }
    assembled(len, "", text, count, "")
}

/// The text with the filling before or after it that brings it to its width.
fn padded(args: &Args<'_>, before: bool) -> Outcome {
    let (Some(text), Some(width), Some(fill)) = (args.get(0).as_string(), args.count(1), args.text(2)) else {
        let text = format!("{}() requires 3 arguments: string, width, char", args.name());
        return Err(RuntimeError::message(text));
    };
    let fill = fill.chars().next().unwrap_or(' ');
    let missing = (width.max(0) as usize).saturating_sub(text.char_count());
    let len = text.as_str().len().saturating_add(missing.saturating_mul(fill.len_utf8()));
    let (first, last) = if before { ("", text.as_str()) } else { (text.as_str(), "") };
    assembled(len, first, fill.encode_utf8(&mut [0; 4]), missing, last)
}

pub(super) fn pad_left(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    padded(args, true)
}

pub(super) fn pad_right(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    padded(args, false)
}

pub(super) fn truncate(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (Some(text), Some(length), Some(suffix)) = (args.get(0).as_string(), args.count(1), args.get(2).as_string())
    else {
        return Err(fail("truncate() requires 3 arguments: string, length, suffix"));
    };
    let length = length.max(0) as usize;
    if text.char_count() <= length {
        return Ok(args.get(0).clone());
    }
    let kept = length.saturating_sub(suffix.char_count());
    let (from, to) = characters(text, 0, kept);
    let (first, last) = (&text.as_str()[from..to], suffix.as_str());
    assembled(first.len() + last.len(), first, "", 0, last)
}
