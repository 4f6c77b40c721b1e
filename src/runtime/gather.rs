//! What builtins make piece by piece: texts, arrays and buffers that ask for memory before they grow. Whatever a builtin keeps whose
//! size it does not know when it starts is made with these, so that a full memory stops it where it is.

use super::array;
use super::error::{RuntimeError, Stop};
use super::operators::LONG;
use super::value::Value;
use super::{heap, string};
use std::fmt;

/// Lists of so many bytes are not worth asking for.
const SMALL: usize = 64;

/// Makes room for `more` elements in a list that grows by doubling.
///
/// # Errors
/// The memory is full, or there is no fuel for filling the list.
pub fn reserve<T>(list: &mut Vec<T>, more: usize) -> Result<(), RuntimeError> {
    if list.capacity() - list.len() >= more {
        return Ok(());
    }
    let needed = list.len().saturating_add(more);
    let cap = needed.max(list.capacity().saturating_mul(2)).max(SMALL / size_of::<T>().max(1));
    let bytes = cap.saturating_mul(size_of::<T>());
    if bytes > SMALL {
        heap::admit(bytes)?;
    }
    list.try_reserve_exact(cap - list.len()).map_err(|_| RuntimeError::out_of_memory())
}

/// A text under way. What it refuses, for want of memory or fuel, is remembered until [`Text::finish`], so that who writes has not
/// to ask each time: it stays as it was from there on.
#[derive(Default)]
pub struct Text {
    bytes: Vec<u8>,
    refused: Option<Stop>,
}

impl Text {
    /// An empty one, with room for `len` bytes if the limits allow.
    pub fn with_capacity(len: usize) -> Text {
        let mut text = Text::default();
        text.reserve(len);
        text
    }

    fn reserve(&mut self, more: usize) -> bool {
        if self.refused.is_none() && self.bytes.capacity() - self.bytes.len() < more {
            let fits = self.bytes.len().saturating_add(more) <= string::MAX_LEN;
            let room = if fits { reserve(&mut self.bytes, more) } else { Err(RuntimeError::out_of_memory()) };
            self.refused = room.err().map(|error| match error {
                RuntimeError::Stop(stop) => stop,
                _ => Stop::Memory,
            });
        }
        self.refused.is_none()
    }

    /// Appends a text.
    #[inline]
    pub fn push_str(&mut self, text: &str) {
        if self.bytes.capacity() - self.bytes.len() >= text.len() || self.reserve(text.len()) {
            self.bytes.extend_from_slice(text.as_bytes());
        }
    }

    /// Appends a character.
    #[inline]
    pub fn push(&mut self, c: char) {
        self.push_str(c.encode_utf8(&mut [0; 4]));
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Forgets what was written, and keeps the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The text so far.
    ///
    /// # Errors
    /// Something was refused.
    pub fn text(&self) -> Result<&str, RuntimeError> {
        match self.refused {
            Some(refused) => Err(RuntimeError::Stop(refused)),
            None => Ok(std::str::from_utf8(&self.bytes).unwrap_or_default()),
        }
    }

    /// The text as a string.
    ///
    /// # Errors
    /// Something was refused, or the memory has no room for the string.
    pub fn finish(self) -> Result<Value, RuntimeError> {
        let text = self.text()?;
        if text.len() > LONG {
            heap::admit(text.len())?;
        }
        Ok(Value::string(text))
    }
}

impl Extend<char> for Text {
    fn extend<I: IntoIterator<Item = char>>(&mut self, chars: I) {
        for c in chars {
            self.push(c);
        }
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        if self.refused.is_none() { Ok(()) } else { Err(fmt::Error) }
    }
}

/// An array under way.
pub struct Items {
    array: Value,
    /// Elements after which the memory is looked at again, for what they hold.
    ahead: usize,
}

impl Default for Items {
    fn default() -> Items {
        Items { array: array::with_capacity(0), ahead: Items::PIECE }
    }
}

impl Items {
    /// Elements added between two looks at the memory.
    const PIECE: usize = 64;

    /// An empty one with room for so many elements.
    ///
    /// # Errors
    /// There is no memory for them, or no fuel for filling them in.
    pub fn with_capacity(len: usize) -> Result<Items, RuntimeError> {
        heap::admit(len.saturating_mul(size_of::<Value>()))?;
        Ok(Items { array: array::with_capacity(len), ahead: Items::PIECE })
    }

    /// Appends an element.
    ///
    /// # Errors
    /// The memory is full.
    #[inline]
    pub fn push(&mut self, element: Value) -> Result<(), RuntimeError> {
        let Some(mut array) = self.array.as_array_mut() else { return Ok(()) };
        self.ahead -= 1;
        if self.ahead == 0 {
            self.ahead = Items::PIECE;
            heap::check()?;
        }
        if !array.may_push() {
            return Err(RuntimeError::out_of_memory());
        }
        array.push(element);
        Ok(())
    }

    /// The array.
    pub fn finish(self) -> Value {
        self.array
    }
}

/// An array of what an iterator gives, as long as there is memory for it.
///
/// # Errors
/// There is none left.
pub fn array(elements: impl Iterator<Item = Value>) -> Result<Value, RuntimeError> {
    try_array(elements.map(Ok))
}

/// As [`array`], of elements that may fail.
///
/// # Errors
/// The first of theirs, or there is no memory left.
pub fn try_array(elements: impl Iterator<Item = Result<Value, RuntimeError>>) -> Result<Value, RuntimeError> {
    let mut items = Items::with_capacity(elements.size_hint().0)?;
    for element in elements {
        items.push(element?)?;
    }
    Ok(items.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    #[test]
    fn texts_and_arrays_stop_where_the_memory_ends() {
        heap::set_limit(heap::stats().live_bytes + 100_000);
        let mut text = Text::default();
        while write!(text, "some text").is_ok() {}
        assert!(text.len() < 100_000 && text.finish().is_err());
        let strings = array(std::iter::repeat_with(|| Value::string("a string of some length")));
        assert!(strings.is_err());
        let mut bytes: Vec<u8> = Vec::new();
        while reserve(&mut bytes, 1000).is_ok() {
            bytes.resize(bytes.len() + 1000, 7);
        }
        assert!(bytes.len() > 10_000 && bytes.capacity() <= 100_000);
        heap::set_limit(usize::MAX);
        let mut text = Text::with_capacity(3);
        text.extend("häß".chars());
        text.push_str("lich");
        assert_eq!((text.len(), text.finish().unwrap().as_str()), (9, Some("häßlich")));
        assert_eq!(array((0..200).map(Value::int)).unwrap().as_array().unwrap().len(), 200);
    }
}
