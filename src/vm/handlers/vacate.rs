//! Taking a value out of a place that is about to be overwritten, so that the register that has it owns it alone, and putting it
//! back where that comes to nothing (`ownership/vacate`).
//!
//! Whether the place still has the very object is tested when it is taken out, and whether it was taken out when it is put back: what
//! is left in the place is an object of its own, which no script sees.

use super::paths::{cell, global, release_keys};
use crate::bytecode::op::{DROP_LISTED, Fields};
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
unsafe fn take(vm: &mut Vm, pc: *mut u64, base: *mut u64, slot: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the slot owns its value before and after, listed registers are live, keys are released if flagged.
    unsafe {
        let (fields, list) = (Fields::decode(*pc.add(1)), pc.add(2) as *const u16);
        let value = Word(*base.add((*list & !DROP_LISTED) as usize));
        if value.is_counted() && (*value.header()).count == 2 {
            let path = &vm.program.paths[fields.b as usize];
            let suits =
                path.update.is_none() || !value.is_array() && (*value.header()).kind as u8 == Kind::String as u8;
            if suits
                && let Some(place) = place(slot, path, base, list.add(1))
                && *place == value.0
            {
                *place = hole().0;
                (*value.header()).count = 1;
            }
        }
        release_keys(base, list, fields.c as usize);
        pc.add(2 + (fields.c as usize).div_ceil(4))
    }
}

/// Puts a second reference to the first listed register's value into the place, if it is vacated.
unsafe fn put_back(vm: &mut Vm, pc: *mut u64, base: *mut u64, slot: *mut u64) -> *mut u64 {
    // SAFETY: as `take`.
    unsafe {
        let (fields, list) = (Fields::decode(*pc.add(1)), pc.add(2) as *const u16);
        let register = &*(base.add((*list & !DROP_LISTED) as usize) as *const Word);
        if let Some(place) = place(slot, &vm.program.paths[fields.b as usize], base, list.add(1))
            && *place == hole().0
        {
            *place = Value::borrow(register).clone().into_word().0;
        }
        release_keys(base, list, fields.c as usize);
        pc.add(2 + (fields.c as usize).div_ceil(4))
    }
}

macro_rules! helpers {
    ($($(#[$doc:meta])* $name:ident $action:ident |$vm:ident, $base:ident, $fields:ident| $slot:expr;)*) => {$(
        $(#[$doc])*
        #[inline(never)]
        pub(super) unsafe fn $name($vm: &mut Vm, pc: *mut u64, $base: *mut u64) -> *mut u64 {
            // SAFETY: as a helper; the root is where the opcode's row says.
            unsafe {
                let $fields = Fields::decode(*pc.add(1));
                let slot: *mut u64 = $slot;
                $action($vm, pc, $base, slot)
            }
        }
    )*};
}

helpers! {
    /// Takes a value out of the container in register a.
    vacate take |vm, base, fields| base.add(fields.a as usize);
    /// Takes a value out of the content of the cell in register a.
    cell_vacate take |vm, base, fields| cell(base, fields.a);
    /// Takes a value out of the path's global.
    global_vacate take |vm, base, fields| global(vm, fields);
    /// Puts a value back into the container in register a.
    restore put_back |vm, base, fields| base.add(fields.a as usize);
    /// Puts a value back into the content of the cell in register a.
    cell_restore put_back |vm, base, fields| cell(base, fields.a);
    /// Puts a value back into the path's global.
    global_restore put_back |vm, base, fields| global(vm, fields);
}
