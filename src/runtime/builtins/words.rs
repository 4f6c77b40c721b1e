//! Strings in other spellings: cases of identifiers, and base 64.

use super::Args;
use super::text::{only, result};
use crate::runtime::bytes;
use crate::runtime::error::RuntimeError;
use crate::runtime::host::Host;
use crate::runtime::value::Value;

type Outcome = Result<Value, RuntimeError>;

/// The words of a text: runs of letters and digits, also split where a small letter meets a capital one.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last: Option<char> = None;
    for c in text.chars() {
        if c.is_alphanumeric() {
            let boundary = match last {
                None => true,
                Some(last) => c.is_uppercase() && !last.is_uppercase(),
            };
            if boundary {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
            last = Some(c);
        } else {
            last = None;
        }
    }
    words
}

pub(super) fn slugify(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let lower = only(args)?.as_str().to_lowercase();
    let parts: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    result(&parts.join("-"))
}

pub(super) fn camel_case(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let mut out = String::new();
    for (at, word) in words(only(args)?.as_str()).iter().enumerate() {
        let mut chars = word.chars();
        if at > 0 {
            out.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        }
        out.push_str(chars.as_str());
    }
    result(&out)
}

pub(super) fn snake_case(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    result(&words(only(args)?.as_str()).join("_"))
}

pub(super) fn kebab_case(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    result(&words(only(args)?.as_str()).join("-"))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn encode_base64(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let input = match (args.text(0), args.get(0).as_bytes()) {
        (Some(text), _) => text.as_bytes(),
        (_, Some(bytes)) => bytes,
        _ => return Err(RuntimeError::message("encode_base64 requires a bytes or string argument")),
    };
    let mut out = String::with_capacity(input.len().div_ceil(3) * 4);
    for group in input.chunks(3) {
        let byte = |at: usize| group.get(at).copied().unwrap_or(0) as u32;
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let padding = digit > group.len();
            let code = ALPHABET[(bits >> (18 - 6 * digit)) as usize & 63];
            out.push(if padding { '=' } else { code as char });
        }
    }
    result(&out)
}

pub(super) fn decode_base64(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(text) = args.text(0) else {
        return Err(RuntimeError::message("decode_base64 requires a string argument"));
    };
    let invalid = || RuntimeError::message("Invalid base64 string");
    let digits = text.trim().trim_end_matches('=').as_bytes();
    let mut out = Vec::with_capacity(digits.len() / 4 * 3 + 3);
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
    Ok(bytes::new(&out))
}
