//! Strings: UTF-8 behind a header that caches what is asked often (hash, number of code points, whether all is ASCII, whether the
//! text is the canonical form of an int and hence an int key).
//!
//! The empty string and the 128 one-character ASCII strings are statics with every cache filled, so nobody ever writes them.
//!
//! Texts of two to eight bytes are words, keys and codes that programs make again and again: a table without counts remembers the
//! latest ones, and a text that is in it gets one more owner instead of an object. A string leaves the table before it dies or changes.

use super::error::RuntimeError;
use super::heap::{self, Header, IMMORTAL, Kind};
use super::operators::LONG;
use super::value::Value;
use super::word::{INLINE_INT_LIMIT, Word};
use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::{offset_of, size_of};
use std::ptr;

mod compose;
mod marks;
pub use compose::{
    Draft, ascii_part, decimal, find_byte, from_int, join, joined_len, small_int, split_at_byte, turned,
};

/// The fixed part of a string; the bytes follow.
#[repr(C)]
pub struct StringObject {
    /// Of kind [`Kind::String`].
    pub header: Header,
    /// Bytes in use.
    pub len: u32,
    /// Bytes there is room for.
    pub cap: u32,
    hash: u32,
    chars: u32,
}

/// Offset of the length in bytes.
pub const LEN_OFFSET: usize = offset_of!(StringObject, len);
/// Offset of the capacity.
pub const CAP_OFFSET: usize = offset_of!(StringObject, cap);
/// Offset of the first byte.
pub const BYTES_OFFSET: usize = size_of::<StringObject>();
/// Flag: every byte is ASCII.
pub const FLAG_ASCII: u8 = 1;
const FLAG_HASHED: u8 = 2;
const FLAG_KEY_KNOWN: u8 = 4;
const FLAG_KEY_IS_INT: u8 = 8;
const FLAG_CHARS_KNOWN: u8 = 16;
/// Flag: the table of recent strings may hold its address. It takes a bit of the cycle collector, which never looks at strings.
pub const FLAG_RECENT: u8 = 64;
/// The longest text the table of recent strings holds, one word.
const SHORT: usize = size_of::<u64>();
/// Flag: marks of where its characters begin stand in the place of hash and number of characters ([`marks`]). As [`FLAG_RECENT`].
const FLAG_MARKED: u8 = 128;
/// Flags of strings that somebody must hear of when they die.
pub(super) const FLAGS_KNOWN_ELSEWHERE: u8 = FLAG_RECENT | FLAG_MARKED;
const RECENT: usize = 1024;
/// The longest string anything may build.
pub const MAX_LEN: usize = (1 << 30) - 64;

fn size_for(cap: usize) -> usize {
    heap::rounded(BYTES_OFFSET + cap)
}

/// The hash of a text, 32 bits.
pub const fn hash_bytes(bytes: &[u8]) -> u32 {
    const K: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut hash = bytes.len() as u64 ^ 0x51_7C_C1_B7;
    let mut at = 0;
    while at < bytes.len() {
        let mut word = 0u64;
        let mut i = 0;
        while i < 8 && at + i < bytes.len() {
            word |= (bytes[at + i] as u64) << (8 * i);
            i += 1;
        }
        hash = (hash ^ word).wrapping_mul(K);
        hash ^= hash >> 29;
        at += 8;
    }
    hash = hash.wrapping_mul(K);
    (hash >> 32) as u32
}

/// [`hash_bytes`] at run time, eight bytes at once.
fn hash_text(bytes: &[u8]) -> u32 {
    const K: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut hash = bytes.len() as u64 ^ 0x51_7C_C1_B7;
    let mut mix = |word: u64| {
        hash = (hash ^ word).wrapping_mul(K);
        hash ^= hash >> 29;
    };
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().for_each(|word| mix(u64::from_le_bytes(*word)));
    if !rest.is_empty() {
        mix(rest.iter().rev().fold(0, |word, &byte| word << 8 | byte as u64));
    }
    hash = hash.wrapping_mul(K);
    (hash >> 32) as u32
}

/// The int whose canonical decimal form `text` is, if it fits inline.
pub fn canonical_int(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.is_empty() || digits.len() > 15 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    if digits[0] == b'0' && text.len() > 1 {
        return None;
    }
    let magnitude = digits.iter().fold(0i64, |n, digit| n * 10 + (digit - b'0') as i64);
    let int = if digits.len() < text.len() { -magnitude } else { magnitude };
    (-INLINE_INT_LIMIT..INLINE_INT_LIMIT).contains(&int).then_some(int)
}

#[repr(C, align(16))]
struct StaticString {
    object: StringObject,
    bytes: [u8; 8],
}

impl StaticString {
    const fn of(byte: Option<u8>) -> StaticString {
        let text: [u8; 1] = [match byte {
            Some(byte) => byte,
            None => 0,
        }];
        let len = byte.is_some() as u32;
        let key = if text[0].is_ascii_digit() { FLAG_KEY_IS_INT } else { 0 };
        let hash = if len == 1 { hash_bytes(&text) } else { hash_bytes(&[]) };
        let flags = FLAG_ASCII | FLAG_HASHED | FLAG_KEY_KNOWN | FLAG_CHARS_KNOWN | key;
        StaticString {
            object: StringObject {
                header: Header { count: IMMORTAL, kind: Kind::String, flags, extra: 0 },
                len,
                cap: 8,
                hash,
                chars: len,
            },
            bytes: [text[0], 0, 0, 0, 0, 0, 0, 0],
        }
    }
}

static ONE_CHARACTER: [StaticString; 128] = {
    let mut all = [const { StaticString::of(None) }; 128];
    let mut byte = 0;
    while byte < 128 {
        all[byte] = StaticString::of(Some(byte as u8));
        byte += 1;
    }
    all
};
static EMPTY: StaticString = StaticString::of(None);

impl StringObject {
    #[inline]
    unsafe fn bytes(object: *const StringObject) -> *mut u8 {
        // SAFETY: the bytes start right behind the fixed part.
        unsafe { (object as *mut u8).add(BYTES_OFFSET) }
    }

    #[inline]
    pub(super) unsafe fn size(object: *const StringObject) -> usize {
        // SAFETY: the caller's.
        size_for(unsafe { (*object).cap } as usize)
    }

    fn allocate(cap: usize) -> *mut StringObject {
        let size = size_for(cap);
        let object: *mut StringObject = heap::alloc_object(size);
        let cap = (size - BYTES_OFFSET) as u32;
        // SAFETY: fresh memory.
        unsafe { object.write(StringObject { header: Header::new(Kind::String), len: 0, cap, hash: 0, chars: 0 }) };
        object
    }
}

thread_local! {
    static RECENT_STRINGS: [Cell<*mut StringObject>; RECENT] = const { [const { Cell::new(ptr::null_mut()) }; RECENT] };
}

/// At most eight bytes as one word, zeros behind.
#[inline]
fn packed(text: &[u8]) -> u64 {
    let (from, len) = (text.as_ptr(), text.len());
    // SAFETY: the two reads overlap and stay inside the text.
    unsafe {
        match len {
            0 => 0,
            1 => u64::from(*from),
            2 | 3 => {
                let (first, last) =
                    (from.cast::<u16>().read_unaligned(), from.add(len - 2).cast::<u16>().read_unaligned());
                u64::from(first) | u64::from(last) << (8 * (len - 2))
            }
            _ => {
                debug_assert!(len <= SHORT);
                let (first, last) =
                    (from.cast::<u32>().read_unaligned(), from.add(len - 4).cast::<u32>().read_unaligned());
                u64::from(first) | u64::from(last) << (8 * (len - 4))
            }
        }
    }
}

#[inline]
fn recent_slot(text: u64) -> usize {
    (text.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - RECENT.ilog2())) as usize
}

/// The string of the first `len` bytes of a word, two to eight, with zeros behind: a recent one or a new one.
#[inline]
fn recent(text: u64, len: usize) -> Value {
    RECENT_STRINGS.with(|recent| {
        let slot = &recent[recent_slot(text)];
        let object = slot.get();
        // SAFETY: the table holds live strings, which have room for eight bytes; so has the new one.
        unsafe {
            if !object.is_null()
                && (*object).len as usize == len
                && StringObject::bytes(object).cast::<u64>().read_unaligned() == text
            {
                return Value::from_borrowed(Word::object(object));
            }
            let object = StringObject::allocate(len);
            (*object).len = len as u32;
            (*object).header.flags = if text & HIGH == 0 { FLAG_RECENT | FLAG_ASCII } else { FLAG_RECENT };
            StringObject::bytes(object).cast::<u64>().write_unaligned(text);
            slot.set(object);
            Value::from_word(Word::object(object))
        }
    })
}

/// A string with one of [`FLAGS_KNOWN_ELSEWHERE`] dies: takes it out of the table of recent ones, frees its marks.
///
/// # Safety
/// It has no owner left.
#[inline(never)]
pub(super) unsafe fn dies(object: *mut StringObject) {
    // SAFETY: the caller's, and the flags say what there is.
    unsafe {
        if (*object).header.flags & FLAG_RECENT != 0 {
            forget(object);
        }
        if (*object).header.flags & FLAG_MARKED != 0 {
            marks::free(object);
        }
    }
}

/// Takes a string with [`FLAG_RECENT`] out of the table, if it is still there.
///
/// # Safety
/// It is live, and its text has not changed since it got the flag.
unsafe fn forget(object: *mut StringObject) {
    // SAFETY: such strings have eight bytes, zeros behind the text.
    let slot = unsafe {
        (*object).header.flags &= !FLAG_RECENT;
        recent_slot(StringObject::bytes(object).cast::<u64>().read_unaligned())
    };
    RECENT_STRINGS.with(|recent| {
        if recent[slot].get() == object {
            recent[slot].set(ptr::null_mut());
        }
    });
}

/// The word of the empty string; it needs no counting.
pub fn empty_word() -> Word {
    Word::object(&raw const EMPTY.object)
}

/// The word of a one-character string; it needs no counting.
///
/// # Panics
/// Never for ASCII bytes.
#[inline]
pub fn ascii_word(byte: u8) -> Word {
    Word::object(&raw const ONE_CHARACTER[(byte & 0x7F) as usize].object)
}

/// How many one-character strings there are.
pub const CHARACTERS: u64 = 128;

/// From the word of one of them to that of the next.
const CHARACTER_SPAN: u64 = size_of::<StaticString>() as u64;

/// The word of the one-character string of NUL. Those of the other ASCII characters follow in order, so they compare as their texts do.
#[inline(always)]
fn first_character() -> u64 {
    Word::object(&raw const ONE_CHARACTER[0].object).0
}

/// Whether a word is a one-character string of the table. A string of one ASCII character that is not in it is rare.
#[inline(always)]
pub fn is_character(word: u64) -> bool {
    word.wrapping_sub(first_character()) < CHARACTERS * CHARACTER_SPAN
}

/// The character that a word is a string of, if that is below [`CHARACTERS`].
#[inline(always)]
pub fn character_of(word: u64) -> u64 {
    word.wrapping_sub(first_character()) / CHARACTER_SPAN
}

/// A string.
pub fn new(text: &str) -> Value {
    if text.len() <= 1 {
        return short(text.as_bytes());
    }
    if text.len() <= SHORT {
        return recent(packed(text.as_bytes()), text.len());
    }
    let object = allocate_for(text.len());
    // SAFETY: there is room for the text in the new object.
    unsafe {
        if copy_text(text, StringObject::bytes(object)) {
            (*object).header.flags = FLAG_ASCII;
        }
        (*object).len = text.len() as u32;
        Value::from_word(Word::object(object))
    }
}

/// The static string of at most one ASCII byte.
fn short(bytes: &[u8]) -> Value {
    let word = match bytes.first() {
        Some(&byte) => ascii_word(byte),
        None => empty_word(),
    };
    // SAFETY: statics live forever.
    unsafe { Value::from_word(word) }
}

/// A new object for a text of `len` bytes, which the caller writes.
#[inline]
fn allocate_for(len: usize) -> *mut StringObject {
    if len > MAX_LEN {
        heap::exhausted();
    }
    StringObject::allocate(len)
}

/// The bits that no ASCII byte has.
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Copies a text, and says whether it is all ASCII.
///
/// PERF: most texts are cells, words and tokens; two overlapping words cost less than the calls of `memcpy` and of a search.
///
/// # Safety
/// There is room for it, elsewhere.
#[inline]
unsafe fn copy_text(text: &str, to: *mut u8) -> bool {
    let (from, len) = (text.as_ptr(), text.len());
    // SAFETY: all reads and writes are inside the first `len` bytes.
    unsafe {
        if len > 16 {
            ptr::copy_nonoverlapping(from, to, len);
            return text.is_ascii();
        }
        if len >= 8 {
            let (first, last) = (from.cast::<u64>().read_unaligned(), from.add(len - 8).cast::<u64>().read_unaligned());
            to.cast::<u64>().write_unaligned(first);
            to.add(len - 8).cast::<u64>().write_unaligned(last);
            return (first | last) & HIGH == 0;
        }
        if len >= 4 {
            let (first, last) = (from.cast::<u32>().read_unaligned(), from.add(len - 4).cast::<u32>().read_unaligned());
            to.cast::<u32>().write_unaligned(first);
            to.add(len - 4).cast::<u32>().write_unaligned(last);
            return (first | last) & HIGH as u32 == 0;
        }
        let mut all = 0;
        for at in 0..len {
            let byte = *from.add(at);
            all |= byte;
            *to.add(at) = byte;
        }
        all < 0x80
    }
}

/// The bytes `[from, to)` of a string, which are whole characters; the string itself, if that is all of it.
///
/// # Panics
/// If there are not so many, or the characters are not whole.
#[inline]
pub fn part(text: StringRef<'_>, from: usize, to: usize) -> Value {
    let all = text.as_str();
    if to - from == all.len() {
        // SAFETY: a live string gets one more owner.
        return unsafe { Value::from_borrowed(Word::object(text.object)) };
    }
    new(&all[from..to])
}

/// An empty string of one owner with room for `cap` bytes, for [`append`].
pub fn with_capacity(cap: usize) -> Value {
    let object = allocate_for(cap);
    // SAFETY: a new object with one owner.
    unsafe {
        (*object).header.flags = FLAG_ASCII;
        Value::from_word(Word::object(object))
    }
}

/// The two texts one after the other.
pub fn concat(left: &str, right: &str) -> Value {
    joined(left, right, left.is_ascii() && right.is_ascii())
}

/// [`concat`] of two to eight bytes together.
#[inline]
fn joined_short(left: &str, right: &str) -> Value {
    let behind = packed(right.as_bytes()).checked_shl(8 * left.len() as u32).unwrap_or(0);
    recent(packed(left.as_bytes()) | behind, left.len() + right.len())
}

/// [`concat`], where it is known whether both are ASCII.
fn joined(left: &str, right: &str, ascii: bool) -> Value {
    let len = left.len() + right.len();
    if len <= 1 {
        return short(if left.is_empty() { right.as_bytes() } else { left.as_bytes() });
    }
    if len <= SHORT {
        return joined_short(left, right);
    }
    let object = allocate_for(len);
    // SAFETY: there is room for both; they are distinct from the new object.
    unsafe {
        let bytes = StringObject::bytes(object);
        copy_text(left, bytes);
        copy_text(right, bytes.add(left.len()));
        (*object).len = len as u32;
        if ascii {
            (*object).header.flags = FLAG_ASCII;
        }
        Value::from_word(Word::object(object))
    }
}

/// Whether two strings have the same text.
///
/// # Safety
/// Both words are live strings.
#[inline]
pub unsafe fn same(left: Word, right: Word) -> bool {
    if left == right {
        return true;
    }
    // SAFETY: the caller's.
    unsafe { StringRef::of(left).as_str() == StringRef::of(right).as_str() }
}

/// As [`same`], if that needs no look into long texts.
///
/// # Safety
/// Both words are live strings.
#[inline]
pub unsafe fn same_if_short(left: Word, right: Word) -> Option<bool> {
    if left == right {
        return Some(true);
    }
    // SAFETY: the caller's.
    let (left, right) = unsafe { (StringRef::of(left).as_str(), StringRef::of(right).as_str()) };
    if left.len() != right.len() {
        return Some(false);
    }
    (left.len() <= LONG).then(|| left == right)
}

/// `left + right` of two strings; `left` grows in place if it is owned here and by nobody else. `None` if the sum is too long.
pub fn sum(left: Value, right: &Value) -> Result<Value, Value> {
    let (Some(a), Some(b)) = (left.as_string(), right.as_string()) else { return Err(left) };
    let sum = a.as_str().len() + b.as_str().len();
    if sum > MAX_LEN || (sum > LONG && !heap::may_allocate(sum)) {
        return Err(left);
    }
    // Both may be one string with one count, when the right operand is only borrowed.
    if !left.is_unique() || left.word() == right.word() {
        return Ok(joined(a.as_str(), b.as_str(), a.is_ascii() && b.is_ascii()));
    }
    if (2..=SHORT).contains(&sum) {
        return Ok(joined_short(a.as_str(), b.as_str()));
    }
    let (text, ascii) = (b.as_str(), b.is_ascii());
    let mut left = left;
    extend(&mut left, text, ascii);
    Ok(left)
}

/// Appends a text to a string without other owners.
///
/// # Errors
/// The sum is longer than a string may be, or than the memory allows; nothing has changed.
pub fn lengthen(value: &mut Value, text: &str) -> Result<(), RuntimeError> {
    let sum = value.as_str().map_or(0, str::len) + text.len();
    if sum > MAX_LEN || (sum > LONG && !heap::may_allocate(sum)) {
        return Err(RuntimeError::out_of_memory());
    }
    append(value, text);
    Ok(())
}

/// The one-character string of `c`.
pub fn from_char(c: char) -> Value {
    new(c.encode_utf8(&mut [0; 4]))
}

/// Appends to a string: in place if `value` is its only owner. The sum of the lengths must not exceed [`MAX_LEN`].
pub fn append(value: &mut Value, text: &str) {
    let Some(string) = value.as_string() else { return };
    if text.is_empty() {
        return;
    }
    if !value.is_unique() {
        *value = concat(string.as_str(), text);
        return;
    }
    extend(value, text, text.is_ascii());
}

/// Appends to a string without other owners.
#[inline]
fn extend(value: &mut Value, text: &str, text_is_ascii: bool) {
    let mut object: *mut StringObject = value.word().object_ptr();
    // SAFETY: the string is ours alone, so it may move; `text` cannot borrow from it, since `value` is borrowed for writing.
    unsafe {
        let len = (*object).len as usize;
        let need = len + text.len();
        if (*object).header.flags & FLAG_RECENT != 0 {
            forget(object);
        }
        if need > (*object).cap as usize {
            if need > MAX_LEN {
                heap::exhausted();
            }
            let new = size_for((need + need / 2).max(32));
            object = heap::realloc_bytes(object as *mut u8, StringObject::size(object), new) as *mut StringObject;
            (*object).cap = (new - BYTES_OFFSET) as u32;
            *value.word_mut() = Word::object(object);
        }
        copy_text(text, StringObject::bytes(object).add(len));
        marks::grow(object, text, text_is_ascii);
        (*object).len = need as u32;
    }
}

/// A string somebody owns.
#[derive(Clone, Copy)]
pub struct StringRef<'a> {
    object: *mut StringObject,
    owner: PhantomData<&'a Value>,
}

impl<'a> StringRef<'a> {
    /// # Safety
    /// `word` is a string that lives for `'a`.
    #[inline]
    pub(super) unsafe fn of(word: Word) -> StringRef<'a> {
        StringRef { object: word.object_ptr(), owner: PhantomData }
    }

    #[inline]
    fn fields(&self) -> &StringObject {
        // SAFETY: live for 'a; caches are written through the raw pointer only between uses of this reference.
        unsafe { &*self.object }
    }

    /// The text.
    #[inline]
    pub fn as_str(self) -> &'a str {
        // SAFETY: `len` bytes of valid UTF-8 are in use; shared strings do not change.
        unsafe {
            let bytes = StringObject::bytes(self.object);
            std::str::from_utf8_unchecked(std::slice::from_raw_parts(bytes, (*self.object).len as usize))
        }
    }

    /// Every byte ASCII?
    #[inline]
    pub fn is_ascii(self) -> bool {
        self.fields().header.flags & FLAG_ASCII != 0
    }

    /// How many code points.
    pub fn char_count(self) -> usize {
        let fields = self.fields();
        if fields.header.flags & FLAG_ASCII != 0 {
            return fields.len as usize;
        }
        if fields.header.flags & FLAG_CHARS_KNOWN != 0 {
            return fields.chars as usize;
        }
        if fields.header.flags & FLAG_MARKED != 0 {
            // SAFETY: a live string with marks.
            return unsafe { marks::chars(self.object) };
        }
        let chars = marks::count(self.as_str());
        // SAFETY: an object without the flag is no static, and belongs to this thread.
        unsafe {
            (*self.object).chars = chars as u32;
            (*self.object).header.flags |= FLAG_CHARS_KNOWN;
        }
        chars
    }

    /// The code point at `index`, as a string.
    pub fn char_at(self, index: usize) -> Option<Value> {
        if self.is_ascii() {
            let byte = *self.as_str().as_bytes().get(index)?;
            // SAFETY: statics live forever.
            return Some(unsafe { Value::from_word(ascii_word(byte)) });
        }
        self.as_str()[self.byte_of(index)..].chars().next().map(from_char)
    }

    /// The byte at which code point `index` begins, or the length of the text if there are not so many.
    #[inline]
    pub fn byte_of(self, index: usize) -> usize {
        if self.is_ascii() {
            return index.min(self.fields().len as usize);
        }
        // SAFETY: a live string; all statics are ASCII or empty.
        unsafe { marks::byte_of(self.object, index) }
    }

    /// The hash, computed once.
    #[inline]
    pub fn hash(self) -> u32 {
        let fields = self.fields();
        if fields.header.flags & FLAG_HASHED != 0 {
            return fields.hash;
        }
        self.first_hash()
    }

    /// The hash of a string without [`FLAG_HASHED`].
    #[inline(never)]
    fn first_hash(self) -> u32 {
        if self.fields().header.flags & FLAG_MARKED != 0 {
            // SAFETY: a live string with marks.
            return unsafe { marks::hash(self.object, || hash_text(self.as_str().as_bytes())) };
        }
        let hash = hash_text(self.as_str().as_bytes());
        // SAFETY: an object without the flag is no static, and belongs to this thread.
        unsafe {
            (*self.object).hash = hash;
            (*self.object).header.flags |= FLAG_HASHED;
        }
        hash
    }

    /// The int that is the same dict key, if there is one; whether there is one is found out once.
    #[inline]
    pub fn int_key(self) -> Option<i64> {
        let flags = self.fields().header.flags;
        if flags & (FLAG_KEY_KNOWN | FLAG_KEY_IS_INT) == FLAG_KEY_KNOWN {
            return None;
        }
        let int = canonical_int(self.as_str().as_bytes());
        if flags & FLAG_KEY_KNOWN == 0 {
            let known = if int.is_some() { FLAG_KEY_KNOWN | FLAG_KEY_IS_INT } else { FLAG_KEY_KNOWN };
            // SAFETY: an object without the flag is no static, and belongs to this thread.
            unsafe { (*self.object).header.flags |= known };
        }
        int
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_hashes_agree() {
        for len in 0..40 {
            let text: Vec<u8> = (0..len).map(|i| (i * 37 + 65) as u8).collect();
            assert_eq!(hash_text(&text), hash_bytes(&text));
        }
    }

    #[test]
    fn ints_are_decimal() {
        let edges = [0, 7, 9, 10, 11, 99, 100, 101, 999, 1000, 9999, 10_000, 123_456_789, i64::MAX];
        for i in edges.into_iter().flat_map(|i| [i, -i]).chain([i64::MIN]) {
            assert_eq!(decimal(i, &mut [0; 20]), i.to_string());
            assert_eq!(from_int(i).as_str(), Some(i.to_string().as_str()));
            assert_eq!(from_int(i).as_string().unwrap().int_key(), canonical_int(i.to_string().as_bytes()));
        }
    }

    #[test]
    fn texts_of_all_lengths_are_copied_whole() {
        for len in 0..40 {
            for accent in 0..=len {
                let text: String = (0..len).map(|at| if at == accent { 'é' } else { 'a' }).collect();
                let value = new(&text);
                assert_eq!(value.as_str(), Some(text.as_str()));
                assert_eq!(value.as_string().unwrap().is_ascii(), text.is_ascii());
            }
        }
    }

    #[test]
    fn canonical_ints_are_exactly_what_printing_gives() {
        for i in [0, 1, -1, 10, INLINE_INT_LIMIT - 1, -INLINE_INT_LIMIT] {
            assert_eq!(canonical_int(i.to_string().as_bytes()), Some(i));
        }
        for text in ["", "-", "-0", "00", "01", "+1", " 1", "1.0", "562949953421312", "9999999999999999999"] {
            assert_eq!(canonical_int(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn one_character_strings_are_shared_and_immortal() {
        let before = heap::stats();
        let a = Value::string("a");
        let b = from_char('a');
        assert_eq!(a.word(), b.word());
        assert_eq!(Value::string("7").as_string().unwrap().int_key(), Some(7));
        assert_eq!(Value::string("").as_str(), Some(""));
        assert_eq!(heap::stats(), before);
    }

    #[test]
    fn short_texts_made_again_are_one_object_until_it_dies_or_changes() {
        let before = heap::stats();
        for text in ["ab", "né", "abc", "12345", "ab\0", "seven77", "eight888"] {
            let a = new(text);
            for at in (0..=text.len()).filter(|&at| text.is_char_boundary(at)) {
                let b = concat(&text[..at], &text[at..]);
                assert_eq!((b.as_str(), b.word()), (Some(text), a.word()), "{text} at {at}");
                assert_eq!(b.as_string().unwrap().is_ascii(), text.is_ascii());
            }
        }
        let (first, second) = (new("changed"), new("changed"));
        assert!(!first.is_unique());
        drop(second);
        let mut first = first;
        append(&mut first, "!");
        append(&mut first, "?");
        assert_eq!((first.as_str(), new("changed").as_str()), (Some("changed!?"), Some("changed")));
        // Every address in the table is that of a string whose text belongs there.
        RECENT_STRINGS.with(|recent| {
            for (at, object) in recent.iter().map(Cell::get).enumerate().filter(|(_, object)| !object.is_null()) {
                // SAFETY: that is what is tested; memory of small objects stays readable.
                assert_eq!(recent_slot(unsafe { StringObject::bytes(object).cast::<u64>().read_unaligned() }), at);
            }
        });
        assert_ne!(new("ninebytes").word(), new("ninebytes").word());
        drop(first);
        // More texts than the table has room for, alive and dead.
        let many: Vec<Value> = (0..5000).map(|i| new(&format!("t{i}"))).collect();
        for (i, value) in many.into_iter().enumerate().filter(|(i, _)| i % 3 != 0) {
            assert_eq!((value.as_str(), new(&format!("t{i}")).as_str()), (Some(&*format!("t{i}")), value.as_str()));
        }
        // What has died is made anew, and counted.
        for i in 0..5000 {
            let allocations = heap::stats().allocations;
            assert!(new(&format!("t{i}")).is_unique());
            assert_eq!(heap::stats().allocations, allocations + 1);
        }
        assert_eq!((heap::stats().live_objects, heap::stats().live_bytes), (before.live_objects, before.live_bytes));
    }

    #[test]
    fn appending_is_in_place_for_one_owner_only() {
        let mut s = Value::string("some text");
        let kept = s.clone();
        append(&mut s, " é");
        assert_eq!(kept.as_str(), Some("some text"));
        let hash = s.as_string().unwrap().hash();
        let allocations = heap::stats().allocations;
        for _ in 0..1000 {
            append(&mut s, "xy");
        }
        assert_eq!(heap::stats().allocations, allocations);
        let string = s.as_string().unwrap();
        assert_ne!(string.hash(), hash);
        assert!(!string.is_ascii());
        assert_eq!(string.char_count(), 2011);
        assert_eq!(string.char_at(10).unwrap().as_str(), Some("é"));
        assert!(kept.as_string().unwrap().is_ascii());
    }
}
