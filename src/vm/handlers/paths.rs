//! Path assignment and read-modify-write: one instruction navigates from the root, makes each level unique on the way down, and
//! stores last, so an error leaves the root as it was. Roots: a register, the content of a cell, a global slot.

use super::call::invoke;
use super::data::listed;
use super::entries::store_in;
use super::overload;
use crate::base::operator::BinaryOp;
use crate::bytecode::op::{DROP_LISTED, Fields, Opcode};
use crate::bytecode::program::{PathDescription, PathStep};
use crate::ir::function::UpdateOp;
use crate::runtime::array::{ArrayObject, ELEMENTS_OFFSET};
use crate::runtime::cell::CellObject;
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

/// What is done at the end of the path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// The operand is stored.
    Set,
    /// The element and the operand are combined.
    Update,
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
            if fields.op & crate::bytecode::op::DROP_FIRST != 0 {
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
                if fields.op & crate::bytecode::op::DROP_FIRST != 0 {
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

/// The element at the end of a path of index steps, if every container on the way is unique and has the key: nothing has to be
/// copied, created or refused.
pub(super) unsafe fn walk(mut slot: *mut u64, base: *mut u64, keys: *const u16, count: usize) -> Option<*mut u64> {
    // SAFETY: the slot owns a live value; keys are registers of the frame. Only unique containers are entered for writing.
    unsafe {
        for i in 0..count {
            let key = Word(*base.add((*keys.add(i) & !DROP_LISTED) as usize));
            let container = Word(*slot);
            if container.is_array() {
                slot = array_element(container, key)?;
            } else {
                let container = Value::borrow_mut(&mut *(slot as *mut Word));
                let element: *mut Value = dict::lookup_mut(container, Value::borrow(&key))?;
                slot = element as *mut u64;
            }
        }
        Some(slot)
    }
}

/// Where a path instruction found a field the last time: the shape it then met, and which of its fields it is.
#[derive(Clone, Copy)]
pub(crate) struct FieldPlace {
    shape: *const Shape,
    at: usize,
}

impl FieldPlace {
    /// Of a field that was never looked for.
    pub const UNKNOWN: FieldPlace = FieldPlace { shape: std::ptr::null(), at: 0 };

    /// The field `name` of the struct in `slot`, if nobody else has the struct and it has the field.
    #[inline(always)]
    unsafe fn find(&mut self, slot: *mut u64, name: &str) -> Option<*mut u64> {
        // SAFETY: the slot owns a live value; the kind of an object says whether it is a struct, and places are inside it.
        unsafe {
            let container = Word(*slot);
            if !container.is_object() {
                return None;
            }
            let object: *mut StructObject = container.object_ptr();
            if (*object).header.kind != Kind::Struct || (*object).header.count != 1 {
                return None;
            }
            if !std::ptr::eq((*object).shape, self.shape) {
                *self = FieldPlace { at: (*object).shape.position(name)?, shape: (*object).shape };
            }
            Some((object as *mut u64).add(FIELDS_OFFSET / 8 + self.at))
        }
    }
}

/// As [`walk`], for steps of both kinds.
unsafe fn descend(
    mut slot: *mut u64,
    base: *mut u64,
    mut keys: *const u16,
    steps: &[PathStep],
    places: &mut [FieldPlace],
) -> Option<*mut u64> {
    // SAFETY: the caller's, as for `walk`; there is a key for each index step (BC010).
    unsafe {
        for (step, place) in steps.iter().zip(places) {
            slot = match step {
                PathStep::Index => {
                    keys = keys.add(1);
                    walk(slot, base, keys.sub(1), 1)?
                }
                PathStep::Field(name) => place.find(slot, name)?,
            };
        }
        Some(slot)
    }
}

/// The common cases of [`run`]: all containers unique, all keys and fields present, nothing on the heap to combine.
///
/// PERF: a million `g[i % 100][j] := v` take 2.2 times Lua's time through the general case alone; `g[i].f := v`, where `g` is a
/// global, took three times the instructions, `g[i].f += v` four times.
unsafe fn run_quickly(vm: &mut Vm, pc: *mut u64, base: *mut u64, slot: *mut u64, action: Action) -> Option<*mut u64> {
    // SAFETY: as `run`. Nothing is changed before the last reason to leave.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let count = fields.c as usize;
        let description = vm.program.paths.get(fields.b as usize)?;
        let places = vm.field_places.get_mut(fields.b as usize)?;
        let steps = &description.steps[..];
        let keys = steps.iter().filter(|step| **step == PathStep::Index).count();
        if keys + 1 != count {
            return None;
        }
        let list = pc.add(2) as *const u16;
        let operand = Word(*base.add((*list & !DROP_LISTED) as usize));
        let (last, before) = steps.split_last()?;
        if action == Action::Set && *last == PathStep::Index {
            let container = descend(slot, base, list.add(1), before, places)?;
            let container = Value::borrow_mut(&mut *(container as *mut Word));
            if container.as_dict().is_some() {
                let key = Word(*base.add((*list.add(count - 1) & !DROP_LISTED) as usize));
                if let Err(value) = dict::store(container, Value::borrow(&key), Value::from_word(operand)) {
                    let _ = value.into_word();
                    return None;
                }
                release_keys(base, list, count);
                return Some(pc.add(2 + count.div_ceil(4)));
            }
        }
        let place = descend(slot, base, list.add(1), steps, places)?;
        match (action, description.update) {
            (Action::Update, Some(UpdateOp::Push)) => {
                let mut elements =
                    Value::borrow_mut(&mut *(place as *mut Word)).as_array_mut().filter(|it| it.may_push())?;
                elements.push(Value::from_word(operand));
            }
            (Action::Update, Some(UpdateOp::Binary(operator))) => {
                let sum = (*place).wrapping_add(operand.0.wrapping_sub(T));
                if operator == BinaryOp::Add && (*place & operand.0 & sum) >= LIM {
                    *place = sum;
                } else if Word(*place).is_counted() || operand.is_counted() {
                    return None;
                } else {
                    // What raises here raises in the general case, which knows where.
                    let result = operators::binary(operator, Value::from_word(Word(*place)), Value::borrow(&operand));
                    *place = result.ok()?.into_word().0;
                }
            }
            (Action::Update, Some(_)) => return None,
            _ => {
                let old = Word(*place);
                *place = operand.0;
                release(old);
            }
        }
        release_keys(base, list, count);
        Some(pc.add(2 + count.div_ceil(4)))
    }
}

/// Releases the keys that die here: all of the list but its first.
pub(super) unsafe fn release_keys(base: *mut u64, list: *const u16, count: usize) {
    // SAFETY: registers of the frame, owned if flagged.
    unsafe {
        for i in 1..count {
            let key = *list.add(i);
            if key & DROP_LISTED != 0 {
                release(Word(*base.add((key & !DROP_LISTED) as usize)));
            }
        }
    }
}

/// The operands of a path instruction: the register of the value, the keys and further operands and whether they die here.
struct Operands {
    value: *mut u64,
    keys: SmallVec<[(Word, bool); 4]>,
}

impl Operands {
    unsafe fn of(pc: *mut u64, base: *mut u64, count: usize) -> Operands {
        // SAFETY: a path instruction lists its operand and its keys (BC010).
        unsafe {
            let mut operands = listed(pc.add(2), count);
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

    /// What stands behind the keys.
    fn further(&self, description: &PathDescription) -> SmallVec<[&Value; 4]> {
        let keys = description.steps.iter().filter(|step| **step == PathStep::Index).count();
        // SAFETY: the registers keep the operands alive.
        self.keys.iter().skip(keys).map(|(word, _)| unsafe { Value::borrow(word) }).collect()
    }

    unsafe fn release_keys(&self) {
        for (key, dies) in &self.keys {
            if *dies {
                // SAFETY: owned by its register, which nobody reads any more.
                unsafe { release(*key) };
            }
        }
    }
}

/// Runs the action of a path instruction on the word at `slot`.
pub(super) unsafe fn run(vm: &mut Vm, pc: *mut u64, base: *mut u64, slot: *mut u64, action: Action) -> *mut u64 {
    // SAFETY: as a helper; the slot owns its value before and after, listed registers are live: the first is consumed on success,
    // the keys are released if flagged.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let count = fields.c as usize;
        if let Some(next) = run_quickly(vm, pc, base, slot, action) {
            return next;
        }
        let program = vm.program.clone();
        let description = &program.paths[fields.b as usize];
        let operands = Operands::of(pc, base, count);
        if Word(*slot) == Word::UNDEF {
            let error = RuntimeError::message(format!("Undefined variable: {}", description.name));
            return if action == Action::Update { vm.raise_at_place(pc, ROOT, error) } else { vm.raise(pc, error) };
        }
        let steps = operands.steps(description);
        let root = Value::borrow_mut(&mut *(slot as *mut Word));
        let operand = Word(*operands.value);
        let (mut failed, mut changed) = (0, true);
        let result = match (action, description.update) {
            (Action::Update, Some(update)) => {
                if let UpdateOp::Binary(operator) = update
                    && vm.types.overloads()
                    && let Ok(element) = path::get_path(root, &steps)
                    && let Some(next) = overload::update(vm, pc, base, operator, &element, operands.value)
                {
                    return next;
                }
                let further = operands.further(description);
                path::update_path(root, &steps, |place| {
                    let result = change(vm, update, place, Value::borrow(&operand), &further, &mut failed);
                    changed = result.is_ok();
                    result
                })
            }
            _ => path::set_path(root, &steps, Value::from_borrowed(operand)),
        };
        match result {
            Ok(()) => {
                release(operand);
                operands.release_keys();
                pc.add(2 + count.div_ceil(4))
            }
            Err(error) if action == Action::Update && changed => match path::failing_read(root, &steps) {
                Some((step, error)) => vm.raise_at_place(pc, FIRST_STEP + step, error),
                None => vm.raise_at_place(pc, STORE, error),
            },
            // The words behind the first have the positions of the further operations.
            Err(error) => vm.raise_within(pc, pc.add(failed.min(1 + count.div_ceil(4))), error),
        }
    }
}

/// Stores what the method of a read-modify-write has returned.
///
/// # Safety
/// `pc` is a read-modify-write of the frame `base` whose operand has moved into the method.
pub(crate) unsafe fn write_back(vm: &mut Vm, pc: *mut u64, base: *mut u64, value: Value) -> *mut u64 {
    // SAFETY: as `run`.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let count = fields.c as usize;
        let slot: *mut u64 = match Opcode::from_word(fields.op) {
            Some(Opcode::cell_update_path) => cell(base, fields.a),
            Some(Opcode::global_update_path) => global(vm, fields),
            _ => base.add(fields.a as usize),
        };
        let program = vm.program.clone();
        let description = &program.paths[fields.b as usize];
        let operands = Operands::of(pc, base, count);
        let root = Value::borrow_mut(&mut *(slot as *mut Word));
        match path::set_path(root, &operands.steps(description), value) {
            Ok(()) => {
                operands.release_keys();
                pc.add(2 + count.div_ceil(4))
            }
            Err(error) => vm.raise_at_place(pc, STORE, error),
        }
    }
}

/// Changes an element; `failed` is which of several additions has raised.
fn change(
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

macro_rules! path_helpers {
    ($($(#[$doc:meta])* $name:ident $action:ident |$vm:ident, $pc:ident, $base:ident, $fields:ident| $slot:expr;)*) => {$(
        $(#[$doc])*
        #[inline(never)]
        pub(crate) unsafe fn $name($vm: &mut Vm, $pc: *mut u64, $base: *mut u64) -> *mut u64 {
            // SAFETY: as a helper; the root is where the opcode's row says.
            unsafe {
                let $fields = Fields::decode(*$pc.add(1));
                let slot: *mut u64 = $slot;
                run($vm, $pc, $base, slot, Action::$action)
            }
        }
    )*};
}

/// The value of the cell in a register.
pub(super) unsafe fn cell(base: *mut u64, register: u16) -> *mut u64 {
    // SAFETY: the register holds a cell (IR verifier: types of cell operands).
    unsafe { &raw mut (*Word(*base.add(register as usize)).object_ptr::<CellObject>()).value as *mut u64 }
}

/// The global a path starts at.
pub(super) unsafe fn global(vm: &Vm, fields: Fields) -> *mut u64 {
    let index = vm.program.paths[fields.b as usize].global.expect("a global path names its global (BC010)");
    // SAFETY: inside the global table (BC005).
    unsafe { vm.globals.add(index as usize) }
}

path_helpers! {
    /// Path assignment into register a.
    set_path Set |vm, pc, base, fields| base.add(fields.a as usize);
    /// Read-modify-write into register a.
    update_path Update |vm, pc, base, fields| base.add(fields.a as usize);
    /// Path assignment into the cell in register a.
    cell_set_path Set |vm, pc, base, fields| cell(base, fields.a);
    /// Read-modify-write into the cell in register a.
    cell_update_path Update |vm, pc, base, fields| cell(base, fields.a);
    /// Path assignment into the path's global.
    global_set_path Set |vm, pc, base, fields| global(vm, fields);
    /// Read-modify-write into the path's global.
    global_update_path Update |vm, pc, base, fields| global(vm, fields);
}
