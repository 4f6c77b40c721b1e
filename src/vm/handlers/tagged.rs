//! Tagged values, results and options; destructuring. Tags are compared as numbers, inline.

use super::data::listed;
use crate::bytecode::op::{Fields, Opcode};
use crate::runtime::array::{ArrayObject, ELEMENTS_OFFSET};
use crate::runtime::dict::Key;
use crate::runtime::error::RuntimeError;
use crate::runtime::heap::{IMMORTAL, Kind};
use crate::runtime::operators;
use crate::runtime::tagged::{PAYLOAD_OFFSET, Tag, TaggedObject, Variant};
use crate::runtime::value::Value;
use crate::runtime::word::{T, Word};
use crate::vm::Vm;
use crate::vm::dispatch::{Handler, handlers, retain};

/// Where an array keeps its first element, in words.
const FIRST_ELEMENT: usize = ELEMENTS_OFFSET / 8;
/// Where a tagged value keeps its first payload, in words.
const FIRST_PAYLOAD: usize = PAYLOAD_OFFSET / 8;

/// The tagged value, result or option a word is, or null.
///
/// # Safety
/// `word` is a live value.
#[inline(always)]
pub(super) unsafe fn tagged_object(word: u64) -> *mut TaggedObject {
    if Word(word).is_object() {
        let object: *mut TaggedObject = Word(word).object_ptr();
        // SAFETY: object words point to live objects, which start with a header.
        let kind = unsafe { (*object).header.kind };
        if kind as u8 == Kind::Tagged as u8 || kind as u8 == Kind::Outcome as u8 {
            return object;
        }
    }
    std::ptr::null_mut()
}

/// Whether `word` has the tag of number `tag`.
///
/// # Safety
/// `word` is a live value.
#[inline(always)]
unsafe fn has_tag(word: u64, tag: u64) -> bool {
    // SAFETY: as the caller promises.
    unsafe {
        let object = tagged_object(word);
        !object.is_null() && (*object).tag.0 as u64 == tag
    }
}

/// Whether `word` is a string.
///
/// # Safety
/// `word` is a live value.
#[inline(always)]
unsafe fn is_string(word: u64) -> bool {
    // SAFETY: object words point to live objects, which start with a header.
    Word(word).is_object() && unsafe { (*Word(word).header()).kind } as u8 == Kind::String as u8
}

/// The handler for the parts of a tagged value that are taken one after the other, from `pc` on: two of them, or the last before the
/// value is dropped, or both.
///
/// PERF: a walk over a tree takes apart every node it visits.
///
/// # Safety
/// `pc` is an instruction of verified code, with others behind it.
pub(crate) unsafe fn handler(pc: *const u64) -> Option<Handler> {
    // SAFETY: an instruction that does not end the code is followed by one (BC007).
    unsafe {
        let instruction = |words: usize| {
            let fields = Fields::decode(*pc.add(words + 1));
            (Opcode::from_word(fields.op), fields)
        };
        let (Some(Opcode::part_get), first) = instruction(0) else { return None };
        let stays = |part: Fields| part.a != first.b;
        let drops =
            |(opcode, fields): (Option<Opcode>, Fields)| opcode == Some(Opcode::drop_value) && fields.a == first.b;
        match instruction(2) {
            (Some(Opcode::part_get), second) if second.b == first.b && stays(first) => {
                // Behind a part that control runs on from stands an instruction.
                Some(if stays(second) && drops(instruction(4)) { two_parts_then_drop } else { two_parts })
            }
            next if stays(first) && drops(next) => Some(part_then_drop),
            _ => None,
        }
    }
}

/// Part `index` of a tagged value, with one more owner.
#[inline(always)]
unsafe fn part(object: *mut TaggedObject, index: usize) -> u64 {
    // SAFETY: a live tagged value, and it has that part.
    unsafe {
        let part = *(object as *const u64).add(FIRST_PAYLOAD + index);
        retain(part);
        part
    }
}

/// Drops a tagged value that has other owners and goes on `$behind` words further, or goes on at the drop, `$before` words further.
macro_rules! drop_shared {
    ($m:ident, $object:expr, $before:literal, $behind:literal) => {{
        let count = (*$object).header.count;
        if (2..IMMORTAL).contains(&count) {
            (*$object).header.count = count - 1;
            return $m.next($behind);
        }
        $m.next($before)
    }};
}

/// Takes out two parts, as this `part_get` and the next one do; the object they are of.
macro_rules! take_two {
    ($m:ident) => {{
        let object = tagged_object($m.rb());
        let second = *$m.pc.add(3);
        let index = (second >> 48) as usize;
        if object.is_null() || $m.c().max(index) >= (*object).len as usize {
            return $m.enter(part_get);
        }
        $m.set_a(part(object, $m.c()));
        *$m.base.add((second >> 16) as u16 as usize) = part(object, index);
        object
    }};
}

handlers! {
    fn two_parts(m) {
        take_two!(m);
        m.next(4)
    }
    fn two_parts_then_drop(m) {
        let object = take_two!(m);
        drop_shared!(m, object, 4, 6)
    }
    fn part_then_drop(m) {
        let object = tagged_object(m.rb());
        if object.is_null() || m.c() >= (*object).len as usize {
            return m.enter(part_get);
        }
        m.set_a(part(object, m.c()));
        drop_shared!(m, object, 2, 4)
    }
    fn tagged_new(m) {
        m.helper(new_tagged)
    }
    fn is_tag(m) {
        m.set_a(Word::FALSE.0 + has_tag(m.rb(), m.literal()) as u64);
        m.next(3)
    }
    fn jump_tag(m) {
        if has_tag(m.ra(), m.literal()) { m.jump(m.c_signed()) } else { m.next(3) }
    }
    fn jump_not_tag(m) {
        if has_tag(m.ra(), m.literal()) { m.next(3) } else { m.jump(m.c_signed()) }
    }
    fn is_text(m) {
        if is_string(m.rb()) {
            m.enter(is_text_other)
        } else {
            m.set_a(Word::FALSE.0);
            m.next(3)
        }
    }
    cold fn is_text_other(m) {
        m.helper(compare_text)
    }
    fn jump_text(m) {
        if is_string(m.ra()) { m.enter(jump_text_other) } else { m.next(3) }
    }
    fn jump_not_text(m) {
        if is_string(m.ra()) { m.enter(jump_text_other) } else { m.jump(m.c_signed()) }
    }
    cold fn jump_text_other(m) {
        m.helper(branch_on_text)
    }
    fn part_get(m) {
        let (word, index) = (m.rb(), m.c());
        let object = tagged_object(word);
        if !object.is_null() {
            if index < (*object).len as usize {
                let part = *(object as *const u64).add(FIRST_PAYLOAD + index);
                retain(part);
                m.set_a(part);
                return m.next(2);
            }
        } else if Word(word).is_array() {
            let array: *mut ArrayObject = Word(word).object_ptr();
            if index < (*array).len as usize {
                let part = *(array as *const u64).add(FIRST_ELEMENT + index);
                retain(part);
                m.set_a(part);
                return m.next(2);
            }
        }
        m.set_a(Word::NULL.0);
        m.next(2)
    }
    fn part_count(m) {
        let object = tagged_object(m.rb());
        let count = if object.is_null() { 0 } else { (*object).len as u64 };
        m.set_a(count.wrapping_add(T));
        m.next(2)
    }
    fn try_unwrap(m) {
        let object = tagged_object(m.rb());
        if object.is_null() || (*object).header.kind as u8 != Kind::Outcome as u8 {
            return m.enter(no_outcome);
        }
        let tag = (*object).tag.0;
        if tag == Variant::Ok as u32 || tag == Variant::Some as u32 {
            let content = *(object as *const u64).add(FIRST_PAYLOAD);
            retain(content);
            m.set_a(content);
        } else {
            m.set_a(Word::UNDEF.0);
        }
        m.next(2)
    }
    cold fn no_outcome(m) {
        m.helper(raise_no_outcome)
    }
    fn expect_array(m) {
        if Word(m.rb()).is_array() { m.next(2) } else { m.enter(no_array) }
    }
    cold fn no_array(m) {
        m.helper(raise_no_array)
    }
    fn expect_dict(m) {
        let word = Word(m.rb());
        if word.is_object() && (*word.header()).kind as u8 == Kind::Dict as u8 { m.next(2) } else { m.enter(no_dict) }
    }
    cold fn no_dict(m) {
        m.helper(raise_no_dict)
    }
    fn array_rest(m) {
        m.helper(rest_of_array)
    }
    fn dict_without(m) {
        m.helper(remove_entry)
    }
}

#[inline(never)]
unsafe fn new_tagged(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the literal is a tag (BC003), the listed registers are consumed. Results and options have as many
    // payloads as their readers expect, or `payload` finds none.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let count = fields.c as usize;
        let object = TaggedObject::allocate(Tag(*pc.add(2) as u32), count);
        let payload = TaggedObject::payload(object);
        for (i, (register, _)) in listed(pc.add(3), count).enumerate() {
            payload.add(i).write(Word(*base.add(register)));
        }
        *base.add(fields.a as usize) = Word::object(object).0;
        pc.add(Opcode::tagged_new.length(count))
    }
}

/// Whether `word` is the string that the instruction's literal is.
unsafe fn is_literal_text(pc: *mut u64, word: Word) -> bool {
    // SAFETY: as a helper; the literal is a string the program owns.
    let literal = unsafe { Word(*pc.add(2)) };
    // SAFETY: both words are live values.
    word.0 == literal.0 || unsafe { Value::borrow(&word).as_str() == Value::borrow(&literal).as_str() }
}

#[inline(never)]
unsafe fn compare_text(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let equal = is_literal_text(pc, Word(*base.add(fields.b as usize)));
        *base.add(fields.a as usize) = Word::bool(equal).0;
        pc.add(3)
    }
}

#[inline(never)]
unsafe fn branch_on_text(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the jump target is an instruction (BC006).
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let wanted = Opcode::from_word(fields.op) == Some(Opcode::jump_text);
        if is_literal_text(pc, Word(*base.add(fields.a as usize))) == wanted {
            pc.offset(fields.c as i16 as isize)
        } else {
            pc.add(3)
        }
    }
}

#[inline(never)]
unsafe fn raise_no_outcome(vm: &mut Vm, pc: *mut u64, _base: *mut u64) -> *mut u64 {
    vm.raise(pc, RuntimeError::message("Try operator requires Result or Option"))
}

/// Raises because register b is not what a pattern needs.
unsafe fn raise_wrong_kind(vm: &mut Vm, pc: *mut u64, base: *mut u64, wanted: &str) -> *mut u64 {
    // SAFETY: as a helper; register b is live.
    let word = unsafe { Word(*base.add(Fields::decode(*pc.add(1)).b as usize)) };
    // SAFETY: as above.
    let kind = operators::type_name(unsafe { Value::borrow(&word) });
    vm.raise(pc, RuntimeError::message(format!("Cannot destructure {kind} as {wanted}")))
}

#[inline(never)]
unsafe fn raise_no_array(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe { raise_wrong_kind(vm, pc, base, "array") }
}

#[inline(never)]
unsafe fn raise_no_dict(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe { raise_wrong_kind(vm, pc, base, "dict") }
}

#[inline(never)]
unsafe fn rest_of_array(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; register b is live, register a dead.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let word = Word(*base.add(fields.b as usize));
        let elements = Value::borrow(&word).as_array().unwrap_or(&[]);
        let rest = crate::runtime::array::from_slice(elements.get(fields.c as usize..).unwrap_or(&[]));
        *base.add(fields.a as usize) = rest.into_word().0;
        pc.add(2)
    }
}

#[inline(never)]
unsafe fn remove_entry(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; register a keeps a dict; the literal is a string the program owns.
    unsafe {
        let slot = base.add(Fields::decode(*pc.add(1)).a as usize);
        let name = Value::from_borrowed(Word(*pc.add(2)));
        let mut target = Value::from_word(Word(*slot));
        let present = |dict: &Value, key: &Key<'_>| dict.as_dict().is_some_and(|dict| dict.get(key).is_some());
        let key = Key::text(name.as_str().unwrap_or(""));
        if present(&target, &key)
            && let Some(mut entries) = target.as_dict_mut()
        {
            entries.remove(&key);
        }
        *slot = target.into_word().0;
        pc.add(3)
    }
}
