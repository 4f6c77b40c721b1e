//! Dicts, as values: string keys and int keys in insertion order ([`super::table`] has the layout, [`super::key`] the keys).

use super::heap::{self, Kind};
use super::key::Form;
use super::string::StringRef;
use super::table::{Entry, FLAG_COUNTED, FLAG_ELEMENTS, FLAG_STRING_ORDERED, hash_int};
use super::value::Value;
use super::word::Word;
use smallvec::SmallVec;
use std::marker::PhantomData;

pub use super::key::{Key, key_text, key_value};
pub use super::table::DictObject;

/// An empty dict.
pub fn new() -> Value {
    // SAFETY: a new object with one owner.
    unsafe { Value::from_word(Word::object(DictObject::allocate())) }
}

/// What a dict has under a key that needs no normalising.
pub enum Lookup<V> {
    /// The value.
    Found(V),
    /// Nothing.
    Missing,
    /// The operands are not a dict and an inline int or a string: see [`Key::of`].
    Other,
}

/// Looks `key` up in `container`, without making a [`Key`].
#[inline]
pub fn lookup<'a>(container: &'a Value, key: &Value) -> Lookup<&'a Value> {
    if container.kind() != Some(Kind::Dict) {
        return Lookup::Other;
    }
    // SAFETY: the container is a live dict, which outlives the reference; the key is live.
    unsafe {
        let dict = &*container.word().object_ptr::<DictObject>();
        match place(dict, key.word(), key) {
            None => Lookup::Other,
            Some(Err(_)) => Lookup::Missing,
            Some(Ok(at)) => Lookup::Found(Value::borrow(&(*dict.entries.add(at)).value)),
        }
    }
}

/// The entry of a key that is an inline int or a string, or the slot of the index where it is missing; `None` for other keys.
#[inline]
fn place(dict: &DictObject, word: Word, key: &Value) -> Option<Result<usize, usize>> {
    if word.is_int() {
        return Some(dict.find_int(word));
    }
    Some(match key.as_string()?.int_key() {
        Some(int) => dict.find_int(Value::int(int).word()),
        // SAFETY: a live string.
        None => unsafe { dict.find_text(word) },
    })
}

/// The value of an existing entry of a dict without other owners, for changing it; `None`, too, for the text of an int, big ones
/// included, whose storing has a say in the order of the dict.
#[inline]
pub fn lookup_mut<'a>(container: &'a mut Value, key: &Value) -> Option<&'a mut Value> {
    if container.kind() != Some(Kind::Dict) || !container.is_unique() {
        return None;
    }
    // SAFETY: the container is a live dict without other owners, which outlives the reference; the key is live.
    unsafe {
        let dict = container.word().object_ptr::<DictObject>();
        let word = key.word();
        let at = match (*dict).recent(word) {
            Some(at) => at,
            None if word.is_int() => (*dict).find_int(word).ok()?,
            None if key.as_string()?.int_key().is_none() => (*dict).find_text(word).ok()?,
            None => return None,
        };
        if !word.is_int() && (*dict).header.flags & FLAG_STRING_ORDERED == 0 {
            return None;
        }
        (*dict).header.flags |= FLAG_COUNTED;
        Some(&mut *(place_of(dict, at) as *mut Value))
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
    // SAFETY: the container is a live dict without other owners, the key is live.
    unsafe {
        let dict = container.word().object_ptr::<DictObject>();
        let mut word = key.word();
        if !word.is_int() {
            let Some(text) = key.as_string() else { return Err(value) };
            if let Some(int) = text.int_key() {
                (*dict).header.flags |= FLAG_STRING_ORDERED;
                word = Value::int(int).word();
            }
        }
        let old = match store_plain_text(dict, word, value.word()) {
            Some(old) => old,
            None => store_int(dict, word, value.word()),
        };
        let _ = value.into_word();
        drop(Value::from_word(old));
        Ok(())
    }
}

/// The dict in `word`.
///
/// # Safety
/// The word is live.
#[inline(always)]
pub unsafe fn object(word: Word) -> Option<*mut DictObject> {
    // SAFETY: object words point to live objects.
    let is_dict = word.is_object() && unsafe { (*word.header()).kind as u8 } == Kind::Dict as u8;
    if is_dict { Some(word.object_ptr()) } else { None }
}

/// Where a dict has the value under an inline int.
///
/// # Safety
/// The dict is live.
#[inline(always)]
pub unsafe fn find_int(dict: *const DictObject, key: Word) -> Option<*mut Word> {
    // SAFETY: the caller's.
    unsafe { (*dict).find_int(key).ok().map(|at| place_of(dict, at)) }
}

/// Where a dict has the value under a key that is an inline int or a string, as [`find_int`] for any of them.
///
/// # Safety
/// Dict and key are live.
#[inline(always)]
pub unsafe fn find_word(dict: *const DictObject, key: Word) -> Lookup<*mut Word> {
    // SAFETY: the caller's.
    unsafe {
        match place(&*dict, key, Value::borrow(&key)) {
            None => Lookup::Other,
            Some(Ok(at)) => Lookup::Found(place_of(dict, at)),
            Some(Err(_)) => Lookup::Missing,
        }
    }
}

/// Where a dict has the value of the entry that was found or stored last, if `key` is the very word of its key.
///
/// # Safety
/// The dict is live.
#[inline(always)]
pub unsafe fn recent(dict: *const DictObject, key: Word) -> Option<*mut Word> {
    // SAFETY: the caller's.
    unsafe { (*dict).recent(key).map(|at| &raw mut (*(*dict).entries.add(at)).value) }
}

/// Where a dict has the value of its entry number `at`, if `key` is the very word of that entry's key.
///
/// # Safety
/// The dict is live.
#[inline(always)]
pub unsafe fn found_at(dict: *const DictObject, at: usize, key: Word) -> Option<*mut Word> {
    // SAFETY: the caller's; entries in use are initialised.
    unsafe {
        if at >= (*dict).used as usize {
            return None;
        }
        let entry = (*dict).entries.add(at);
        if (*entry).key == key { Some(&raw mut (*entry).value) } else { None }
    }
}

/// As [`found_at`] of a string, for changing the value; `None`, too, if storing under it has a say in the order of the dict.
///
/// # Safety
/// The dict is live and has one owner.
#[inline(always)]
pub unsafe fn changed_at(dict: *mut DictObject, at: usize, key: Word) -> Option<*mut Word> {
    // SAFETY: the caller's.
    unsafe {
        let place = found_at(dict, at, key)?;
        if (*dict).header.flags & FLAG_STRING_ORDERED == 0 {
            return None;
        }
        (*dict).header.flags |= FLAG_COUNTED;
        Some(place)
    }
}

/// The number of the entry under a string that is not the text of an int.
///
/// # Safety
/// Dict and key are live.
#[inline]
pub unsafe fn number_of_text(dict: *const DictObject, key: Word) -> Option<usize> {
    // SAFETY: the caller's.
    unsafe { (*dict).find_text(key).ok() }
}

/// A string was stored under: from now on keys sort as text.
///
/// # Safety
/// The dict is live and has one owner.
#[inline(always)]
pub unsafe fn stored_text(dict: *mut DictObject) {
    // SAFETY: the caller's.
    unsafe { (*dict).header.flags |= FLAG_STRING_ORDERED };
}

/// Where a key is missing.
pub struct Vacant {
    slot: usize,
    hash: u32,
    /// The normalised key, if it is not the word asked for.
    int: Option<Word>,
}

impl Vacant {
    /// Stores under the key asked for, which gets one more owner.
    ///
    /// # Safety
    /// As for [`entry`]; the dict has not changed since, the value is owned.
    #[inline(always)]
    pub unsafe fn fill(self, dict: *mut DictObject, key: Word, value: Word) {
        // SAFETY: the caller's.
        unsafe {
            let key = self.int.unwrap_or(key);
            heap::retain(key);
            (*dict).append_at(self.slot, self.hash, Entry { key, value });
        }
    }
}

/// Where the value under a key that is an inline int or a string is, or where it is missing. Who stores under a string says so to
/// [`stored_text`].
///
/// # Safety
/// The dict is live and has one owner, the key is live.
#[inline(always)]
pub unsafe fn entry(dict: *mut DictObject, key: Word) -> Result<*mut Word, Vacant> {
    // SAFETY: the caller's; a key that is no int is a string.
    unsafe {
        if key.is_int() {
            return entry_of_int(dict, key);
        }
        let text = StringRef::of(key);
        if let Some(int) = text.int_key() {
            let word = Value::int(int).word();
            return entry_of_int(dict, word).map_err(|vacant| Vacant { int: Some(word), ..vacant });
        }
        match (*dict).find_text(key) {
            Ok(at) => Ok(place_of(dict, at)),
            Err(slot) => Err(Vacant { slot, hash: text.hash(), int: None }),
        }
    }
}

/// [`entry`] of an inline int.
///
/// # Safety
/// As for [`entry`].
#[inline(always)]
pub unsafe fn entry_of_int(dict: *mut DictObject, key: Word) -> Result<*mut Word, Vacant> {
    // SAFETY: the caller's.
    unsafe {
        match (*dict).find_int(key) {
            Ok(at) => Ok(place_of(dict, at)),
            Err(slot) => Err(Vacant { slot, hash: hash_int(key.as_inline_int()), int: None }),
        }
    }
}

/// Where the value of an entry is, which was found last from now on.
#[inline(always)]
unsafe fn place_of(dict: *const DictObject, at: usize) -> *mut Word {
    // SAFETY: a live dict, and the entry is one of its.
    unsafe {
        DictObject::remember(dict, at);
        &raw mut (*(*dict).entries.add(at)).value
    }
}

/// Where a dict has the value under an inline int, if one of the guesses that need no index is right.
///
/// # Safety
/// The dict is live.
#[inline(always)]
pub unsafe fn guess(dict: *const DictObject, key: Word) -> Option<*mut Word> {
    // SAFETY: the caller's.
    unsafe {
        let at = (*dict).near(key).or_else(|| (*dict).recent(key))?;
        Some(&raw mut (*(*dict).entries.add(at)).value)
    }
}

/// Stores under an inline int, and returns the old value, which is the caller's now, or null.
///
/// # Safety
/// The dict is live and has one owner; the value is owned.
#[inline(always)]
pub unsafe fn store_int(dict: *mut DictObject, key: Word, value: Word) -> Word {
    // SAFETY: the caller's.
    unsafe {
        match (*dict).find_int(key) {
            Ok(at) => replace(dict, at, value),
            Err(slot) => {
                (*dict).append_at(slot, hash_int(key.as_inline_int()), Entry { key, value });
                Word::NULL
            }
        }
    }
}

/// As [`store_int`] under a string; `None` if it is no string, or the canonical form of an int.
///
/// # Safety
/// As [`store_int`]; the key is live.
#[inline(always)]
pub unsafe fn store_plain_text(dict: *mut DictObject, key: Word, value: Word) -> Option<Word> {
    // SAFETY: the caller's.
    unsafe {
        if Value::borrow(&key).as_string()?.int_key().is_some() {
            return None;
        }
        (*dict).header.flags |= FLAG_STRING_ORDERED;
        Some(match (*dict).recent(key) {
            Some(at) => replace(dict, at, value),
            None => store_text(dict, key, value),
        })
    }
}

/// As [`store_int`] under a string that is not the canonical form of an inline int, which gets one more owner if it is new.
///
/// # Safety
/// As [`store_int`]; the key is live, and keys of the dict sort as text.
#[inline]
pub unsafe fn store_text(dict: *mut DictObject, key: Word, value: Word) -> Word {
    // SAFETY: the caller's.
    unsafe {
        match (*dict).find_text(key) {
            Ok(at) => replace(dict, at, value),
            Err(slot) => {
                heap::retain(key);
                (*dict).append_at(slot, StringRef::of(key).hash(), Entry { key, value });
                Word::NULL
            }
        }
    }
}

#[inline(always)]
unsafe fn replace(dict: *mut DictObject, at: usize, value: Word) -> Word {
    // SAFETY: a live dict of one owner, and the place is one of its.
    unsafe {
        (*dict).note_counted(value);
        std::mem::replace(&mut *place_of(dict, at), value)
    }
}

/// The entry of the key.
fn find(dict: &DictObject, key: &Key<'_>) -> Option<usize> {
    match &key.form {
        Form::Int(int) => dict.find_int(Value::int(*int).word()).ok(),
        Form::Text { hash, .. } => dict.search(*hash, |stored| key.matches(stored)).ok(),
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

    /// Is it the elements of a set?
    pub(super) fn holds_elements(self) -> bool {
        self.fields().header.flags & FLAG_ELEMENTS != 0
    }

    /// The place of the first entry from a place on.
    pub fn next(self, from: usize) -> Option<usize> {
        // SAFETY: live for 'a.
        unsafe { DictObject::next(self.object, from) }
    }

    /// Was a string key ever stored?
    pub fn is_string_ordered(self) -> bool {
        self.fields().header.flags & FLAG_STRING_ORDERED != 0
    }

    /// The value stored under `key`.
    #[inline]
    pub fn get(self, key: &Key<'_>) -> Option<&'a Value> {
        let at = find(self.fields(), key)?;
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
            let at = find(&*self.object, key)?;
            (*self.object).header.flags |= FLAG_COUNTED;
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
        let at = find(dict, key)?;
        dict.header.flags |= FLAG_COUNTED;
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
        let at = find(dict, key)?;
        // SAFETY: the entry is in use and ours alone.
        unsafe {
            let entry = dict.take(at);
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
    fn removed_entries_are_passed_over_at_once_and_do_not_pile_up() {
        let mut d = new();
        for i in 0..1000 {
            d.as_dict_mut().unwrap().insert(Key::text(&format!("k{i}")), Value::NULL);
        }
        let mut removed = 0;
        // From the second entry on, backwards and forwards in turn, so that runs of removed entries meet.
        for block in 0..30 {
            for at in 0..10 {
                let number = 1 + block * 10 + if block % 2 == 0 { at } else { 9 - at };
                assert!(d.as_dict_mut().unwrap().remove(&Key::text(&format!("k{number}"))).is_some());
                removed += 1;
            }
            let dict = d.as_dict().unwrap();
            assert_eq!((dict.next(0), dict.next(1)), (Some(0), Some(1 + removed)));
            // Who has walked over them once does it in one step.
            assert_eq!(dict.fields().entries()[1].value.as_inline_int(), removed as i64);
        }
        for i in 301..1000 {
            d.as_dict_mut().unwrap().remove(&Key::text(&format!("k{i}")));
            let dict = d.as_dict().unwrap();
            assert!(dict.used() <= 2 * dict.len() + 17);
        }
        assert_eq!(keys(&d), ["k0"]);
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
