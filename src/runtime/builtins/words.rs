//! Strings in other spellings: cases of identifiers, and base 64.

use super::Args;
use super::text::{only, room};
use crate::runtime::bytes;
use crate::runtime::error::RuntimeError;
use crate::runtime::gather::{self, Text};
use crate::runtime::heap;
use crate::runtime::host::Host;
use crate::runtime::value::Value;

type Outcome = Result<Value, RuntimeError>;

/// Writes the words of a text in small letters, each with what `start` does with its first character. Words are runs of letters and
/// digits, also split where a small letter meets a capital one.
fn respelled(text: &str, start: impl Fn(&mut Text, usize, char)) -> Outcome {
    let mut out = Text::with_capacity(text.len());
    let mut last: Option<char> = None;
    let mut count = 0;
    for c in text.chars() {
        if !c.is_alphanumeric() {
            last = None;
            continue;
        }
        let mut small = c.to_lowercase();
        if last.is_none_or(|last| c.is_uppercase() && !last.is_uppercase()) {
            start(&mut out, count, small.next().unwrap_or(c));
            count += 1;
        }
        out.extend(small);
        last = Some(c);
    }
    out.finish()
}

/// Writes the first character of a word, after a mark if another word stands before.
fn joined(mark: char) -> impl Fn(&mut Text, usize, char) {
    move |out, count, first| {
        if count > 0 {
            out.push(mark);
        }
        out.push(first);
    }
}

pub(super) fn slugify(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let text = only(args)?.as_str();
    room(text, 1)?;
    let lower = text.to_lowercase();
    let mut out = Text::with_capacity(lower.len());
    for part in lower.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()) {
        if !out.is_empty() {
            out.push('-');
        }
        out.push_str(part);
    }
    out.finish()
}

pub(super) fn camel_case(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    respelled(only(args)?.as_str(), |out, count, first| match count {
        0 => out.push(first),
        _ => out.extend(first.to_uppercase()),
    })
}

pub(super) fn snake_case(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    respelled(only(args)?.as_str(), joined('_'))
}

pub(super) fn kebab_case(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    respelled(only(args)?.as_str(), joined('-'))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn encode_base64(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let input = match (args.text(0), args.get(0).as_bytes()) {
        (Some(text), _) => text.as_bytes(),
        (_, Some(bytes)) => bytes,
        _ => return Err(RuntimeError::message("encode_base64 requires a bytes or string argument")),
    };
    let mut out = Text::with_capacity(input.len().div_ceil(3) * 4);
    for group in input.chunks(3) {
        let byte = |at: usize| group.get(at).copied().unwrap_or(0) as u32;
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let padding = digit > group.len();
            let code = ALPHABET[(bits >> (18 - 6 * digit)) as usize & 63];
            out.push(if padding { '=' } else { code as char });
        }
    }
    out.finish()
}

pub(super) fn decode_base64(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(text) = args.text(0) else {
        return Err(RuntimeError::message("decode_base64 requires a string argument"));
    };
    let invalid = || RuntimeError::message("Invalid base64 string");
    let text = text.trim();
    let digits = text.trim_end_matches('=').as_bytes();
    // Padding fills the last group of four, and nothing else.
    if !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return Err(invalid());
    }
    let mut out = Vec::new();
    gather::reserve(&mut out, digits.len() / 4 * 3 + 3)?;
    for group in digits.chunks(4) {
        if group.len() == 1 {
            return Err(invalid());
        }
        let mut bits = 0u32;
        for &digit in group {
            let code = ALPHABET.iter().position(|&code| code == digit).ok_or_else(invalid)?;
            bits = bits << 6 | code as u32;
        }
        bits <<= 6 * (4 - group.len());
        let decoded = [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8];
        out.extend_from_slice(&decoded[..group.len() - 1]);
    }
    heap::admit(out.len())?;
    Ok(bytes::new(&out))
}
