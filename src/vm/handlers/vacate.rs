//! Taking a value out of a place that is about to be overwritten, so that the register that has it owns it alone, and putting it
//! back where that comes to nothing (`ownership/vacate`).
//!
//! Whether the place still has the very object is tested when it is taken out, and whether it was taken out when it is put back: what
//! is left in the place is an object of its own, which no script sees.

use super::paths::PathInstruction;
use crate::bytecode::op::DROP_LISTED;
use crate::bytecode::program::{PathDescription, PathStep};
use crate::runtime::dict::{self, Key};
use crate::runtime::function::FunctionObject;
use crate::runtime::heap::Kind;
use crate::runtime::path::resolve_index;
use crate::runtime::value::Value;
use crate::runtime::word::Word;
use crate::vm::Vm;

/// What is in a vacated place. Bytecode of unknown origin may read it: a builtin, as good as any other value.
static HOLE: FunctionObject = FunctionObject::native(0);

fn hole() -> Word {
    Word::object(&raw const HOLE)
}

/// The existing element that a step leads to, of a container without other owners.
fn element<'a>(container: &'a mut Value, step: &PathStep, key: Option<&Value>) -> Option<&'a mut Value> {
    if !container.is_unique() {
        return None;
    }
    match (step, key) {
        (PathStep::Index, Some(key)) => {
            if let Some(elements) = container.as_array() {
                let at = resolve_index(key.as_int()?, elements.len())?;
                return container.as_array_mut()?.into_slice().get_mut(at);
            }
            container.as_dict_mut()?.into_entry(&Key::of(key)?)
        }
        (PathStep::Field(name), _) if container.kind() == Some(Kind::Struct) => {
            container.as_struct_mut()?.into_field(name)
        }
        (PathStep::Field(name), _) => container.as_dict_mut()?.into_entry(&Key::text(name)),
        (PathStep::Index, None) => None,
    }
}

/// The place at the end of a path, if nobody shares the containers on the way.
unsafe fn place(slot: *mut u64, path: &PathDescription, base: *mut u64, mut keys: *const u16) -> Option<*mut u64> {
    // SAFETY: the slot owns a live value, the keys are registers of the frame, one for each index step (BC010).
    unsafe {
        let mut value = &mut *(slot as *mut Value);
        for step in &path.steps {
            let key = match step {
                PathStep::Index => {
                    let register = *keys & !DROP_LISTED;
                    keys = keys.add(1);
                    Some(Value::borrow(&*(base.add(register as usize) as *const Word)))
                }
                PathStep::Field(_) => None,
            };
            value = match key {
                Some(key) if dict::lookup_mut(value, key).is_some() => dict::lookup_mut(value, key)?,
                _ => element(value, step, key)?,
            };
        }
        Some(value as *mut Value as *mut u64)
    }
}

/// Takes the first listed register's object out of the place, if it has that, and it would be the register's alone then.
#[inline(never)]
pub(super) unsafe fn take(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the root owns its value before and after, listed registers are live, keys are released if flagged.
    unsafe {
        let path = PathInstruction::at(pc);
        let (slot, list) = (path.root(vm, base), path.list());
        let value = Word(*base.add((*list & !DROP_LISTED) as usize));
        if value.is_counted() && (*value.header()).count == 2 {
            let description = &vm.program.paths[path.number()];
            let suits =
                description.update.is_none() || !value.is_array() && (*value.header()).kind as u8 == Kind::String as u8;
            if suits
                && let Some(place) = place(slot, description, base, list.add(1))
                && *place == value.0
            {
                *place = hole().0;
                (*value.header()).count = 1;
            }
        }
        path.release_keys(base);
        path.next()
    }
}

/// Puts a second reference to the first listed register's value into the place, if it is vacated.
#[inline(never)]
pub(super) unsafe fn put_back(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as `take`.
    unsafe {
        let path = PathInstruction::at(pc);
        let (slot, list) = (path.root(vm, base), path.list());
        let register = &*(base.add((*list & !DROP_LISTED) as usize) as *const Word);
        if let Some(place) = place(slot, &vm.program.paths[path.number()], base, list.add(1))
            && *place == hole().0
        {
            *place = Value::borrow(register).clone().into_word().0;
        }
        path.release_keys(base);
        path.next()
    }
}
