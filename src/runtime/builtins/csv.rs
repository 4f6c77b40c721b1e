//! Comma-separated values (RFC 4180). The first row names the columns.

use super::Args;
use crate::runtime::budget::Growth;
use crate::runtime::dict::{self, Key, key_text};
use crate::runtime::display;
use crate::runtime::error::RuntimeError;
use crate::runtime::host::Host;
use crate::runtime::value::Value;

type Outcome = Result<Value, RuntimeError>;

/// The rows of a text; empty lines are none.
fn rows(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row: Vec<String> = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut started = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            _ if quoted => field.push(c),
            '"' if field.is_empty() => (quoted, started) = (true, true),
            ',' => {
                row.push(std::mem::take(&mut field));
                started = true;
            }
            '\r' | '\n' => {
                if started || !field.is_empty() {
                    row.push(std::mem::take(&mut field));
                    rows.push(std::mem::take(&mut row));
                }
                started = false;
            }
            _ => field.push(c),
        }
    }
    if started || !field.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows
}

/// A field as a number, if it is one.
fn field_value(text: &str) -> Value {
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(int), _) => Value::int(int),
        (_, Ok(float)) if text.contains(|c: char| c.is_ascii_digit()) => Value::float(float),
        _ => Value::string(text),
    }
}

pub(super) fn parse_csv(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(text) = args.text(0) else {
        return Err(RuntimeError::message("parse_csv requires a string argument"));
    };
    let mut rows = rows(text).into_iter();
    let header: Vec<Value> = rows.next().unwrap_or_default().iter().map(|name| Value::string(name)).collect();
    let records = rows.map(|row| {
        let mut record = dict::new();
        if let Some(mut entries) = record.as_dict_mut() {
            for (name, field) in header.iter().zip(&row) {
                if let Some(key) = Key::of(name) {
                    entries.insert(key, field_value(field));
                }
            }
        }
        record
    });
    Ok(Value::array(records.collect()))
}

/// Writes a row. A single empty field is quoted: its line would be empty, and empty lines are no rows.
fn write_row<'a>(out: &mut String, fields: impl ExactSizeIterator<Item = std::borrow::Cow<'a, str>>) {
    let alone = fields.len() == 1;
    for (index, field) in fields.enumerate() {
        if index > 0 {
            out.push(',');
        }
        if field.contains([',', '"', '\n', '\r']) || alone && field.is_empty() {
            out.push('"');
            out.push_str(&field.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&field);
        }
    }
    out.push('\n');
}

pub(super) fn to_csv(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let wrong = || RuntimeError::message("CSV requires array of dictionaries");
    let rows = args.get(0).as_array().ok_or_else(wrong)?;
    let first = rows.first().ok_or_else(|| RuntimeError::message("CSV requires non-empty array"))?;
    let header = first.as_dict().ok_or_else(wrong)?.sorted_entries();
    let (mut out, mut growth) = (String::new(), Growth::default());
    write_row(&mut out, header.iter().map(|(key, _)| key_text(key)));
    for row in rows {
        let row = row.as_dict().ok_or_else(wrong)?;
        let mut fields = Vec::with_capacity(header.len());
        for (key, _) in &header {
            fields.push(match Key::of(key).and_then(|key| row.get(&key)) {
                Some(value) => display::text(value)?,
                None => String::new(),
            });
        }
        write_row(&mut out, fields.into_iter().map(Into::into));
        growth.reaches(out.len())?;
    }
    super::text::result(&out)
}
