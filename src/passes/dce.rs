//! Dead code elimination: removes what no effect depends on, block parameters that only feed each other included, and
//! exceptional edges of instructions that cannot raise.
//!
//! ```text
//! block0:                            block0:
//!   v0 = const 1                       v0 = const 1
//!   v1 = array_new v0                  jump block1
//!   jump block1(v0)
//! block1(v2: small):                 block1:
//!   v3: int = add v2, v0               brif ..., block1, block2
//!   brif ..., block1(v3), block2
//! ```
//!
//! (The `add` goes once the types say that it cannot raise.)

use super::params;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{Function, ValDef};
use cranelift_entity::{EntitySet, SecondaryMap};

/// Runs the pass.
pub fn run(func: &mut Function) -> usize {
    let mut changes = drop_unwinds(func);
    let live = Live::new(func);
    let mut dead = EntitySet::new();
    for at in 0..func.layout.len() {
        let block = func.layout[at];
        let mut insts = std::mem::take(&mut func.blocks[block].insts);
        let before = insts.len();
        insts.retain(|&inst| live.insts.contains(inst));
        changes += before - insts.len();
        func.blocks[block].insts = insts;
        if block != func.entry {
            dead.extend(func.blocks[block].params.iter().copied().filter(|&param| !live.vals.contains(param)));
        }
    }
    changes += dead.keys().count();
    params::remove(func, &dead);
    changes
}

fn drop_unwinds(func: &mut Function) -> usize {
    let mut dropped = 0;
    for at in 0..func.layout.len() {
        let block = func.layout[at];
        for i in 0..func.blocks[block].insts.len() {
            let inst = func.blocks[block].insts[i];
            if func.insts[inst].unwind.is_some() && !func.effects(inst).raises() {
                func.insts[inst].unwind = None;
                dropped += 1;
            }
        }
    }
    dropped
}

/// What effects and control flow need.
struct Live {
    insts: EntitySet<Inst>,
    vals: EntitySet<Val>,
}

impl Live {
    fn new(func: &Function) -> Live {
        let mut live = Live { insts: EntitySet::new(), vals: EntitySet::new() };
        let mut edges: SecondaryMap<Block, Vec<(Inst, u32)>> = SecondaryMap::new();
        let mut work = Vec::new();
        for &block in &func.layout {
            for &inst in &func.blocks[block].insts {
                let data = &func.insts[inst];
                for (slot, call) in data.targets.iter().chain(data.unwind.as_deref()).enumerate() {
                    edges[call.block].push((inst, slot as u32));
                }
                if data.op.is_terminator() || !func.effects(inst).removable() {
                    live.insts.insert(inst);
                    work.extend_from_slice(&data.args);
                }
            }
        }
        while let Some(val) = work.pop() {
            if !live.vals.insert(val) {
                continue;
            }
            match func.values[val].def {
                ValDef::Result(inst) => {
                    if live.insts.insert(inst) {
                        work.extend_from_slice(&func.insts[inst].args);
                    }
                }
                ValDef::Param(block, index) => {
                    for &(inst, slot) in &edges[block] {
                        let data = &func.insts[inst];
                        let call = data.targets.get(slot as usize).or(data.unwind.as_deref());
                        work.extend(call.and_then(|call| call.args.get(index as usize)));
                    }
                }
            }
        }
        live
    }
}
