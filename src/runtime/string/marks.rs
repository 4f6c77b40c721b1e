//! Where the characters of a long text begin: the byte of every 64th one, noted beside the text.
//!
//! A text that is not all ASCII is walked to find a character. A short one is walked each time; a long one once: its marks are made
//! when a character is first asked for, and go on from where they end when the text has been appended to. So a character is found
//! after a walk of less than [`SPAN`] characters, in whatever order they are asked for.
//!
//! The fixed part of a string has no room for an address, so the marks take the place of hash and number of characters, and hold these.

use super::{FLAG_ASCII, FLAG_CHARS_KNOWN, FLAG_HASHED, FLAG_MARKED, HIGH, StringObject, packed};
use crate::runtime::budget;
use crate::runtime::heap;
use std::mem::size_of;
use std::ptr;

/// Characters from one mark to the next.
const SPAN: usize = 64;
/// Bytes of a text that is walked each time.
const WALKED: usize = 256;

/// What stands beside a marked text; the marks follow: mark `k` is the byte where character `(k + 1) * SPAN` begins.
#[repr(C)]
struct Marks {
    /// Marks there is room for.
    room: u32,
    /// Bytes of the text that were walked.
    bytes: u32,
    /// Characters in them.
    chars: u32,
    /// The hash of the text, if `hashed`.
    hash: u32,
    hashed: bool,
}

impl Marks {
    fn size(room: u32) -> usize {
        size_of::<Marks>() + room as usize * size_of::<u32>()
    }

    /// # Safety
    /// `marks` is live, and the mark within its room.
    unsafe fn place(marks: *mut Marks, at: usize) -> *mut u32 {
        // SAFETY: the caller's; the marks stand right after the fixed part.
        unsafe { (marks.add(1) as *mut u32).add(at) }
    }
}

/// The high bits of the bytes of a word that begin a character.
#[inline(always)]
fn beginnings(word: u64) -> u64 {
    (!word | word << 1) & HIGH
}

/// How many characters.
pub(super) fn count(text: &str) -> usize {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let sum: u32 = words.iter().map(|word| beginnings(u64::from_le_bytes(*word)).count_ones()).sum();
    // Zeros behind the text count as characters.
    let behind = 8 - rest.len() as u32;
    sum as usize + (beginnings(packed(rest)).count_ones() - behind) as usize
}

/// Where the character `skipped` characters after the beginning of a text begins; the length, if there are not so many.
pub(super) fn walk(text: &[u8], mut skipped: usize) -> usize {
    let (words, rest) = text.as_chunks::<8>();
    for at in 0..=words.len() {
        let word = words.get(at).map_or_else(|| packed(rest), |word| u64::from_le_bytes(*word));
        let mut found = beginnings(word);
        let here = found.count_ones() as usize;
        if skipped < here {
            for _ in 0..skipped {
                found &= found - 1;
            }
            return (8 * at + found.trailing_zeros() as usize / 8).min(text.len());
        }
        skipped -= here;
    }
    text.len()
}

/// The address of the marks.
///
/// # Safety
/// The string is live.
unsafe fn slot(object: *mut StringObject) -> *mut *mut Marks {
    const { assert!(std::mem::offset_of!(StringObject, hash).is_multiple_of(8)) };
    const { assert!(std::mem::offset_of!(StringObject, chars) == std::mem::offset_of!(StringObject, hash) + 4) };
    // SAFETY: the caller's; hash and number of characters are eight aligned bytes together.
    unsafe { &raw mut (*object).hash as *mut *mut Marks }
}

/// The marks of a text, up to its end.
///
/// # Safety
/// The string is live, belongs to this thread and is not all ASCII.
unsafe fn marks_of(object: *mut StringObject) -> *mut Marks {
    // SAFETY: a marked string has marks in the place of hash and number; others get them.
    unsafe {
        if (*object).header.flags & FLAG_MARKED == 0 {
            let room = (*object).len / SPAN as u32;
            let marks = heap::alloc_bytes(Marks::size(room)) as *mut Marks;
            let hashed = (*object).header.flags & FLAG_HASHED != 0;
            marks.write(Marks { room, bytes: 0, chars: 0, hash: (*object).hash, hashed });
            (*object).header.flags &= !(FLAG_HASHED | FLAG_CHARS_KNOWN);
            (*object).header.flags |= FLAG_MARKED;
            *slot(object) = marks;
        }
        if (**slot(object)).bytes < (*object).len {
            go_on(object);
        }
        *slot(object)
    }
}

/// Walks what was appended to a marked text.
///
/// # Safety
/// As for [`marks_of`].
unsafe fn go_on(object: *mut StringObject) {
    // SAFETY: the text is `len` bytes long, and there is no more than a mark for SPAN of them.
    unsafe {
        let mut marks = *slot(object);
        let len = (*object).len;
        let need = len / SPAN as u32;
        if need > (*marks).room {
            let (old, room) = ((*marks).room, need + need / 2);
            marks = heap::realloc_bytes(marks as *mut u8, Marks::size(old), Marks::size(room)) as *mut Marks;
            (*marks).room = room;
            *slot(object) = marks;
        }
        let bytes = std::slice::from_raw_parts(StringObject::bytes(object), len as usize);
        let mut at = (*marks).bytes as usize;
        budget::spend((len as usize - at) / budget::BYTES);
        let mut chars = (*marks).chars as usize;
        while at < bytes.len() {
            let missing = SPAN - chars % SPAN;
            let next = at + walk(&bytes[at..], missing);
            if next == bytes.len() {
                chars += count(std::str::from_utf8_unchecked(&bytes[at..]));
                if chars.is_multiple_of(SPAN) {
                    Marks::place(marks, chars / SPAN - 1).write(next as u32);
                }
                break;
            }
            chars += missing;
            Marks::place(marks, chars / SPAN - 1).write(next as u32);
            at = next;
        }
        ((*marks).bytes, (*marks).chars) = (len, chars as u32);
    }
}

/// Where character `index` of a text that is not all ASCII begins; its length, if there are not so many.
///
/// # Safety
/// The string is live and belongs to this thread.
pub(super) unsafe fn byte_of(object: *mut StringObject, index: usize) -> usize {
    // SAFETY: the caller's.
    unsafe {
        let bytes = std::slice::from_raw_parts(StringObject::bytes(object), (*object).len as usize);
        if bytes.len() <= WALKED {
            return walk(bytes, index);
        }
        let marks = marks_of(object);
        if index >= (*marks).chars as usize {
            return bytes.len();
        }
        let from = match index / SPAN {
            0 => 0,
            mark => *Marks::place(marks, mark - 1) as usize,
        };
        from + walk(&bytes[from..], index % SPAN)
    }
}

/// How many characters a marked text has.
///
/// # Safety
/// The string is live and marked.
pub(super) unsafe fn chars(object: *mut StringObject) -> usize {
    // SAFETY: the caller's.
    unsafe { (*marks_of(object)).chars as usize }
}

/// The hash of a marked text, which `compute` finds if it is not known.
///
/// # Safety
/// The string is live and marked.
pub(super) unsafe fn hash(object: *mut StringObject, compute: impl FnOnce() -> u32) -> u32 {
    // SAFETY: the caller's.
    unsafe {
        let marks = *slot(object);
        if !(*marks).hashed {
            ((*marks).hash, (*marks).hashed) = (compute(), true);
        }
        (*marks).hash
    }
}

/// Keeps what is known about a text that gets longer by `added`: call it before the length changes.
///
/// # Safety
/// The string is live and has one owner.
#[inline]
pub(super) unsafe fn grow(object: *mut StringObject, added: &str, added_is_ascii: bool) {
    // SAFETY: the caller's.
    unsafe {
        if (*object).header.flags & FLAG_ASCII != 0 && added_is_ascii {
            (*object).header.flags = FLAG_ASCII;
        } else {
            grow_counted(object, added, added_is_ascii);
        }
    }
}

/// [`grow`] where the sum is not all ASCII.
///
/// # Safety
/// As [`grow`].
#[inline(never)]
unsafe fn grow_counted(object: *mut StringObject, added: &str, added_is_ascii: bool) {
    // SAFETY: the caller's.
    unsafe {
        let (flags, len) = ((*object).header.flags, (*object).len);
        let chars = match flags {
            _ if flags & FLAG_MARKED != 0 => {
                (**slot(object)).hashed = false;
                (*object).header.flags = FLAG_MARKED;
                return;
            }
            _ if flags & FLAG_ASCII != 0 => len,
            _ if flags & FLAG_CHARS_KNOWN != 0 => (*object).chars,
            _ => {
                (*object).header.flags = 0;
                return;
            }
        };
        (*object).chars = chars + if added_is_ascii { added.len() } else { count(added) } as u32;
        (*object).header.flags = FLAG_CHARS_KNOWN;
    }
}

/// Frees the marks of a text.
///
/// # Safety
/// The string is marked, and nobody uses it again.
pub(super) unsafe fn free(object: *mut StringObject) {
    // SAFETY: allocated with this size.
    unsafe {
        let marks = *slot(object);
        heap::free_bytes(marks as *mut u8, Marks::size((*marks).room));
        *slot(object) = ptr::null_mut();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{append, new};
    use super::*;
    use crate::runtime::value::Value;

    const PIECES: [&str; 6] = ["a", "é", "€", "𝄞", "plain text of some length", "ünïcödé €𝄞"];

    /// A text of about `len` bytes that looks random.
    fn text(len: usize, mut seed: usize) -> String {
        let mut out = String::from("é");
        while out.len() < len {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            out.push_str(PIECES[(seed >> 33) % PIECES.len()]);
        }
        out
    }

    fn check(value: &Value, expected: &str) {
        let string = value.as_string().unwrap();
        let starts: Vec<usize> = expected.char_indices().map(|(at, _)| at).collect();
        assert_eq!(string.char_count(), starts.len());
        let mut at = 7;
        for _ in 0..starts.len().min(300) {
            at = (at * 31 + 11) % (starts.len() + 2);
            assert_eq!(string.byte_of(at), starts.get(at).copied().unwrap_or(expected.len()), "{at} of {expected:?}");
        }
        assert_eq!(string.char_count(), starts.len());
        assert_eq!(string.hash(), super::super::hash_text(expected.as_bytes()));
    }

    #[test]
    fn characters_begin_where_the_standard_library_says() {
        let before = heap::stats();
        for len in (0..20).chain([60, 64, 100, 255, 256, 257, 300, 1000, 5000]) {
            for seed in 0..8 {
                let expected = text(len, seed);
                assert_eq!(count(&expected), expected.chars().count());
                check(&new(&expected), &expected);
            }
        }
        assert_eq!(heap::stats().live_bytes, before.live_bytes);
    }

    #[test]
    fn marks_go_on_after_the_text_has_grown() {
        let before = heap::stats();
        for start in ["", "plain", &"plain ".repeat(100), &text(300, 1)] {
            let (mut expected, mut value) = (start.to_string(), new(start));
            for turn in 0..400 {
                let piece = PIECES[turn * 7 % PIECES.len()];
                append(&mut value, piece);
                expected.push_str(piece);
                match turn % 5 {
                    0 => assert_eq!(value.as_string().unwrap().char_count(), expected.chars().count()),
                    3 => check(&value, &expected),
                    _ => {}
                }
            }
        }
        assert_eq!(heap::stats().live_bytes, before.live_bytes);
    }

    #[test]
    fn a_text_is_walked_once_in_whatever_order_it_is_read() {
        let expected = text(100_000, 3);
        let value = new(&expected);
        let string = value.as_string().unwrap();
        let chars = string.char_count();
        budget::set_fuel(1 << 40);
        for at in (0..chars).rev().chain((0..chars).map(|at| at * 7919 % chars)) {
            string.char_at(at);
        }
        let spent = ((1 << 40) - budget::fuel()) as usize;
        budget::set_fuel(u64::MAX);
        // The walk, and the room for the marks.
        assert!((1..2).contains(&(spent / (expected.len() / budget::BYTES))), "{spent}");
    }
}
