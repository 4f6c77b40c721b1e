//! What a suspended generator keeps: the registers live across each instruction that suspends, counted or not.
//!
//! The machine saves exactly these, so everything a suspended generator holds is a live value of which it is the one owner. A short
//! list stands in the instruction. Many registers kept at many places would make a product, so a long list is one of the pool of the
//! unwinder's, stored as a difference (`releases`). Either is made by one sweep over what begins and ends to live between two places.

use super::TooManyRegisters;
use super::intervals::Lives;
use super::order::Order;
use super::releases::{List, Lists, Writer};
use crate::base::effort::spend;
use crate::ir::entities::{Inst, Val};
use crate::ir::function::Function;
use crate::ir::inst::Op;
use cranelift_entity::SecondaryMap;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// Registers that an instruction lists itself.
const FEW: usize = 32;

/// The registers kept at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// These, ascending.
    Few(Vec<u16>),
    /// Those of a list, and how many they are.
    Many(List, u16),
}

impl Kept {
    /// How many they are.
    pub fn count(&self) -> u16 {
        match self {
            Kept::Few(registers) => registers.len() as u16,
            Kept::Many(_, count) => *count,
        }
    }

    /// The registers, ascending.
    pub fn registers(&self, lists: &Lists) -> Vec<u16> {
        match self {
            Kept::Few(registers) => registers.clone(),
            Kept::Many(list, _) => lists.read(*list).drops.to_vec(),
        }
    }
}

/// Whether an operation suspends a generator.
pub fn suspends(op: Op) -> bool {
    matches!(op, Op::GeneratorStart | Op::Yield)
}

/// The registers for every instruction that suspends; long lists are added to `lists`. The start of a function lists all itself:
/// they are parameters.
///
/// # Errors
/// The lists are too long.
pub fn table(
    func: &Function,
    reg: &SecondaryMap<Val, Option<u16>>,
    order: &Order,
    lives: &Lives,
    lists: &mut Lists,
) -> Result<FxHashMap<Inst, Kept>, TooManyRegisters> {
    let mut points: Vec<(u32, Inst)> = Vec::new();
    for &block in &order.blocks {
        let suspending = func.blocks[block].insts.iter().filter(|&&inst| suspends(func.insts[inst].op));
        points.extend(suspending.map(|&inst| (order.place(block, order.at[inst]), inst)));
    }
    let mut table = FxHashMap::default();
    if points.is_empty() {
        return Ok(table);
    }
    let mut sweep = Sweep { owners: Vec::new(), live: BTreeSet::new(), writer: None };
    let changes = changes(func, reg, lives, &points);
    let mut changes = changes.into_iter().peekable();
    for (number, &(_, inst)) in points.iter().enumerate() {
        while let Some(change) = changes.next_if(|change| change.at <= number) {
            sweep.change(change.register, change.begins);
        }
        let listed_here = sweep.live.len() <= FEW || func.insts[inst].op == Op::GeneratorStart;
        spend(sweep.live.len().min(FEW));
        let kept = if listed_here { Kept::Few(sweep.live.iter().copied().collect()) } else { sweep.list(lists)? };
        table.insert(inst, kept);
    }
    if let Some(writer) = sweep.writer {
        *lists = writer.finish();
    }
    Ok(table)
}

/// A register begins or ends to be live before the place of this number.
struct Change {
    at: usize,
    begins: bool,
    register: u16,
}

/// In the order of places; at one place what ends comes first.
fn changes(
    func: &Function,
    reg: &SecondaryMap<Val, Option<u16>>,
    lives: &Lives,
    points: &[(u32, Inst)],
) -> Vec<Change> {
    let mut changes = Vec::new();
    for val in func.values.keys() {
        let Some(register) = reg[val] else { continue };
        for segment in &lives.segments[val] {
            spend(1);
            let before = |point: u32| points.partition_point(|&(at, _)| at < point);
            let (first, last) = (before(segment.start), before(segment.end));
            if first < last {
                changes.push(Change { at: first, begins: true, register });
                changes.push(Change { at: last, begins: false, register });
            }
        }
    }
    changes.sort_by_key(|change| (change.at, change.begins));
    changes
}

/// What is live at a place.
struct Sweep {
    /// How many values each register is live for.
    owners: Vec<u32>,
    live: BTreeSet<u16>,
    /// From the first long list on.
    writer: Option<Writer>,
}

impl Sweep {
    fn change(&mut self, register: u16, begins: bool) {
        spend(1);
        let at = register as usize;
        if self.owners.len() <= at {
            self.owners.resize(at + 1, 0);
        }
        self.owners[at] = if begins { self.owners[at] + 1 } else { self.owners[at] - 1 };
        let is_live = self.owners[at] > 0;
        if is_live {
            self.live.insert(register)
        } else {
            self.live.remove(&register)
        };
        if let Some(writer) = &mut self.writer {
            writer.set(register, is_live);
        }
    }

    fn list(&mut self, lists: &mut Lists) -> Result<Kept, TooManyRegisters> {
        let live = &self.live;
        let writer = self.writer.get_or_insert_with(|| {
            let mut writer = Writer::behind(std::mem::take(lists));
            live.iter().for_each(|&register| writer.set(register, true));
            writer
        });
        Ok(Kept::Many(writer.list()?, live.len() as u16))
    }
}
