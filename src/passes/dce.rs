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

use super::fuel::Fuel;
use super::params;
use crate::base::effort::spend;
use crate::base::lists::Lists;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{Function, ValDef};
use cranelift_entity::EntitySet;

/// Runs the pass.
pub fn run(func: &mut Function, fuel: &mut Fuel) -> usize {
    let mut changes = drop_unwinds(func, fuel);
    let mut live = Live::new(func);
    let mut found = dead(func, &live);
    let granted = fuel.take_up_to(found.len());
    // What is kept keeps its operands. Definitions mostly come before uses, so the last are removed first.
    let kept = found.len() - granted;
    for &kept in &found[..kept] {
        live.keep(func, kept);
    }
    if kept > 0 {
        found = dead(func, &live);
    }
    let mut params = EntitySet::new();
    for item in found {
        changes += 1;
        if let Dead::Param(param) = item {
            params.insert(param);
        }
    }
    if changes > 0 {
        for at in 0..func.layout.len() {
            let block = func.layout[at];
            func.blocks[block].insts.retain(|&inst| live.insts.contains(inst));
        }
        params::remove(func, &params);
    }
    changes
}

/// Something nothing needs.
#[derive(Clone, Copy)]
enum Dead {
    Inst(Inst),
    Param(Val),
}

/// All of it, in layout order.
fn dead(func: &Function, live: &Live) -> Vec<Dead> {
    let mut found = Vec::new();
    for &block in &func.layout {
        if block != func.entry {
            let params = func.blocks[block].params.iter().copied();
            found.extend(params.filter(|&param| !live.vals.contains(param)).map(Dead::Param));
        }
        let insts = func.blocks[block].insts.iter().copied();
        found.extend(insts.filter(|&inst| !live.insts.contains(inst)).map(Dead::Inst));
    }
    found
}

fn drop_unwinds(func: &mut Function, fuel: &mut Fuel) -> usize {
    let mut dropped = 0;
    if !func.handles {
        return 0;
    }
    for at in 0..func.layout.len() {
        let block = func.layout[at];
        for i in 0..func.blocks[block].insts.len() {
            let inst = func.blocks[block].insts[i];
            if func.insts[inst].unwind.is_some() && !func.effects(inst).raises() && fuel.take() {
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
    /// The edges into each block: the instruction, and which of its targets.
    edges: Lists<Block, (Inst, u32)>,
}

impl Live {
    fn new(func: &Function) -> Live {
        let insts = EntitySet::with_capacity(func.insts.len());
        let mut live = Live { insts, vals: EntitySet::with_capacity(func.values.len()), edges: Lists::default() };
        let (mut work, mut edges) = (Vec::with_capacity(func.insts.len()), Vec::with_capacity(2 * func.layout.len()));
        for &block in &func.layout {
            for &inst in &func.blocks[block].insts {
                let data = &func.insts[inst];
                for (slot, call) in data.targets.iter().chain(data.unwind.as_deref()).enumerate() {
                    edges.push((call.block, (inst, slot as u32)));
                }
                if data.op.is_terminator() || !func.effects(inst).removable() {
                    live.insts.insert(inst);
                    work.extend_from_slice(&data.args);
                }
            }
        }
        live.edges = Lists::new(func.blocks.len(), &edges);
        live.spread(func, work);
        live
    }

    /// Lets something live, and what it needs.
    fn keep(&mut self, func: &Function, item: Dead) {
        match item {
            Dead::Inst(inst) => {
                if self.insts.insert(inst) {
                    self.spread(func, func.insts[inst].args.to_vec());
                }
            }
            Dead::Param(param) => self.spread(func, vec![param]),
        }
    }

    fn spread(&mut self, func: &Function, mut work: Vec<Val>) {
        while let Some(val) = work.pop() {
            if !self.vals.insert(val) {
                continue;
            }
            match func.values[val].def {
                ValDef::Result(inst) => {
                    if self.insts.insert(inst) {
                        work.extend_from_slice(&func.insts[inst].args);
                    }
                }
                ValDef::Param(block, index) => {
                    spend(self.edges.of(block).len());
                    for &(inst, slot) in self.edges.of(block) {
                        let data = &func.insts[inst];
                        let call = data.targets.get(slot as usize).or(data.unwind.as_deref());
                        work.extend(call.and_then(|call| call.args.get(index as usize)));
                    }
                }
            }
        }
    }
}
