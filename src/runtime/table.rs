//! The layout of dicts: insertion-ordered open addressing. Entries lie in one buffer in insertion order; above [`LINEAR`] entries an
//! index table of entry numbers, probed by double hashing, finds them.
//!
//! A removed entry keeps its place with an unassigned key until the buffer is rebuilt: when it is full, or when removed entries are
//! more than the others. Every entry in use, removed or not, has one index slot, hence the index always has empty slots and probing
//! ends. The value of a removed entry is the distance to an entry after it before which all are removed, so that whoever looks for
//! the first entry again and again, and removes it, does not go over all that he has removed.
//!
//! The elements of a set are a dict, too: keys of any kind, found by the hashes that are their values ([`super::elements`]).
//!
//! Two guesses come before the index. Int keys that were stored one after the other are found by their distance from the first one. And
//! a dict remembers the entry that was found or stored last, because programs look a key up, then store under it.

use super::heap::{self, Header, Kind};
use super::string::StringRef;
use super::word::Word;
use std::mem::size_of;
use std::ptr;

/// The fixed part of a dict.
#[repr(C)]
pub struct DictObject {
    /// Of kind [`Kind::Dict`].
    pub header: Header,
    /// Entries that hold a key.
    pub len: u32,
    /// Entries in use, removed ones included.
    pub(super) used: u32,
    /// Never null: a dict without a buffer points to an entry that holds no key.
    pub(super) entries: *mut Entry,
    pub(super) cap: u32,
    /// The entry that was found or stored last; below `used`, or zero.
    recent: u32,
    index: *mut u32,
    index_len: u32,
}

/// One entry; a removed one has an unassigned key and the distance to a later one.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub key: Word,
    pub value: Word,
}

static NO_ENTRY: Entry = Entry { key: Word::UNDEF, value: Word::NULL };

/// Keys sort as text.
pub(super) const FLAG_STRING_ORDERED: u8 = 1;
/// Keys or values may be on the heap, or may have been.
///
/// PERF: two million entries without the flag need not be looked at when they are given up.
pub(super) const FLAG_COUNTED: u8 = 2;
/// The entries are elements of a set and their hashes.
pub(super) const FLAG_ELEMENTS: u8 = 4;
/// Removed entries that may stay besides as many as there are others.
const REMOVED: usize = 16;
/// Up to this many entries are searched one by one.
const LINEAR: usize = 8;
/// An index slot in use holds the number of its entry, counted from one, in the bits below the number of slots (a power of two), and
/// the same bits of the hash as its place above: other keys on the way are told apart without a look at their entries.
const EMPTY: u32 = 0;

/// The logarithm of how many neighbouring ints share a line of the index.
const NEIGHBOURS: u32 = 3;

/// The hash of an int: eight neighbours share a line of the index, each in a slot of its own, and the groups are scattered.
///
/// PERF: half a million keys, counted up row by row (binomial coefficients by recursion): 0.69 of Lua's time, 0.83 with groups of four, 1.1 with groups
/// of sixteen or with every key scattered, where each lookup is a cache miss.
#[inline(always)]
pub(super) fn hash_int(int: i64) -> u32 {
    let group = ((int as u64 >> NEIGHBOURS).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32;
    group ^ (int as u32 & ((1 << NEIGHBOURS) - 1))
}

/// # Safety
/// `stored` is the normalised key of an entry that is not removed.
unsafe fn hash_stored(stored: Word) -> u32 {
    if stored.is_int() {
        hash_int(stored.as_inline_int())
    } else {
        // SAFETY: keys are ints or live strings.
        unsafe { StringRef::of(stored) }.hash()
    }
}

/// The value of a removed entry.
fn distance(entries: usize) -> Word {
    // Buffers hold less than 2^32 entries.
    Word::inline_int(entries as i64).unwrap_or(Word::small_int(1))
}

/// The slots where a key may be, at a distance that is the same for all keys of its group.
///
/// PERF: a group that finds its line taken goes on to the next as a whole, so that each key tries two slots there. With slots one after the
/// other, groups that come in runs pile up (twelve probes a lookup in a table half full); with all slots of a line before the next, eight.
struct Probe {
    at: u32,
    step: u32,
    mask: u32,
}

impl Probe {
    #[inline(always)]
    fn new(hash: u32, mask: u32) -> Probe {
        // The step is odd: all slots are visited, their number being a power of two.
        Probe { at: hash & mask, step: hash >> 20 << NEIGHBOURS | 1, mask }
    }

    #[inline(always)]
    fn slot(&self) -> usize {
        self.at as usize
    }

    #[inline(always)]
    fn go_on(&mut self) {
        self.at = self.at.wrapping_add(self.step) & self.mask;
    }
}

impl DictObject {
    /// A new dict of one owner.
    pub(super) fn allocate() -> *mut DictObject {
        let object: *mut DictObject = heap::alloc_object(size_of::<DictObject>());
        let empty = DictObject {
            header: Header::new(Kind::Dict),
            len: 0,
            used: 0,
            entries: (&raw const NO_ENTRY).cast_mut(),
            cap: 0,
            recent: 0,
            index: ptr::null_mut(),
            index_len: 0,
        };
        // SAFETY: fresh memory of that size.
        unsafe { object.write(empty) };
        object
    }

    /// All entries in use.
    pub(super) fn entries(&self) -> &[Entry] {
        // SAFETY: `used` entries are initialised.
        unsafe { std::slice::from_raw_parts(self.entries, self.used as usize) }
    }

    /// Keys and values of all entries in use, if some may be on the heap.
    ///
    /// # Safety
    /// The dict outlives the slice and is not changed meanwhile.
    pub(super) unsafe fn words<'a>(object: *const DictObject) -> &'a [Word] {
        // SAFETY: an entry is two words.
        unsafe {
            if (*object).header.flags & FLAG_COUNTED == 0 {
                return &[];
            }
            std::slice::from_raw_parts((*object).entries as *const Word, (*object).used as usize * 2)
        }
    }

    /// # Safety
    /// The children have been released and nobody uses the dict again.
    pub(super) unsafe fn free_buffers(object: *mut DictObject) {
        // SAFETY: the buffers were allocated with these sizes.
        unsafe {
            let dict = &mut *object;
            if dict.cap > 0 {
                heap::free_bytes(dict.entries as *mut u8, dict.cap as usize * size_of::<Entry>());
            }
            dict.free_index();
        }
    }

    unsafe fn free_index(&mut self) {
        if self.index_len > 0 {
            // SAFETY: allocated with this size; the caller makes another one or none.
            unsafe { heap::free_bytes(self.index as *mut u8, self.index_len as usize * size_of::<u32>()) };
        }
    }

    /// Notes that a word is about to be stored that may be on the heap.
    #[inline(always)]
    pub(super) fn note_counted(&mut self, word: Word) {
        if word.is_counted() {
            self.header.flags |= FLAG_COUNTED;
        }
    }

    /// Remembers the entry found last.
    ///
    /// # Safety
    /// The dict is live and the entry in use.
    #[inline(always)]
    pub(super) unsafe fn remember(object: *const DictObject, at: usize) {
        // SAFETY: dicts belong to one thread, and nobody has a reference to this field.
        unsafe { (*object.cast_mut()).recent = at as u32 };
    }

    /// The entry found or stored last, if `key` is the very word of its key.
    #[inline(always)]
    pub(super) fn recent(&self, key: Word) -> Option<usize> {
        let at = self.recent as usize;
        // SAFETY: the number is that of an entry in use, or zero.
        if unsafe { (*self.entries.add(at)).key } == key { Some(at) } else { None }
    }

    /// The entry of an inline int, if its number is the distance of the int from the first key.
    #[inline(always)]
    pub(super) fn near(&self, key: Word) -> Option<usize> {
        // SAFETY: there is an entry at `entries` always, and `used` of them are initialised.
        unsafe {
            // No other key and no removed one is so close to an int.
            let distance = key.0.wrapping_sub((*self.entries).key.0);
            let found = distance < u64::from(self.used) && (*self.entries.add(distance as usize)).key == key;
            if found { Some(distance as usize) } else { None }
        }
    }

    /// The entry of an inline int, or the slot of the index where it is missing.
    #[inline(always)]
    pub(super) fn find_int(&self, key: Word) -> Result<usize, usize> {
        if let Some(at) = self.near(key) {
            return Ok(at);
        }
        self.search(hash_int(key.as_inline_int()), |stored| stored == key)
    }

    /// The entry of a string that is not the canonical form of an inline int, or the slot of the index where it is missing.
    ///
    /// # Safety
    /// The key is a live string.
    #[inline]
    pub(super) unsafe fn find_text(&self, key: Word) -> Result<usize, usize> {
        // SAFETY: the caller's key is a live string, and so is every key that is a heap word.
        let text = unsafe { StringRef::of(key) };
        let hash = text.hash();
        self.search(hash, |stored| stored == key || is_text(stored, text, hash))
    }

    /// The first entry whose key has this hash and matches, or the slot of the index where it is missing.
    #[inline(always)]
    pub(super) fn search(&self, hash: u32, matches: impl Fn(Word) -> bool) -> Result<usize, usize> {
        if self.index_len == 0 {
            return self.entries().iter().position(|entry| matches(entry.key)).ok_or(0);
        }
        let mask = self.index_len - 1;
        let mut probe = Probe::new(hash, mask);
        loop {
            let slot = probe.slot();
            // SAFETY: a probe stays inside the index; what is in use there has the number of an entry.
            unsafe {
                let found = *self.index.add(slot);
                if found == EMPTY {
                    return Err(slot);
                }
                if (found ^ hash) & !mask == 0 {
                    let at = (found & mask) as usize - 1;
                    if matches((*self.entries.add(at)).key) {
                        return Ok(at);
                    }
                }
            }
            probe.go_on();
        }
    }

    /// Room for `extra` more entries: drops removed ones, and grows if the rest fills more than three quarters.
    #[cold]
    #[inline(never)]
    pub(super) fn rebuild(&mut self, extra: usize) {
        let need = self.len as usize + extra;
        let cap = (need + need / 3).max(LINEAR / 2).next_power_of_two();
        let size = cap * size_of::<Entry>();
        // SAFETY: the buffers were allocated with their sizes; at most `len` entries are kept.
        unsafe {
            if self.cap > 0 && self.len == self.used {
                let old = self.cap as usize * size_of::<Entry>();
                self.entries = heap::realloc_bytes(self.entries as *mut u8, old, size) as *mut Entry;
            } else {
                let entries = heap::alloc_bytes(size) as *mut Entry;
                let mut kept = 0;
                for entry in self.entries() {
                    if entry.key != Word::UNDEF {
                        entries.add(kept).write(*entry);
                        kept += 1;
                    }
                }
                if self.cap > 0 {
                    heap::free_bytes(self.entries as *mut u8, self.cap as usize * size_of::<Entry>());
                }
                self.entries = entries;
                self.used = kept as u32;
                self.recent = 0;
                if kept == 0 {
                    entries.write(NO_ENTRY);
                }
            }
            self.free_index();
        }
        self.cap = cap as u32;
        self.index_len = 0;
        if cap > LINEAR {
            self.make_index(cap * 2);
        }
    }

    /// The hash of the key of an entry in use.
    ///
    /// # Safety
    /// It is not a removed one.
    unsafe fn hash_of(&self, entry: Entry) -> u32 {
        if self.header.flags & FLAG_ELEMENTS != 0 {
            return entry.value.as_inline_int() as u32;
        }
        // SAFETY: the caller's.
        unsafe { hash_stored(entry.key) }
    }

    /// Calls `visit` with the place of each element of a set that has this hash.
    pub(super) fn with_hash(&self, hash: u32, mut visit: impl FnMut(usize)) {
        let mut look = |at: usize| {
            let entry = self.entries()[at];
            if entry.key != Word::UNDEF && entry.value.as_inline_int() == i64::from(hash) {
                visit(at);
            }
        };
        if self.index_len == 0 {
            return (0..self.used as usize).for_each(look);
        }
        let mask = self.index_len - 1;
        let mut probe = Probe::new(hash, mask);
        loop {
            // SAFETY: a probe stays inside the index.
            let found = unsafe { *self.index.add(probe.slot()) };
            if found == EMPTY {
                return;
            }
            if (found ^ hash) & !mask == 0 {
                look((found & mask) as usize - 1);
            }
            probe.go_on();
        }
    }

    /// Takes an entry out. Places of entries may change.
    ///
    /// # Safety
    /// The dict has one owner, who gets key and value; the entry is in use and not removed.
    pub(super) unsafe fn take(&mut self, at: usize) -> Entry {
        // SAFETY: the entry is in use; the distance leads to an entry in use, or to the end.
        unsafe {
            let behind = match self.entries().get(at + 1) {
                Some(next) if next.key == Word::UNDEF => next.value.as_inline_int(),
                _ => 0,
            };
            let removed = Entry { key: Word::UNDEF, value: distance(behind as usize + 1) };
            let entry = self.entries.add(at).replace(removed);
            self.len -= 1;
            if (self.used - self.len) as usize > self.len as usize + REMOVED {
                self.rebuild(0);
            }
            entry
        }
    }

    /// The first entry from a place on that is not removed.
    ///
    /// # Safety
    /// The dict is live.
    pub(super) unsafe fn next(object: *const DictObject, from: usize) -> Option<usize> {
        // SAFETY: `used` entries are initialised, and distances lead to one of them or to the end. Dicts belong to one thread, and nobody
        // has a reference to a removed entry.
        unsafe {
            let (entries, used) = ((*object).entries, (*object).used as usize);
            let mut at = from;
            while at < used && (*entries.add(at)).key == Word::UNDEF {
                at += (*entries.add(at)).value.as_inline_int() as usize;
            }
            if at > from + 1 {
                (*entries.add(from)).value = distance(at - from);
            }
            (at < used).then_some(at)
        }
    }

    fn make_index(&mut self, slots: usize) {
        self.index = heap::alloc_zeroed(slots * size_of::<u32>()) as *mut u32;
        self.index_len = slots as u32;
        for at in 0..self.used {
            // SAFETY: there are more slots than entries; nothing was removed since the buffer was made.
            unsafe { self.enter(at, self.hash_of(*self.entries.add(at as usize))) };
        }
    }

    /// Puts entry `at`, whose key has this hash, into the index.
    ///
    /// # Safety
    /// There is an index, and more slots in it than entries, so that probing finds an empty one.
    #[inline]
    unsafe fn enter(&mut self, at: u32, hash: u32) {
        let mask = self.index_len - 1;
        // SAFETY: the mask keeps the slot inside the index.
        unsafe {
            let mut probe = Probe::new(hash, mask);
            while *self.index.add(probe.slot()) != EMPTY {
                probe.go_on();
            }
            *self.index.add(probe.slot()) = (hash & !mask) | (at + 1);
        }
    }

    /// A copy of one owner.
    pub(super) fn copy(&self) -> *mut DictObject {
        let object = DictObject::allocate();
        // SAFETY: a new object; every child gets one more owner.
        unsafe {
            let copy = &mut *object;
            copy.header.flags = self.header.flags & (FLAG_STRING_ORDERED | FLAG_COUNTED | FLAG_ELEMENTS);
            copy.rebuild(self.len as usize);
            for entry in self.entries() {
                if entry.key != Word::UNDEF {
                    heap::retain(entry.key);
                    heap::retain(entry.value);
                    copy.append(*entry);
                }
            }
        }
        object
    }

    /// Adds an entry whose key is not there; there is room.
    pub(super) fn append(&mut self, entry: Entry) {
        self.note_counted(entry.key);
        self.note_counted(entry.value);
        // SAFETY: keys are live; there is room for one more, and the index has an empty slot.
        unsafe {
            let at = self.used;
            self.entries.add(at as usize).write(entry);
            if self.index_len > 0 {
                self.enter(at, self.hash_of(entry));
            }
        }
        self.recent = self.used;
        self.used += 1;
        self.len += 1;
    }

    /// Adds an entry whose key has this hash and is not there: a search of it has ended at `slot`.
    #[inline(always)]
    pub(super) fn append_at(&mut self, slot: usize, hash: u32, entry: Entry) {
        if self.used == self.cap {
            return self.append_in_new_room(entry);
        }
        self.note_counted(entry.key);
        self.note_counted(entry.value);
        // SAFETY: there is room for one more, and the search has found an empty slot if there is an index.
        unsafe {
            let at = self.used;
            self.entries.add(at as usize).write(entry);
            if self.index_len > 0 {
                *self.index.add(slot) = (hash & !(self.index_len - 1)) | (at + 1);
            }
            self.recent = at;
            self.used = at + 1;
            self.len += 1;
        }
    }

    #[cold]
    #[inline(never)]
    fn append_in_new_room(&mut self, entry: Entry) {
        self.rebuild(1);
        self.append(entry);
    }
}

/// Whether a stored key is this text, which has this hash.
#[inline(always)]
fn is_text(stored: Word, text: StringRef<'_>, hash: u32) -> bool {
    stored.is_object() && {
        // SAFETY: a key that is a heap word is a live string.
        let stored = unsafe { StringRef::of(stored) };
        stored.hash() == hash && stored.as_str() == text.as_str()
    }
}
