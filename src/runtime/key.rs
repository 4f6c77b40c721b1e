//! The keys of dicts. A key is normalised: an inline int, or a string that is not the canonical form of one; so `d[1]` and `d["1"]` are
//! one entry.

use super::string::{self, StringRef};
use super::value::Value;
use super::word::Word;
use std::borrow::Cow;

/// A normalised key.
pub struct Key<'a> {
    pub(super) form: Form<'a>,
    pub(super) from_string: bool,
}

pub(super) enum Form<'a> {
    Int(i64),
    Text { text: Cow<'a, str>, hash: u32, shared: Option<&'a Value> },
}

impl<'a> Key<'a> {
    /// The key that `value` is; nothing but strings and ints are.
    #[inline]
    pub fn of(value: &'a Value) -> Option<Key<'a>> {
        if value.word().is_int() {
            return Some(Key { form: Form::Int(value.word().as_inline_int()), from_string: false });
        }
        if let Some(string) = value.as_string() {
            let form = match string.int_key() {
                Some(int) => Form::Int(int),
                None => Form::Text { text: Cow::Borrowed(string.as_str()), hash: string.hash(), shared: Some(value) },
            };
            return Some(Key { form, from_string: true });
        }
        let text = value.as_int()?.to_string();
        let hash = string::hash_bytes(text.as_bytes());
        Some(Key { form: Form::Text { text: Cow::Owned(text), hash, shared: None }, from_string: false })
    }

    /// The key that a text is.
    pub fn text(text: &'a str) -> Key<'a> {
        let form = match string::canonical_int(text.as_bytes()) {
            Some(int) => Form::Int(int),
            None => Form::Text { text: Cow::Borrowed(text), hash: string::hash_bytes(text.as_bytes()), shared: None },
        };
        Key { form, from_string: true }
    }

    pub(super) fn matches(&self, stored: Word) -> bool {
        match &self.form {
            Form::Int(int) => stored.is_int() && stored.as_inline_int() == *int,
            Form::Text { text, hash, shared } => {
                if shared.is_some_and(|value| value.word() == stored) {
                    return true;
                }
                stored.is_object() && {
                    // SAFETY: a key that is a heap word is a live string.
                    let other = unsafe { StringRef::of(stored) };
                    other.hash() == *hash && other.as_str() == text
                }
            }
        }
    }

    pub(super) fn into_value(self) -> Value {
        match self.form {
            Form::Int(int) => Value::int(int),
            Form::Text { shared: Some(value), .. } => value.clone(),
            Form::Text { text, .. } => Value::string(&text),
        }
    }
}

/// The text of a stored key.
pub fn key_text(key: &Value) -> Cow<'_, str> {
    match key.as_str() {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(key.as_int().unwrap_or(0).to_string()),
    }
}

/// A stored key as scripts see it: a string.
pub fn key_value(key: &Value) -> Value {
    match key.as_int() {
        Some(int) => string::from_int(int),
        None => key.clone(),
    }
}
