//! The general walk of path assignment and read-modify-write: from the root, each level is made unique on the way down, and the value is
//! stored last, so an error leaves the root as it was. Where nothing has to be copied, created or refused, there is a shorter one,
//! which remembers in the instruction where it found fields, for the handlers of `walk.rs`.

use super::call::invoke;
use super::data::{CELL_VALUE, listed};
use super::entries::store_in;
use super::overload;
use super::place::field_of;
use crate::base::operator::BinaryOp;
use crate::bytecode::op::{DROP_FIRST, DROP_LISTED, Fields, OPCODE_MASK, Opcode};
use crate::bytecode::program::{CACHE_WORDS, PathDescription, PathStep, PathWord};
use crate::ir::function::UpdateOp;
use crate::runtime::array::{ArrayObject, ELEMENTS_OFFSET};
use crate::runtime::dict;
use crate::runtime::error::RuntimeError;
use crate::runtime::heap::Kind;
use crate::runtime::operators;
use crate::runtime::path::{self, Step};
use crate::runtime::release::release;
use crate::runtime::shape::Shape;
use crate::runtime::structure::{FIELDS_OFFSET, StructObject};
use crate::runtime::value::Value;
use crate::runtime::word::{LIM, T, Word};
use crate::vm::Vm;
use smallvec::SmallVec;

/// Which of the places of a read-modify-write is that of storing.
const STORE: usize = 0;
/// Of reading the root.
const ROOT: usize = 1;
/// Of reading along the first step.
const FIRST_STEP: usize = 2;

/// The kinds of a path that is one index.
const ONE_INDEX: u16 = 0b10;

/// A path instruction.
#[derive(Clone, Copy)]
pub(super) struct PathInstruction {
    pc: *mut u64,
    fields: Fields,
    word: PathWord,
}

/// # Safety
/// Every method relies on [`PathInstruction::at`] having been given a path instruction of verified code.
impl PathInstruction {
    /// The one at `pc`.
    pub unsafe fn at(pc: *mut u64) -> PathInstruction {
        // SAFETY: the first literal word of a path instruction is that of its path (BC010).
        unsafe { PathInstruction { pc, fields: Fields::decode(*pc.add(1)), word: PathWord::decode(*pc.add(2)) } }
    }

    /// Whether the opcode is one of three.
    fn is_one_of(self, opcodes: [Opcode; 3]) -> bool {
        opcodes.iter().any(|&opcode| self.fields.op & OPCODE_MASK == opcode as u16)
    }

    /// Whether the root is changed by an operation; otherwise something is stored.
    fn updates(self) -> bool {
        self.is_one_of([Opcode::update_path, Opcode::cell_update_path, Opcode::global_update_path])
    }

    /// The place of the root.
    pub unsafe fn root(self, vm: &Vm, base: *mut u64) -> *mut u64 {
        use Opcode::*;
        // SAFETY: the root is where the opcode's row says: a register of the frame, the cell there, a global (BC002, BC017, BC010).
        unsafe {
            let register = base.add(self.fields.a as usize);
            match Opcode::from_word(self.fields.op) {
                Some(cell_set_path | cell_update_path | cell_vacate | cell_restore) => {
                    Word(*register).object_ptr::<u64>().add(CELL_VALUE)
                }
                Some(opcode) if opcode.is_global_path() => vm.globals.add(self.word.global as usize),
                _ => register,
            }
        }
    }

    /// The number of its description.
    pub fn number(self) -> usize {
        self.word.number as usize
    }

    /// The listed registers, with their flags: the operand, the keys, further operands.
    pub unsafe fn list(self) -> *const u16 {
        // SAFETY: the list follows the first literal word.
        unsafe { self.pc.add(3) as *const u16 }
    }

    /// What listed register `index` has.
    unsafe fn listed(self, base: *mut u64, index: usize) -> Word {
        // SAFETY: a register of the frame, if so many are listed.
        unsafe { Word(*base.add((*self.list().add(index) & !DROP_LISTED) as usize)) }
    }

    /// How many registers are listed.
    fn count(self) -> usize {
        self.fields.c as usize
    }

    /// The instruction after it.
    pub unsafe fn next(self) -> *mut u64 {
        // SAFETY: an instruction that does not end the code is followed by one (BC007).
        unsafe { self.pc.add(self.fields.b as usize) }
    }

    /// Releases the keys that die here: all of the list but its first.
    pub unsafe fn release_keys(self, base: *mut u64) {
        // SAFETY: registers of the frame, owned if flagged.
        unsafe {
            for (register, dies) in listed(self.list() as *const u64, self.count()).skip(1) {
                if dies {
                    release(Word(*base.add(register)));
                }
            }
        }
    }
}

/// `a[b] := value`, the one-step path in registers. On success the value is consumed and the key released if it dies here.
pub(crate) unsafe fn set_one(vm: &mut Vm, pc: *mut u64, base: *mut u64, value: Word, words: usize) -> *mut u64 {
    // SAFETY: as a helper; register a owns its value before and after.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let key = Word(*base.add(fields.b as usize));
        let slot = base.add(fields.a as usize);
        if let Some(place) = array_element(Word(*slot), key) {
            let old = Word(*place);
            *place = value.0;
            release(old);
            return pc.add(words);
        }
        if store_in(Word(*slot), key, value) {
            if fields.op & DROP_FIRST != 0 {
                release(key);
            }
            return pc.add(words);
        }
        let mut root = Value::from_word(Word(*slot));
        let result = path::set_path(&mut root, &[Step::Index(Value::borrow(&key))], Value::from_borrowed(value));
        *slot = root.into_word().0;
        match result {
            Ok(()) => {
                release(value);
                if fields.op & DROP_FIRST != 0 {
                    release(key);
                }
                pc.add(words)
            }
            Err(error) => vm.raise(pc, error),
        }
    }
}

/// An existing element of an array without other owners.
#[inline(always)]
unsafe fn array_element(container: Word, key: Word) -> Option<*mut u64> {
    if !container.is_array() {
        return None;
    }
    // SAFETY: the container is a live array, and the element inside it.
    unsafe {
        let object: *mut ArrayObject = container.object_ptr();
        let index = key.0.wrapping_sub(T);
        let inside = (*object).header.count == 1 && index < (*object).len as u64;
        inside.then(|| (object as *mut u64).add(ELEMENTS_OFFSET / 8 + index as usize))
    }
}

/// The place that an index step leads to, if its container has one owner and has the key.
#[inline(always)]
unsafe fn at_index(slot: *mut u64, key: Word) -> Option<*mut u64> {
    // SAFETY: the slot owns a live value; the key is live.
    unsafe {
        let container = Word(*slot);
        if container.is_array() {
            return array_element(container, key);
        }
        let container = Value::borrow_mut(&mut *(slot as *mut Word));
        let place: *mut Value = dict::lookup_mut(container, Value::borrow(&key))?;
        Some(place as *mut u64)
    }
}

/// The place that a field step leads to, if its container has one owner and has the field. The cache remembers it.
unsafe fn at_field(slot: *mut u64, cache: *mut u64) -> Option<*mut u64> {
    // SAFETY: the slot owns a live value; the cache is that of a field step, whose name is a string of the program.
    unsafe {
        if let Some(place) = field_of(*slot, cache) {
            return Some(place);
        }
        remember(cache, Word(*slot));
        field_of(*slot, cache)
    }
}

/// Where a struct has its first field, in words.
const FIRST_FIELD: usize = FIELDS_OFFSET / 8;

/// Remembers where the struct or dict in `word` has the field that the first word of the cache names: the shape and the place in the
/// struct, or the number of the entry.
///
/// # Safety
/// The cache is that of an instruction of loaded code, the word is live.
pub(super) unsafe fn remember(cache: *mut u64, word: Word) {
    // SAFETY: the kind of an object says what it is; the name is a string of the program.
    unsafe {
        if !word.is_object() {
            return;
        }
        let name = Value::borrow(&*(cache as *const Word));
        match (*word.header()).kind {
            Kind::Struct => {
                let shape = (*word.object_ptr::<StructObject>()).shape;
                if let Some(at) = shape.position(name.as_str().unwrap_or("")) {
                    *cache.add(1) = shape as *const Shape as u64;
                    *cache.add(2) = (FIRST_FIELD + at) as u64;
                }
            }
            Kind::Dict => {
                if let Some(at) = dict::number_of_text(word.object_ptr(), name.word()) {
                    *cache.add(1) = 0;
                    *cache.add(2) = at as u64;
                }
            }
            _ => {}
        }
    }
}

/// The common cases of [`change`]: all containers unique, all keys and fields present, nothing on the heap to combine.
unsafe fn change_quickly(vm: &Vm, path: PathInstruction, base: *mut u64, mut slot: *mut u64) -> Option<*mut u64> {
    // SAFETY: as `change`. Nothing is changed before the last reason to leave.
    unsafe {
        let (list, mut key) = (path.list(), 1);
        let register = |index: usize| Word(*base.add((*list.add(index) & !DROP_LISTED) as usize));
        let operand = register(0);
        let mut cache = path.next();
        let mut kinds = path.word.kinds;
        let updates = path.updates();
        if *slot == Word::UNDEF.0 {
            return None;
        }
        while kinds > 1 {
            if kinds & 1 != 0 {
                cache = cache.sub(CACHE_WORDS);
                slot = at_field(slot, cache)?;
            } else {
                if kinds < 4 && !updates && store_in(Word(*slot), register(key), operand) {
                    path.release_keys(base);
                    return Some(path.next());
                }
                slot = at_index(slot, register(key))?;
                key += 1;
            }
            kinds >>= 1;
        }
        if key != path.count() {
            return None;
        }
        if !updates {
            let old = Word(*slot);
            *slot = operand.0;
            release(old);
        } else {
            match vm.program.paths[path.number()].update? {
                UpdateOp::Push => {
                    let mut elements =
                        Value::borrow_mut(&mut *(slot as *mut Word)).as_array_mut().filter(|it| it.may_push())?;
                    elements.push(Value::from_word(operand));
                }
                UpdateOp::Binary(operator) => {
                    let sum = (*slot).wrapping_add(operand.0.wrapping_sub(T));
                    if operator == BinaryOp::Add && (*slot & operand.0 & sum) >= LIM {
                        *slot = sum;
                    } else if Word(*slot).is_counted() || operand.is_counted() {
                        return None;
                    } else {
                        // What raises here raises in the general case, which knows where.
                        let result =
                            operators::binary(operator, Value::from_word(Word(*slot)), Value::borrow(&operand));
                        *slot = result.ok()?.into_word().0;
                    }
                }
                _ => return None,
            }
        }
        path.release_keys(base);
        Some(path.next())
    }
}

/// The operands of a path instruction: the register of the value, the keys and further operands and whether they die here.
struct Operands {
    value: *mut u64,
    keys: SmallVec<[(Word, bool); 4]>,
}

impl Operands {
    unsafe fn of(path: PathInstruction, base: *mut u64) -> Operands {
        // SAFETY: a path instruction lists its operand and its keys (BC010).
        unsafe {
            let mut operands = listed(path.list() as *const u64, path.count());
            let (value, _) = operands.next().expect("a path instruction lists its operand (BC010)");
            let keys = operands.map(|(register, dies)| (Word(*base.add(register)), dies)).collect();
            Operands { value: base.add(value), keys }
        }
    }

    fn steps<'a>(&'a self, description: &'a PathDescription) -> SmallVec<[Step<'a>; 4]> {
        let mut keys = self.keys.iter();
        let steps = description.steps.iter().map(|step| match step {
            PathStep::Index => {
                let key = &keys.next().expect("a key for each index step (BC010)").0;
                // SAFETY: the registers keep the keys alive.
                Step::Index(unsafe { Value::borrow(key) })
            }
            PathStep::Field(name) => Step::Field(name),
        });
        steps.collect()
    }

    /// What stands after the keys.
    fn further(&self, description: &PathDescription) -> SmallVec<[&Value; 4]> {
        let keys = description.steps.iter().filter(|step| **step == PathStep::Index).count();
        // SAFETY: the registers keep the operands alive.
        self.keys.iter().skip(keys).map(|(word, _)| unsafe { Value::borrow(word) }).collect()
    }
}

/// The helper of path assignment and read-modify-write.
#[inline(never)]
pub(crate) unsafe fn change(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the root owns its value before and after, listed registers are live: the first is consumed on success,
    // the keys are released if flagged.
    unsafe {
        let path = PathInstruction::at(pc);
        let slot = path.root(vm, base);
        let stored = path.word.kinds == ONE_INDEX && !path.updates() && {
            let (value, key) = (path.listed(base, 0), path.listed(base, 1));
            store_in(Word(*slot), key, value)
        };
        if stored {
            path.release_keys(base);
            return path.next();
        }
        if let Some(next) = change_quickly(vm, path, base, slot) {
            return next;
        }
        let program = vm.program.clone();
        let description = &program.paths[path.number()];
        let operands = Operands::of(path, base);
        let updates = path.updates();
        if Word(*slot) == Word::UNDEF {
            let error = RuntimeError::message(format!("Undefined variable: {}", description.name));
            return if updates { vm.raise_at_place(pc, ROOT, error) } else { vm.raise(pc, error) };
        }
        let steps = operands.steps(description);
        let root = Value::borrow_mut(&mut *(slot as *mut Word));
        let operand = Word(*operands.value);
        let (mut failed, mut changed) = (0, true);
        let result = match description.update {
            Some(update) if updates => {
                if let UpdateOp::Binary(operator) = update
                    && vm.types.overloads()
                    && let Ok(element) = path::get_path(root, &steps)
                    && let Some(next) = overload::update(vm, pc, base, operator, &element, operands.value)
                {
                    return next;
                }
                let further = operands.further(description);
                path::update_path(root, &steps, |place| {
                    let result = combine(vm, update, place, Value::borrow(&operand), &further, &mut failed);
                    changed = result.is_ok();
                    result
                })
            }
            _ => path::set_path(root, &steps, Value::from_borrowed(operand)),
        };
        match result {
            Ok(()) => {
                release(operand);
                path.release_keys(base);
                path.next()
            }
            Err(error) if updates && changed => match path::failing_read(root, &steps) {
                Some((step, error)) => vm.raise_at_place(pc, FIRST_STEP + step, error),
                None => vm.raise_at_place(pc, STORE, error),
            },
            // The words after the first have the positions of the further operations.
            Err(error) => vm.raise_within(pc, pc.add(failed.min(path.fields.b as usize - 1)), error),
        }
    }
}

/// Stores what the method of a read-modify-write has returned.
///
/// # Safety
/// `pc` is a read-modify-write of the frame `base` whose operand has moved into the method.
pub(crate) unsafe fn write_back(vm: &mut Vm, pc: *mut u64, base: *mut u64, value: Value) -> *mut u64 {
    // SAFETY: as `change`.
    unsafe {
        let path = PathInstruction::at(pc);
        let slot = path.root(vm, base);
        let program = vm.program.clone();
        let description = &program.paths[path.number()];
        let operands = Operands::of(path, base);
        let root = Value::borrow_mut(&mut *(slot as *mut Word));
        match path::set_path(root, &operands.steps(description), value) {
            Ok(()) => {
                path.release_keys(base);
                path.next()
            }
            Err(error) => vm.raise_at_place(pc, STORE, error),
        }
    }
}

/// Combines an element with the operand; `failed` is which of several additions has raised.
fn combine(
    vm: &mut Vm,
    update: UpdateOp,
    place: &mut Value,
    operand: &Value,
    further: &[&Value],
    failed: &mut usize,
) -> Result<(), RuntimeError> {
    let builtin = match update {
        UpdateOp::Binary(BinaryOp::Add) => {
            let mut addends: SmallVec<[&Value; 5]> = SmallVec::from_slice(&[operand]);
            addends.extend_from_slice(further);
            return path::add_all(place, &addends).map_err(|(number, error)| {
                *failed = number;
                error
            });
        }
        UpdateOp::Binary(op) => return path::operate(place, op, operand),
        UpdateOp::Push => return path::push(place, operand.clone()),
        UpdateOp::Builtin(builtin) | UpdateOp::Alone(builtin) => builtin,
    };
    let old = place.take().into_word();
    let mut arguments: SmallVec<[(Word, bool); 8]> = SmallVec::from_slice(&[(old, true)]);
    if let UpdateOp::Builtin(_) = update {
        arguments.push((operand.word(), false));
        arguments.extend(further.iter().map(|value| (value.word(), false)));
    }
    // SAFETY: the old element is owned by nobody else now, the others by registers.
    unsafe {
        match invoke(vm, builtin.0, &arguments) {
            Ok(value) => *place = value,
            Err(error) => {
                *place = Value::from_word(old);
                return Err(error);
            }
        }
    }
    Ok(())
}
