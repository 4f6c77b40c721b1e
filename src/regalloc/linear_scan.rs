//! Linear scan (Poletto and Sarkar 1999) over classes, each treated as one interval from its first to its last point.
//!
//! Invariant: two classes whose intervals meet have different registers. A free register is given lowest first; a reserved one
//! (see `windows`) only to an interval that ends before the reserving one begins.

use super::coalesce::{ClassId, Classes};
use super::order::Order;
use super::windows::{Call, LOOK_AHEAD, collect};
use super::{MAX_REGISTERS, TooManyRegisters, window_end};
use crate::base::effort::spend;
use crate::ir::entities::{Inst, Val};
use crate::ir::function::Function;
use cranelift_entity::SecondaryMap;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// What the scan found.
pub struct Outcome {
    /// The register of each value.
    pub reg: SecondaryMap<Val, Option<u16>>,
    /// The base of each call's window, in order.
    pub bases: Vec<(Inst, u16)>,
    /// Registers used, windows included.
    pub high: usize,
}

/// The scan under way.
pub struct Scan<'a> {
    /// The classes.
    pub classes: &'a Classes,
    /// Classes by first point.
    pub sorted: Vec<ClassId>,
    /// How many of them have a register.
    pub next: usize,
    /// Which class holds a register now.
    pub occupant: Vec<Option<ClassId>>,
    /// Registers below the highest used that nobody holds.
    free: BTreeSet<u16>,
    active: BinaryHeap<Reverse<(u32, ClassId)>>,
    assigned: Vec<Option<u16>>,
    /// Calls in order.
    pub calls: Vec<Call>,
    /// How many of them have their final window.
    pub settled: usize,
    /// How many classes the next predictions may look at.
    pub look_ahead: usize,
    /// The call a class is computed for.
    pub target: Vec<Option<usize>>,
    /// The slot a class is to be computed in.
    pub reservation: Vec<Option<u16>>,
    reserved: FxHashMap<usize, SmallVec<[ClassId; 2]>>,
    /// The base of the call whose result a class is.
    landed: Vec<Option<usize>>,
    high: usize,
}

/// Gives every class a register and every call a base.
pub fn run(func: &Function, order: &Order, classes: &Classes) -> Result<Outcome, TooManyRegisters> {
    let mut sorted: Vec<ClassId> =
        (0..classes.list.len() as ClassId).filter(|&id| !classes.list[id as usize].segments.is_empty()).collect();
    sorted.sort_by_key(|&id| {
        let class = &classes.list[id as usize];
        (class.start, class.fixed.is_none())
    });
    let (calls, target) = collect(func, order, classes);
    let mut scan = Scan {
        classes,
        sorted,
        next: 0,
        occupant: Vec::new(),
        free: BTreeSet::new(),
        active: BinaryHeap::new(),
        assigned: vec![None; classes.list.len()],
        calls,
        settled: 0,
        look_ahead: 8 * LOOK_AHEAD,
        target,
        reservation: vec![None; classes.list.len()],
        reserved: FxHashMap::default(),
        landed: vec![None; classes.list.len()],
        high: func.blocks[func.entry].params.len(),
    };
    let bases = scan.scan()?;
    let mut reg = SecondaryMap::with_capacity(func.values.len());
    for val in func.values.keys() {
        reg[val] = classes.of(val).and_then(|class| scan.assigned[class as usize]);
    }
    Ok(Outcome { reg, bases, high: scan.high })
}

impl Scan<'_> {
    fn scan(&mut self) -> Result<Vec<(Inst, u16)>, TooManyRegisters> {
        let mut bases = Vec::with_capacity(self.calls.len());
        while self.next < self.sorted.len() {
            let id = self.sorted[self.next];
            let start = self.classes.list[id as usize].start;
            while bases.len() < self.calls.len() && self.calls[bases.len()].at < start {
                bases.push(self.call(bases.len())?);
            }
            self.expire(start);
            if self.target[id as usize].is_some() {
                self.predict_for(id);
            }
            self.next += 1;
            self.allocate(id)?;
        }
        while bases.len() < self.calls.len() {
            bases.push(self.call(bases.len())?);
        }
        Ok(bases)
    }

    fn call(&mut self, number: usize) -> Result<(Inst, u16), TooManyRegisters> {
        self.expire(self.calls[number].at + 1);
        let base = self.settle(number);
        self.settled = number + 1;
        let call = &self.calls[number];
        self.high = self.high.max(window_end(call.op, base, call.operands));
        if let Some(result) = call.result {
            self.landed[result as usize] = Some(base);
        }
        if self.high > MAX_REGISTERS { Err(TooManyRegisters) } else { Ok((call.inst, base as u16)) }
    }

    fn expire(&mut self, point: u32) {
        while let Some(&Reverse((end, id))) = self.active.peek()
            && end < point
        {
            self.active.pop();
            if let Some(reg) = self.assigned[id as usize] {
                self.occupant[reg as usize] = None;
                self.free.insert(reg);
            }
        }
    }

    fn allocate(&mut self, id: ClassId) -> Result<(), TooManyRegisters> {
        let slot = self.release(id);
        let wished = [slot.map(usize::from), self.landed[id as usize]].into_iter().flatten();
        let fixed = self.classes.list[id as usize].fixed.map(usize::from);
        let reg = fixed
            .or_else(|| wished.into_iter().find(|&reg| self.fits(reg, id)))
            .or_else(|| self.free.iter().map(|&reg| reg as usize).find(|&reg| self.fits(reg, id)))
            .or_else(|| (self.occupant.len()..MAX_REGISTERS).find(|&reg| self.fits(reg, id)))
            .ok_or(TooManyRegisters)?;
        self.take(reg, id);
        Ok(())
    }

    fn take(&mut self, reg: usize, id: ClassId) {
        while self.occupant.len() <= reg {
            self.free.insert(self.occupant.len() as u16);
            self.occupant.push(None);
        }
        self.free.remove(&(reg as u16));
        self.occupant[reg] = Some(id);
        self.assigned[id as usize] = Some(reg as u16);
        self.active.push(Reverse((self.classes.list[id as usize].end, id)));
        self.high = self.high.max(reg + 1);
    }

    /// Whether class `id`, now or when it begins, may have `reg`.
    pub fn fits(&self, reg: usize, id: ClassId) -> bool {
        spend(1 + self.reserved.get(&reg).map_or(0, |list| list.len()));
        let class = &self.classes.list[id as usize];
        let before = |held: Option<ClassId>| held.is_none_or(|held| self.classes.list[held as usize].end < class.start);
        let apart = |other: &ClassId| {
            let other = &self.classes.list[*other as usize];
            other.end < class.start || class.end < other.start
        };
        before(self.occupant.get(reg).copied().flatten())
            && self.reserved.get(&reg).is_none_or(|list| list.iter().all(|other| *other == id || apart(other)))
    }

    /// Whether nobody holds or has reserved `reg`.
    pub fn is_unclaimed(&self, reg: usize) -> bool {
        self.occupant.get(reg).copied().flatten().is_none()
            && self.reserved.get(&reg).is_none_or(|list| list.is_empty())
    }

    /// How many registers below `base` nobody holds or has reserved, counted up to `most`.
    pub fn unclaimed_below(&self, base: usize, most: usize) -> usize {
        let unused = self.free.range(..base as u16).map(|&reg| reg as usize).chain(self.occupant.len()..base);
        unused.inspect(|_| spend(1)).filter(|&reg| self.is_unclaimed(reg)).take(most).count()
    }

    /// Keeps `reg` for class `id`.
    pub fn reserve(&mut self, reg: usize, id: ClassId) {
        self.reservation[id as usize] = Some(reg as u16);
        self.reserved.entry(reg).or_default().push(id);
    }

    /// Ends the reservation of a class that begins; the register reserved.
    fn release(&mut self, id: ClassId) -> Option<u16> {
        let reg = self.reservation[id as usize]?;
        if let Some(list) = self.reserved.get_mut(&(reg as usize)) {
            list.retain(|other| *other != id);
        }
        Some(reg)
    }
}
