//! Block parameters that need not be: removing them from blocks and edges together.

use super::fuel::Fuel;
use super::substitution::Substitution;
use crate::base::effort::spend;
use crate::base::lists::{Lists, dense};
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{Function, ValDef};
use cranelift_entity::packed_option::PackedOption;
use cranelift_entity::{EntitySet, SecondaryMap};

/// Removes these parameters, and their arguments on every edge of the layout.
pub fn remove(func: &mut Function, dead: &EntitySet<Val>) {
    if dead.is_empty() {
        return;
    }
    for at in 0..func.layout.len() {
        let block = func.layout[at];
        let Function { blocks, insts, handles, .. } = &mut *func;
        let begin = if *handles { 0 } else { blocks[block].insts.len().saturating_sub(1) };
        for &inst in &blocks[block].insts[begin..] {
            let data = &mut insts[inst];
            for call in data.targets.iter_mut().chain(data.unwind.as_deref_mut()) {
                let mut params = blocks[call.block].params.iter();
                call.args.retain(|_| params.next().is_none_or(|&param| !dead.contains(param)));
            }
        }
    }
    for at in 0..func.layout.len() {
        let block = func.layout[at];
        let before = func.blocks[block].params.len();
        func.blocks[block].params.retain(|param| !dead.contains(*param));
        if func.blocks[block].params.len() != before {
            for (i, &param) in func.blocks[block].params.iter().enumerate() {
                func.values[param].def = ValDef::Param(block, i as u32);
            }
        }
    }
}

/// The parameters to look at again when an argument of theirs is replaced: for each value a list, threaded through one vector.
struct Users {
    /// First and last link of a value's list, from 1.
    ends: SecondaryMap<Val, (u32, u32)>,
    links: Vec<(Val, u32)>,
}

impl Users {
    fn new(func: &Function) -> Users {
        Users { ends: dense(func.values.len()), links: Vec::new() }
    }

    /// Adds `param` to the list of `val`, unless it is the last there.
    fn push(&mut self, val: Val, param: Val) {
        let (_, last) = self.ends[val];
        if last != 0 && self.links[last as usize - 1].0 == param {
            return;
        }
        self.links.push((param, 0));
        self.append(val, (self.links.len() as u32, self.links.len() as u32));
    }

    fn append(&mut self, val: Val, (first, last): (u32, u32)) {
        let ends = &mut self.ends[val];
        match ends.1 {
            0 => ends.0 = first,
            before => self.links[before as usize - 1].1 = first,
        }
        ends.1 = last;
    }

    /// Appends the list of `val` to `work` and moves it to the end of that of `by`.
    fn move_to(&mut self, val: Val, by: Val, work: &mut Vec<Val>) {
        let list = std::mem::take(&mut self.ends[val]);
        let mut at = list.0;
        while at != 0 {
            let (param, next) = self.links[at as usize - 1];
            work.push(param);
            at = next;
        }
        if list.0 != 0 {
            self.append(by, list);
        }
    }
}

/// Finds the parameters that get one and the same value on every edge (or themselves), replaces them by it, and removes them.
pub fn remove_redundant(func: &mut Function, substitution: &mut Substitution, fuel: &mut Fuel) -> usize {
    let inner = |func: &Function, block: Block| block != func.entry && !func.blocks[block].params.is_empty();
    if !func.layout.iter().any(|&block| inner(func, block)) {
        return 0;
    }
    // The edges that pass something: the instruction, and which of its targets.
    let mut edges: Vec<(Block, (Inst, u32))> = Vec::with_capacity(func.layout.len());
    for &block in &func.layout {
        for &inst in func.with_edges(block) {
            let data = &func.insts[inst];
            for (slot, call) in data.targets.iter().chain(data.unwind.as_deref()).enumerate() {
                if !call.args.is_empty() {
                    spend(call.args.len());
                    edges.push((call.block, (inst, slot as u32)));
                }
            }
        }
    }
    let edges = Lists::new(func.blocks.len(), &edges);
    let argument = |func: &Function, (inst, slot): (Inst, u32), index: usize| {
        let data = &func.insts[inst];
        data.targets.get(slot as usize).or(data.unwind.as_deref()).expect("an edge").args[index]
    };
    // A parameter is looked at again when one of its arguments was replaced.
    let mut users = Users::new(func);
    let mut work: Vec<Val> = Vec::new();
    for &block in func.layout.iter().filter(|&&block| inner(func, block)) {
        for (i, &param) in func.blocks[block].params.iter().enumerate() {
            work.push(param);
            for &edge in edges.of(block) {
                let arg = argument(func, edge, i);
                if matches!(func.values[arg].def, ValDef::Param(..)) {
                    users.push(arg, param);
                }
            }
        }
    }
    let mut dead = EntitySet::with_capacity(func.values.len());
    let mut different: SecondaryMap<Val, (PackedOption<Val>, PackedOption<Val>)> = dense(func.values.len());
    let mut count = 0;
    while let Some(param) = work.pop() {
        let ValDef::Param(block, index) = func.values[param].def else { continue };
        if dead.contains(param) {
            continue;
        }
        let (a, b) = different[param];
        if let (Some(a), Some(b)) = (a.expand(), b.expand()) {
            let (a, b) = (substitution.resolve(a), substitution.resolve(b));
            if a != b && a != param && b != param {
                continue;
            }
        }
        let mut same = None;
        let mut other = None;
        for &edge in edges.of(block) {
            spend(1);
            let arg = substitution.resolve(argument(func, edge, index as usize));
            if arg != param && Some(arg) != same {
                if same.is_some() {
                    other = Some(arg);
                    break;
                }
                same = Some(arg);
            }
        }
        different[param] = (same.into(), other.into());
        if let (Some(same), None) = (same, other)
            && fuel.take()
        {
            substitution.replace(param, same);
            dead.insert(param);
            count += 1;
            users.move_to(param, same, &mut work);
        }
    }
    remove(func, &dead);
    count
}
