//! TOML, by the crate `toml`.

use super::Args;
use super::serial::{Format, Reader, Work, Writer, room_to_read};
use crate::runtime::error::RuntimeError;
use crate::runtime::host::Host;
use crate::runtime::value::Value;
use ::toml::Deserializer;
use ::toml::de::Error;
use serde::de::DeserializeSeed;

type Outcome = Result<Value, RuntimeError>;

pub(super) fn parse_toml(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(text) = args.text(0) else {
        return Err(RuntimeError::message("parse_toml requires a string argument"));
    };
    room_to_read(text.len())?;
    let work = Work::new(Format::Toml);
    let read = Deserializer::parse(text).and_then(|source| Reader(&work).deserialize(source));
    work.finish(read.map_err(|error| said(&error, text)), "parse")
}

/// The error on one line; the crate's own text shows the source, which may be long.
fn said(error: &Error, text: &str) -> String {
    let what = error.message();
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return what.to_owned() };
    let line = memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1;
    let column = before[before.rfind('\n').map_or(0, |end| end + 1)..].chars().count() + 1;
    format!("{what} at line {line} column {column}")
}

pub(super) fn to_toml(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let work = Work::new(Format::Toml);
    let text = work.finish(::toml::to_string(&Writer::new(&work, args.get(0))), "serialization")?;
    super::text::result(&text)
}
