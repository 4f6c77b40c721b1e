//! Values as serde sees them, for the crates that read and write formats: what is read becomes values directly, and what is
//! written is no copy. Limits on memory hold on the way: the format's error then only ends its work, and the real one is kept.

use crate::runtime::dict::{self, Key, key_text};
use crate::runtime::display;
use crate::runtime::error::RuntimeError;
use crate::runtime::gather::Items;
use crate::runtime::heap;
use crate::runtime::value::{Value, View};
use serde::de::{self, DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde::ser::{Error, Serialize, SerializeMap, SerializeSeq, Serializer};
use std::cell::Cell;
use std::fmt;

/// Deepest nesting that is written.
const MAX_DEPTH: usize = 64;

/// What a format does its own way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Keys are strings; a date is a table with one key, whose name the crate knows; there is no null.
    Toml,
    /// Keys are anything; values may have tags.
    Yaml,
}

impl Format {
    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Format::Toml => "TOML",
            Format::Yaml => "YAML",
        }
    }
}

/// The key under which `toml` hands over a date.
const DATE_KEY: &str = "$__toml_private_datetime";

/// The work on one text, and the error that ended it if that is none of the format's.
pub struct Work {
    format: Format,
    refused: Cell<Option<RuntimeError>>,
}

impl Work {
    /// Work on a text of this format.
    pub fn new(format: Format) -> Work {
        Work { format, refused: Cell::new(None) }
    }

    /// What came of it; `error` is the word for what failed in messages, such as `parse`.
    pub fn finish<R>(&self, result: Result<R, impl fmt::Display>, error: &str) -> Result<R, RuntimeError> {
        result.map_err(|why| {
            let said = || RuntimeError::message(format!("{} {error} error: {why}", self.format.name()));
            self.refused.take().unwrap_or_else(said)
        })
    }

    fn refuse<E: de::Error>(&self, error: RuntimeError) -> E {
        self.refused.set(Some(error));
        E::custom("refused")
    }

    fn checked<R, E: de::Error>(&self, result: Result<R, RuntimeError>) -> Result<R, E> {
        result.map_err(|error| self.refuse(error))
    }
}

/// Reads one value.
#[derive(Clone, Copy)]
pub struct Reader<'w>(pub &'w Work);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "any {} value", self.0.format.name())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::NULL)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::NULL)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::float(value as f64), Value::int))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::float(value as f64))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(Value::float(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::float(value))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        self.0.checked(heap::check())?;
        self.0.checked(super::text::result(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut items = Items::default();
        while let Some(item) = sequence.next_element_seed(self)? {
            self.0.checked(items.push(item))?;
        }
        Ok(items.finish())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut made = dict::new();
        while let Some(key) = map.next_key_seed(KeyReader(self.0))? {
            if self.0.format == Format::Toml && key == DATE_KEY {
                return map.next_value_seed(self);
            }
            let value = map.next_value_seed(self)?;
            self.0.checked(heap::check())?;
            let Some(mut entries) = made.as_dict_mut() else { continue };
            let key_value = Key::text(&key);
            if self.0.format == Format::Yaml && entries.get_mut(&key_value).is_some() {
                return Err(de::Error::custom(format_args!("duplicate entry with key {key:?}")));
            }
            entries.insert(key_value, value);
        }
        Ok(made)
    }

    /// A value with a tag is the value.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        let (_, contents) = tagged.variant_seed(Tag)?;
        contents.newtype_variant_seed(self)
    }
}

/// Reads a tag, of which nothing is kept.
struct Tag;

impl<'de> DeserializeSeed<'de> for Tag {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_identifier(de::IgnoredAny).map(|_| ())
    }
}

/// Reads a key as text.
struct KeyReader<'w>(&'w Work);

impl<'de> DeserializeSeed<'de> for KeyReader<'_> {
    type Value = String;

    fn deserialize<D: de::Deserializer<'de>>(self, source: D) -> Result<String, D::Error> {
        match self.0.format {
            Format::Toml => de::Deserialize::deserialize(source),
            // What is no string becomes its debug text.
            Format::Yaml => Ok(match de::Deserialize::deserialize(source)? {
                yaml_serde::Value::String(key) => key,
                other => format!("{other:?}"),
            }),
        }
    }
}

/// Writes one value.
pub struct Writer<'a> {
    work: &'a Work,
    value: &'a Value,
    depth: usize,
}

impl<'a> Writer<'a> {
    /// Writes `value`.
    pub fn new(work: &'a Work, value: &'a Value) -> Writer<'a> {
        Writer { work, value, depth: 0 }
    }

    fn part(&self, value: &'a Value) -> Writer<'a> {
        Writer { work: self.work, value, depth: self.depth + 1 }
    }

    fn refuse<E: Error>(&self, error: RuntimeError) -> E {
        self.work.refused.set(Some(error));
        E::custom("refused")
    }
}

impl Serialize for Writer<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        heap::check().map_err(|error| self.refuse(error))?;
        if self.depth > MAX_DEPTH {
            return Err(S::Error::custom(format_args!("exceeds maximum nesting depth of {MAX_DEPTH}")));
        }
        match self.value.view() {
            View::Null if self.work.format == Format::Toml => out.serialize_str(""),
            View::Null => out.serialize_unit(),
            View::Bool(value) => out.serialize_bool(value),
            View::Int(value) => out.serialize_i64(value),
            View::Float(value) => out.serialize_f64(value),
            View::Str(text) => out.serialize_str(text.as_str()),
            View::Array(elements) => {
                let mut sequence = out.serialize_seq(Some(elements.len()))?;
                for element in elements {
                    sequence.serialize_element(&self.part(element))?;
                }
                sequence.end()
            }
            View::Dict(dict) => {
                let mut map = out.serialize_map(Some(dict.len()))?;
                for (key, value) in dict.sorted_entries() {
                    map.serialize_entry(&*key_text(key), &self.part(value))?;
                }
                map.end()
            }
            _ => Err(self.refuse(match display::assertion(self.value) {
                Ok(form) => RuntimeError::message(format!("Cannot convert {form} to {}", self.work.format.name())),
                Err(error) => error,
            })),
        }
    }
}

/// Asks for the memory that reading a text of `len` bytes may take for a while: a node of a tree for every second byte.
pub fn room_to_read(len: usize) -> Result<(), RuntimeError> {
    const PER_BYTE: usize = 64;
    if len < 1024 {
        return Ok(());
    }
    heap::admit(len)?;
    heap::check_room(len.saturating_mul(PER_BYTE).min(heap::MAX_OBJECT_BYTES))
}
