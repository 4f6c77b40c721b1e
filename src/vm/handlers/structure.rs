//! Structs. Fields are reached through inline caches: the two words after the literal hold the shape seen last and the place of
//! the field in it, or for a dict the number of the entry. Shapes live as long as the thread, so a remembered shape never dangles.

use super::data::{listed, release_spill};
use super::overload;
use super::paths::remember;
use super::place::{cached, field_of};
use crate::bytecode::op::{Fields, Opcode};
use crate::runtime::dict;
use crate::runtime::error::RuntimeError;
use crate::runtime::methods::Member;
use crate::runtime::path::{self, Step};
use crate::runtime::release::release;
use crate::runtime::shape::Shape;
use crate::runtime::structure::StructObject;
use crate::runtime::value::Value;
use crate::runtime::word::Word;
use crate::vm::Vm;
use crate::vm::dispatch::{handlers, retain};

/// Where a cached instruction has the name, and what it remembers of it.
const CACHE: usize = 2;
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
        if let Some(dict) = dict::object(Word(m.rb()))
            && let Some(place) = dict::found_at(dict, *m.pc.add(CACHED_PLACE) as usize, Word(m.literal()))
        {
            let word = (*place).0;
            retain(word);
            m.set_a(word);
            return m.next(5);
        }
        m.helper(get_field)
    }
    fn field_borrow(m) {
        match cached(m, m.rb()) {
            Some(object) => {
                m.set_a(*(object as *const u64).add(*m.pc.add(CACHED_PLACE) as usize));
                m.next(5)
            }
            None => m.enter(field_borrow_other),
        }
    }
    fn field_borrow_other(m) {
        if let Some(dict) = dict::object(Word(m.rb()))
            && let Some(place) = dict::found_at(dict, *m.pc.add(CACHED_PLACE) as usize, Word(m.literal()))
        {
            m.set_a((*place).0);
            return m.next(5);
        }
        m.helper(borrow_field)
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
        match field_of(m.ra(), m.pc.add(CACHE)) {
            Some(slot) => {
                let old = *slot;
                *slot = m.rb();
                if Word(old).is_counted() {
                    (*m.vm).spill = old;
                    m.enter(release_replaced)
                } else {
                    m.next(5)
                }
            }
            None => m.enter(set_field_other),
        }
    }
    fn set_field_other(m) {
        m.helper(store_field)
    }
    fn release_replaced(m) {
        m.helper(release_spill::<5>)
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

/// As `get_field`; the container keeps what it has.
#[inline(never)]
unsafe fn borrow_field(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as `read_field`. What was read is the container's or null, so its reference can be given back at once.
    unsafe {
        let next = read_field(vm, pc, base, path::field_get);
        if next == pc.add(5) {
            release(Word(*base.add(Fields::decode(*pc.add(1)).a as usize)));
        }
        next
    }
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
                remember(pc.add(CACHE), container);
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
        remember(pc.add(CACHE), root.word());
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
