//! JSON (RFC 8259). Reading recurses, up to a limit on nesting; writing keeps its place on a stack of its own, because data may
//! be nested to any depth.

use super::Args;
use crate::runtime::budget::Growth;
use crate::runtime::dict::{self, Key, key_text};
use crate::runtime::display;
use crate::runtime::error::RuntimeError;
use crate::runtime::gather::{Items, Text};
use crate::runtime::heap;
use crate::runtime::host::Host;
use crate::runtime::value::{Value, View};
use std::fmt::Write;

type Outcome = Result<Value, RuntimeError>;

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 64;

pub(super) fn parse_json(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(text) = args.text(0) else {
        return Err(RuntimeError::message("parse_json requires a string argument"));
    };
    parse(text)
}

/// The value that a JSON text shows.
pub(super) fn parse(text: &str) -> Outcome {
    let mut reader = Reader { text, at: 0, values: 0 };
    let value = reader.value(0)?;
    reader.skip_blanks();
    if reader.at < text.len() {
        return Err(reader.error("trailing characters"));
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Values read so far.
    values: usize,
}

/// Values read between two looks at the memory.
const LOOK: usize = 64;

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// An error at the next character.
    fn error(&self, what: &str) -> RuntimeError {
        let at = self.text.floor_char_boundary(self.at);
        let before = &self.text[..at];
        let line = before.matches('\n').count() + 1;
        let past = usize::from(self.at < self.text.len());
        let column = before.len() - before.rfind('\n').map_or(0, |end| end + 1) + past;
        RuntimeError::message(format!("JSON parse error: {what} at line {line} column {column}"))
    }

    fn unexpected(&self, expected: &str, inside: &str) -> RuntimeError {
        match self.peek() {
            None => self.error(&format!("EOF while parsing {inside}")),
            Some(_) => self.error(expected),
        }
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Outcome {
        self.skip_blanks();
        self.values += 1;
        if self.values.is_multiple_of(LOOK) {
            heap::check()?;
        }
        match self.peek() {
            Some(b'{' | b'[') if depth == MAX_DEPTH => {
                Err(RuntimeError::message(format!("JSON input exceeds maximum nesting depth of {MAX_DEPTH}")))
            }
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'"') => self.string()?.finish(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::TRUE),
            Some(b'f') => self.word("false", Value::FALSE),
            Some(b'n') => self.word("null", Value::NULL),
            _ => Err(self.unexpected("expected value", "a value")),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Outcome {
        for expected in word.bytes() {
            if !self.eat(expected) {
                return Err(self.unexpected("expected ident", "a value"));
            }
        }
        Ok(value)
    }

    fn array(&mut self, depth: usize) -> Outcome {
        self.at += 1;
        let mut elements = Items::default();
        self.skip_blanks();
        if self.eat(b']') {
            return Ok(elements.finish());
        }
        loop {
            elements.push(self.value(depth)?)?;
            self.skip_blanks();
            if self.eat(b']') {
                return Ok(elements.finish());
            }
            if !self.eat(b',') {
                return Err(self.unexpected("expected `,` or `]`", "a list"));
            }
            self.skip_blanks();
            if self.peek() == Some(b']') {
                return Err(self.error("trailing comma"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Outcome {
        self.at += 1;
        let mut object = dict::new();
        self.skip_blanks();
        if self.eat(b'}') {
            return Ok(object);
        }
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("key must be a string", "an object"));
            }
            let key = self.string()?;
            self.skip_blanks();
            if !self.eat(b':') {
                return Err(self.unexpected("expected `:`", "an object"));
            }
            let value = self.value(depth)?;
            let key = key.finish()?;
            if let (Some(mut entries), Some(key)) = (object.as_dict_mut(), Key::of(&key)) {
                entries.insert(key, value);
            }
            self.skip_blanks();
            if self.eat(b'}') {
                return Ok(object);
            }
            if !self.eat(b',') {
                return Err(self.unexpected("expected `,` or `}`", "an object"));
            }
            self.skip_blanks();
            if self.peek() == Some(b'}') {
                return Err(self.error("trailing comma"));
            }
        }
    }

    fn digits(&mut self) -> Result<(), RuntimeError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.unexpected("invalid number", "a value"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Outcome {
        let start = self.at;
        self.eat(b'-');
        if self.eat(b'0') {
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.error("invalid number"));
            }
        } else {
            self.digits()?;
        }
        let mut whole = true;
        if self.eat(b'.') {
            whole = false;
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            whole = false;
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        if whole && let Ok(int) = text.parse() {
            return Ok(Value::int(int));
        }
        match text.parse::<f64>() {
            Ok(float) if float.is_finite() => Ok(Value::float(float)),
            _ => Err(self.error("number out of range")),
        }
    }

    fn string(&mut self) -> Result<Text, RuntimeError> {
        self.at += 1;
        let mut out = Text::default();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|c: char| c == '"' || c == '\\' || c < ' ').unwrap_or(rest.len());
            out.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                _ => {
                    let control = "control character (\\u0000-\\u001F) found while parsing a string";
                    return Err(self.unexpected(control, "a string"));
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, RuntimeError> {
        let Some(byte) = self.peek() else { return Err(self.error("EOF while parsing a string")) };
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => byte as char,
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.code_point(),
            _ => {
                self.at -= 1;
                return Err(self.error("invalid escape"));
            }
        })
    }

    /// The character of `\uXXXX`, or of two of them that are a surrogate pair.
    fn code_point(&mut self) -> Result<char, RuntimeError> {
        let first = self.four_digits()?;
        if !(0xD800..0xE000).contains(&first) {
            return char::from_u32(first).ok_or_else(|| self.error("invalid unicode code point"));
        }
        if first >= 0xDC00 || !self.text[self.at..].starts_with("\\u") {
            return Err(self.error("lone leading surrogate in hex escape"));
        }
        self.at += 2;
        let second = self.four_digits()?;
        if !(0xDC00..0xE000).contains(&second) {
            return Err(self.error("lone leading surrogate in hex escape"));
        }
        char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
            .ok_or_else(|| self.error("invalid unicode code point"))
    }

    fn four_digits(&mut self) -> Result<u32, RuntimeError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| (byte as char).to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.unexpected("invalid escape", "a string"))?;
            self.at += 1;
        }
        Ok(code)
    }
}

pub(super) fn to_json(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    write(args.get(0), None)
}

pub(super) fn to_json_pretty(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    write(args.get(0), Some("  "))
}

/// A container being written.
enum Open<'a> {
    Array(std::slice::Iter<'a, Value>),
    Dict(std::vec::IntoIter<(&'a Value, &'a Value)>),
}

fn new_line(out: &mut String, indent: Option<&str>, depth: usize) {
    if let Some(indent) = indent {
        out.push('\n');
        out.extend(std::iter::repeat_n(indent, depth));
    }
}

/// A value as JSON text; on lines, if there is something to indent them with.
pub(super) fn write(value: &Value, indent: Option<&str>) -> Outcome {
    let (mut out, mut growth) = (String::new(), Growth::default());
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut next = Some(value);
    let mut first = true;
    loop {
        if let Some(value) = next.take()
            && let Some(container) = begin(&mut out, &mut growth, value)?
        {
            open.push(container);
            first = true;
        }
        growth.reaches(out.len())?;
        let depth = open.len();
        let Some(container) = open.last_mut() else { return super::text::result(&out) };
        let (entry, close) = match container {
            Open::Array(elements) => (elements.next().map(|element| (None, element)), ']'),
            Open::Dict(entries) => (entries.next().map(|(key, value)| (Some(key), value)), '}'),
        };
        let Some((key, value)) = entry else {
            new_line(&mut out, indent, depth - 1);
            out.push(close);
            open.pop();
            first = false;
            continue;
        };
        if !first {
            out.push(',');
        }
        first = false;
        new_line(&mut out, indent, depth);
        if let Some(key) = key {
            write_string(&mut out, &mut growth, &key_text(key))?;
            out.push_str(if indent.is_some() { ": " } else { ":" });
        }
        next = Some(value);
    }
}

/// Writes a value, or the start of a container, which is returned.
fn begin<'a>(out: &mut String, growth: &mut Growth, value: &'a Value) -> Result<Option<Open<'a>>, RuntimeError> {
    match value.view() {
        View::Null => out.push_str("null"),
        View::Bool(b) => out.push_str(if b { "true" } else { "false" }),
        View::Int(i) => {
            let _ = write!(out, "{i}");
        }
        View::Float(f) => write_float(out, f)?,
        View::Str(text) => write_string(out, growth, text.as_str())?,
        View::Array([]) => out.push_str("[]"),
        View::Array(elements) => {
            out.push('[');
            return Ok(Some(Open::Array(elements.iter())));
        }
        View::Dict(dict) if dict.is_empty() => out.push_str("{}"),
        View::Dict(dict) => {
            out.push('{');
            return Ok(Some(Open::Dict(dict.sorted_entries().into_vec().into_iter())));
        }
        _ => {
            let form = display::assertion(value)?;
            return Err(RuntimeError::message(format!("Cannot convert {form} to JSON")));
        }
    }
    Ok(None)
}

fn write_float(out: &mut String, f: f64) -> Result<(), RuntimeError> {
    if !f.is_finite() {
        return Err(RuntimeError::message(format!("Cannot convert non-finite float {f} to JSON")));
    }
    let _ = if (1e-5..1e-4).contains(&f.abs()) { write!(out, "{f}") } else { write!(out, "{f:?}") };
    Ok(())
}

fn write_string(out: &mut String, growth: &mut Growth, text: &str) -> Result<(), RuntimeError> {
    out.push('"');
    growth.reaches(out.len() + text.len())?;
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    Ok(())
}
