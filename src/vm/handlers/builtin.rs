//! Calls of the builtins that loops are made of: `len`, `has_key`, `get`. The loader gives a `call_builtin` of one of them the handler
//! for it; what is no common case goes on in the general handler, errors included.

use super::call::call_builtin;
use crate::base::builtin::BuiltinId;
use crate::bytecode::op::{DROP_LISTED, Fields};
use crate::runtime::array::ArrayObject;
use crate::runtime::builtins::{self, Args};
use crate::runtime::dict::{self, Lookup};
use crate::runtime::heap::{IMMORTAL, Kind};
use crate::runtime::operators::LONG;
use crate::runtime::release::release;
use crate::runtime::string::{self, FLAG_ASCII, StringObject};
use crate::runtime::value::Value;
use crate::runtime::word::Word;
use crate::vm::Vm;
use crate::vm::dispatch::{Handler, handlers, retain};

/// Words of a call with at most four arguments.
const WORDS: usize = 3;

/// The handler of the builtin for so many arguments, if it has one of its own.
pub(crate) fn handler(builtin: u16, arguments: u16) -> Option<Handler> {
    Some(match (builtins::name_of_row(builtin), arguments) {
        ("len", 1) => length,
        ("has_key", 2) => has_key,
        ("get", 2 | 3) => get,
        ("substring", 3) => substring,
        ("replace", 3) => replace,
        ("split", 2) => split,
        ("join", 2) => join,
        ("parse_int", 1) => parse_int,
        ("to_string", 1) => to_string,
        _ => {
            builtins::row(BuiltinId(builtin)).filter(|row| row.arity.allows(arguments as usize))?;
            match arguments {
                1 => call_1,
                2 => call_2,
                3 => call_3,
                4 => call_4,
                _ => return None,
            }
        }
    })
}

handlers! {
    fn length(m) {
        let argument = m.literal() as u16;
        let word = Word(m.get((argument & !DROP_LISTED) as usize));
        let (header, len) = if word.is_array() {
            let object: *const ArrayObject = word.object_ptr();
            (word.header(), (*object).len)
        } else if word.is_object() && (*word.header()).kind as u8 == Kind::String as u8 {
            let object: *const StringObject = word.object_ptr();
            if (*object).header.flags & FLAG_ASCII == 0 && (*object).len > 0 {
                return m.enter(call_builtin);
            }
            (word.header(), (*object).len)
        } else {
            return m.enter(call_builtin);
        };
        if argument & DROP_LISTED != 0 && (*header).count != IMMORTAL {
            if (*header).count == 1 {
                return m.enter(call_builtin);
            }
            (*header).count -= 1;
        }
        m.set_a((len as u64).wrapping_add(m.t));
        m.next(WORDS)
    }
    fn has_key(m) {
        m.helper(find_key)
    }
    fn get(m) {
        m.helper(get_entry)
    }
    fn substring(m) {
        m.helper(cut_text)
    }
    fn replace(m) {
        m.helper(keep_text)
    }
    fn split(m) {
        m.helper(split_text)
    }
    fn join(m) {
        m.helper(join_texts)
    }
    fn parse_int(m) {
        m.helper(read_int)
    }
    fn to_string(m) {
        m.helper(write_int)
    }
    fn call_1(m) {
        m.helper(call_allowed::<1>)
    }
    fn call_2(m) {
        m.helper(call_allowed::<2>)
    }
    fn call_3(m) {
        m.helper(call_allowed::<3>)
    }
    fn call_4(m) {
        m.helper(call_allowed::<4>)
    }
}

/// The flags of `N` listed registers that say that they die.
const fn dying<const N: usize>() -> u64 {
    0x8000_8000_8000_8000 >> (16 * (4 - N))
}

/// A call whose number of arguments the loader has found to be allowed.
///
/// PERF: a loop of unknown length over the arguments and the test of their number cost more than most builtins.
#[inline(never)]
unsafe fn call_allowed<const N: usize>(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; listed registers are live, and owned if flagged: what a builtin takes of those it leaves null, and
    // nothing drops the words themselves.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let Some(row) = builtins::row(BuiltinId(fields.b)).filter(|_| !vm.metered) else {
            return super::call::call_builtin_slow(vm, pc, base);
        };
        let list = *pc.add(2);
        let mut words: [Word; N] =
            std::array::from_fn(|i| Word(*base.add(((list >> (16 * i)) as u16 & !DROP_LISTED) as usize)));
        let dying = list & dying::<N>();
        let owned = (0..N).fold(0, |owned, i| owned | (dying >> (15 + 15 * i)) & (1 << i));
        let args = Args::new(Value::borrow_slice_mut(&mut words), owned);
        match builtins::call_allowed(row, &mut vm.host, args) {
            Ok(value) => {
                if dying != 0 {
                    for (i, word) in words.into_iter().enumerate() {
                        if owned & (1 << i) != 0 {
                            release(word);
                        }
                    }
                }
                *base.add(fields.a as usize) = value.into_word().0;
                pc.add(WORDS)
            }
            Err(error) => super::call::call_failed(vm, pc, base, error),
        }
    }
}

/// Argument `index` of the call at `pc`, and whether it dies here.
#[inline(always)]
unsafe fn argument(pc: *mut u64, base: *mut u64, index: usize) -> (Word, bool) {
    // SAFETY: as a helper; the call lists its registers.
    unsafe {
        let entry = (*pc.add(2) >> (16 * index)) as u16;
        (Word(*base.add((entry & !DROP_LISTED) as usize)), entry & DROP_LISTED != 0)
    }
}

/// `substring` of an ASCII text, from one place to a later one.
#[inline(never)]
unsafe fn cut_text(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; inline ints are not counted.
    unsafe {
        let ((word, dies), (start, _), (end, _)) =
            (argument(pc, base, 0), argument(pc, base, 1), argument(pc, base, 2));
        let part = match Value::borrow(&word).as_string() {
            Some(text) if start.is_int() && end.is_int() && !vm.metered => {
                string::ascii_part(text, start.as_inline_int(), end.as_inline_int())
            }
            _ => None,
        };
        let Some(part) = part else { return call_allowed::<3>(vm, pc, base) };
        if dies {
            release(word);
        }
        *base.add(Fields::decode(*pc.add(1)).a as usize) = part.into_word().0;
        pc.add(WORDS)
    }
}

/// `replace` of a character that a short text does not have.
#[inline(never)]
unsafe fn keep_text(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the text moves if it dies, and gets one more owner if not.
    unsafe {
        let [text, from, to] = std::array::from_fn(|index| argument(pc, base, index));
        let texts = [&text, &from, &to].map(|argument| Value::borrow(&argument.0).as_str());
        let kept = match texts {
            [Some(text), Some(from), Some(_)] if from.len() == 1 && text.len() <= LONG && !vm.metered => {
                string::find_byte(text.as_bytes(), from.as_bytes()[0]).is_none()
            }
            _ => false,
        };
        if !kept {
            return call_allowed::<3>(vm, pc, base);
        }
        if !text.1 {
            retain(text.0.0);
        }
        for (word, dies) in [from, to] {
            if dies {
                release(word);
            }
        }
        *base.add(Fields::decode(*pc.add(1)).a as usize) = text.0.0;
        pc.add(WORDS)
    }
}

/// Two arguments and a result made of them, if there is one; otherwise the general call.
#[inline(always)]
unsafe fn of_two(
    vm: &mut Vm,
    pc: *mut u64,
    base: *mut u64,
    make: impl FnOnce(&Value, &Value) -> Option<Value>,
) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        let [first, second] = std::array::from_fn(|index| argument(pc, base, index));
        let made = if vm.metered { None } else { make(Value::borrow(&first.0), Value::borrow(&second.0)) };
        let Some(made) = made else { return call_allowed::<2>(vm, pc, base) };
        for (word, dies) in [first, second] {
            if dies {
                release(word);
            }
        }
        *base.add(Fields::decode(*pc.add(1)).a as usize) = made.into_word().0;
        pc.add(WORDS)
    }
}

/// `split` of a short text at a character.
#[inline(never)]
unsafe fn split_text(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        of_two(vm, pc, base, |text, delimiter| match (text.as_string(), delimiter.as_str()?.as_bytes()) {
            (Some(text), [byte]) if text.as_str().len() <= LONG => Some(string::split_at_byte(text, *byte)),
            _ => None,
        })
    }
}

/// `join` of strings to a short text.
#[inline(never)]
unsafe fn join_texts(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        of_two(vm, pc, base, |parts, separator| {
            let (parts, separator) = (parts.as_array()?, separator.as_string()?);
            let len = string::joined_len(parts, separator.as_str()).filter(|&len| len <= LONG)?;
            Some(string::join(parts, separator, len))
        })
    }
}

/// `parse_int` of a few digits.
#[inline(never)]
unsafe fn read_int(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        let (word, dies) = argument(pc, base, 0);
        let int = Value::borrow(&word).as_str().and_then(string::small_int).filter(|_| !vm.metered);
        let Some(int) = int else { return call_allowed::<1>(vm, pc, base) };
        if dies {
            release(word);
        }
        *base.add(Fields::decode(*pc.add(1)).a as usize) = Word::small_int(int).0;
        pc.add(WORDS)
    }
}

/// `to_string` of an int.
#[inline(never)]
unsafe fn write_int(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; an inline int is not counted.
    unsafe {
        let (word, _) = argument(pc, base, 0);
        if !word.is_int() || vm.metered {
            return call_allowed::<1>(vm, pc, base);
        }
        let text = string::from_int(word.as_inline_int());
        *base.add(Fields::decode(*pc.add(1)).a as usize) = text.into_word().0;
        pc.add(WORDS)
    }
}

#[inline(never)]
unsafe fn find_key(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        let ((container, dict_dies), (key, _)) = (argument(pc, base, 0), argument(pc, base, 1));
        let Some(dict) = dict::object(container).filter(|_| key.is_int()) else { return find_any_key(vm, pc, base) };
        let found = dict::find_int(dict, key).is_some();
        if dict_dies {
            match (*dict).header.count {
                1 => return find_any_key(vm, pc, base),
                IMMORTAL => {}
                count => (*dict).header.count = count - 1,
            }
        }
        *base.add(Fields::decode(*pc.add(1)).a as usize) = Word::small_int(found as i32).0;
        pc.add(WORDS)
    }
}

/// [`find_key`] of keys that are no ints, and of a dict that dies.
#[inline(never)]
unsafe fn find_any_key(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        let ((container, dict_dies), (key, key_dies)) = (argument(pc, base, 0), argument(pc, base, 1));
        let found = match dict::object(container).map(|dict| dict::find_word(dict, key)) {
            Some(Lookup::Found(_)) => 1,
            Some(Lookup::Missing) => 0,
            _ => return super::call::call_builtin_slow(vm, pc, base),
        };
        if dict_dies {
            release(container);
        }
        if key_dies {
            release(key);
        }
        *base.add(Fields::decode(*pc.add(1)).a as usize) = Word::small_int(found).0;
        pc.add(WORDS)
    }
}

#[inline(never)]
unsafe fn get_entry(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let ((container, _), (key, _)) = (argument(pc, base, 0), argument(pc, base, 1));
        let dying = *pc.add(2) & dying::<3>();
        let Some(dict) = dict::object(container).filter(|_| dying == 0) else { return get_any_entry(vm, pc, base) };
        let found = if key.is_int() {
            dict::find_int(dict, key)
        } else {
            match dict::find_word(dict, key) {
                Lookup::Found(place) => Some(place),
                Lookup::Missing => None,
                Lookup::Other => return super::call::call_builtin_slow(vm, pc, base),
            }
        };
        let value = match found {
            Some(place) => *place,
            None if fields.c == 3 => argument(pc, base, 2).0,
            None => Word::NULL,
        };
        retain(value.0);
        *base.add(fields.a as usize) = value.0;
        pc.add(WORDS)
    }
}

/// [`get_entry`] where an argument dies.
#[inline(never)]
unsafe fn get_any_entry(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        let ((container, dict_dies), (key, key_dies)) = (argument(pc, base, 0), argument(pc, base, 1));
        let fields = Fields::decode(*pc.add(1));
        let (default, default_dies) = if fields.c == 3 { argument(pc, base, 2) } else { (Word::NULL, false) };
        let value = match dict::object(container).map(|dict| dict::find_word(dict, key)) {
            Some(Lookup::Found(place)) => *place,
            Some(Lookup::Missing) => default,
            _ => return super::call::call_builtin_slow(vm, pc, base),
        };
        retain(value.0);
        for (word, dies) in [(container, dict_dies), (key, key_dies), (default, default_dies)] {
            if dies {
                release(word);
            }
        }
        *base.add(fields.a as usize) = value.0;
        pc.add(WORDS)
    }
}
