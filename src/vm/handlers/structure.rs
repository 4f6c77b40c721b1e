//! Structs. Fields are reached through inline caches: the two words behind the literal hold the shape seen last and the place of
//! the field in it. Shapes live as long as the thread, so a remembered shape never dangles.

use super::arith::on_ints;
use super::data::listed;
use super::overload;
use super::place::{cached, element, own_field};
use crate::bytecode::op::{Fields, Opcode};
use crate::runtime::error::RuntimeError;
use crate::runtime::methods::Member;
use crate::runtime::path::{self, Step};
use crate::runtime::release::release;
use crate::runtime::shape::Shape;
use crate::runtime::structure::{FIELDS_OFFSET, StructObject};
use crate::runtime::value::Value;
use crate::runtime::word::Word;
use crate::vm::Vm;
use crate::vm::dispatch::{Machine, handlers, retain};

/// Where a struct has its first field, in words.
const FIRST_FIELD: usize = FIELDS_OFFSET / 8;
/// Where a cached instruction remembers the shape.
pub(crate) const CACHED_SHAPE: usize = 3;
/// Where a cached instruction remembers what it found there.
pub(crate) const CACHED_PLACE: usize = 4;

handlers! {
    fn struct_new(m) {
        m.helper(new_struct)
    }
    fn struct_fill(m) {
        m.helper(fill)
    }
    fn struct_declare(m) {
        m.helper(declare)
    }
    fn field_get(m) {
        match cached(m, m.rb()) {
            Some(object) => {
                let word = *(object as *const u64).add(*m.pc.add(CACHED_PLACE) as usize);
                retain(word);
                m.set_a(word);
                m.next(5)
            }
            None => m.enter(field_get_other),
        }
    }
    fn field_get_other(m) {
        m.helper(get_field)
    }
    fn field_get_optional(m) {
        match cached(m, m.rb()) {
            Some(object) => {
                let word = *(object as *const u64).add(*m.pc.add(CACHED_PLACE) as usize);
                retain(word);
                m.set_a(word);
                m.next(5)
            }
            None if m.rb() == Word::NULL.0 => {
                m.set_a(Word::NULL.0);
                m.next(5)
            }
            None => m.enter(field_get_optional_other),
        }
    }
    fn field_get_optional_other(m) {
        m.helper(get_field_optional)
    }
    fn field_peek(m) {
        m.helper(peek_field)
    }
    fn set_field(m) {
        match cached(m, m.ra()) {
            Some(object) if (*object).header.count == 1 => {
                let slot = (object as *mut u64).add(*m.pc.add(CACHED_PLACE) as usize);
                let old = *slot;
                *slot = m.rb();
                if Word(old).is_counted() {
                    (*m.vm).spill = old;
                    m.enter(release_replaced)
                } else {
                    m.next(5)
                }
            }
            _ => m.enter(set_field_other),
        }
    }
    fn set_field_other(m) {
        m.helper(store_field)
    }
    fn release_replaced(m) {
        m.helper(release_spill)
    }
}

/// Words of a prefix with cache words and of the path instruction it skips.
pub(super) const SKIPPED: usize = 5 + 3;

/// Prefixes of read-modify-writes of a field of a struct in a register, or in an array in one.
macro_rules! quick_updates {
    ($($field:ident $index_field:ident: $op:tt |$m:ident, $x:ident, $y:ident| $int:expr;)*) => { handlers! {$(
        fn $field($m) {
            let (root, $y) = ($m.ra(), $m.rb());
            let Some(slot) = own_field($m, root) else {
                return $m.enter(look_at_field);
            };
            let $x = *slot;
            let word = match $int {
                Some(word) => word,
                None => {
                    let result = f64::from_bits($x) $op f64::from_bits($y);
                    if result.is_nan() {
                        return $m.next(5);
                    }
                    result.to_bits()
                }
            };
            *slot = word;
            $m.next(SKIPPED)
        }
        fn $index_field($m) {
            let (root, key, $y) = ($m.ra(), $m.rb(), $m.rc());
            let Some(element) = element($m, root, key, true) else {
                return $m.next(5);
            };
            let Some(slot) = own_field($m, *element) else {
                return $m.enter(look_at_element);
            };
            let $x = *slot;
            let word = match $int {
                Some(word) => word,
                None => {
                    let result = f64::from_bits($x) $op f64::from_bits($y);
                    if result.is_nan() {
                        return $m.next(5);
                    }
                    result.to_bits()
                }
            };
            *slot = word;
            $m.next(SKIPPED)
        }
    )*} };
}

quick_updates! {
    quick_add_field quick_add_index_field: + |m, x, y| {
        let r = x.wrapping_add(y.wrapping_sub(m.t));
        if (x & y & r) >= m.lim { Some(r) } else { None }
    };
    quick_sub_field quick_sub_index_field: - |m, x, y| {
        let r = x.wrapping_sub(y).wrapping_add(m.t);
        if (x & y & r) >= m.lim { Some(r) } else { None }
    };
    quick_mul_field quick_mul_index_field: * |m, x, y| on_ints!(m, x, y, |i, j| i.checked_mul(j));
}

handlers! {
    fn quick_index_field(m) {
        let Some(element) = element(m, m.rb(), m.rc(), false) else {
            return m.next(3);
        };
        // The `index_get` and the `field_get` with its cache follow (BC012).
        let get = Machine { pc: m.pc.add(3 + 2), ..m };
        let Some(object) = cached(get, *element) else {
            return m.next(3);
        };
        let word = *(object as *const u64).add(*get.pc.add(CACHED_PLACE) as usize);
        retain(word);
        m.set_a(word);
        m.next(const { Opcode::quick_index_field.skipped().unwrap() })
    }
    fn quick_has_index_field(m) {
        let Some(element) = element(m, m.rb(), m.rc(), false) else {
            return m.next(3);
        };
        let get = Machine { pc: m.pc.add(3 + 2), ..m };
        if cached(get, *element).is_some() {
            m.next(const { Opcode::quick_has_index_field.skipped().unwrap() })
        } else {
            m.next(3)
        }
    }
    fn quick_set_index_field(m) {
        let Some(element) = element(m, m.ra(), m.rb(), true) else {
            return m.next(5);
        };
        match own_field(m, *element) {
            Some(slot) if !Word(*slot).is_counted() => {
                *slot = m.rc();
                m.next(SKIPPED)
            }
            Some(_) => m.next(5),
            None => m.enter(look_at_element),
        }
    }
    cold fn look_at_field(m) {
        m.helper(remember_field)
    }
    cold fn look_at_element(m) {
        m.helper(remember_element)
    }
}

/// Remembers the shape of the struct in register a, and goes on with the general instruction.
#[inline(never)]
unsafe fn remember_field(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the literal is a string the program owns.
    unsafe {
        let name = Value::from_borrowed(Word(*pc.add(2)));
        remember(pc, Word(*base.add(Fields::decode(*pc.add(1)).a as usize)), name.as_str().unwrap_or(""));
        pc.add(5)
    }
}

/// Remembers the shape of the struct in the array in register a, and goes on with the general instruction.
#[inline(never)]
unsafe fn remember_element(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the literal is a string the program owns, and the handler has found the element.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let name = Value::from_borrowed(Word(*pc.add(2)));
        let array = Word(*base.add(fields.a as usize));
        let key = Word(*base.add(fields.b as usize)).as_inline_int();
        if let Some(element) = Value::borrow(&array).as_array().and_then(|elements| elements.get(key as usize)) {
            remember(pc, element.word(), name.as_str().unwrap_or(""));
        }
        pc.add(5)
    }
}

/// Remembers where the struct in `word` has field `name`.
unsafe fn remember(pc: *mut u64, word: Word, name: &str) {
    // SAFETY: the instruction has cache words, which are its own.
    unsafe {
        if let Some(object) = Value::borrow(&word).as_struct()
            && let Some(place) = object.shape().position(name)
        {
            *pc.add(CACHED_SHAPE) = object.shape() as *const Shape as u64;
            *pc.add(CACHED_PLACE) = (FIRST_FIELD + place) as u64;
        }
    }
}

#[inline(never)]
unsafe fn release_spill(vm: &mut Vm, pc: *mut u64, _base: *mut u64) -> *mut u64 {
    // SAFETY: the handler put a value nobody else owns there.
    unsafe {
        release(Word(vm.spill));
        pc.add(5)
    }
}

#[inline(never)]
unsafe fn new_struct(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the literal is a shape with a field for each listed register (BC003), and those are consumed.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let count = fields.c as usize;
        let object = StructObject::allocate(&*(*pc.add(2) as *const Shape));
        let places = StructObject::fields(object);
        for (index, (register, _)) in listed(pc.add(3), count).enumerate() {
            *places.add(index) = Word(*base.add(register));
        }
        *base.add(fields.a as usize) = Word::object(object).0;
        pc.add(Opcode::struct_new.length(count))
    }
}

/// Evaluates the first default the struct lacks; goes on when there is none.
#[inline(never)]
unsafe fn fill(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; register a holds a struct.
    unsafe {
        let word = Word(*base.add(Fields::decode(*pc.add(1)).a as usize));
        let missing = Value::borrow(&word).as_struct().and_then(|object| vm.types.missing_default(object.shape()));
        match missing.map(|(_, function)| function.word()) {
            Some(function) => overload::enter(vm, pc, base, 0, function, &[]),
            None => pc.add(2),
        }
    }
}

/// Stores a default's value and looks for the next one.
///
/// # Safety
/// `pc` is a `struct_fill` of the frame `base`.
pub(crate) unsafe fn add_default(vm: &mut Vm, pc: *mut u64, base: *mut u64, value: Value) -> *mut u64 {
    // SAFETY: register a holds a struct and keeps one.
    unsafe {
        let slot = base.add(Fields::decode(*pc.add(1)).a as usize);
        let mut object = Value::from_word(Word(*slot));
        let missing = object.as_struct().and_then(|object| vm.types.missing_default(object.shape()));
        if let Some((field, _)) = missing
            && let Some(mut object) = object.as_struct_mut()
        {
            object.set(field, value);
        }
        *slot = object.into_word().0;
        pc
    }
}

#[inline(never)]
unsafe fn declare(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the literal describes the listed registers (BC003), which are consumed.
    unsafe {
        let count = Fields::decode(*pc.add(1)).c as usize;
        let text = Value::from_borrowed(Word(*pc.add(2)));
        let mut words = text.as_str().unwrap_or("").split(' ');
        let name = words.next().unwrap_or("");
        let members = words.zip(listed(pc.add(3), count)).map(|(word, (register, _))| {
            let member = match word.strip_prefix('=') {
                Some(field) => Member::Default(field),
                None => Member::Method(word.strip_prefix('.').unwrap_or(word)),
            };
            (member, Value::from_word(Word(*base.add(register))))
        });
        vm.types.declare(name, members);
        pc.add(Opcode::struct_declare.length(count))
    }
}

#[inline(never)]
unsafe fn get_field(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as `read_field`.
    unsafe { read_field(vm, pc, base, path::field_get) }
}

#[inline(never)]
unsafe fn get_field_optional(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as `read_field`.
    unsafe { read_field(vm, pc, base, path::optional_field_get) }
}

/// Reads a field and remembers where it was.
#[inline(always)]
unsafe fn read_field(
    vm: &mut Vm,
    pc: *mut u64,
    base: *mut u64,
    read: fn(&Value, &str) -> Result<Value, RuntimeError>,
) -> *mut u64 {
    // SAFETY: as a helper; the literal is a string the program owns.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let container = Word(*base.add(fields.b as usize));
        let name = Value::from_borrowed(Word(*pc.add(2)));
        let name = name.as_str().unwrap_or("");
        match read(Value::borrow(&container), name) {
            Ok(value) => {
                remember(pc, container, name);
                *base.add(fields.a as usize) = value.into_word().0;
                pc.add(5)
            }
            Err(error) => vm.raise(pc, error),
        }
    }
}

#[inline(never)]
unsafe fn peek_field(_vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the literal is a string the program owns.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let container = Word(*base.add(fields.b as usize));
        let name = Value::from_borrowed(Word(*pc.add(2)));
        let field = Value::borrow(&container).as_struct().and_then(|object| object.get(name.as_str().unwrap_or("")));
        *base.add(fields.a as usize) = field.map_or(Word::UNDEF, |value| value.clone().into_word()).0;
        pc.add(3)
    }
}

#[inline(never)]
unsafe fn store_field(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; register a owns its value before and after, register b is consumed on success.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let name = Value::from_borrowed(Word(*pc.add(2)));
        let name = name.as_str().unwrap_or("");
        let (slot, value) = (base.add(fields.a as usize), Word(*base.add(fields.b as usize)));
        let mut root = Value::from_word(Word(*slot));
        let result = path::set_path(&mut root, &[Step::Field(name)], Value::from_borrowed(value));
        remember(pc, root.word(), name);
        *slot = root.into_word().0;
        match result {
            Ok(()) => {
                release(value);
                pc.add(5)
            }
            Err(error) => vm.raise(pc, error),
        }
    }
}
