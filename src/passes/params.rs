//! Block parameters that need not be: removing them from blocks and edges together.

use super::fuel::Fuel;
use super::substitution::Substitution;
use crate::base::effort::spend;
use crate::ir::entities::{Block, Val};
use crate::ir::function::{Function, ValDef};
use cranelift_entity::{EntitySet, SecondaryMap};
use smallvec::SmallVec;

/// Removes these parameters, and their arguments on every edge of the layout.
pub fn remove(func: &mut Function, dead: &EntitySet<Val>) {
    if dead.is_empty() {
        return;
    }
    for at in 0..func.layout.len() {
        let block = func.layout[at];
        let Function { blocks, insts, .. } = &mut *func;
        for &inst in &blocks[block].insts {
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

/// Finds the parameters that get one and the same value on every edge (or themselves), replaces them by it, and removes them.
pub fn remove_redundant(func: &mut Function, substitution: &mut Substitution, fuel: &mut Fuel) -> usize {
    let mut edges: SecondaryMap<Block, Vec<SmallVec<[Val; 4]>>> = SecondaryMap::new();
    for &block in &func.layout {
        func.for_each_edge(block, |_, call| {
            if !call.args.is_empty() {
                spend(call.args.len());
                edges[call.block].push(call.args.clone());
            }
        });
    }
    // A parameter is looked at again when one of its arguments was replaced.
    let mut users: SecondaryMap<Val, Vec<Val>> = SecondaryMap::new();
    let mut work: Vec<Val> = Vec::new();
    for &block in &func.layout {
        for (i, &param) in func.blocks[block].params.iter().enumerate() {
            if block == func.entry {
                continue;
            }
            work.push(param);
            for args in &edges[block] {
                if matches!(func.values[args[i]].def, ValDef::Param(..)) && users[args[i]].last() != Some(&param) {
                    users[args[i]].push(param);
                }
            }
        }
    }
    let mut dead = EntitySet::new();
    let mut different: SecondaryMap<Val, (Option<Val>, Option<Val>)> = SecondaryMap::new();
    let mut count = 0;
    while let Some(param) = work.pop() {
        let ValDef::Param(block, index) = func.values[param].def else { continue };
        if dead.contains(param) {
            continue;
        }
        if let (Some(a), Some(b)) = different[param] {
            let (a, b) = (substitution.resolve(a), substitution.resolve(b));
            if a != b && a != param && b != param {
                continue;
            }
        }
        let mut same = None;
        let mut other = None;
        for args in &edges[block] {
            spend(1);
            let arg = substitution.resolve(args[index as usize]);
            if arg != param && Some(arg) != same {
                if same.is_some() {
                    other = Some(arg);
                    break;
                }
                same = Some(arg);
            }
        }
        different[param] = (same, other);
        if let (Some(same), None) = (same, other)
            && fuel.take()
        {
            substitution.replace(param, same);
            dead.insert(param);
            count += 1;
            let waiting = std::mem::take(&mut users[param]);
            work.extend_from_slice(&waiting);
            users[same].extend(waiting);
        }
    }
    remove(func, &dead);
    count
}
