//! Strings made of pieces, and pieces made of strings. Lengths are summed first, so that a result is written where it stays; what is
//! known to be ASCII is not looked at again.

use super::{
    FLAG_ASCII, FLAG_KEY_IS_INT, FLAG_KEY_KNOWN, HIGH, SHORT, StringObject, StringRef, allocate_for, marks, new,
    packed, recent, short,
};
use crate::runtime::array;
use crate::runtime::heap::Kind;
use crate::runtime::operators::LONG;
use crate::runtime::value::Value;
use crate::runtime::word::{INLINE_INT_LIMIT, Word};
use std::mem::MaybeUninit;
use std::ptr;

const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut i = 0;
    while i < 100 {
        pairs[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    pairs
};

/// How many decimal digits.
#[inline(always)]
fn digits_of(mut rest: u64) -> usize {
    let mut digits = 1;
    loop {
        match rest {
            0..10 => return digits,
            10..100 => return digits + 1,
            100..1000 => return digits + 2,
            1000..10_000 => return digits + 3,
            _ => {
                rest /= 10_000;
                digits += 4;
            }
        }
    }
}

/// Writes the text of an int, as [`crate::semantics::format::write_int`] does, and returns its length: twenty bytes at most.
///
/// PERF: a text of 40 000 pieces with two ints each took 44.5 million instructions digit by digit and with a check of the encoding;
/// 37.7 with two digits at a time.
///
/// # Safety
/// There is room for it.
#[inline]
unsafe fn write_decimal(int: i64, to: *mut u8) -> usize {
    // SAFETY: the caller's; digits are written from the last to the first, as many as there are.
    unsafe {
        let mut rest = int.unsigned_abs();
        let sign = usize::from(int < 0);
        if int < 0 {
            *to = b'-';
        }
        let len = sign + digits_of(rest);
        let mut end = to.add(len);
        while rest >= 10 {
            end = end.sub(2);
            ptr::copy_nonoverlapping(PAIRS[(rest % 100) as usize].as_ptr(), end, 2);
            rest /= 100;
        }
        // After an odd number of digits one is left, or the int is zero; a pair never begins with a superfluous zero but for the last one.
        if end > to.add(sign) {
            *to.add(sign) = b'0' + rest as u8;
        }
        len
    }
}

/// The text of an int, written into `digits`.
pub fn decimal(int: i64, digits: &mut [u8; 20]) -> &str {
    // SAFETY: the longest text of an int fits; digits and a sign are ASCII.
    unsafe {
        let len = write_decimal(int, digits.as_mut_ptr());
        std::str::from_utf8_unchecked(&digits[..len])
    }
}

/// The decimal text of an int.
pub fn from_int(int: i64) -> Value {
    let mut digits: MaybeUninit<[u8; 20]> = MaybeUninit::uninit();
    // SAFETY: the longest text of an int fits; what is looked at was written.
    let text = unsafe {
        let len = write_decimal(int, digits.as_mut_ptr().cast());
        std::slice::from_raw_parts(digits.as_ptr().cast::<u8>(), len)
    };
    // SAFETY: digits and a sign are ASCII.
    let value = unsafe { from_ascii(text) };
    if (-INLINE_INT_LIMIT..INLINE_INT_LIMIT).contains(&int) && text.len() > 1 {
        // SAFETY: a new string of this thread: only the one-character ones are statics.
        unsafe { (*value.word().object_ptr::<StringObject>()).header.flags |= FLAG_KEY_KNOWN | FLAG_KEY_IS_INT };
    }
    value
}

/// Copies bytes; most texts are short.
///
/// # Safety
/// There is room for them, elsewhere.
#[inline(always)]
unsafe fn copy_bytes(from: &[u8], to: *mut u8) {
    // SAFETY: all reads and writes are inside the first `len` bytes.
    unsafe {
        let (len, from) = (from.len(), from.as_ptr());
        if len > 16 {
            ptr::copy_nonoverlapping(from, to, len);
        } else if len >= 8 {
            let (first, last) = (from.cast::<u64>().read_unaligned(), from.add(len - 8).cast::<u64>().read_unaligned());
            to.cast::<u64>().write_unaligned(first);
            to.add(len - 8).cast::<u64>().write_unaligned(last);
        } else if len >= 4 {
            let (first, last) = (from.cast::<u32>().read_unaligned(), from.add(len - 4).cast::<u32>().read_unaligned());
            to.cast::<u32>().write_unaligned(first);
            to.add(len - 4).cast::<u32>().write_unaligned(last);
        } else if len >= 2 {
            let (first, last) = (from.cast::<u16>().read_unaligned(), from.add(len - 2).cast::<u16>().read_unaligned());
            to.cast::<u16>().write_unaligned(first);
            to.add(len - 2).cast::<u16>().write_unaligned(last);
        } else if len == 1 {
            *to = *from;
        }
    }
}

/// A new string of `len` bytes, which `write` fills; nine at least.
///
/// # Safety
/// `write` fills all of them with a valid text, all ASCII if `ascii` says so.
#[inline(always)]
unsafe fn filled(len: usize, ascii: bool, write: impl FnOnce(*mut u8)) -> Value {
    let object = allocate_for(len);
    // SAFETY: a new object with room for the bytes.
    unsafe {
        write(StringObject::bytes(object));
        (*object).len = len as u32;
        if ascii {
            (*object).header.flags = FLAG_ASCII;
        }
        Value::from_word(Word::object(object))
    }
}

/// The string of ASCII bytes.
///
/// # Safety
/// They are.
#[inline]
unsafe fn from_ascii(bytes: &[u8]) -> Value {
    match bytes.len() {
        0 | 1 => short(bytes),
        2..=SHORT => recent(packed(bytes), bytes.len()),
        // SAFETY: the caller's.
        len => unsafe { filled(len, true, |to| copy_bytes(bytes, to)) },
    }
}

/// The length of strings with a separator between them; `None` if one of them is no string.
pub fn joined_len(parts: &[Value], separator: &str) -> Option<usize> {
    let mut sum = separator.len().saturating_mul(parts.len().saturating_sub(1));
    for part in parts {
        sum = sum.saturating_add(part.as_string()?.as_str().len());
    }
    Some(sum)
}

/// Strings with a separator between them, whose [`joined_len`] is `len`, at most [`super::MAX_LEN`].
pub fn join(parts: &[Value], separator: StringRef<'_>, len: usize) -> Value {
    if let [part] = parts {
        return part.clone();
    }
    let mut ascii = separator.is_ascii();
    let mut write = |mut to: *mut u8| {
        for (at, part) in parts.iter().filter_map(Value::as_string).enumerate() {
            ascii &= part.is_ascii();
            let text = part.as_str().as_bytes();
            // SAFETY: there is room for `len` bytes, which is the sum of what is written.
            unsafe {
                if at > 0 {
                    copy_bytes(separator.as_str().as_bytes(), to);
                    to = to.add(separator.as_str().len());
                }
                copy_bytes(text, to);
                to = to.add(text.len());
            }
        }
    };
    if len <= SHORT {
        let mut bytes = [0u8; SHORT];
        write(bytes.as_mut_ptr());
        return match len {
            0 | 1 => short(&bytes[..len]),
            _ => recent(u64::from_le_bytes(bytes), len),
        };
    }
    let object = allocate_for(len);
    // SAFETY: a new object with room for the bytes, whole texts that are written one after the other.
    unsafe {
        write(StringObject::bytes(object));
        (*object).len = len as u32;
        if ascii {
            (*object).header.flags = FLAG_ASCII;
        }
        Value::from_word(Word::object(object))
    }
}

/// Where a byte is found first.
///
/// PERF: for a short text the general search spends more on its choices than on the search.
#[inline]
pub fn find_byte(bytes: &[u8], byte: u8) -> Option<usize> {
    const WORDS: usize = 64;
    if bytes.len() > WORDS {
        return memchr::memchr(byte, bytes);
    }
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let found = matches(u64::from_le_bytes(*word), byte);
        if found != 0 {
            return Some(8 * at + found.trailing_zeros() as usize / 8);
        }
    }
    // Zeros behind the text may be what is looked for.
    let at = matches(packed(rest), byte).trailing_zeros() as usize / 8;
    (at < rest.len()).then_some(8 * words.len() + at)
}

/// The high bits of the bytes of a word that are `byte`.
#[inline(always)]
fn matches(word: u64, byte: u8) -> u64 {
    const LOW: u64 = !HIGH;
    let different = word ^ (u64::from(byte) * 0x0101_0101_0101_0101);
    !(((different & LOW) + LOW) | different | LOW)
}

/// Longest text whose places are noted before it is split.
const NOTED: usize = 128;

/// The parts of a text between the places of an ASCII byte.
pub fn split_at_byte(whole: StringRef<'_>, byte: u8) -> Value {
    let bytes = whole.as_str().as_bytes();
    if bytes.len() > NOTED {
        let places = memchr::memchr_iter(byte, bytes);
        return parts_between(whole, places.clone().count(), places);
    }
    let (mut places, mut count) = ([MaybeUninit::<u8>::uninit(); NOTED], 0);
    let (words, rest) = bytes.as_chunks::<8>();
    for at in 0..=words.len() {
        let word = words.get(at).map_or_else(|| packed(rest), |word| u64::from_le_bytes(*word));
        let mut found = matches(word, byte);
        while found != 0 {
            let place = 8 * at + found.trailing_zeros() as usize / 8;
            // Zeros behind the text may be what is looked for.
            if place < bytes.len() {
                places[count].write(place as u8);
                count += 1;
            }
            found &= found - 1;
        }
    }
    // SAFETY: the first of them were written.
    parts_between(whole, count, places[..count].iter().map(|place| usize::from(unsafe { place.assume_init() })))
}

/// The parts between `count` places of single bytes.
#[inline(always)]
fn parts_between(whole: StringRef<'_>, count: usize, places: impl Iterator<Item = usize>) -> Value {
    let bytes = whole.as_str().as_bytes();
    let ascii = whole.is_ascii();
    if count == 0 {
        // SAFETY: a live string gets one more owner.
        return array::from_values(vec![unsafe { Value::from_borrowed(Word::object(whole.object)) }]);
    }
    let part = |from: usize, to: usize| {
        if ascii {
            // SAFETY: a part of an ASCII text.
            unsafe { from_ascii(&bytes[from..to]) }
        } else {
            new(&whole.as_str()[from..to])
        }
    };
    let mut parts = array::with_capacity(count + 1);
    if let Some(mut parts) = parts.as_array_mut() {
        let mut done = 0;
        for at in places {
            parts.push(part(done, at));
            done = at + 1;
        }
        parts.push(part(done, bytes.len()));
    }
    parts
}

/// The characters `[start, end)` of a text, if it is ASCII and long enough and they are not many.
#[inline]
pub fn ascii_part(text: StringRef<'_>, start: i64, end: i64) -> Option<Value> {
    let bytes = text.as_str().as_bytes();
    let fits = 0 <= start && start < end && end <= bytes.len() as i64 && end - start <= LONG as i64;
    if !fits || !text.is_ascii() || end - start == bytes.len() as i64 {
        return None;
    }
    // SAFETY: a part of an ASCII text.
    Some(unsafe { from_ascii(&bytes[start as usize..end as usize]) })
}

/// The int that a text of few digits shows, perhaps with a sign before them.
#[inline]
pub fn small_int(text: &str) -> Option<i32> {
    const DIGITS: usize = 9;
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    if digits.is_empty() || digits.len() > DIGITS {
        return None;
    }
    let mut int = 0;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        int = int * 10 + i32::from(digit);
    }
    Some(if digits.len() < text.len() { -int } else { int })
}

/// Longest text a [`Draft`] holds.
const DRAFT: usize = 256;

/// A short text in the making.
///
/// PERF: a text of 40 000 pieces with two ints each: a third of the instructions were the general way to write values.
pub struct Draft {
    bytes: MaybeUninit<[u8; DRAFT]>,
    len: usize,
    ascii: bool,
}

impl Draft {
    /// An empty one.
    #[inline(always)]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Draft {
        Draft { bytes: MaybeUninit::uninit(), len: 0, ascii: true }
    }

    #[inline(always)]
    fn push_bytes(&mut self, bytes: &[u8]) -> bool {
        let fits = bytes.len() <= DRAFT - self.len;
        if fits {
            // SAFETY: there is room for them.
            unsafe { copy_bytes(bytes, self.bytes.as_mut_ptr().cast::<u8>().add(self.len)) };
            self.len += bytes.len();
        }
        fits
    }

    /// Appends what `print` shows of a string or an int; false for anything else, and if there is no room for it.
    #[inline(always)]
    pub fn push(&mut self, value: &Value) -> bool {
        if value.word().is_int() {
            if self.len > DRAFT - 20 {
                return false;
            }
            // SAFETY: there is room for any int.
            self.len += unsafe {
                write_decimal(value.word().as_inline_int(), self.bytes.as_mut_ptr().cast::<u8>().add(self.len))
            };
            return true;
        }
        let Some(text) = value.as_string() else { return false };
        self.ascii &= text.is_ascii();
        self.push_bytes(text.as_str().as_bytes())
    }

    /// Appends it to a string that has room for it and no other owner; false, and nothing happens, for any other value.
    #[inline(always)]
    pub fn append_to(&self, word: Word) -> bool {
        if !word.is_object() {
            return false;
        }
        let object: *mut StringObject = word.object_ptr();
        // SAFETY: heap words are live; the kind says that it is a string. Statics and recent texts are shorter.
        unsafe {
            let header = &mut (*object).header;
            let len = (*object).len as usize;
            if header.kind != Kind::String
                || header.count != 1
                || len <= SHORT
                || self.len > (*object).cap as usize - len
            {
                return false;
            }
            let bytes = std::slice::from_raw_parts(self.bytes.as_ptr().cast::<u8>(), self.len);
            copy_bytes(bytes, StringObject::bytes(object).add(len));
            marks::grow(object, std::str::from_utf8_unchecked(bytes), self.ascii);
            (*object).len = (len + self.len) as u32;
        }
        true
    }

    /// The string.
    #[inline(always)]
    pub fn finish(&self) -> Value {
        // SAFETY: so many bytes were written: whole texts, all ASCII if that was said of each.
        unsafe {
            let bytes = std::slice::from_raw_parts(self.bytes.as_ptr().cast::<u8>(), self.len);
            if self.ascii { from_ascii(bytes) } else { new(std::str::from_utf8_unchecked(bytes)) }
        }
    }
}

/// An ASCII text with its letters turned into capitals, or into small ones.
pub fn turned(text: StringRef<'_>, capitals: bool) -> Value {
    let bytes = text.as_str().as_bytes();
    match bytes.len() {
        0 => new(""),
        1..=SHORT => {
            let word = turned_word(packed(bytes), capitals).to_le_bytes();
            // SAFETY: still ASCII.
            unsafe { from_ascii(&word[..bytes.len()]) }
        }
        // SAFETY: there is room for the text in the new object, which is nobody else's; it is still ASCII.
        len => unsafe {
            filled(len, true, |to| {
                copy_bytes(bytes, to);
                let copy = std::slice::from_raw_parts_mut(to, len);
                if capitals { copy.make_ascii_uppercase() } else { copy.make_ascii_lowercase() }
            })
        },
    }
}

/// Eight ASCII bytes at once: the bit that tells small letters from capitals is flipped in letters of the other sort.
#[inline]
fn turned_word(word: u64, capitals: bool) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (first, last) = if capitals { (b'a', b'z') } else { (b'A', b'Z') };
    let from = word + ONES * u64::from(0x80 - first);
    let behind = word + ONES * u64::from(0x7F - last);
    word ^ (from & !behind & HIGH) >> 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_found_where_they_are() {
        for len in 0..80 {
            for at in 0..=len {
                let mut bytes = vec![b'a'; len];
                bytes.extend([0xE9, b'`', b'b']);
                bytes[at] = b',';
                assert_eq!(find_byte(&bytes, b','), Some(at));
                assert_eq!(find_byte(&bytes[..at], b','), None);
            }
        }
    }

    #[test]
    fn parts_are_those_of_the_standard_library() {
        let texts = [
            "",
            ",",
            ",,",
            "a",
            "é",
            "ab,cd",
            ",x,,a long enough part,é,",
            "0123456789",
            "é,0123456789,ab",
            "a\0,\0",
            "a,\0b",
        ];
        for text in texts.iter().map(|text| text.to_string()).chain(texts.iter().map(|text| text.repeat(20))) {
            let value = new(&text);
            let zeros = split_at_byte(value.as_string().unwrap(), 0);
            let found: Vec<&str> = zeros.as_array().unwrap().iter().filter_map(Value::as_str).collect();
            assert_eq!(found, text.split('\0').collect::<Vec<_>>());
            let parts = split_at_byte(value.as_string().unwrap(), b',');
            let found: Vec<&str> = parts.as_array().unwrap().iter().filter_map(Value::as_str).collect();
            assert_eq!(found, text.split(',').collect::<Vec<_>>());
            for part in parts.as_array().unwrap() {
                assert_eq!(part.as_string().unwrap().is_ascii(), part.as_str().unwrap().is_ascii());
            }
            for separator in ["", ",", " é "] {
                let whole = new(separator);
                let len = joined_len(parts.as_array().unwrap(), separator).unwrap();
                let joined = join(parts.as_array().unwrap(), whole.as_string().unwrap(), len);
                let expected = found.join(separator);
                assert_eq!(joined.as_str(), Some(expected.as_str()));
                assert!(!joined.as_string().unwrap().is_ascii() || expected.is_ascii());
            }
        }
    }

    #[test]
    fn parts_and_ints_are_those_of_the_general_ways() {
        let value = new("0123456789");
        let text = value.as_string().unwrap();
        for start in -2..14 {
            for end in -2..14 {
                if let Some(part) = ascii_part(text, start, end) {
                    assert_eq!(part.as_str(), Some(&"0123456789"[start as usize..end as usize]));
                } else {
                    assert!(start < 0 || end <= start || end > 10 || end - start == 10);
                }
            }
        }
        assert!(ascii_part(new("éa").as_string().unwrap(), 0, 1).is_none());
        for text in ["0", "7", "-7", "-0", "007", "123456789", "-123456789"] {
            assert_eq!(small_int(text), text.parse().ok());
        }
        for text in ["", "-", "--1", "+1", " 1", "1 ", "1x", "1234567890", "x"] {
            assert_eq!(small_int(text), None);
        }
    }

    #[test]
    fn letters_are_turned_as_the_standard_library_does() {
        for first in 0..128u8 {
            for len in [1, 2, 5, 8, 9, 20] {
                let text: String =
                    (0..len).map(|i| char::from(first.wrapping_add(17u8.wrapping_mul(i)) % 128)).collect();
                let value = new(&text);
                let turned = |capitals| turned(value.as_string().unwrap(), capitals);
                assert_eq!(turned(true).as_str(), Some(text.to_ascii_uppercase().as_str()));
                assert_eq!(turned(false).as_str(), Some(text.to_ascii_lowercase().as_str()));
            }
        }
    }

    #[test]
    fn drafts_hold_what_fits() {
        for len in 0..20 {
            let (text, mut draft) = ("x".repeat(len), Draft::new());
            assert!(draft.push(&new(&text)) && draft.push(&Value::int(-12)) && draft.push(&new("é")));
            assert_eq!(draft.finish().as_str(), Some(format!("{text}-12é").as_str()));
        }
        let mut draft = Draft::new();
        assert!(!draft.push(&Value::NULL) && !draft.push(&Value::float(1.5)));
        assert!(draft.push(&new(&"y".repeat(DRAFT - 1))) && !draft.push(&new("ab")) && draft.push(&new("a")));
        assert_eq!(draft.finish().as_str().map(str::len), Some(DRAFT));
        let (mut short, long, shared) = (Draft::new(), new("0123456789"), new("abcdefghij"));
        assert!(short.push(&Value::int(0)) && short.push(&Value::int(-i64::from(u32::MAX))));
        assert!(short.append_to(long.word()) && !draft.append_to(long.word()));
        assert_eq!(long.as_str(), Some("01234567890-4294967295"));
        let other = shared.clone();
        assert!(!short.append_to(shared.word()) && !short.append_to(new("ab").word()) && !short.append_to(Word::NULL));
        assert_eq!((shared.as_str(), other.as_str()), (Some("abcdefghij"), Some("abcdefghij")));
        drop(other);
        let mut accent = Draft::new();
        assert!(accent.push(&new("é")) && accent.append_to(shared.word()));
        assert!(!shared.as_string().unwrap().is_ascii());
    }
}
