//! The table of the unwinder: what each instruction that may raise owns, and how the handler's parameters are filled.
//!
//! Owned are the counted values live before the instruction. The operands of a call with a window belong to the call. On the
//! edge to a handler the arguments move to its parameters and values it uses directly stay; everything else is dropped.
//! Instructions that only take memory have entries too, for the case that there is none. *Points* are where a limit of the host may
//! end the program before an instruction: the blocks an edge leads back to (and, in `bytecode::emit`, the start of a function).
//!
//! What is owned differs little from one instruction to the next, and so does what handlers take. Only the differences are
//! followed, within blocks and between them, and only they are stored (`releases`).

use super::has_window;
use super::intervals::Lives;
use super::moves::{Frame, of_edge};
use super::order::Order;
use super::releases::{List, Lists, Writer};
use super::{HandlerEdge, TooManyRegisters, Unwind};
use crate::base::effort::spend;
use crate::base::epoch_set::EpochSet;
use crate::ir::effects::Effects;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{BlockCall, Function};
use crate::ir::inst::Mode;
use crate::ir::liveness::ValSet;
use cranelift_entity::{EntitySet, SecondaryMap};
use rustc_hash::FxHashMap;

/// What is released where.
#[derive(Default)]
pub struct Tables {
    /// For instructions that may raise; those that own nothing and have no handler have no entry.
    pub unwind: FxHashMap<Inst, Unwind>,
    /// For each block that some jump may lead back to: over an edge of the layout, or over the moves of an edge, which stand behind
    /// all blocks. There a limit of the host may end the program.
    pub points: FxHashMap<Block, List>,
    /// What the lists say.
    pub lists: Lists,
}

/// The tables of `func`.
pub fn tables(
    func: &Function,
    reg: &SecondaryMap<Val, Option<u16>>,
    order: &Order,
    lives: &Lives,
    frame: &mut Frame,
) -> Result<Tables, TooManyRegisters> {
    let points = points(func);
    let (mut tables, mut writer) = (Tables::default(), Writer::default());
    let mut walk = Walk {
        func,
        reg,
        lives,
        frame,
        owner: Vec::new(),
        entered: ValSet::default(),
        touched: Vec::new(),
        changed: Vec::new(),
        retaken: Vec::new(),
        passed: EpochSet::default(),
        handler: None,
    };
    for &block in &order.blocks {
        // Every value that changes would otherwise be touched in every block.
        let is_point = points.contains(block);
        if !is_point && !func.blocks[block].insts.iter().any(|&inst| may_stop(func, inst)) {
            continue;
        }
        walk.enter(block);
        if is_point {
            tables.points.insert(block, walk.list(&mut writer)?);
        }
        for &inst in &func.blocks[block].insts {
            let op = func.insts[inst].op;
            if has_window(op) {
                walk.give_up(inst);
            }
            if may_stop(func, inst)
                && let Some(entry) = walk.entry(inst, &mut writer)?
            {
                tables.unwind.insert(inst, entry);
            }
            if !has_window(op) {
                walk.give_up(inst);
            }
            func.insts[inst].result.expand().into_iter().for_each(|val| walk.own(val));
        }
    }
    tables.lists = writer.finish();
    Ok(tables)
}

fn points(func: &Function) -> EntitySet<Block> {
    let mut place: SecondaryMap<Block, u32> = SecondaryMap::new();
    for (at, &block) in func.layout.iter().enumerate() {
        place[block] = at as u32;
    }
    let mut points = EntitySet::with_capacity(func.blocks.len());
    for &block in &func.layout {
        for &inst in &func.blocks[block].insts {
            points.extend(func.insts[inst].unwind.as_deref().map(|call| call.block));
        }
        func.for_each_edge(block, |_, call| {
            if place[call.block] <= place[block] || !call.args.is_empty() {
                points.insert(call.block);
            }
        });
    }
    points
}

/// Whether execution may leave the function at `inst`, other than by returning.
pub fn may_stop(func: &Function, inst: Inst) -> bool {
    let data = &func.insts[inst];
    let effects = data.op.info().effects;
    data.unwind.is_some() || effects.raises() || effects.contains(Effects::ALLOCATES)
}

struct Walk<'a> {
    func: &'a Function,
    reg: &'a SecondaryMap<Val, Option<u16>>,
    lives: &'a Lives,
    frame: &'a mut Frame,
    /// The value each register owns.
    owner: Vec<Option<Val>>,
    /// What was live into the block entered last.
    entered: ValSet,
    /// The values whose ownership has changed since.
    touched: Vec<Val>,
    /// Registers whose owner has changed since the last list.
    changed: Vec<u16>,
    /// Those and others that handlers may take now and did not, or the other way round, since the last list with a handler.
    retaken: Vec<u16>,
    /// Arguments of the exceptional edge at hand.
    passed: EpochSet<Val>,
    /// The exceptional edge of the last list that had one.
    handler: Option<&'a BlockCall>,
}

impl<'a> Walk<'a> {
    fn own(&mut self, val: Val) {
        if self.func.may_own(val)
            && let Some(reg) = self.reg[val]
            && self.owner.get(reg as usize) != Some(&Some(val))
        {
            self.set(reg, val, Some(val));
        }
    }

    fn disown(&mut self, val: Val) {
        if let Some(reg) = self.reg[val]
            && self.owner.get(reg as usize) == Some(&Some(val))
        {
            self.set(reg, val, None);
        }
    }

    fn set(&mut self, reg: u16, val: Val, owner: Option<Val>) {
        spend(1);
        if self.owner.len() <= reg as usize {
            self.owner.resize(reg as usize + 1, None);
        }
        self.owner[reg as usize] = owner;
        self.touched.push(val);
        self.changed.push(reg);
        self.retaken.push(reg);
    }

    /// Goes on at the start of a block: what is live into it is owned, and its parameters.
    fn enter(&mut self, block: Block) {
        let live = self.lives.live_in.live_in(block).clone();
        let mut touched = std::mem::take(&mut self.touched);
        let before = std::mem::replace(&mut self.entered, live.clone());
        before.for_each_not_in(&live, |val| self.disown(val));
        touched.iter().filter(|&&val| !live.contains(val)).for_each(|&val| self.disown(val));
        self.touched.clear();
        live.for_each_not_in(&before, |val| self.own(val));
        touched.drain(..).filter(|&val| live.contains(val)).for_each(|val| self.own(val));
        self.touched.clear();
        self.func.blocks[block].params.iter().for_each(|&val| self.own(val));
    }

    /// Ends the ownership of the operands `inst` consumes.
    fn give_up(&mut self, inst: Inst) {
        let data = &self.func.insts[inst];
        for (index, &val) in data.args.iter().enumerate() {
            let masked = index < 32 && data.drop_mask >> index & 1 == 1;
            if masked || matches!(data.op.mode(index), Mode::Keep | Mode::Update) {
                self.disown(val);
            }
        }
    }

    /// The list of what is owned now.
    fn list(&mut self, writer: &mut Writer) -> Result<List, TooManyRegisters> {
        self.write(writer);
        writer.list()
    }

    fn write(&mut self, writer: &mut Writer) {
        spend(1 + self.changed.len());
        for reg in self.changed.drain(..) {
            writer.set(reg, self.owner[reg as usize].is_some());
        }
    }

    fn entry(&mut self, inst: Inst, writer: &mut Writer) -> Result<Option<Unwind>, TooManyRegisters> {
        let func = self.func;
        let Some(call) = func.insts[inst].unwind.as_deref() else {
            let list = self.list(writer)?;
            return Ok((list.count > 0).then_some(Unwind { list, handler: None }));
        };
        self.passed.clear();
        let mut increments = Vec::new();
        for &val in &call.args {
            let again = !self.passed.insert(val) || self.lives.live_in.is_live_in(call.block, val);
            if again && func.may_own(val) {
                increments.extend(self.reg[val]);
            }
        }
        self.taken(call);
        self.write(writer);
        let live = self.lives.live_in.live_in(call.block);
        spend(self.retaken.len());
        for reg in self.retaken.drain(..) {
            if let Some(val) = self.owner[reg as usize] {
                writer.keep(reg, self.passed.contains(val) || live.contains(val));
            }
        }
        let moves = of_edge(func, self.reg, call, self.frame);
        Ok(Some(Unwind { list: writer.list()?, handler: Some(HandlerEdge { block: call.block, increments, moves }) }))
    }

    /// Notes the registers that may be taken on one of two edges only: on `call`, and on the edge before.
    fn taken(&mut self, call: &'a BlockCall) {
        let before = self.handler.replace(call);
        if before.is_some_and(|before| before == call) {
            return;
        }
        let (func, reg, owner) = (self.func, self.reg, &self.owner);
        let mut note = |val: Val| {
            let known = |reg: &u16| func.may_own(val) && (*reg as usize) < owner.len();
            self.retaken.extend(reg[val].filter(known));
        };
        let live = self.lives.live_in.live_in(call.block);
        match before {
            None => live.for_each(&mut note),
            Some(before) => {
                let other = self.lives.live_in.live_in(before.block);
                live.for_each_not_in(other, &mut note);
                other.for_each_not_in(live, &mut note);
                before.args.iter().for_each(|&val| note(val));
            }
        }
        call.args.iter().for_each(|&val| note(val));
    }
}
