//! Indexing and container construction. The handlers know arrays with int keys; the rest goes through `runtime`.

use super::data::{listed, release_spilled};
use super::entries::{guessed, value_at};
use super::paths;
use super::place::element;
use super::vacate;
use crate::bytecode::op::{DROP_FIRST, DROP_LISTED, Fields, OPCODE_MASK, Opcode};
use crate::runtime::array::{ArrayObject, ELEMENTS_OFFSET};
use crate::runtime::dict;
use crate::runtime::error::RuntimeError;
use crate::runtime::heap::Kind;
use crate::runtime::kept;
use crate::runtime::path;
use crate::runtime::release::release;
use crate::runtime::string::{self, BYTES_OFFSET, FLAG_ASCII, StringObject};
use crate::runtime::value::Value;
use crate::runtime::word::Word;
use crate::vm::Vm;
use crate::vm::dispatch::{Machine, handlers, retain};

/// Where an array keeps its first element, in words.
const FIRST_ELEMENT: usize = ELEMENTS_OFFSET / 8;

/// `a := array[key]`, or enters `other`.
macro_rules! array_get {
    ($m:ident, $array:expr, $key:expr, $other:ident, $words:literal) => {{
        let (array, index) = (Word($array), $key.wrapping_sub($m.t));
        if array.is_array() {
            let object: *mut ArrayObject = array.object_ptr();
            if index < (*object).len as u64 {
                let word = *(object as *const u64).add(FIRST_ELEMENT + index as usize);
                retain(word);
                $m.set_a(word);
                return $m.next($words);
            }
        }
        $m.enter($other)
    }};
}

/// `array[key] := value` if the array is unique, and the old element, if that needs a release, can be released by an instruction of two words;
/// or enters `other`.
macro_rules! array_set {
    ($m:ident, $key:expr, $value:expr, $other:ident, $words:literal) => {{
        let (array, index) = (Word($m.ra()), $key.wrapping_sub($m.t));
        if array.is_array() {
            let object: *mut ArrayObject = array.object_ptr();
            if (*object).header.count == 1 && index < (*object).len as u64 {
                let slot = (object as *mut u64).add(FIRST_ELEMENT + index as usize);
                let old = *slot;
                if !Word(old).is_counted() {
                    *slot = $value;
                    return $m.next($words);
                }
                if $words == 2 {
                    *slot = $value;
                    (*$m.vm).spill = old;
                    return $m.enter(release_spilled);
                }
            }
        }
        $m.enter($other)
    }};
}

/// The byte at the inline int `key` in an ASCII text.
#[inline(always)]
pub(super) unsafe fn character(m: Machine, text: u64, key: u64) -> Option<u8> {
    let (text, index) = (Word(text), key.wrapping_sub(m.t));
    if !text.is_object() {
        return None;
    }
    let object: *const StringObject = text.object_ptr();
    // SAFETY: heap words are live; the kind says that it is a string, its length that the byte is there.
    unsafe {
        let text = (*object).header.kind as u8 == Kind::String as u8 && (*object).header.flags & FLAG_ASCII != 0;
        if text && index < (*object).len as u64 {
            Some(*(object as *const u8).add(BYTES_OFFSET + index as usize))
        } else {
            None
        }
    }
}

handlers! {
    fn index_get(m) {
        array_get!(m, m.rb(), m.rc(), index_get_other, 2)
    }
    fn index_get_other(m) {
        let text = Word(m.rb());
        if text.is_object() && (*text.header()).kind as u8 == Kind::String as u8 {
            m.quicken(index_get_text);
            return m.enter(index_get_text);
        }
        if m.rc() >= m.lim
            && let Some(dict) = dict::object(text)
            && let Some(place) = dict::guess(dict, Word(m.rc()))
        {
            let word = (*place).0;
            retain(word);
            m.set_a(word);
            return m.next(2);
        }
        m.helper(get_register)
    }
    fn index_get_text(m) {
        match character(m, m.rb(), m.rc()) {
            Some(byte) => {
                // A string of one ASCII character is not counted, and an int key needs no release.
                m.set_a(string::ascii_word(byte).0);
                m.next(2)
            }
            None => m.enter(index_get_text_other),
        }
    }
    cold fn index_get_text_other(m) {
        if Word(m.rb()).is_array() {
            m.quicken(index_get);
            return m.enter(index_get);
        }
        m.helper(get_register)
    }
    fn index_get_i(m) {
        array_get!(m, m.rb(), (m.c_signed() as u64).wrapping_add(m.t), index_get_i_other, 2)
    }
    fn index_get_i_other(m) {
        m.helper(get_imm)
    }
    fn index_borrow(m) {
        if let Some(place) = element(m, m.rb(), m.rc(), false) {
            m.set_a(*place);
            return m.next(2);
        }
        m.enter(index_borrow_other)
    }
    fn index_borrow_other(m) {
        if m.rc() >= m.lim
            && let Some(dict) = dict::object(Word(m.rb()))
            && let Some(place) = dict::guess(dict, Word(m.rc()))
        {
            m.set_a((*place).0);
            return m.next(2);
        }
        m.helper(borrow_register)
    }
    fn index_borrow_i(m) {
        if let Some(place) = element(m, m.rb(), (m.c_signed() as u64).wrapping_add(m.t), false) {
            m.set_a(*place);
            return m.next(2);
        }
        m.enter(index_borrow_i_other)
    }
    fn index_borrow_i_other(m) {
        m.helper(borrow_imm)
    }
    fn index_borrow_k(m) {
        m.helper(borrow_literal)
    }
    fn index_get_k(m) {
        m.helper(get_literal)
    }
    fn set_index(m) {
        array_set!(m, m.rb(), m.rc(), set_index_other, 2)
    }
    fn set_index_other(m) {
        if let Some(place) = guessed(m, m.ra(), m.rb())
            && !Word(*place).is_counted()
            && !Word(m.rc()).is_counted()
        {
            *place = m.rc();
            return m.next(2);
        }
        m.helper(set_register)
    }
    fn set_index_k(m) {
        array_set!(m, m.rb(), m.literal(), set_index_k_other, 3)
    }
    fn set_index_k_other(m) {
        m.helper(set_literal)
    }
    fn set_path(m) {
        m.helper(paths::change)
    }
    fn update_path(m) {
        m.helper(paths::change)
    }
    fn cell_set_path(m) {
        m.helper(paths::change)
    }
    fn cell_update_path(m) {
        m.helper(paths::change)
    }
    fn global_set_path(m) {
        m.helper(paths::change)
    }
    fn global_update_path(m) {
        m.helper(paths::change)
    }
    fn vacate(m) {
        m.helper(vacate::take)
    }
    fn cell_vacate(m) {
        m.helper(vacate::take)
    }
    fn global_vacate(m) {
        m.helper(vacate::take)
    }
    fn restore(m) {
        m.helper(vacate::put_back)
    }
    fn cell_restore(m) {
        m.helper(vacate::put_back)
    }
    fn global_restore(m) {
        m.helper(vacate::put_back)
    }
    fn array_new(m) {
        m.helper(new_array)
    }
    fn array_extend(m) {
        m.helper(extend_array)
    }
    fn array_push(m) {
        let array = Word(m.ra());
        if array.is_array() {
            let object: *mut ArrayObject = array.object_ptr();
            let len = (*object).len;
            if (*object).header.count == 1 && len < (*object).cap {
                *(object as *mut u64).add(FIRST_ELEMENT + len as usize) = m.rb();
                (*object).len = len + 1;
                return m.next(2);
            }
        }
        m.enter(array_push_other)
    }
    fn array_push_k(m) {
        let array = Word(m.ra());
        if array.is_array() {
            let object: *mut ArrayObject = array.object_ptr();
            let len = (*object).len;
            if (*object).header.count == 1 && len < (*object).cap {
                *(object as *mut u64).add(FIRST_ELEMENT + len as usize) = m.literal();
                (*object).len = len + 1;
                return m.next(3);
            }
        }
        m.enter(array_push_k_other)
    }
    cold fn array_push_k_other(m) {
        m.helper(push_literal)
    }
    cold fn array_push_other(m) {
        m.helper(push_slow)
    }
    fn array_spread(m) {
        m.helper(spread_array)
    }
    fn dict_new(m) {
        m.helper(new_dict)
    }
    fn dict_extend(m) {
        m.helper(extend_dict)
    }
    fn dict_spread(m) {
        m.helper(spread_dict)
    }
}

/// `a := b[key]`; the key register is released if it dies here.
unsafe fn get(vm: &mut Vm, pc: *mut u64, base: *mut u64, key: Word, key_dies: bool, words: usize) -> *mut u64 {
    // SAFETY: as a helper; register b and the key are live.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let container = Word(*base.add(fields.b as usize));
        if let Some(value) = value_at(container, key) {
            retain(value.0);
            *base.add(fields.a as usize) = value.0;
            if key_dies {
                release(key);
            }
            return pc.add(words);
        }
        match path::index_get(Value::borrow(&container), Value::borrow(&key)) {
            Ok(value) => {
                if key_dies {
                    release(key);
                }
                *base.add(fields.a as usize) = value.into_word().0;
                pc.add(words)
            }
            Err(error) => vm.raise(pc, error),
        }
    }
}

/// As `get`; the container keeps what it has, and a character that is read out of a text is kept for good.
unsafe fn borrow(vm: &mut Vm, pc: *mut u64, base: *mut u64, key: Word, key_dies: bool, words: usize) -> *mut u64 {
    // SAFETY: as `get`.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let container = Word(*base.add(fields.b as usize));
        let found = match value_at(container, key) {
            Some(word) => Ok(word),
            None => path::index_get(Value::borrow(&container), Value::borrow(&key)).map(|value| {
                let is_text = Value::borrow(&container).as_str().is_some();
                let kept = if is_text { kept::character(value.clone()) } else { None };
                kept.unwrap_or(value.word())
            }),
        };
        match found {
            Ok(word) => {
                if key_dies {
                    release(key);
                }
                *base.add(fields.a as usize) = word.0;
                pc.add(words)
            }
            Err(error) => vm.raise(pc, error),
        }
    }
}

#[inline(never)]
unsafe fn borrow_register(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        borrow(vm, pc, base, Word(*base.add(fields.c as usize)), fields.op & DROP_FIRST != 0, 2)
    }
}

#[inline(never)]
unsafe fn borrow_imm(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        let key = Word::small_int(Fields::decode(*pc.add(1)).c as i16 as i32);
        borrow(vm, pc, base, key, false, 2)
    }
}

#[inline(never)]
unsafe fn borrow_literal(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the literal is owned by the program.
    unsafe { borrow(vm, pc, base, Word(*pc.add(2)), false, 3) }
}

#[inline(never)]
unsafe fn get_register(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        get(vm, pc, base, Word(*base.add(fields.c as usize)), fields.op & DROP_FIRST != 0, 2)
    }
}

#[inline(never)]
unsafe fn get_imm(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        let key = Word::small_int(Fields::decode(*pc.add(1)).c as i16 as i32);
        get(vm, pc, base, key, false, 2)
    }
}

#[inline(never)]
unsafe fn get_literal(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the literal is owned by the program.
    unsafe { get(vm, pc, base, Word(*pc.add(2)), false, 3) }
}

#[inline(never)]
unsafe fn set_register(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        paths::set_one(vm, pc, base, Word(*base.add(fields.c as usize)), 2)
    }
}

#[inline(never)]
unsafe fn set_literal(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the literal is not counted.
    unsafe { paths::set_one(vm, pc, base, Word(*pc.add(2)), 3) }
}

#[inline(never)]
unsafe fn new_array(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the listed registers are consumed.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let count = fields.c as usize;
        let next = pc.add(Opcode::array_new.length(count));
        let spread = Word(if vm.steady { Word::NULL.0 } else { spread_next(next, base, fields.a) });
        if count == 0
            && spread.is_array()
            && Fields::decode(*next.add(1)).op & DROP_FIRST != 0
            && (*spread.header()).count == 1
        {
            *base.add(fields.a as usize) = spread.0;
            return next.add(2);
        }
        let rest = Value::borrow(&spread).as_array().unwrap_or(&[]);
        let object = ArrayObject::allocate(count + rest.len());
        let (elements, list) = (ArrayObject::elements(object), pc.add(2) as *const u16);
        let mut i = 0;
        while i < count {
            *elements.add(i) = Word(*base.add((*list.add(i) & !DROP_LISTED) as usize));
            i += 1;
        }
        (*object).len = count as u32;
        *base.add(fields.a as usize) = Word::array(object).0;
        if !spread.is_array() {
            return next;
        }
        ArrayObject::append(object, rest);
        if Fields::decode(*next.add(1)).op & DROP_FIRST != 0 {
            release(spread);
        }
        next.add(2)
    }
}

/// Makes `target` of what is spread into it, if it is empty and the other dies with the spread and has no other owner: then nothing has
/// to be copied.
///
/// # Safety
/// Both words are live; the target is owned.
#[inline(always)]
unsafe fn becomes(target: *mut u64, source: Word, dies: bool, is_empty: bool) -> bool {
    // SAFETY: the caller's; a source that dies is owned.
    unsafe {
        let taken = dies && is_empty && (*source.header()).count == 1;
        if taken {
            release(Word(*target));
            *target = source.0;
        }
        taken
    }
}

/// The array that the instruction `next` spreads into the one that is to be in register `to`.
///
/// PERF: `[x, ...rest]` is made at once; growing it took a third of the time of building all permutations.
#[inline(always)]
unsafe fn spread_next(next: *const u64, base: *mut u64, to: u16) -> u64 {
    // SAFETY: an instruction that does not end the code is followed by one (BC007), whose registers are inside the frame (BC002); what it
    // spreads is live before it.
    unsafe {
        let fields = Fields::decode(*next.add(1));
        let spreads = fields.op & OPCODE_MASK == Opcode::array_spread as u16 && fields.a == to && fields.b != to;
        if spreads { *base.add(fields.b as usize) } else { Word::NULL.0 }
    }
}

#[inline(never)]
unsafe fn extend_array(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; register a holds an array and keeps one, the listed registers are consumed.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let count = fields.c as usize;
        let slot = base.add(fields.a as usize);
        let mut array = Value::from_word(Word(*slot));
        if let Some(mut elements) = array.as_array_mut() {
            for (register, _) in listed(pc.add(2), count) {
                elements.push(Value::from_word(Word(*base.add(register))));
            }
        }
        *slot = array.into_word().0;
        pc.add(Opcode::array_extend.length(count))
    }
}

#[inline(never)]
unsafe fn push_slow(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; on success register b is consumed.
    unsafe {
        let value = Word(*base.add(Fields::decode(*pc.add(1)).b as usize));
        push_word(vm, pc, base, value, 2)
    }
}

#[inline(never)]
unsafe fn push_literal(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the literal is not counted.
    unsafe { push_word(vm, pc, base, Word(*pc.add(2)), 3) }
}

/// Appends `value`, which moves, to the array in register a; on an error everything keeps its value.
unsafe fn push_word(vm: &mut Vm, pc: *mut u64, base: *mut u64, value: Word, words: usize) -> *mut u64 {
    // SAFETY: as a helper; register a owns its value before and after.
    unsafe {
        let slot = base.add(Fields::decode(*pc.add(1)).a as usize);
        let mut array = Value::from_word(Word(*slot));
        let pushed = match array.as_array_mut() {
            Some(elements) if !elements.may_push() => Err(RuntimeError::out_of_memory()),
            Some(mut elements) => {
                elements.push(Value::from_word(value));
                Ok(())
            }
            None => Err(RuntimeError::message("push() requires an array as the first argument")),
        };
        *slot = array.into_word().0;
        match pushed {
            Ok(()) => pc.add(words),
            Err(error) => vm.raise(pc, error),
        }
    }
}

#[inline(never)]
unsafe fn spread_array(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; register a keeps an array, register b is released if it dies here.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let source = Word(*base.add(fields.b as usize));
        let Some(elements) = Value::borrow(&source).as_array() else {
            return vm.raise(pc, RuntimeError::message("Can only spread arrays"));
        };
        let slot = base.add(fields.a as usize);
        let is_empty = Value::borrow(&Word(*slot)).as_array().is_some_and(<[Value]>::is_empty);
        if becomes(slot, source, fields.op & DROP_FIRST != 0, is_empty) {
            return pc.add(2);
        }
        let mut array = Value::from_word(Word(*slot));
        if let Some(mut target) = array.as_array_mut() {
            target.extend(elements);
        }
        *slot = array.into_word().0;
        if fields.op & DROP_FIRST != 0 {
            release(source);
        }
        pc.add(2)
    }
}

/// Stores the listed keys and values in `target`. Nothing is consumed if a key is no string or int.
unsafe fn store_pairs(pc: *mut u64, base: *mut u64, count: usize, target: &mut Value) -> Result<(), RuntimeError> {
    // SAFETY: as a helper; the listed registers are live, and consumed on success.
    unsafe {
        let words: smallvec::SmallVec<[Word; 16]> =
            listed(pc.add(2), count).map(|(register, _)| Word(*base.add(register))).collect();
        for pair in words.chunks_exact(2) {
            if dict::Key::of(Value::borrow(&pair[0])).is_none() {
                return Err(RuntimeError::message("Dict keys must be strings"));
            }
        }
        if let Some(mut entries) = target.as_dict_mut() {
            for pair in words.chunks_exact(2) {
                let key = Value::from_word(pair[0]);
                if let Some(key) = dict::Key::of(&key) {
                    entries.insert(key, Value::from_word(pair[1]));
                }
            }
        }
        Ok(())
    }
}

#[inline(never)]
unsafe fn new_dict(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let count = fields.c as usize;
        let mut target = dict::new();
        match store_pairs(pc, base, count, &mut target) {
            Ok(()) => {
                *base.add(fields.a as usize) = target.into_word().0;
                pc.add(Opcode::dict_new.length(count))
            }
            Err(error) => vm.raise(pc, error),
        }
    }
}

#[inline(never)]
unsafe fn extend_dict(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; register a keeps a dict.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let count = fields.c as usize;
        let slot = base.add(fields.a as usize);
        let mut target = Value::from_word(Word(*slot));
        let result = store_pairs(pc, base, count, &mut target);
        *slot = target.into_word().0;
        match result {
            Ok(()) => pc.add(Opcode::dict_extend.length(count)),
            Err(error) => vm.raise(pc, error),
        }
    }
}

#[inline(never)]
unsafe fn spread_dict(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; register a keeps a dict, register b is released if it dies here.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let source = Word(*base.add(fields.b as usize));
        let Some(entries) = Value::borrow(&source).as_dict() else {
            return vm.raise(pc, RuntimeError::message("Can only spread dicts"));
        };
        let slot = base.add(fields.a as usize);
        let is_empty =
            Value::borrow(&Word(*slot)).as_dict().is_some_and(|dict| dict.is_empty() && !dict.is_string_ordered());
        if becomes(slot, source, fields.op & DROP_FIRST != 0, is_empty) {
            return pc.add(2);
        }
        let mut target = Value::from_word(Word(*slot));
        if let Some(mut target) = target.as_dict_mut() {
            target.extend(entries);
        }
        *slot = target.into_word().0;
        if fields.op & DROP_FIRST != 0 {
            release(source);
        }
        pc.add(2)
    }
}
