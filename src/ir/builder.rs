//! Builds a function block by block, in SSA form from the start.
//!
//! Variables are assigned with [`FunctionBuilder::def_var`] and read with [`FunctionBuilder::use_var`]; block parameters for
//! them are made where values meet (see `ssa`). The order of work: create a block, add the edges to it, seal it, switch to it,
//! fill it. A loop header is the exception: it is filled before its back edges exist and sealed after them. A block is filled
//! in one go.
//!
//! Handlers: while a handler is set, every instruction that may raise gets an exceptional edge to it. A variable read in the
//! handler has the value it had where the error was raised.
//!
//! Many edges into one block, and many variables whose values differ on them, would need as many arguments as their product. So
//! more than [`MOST_EDGES`] are led together in a tree of blocks that only jump: neighbours in the order of the source meet first,
//! and a block has parameters only for the variables that change among its own edges. A change is passed on once for each level of
//! the tree: n changes and m edges make n log m arguments.

use super::entities::{Block, Inst, Val};
use super::function::{BlockCall, ConstData, Function, ValDef};
use super::inst::{Imm, Op};
pub use super::ssa::Variable;
use super::ssa::{Edge, Ssa, UNWIND};
use super::types::Type;
use crate::base::source::Span;
use cranelift_entity::{EntityRef, EntitySet, SecondaryMap};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// More edges than this into one block are led together.
const MOST_EDGES: usize = 16;

/// A function under construction.
#[derive(Clone, Debug)]
pub struct FunctionBuilder {
    /// The function so far. Block parameters that stand for variables are added by [`FunctionBuilder::finish`].
    pub func: Function,
    ssa: Ssa,
    current: Block,
    handler: Option<Block>,
    variables: usize,
    most_edges: usize,
}

impl FunctionBuilder {
    /// Continues the empty function `func`; its entry block is current and sealed.
    pub fn new(func: Function) -> FunctionBuilder {
        let current = func.entry;
        let mut builder =
            FunctionBuilder { func, ssa: Ssa::default(), current, handler: None, variables: 0, most_edges: MOST_EDGES };
        builder.ssa.seal(&mut builder.func, current);
        builder.ssa.begin(current, true);
        builder
    }

    /// Leads edges together where more than `most` lead to one block: for tests, whose functions are small.
    pub fn with_most_edges(self, most: usize) -> FunctionBuilder {
        FunctionBuilder { most_edges: most.max(2), ..self }
    }

    /// A new variable.
    pub fn new_variable(&mut self) -> Variable {
        self.variables += 1;
        Variable::new(self.variables - 1)
    }

    /// A new block.
    pub fn create_block(&mut self) -> Block {
        self.func.make_block()
    }

    /// Adds a parameter to a block, to be passed explicitly on every edge to it.
    pub fn append_param(&mut self, block: Block, ty: Type) -> Val {
        self.func.append_param(block, ty)
    }

    /// The n-th parameter of the function.
    pub fn entry_param(&self, index: usize) -> Val {
        self.func.blocks[self.func.entry].params[index]
    }

    /// The block being filled.
    pub fn current_block(&self) -> Block {
        self.current
    }

    /// Starts filling `block`, whose edges (but back edges) are all known.
    pub fn switch_to_block(&mut self, block: Block) {
        debug_assert!(block == self.current || !self.ssa.is_begun(block), "{block} is filled in one go");
        debug_assert!(block == self.current || self.is_terminated(), "{} has no terminator", self.current);
        if !self.ssa.is_begun(block) {
            self.ssa.begin(block, false);
            self.func.layout.push(block);
        }
        self.current = block;
    }

    /// Declares that no further edge to `block` will be added.
    pub fn seal_block(&mut self, block: Block) {
        if !self.ssa.is_sealed(block) {
            self.lead_together(block);
        }
        self.ssa.seal(&mut self.func, block);
    }

    /// Makes the edges into an unsealed block few, those that enter a loop apart.
    fn lead_together(&mut self, block: Block) {
        let first = self.ssa.forward_edges(block);
        while self.ssa.edges(block).len() - first > self.most_edges {
            let edges = self.ssa.take_edges(block, first);
            for group in edges.chunks(self.most_edges) {
                if let [edge] = *group {
                    self.ssa.give_edges(block, &[edge]);
                    continue;
                }
                let passed = self.func.insts[group[0].inst].targets[group[0].slot as usize].args.len();
                let meeting = self.meeting(group);
                let args: Vec<Val> = (0..passed).map(|_| self.func.append_param(meeting, Type::NONE)).collect();
                self.go_on(meeting, block, &args, group[0].inst);
            }
        }
    }

    /// A sealed block that these edges lead to now, begun and empty.
    fn meeting(&mut self, edges: &[Edge]) -> Block {
        let meeting = self.create_block();
        for edge in edges {
            let data = &mut self.func.insts[edge.inst];
            let call = data.targets.get_mut(edge.slot as usize).or(data.unwind.as_deref_mut());
            call.expect("an edge just made").block = meeting;
        }
        self.ssa.give_edges(meeting, edges);
        self.ssa.seal(&mut self.func, meeting);
        self.ssa.begin_meeting(meeting);
        self.func.layout.push(meeting);
        meeting
    }

    /// Ends `meeting` with a jump to `block`.
    fn go_on(&mut self, meeting: Block, block: Block, args: &[Val], like: Inst) {
        let jump = self.func.make_inst(Op::Jump, &[], Imm::None, self.func.insts[like].span);
        self.func.insts[jump].targets.push(BlockCall { block, args: args.into() });
        self.func.blocks[meeting].insts.push(jump);
        self.ssa.end(meeting, jump, [block].into_iter());
    }

    /// Seals `block` and starts filling it.
    pub fn seal_and_switch(&mut self, block: Block) {
        self.seal_block(block);
        self.switch_to_block(block);
    }

    /// Whether the current block has its terminator.
    pub fn is_terminated(&self) -> bool {
        self.ssa.is_ended(self.current)
    }

    /// Assigns a variable.
    pub fn def_var(&mut self, var: Variable, val: Val) {
        self.revive();
        self.ssa.define(var, self.current, val);
    }

    /// Reads a variable; one without a value on some path holds the undefined mark there.
    pub fn use_var(&mut self, var: Variable) -> Val {
        self.revive();
        self.ssa.read(&mut self.func, var, self.current)
    }

    /// Sets (or restores, or clears) the block errors go to; returns the one before.
    pub fn set_handler(&mut self, handler: Option<Block>) -> Option<Block> {
        std::mem::replace(&mut self.handler, handler)
    }

    /// The handler in force.
    pub fn handler(&self) -> Option<Block> {
        self.handler
    }

    /// Seals the block that the handler begins with and starts filling it; the error caught. Of very many exceptional edges groups
    /// catch in blocks of their own, which pass the error on.
    pub fn begin_handler(&mut self, block: Block, span: Span) -> Val {
        if self.ssa.edges(block).len() <= self.most_edges {
            self.ssa.seal(&mut self.func, block);
            self.switch_to_block(block);
            return self.ins_val(Op::Caught, &[], Imm::None, span);
        }
        debug_assert!(
            self.ssa.edges(block).iter().all(|edge| edge.slot == UNWIND),
            "{block} is entered by errors only"
        );
        let edges = self.ssa.take_edges(block, 0);
        for group in edges.chunks(self.most_edges) {
            let meeting = self.meeting(group);
            let caught = self.func.make_inst(Op::Caught, &[], Imm::None, span);
            self.func.blocks[meeting].insts.push(caught);
            let error = self.func.insts[caught].result.expect("caught has a result");
            self.go_on(meeting, block, &[error], caught);
        }
        let error = self.func.append_param(block, Type::NONE);
        self.seal_and_switch(block);
        error
    }

    /// Appends an instruction to the current block; its result, if it has one.
    pub fn ins(&mut self, op: Op, args: &[Val], imm: Imm, span: Span) -> Option<Val> {
        debug_assert!(!op.is_terminator(), "{op:?} ends the block");
        let inst = self.append(op, args, imm, span);
        self.func.insts[inst].result.expand()
    }

    /// As [`FunctionBuilder::ins`], for an operation with a result.
    ///
    /// # Panics
    /// If the row of `op` has no result.
    pub fn ins_val(&mut self, op: Op, args: &[Val], imm: Imm, span: Span) -> Val {
        self.ins(op, args, imm, span).expect("an operation with a result")
    }

    /// A constant.
    pub fn constant(&mut self, data: ConstData, span: Span) -> Val {
        let data = self.func.constant(data);
        self.ins_val(Op::Const, &[], Imm::Const(data), span)
    }

    /// The immediate for a string constant: a name or a message.
    pub fn text(&mut self, text: &str) -> Imm {
        Imm::Const(self.func.constant(ConstData::Str(text.into())))
    }

    /// Goes to `block`.
    pub fn jump(&mut self, block: Block, args: &[Val], span: Span) {
        self.terminate(Op::Jump, &[], Imm::None, &[(block, args)], span);
    }

    /// Goes to `then` if `cond` is truthy, else to `otherwise`.
    pub fn brif(&mut self, cond: Val, then: (Block, &[Val]), otherwise: (Block, &[Val]), span: Span) {
        self.terminate(Op::Brif, &[cond], Imm::None, &[then, otherwise], span);
    }

    /// Leaves the function.
    pub fn ret(&mut self, val: Val, span: Span) {
        self.terminate(Op::Return, &[val], Imm::None, &[], span);
    }

    /// `throw(val)`.
    pub fn throw(&mut self, val: Val, span: Span) {
        self.terminate(Op::Throw, &[val], Imm::None, &[], span);
    }

    /// Raises the runtime error with this message.
    pub fn raise(&mut self, message: &str, span: Span) {
        let message = self.text(message);
        self.terminate(Op::Raise, &[], message, &[], span);
    }

    /// Ends the current block with any terminator of the table.
    pub fn terminate(&mut self, op: Op, args: &[Val], imm: Imm, targets: &[(Block, &[Val])], span: Span) {
        debug_assert!(op.is_terminator(), "{op:?} does not end the block");
        let inst = self.append(op, args, imm, span);
        self.func.insts[inst].targets =
            targets.iter().map(|&(block, args)| BlockCall { block, args: args.into() }).collect();
        self.ssa.end(self.current, inst, targets.iter().map(|&(block, _)| block));
    }

    /// Code after a terminator goes to a block nothing reaches.
    fn revive(&mut self) {
        if self.is_terminated() {
            let block = self.create_block();
            self.seal_and_switch(block);
        }
    }

    fn append(&mut self, op: Op, args: &[Val], imm: Imm, span: Span) -> Inst {
        self.revive();
        let inst = self.func.make_inst(op, args, imm, span);
        if op.info().effects.raises()
            && let Some(block) = self.handler
        {
            self.func.set_unwind(inst, BlockCall { block, args: SmallVec::new() });
            self.ssa.raise(self.current, inst, block);
        }
        self.func.blocks[self.current].insts.push(inst);
        inst
    }

    /// Completes the function: a block left open returns null, blocks nothing reaches leave the layout, variables' parameters
    /// become block parameters (those that are used), parameters of variables and handlers get the union of their arguments' types.
    pub fn finish(mut self) -> Function {
        self.handler = None;
        self.end_open_blocks();
        self.keep_reachable();
        let used = self.resolve_uses();
        self.place_params(&used);
        if let Some(val) = self.ssa.undef.expand()
            && let ValDef::Result(inst) = self.func.values[val].def
        {
            let insts = &self.func.blocks[self.func.entry].insts;
            // A generator or async function starts before it computes anything.
            let starts = insts.first().is_some_and(|&first| self.func.insts[first].op.starts_function());
            self.func.blocks[self.func.entry].insts.insert(usize::from(starts), inst);
        }
        self.type_params(&used);
        self.func
    }

    fn end_open_blocks(&mut self) {
        for block in self.func.blocks.keys().collect::<Vec<_>>() {
            self.seal_block(block);
            if self.ssa.is_ended(block) {
                continue;
            }
            if !self.ssa.is_begun(block) {
                self.ssa.begin(block, false);
                self.func.layout.push(block);
            }
            self.current = block;
            let span = self.func.span;
            let null = self.constant(ConstData::Null, span);
            self.ret(null, span);
        }
    }

    fn keep_reachable(&mut self) {
        let mut reached = EntitySet::with_capacity(self.func.blocks.len());
        let mut work = vec![self.func.entry];
        reached.insert(self.func.entry);
        while let Some(block) = work.pop() {
            self.func.for_each_edge(block, |_, call| {
                if reached.insert(call.block) {
                    work.push(call.block);
                }
            });
        }
        self.func.layout.retain(|&block| reached.contains(block));
    }

    /// Replaces aliases everywhere and returns the variables' parameters some instruction needs.
    fn resolve_uses(&mut self) -> EntitySet<super::ssa::Phi> {
        let mut used = EntitySet::new();
        let mut work = Vec::new();
        let FunctionBuilder { func, ssa, .. } = self;
        for at in 0..func.layout.len() {
            let block = func.layout[at];
            for i in 0..func.blocks[block].insts.len() {
                let inst = func.blocks[block].insts[i];
                func.for_each_use_mut(inst, |val| {
                    *val = ssa.resolve(*val);
                    if let Some(phi) = ssa.phi_of(*val)
                        && used.insert(phi)
                    {
                        work.push(phi);
                    }
                });
            }
        }
        while let Some(phi) = work.pop() {
            for i in 0..ssa.phis[phi].args.len() {
                let arg = ssa.resolve(ssa.phis[phi].args[i]);
                ssa.phis[phi].args[i] = arg;
                if let Some(other) = ssa.phi_of(arg)
                    && used.insert(other)
                {
                    work.push(other);
                }
            }
        }
        used
    }

    fn place_params(&mut self, used: &EntitySet<super::ssa::Phi>) {
        let FunctionBuilder { func, ssa, .. } = self;
        for (phi, data) in ssa.phis.iter() {
            if !used.contains(phi) {
                continue;
            }
            let params = &mut func.blocks[data.block].params;
            func.values[data.val].def = ValDef::Param(data.block, params.len() as u32);
            params.push(data.val);
            for (edge, &arg) in ssa.edges(data.block).iter().zip(&data.args) {
                let data = &mut func.insts[edge.inst];
                let call = data.targets.get_mut(edge.slot as usize).or(data.unwind.as_deref_mut());
                call.expect("an edge of the instruction").args.push(arg);
            }
        }
    }

    fn type_params(&mut self, used: &EntitySet<super::ssa::Phi>) {
        let FunctionBuilder { func, ssa, .. } = self;
        let mut inferred = EntitySet::new();
        for (phi, data) in ssa.phis.iter() {
            if used.contains(phi) {
                inferred.insert(data.val);
            }
        }
        for &block in &func.layout {
            let params = func.blocks[block].params.iter();
            inferred.extend(params.copied().filter(|&param| func.values[param].ty == Type::NONE));
        }
        if inferred.is_empty() {
            return;
        }
        let mut flows: SecondaryMap<Val, SmallVec<[Val; 2]>> = SecondaryMap::new();
        let mut given: FxHashMap<Val, Type> = FxHashMap::default();
        for &block in &func.layout {
            func.for_each_edge(block, |_, call| {
                for (&arg, &param) in call.args.iter().zip(&func.blocks[call.block].params) {
                    if inferred.contains(arg) {
                        flows[arg].push(param);
                    } else if inferred.contains(param) {
                        let ty = given.entry(param).or_default();
                        *ty = ty.union(func.values[arg].ty);
                    }
                }
            });
        }
        let mut work: Vec<(Val, Type)> = given.into_iter().collect();
        while let Some((param, ty)) = work.pop() {
            let old = func.values[param].ty;
            if inferred.contains(param) && !ty.is_subset(old) {
                let new = old.union(ty);
                func.values[param].ty = new;
                work.extend(flows[param].iter().map(|&next| (next, new)));
            }
        }
    }
}
