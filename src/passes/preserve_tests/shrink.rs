//! Makes a function that shows a fault of a pass smaller: branches become jumps, instructions constants or nothing, as long as the
//! function is valid and shows the fault.

use crate::ir::entities::{Block, Inst};
use crate::ir::function::{ConstData, Function, Module};
use crate::ir::inst::{Imm, Op};
use crate::ir::verify::verify_module;
use crate::passes::fuel::Fuel;
use crate::passes::simplify_cfg;

/// A change of one instruction.
#[derive(Clone, Copy)]
enum Change {
    /// The branch or handler edge goes; control takes this target.
    Jump(usize),
    /// Null takes the place of the result.
    Null,
    /// Nothing is done.
    Nothing,
    /// Errors leave the function.
    NoHandler,
}

const CHANGES: [Change; 5] = [Change::Jump(0), Change::Jump(1), Change::Null, Change::Nothing, Change::NoHandler];

/// The smallest valid module found for which `fails` holds.
pub fn shrink(module: &Module, mut fails: impl FnMut(&Module) -> bool) -> Module {
    let mut best = module.clone();
    loop {
        let before = size(&best);
        let all: Vec<(Block, Inst)> = {
            let func = first(&best);
            func.layout
                .iter()
                .flat_map(|&block| func.blocks[block].insts.iter().map(move |&inst| (block, inst)))
                .collect()
        };
        for (block, inst) in all.into_iter().rev() {
            for change in CHANGES {
                if !first(&best).blocks[block].insts.contains(&inst) {
                    break;
                }
                let mut smaller = best.clone();
                let func = smaller.functions.values_mut().next().expect("a function");
                if apply(func, block, inst, change) && verify_module(&smaller).is_ok() && fails(&smaller) {
                    best = smaller;
                }
            }
        }
        if size(&best) >= before {
            return best;
        }
    }
}

fn first(module: &Module) -> &Function {
    module.functions.values().next().expect("a function")
}

/// Instructions, edges and handlers.
fn size(module: &Module) -> usize {
    let func = first(module);
    let weight = |inst: &Inst| {
        let data = &func.insts[*inst];
        3 + data.args.len() + data.targets.len() + usize::from(data.unwind.is_some())
    };
    func.layout.iter().flat_map(|&block| &func.blocks[block].insts).map(weight).sum()
}

/// Whether the change could be made.
fn apply(func: &mut Function, block: Block, inst: Inst, change: Change) -> bool {
    let data = &func.insts[inst];
    match change {
        Change::Jump(index) if data.op == Op::Brif => {
            simplify_cfg::decide(func, inst, index == 0);
            simplify_cfg::remove_unreachable(func, &mut Fuel::unlimited());
            true
        }
        Change::Null if data.result.is_some() && data.op != Op::Const && data.op != Op::Caught => {
            let null = func.constant(ConstData::Null);
            let data = &mut func.insts[inst];
            data.op = Op::Const;
            data.imm = Imm::Const(null);
            data.args.clear();
            data.unwind = None;
            true
        }
        Change::Nothing if !data.op.is_terminator() => {
            func.blocks[block].insts.retain(|&other| other != inst);
            true
        }
        Change::NoHandler if data.unwind.is_some() => {
            func.insts[inst].unwind = None;
            simplify_cfg::remove_unreachable(func, &mut Fuel::unlimited());
            true
        }
        _ => false,
    }
}
