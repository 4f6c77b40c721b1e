//! Parallel moves, made sequential, and the moves of ordinary edges.
//!
//! All sources are read before any destination is written. A move is done once nobody reads its destination any more; what
//! remains then are cycles, each broken through the scratch register (Leroy, "Tilting at windmills", 2009). Constants come
//! last: they read no register.

use super::{Move, TooManyRegisters, constant_of, edge_pairs};
use crate::base::effort::spend;
use crate::ir::entities::{Const, Inst, Val};
use crate::ir::function::Function;
use cranelift_entity::SecondaryMap;
use rustc_hash::FxHashMap;

/// The registers of a frame, as far as they are given out.
pub struct Frame {
    high: usize,
    scratch: Option<u16>,
}

impl Frame {
    /// A frame of `high` registers.
    pub fn new(high: usize) -> Frame {
        Frame { high, scratch: None }
    }

    /// The register that breaks cycles: behind all others.
    fn scratch(&mut self) -> u16 {
        let (high, scratch) = (&mut self.high, &mut self.scratch);
        *scratch.get_or_insert_with(|| {
            *high += 1;
            (*high - 1) as u16
        })
    }

    /// The final size.
    pub fn size(&self) -> Result<u16, TooManyRegisters> {
        if self.high > super::MAX_REGISTERS { Err(TooManyRegisters) } else { Ok(self.high as u16) }
    }
}

/// What is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A register.
    Reg(u16),
    /// A constant.
    Const(Const),
}

/// Where a value is; `None` for a value of unreachable code that is nowhere.
pub fn source(func: &Function, reg: &SecondaryMap<Val, Option<u16>>, val: Val) -> Option<Source> {
    reg[val].map(Source::Reg).or_else(|| constant_of(func, val).map(Source::Const))
}

/// Orders moves whose destinations differ.
pub fn sequence(parallel: &[(Source, u16)], frame: &mut Frame) -> Vec<Move> {
    spend(parallel.len());
    let mut result = Vec::new();
    let mut from: FxHashMap<u16, u16> = FxHashMap::default();
    let mut readers: FxHashMap<u16, u32> = FxHashMap::default();
    for &(source, to) in parallel {
        if let Source::Reg(reg) = source
            && reg != to
        {
            from.insert(to, reg);
            *readers.entry(reg).or_default() += 1;
        }
    }
    let is_read = |readers: &FxHashMap<u16, u32>, reg: u16| readers.get(&reg).is_some_and(|&count| count > 0);
    let destinations: Vec<u16> = parallel.iter().map(|&(_, to)| to).filter(|to| from.contains_key(to)).collect();
    let mut ready: Vec<u16> = destinations.iter().rev().copied().filter(|&to| !is_read(&readers, to)).collect();
    let mut unbroken = destinations.into_iter();
    loop {
        while let Some(to) = ready.pop() {
            let Some(reg) = from.remove(&to) else { continue };
            result.push(Move::Reg { from: reg, to });
            *readers.entry(reg).or_default() -= 1;
            if !is_read(&readers, reg) && from.contains_key(&reg) {
                ready.push(reg);
            }
        }
        let Some(to) = unbroken.find(|to| from.contains_key(to)) else { break };
        // Only cycles are left: exactly one pending move reads `to`.
        let scratch = frame.scratch();
        result.push(Move::Reg { from: to, to: scratch });
        if let Some((_, reg)) = from.iter_mut().find(|(_, reg)| **reg == to) {
            *reg = scratch;
        }
        readers.insert(to, 0);
        readers.insert(scratch, 1);
        ready.push(to);
    }
    result.extend(parallel.iter().filter_map(|&(source, to)| match source {
        Source::Const(value) => Some(Move::Const { value, to }),
        Source::Reg(_) => None,
    }));
    result
}

/// The moves into the parameters of `call`'s target that are in registers.
pub fn of_edge(
    func: &Function,
    reg: &SecondaryMap<Val, Option<u16>>,
    call: &crate::ir::function::BlockCall,
    frame: &mut Frame,
) -> Vec<Move> {
    let parallel: Vec<(Source, u16)> = edge_pairs(func, call)
        .into_iter()
        .filter_map(|(arg, param)| Some((source(func, reg, arg)?, reg[param]?)))
        .collect();
    sequence(&parallel, frame)
}

/// The moves of every edge of every terminator.
pub fn edges(
    func: &Function,
    reg: &SecondaryMap<Val, Option<u16>>,
    frame: &mut Frame,
) -> FxHashMap<(Inst, u32), Vec<Move>> {
    let mut all = FxHashMap::default();
    for &block in &func.layout {
        let inst = func.terminator(block);
        for (index, call) in func.insts[inst].targets.iter().enumerate() {
            let moves = of_edge(func, reg, call, frame);
            if !moves.is_empty() {
                all.insert((inst, index as u32), moves);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(moves: &[Move], count: u16) -> Vec<u16> {
        let mut regs: Vec<u16> = (0..count).collect();
        for step in moves {
            if let Move::Reg { from, to } = *step {
                regs[to as usize] = regs[from as usize];
            }
        }
        regs
    }

    #[test]
    fn every_mapping_of_five_registers_is_sequenced() {
        for number in 0..6u32.pow(5) {
            let digit = |i: u32| number / 6u32.pow(i) % 6;
            let parallel: Vec<(Source, u16)> =
                (0..5u32).filter(|&i| digit(i) < 5).map(|i| (Source::Reg(digit(i) as u16), i as u16)).collect();
            let mut frame = Frame::new(5);
            let moves = sequence(&parallel, &mut frame);
            let regs = run(&moves, 6);
            for &(from, to) in &parallel {
                assert_eq!(Source::Reg(regs[to as usize]), from, "{parallel:?} became {moves:?}");
            }
        }
    }

    #[test]
    fn a_chain_needs_no_scratch_and_a_constant_comes_last() {
        let value = Const::from_u32(0);
        let mut frame = Frame::new(3);
        let moves = sequence(&[(Source::Reg(1), 0), (Source::Const(value), 2), (Source::Reg(2), 1)], &mut frame);
        let expected = [Move::Reg { from: 1, to: 0 }, Move::Reg { from: 2, to: 1 }, Move::Const { value, to: 2 }];
        assert_eq!(moves, expected);
        assert_eq!(frame.size(), Ok(3));
    }
}
