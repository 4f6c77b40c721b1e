//! Dicts: insertion-ordered open addressing. Entries lie in one buffer in insertion order; above [`LINEAR`] entries an index table
//! of entry numbers, probed by double hashing of groups, finds them.
//!
//! A key is normalised: an inline int, or a string that is not the canonical form of one; so `d[1]` and `d["1"]` are one entry.
//! A removed entry keeps its place with an unassigned key until the buffer is rebuilt, when it is full. Every entry in use, removed or
//! not, has one index slot, hence the index always has empty slots and probing ends.

use super::heap::{self, Header, Kind};
use super::string::{self, StringRef};
use super::value::Value;
use super::word::Word;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::marker::PhantomData;
use std::mem::size_of;
use std::ptr;

/// The fixed part of a dict.
#[repr(C)]
pub struct DictObject {
    /// Of kind [`Kind::Dict`].
    pub header: Header,
    /// Entries that hold a key.
    pub len: u32,
    used: u32,
    entries: *mut Entry,
    cap: u32,
    index_len: u32,
    index: *mut u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Entry {
    key: Word,
    value: Word,
}

const FLAG_STRING_ORDERED: u8 = 1;
/// Up to this many entries are searched one by one.
const LINEAR: usize = 8;
/// An index slot in use holds the number of its entry, counted from one, in the bits below the number of slots (a power of two), and
/// the same bits of the hash as its place above: other keys on the way are told apart without a look at their entries.
const EMPTY: u32 = 0;

/// A normalised key.
pub struct Key<'a> {
    form: Form<'a>,
    from_string: bool,
}

enum Form<'a> {
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

    fn matches(&self, stored: Word) -> bool {
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

    fn into_value(self) -> Value {
        match self.form {
            Form::Int(int) => Value::int(int),
            Form::Text { shared: Some(value), .. } => value.clone(),
            Form::Text { text, .. } => Value::string(&text),
        }
    }
}

/// Slots of the index that are tried together, as a power of two.
const NEIGHBOURS: u32 = 3;

/// The hash of an int: eight neighbours share a line of the index, and the groups are scattered.
///
/// PERF: half a million keys, counted up row by row (binomial coefficients by recursion): 0.69 of Lua's time, 0.83 with groups of four, 1.1 with groups
/// of sixteen or with every key scattered, where each lookup is a cache miss.
fn hash_int(int: i64) -> u32 {
    let group = ((int as u64 >> NEIGHBOURS).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (32 + NEIGHBOURS)) as u32;
    group << NEIGHBOURS | (int as u32 & ((1 << NEIGHBOURS) - 1))
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

/// The slots where a key may be: the eight of its group, then those of other groups, at a distance that is the key's own.
///
/// PERF: with slots one after the other, keys that come in runs pile up: twelve probes a lookup in a table half full.
struct Probe {
    at: u32,
    tried: u32,
    step: u32,
    mask: u32,
}

impl Probe {
    #[inline(always)]
    fn new(hash: u32, mask: u32) -> Probe {
        // The step is an odd number of groups: all of them are visited, their number being a power of two.
        Probe { at: hash & mask, tried: 0, step: (hash >> 20 | 1) << NEIGHBOURS, mask }
    }

    #[inline(always)]
    fn slot(&self) -> usize {
        const WITHIN: u32 = (1 << NEIGHBOURS) - 1;
        ((self.at & !WITHIN) | (self.at.wrapping_add(self.tried) & WITHIN)) as usize
    }

    #[inline(always)]
    fn go_on(&mut self) {
        self.tried += 1;
        if self.tried == 1 << NEIGHBOURS {
            self.tried = 0;
            self.at = self.at.wrapping_add(self.step) & self.mask;
        }
    }
}

impl DictObject {
    fn allocate() -> *mut DictObject {
        let object: *mut DictObject = heap::alloc_object(size_of::<DictObject>());
        let empty = DictObject {
            header: Header::new(Kind::Dict),
            len: 0,
            used: 0,
            entries: ptr::null_mut(),
            cap: 0,
            index_len: 0,
            index: ptr::null_mut(),
        };
        // SAFETY: fresh memory of that size.
        unsafe { object.write(empty) };
        object
    }

    fn entries(&self) -> &[Entry] {
        if self.used == 0 {
            return &[];
        }
        // SAFETY: `used` entries are initialised.
        unsafe { std::slice::from_raw_parts(self.entries, self.used as usize) }
    }

    /// Keys and values of all entries in use.
    ///
    /// # Safety
    /// The dict outlives the slice and is not changed meanwhile.
    pub(super) unsafe fn words<'a>(object: *const DictObject) -> &'a [Word] {
        // SAFETY: an entry is two words.
        unsafe {
            if (*object).used == 0 {
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
            if dict.index_len > 0 {
                heap::free_bytes(dict.index as *mut u8, dict.index_len as usize * size_of::<u32>());
            }
        }
    }

    /// The entry of the key.
    fn find(&self, key: &Key<'_>) -> Option<usize> {
        match &key.form {
            Form::Int(int) => self.find_int(Value::int(*int).word()),
            Form::Text { hash, .. } => self.find_with(*hash, |stored| key.matches(stored)),
        }
    }

    /// The entry of an inline int.
    #[inline]
    fn find_int(&self, key: Word) -> Option<usize> {
        self.find_with(hash_int(key.as_inline_int()), |stored| stored == key)
    }

    /// The entry of a string that is not the canonical form of an inline int.
    #[inline]
    fn find_text(&self, key: Word) -> Option<usize> {
        // SAFETY: the caller's key is a live string, and so is every key that is a heap word.
        let (text, same) = unsafe { (StringRef::of(key), |stored: Word| StringRef::of(stored)) };
        let hash = text.hash();
        self.find_with(hash, |stored| {
            stored == key || stored.is_object() && same(stored).hash() == hash && same(stored).as_str() == text.as_str()
        })
    }

    #[inline(always)]
    fn find_with(&self, hash: u32, matches: impl Fn(Word) -> bool) -> Option<usize> {
        if self.index_len == 0 {
            return self.entries().iter().position(|entry| matches(entry.key));
        }
        let mask = self.index_len - 1;
        let mut probe = Probe::new(hash, mask);
        loop {
            // SAFETY: a probe stays inside the index; what is in use there has the number of an entry.
            unsafe {
                let found = *self.index.add(probe.slot());
                if found == EMPTY {
                    return None;
                }
                if (found ^ hash) & !mask == 0 {
                    let at = (found & mask) as usize - 1;
                    if matches((*self.entries.add(at)).key) {
                        return Some(at);
                    }
                }
            }
            probe.go_on();
        }
    }

    /// Room for `extra` more entries: drops removed ones, and grows if the rest fills more than three quarters.
    fn rebuild(&mut self, extra: usize) {
        let need = self.len as usize + extra;
        let cap = (need + need / 3).max(LINEAR / 2).next_power_of_two();
        let entries = heap::alloc_bytes(cap * size_of::<Entry>()) as *mut Entry;
        let mut kept = 0;
        for entry in self.entries() {
            if entry.key != Word::UNDEF {
                // SAFETY: at most `len` entries are kept.
                unsafe { entries.add(kept).write(*entry) };
                kept += 1;
            }
        }
        // SAFETY: the buffers were allocated with these sizes; what they held has moved.
        unsafe { DictObject::free_buffers(self) };
        self.entries = entries;
        self.cap = cap as u32;
        self.used = kept as u32;
        self.index_len = 0;
        if cap > LINEAR {
            self.make_index(cap * 2);
        }
    }

    fn make_index(&mut self, slots: usize) {
        let index = heap::alloc_bytes(slots * size_of::<u32>()) as *mut u32;
        self.index = index;
        self.index_len = slots as u32;
        // SAFETY: the buffer has `slots` places.
        unsafe {
            ptr::write_bytes(index, 0, slots);
            for at in 0..self.used {
                self.enter(at, hash_stored((*self.entries.add(at as usize)).key));
            }
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

    fn copy(&self) -> *mut DictObject {
        let object = DictObject::allocate();
        // SAFETY: a new object; every child gets one more owner.
        unsafe {
            let copy = &mut *object;
            copy.header.flags = self.header.flags & FLAG_STRING_ORDERED;
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
    fn append(&mut self, entry: Entry) {
        let at = self.used;
        // SAFETY: there is room for one more; the index has an empty slot.
        unsafe {
            self.entries.add(at as usize).write(entry);
            if self.index_len > 0 {
                self.enter(at, hash_stored(entry.key));
            }
        }
        self.used += 1;
        self.len += 1;
    }
}

/// An empty dict.
pub fn new() -> Value {
    // SAFETY: a new object with one owner.
    unsafe { Value::from_word(Word::object(DictObject::allocate())) }
}

/// What a dict has under a key that needs no normalising.
pub enum Lookup<'a> {
    /// The value.
    Found(&'a Value),
    /// Nothing.
    Missing,
    /// The operands are not a dict and an inline int or a string: see [`Key::of`].
    Other,
}

/// Looks `key` up in `container`, without making a [`Key`].
#[inline]
pub fn lookup<'a>(container: &'a Value, key: &Value) -> Lookup<'a> {
    if container.kind() != Some(Kind::Dict) {
        return Lookup::Other;
    }
    // SAFETY: the container is a live dict, which outlives the reference; the key is live.
    unsafe {
        let dict = &*container.word().object_ptr::<DictObject>();
        match place(dict, key.word(), key) {
            None => Lookup::Other,
            Some(None) => Lookup::Missing,
            Some(Some(at)) => Lookup::Found(Value::borrow(&(*dict.entries.add(at)).value)),
        }
    }
}

/// The entry of a key that is an inline int or a string; `None` for other keys.
#[inline]
fn place(dict: &DictObject, word: Word, key: &Value) -> Option<Option<usize>> {
    if word.is_int() {
        return Some(dict.find_int(word));
    }
    match key.as_string()?.int_key() {
        Some(int) => Some(dict.find_int(Value::int(int).word())),
        None => Some(dict.find_text(word)),
    }
}

/// The value of an existing entry of a dict without other owners, for changing it; `None`, too, for the text of an int, whose storing
/// has a say in the order of the dict.
#[inline]
pub fn lookup_mut<'a>(container: &'a mut Value, key: &Value) -> Option<&'a mut Value> {
    if container.kind() != Some(Kind::Dict) || !container.is_unique() {
        return None;
    }
    // SAFETY: the container is a live dict without other owners, which outlives the reference.
    unsafe {
        let dict = container.word().object_ptr::<DictObject>();
        let at = match key.as_string() {
            None if key.word().is_int() => (*dict).find_int(key.word())?,
            Some(text) if text.int_key().is_none() => (*dict).find_text(key.word())?,
            _ => return None,
        };
        Some(&mut *(&raw mut (*(*dict).entries.add(at)).value as *mut Value))
    }
}

/// Stores under a key that needs no normalising, in a dict without other owners; other operands get the value back.
///
/// # Errors
/// The value, if the operands are others.
#[inline]
pub fn store(container: &mut Value, key: &Value, value: Value) -> Result<(), Value> {
    if container.kind() != Some(Kind::Dict) || !container.is_unique() {
        return Err(value);
    }
    // SAFETY: the container is a live dict without other owners. The key is live and gets one more owner when it is stored.
    unsafe {
        let dict = &mut *container.word().object_ptr::<DictObject>();
        let mut word = key.word();
        let found = if word.is_int() {
            dict.find_int(word)
        } else {
            let Some(text) = key.as_string() else { return Err(value) };
            dict.header.flags |= FLAG_STRING_ORDERED;
            match text.int_key() {
                None => dict.find_text(word),
                Some(int) => {
                    word = Value::int(int).word();
                    dict.find_int(word)
                }
            }
        };
        match found {
            Some(at) => *(&raw mut (*dict.entries.add(at)).value as *mut Value) = value,
            None => {
                if dict.used == dict.cap {
                    dict.rebuild(1);
                }
                heap::retain(word);
                dict.append(Entry { key: word, value: value.into_word() });
            }
        }
        Ok(())
    }
}

/// A dict somebody owns.
#[derive(Clone, Copy)]
pub struct DictRef<'a> {
    object: *const DictObject,
    owner: PhantomData<&'a Value>,
}

impl<'a> DictRef<'a> {
    /// # Safety
    /// `word` is a dict that lives for `'a`.
    #[inline]
    pub(super) unsafe fn of(word: Word) -> DictRef<'a> {
        DictRef { object: word.object_ptr(), owner: PhantomData }
    }

    fn fields(self) -> &'a DictObject {
        // SAFETY: live for 'a, and shared dicts do not change.
        unsafe { &*self.object }
    }

    /// How many entries.
    #[inline]
    pub fn len(self) -> usize {
        self.fields().len as usize
    }

    /// No entries?
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Entries in use, removed ones included: the bound for [`DictRef::entry`].
    pub fn used(self) -> usize {
        self.fields().used as usize
    }

    /// Was a string key ever stored?
    pub fn is_string_ordered(self) -> bool {
        self.fields().header.flags & FLAG_STRING_ORDERED != 0
    }

    /// The value stored under `key`.
    #[inline]
    pub fn get(self, key: &Key<'_>) -> Option<&'a Value> {
        let at = self.fields().find(key)?;
        // SAFETY: the entry lives as long as the dict.
        Some(unsafe { Value::borrow(&self.fields().entries()[at].value) })
    }

    /// The entry at place `at`, unless it was removed.
    pub fn entry(self, at: usize) -> Option<(&'a Value, &'a Value)> {
        let entry = self.fields().entries().get(at)?;
        // SAFETY: the entry lives as long as the dict.
        (entry.key != Word::UNDEF).then(|| unsafe { (Value::borrow(&entry.key), Value::borrow(&entry.value)) })
    }

    /// Stored keys and values, in insertion order.
    pub fn entries(self) -> impl Iterator<Item = (&'a Value, &'a Value)> {
        (0..self.used()).filter_map(move |at| self.entry(at))
    }

    /// Stored keys and values, in sorted order: by text, or by number if no string key was ever stored.
    pub fn sorted_entries(self) -> SortedEntries<'a> {
        if !self.is_string_ordered() {
            let mut entries: SortedEntries<'a> = self.entries().collect();
            entries.sort_by_key(|(key, _)| match key.as_int() {
                Some(int) => int,
                None => key.as_str().and_then(|text| text.parse().ok()).unwrap_or(0),
            });
            return entries;
        }
        // Keys differ, so any sort is a stable one.
        let mut entries: SmallVec<[_; FEW]> =
            self.entries().map(|(key, value)| (key_text(key), (key, value))).collect();
        entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        entries.into_iter().map(|(_, entry)| entry).collect()
    }
}

/// Entries that are sorted without an allocation.
const FEW: usize = 8;
/// Keys and values of a dict.
pub type SortedEntries<'a> = SmallVec<[(&'a Value, &'a Value); FEW]>;

/// The single owner's access to a dict.
pub struct DictMut<'a> {
    object: *mut DictObject,
    owner: PhantomData<&'a mut Value>,
}

impl Value {
    /// The dict, for changing it: its entries are copied first if it has other owners.
    #[inline]
    pub fn as_dict_mut(&mut self) -> Option<DictMut<'_>> {
        if self.kind() != Some(Kind::Dict) {
            return None;
        }
        if !self.is_unique() {
            heap::count_copy_on_write();
            // SAFETY: `self` is a dict; the copy is a new object with one owner.
            *self = unsafe {
                let object: *const DictObject = self.word().object_ptr();
                Value::from_word(Word::object((*object).copy()))
            };
        }
        Some(DictMut { object: self.word().object_ptr(), owner: PhantomData })
    }
}

impl<'a> DictMut<'a> {
    /// The value stored under `key`, for as long as the dict is borrowed.
    #[inline]
    pub fn into_entry(self, key: &Key<'_>) -> Option<&'a mut Value> {
        // SAFETY: the dict is live and ours alone for 'a; the entry is in use.
        unsafe {
            let at = (*self.object).find(key)?;
            Some(&mut *(&raw mut (*(*self.object).entries.add(at)).value as *mut Value))
        }
    }

    fn fields(&mut self) -> &mut DictObject {
        // SAFETY: the dict is live and ours alone.
        unsafe { &mut *self.object }
    }

    /// From now on keys sort as text.
    pub fn set_string_ordered(&mut self) {
        self.fields().header.flags |= FLAG_STRING_ORDERED;
    }

    /// The value stored under `key`, for changing it in place.
    pub fn get_mut(&mut self, key: &Key<'_>) -> Option<&mut Value> {
        let dict = self.fields();
        let at = dict.find(key)?;
        // SAFETY: the entry is in use and ours alone.
        Some(unsafe { &mut *(&raw mut (*dict.entries.add(at)).value as *mut Value) })
    }

    /// Stores; an existing key keeps its place.
    pub fn insert(&mut self, key: Key<'_>, value: Value) {
        if key.from_string {
            self.set_string_ordered();
        }
        if let Some(slot) = self.get_mut(&key) {
            *slot = value;
            return;
        }
        let dict = self.fields();
        if dict.used == dict.cap {
            dict.rebuild(1);
        }
        dict.append(Entry { key: key.into_value().into_word(), value: value.into_word() });
    }

    /// Removes an entry and returns its value.
    pub fn remove(&mut self, key: &Key<'_>) -> Option<Value> {
        let dict = self.fields();
        let at = dict.find(key)?;
        dict.len -= 1;
        // SAFETY: the entry is in use and ours alone; its place is marked as removed.
        unsafe {
            let entry = dict.entries.add(at).replace(Entry { key: Word::UNDEF, value: Word::NULL });
            drop(Value::from_word(entry.key));
            Some(Value::from_word(entry.value))
        }
    }

    /// Stores all entries of `other`, and takes over its order flag.
    pub fn extend(&mut self, other: DictRef<'_>) {
        for (key, value) in other.entries() {
            if let Some(key) = Key::of(key) {
                let key = Key { from_string: false, ..key };
                self.insert(key, value.clone());
            }
        }
        if other.is_string_ordered() {
            self.set_string_ordered();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(value: &Value) -> Vec<String> {
        value.as_dict().unwrap().entries().map(|(key, _)| key_text(key).into_owned()).collect()
    }

    #[test]
    fn an_int_and_its_decimal_string_are_one_key() {
        let mut d = new();
        let mut m = d.as_dict_mut().unwrap();
        for int in [1, -3, 1 << 50, i64::MIN] {
            m.insert(Key::of(&Value::int(int)).unwrap(), Value::int(int));
        }
        assert!(!d.as_dict().unwrap().is_string_ordered());
        for text in ["1", "-3", "1125899906842624", "-9223372036854775808"] {
            assert!(d.as_dict().unwrap().get(&Key::text(text)).is_some(), "{text}");
            assert!(d.as_dict().unwrap().get(&Key::of(&Value::string(text)).unwrap()).is_some(), "{text}");
        }
        assert!(d.as_dict().unwrap().get(&Key::text("01")).is_none());
        let sorted: Vec<_> =
            d.as_dict().unwrap().sorted_entries().iter().map(|(_, value)| value.as_int().unwrap()).collect();
        assert_eq!(sorted, [i64::MIN, -3, 1, 1 << 50]);
    }

    #[test]
    fn order_is_insertion_and_removal_moves_to_the_end() {
        let mut d = new();
        let mut m = d.as_dict_mut().unwrap();
        for key in ["c", "a", "b"] {
            m.insert(Key::text(key), Value::NULL);
        }
        m.insert(Key::text("c"), Value::TRUE);
        m.remove(&Key::text("a"));
        m.insert(Key::text("a"), Value::TRUE);
        assert_eq!(keys(&d), ["c", "b", "a"]);
    }

    #[test]
    fn agrees_with_a_model_over_many_random_operations() {
        let before = heap::stats();
        let mut d = new();
        let mut model: Vec<(String, i64)> = Vec::new();
        let mut seed = 7u64;
        for step in 0..20_000i64 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let number = (seed >> 33) % 60;
            let text = if number.is_multiple_of(2) { format!("k{number}") } else { number.to_string() };
            if (seed >> 60) < 9 {
                d.as_dict_mut().unwrap().insert(Key::text(&text), Value::int(step));
                match model.iter_mut().find(|entry| entry.0 == text) {
                    Some(entry) => entry.1 = step,
                    None => model.push((text, step)),
                }
            } else {
                let removed = d.as_dict_mut().unwrap().remove(&Key::text(&text)).map(|v| v.as_int().unwrap());
                let at = model.iter().position(|entry| entry.0 == text);
                assert_eq!(removed, at.map(|at| model.remove(at).1));
            }
            if step % 1000 == 0 {
                let mut copy = d.clone();
                copy.as_dict_mut().unwrap().insert(Key::text("copy"), Value::NULL);
            }
        }
        assert_eq!(keys(&d), model.iter().map(|entry| entry.0.clone()).collect::<Vec<_>>());
        for (key, value) in &model {
            assert_eq!(d.as_dict().unwrap().get(&Key::text(key)).unwrap().as_int(), Some(*value));
        }
        drop(d);
        assert_eq!(heap::stats().live_bytes, before.live_bytes);
        assert_eq!(heap::stats().live_objects, before.live_objects);
    }
}
