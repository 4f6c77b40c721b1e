//! After the walk: where each binding lives, and the tables of [`Resolution`].

use super::state::{BindingState, NEVER, Walker};
use super::{Binding, BindingId, FunctionInfo, FunctionKey, Resolution, ScopeKey, Storage};
use crate::base::diagnostic::Diagnostic;
use rustc_hash::FxHashMap;

/// Most top-level bindings kept in registers; the others go to global slots, so that the top level needs no huge frame.
const MAX_TOP_LEVEL_REGISTERS: u32 = 256;

pub(super) fn finish<'a>(mut walker: Walker<'a, '_>) -> Result<Resolution<'a>, Vec<Diagnostic>> {
    if !walker.diagnostics.is_empty() {
        walker.diagnostics.sort_by_key(|diagnostic| (diagnostic.span.source, diagnostic.span.start));
        return Err(walker.diagnostics);
    }
    let mut answers = Resolution {
        names: std::mem::take(&mut walker.names),
        candidates: std::mem::take(&mut walker.candidates),
        bindings: Vec::with_capacity(walker.bindings.len()),
        fields: std::mem::take(&mut walker.fields),
        structs: std::mem::take(&mut walker.structs),
        numbered: std::mem::take(&mut walker.numbered),
        modules: std::mem::take(&mut walker.modules),
        imports: std::mem::take(&mut walker.imports),
        bound: std::mem::take(&mut walker.bound),
        overloads: walker.overloads,
        ..Resolution::default()
    };
    let mut top_level = std::mem::take(&mut walker.tops);
    for (index, info) in walker.bindings.iter().enumerate() {
        let id = BindingId(index as u32);
        let storage = storage(&walker, id, &mut answers, &mut top_level);
        // Exported bindings come before all that import them.
        let imported = info.imported.and_then(|source| answers.bindings.get(source.index()));
        let imported = imported.and_then(|source| match source.storage {
            Storage::Function(key) => Some(key),
            _ => None,
        });
        let doubtful = info.doubtful_capture || info.doubted;
        let starts_undefined = match storage {
            Storage::Register => info.doubted,
            Storage::Cell => doubtful || info.creations > 1,
            Storage::Global(_) | Storage::Function(_) => false,
        };
        if starts_undefined {
            answers.scope_heads.entry(info.scope).or_default().push(id);
        }
        answers.bindings.push(Binding {
            name: info.name,
            function: info.function,
            scope: info.scope,
            storage,
            starts_undefined,
            captured: info.first_capture != NEVER,
            value: info.value.or(imported).filter(|_| info.creations == 1 && !info.assigned && !info.inner_assigned),
        });
    }
    for state in std::mem::take(&mut walker.functions) {
        let reached = state.scheduled;
        answers.functions.push(FunctionInfo {
            node: state.node.filter(|_| reached),
            unit: state.unit,
            parent: state.parent,
            captures: state.captures,
            owner: state.owner,
        });
    }
    let mut slots: FxHashMap<FunctionKey, Vec<u32>> = FxHashMap::default();
    for binding in &answers.bindings {
        if let Storage::Global(slot) = binding.storage {
            slots.entry(binding.function).or_default().push(slot);
        }
    }
    for module in &mut answers.modules {
        module.slots = slots.remove(&module.top).unwrap_or_default();
        module.state = answers.globals.len() as u32;
        answers.globals.push(module.label);
    }
    for (&name, &binding) in &walker.prelude {
        if let Some(&key) = walker.bindings[binding.index()].functions.last() {
            let builtin = match walker.outermost.get(&name) {
                Some(super::state::Outermost::Builtin(id)) => Some(*id),
                _ => None,
            };
            answers.prelude.insert(name, (key, builtin));
        }
    }
    Ok(answers)
}

fn storage(
    walker: &Walker,
    id: BindingId,
    answers: &mut Resolution,
    top_level: &mut FxHashMap<ScopeKey, u32>,
) -> Storage {
    let info = &walker.bindings[id.index()];
    let changes = info.assigned || info.inner_assigned;
    if let [function] = info.functions[..]
        && !changes
    {
        return Storage::Function(function);
    }
    if let Some(registers) = top_level.get_mut(&info.scope) {
        let shared = info.shared || walker.tests;
        *registers += u32::from(!shared);
        let slot = shared || *registers > MAX_TOP_LEVEL_REGISTERS;
        let storage = if slot { global(info, answers) } else { Storage::Register };
        hoist(info, id, answers);
        return storage;
    }
    let by_value = info.first_capture == NEVER
        || !info.doubtful_capture && !info.inner_assigned && walker.last_change(id) < info.first_capture;
    if by_value { Storage::Register } else { Storage::Cell }
}

fn global(info: &BindingState, answers: &mut Resolution) -> Storage {
    let slot = answers.globals.len() as u32;
    answers.globals.push(info.name);
    Storage::Global(slot)
}

fn hoist(info: &BindingState, id: BindingId, answers: &mut Resolution) {
    answers.hoisted.extend(info.functions.iter().map(|&function: &FunctionKey| (id, function)));
}
