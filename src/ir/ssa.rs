//! On-the-fly SSA construction: which definition of a variable reaches a use, and where block parameters are needed.
//!
//! After Braun et al., "Simple and Efficient Construction of Static Single Assignment Form" (CC 2013), with one change that
//! keeps it near-linear on functions of many blocks and many variables. Blocks are filled one after the other, each after all
//! its predecessors but back edges, so *time* orders definitions along every path that takes no back edge. A look-up
//! therefore need not visit every block between the use and the definition: it takes the last definition before the block
//! began and climbs the dominator tree (jump pointers) to the topmost block that began after it; nothing in between defines
//! the variable. Loops whose header is not sealed yet, or that define the variable, stop the climb at their header.
//!
//! Parameters found trivial become aliases of the one value they stand for; the builder resolves aliases when it finishes.
//!
//! Invariants: a block begins once; when it begins, its predecessors are complete if it is sealed, and complete but for back
//! edges if not; the definitions of a variable are recorded in the order of time.

use super::entities::{Block, Inst, Val};
use super::function::{Function, ValData, ValDef};
use super::types::Type;
use crate::base::effort::spend;
use cranelift_entity::packed_option::PackedOption;
use cranelift_entity::{PrimaryMap, SecondaryMap, entity_impl};
use rustc_hash::FxHashMap;

/// A variable of the function being built; densely numbered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Variable(u32);
entity_impl!(Variable, "var");

/// A block parameter that stands for a variable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Phi(u32);
entity_impl!(Phi, "phi");

/// An edge: the block it leaves and when, the instruction, which of its targets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) from: Block,
    pub(super) inst: Inst,
    pub(super) slot: u32,
    time: u32,
}

/// The slot of an exceptional edge, which leaves its block from the middle.
pub(super) const UNWIND: u32 = u32::MAX;

#[derive(Clone, Debug)]
pub(super) struct PhiData {
    pub(super) var: Variable,
    pub(super) block: Block,
    pub(super) val: Val,
    /// One value for each edge of the block, once filled.
    pub(super) args: Vec<Val>,
    users: Vec<Phi>,
    /// Two different arguments seen last: while they differ, the parameter is not trivial.
    witness: Option<(Val, Val)>,
}

#[derive(Clone, Copy, Debug)]
struct Definition {
    time: u32,
    block: Block,
    val: Val,
}

#[derive(Clone, Debug, Default)]
struct BlockState {
    /// When it began; 0 if it did not.
    start: u32,
    /// When its terminator was set; `u32::MAX` before.
    end: u32,
    /// When it was sealed; 0 before.
    sealed: u32,
    edges: Vec<Edge>,
    idom: PackedOption<Block>,
    depth: u32,
    jump: PackedOption<Block>,
    /// The innermost block that was begun and unsealed when this one began (itself included).
    enclosing: PackedOption<Block>,
    /// Of an unsealed block: the next one outside.
    outer: PackedOption<Block>,
    /// Cannot be reached.
    dead: bool,
    /// When the first exceptional edge left it; 0 if none did.
    first_raise: u32,
    /// It only leads edges together.
    meets: bool,
    /// When the first and the last of the edges led together here were made.
    made: (u32, u32),
    /// No loop is around one of these edges and not around the immediate dominator.
    level: bool,
    phis: Vec<Phi>,
}

/// The state of SSA construction.
#[derive(Clone, Debug, Default)]
pub(super) struct Ssa {
    clock: u32,
    blocks: SecondaryMap<Block, BlockState>,
    open: Vec<Block>,
    defs: SecondaryMap<Variable, Vec<Definition>>,
    entry_vals: FxHashMap<(Variable, Block), Val>,
    pub(super) phis: PrimaryMap<Phi, PhiData>,
    phi_of: SecondaryMap<Val, PackedOption<Phi>>,
    alias: SecondaryMap<Val, PackedOption<Val>>,
    unfilled: Vec<Phi>,
    /// The value of a variable read before any definition, made on demand.
    pub(super) undef: PackedOption<Val>,
}

impl Ssa {
    fn tick(&mut self) -> u32 {
        self.clock += 1;
        self.clock
    }

    /// Whether the block has begun.
    pub(super) fn is_begun(&self, block: Block) -> bool {
        self.blocks[block].start != 0
    }

    /// Whether the block has its terminator.
    pub(super) fn is_ended(&self, block: Block) -> bool {
        let state = &self.blocks[block];
        state.start != 0 && state.end != u32::MAX
    }

    /// Whether the block is sealed.
    pub(super) fn is_sealed(&self, block: Block) -> bool {
        self.blocks[block].sealed != 0
    }

    /// The edges into a block, of the terminators of live blocks.
    pub(super) fn edges(&self, block: Block) -> &[Edge] {
        &self.blocks[block].edges
    }

    /// Starts filling a block that only leads edges together.
    pub(super) fn begin_meeting(&mut self, block: Block) {
        self.begin(block, false);
        self.blocks[block].meets = true;
    }

    /// Starts filling a block: its place in the dominator tree is settled now.
    pub(super) fn begin(&mut self, block: Block, is_entry: bool) {
        let start = self.tick();
        let mut idom: Option<Block> = None;
        for i in 0..self.blocks[block].edges.len() {
            let from = self.blocks[block].edges[i].from;
            idom = Some(idom.map_or(from, |other| self.common_dominator(other, from)));
        }
        let (depth, jump) = match idom {
            Some(parent) => (self.blocks[parent].depth + 1, self.jump_from(parent)),
            None => (0, None),
        };
        let sealed = self.is_sealed(block);
        let outer = self.open.last().copied();
        let (made, level) = self.edges_as_made(block, idom);
        let state = &mut self.blocks[block];
        state.start = start;
        state.end = u32::MAX;
        state.idom = idom.into();
        state.depth = depth;
        state.jump = jump.into();
        state.dead = idom.is_none() && !is_entry;
        state.enclosing = if sealed { outer } else { Some(block) }.into();
        state.outer = outer.into();
        (state.made, state.level) = (made, level);
        if !sealed {
            self.open.push(block);
        }
    }

    /// When the first and the last of the edges into a block were made, those that meet on the way by themselves; and whether the
    /// loops around them are those around `idom`.
    fn edges_as_made(&self, block: Block, idom: Option<Block>) -> ((u32, u32), bool) {
        let (mut made, mut level) = ((u32::MAX, 0), idom.is_some());
        let around = |block: Option<Block>| block.and_then(|block| self.blocks[block].enclosing.expand());
        for edge in &self.blocks[block].edges {
            let from = &self.blocks[edge.from];
            let (first, last, loops) = match from.meets {
                true => (from.made.0, from.made.1, around(from.idom.expand())),
                false => (edge.time, edge.time, from.enclosing.expand()),
            };
            made = (made.0.min(first), made.1.max(last));
            level &= loops == around(idom) && (!from.meets || from.level);
        }
        (made, level)
    }

    /// Ends a block, whose terminator is `inst` with these targets.
    pub(super) fn end(&mut self, block: Block, inst: Inst, targets: impl Iterator<Item = Block>) {
        let time = self.tick();
        self.blocks[block].end = time;
        if self.blocks[block].dead {
            return;
        }
        for (slot, target) in targets.enumerate() {
            debug_assert!(!self.is_sealed(target), "an edge to the sealed {target}");
            debug_assert!(
                !self.is_begun(target) || self.dominates(target, block),
                "a late edge to {target} that is no back edge"
            );
            self.blocks[target].edges.push(Edge { from: block, inst, slot: slot as u32, time });
        }
    }

    /// An error of `inst`, the next instruction of `block`, goes to `handler`.
    pub(super) fn raise(&mut self, block: Block, inst: Inst, handler: Block) {
        debug_assert!(!self.is_sealed(handler), "an edge to the sealed {handler}");
        let time = self.tick();
        let state = &mut self.blocks[block];
        if !state.dead {
            if state.first_raise == 0 {
                state.first_raise = time;
            }
            self.blocks[handler].edges.push(Edge { from: block, inst, slot: UNWIND, time });
        }
    }

    /// Takes the edges into an unsealed block away from the one numbered `first` on.
    pub(super) fn take_edges(&mut self, block: Block, first: usize) -> Vec<Edge> {
        self.blocks[block].edges.split_off(first)
    }

    /// How many edges into `block` were known when it began: all, if it did not.
    pub(super) fn forward_edges(&self, block: Block) -> usize {
        let state = &self.blocks[block];
        if state.start == 0 { 0 } else { state.edges.partition_point(|edge| edge.time < state.start) }
    }

    /// Lets edges lead to `block` instead.
    pub(super) fn give_edges(&mut self, block: Block, edges: &[Edge]) {
        self.blocks[block].edges.extend_from_slice(edges);
    }

    /// All edges to `block` are known.
    pub(super) fn seal(&mut self, func: &mut Function, block: Block) {
        if self.is_sealed(block) {
            return;
        }
        self.blocks[block].sealed = self.tick();
        if let Some(at) = self.open.iter().rposition(|&open| open == block) {
            self.open.remove(at);
        }
        self.unfilled.extend_from_slice(&self.blocks[block].phis);
        self.settle(func);
    }

    /// `var` has this value from now on in `block`.
    pub(super) fn define(&mut self, var: Variable, block: Block, val: Val) {
        let time = self.tick();
        self.defs[var].push(Definition { time, block, val });
    }

    /// The value of `var` now, at the end of `block` as filled so far.
    pub(super) fn read(&mut self, func: &mut Function, var: Variable, block: Block) -> Val {
        let time = self.tick();
        let val = self.value_at(func, var, block, time);
        self.settle(func);
        self.resolve(val)
    }

    /// The value an alias stands for.
    pub(super) fn resolve(&mut self, val: Val) -> Val {
        let mut root = val;
        while let Some(next) = self.alias[root].expand() {
            root = next;
        }
        let mut at = val;
        while let Some(next) = self.alias[at].expand() {
            self.alias[at] = root.into();
            at = next;
        }
        root
    }

    /// The parameter a value is, if it stands for a variable and is no alias.
    pub(super) fn phi_of(&self, val: Val) -> Option<Phi> {
        self.phi_of[val].expand()
    }

    fn value_at(&mut self, func: &mut Function, var: Variable, mut block: Block, mut time: u32) -> Val {
        let mut passed = Vec::new();
        let val = loop {
            spend(1);
            let defs = &self.defs[var];
            let before = defs.partition_point(|def| def.time < time);
            let last = before.checked_sub(1).map(|i| defs[i]);
            if let Some(def) = last.filter(|def| def.block == block) {
                break def.val;
            }
            // From here on: the value at the beginning of `block`.
            let start = self.blocks[block].start;
            let before = defs[..before].partition_point(|def| def.time < start);
            let last = before.checked_sub(1).map(|i| defs[i]);
            if let Some(&val) = self.entry_vals.get(&(var, block)) {
                break val;
            }
            let since = last.map_or(0, |def| def.time);
            if let Some(header) = self.loop_param(var, block, since) {
                break self.phi(func, var, header);
            }
            let Some(def) = last else { break self.undefined(func) };
            let merge = self.topmost_since(block, since);
            if let Some(&val) = self.entry_vals.get(&(var, merge)) {
                break val;
            }
            let state = &self.blocks[merge];
            let (Some(first), Some(final_edge)) = (state.edges.first(), state.edges.last()) else {
                break self.undefined(func);
            };
            let until = |time: u32| self.defs[var].partition_point(|def| def.time < time);
            if state.edges.iter().all(|edge| edge.from == first.from) && until(first.time) == until(final_edge.time) {
                passed.push(merge);
                (block, time) = (first.from, first.time);
                continue;
            }
            // Definitions may be later than `def` says and yet on none of the ways here, if edges of older blocks meet here.
            if let Some((common, since)) = self.unchanged_since(var, merge) {
                passed.push(merge);
                (block, time) = (common, since);
                continue;
            }
            // Unless an exceptional edge left the block of the definition before it.
            let early = self.blocks[def.block].first_raise;
            if state.idom.expand() == Some(def.block) && (early == 0 || def.time < early) {
                break def.val;
            }
            break self.phi(func, var, merge);
        };
        for block in passed {
            self.entry_vals.insert((var, block), val);
        }
        val
    }

    /// The immediate dominator of `merge`, and a time, if all edges into `merge` have the value that `var` has there at that time: no
    /// definition is between the first and the last of them, nor between the dominator and the first.
    fn unchanged_since(&self, var: Variable, merge: Block) -> Option<(Block, u32)> {
        let state = &self.blocks[merge];
        let common = state.idom.expand().filter(|_| state.level)?;
        let defs = &self.defs[var];
        let until = |time: u32| defs.partition_point(|def| def.time < time);
        let (first, last) = state.made;
        let before = until(first);
        let def = defs[..before].last()?;
        let above = &self.blocks[common];
        // An exceptional edge may have left the dominator before its definition.
        let passes = def.block == common && (above.first_raise == 0 || def.time < above.first_raise);
        (before == until(last) && (def.time < above.start || passes)).then_some((common, first))
    }

    /// The innermost loop header around `block`, begun after `since`, that may get another value of `var` by a back edge.
    fn loop_param(&self, var: Variable, block: Block, since: u32) -> Option<Block> {
        let mut next = self.blocks[block].enclosing;
        while let Some(header) = next.expand() {
            spend(1);
            let state = &self.blocks[header];
            if state.start <= since {
                return None;
            }
            let defines = || {
                let defs = &self.defs[var];
                let before = defs.partition_point(|def| def.time < state.sealed);
                before > 0 && defs[before - 1].time > state.start
            };
            if (state.sealed == 0 || defines()) && self.dominates(header, block) {
                return Some(header);
            }
            next = state.outer;
        }
        None
    }

    fn phi(&mut self, func: &mut Function, var: Variable, block: Block) -> Val {
        if let Some(&val) = self.entry_vals.get(&(var, block)) {
            return val;
        }
        let val = func.values.push(ValData { def: ValDef::Param(block, u32::MAX), ty: Type::NONE });
        let phi = self.phis.push(PhiData { var, block, val, args: Vec::new(), users: Vec::new(), witness: None });
        self.phi_of[val] = phi.into();
        self.entry_vals.insert((var, block), val);
        self.blocks[block].phis.push(phi);
        if self.is_sealed(block) {
            self.unfilled.push(phi);
        }
        val
    }

    fn undefined(&mut self, func: &mut Function) -> Val {
        if let Some(val) = self.undef.expand() {
            return val;
        }
        let data = func.constant(super::function::ConstData::Undef);
        let inst = func.make_inst(super::inst::Op::Const, &[], super::inst::Imm::Const(data), func.span);
        self.undef = func.insts[inst].result;
        self.undef.expect("a const has a result")
    }

    /// Fills the arguments of new parameters, which may need more parameters, then removes the trivial ones.
    fn settle(&mut self, func: &mut Function) {
        let mut filled = Vec::new();
        while let Some(phi) = self.unfilled.pop() {
            let PhiData { var, block, .. } = self.phis[phi];
            let count = self.blocks[block].edges.len();
            spend(count);
            let mut args = Vec::with_capacity(count);
            for i in 0..count {
                let Edge { from, time, .. } = self.blocks[block].edges[i];
                let arg = self.value_at(func, var, from, time);
                let arg = self.resolve(arg);
                if let Some(used) = self.phi_of(arg) {
                    self.phis[used].users.push(phi);
                }
                args.push(arg);
            }
            self.phis[phi].args = args;
            filled.push(phi);
        }
        while let Some(phi) = filled.pop() {
            self.remove_if_trivial(func, phi, &mut filled);
        }
    }

    fn remove_if_trivial(&mut self, func: &mut Function, phi: Phi, queue: &mut Vec<Phi>) {
        let val = self.phis[phi].val;
        if self.alias[val].is_some() {
            return;
        }
        if let Some((a, b)) = self.phis[phi].witness {
            let (a, b) = (self.resolve(a), self.resolve(b));
            if a != b && a != val && b != val {
                return;
            }
        }
        let mut same = None;
        for i in 0..self.phis[phi].args.len() {
            let arg = self.resolve(self.phis[phi].args[i]);
            if arg == val || Some(arg) == same {
                continue;
            }
            match same {
                None => same = Some(arg),
                Some(other) => {
                    self.phis[phi].witness = Some((other, arg));
                    return;
                }
            }
        }
        let same = same.unwrap_or_else(|| self.undefined(func));
        self.alias[val] = same.into();
        let users = std::mem::take(&mut self.phis[phi].users);
        queue.extend_from_slice(&users);
        if let Some(used) = self.phi_of(same) {
            self.phis[used].users.extend_from_slice(&users);
        }
    }

    fn jump_from(&self, parent: Block) -> Option<Block> {
        let state = &self.blocks[parent];
        let Some(jump) = state.jump.expand() else { return Some(parent) };
        let far = &self.blocks[jump];
        match far.jump.expand() {
            Some(next) if state.depth - far.depth == far.depth - self.blocks[next].depth => Some(next),
            _ => Some(parent),
        }
    }

    fn ancestor(&self, mut block: Block, depth: u32) -> Block {
        while self.blocks[block].depth > depth {
            let state = &self.blocks[block];
            let far = state.jump.expand().filter(|&far| self.blocks[far].depth >= depth);
            let Some(next) = far.or(state.idom.expand()) else { break };
            block = next;
        }
        block
    }

    fn dominates(&self, above: Block, below: Block) -> bool {
        self.blocks[below].depth >= self.blocks[above].depth && self.ancestor(below, self.blocks[above].depth) == above
    }

    fn common_dominator(&self, a: Block, b: Block) -> Block {
        let depth = self.blocks[a].depth.min(self.blocks[b].depth);
        let (mut a, mut b) = (self.ancestor(a, depth), self.ancestor(b, depth));
        while a != b {
            let (left, right) = (&self.blocks[a], &self.blocks[b]);
            let far = if left.jump != right.jump { left.jump.expand().zip(right.jump.expand()) } else { None };
            let Some(next) = far.or(left.idom.expand().zip(right.idom.expand())) else { return a };
            (a, b) = next;
        }
        a
    }

    /// The topmost dominator of `block` (itself included) that began after `since`.
    fn topmost_since(&self, mut block: Block, since: u32) -> Block {
        loop {
            let state = &self.blocks[block];
            let later = |other: &Block| self.blocks[*other].start > since;
            let next = state.jump.expand().filter(later).or(state.idom.expand().filter(later));
            let Some(next) = next else { return block };
            block = next;
        }
    }
}
