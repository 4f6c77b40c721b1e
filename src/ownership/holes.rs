//! The part of the checker that is about vacated places: nobody looks at one before it is overwritten or restored.
//!
//! A vacated container in a register is used only by stores to the same place, by its `restore`, and by `copy` and `drop`. After a
//! place of a cell or a global is vacated, one instruction may raise, and what it raises goes to a `restore` of the place; nothing
//! else up to the store raises, runs script code or reads a variable.

use super::modref::ModRef;
use super::vacate::{Root, store_of};
use crate::ir::effects::Effects;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{Function, Step, ValDef};
use crate::ir::inst::{Imm, Op};
use crate::ir::types::Type;

/// What nobody notices.
const QUIET: Effects = Effects::WRITES.with(Effects::ALLOCATES).with(Effects::RAISES);

/// The violations in `func`. Without `modref` nothing is known of calls, and all errors may be caught.
pub fn check(func: &Function, modref: Option<&ModRef>) -> Vec<String> {
    let mut errors = Vec::new();
    for &block in &func.layout {
        for (at, &inst) in func.blocks[block].insts.iter().enumerate() {
            match func.insts[inst].op {
                Op::Vacate => {
                    if let Some(vacated) = func.insts[inst].result.expand() {
                        users(func, inst, vacated, &mut errors);
                    }
                }
                Op::CellVacate | Op::GlobalVacate => errors.extend(seen(func, modref, block, at)),
                _ => {}
            }
        }
    }
    errors
}

/// The steps and keys of a path instruction whose keys are the operands from `first` on.
fn place(func: &Function, inst: Inst, first: usize) -> (&[Step], &[Val]) {
    let data = &func.insts[inst];
    let steps = match data.imm {
        Imm::Path(path) => &func.paths[path].steps[..],
        _ => &[],
    };
    (steps, &data.args[first..])
}

fn same(func: &Function, a: (&[Step], &[Val]), b: (&[Step], &[Val])) -> bool {
    let equal =
        |(&a, &b): (&Val, &Val)| a == b || func.const_of(a).is_some_and(|known| func.const_of(b) == Some(known));
    a.0 == b.0 && a.1.len() == b.1.len() && a.1.iter().zip(b.1).all(equal)
}

/// Reports uses of the container that `vacate` gave or of copies of it.
fn users(func: &Function, vacate: Inst, vacated: Val, errors: &mut Vec<String>) {
    let own = place(func, vacate, 2);
    for &inst in func.layout.iter().flat_map(|&block| &func.blocks[block].insts) {
        let mut uses = 0;
        func.for_each_use(inst, |val| uses += usize::from(val == vacated));
        if uses == 0 {
            continue;
        }
        let data = &func.insts[inst];
        let passed = data.unwind.iter().flat_map(|call| &call.args).filter(|&&val| val == vacated).count();
        let root = data.args.first() == Some(&vacated);
        let fits = match data.op {
            Op::SetPath => root && uses == 1 + passed && same(func, own, place(func, inst, 2)),
            Op::Restore => root && uses == 1 && same(func, own, place(func, inst, 2)),
            Op::Drop => true,
            Op::Copy => {
                if let Some(copy) = data.result.expand() {
                    users(func, vacate, copy, errors);
                }
                true
            }
            _ => false,
        };
        if !fits {
            errors.push(format!(
                "{inst} ({}): {vacated} is looked at while a place in it is vacated",
                data.op.info().name
            ));
        }
    }
}

/// What happens on the ways from the `vacate` of a cell or global at `at` to the stores.
fn seen(func: &Function, modref: Option<&ModRef>, start: Block, at: usize) -> Option<String> {
    let vacate = func.blocks[start].insts[at];
    let data = &func.insts[vacate];
    let (cell, global) = match (data.op, data.imm) {
        (Op::GlobalVacate, Imm::Path(path)) => (None, func.paths[path].global),
        _ => (Some(data.args[0]), None),
    };
    let own = place(func, vacate, 1 + usize::from(cell.is_some()));
    let variable = modref.and_then(|modref| modref.variable(func, vacate));
    let caught = modref.is_none_or(|modref| modref.is_caught(func.id));
    let mut reached = vec![start];
    let mut next = 0;
    while let Some(&block) = reached.get(next) {
        let first = if next == 0 { at + 1 } else { 0 };
        next += 1;
        let mut landed = next != 1;
        let mut stored = false;
        for &inst in &func.blocks[block].insts[first..] {
            let data = &func.insts[inst];
            if let Some(store) = store_of(func, inst) {
                let root = match store.root {
                    Root::Global(slot) => Some(slot) == global,
                    Root::Cell(other) => cell.is_some_and(|cell| is_one_cell(func, cell, other)),
                    Root::Local(_) => false,
                };
                stored = root && same(func, own, (&store.steps, &store.keys));
                if stored {
                    break;
                }
            }
            let pushes = data.op == Op::ArrayPush && func.values[data.args[0]].ty.is_subset(Type::ARRAY);
            let effects = func.effects(inst);
            let lands = !landed && data.unwind.as_deref().is_some_and(|call| restores(func, call.block, own));
            landed |= lands;
            let touches = match (modref, variable) {
                (Some(modref), Some(variable)) => modref.touches(func, inst, variable),
                _ => !lands && effects.0 & !QUIET.0 != 0,
            };
            let raises = !lands && !pushes && effects.raises() && (caught || data.unwind.is_some());
            if touches || raises || data.op == Op::Return {
                let name = data.op.info().name;
                return Some(format!("{inst} ({name}): something may be looked at that {vacate} has vacated"));
            }
        }
        if !stored {
            for call in &func.insts[func.terminator(block)].targets {
                if call.block == start {
                    return Some(format!("{vacate}: nothing overwrites the vacated place in a loop"));
                }
                if !reached.contains(&call.block) {
                    reached.push(call.block);
                }
            }
        }
    }
    None
}

/// Whether two values are one cell.
fn is_one_cell(func: &Function, a: Val, b: Val) -> bool {
    let capture = |val: Val| match func.values[val].def {
        ValDef::Result(inst) if func.insts[inst].op == Op::CaptureGet => Some(func.insts[inst].imm),
        _ => None,
    };
    a == b || capture(a).is_some_and(|index| capture(b) == Some(index))
}

/// Whether a block puts a value back in the place.
fn restores(func: &Function, block: Block, own: (&[Step], &[Val])) -> bool {
    func.blocks[block].insts.iter().any(|&inst| match func.insts[inst].op {
        Op::CellRestore => same(func, own, place(func, inst, 2)),
        Op::GlobalRestore => same(func, own, place(func, inst, 1)),
        _ => false,
    })
}
