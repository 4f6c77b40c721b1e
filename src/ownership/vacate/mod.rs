//! Taking out and putting back: `x := d[k]  x := push(x, v)  d[k] := x` copies nothing.
//!
//! An element, field, global or captured variable is read, what was read is changed in place by an *updating* instruction, and the
//! place is overwritten. Directly before the updating instruction a `vacate` takes the value out of its place, so that the register
//! is its only owner.
//!
//! ```text
//! before                                 after
//!   v2 = index_get v0, v1                  v2 = index_get v0, v1
//!                                          v6 = vacate {"d" []}, v0, v2, v1
//!   v4 = array_push v2, v3                 v4 = array_push v2, v3
//!   v5 = set_path {"d" []}, v0, v4, v1     v5 = set_path {"d" []}, v6, v4, v1
//! ```
//!
//! `vacate` itself tests that the place has this very object and that nobody shares the containers on the way, so whether the value
//! was read there, and what happened to the place since, need not be proved. What has to hold is that nobody sees the vacated
//! place:
//!
//! - The root in a register: it is a value, so nobody else sees its vacated version. Every use of the root that control can
//!   reach after the `vacate` is a store to the same place (`local`); on ways without one the root is dead.
//! - The root in a cell or a global: anyone may look there. So on every way from the updating instruction a store to the place
//!   follows, and nothing before it touches the variable, itself or in what it calls ([`ModRef`]), or raises an error that may be
//!   caught, after which the program would go on with the vacated place (`shared`).
//!
//! If the updating instruction raises and the place can be seen then (a handler uses the root, or the root is in a cell or a
//! global and the error may be caught), the error goes to a block of its own, which puts the old value back, an instruction that
//! raises having left it intact, and raises the error again (`landing`).
//!
//! Invariant (`check`): the result of a `vacate` is used by stores to, and `restore`s of, the same place only.

mod congruence;
mod handler;
mod landing;
mod local;
mod place;
mod shared;

pub use place::{Root, Store, store_of};

use super::modref::ModRef;
use crate::base::builtin::{BuiltinId, Role};
use crate::ir::cfg::Cfg;
use crate::ir::dominators::Points;
use crate::ir::effects::Effects;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{ConstData, Function, PathData, UpdateOp, ValDef};
use crate::ir::inst::{Imm, Mode, Op};
use crate::ir::liveness::Liveness;
use crate::ir::types::Type;
use cranelift_entity::SecondaryMap;
use rustc_hash::FxHashSet;
use smallvec::SmallVec;

/// Most values looked at that may be what a place has.
const MAX_ALIASES: usize = 64;

/// What the step cannot see in a function.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// Whether it is known that operators run no script code.
    pub plain_operators: bool,
    /// What is known of a builtin.
    pub role: fn(BuiltinId) -> Option<Role>,
    /// What calls may touch.
    pub modref: &'a ModRef,
}

/// Inserts `vacate`s and `restore`s into `func`.
pub fn take_out(func: &mut Function, facts: &Facts) {
    let stores: Vec<(Block, Inst)> = func
        .layout
        .iter()
        .flat_map(|&block| func.blocks[block].insts.iter().map(move |&inst| (block, inst)))
        .filter(|&(_, inst)| store_of(func, inst).is_some())
        .collect();
    if stores.is_empty() {
        return;
    }
    let mut uses: SecondaryMap<Val, SmallVec<[Inst; 2]>> = SecondaryMap::new();
    let mut loads = Vec::new();
    for &block in &func.layout {
        for &inst in &func.blocks[block].insts {
            func.for_each_use(inst, |val| {
                if uses[val].last() != Some(&inst) {
                    uses[val].push(inst);
                }
            });
            if matches!(func.insts[inst].op, Op::CellGet | Op::CellPeek | Op::GlobalGet | Op::GlobalPeek) {
                loads.push(inst);
            }
        }
    }
    let mut step = Step { func, facts: *facts, uses, loads, shared: FxHashSet::default(), handlers: 0, order: None };
    for (_, inst) in stores {
        // A store may have got a vacated root meanwhile.
        let Some(store) = store_of(step.func, inst) else { continue };
        let aliases = step.aliases(&store);
        if !aliases.iter().any(|&val| step.func.values[val].ty.may_be_counted()) {
            continue;
        }
        step.vacate(&store, &aliases);
    }
}

/// The order of the instructions, and what is live.
struct Order {
    points: Points,
    live: Liveness,
}

struct Step<'a> {
    func: &'a mut Function,
    facts: Facts<'a>,
    /// The instructions that use a value; those that were rewritten may not any more.
    uses: SecondaryMap<Val, SmallVec<[Inst; 2]>>,
    /// The reads of cells and globals.
    loads: Vec<Inst>,
    /// The updates before which something was taken out of a cell or global, and what.
    shared: FxHashSet<(Inst, Val)>,
    /// How many handlers were given a container.
    handlers: usize,
    order: Option<Order>,
}

impl Step<'_> {
    /// Computed for the first candidate; instructions inserted later have no point.
    fn order(&mut self) -> &Order {
        let func = &*self.func;
        self.order
            .get_or_insert_with(|| Order { points: Points::new(func), live: Liveness::new(func, &Cfg::new(func)) })
    }

    fn congruent(&self, a: Val, b: Val) -> bool {
        congruence::congruent(self.func, &self.facts, a, b)
    }

    /// Vacates the place of a store before the instructions that change what it has; else where it was read or its values meet,
    /// if they are changed in a loop.
    fn vacate(&mut self, store: &Store, aliases: &[Val]) {
        let updates: SmallVec<[(Inst, Val); 4]> = aliases
            .iter()
            .flat_map(|&val| self.uses[val].iter().map(move |&inst| (inst, val)))
            .filter(|&(inst, val)| inst != store.inst && self.updates(inst, val))
            .collect();
        if updates.is_empty() {
            return;
        }
        let mut done = false;
        for (inst, val) in updates {
            if let Some((block, at)) = self.find(inst) {
                done |= self.vacate_before(store, block, at, val, true);
            }
        }
        for &val in aliases {
            if done {
                return;
            }
            let start = match self.func.values[val].def {
                ValDef::Result(inst) => self.find(inst).map(|(block, at)| (block, at + 1)),
                ValDef::Param(block, _) => Some((block, 0)),
            };
            // What was read may turn out to be the mark of a variable without a value.
            let Some((block, mut at)) = start.filter(|_| self.func.values[val].ty.is_subset(Type::ANY)) else {
                continue;
            };
            let insts = &self.func.blocks[block].insts;
            if at == 0 && self.func.insts[insts[0]].op == Op::Caught || self.func.insts[insts[at]].op.starts_function()
            {
                at += 1;
            }
            done = self.vacate_before(store, block, at, val, false);
        }
    }

    /// Vacates the place before the instruction at `at`, which `updates` the value, if nobody can see that; whether it does.
    fn vacate_before(&mut self, store: &Store, block: Block, at: usize, val: Val, updates: bool) -> bool {
        match store.root {
            Root::Local(root) => self.vacate_local(root, store, block, at, val, updates),
            Root::Cell(_) | Root::Global(_) => self.vacate_shared(store, block, at, val, updates),
        }
    }

    /// Where an instruction stands, one inserted before, too.
    fn find(&mut self, inst: Inst) -> Option<(Block, usize)> {
        if let Some(found) = self.position(inst) {
            return Some(found);
        }
        self.func.layout.iter().find_map(|&block| {
            let at = self.func.blocks[block].insts.iter().position(|&other| other == inst)?;
            Some((block, at))
        })
    }

    /// Whether two stores overwrite the same place.
    fn same_place(&self, a: &Store, b: &Store) -> bool {
        let roots = match (a.root, b.root) {
            (Root::Cell(a), Root::Cell(b)) => self.congruent(a, b),
            (a, b) => a == b,
        };
        roots && a.steps == b.steps && a.keys.iter().zip(&b.keys).all(|(&a, &b)| self.congruent(a, b))
    }

    /// The values read from the place of a store, and block parameters they are passed to.
    fn aliases(&self, store: &Store) -> SmallVec<[Val; 4]> {
        let mut vals: SmallVec<[Val; 4]> = match store.root {
            Root::Local(root) => SmallVec::from_slice(&[root]),
            root => {
                let reads =
                    |inst: &&Inst| match (root, self.func.insts[**inst].imm, self.func.insts[**inst].args.first()) {
                        (Root::Global(global), Imm::Global(other), _) => global == other,
                        (Root::Cell(cell), _, Some(&other)) => self.congruent(cell, other),
                        _ => false,
                    };
                self.loads.iter().filter(reads).filter_map(|&inst| self.func.insts[inst].result.expand()).collect()
            }
        };
        let mut keys = store.keys.iter();
        for step in &store.steps {
            let key = if *step == crate::ir::function::Step::Index { keys.next().copied() } else { None };
            let mut next = SmallVec::new();
            for &val in &vals {
                let reads = self.uses[val].iter().filter(|&&inst| self.reads(inst, val, *step, key));
                next.extend(reads.filter_map(|&inst| self.func.insts[inst].result.expand()));
            }
            vals = next;
        }
        let mut at = 0;
        while at < vals.len() && vals.len() < MAX_ALIASES {
            for &inst in &self.uses[vals[at]] {
                for call in &self.func.insts[inst].targets {
                    let passed = call.args.iter().zip(&self.func.blocks[call.block].params);
                    let params: SmallVec<[Val; 2]> =
                        passed.filter(|&(arg, _)| *arg == vals[at]).map(|(_, &param)| param).collect();
                    params.into_iter().for_each(|param| {
                        if !vals.contains(&param) {
                            vals.push(param)
                        }
                    });
                }
            }
            at += 1;
        }
        vals
    }

    /// Whether an instruction reads along one step from `container`.
    fn reads(&self, inst: Inst, container: Val, step: crate::ir::function::Step, key: Option<Val>) -> bool {
        use crate::ir::function::Step as PathStep;
        let data = &self.func.insts[inst];
        if data.args.first() != Some(&container) {
            return false;
        }
        match (data.op, step, data.imm, key) {
            (Op::IndexGet, PathStep::Index, _, Some(key)) => self.congruent(data.args[1], key),
            (Op::CallBuiltin, PathStep::Index, Imm::Builtin(builtin), Some(key)) => {
                (self.facts.role)(builtin) == Some(Role::Reads)
                    && data.args.get(1).is_some_and(|&read| self.congruent(read, key))
            }
            (Op::FieldGet | Op::FieldGetOptional, PathStep::Field(name), Imm::Const(read), _) => name == read,
            _ => false,
        }
    }

    fn role(&self, inst: Inst) -> Option<Role> {
        match (self.func.insts[inst].op, self.func.insts[inst].imm) {
            (Op::CallBuiltin, Imm::Builtin(builtin)) => (self.facts.role)(builtin),
            _ => None,
        }
    }

    /// Whether an instruction may change `val` in place if nobody else has it.
    fn updates(&self, inst: Inst, val: Val) -> bool {
        let data = &self.func.insts[inst];
        let ty = |index: usize| self.func.values[data.args[index]].ty;
        let by_operand = |(index, _): (usize, &Val)| match data.op {
            Op::Call => index > 0,
            Op::CallDirect | Op::CallMethod => true,
            Op::Add => index == 0 && ty(0).may_be(Type::STRING) && ty(1).may_be(Type::STRING),
            Op::CallBuiltin => index == 0 && matches!(self.role(inst), Some(Role::Changes | Role::TakesOut)),
            op => op.mode(index) == Mode::Update,
        };
        self.func.values[val].ty.may_be_counted()
            && data.args.iter().enumerate().filter(|&(_, &arg)| arg == val).any(by_operand)
    }

    /// Whether an instruction runs no script code.
    fn is_quiet(&self, inst: Inst) -> bool {
        let effects = self.func.effects(inst);
        let operator = self.func.insts[inst].op.info().effects.contains(Effects::OPERATOR);
        !effects.contains(Effects::CALLS)
            || self.facts.plain_operators && operator
            || matches!(self.role(inst), Some(Role::Changes | Role::TakesOut))
    }

    /// Inserts the `vacate` of a place before the instruction at `at`; the value it gives, if the root is in a register, and the keys.
    /// None if something is not available there.
    fn insert(
        &mut self,
        block: Block,
        at: usize,
        val: Val,
        store: &Store,
    ) -> Option<(Option<Val>, SmallVec<[Val; 2]>)> {
        let updating = self.func.blocks[block].insts[at];
        let span = self.func.insts[updating].span;
        let anchor = self.anchor(block, at)?;
        let root = match store.root {
            Root::Local(root) | Root::Cell(root) => Some(root),
            Root::Global(_) => None,
        };
        let mut consts: SmallVec<[(usize, Imm); 2]> = SmallVec::new();
        for (index, &key) in store.keys.iter().enumerate() {
            match self.func.values[key].def {
                ValDef::Result(inst) if self.func.insts[inst].op == Op::Const => {
                    consts.push((index, self.func.insts[inst].imm));
                }
                _ => {}
            }
        }
        let mut keys = store.keys.clone();
        for (index, key) in keys.iter_mut().enumerate() {
            if consts.iter().all(|&(other, _)| other != index) && !self.is_available(*key, anchor) {
                *key = self.equal_key(*key, anchor)?;
            }
        }
        if root.into_iter().chain([val]).any(|val| !self.is_available(val, anchor)) {
            return None;
        }
        let mut at = at;
        for (index, imm) in consts {
            let constant = self.func.make_inst(Op::Const, &[], imm, span);
            keys[index] = self.func.insts[constant].result.expect("a constant is a value");
            self.func.blocks[block].insts.insert(at, constant);
            at += 1;
        }
        // A method of a struct must not run while its place is vacated.
        let texts = self.func.insts[updating].op == Op::Add && !matches!(store.root, Root::Local(_));
        let update = texts.then_some(UpdateOp::Binary(crate::base::operator::BinaryOp::Add));
        let (op, path) = (store.vacating(), PathData { update, ..store.path(self.func) });
        let imm = Imm::Path(self.func.paths.push(path));
        let args: SmallVec<[Val; 8]> = root.into_iter().chain([val]).chain(keys.iter().copied()).collect();
        let inst = self.func.make_inst(op, &args, imm, span);
        self.func.blocks[block].insts.insert(at, inst);
        args.iter().for_each(|&arg| self.uses[arg].push(inst));
        let vacated = self.func.insts[inst].result.expand();
        if let (Some(vacated), Some(root)) = (vacated, root) {
            self.func.values[vacated].ty = self.func.values[root].ty;
        }
        Some((vacated, keys))
    }

    /// Makes a store to the place use the very keys that it was vacated with.
    fn use_keys(&mut self, inst: Inst, keys: &[Val], store: &Store) {
        for (index, &key) in keys.iter().enumerate() {
            if self.func.const_of(key).is_none() {
                self.func.insts[inst].args[store.first_key() + index] = key;
            }
        }
    }

    /// A value equal to `key` that is available: an operand of a read of the same place, mostly.
    fn equal_key(&mut self, key: Val, anchor: Inst) -> Option<Val> {
        let ValDef::Result(def) = self.func.values[key].def else { return None };
        let op = self.func.insts[def].op;
        let alike: SmallVec<[Val; 4]> = match self.func.insts[def].args.first() {
            Some(&operand) => {
                self.uses[operand].iter().filter_map(|&inst| self.func.insts[inst].result.expand()).collect()
            }
            None => self.loads.iter().filter_map(|&inst| self.func.insts[inst].result.expand()).collect(),
        };
        alike.into_iter().find(|&val| {
            matches!(self.func.values[val].def, ValDef::Result(inst) if self.func.insts[inst].op == op)
                && self.congruent(val, key)
                && self.is_available(val, anchor)
        })
    }

    fn is_available(&mut self, val: Val, anchor: Inst) -> bool {
        self.order();
        let order = self.order.as_ref().expect("just computed");
        order.points.is_available(self.func, val, anchor)
    }

    /// The first instruction from `at` on that the order knows.
    fn anchor(&mut self, block: Block, at: usize) -> Option<Inst> {
        self.order();
        let order = self.order.as_ref().expect("just computed");
        self.func.blocks[block].insts[at..].iter().copied().find(|&inst| order.points.block_of(inst).is_some())
    }

    /// Where an instruction stands.
    fn position(&mut self, inst: Inst) -> Option<(Block, usize)> {
        let block = self.order().points.block_of(inst)?;
        let at = self.func.blocks[block].insts.iter().position(|&other| other == inst)?;
        Some((block, at))
    }

    fn null(&mut self, block: Block, at: usize) -> Val {
        let span = self.func.insts[self.func.blocks[block].insts[at]].span;
        let imm = Imm::Const(self.func.constant(ConstData::Null));
        let inst = self.func.make_inst(Op::Const, &[], imm, span);
        self.func.blocks[block].insts.insert(at, inst);
        self.func.insts[inst].result.expect("a constant is a value")
    }
}
