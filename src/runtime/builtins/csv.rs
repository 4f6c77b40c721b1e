//! Comma-separated values (RFC 4180). The first row names the columns.

use super::Args;
use crate::runtime::budget::Growth;
use crate::runtime::dict::{self, Key, key_text};
use crate::runtime::display;
use crate::runtime::error::RuntimeError;
use crate::runtime::gather::{self, Items, Text};
use crate::runtime::host::Host;
use crate::runtime::value::Value;

type Outcome = Result<Value, RuntimeError>;

/// Hands on the rows of a text, one after the other; empty lines are none.
fn rows(text: &str, each: &mut dyn FnMut(&[Text]) -> Result<(), RuntimeError>) -> Result<(), RuntimeError> {
    let mut row: Vec<Text> = Vec::new();
    let mut field = Text::default();
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
                gather::reserve(&mut row, 1)?;
                row.push(std::mem::take(&mut field));
                started = true;
            }
            '\r' | '\n' => {
                if started || !field.is_empty() {
                    row.push(std::mem::take(&mut field));
                    each(&row)?;
                    row.clear();
                }
                started = false;
            }
            _ => field.push(c),
        }
    }
    if started || !field.is_empty() {
        row.push(field);
        each(&row)?;
    }
    Ok(())
}

/// A field as a number, if it is one.
fn field_value(text: &str) -> Outcome {
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(int), _) => Ok(Value::int(int)),
        (_, Ok(float)) if text.contains(|c: char| c.is_ascii_digit()) => Ok(Value::float(float)),
        _ => super::text::result(text),
    }
}

pub(super) fn parse_csv(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(text) = args.text(0) else {
        return Err(RuntimeError::message("parse_csv requires a string argument"));
    };
    let mut header: Option<Vec<Value>> = None;
    let mut records = Items::default();
    rows(text, &mut |row| {
        let Some(header) = &header else {
            header = Some(row.iter().map(|name| super::text::result(name.text()?)).collect::<Result<_, _>>()?);
            return Ok(());
        };
        let mut record = dict::new();
        if let Some(mut entries) = record.as_dict_mut() {
            for (name, field) in header.iter().zip(row) {
                if let Some(key) = Key::of(name) {
                    entries.insert(key, field_value(field.text()?)?);
                }
            }
        }
        records.push(record)
    })?;
    Ok(records.finish())
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
