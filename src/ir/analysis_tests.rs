//! Dominators, loops and liveness against their definitions, by brute force on random graphs.

use super::cfg::Cfg;
use super::dominators::{Dominators, Points};
use super::entities::{Block, FuncRef, Inst, Val};
use super::function::{BlockCall, ConstData, Function};
use super::inst::{Imm, Op};
use super::liveness::Liveness;
use super::loops::Loops;
use crate::base::source::Span;
use cranelift_entity::EntityRef;

fn random_function(mut state: u64, blocks: usize) -> Function {
    let mut below = move |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % limit
    };
    let span = Span::default();
    let mut func = Function::new(FuncRef::new(0), None, 1, span);
    let mut vals = vec![func.blocks[func.entry].params[0]];
    for _ in 1..blocks {
        let block = func.make_block();
        func.layout.push(block);
    }
    let null = func.constant(ConstData::Null);
    for i in 0..blocks {
        let block = Block::new(i);
        for _ in 0..below(4) {
            let inst = if below(3) == 0 {
                let inst = func.make_inst(Op::GlobalGet, &[], Imm::Global(EntityRef::new(0)), span);
                if below(2) == 0 {
                    let call = BlockCall { block: Block::new(1 + below(blocks - 1)), args: Default::default() };
                    func.set_unwind(inst, call);
                }
                inst
            } else if below(2) == 0 {
                func.make_inst(Op::Const, &[], Imm::Const(null), span)
            } else {
                func.make_inst(Op::Truthy, &[vals[below(vals.len())]], Imm::None, span)
            };
            vals.push(func.insts[inst].result.unwrap());
            func.blocks[block].insts.push(inst);
        }
        let end = match below(4) {
            0 => func.make_inst(Op::Return, &[vals[below(vals.len())]], Imm::None, span),
            n => {
                let op = if n == 1 { Op::Jump } else { Op::Brif };
                let args = [vals[below(vals.len())]];
                let inst = func.make_inst(op, &args[..(op == Op::Brif) as usize], Imm::None, span);
                for _ in 0..(if n == 1 { 1 } else { 2 }) {
                    let call = BlockCall { block: Block::new(1 + below(blocks - 1)), args: Default::default() };
                    func.insts[inst].targets.push(call);
                }
                inst
            }
        };
        func.blocks[block].insts.push(end);
    }
    func
}

/// A step of execution: before instruction `.1` of block `.0`.
type Place = (Block, usize);

fn next_places(func: &Function, (block, at): Place) -> Vec<(Place, bool)> {
    let inst = func.blocks[block].insts[at];
    let data = &func.insts[inst];
    let mut next: Vec<(Place, bool)> = data.targets.iter().map(|call| ((call.block, 0), false)).collect();
    next.extend(data.unwind.as_ref().map(|call| ((call.block, 0), true)));
    if !data.op.is_terminator() {
        next.push(((block, at + 1), false));
    }
    next
}

/// Whether `inst` can be reached without `val` having been defined.
fn reached_without(func: &Function, val: Val, inst: Inst) -> bool {
    let mut seen = vec![];
    let mut work = vec![(func.entry, 0)];
    while let Some(place) = work.pop() {
        if seen.contains(&place) {
            continue;
        }
        seen.push(place);
        let here = func.blocks[place.0].insts[place.1];
        if here == inst {
            return true;
        }
        let defines = func.insts[here].result.expand() == Some(val);
        work.extend(next_places(func, place).into_iter().filter(|&(_, raised)| raised || !defines).map(|next| next.0));
    }
    false
}

fn reaches(func: &Function, from: Block, to: Block, without: Option<Block>) -> bool {
    let (mut seen, mut work) = (vec![], vec![from]);
    while let Some(block) = work.pop() {
        if Some(block) == without || seen.contains(&block) {
            continue;
        }
        seen.push(block);
        func.for_each_edge(block, |_, call| work.push(call.block));
    }
    seen.contains(&to)
}

#[test]
fn dominators_agree_with_their_definition() {
    for seed in 1..300u64 {
        let func = random_function(seed * 0x9e37_79b9, 9);
        let cfg = Cfg::new(&func);
        let dominators = Dominators::new(&func, &cfg);
        for a in func.blocks.keys() {
            assert_eq!(cfg.is_reachable(a), reaches(&func, func.entry, a, None));
            for b in func.blocks.keys().filter(|&b| cfg.is_reachable(b)) {
                let expected = cfg.is_reachable(a) && (a == b || !reaches(&func, func.entry, b, Some(a)));
                assert_eq!(dominators.dominates(a, b), expected, "seed {seed}: {a} over {b}");
            }
        }
    }
}

#[test]
fn values_are_available_where_every_path_defines_them() {
    for seed in 1..200u64 {
        let func = random_function(seed * 0x51_7cc1, 7);
        let points = Points::new(&func);
        for val in func.values.keys().skip(1) {
            for inst in func.insts.keys().filter(|&inst| points.is_reachable(inst)) {
                let expected = !reached_without(&func, val, inst);
                assert_eq!(points.is_available(&func, val, inst), expected, "seed {seed}: {val} at {inst}");
            }
        }
    }
}

#[test]
fn a_value_is_live_into_a_block_if_a_path_from_it_uses_it_undefined() {
    for seed in 1..300u64 {
        let func = random_function(seed * 0x2545_f491, 8);
        let cfg = Cfg::new(&func);
        let liveness = Liveness::new(&func, &cfg);
        let def_block = |val: Val| {
            let mut blocks = func.blocks.iter();
            blocks.find(|(_, data)| {
                data.params.contains(&val)
                    || data.insts.iter().any(|&inst| func.insts[inst].result.expand() == Some(val))
            })
        };
        for val in func.values.keys() {
            let def = def_block(val).map(|(block, _)| block);
            for start in cfg.reverse_postorder() {
                let (mut seen, mut work, mut live) = (vec![], vec![start], false);
                while let Some(block) = work.pop() {
                    if seen.contains(&block) || def == Some(block) {
                        continue;
                    }
                    seen.push(block);
                    for &inst in &func.blocks[block].insts {
                        func.for_each_use(inst, |used| live |= used == val);
                    }
                    work.extend_from_slice(cfg.succs(block));
                }
                assert_eq!(liveness.is_live_in(start, val), live, "seed {seed}: {val} into {start}");
            }
        }
    }
}

#[test]
fn loops_hold_the_blocks_that_reach_a_back_edge() {
    for seed in 1..300u64 {
        let func = random_function(seed * 0x6c07_8965, 8);
        let cfg = Cfg::new(&func);
        let dominators = Dominators::new(&func, &cfg);
        let loops = Loops::new(&func, &cfg, &dominators);
        let back_edges = |header: Block| {
            let latches: Vec<Block> =
                cfg.preds(header).iter().copied().filter(|&pred| dominators.dominates(header, pred)).collect();
            latches
        };
        let in_loop = |header: Block, block: Block| {
            dominators.dominates(header, block)
                && back_edges(header)
                    .iter()
                    .any(|&latch| block == header || latch == block || reaches(&func, block, latch, Some(header)))
        };
        for block in cfg.reverse_postorder() {
            let depth = cfg.reverse_postorder().filter(|&header| in_loop(header, block)).count();
            assert_eq!(loops.depth(block) as usize, depth, "seed {seed}: depth of {block}");
        }
        for (number, data) in loops.iter() {
            for block in cfg.reverse_postorder() {
                let inside = in_loop(data.header, block);
                assert_eq!(
                    loops.contains(number, block),
                    inside,
                    "seed {seed}: {block} in the loop of {}",
                    data.header
                );
                let place = func.layout.iter().position(|&other| other == block).unwrap();
                assert!(!inside || data.range.contains(&place));
            }
        }
    }
}
