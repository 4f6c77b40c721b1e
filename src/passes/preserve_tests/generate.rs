//! Random functions: variables of all kinds of values, branches, loops, handlers, walks over values, and graphs of blocks in no
//! order at all. What a function computes goes to a global and into calls, so that it can be seen.

use crate::base::source::{SourceId, Span};
use crate::ir::builder::{FunctionBuilder, Variable};
use crate::ir::entities::{Block, FuncRef, Val};
use crate::ir::function::{BlockCall, ConstData, Function, GlobalData, Module, ValDef};
use crate::ir::inst::{Imm, Op};
use crate::ir::types::Type;
use cranelift_entity::EntityRef;

/// Random numbers (xorshift64, Marsaglia 2003).
#[derive(Clone)]
pub struct Random(pub u64);

impl Random {
    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }
}

struct Generator {
    builder: FunctionBuilder,
    random: Random,
    loops: Vec<(Block, Block, Option<Block>)>,
    position: usize,
}

impl Generator {
    fn span(&mut self) -> Span {
        self.position += 1;
        Span::new(SourceId(0), self.position, self.position + 1)
    }

    fn constant(&mut self) -> Val {
        let data = match self.random.below(13) {
            10 => ConstData::Float((-0.0f64).to_bits()),
            11 => ConstData::Float(f64::NAN.to_bits()),
            12 => ConstData::Int([i64::MAX, i64::MIN, (1 << 49) - 1, 1 << 49, -(1 << 49)][self.random.below(5)]),
            0 => ConstData::Null,
            1 => ConstData::Bool(true),
            2 => ConstData::Bool(false),
            3 => ConstData::Undef,
            4 => ConstData::Float(1.5f64.to_bits()),
            5 => ConstData::Str("s".into()),
            n => ConstData::Int(n as i64 - 6),
        };
        let span = self.span();
        self.builder.constant(data, span)
    }

    fn value(&mut self, vars: &[Variable]) -> Val {
        let span = self.span();
        match self.random.below(16) {
            0..=2 => self.constant(),
            3..=6 => {
                let var = vars[self.random.below(vars.len())];
                let val = self.builder.use_var(var);
                let name = self.builder.text("x");
                self.builder.ins(Op::CheckDefined, &[val], name, span);
                val
            }
            7 => self.builder.ins_val(Op::GlobalGet, &[], Imm::Global(EntityRef::new(0)), span),
            8 | 9 => {
                let ops = [Op::Add, Op::Sub, Op::Mul, Op::Div, Op::Rem, Op::Eq, Op::Ne, Op::Lt, Op::Ge];
                let op = ops[self.random.below(ops.len())];
                let args = [self.script_value(vars), self.script_value(vars)];
                self.builder.ins_val(op, &args, Imm::None, span)
            }
            10 => {
                let ops = [Op::Not, Op::Neg, Op::Truthy, Op::IsNull, Op::Format];
                let op = ops[self.random.below(ops.len())];
                let arg = self.script_value(vars);
                self.builder.ins_val(op, &[arg], Imm::None, span)
            }
            11 | 12 => {
                let items: Vec<Val> = (0..self.random.below(4)).map(|_| self.script_value(vars)).collect();
                self.builder.ins_val(Op::ArrayNew, &items, Imm::None, span)
            }
            13 => {
                let args = [self.script_value(vars), self.script_value(vars)];
                self.builder.ins_val(Op::ArrayPush, &args, Imm::None, span)
            }
            14 => {
                let args = [self.script_value(vars), self.script_value(vars)];
                self.builder.ins_val(Op::IndexGet, &args, Imm::None, span)
            }
            _ => {
                let arg = self.script_value(vars);
                self.builder.ins_val(Op::Call, &[arg], Imm::None, span)
            }
        }
    }

    /// A value that is not the undefined mark.
    fn script_value(&mut self, vars: &[Variable]) -> Val {
        let val = self.value(vars);
        let span = self.span();
        let name = self.builder.text("y");
        self.builder.ins(Op::CheckDefined, &[val], name, span);
        val
    }

    fn condition(&mut self, vars: &[Variable]) -> Val {
        let span = self.span();
        if self.random.below(4) == 0 {
            let var = vars[self.random.below(vars.len())];
            let val = self.builder.use_var(var);
            return self.builder.ins_val(Op::IsUndef, &[val], Imm::None, span);
        }
        self.script_value(vars)
    }

    fn statements(&mut self, vars: &[Variable], assignable: &[Variable], depth: usize) {
        for _ in 0..1 + self.random.below(4) {
            if self.builder.is_terminated() {
                return;
            }
            self.statement(vars, assignable, depth);
        }
    }

    fn jump_on(&mut self, target: Block) {
        if !self.builder.is_terminated() {
            let span = self.span();
            self.builder.jump(target, &[], span);
        }
    }

    fn statement(&mut self, vars: &[Variable], assignable: &[Variable], depth: usize) {
        let span = self.span();
        match self.random.below(if depth == 0 { 6 } else { 14 }) {
            0..=2 if !assignable.is_empty() => {
                let val = self.value(vars);
                let var = assignable[self.random.below(assignable.len())];
                self.builder.def_var(var, val);
            }
            0..=3 => {
                let val = self.script_value(vars);
                self.builder.ins(Op::GlobalSet, &[val], Imm::Global(EntityRef::new(0)), span);
            }
            4 => {
                self.value(vars);
            }
            5 => match (self.loops.last().cloned(), self.random.below(8)) {
                (Some((_, exit, handler)), 0..=2) => {
                    let inner = self.builder.set_handler(handler);
                    self.builder.jump(exit, &[], span);
                    self.builder.set_handler(inner);
                }
                (Some((header, ..)), 3) => self.builder.jump(header, &[], span),
                (_, 4) => {
                    let val = self.script_value(vars);
                    self.builder.ret(val, span);
                }
                (_, 5) => {
                    let val = self.script_value(vars);
                    self.builder.throw(val, span);
                }
                _ => {}
            },
            6..=8 => {
                let cond = self.condition(vars);
                let [then, otherwise, after] = std::array::from_fn(|_| self.builder.create_block());
                self.builder.brif(cond, (then, &[]), (otherwise, &[]), span);
                for block in [then, otherwise] {
                    self.builder.seal_and_switch(block);
                    if self.random.below(3) > 0 {
                        self.statements(vars, assignable, depth - 1);
                    }
                    self.jump_on(after);
                }
                self.builder.seal_and_switch(after);
            }
            9 | 10 => {
                let [header, body, exit] = std::array::from_fn(|_| self.builder.create_block());
                self.builder.jump(header, &[], span);
                self.builder.switch_to_block(header);
                let cond = self.condition(vars);
                self.builder.brif(cond, (body, &[]), (exit, &[]), span);
                self.builder.seal_and_switch(body);
                self.loops.push((header, exit, self.builder.handler()));
                self.statements(vars, assignable, depth - 1);
                self.loops.pop();
                self.jump_on(header);
                self.builder.seal_block(header);
                self.builder.seal_and_switch(exit);
            }
            11 => self.walk(vars, assignable, depth),
            _ => {
                let [handler, after] = std::array::from_fn(|_| self.builder.create_block());
                let outer = self.builder.set_handler(Some(handler));
                self.statements(vars, assignable, depth - 1);
                self.builder.set_handler(outer);
                self.jump_on(after);
                self.builder.begin_handler(handler, span);
                self.statements(vars, assignable, depth - 1);
                self.jump_on(after);
                self.builder.seal_and_switch(after);
            }
        }
    }

    /// A `for` over a value, its position a block parameter.
    fn walk(&mut self, vars: &[Variable], assignable: &[Variable], depth: usize) {
        let span = self.span();
        let source = self.script_value(vars);
        let state = self.builder.ins_val(Op::IterOpen, &[source], Imm::None, span);
        let zero = self.builder.constant(ConstData::Int(0), span);
        let [header, body, exit] = std::array::from_fn(|_| self.builder.create_block());
        let position = self.builder.append_param(header, Type::SMALL_INT);
        self.builder.jump(header, &[zero], span);
        self.builder.switch_to_block(header);
        let item = self.builder.ins_val(Op::IterNext, &[state, position], Imm::None, span);
        let next = self.builder.ins_val(Op::IterStep, &[position], Imm::None, span);
        let done = self.builder.ins_val(Op::IsDone, &[item], Imm::None, span);
        self.builder.brif(done, (exit, &[]), (body, &[]), span);
        self.builder.seal_and_switch(body);
        if let Some(&var) = assignable.first() {
            self.builder.def_var(var, item);
        }
        self.statements(vars, assignable, depth - 1);
        if !self.builder.is_terminated() {
            self.builder.jump(header, &[next], span);
        }
        self.builder.seal_block(header);
        self.builder.seal_and_switch(exit);
    }

    /// Blocks each of which ends by leaving the function with the values of all variables; [`tangle`] lets them go to each other.
    fn knots(&mut self, vars: &[Variable]) -> Vec<Block> {
        let blocks: Vec<Block> = (0..3 + self.random.below(5)).map(|_| self.builder.create_block()).collect();
        for &block in &blocks {
            let span = self.span();
            let params: Vec<Val> = vars.iter().map(|_| self.builder.append_param(block, ANYTHING)).collect();
            let values: Vec<Val> = vars.iter().map(|&var| self.builder.use_var(var)).collect();
            let [cond, next] = [self.condition(vars), self.builder.constant(ConstData::Null, span)];
            let after = self.builder.create_block();
            self.builder.brif(cond, (block, &values), (after, &[]), span);
            self.builder.seal_and_switch(block);
            vars.iter().zip(params).for_each(|(&var, param)| self.builder.def_var(var, param));
            self.statements(vars, vars, 1);
            let values: Vec<Val> = vars.iter().map(|_| self.script_value(vars)).collect();
            let call = self.builder.ins_val(Op::Call, &values, Imm::None, span);
            self.builder.ret(call, span);
            self.builder.seal_and_switch(after);
            self.builder.ins(Op::GlobalSet, &[next], Imm::Global(EntityRef::new(0)), span);
        }
        blocks
    }
}

/// What a variable may hold.
const ANYTHING: Type = Type::ANY.union(Type::UNDEF).union(Type::DONE);

/// Replaces the ends of [`Generator::knots`] by jumps and branches between them: a graph with loops of several entries.
fn tangle(func: &mut Function, blocks: &[Block], random: &mut Random) {
    for at in 0..func.layout.len() {
        let inst = func.terminator(func.layout[at]);
        let ValDef::Result(call) =
            func.insts[inst].args.first().map_or(ValDef::Param(func.entry, 0), |&val| func.values[val].def)
        else {
            continue;
        };
        if func.insts[inst].op != Op::Return
            || func.insts[call].op != Op::Call
            || func.insts[call].args.len() < 2
            || random.below(6) == 0
        {
            continue;
        }
        let args = func.insts[call].args.clone();
        if args.iter().any(|&arg| !func.values[arg].ty.is_subset(ANYTHING)) {
            continue;
        }
        let cond = func.insts[inst].args[0];
        let count = 1 + random.below(2);
        let targets: Vec<Block> = (0..count).map(|_| blocks[random.below(blocks.len())]).collect();
        let param_count = |block: Block| func.blocks[block].params.len();
        if targets.iter().any(|&block| !func.layout.contains(&block) || param_count(block) > args.len()) {
            continue;
        }
        let calls = targets.iter().map(|&block| BlockCall { block, args: args[..param_count(block)].into() }).collect();
        let data = &mut func.insts[inst];
        data.op = if count == 1 { Op::Jump } else { Op::Brif };
        data.args.clear();
        if count == 2 {
            data.args.push(cond);
        }
        data.targets = calls;
    }
}

/// The program of a seed: structured as scripts are, or an arbitrary graph of blocks.
pub fn program(seed: u64) -> Module {
    let func = Function::new(FuncRef::new(0), None, 1, Span::default());
    let mut builder = FunctionBuilder::new(func).with_most_edges(2 + seed as usize % 4);
    let vars: Vec<_> = (0..4).map(|_| builder.new_variable()).collect();
    let param = builder.entry_param(0);
    builder.def_var(vars[0], param);
    let random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut generator = Generator { builder, random, loops: Vec::new(), position: 0 };
    let mut blocks = Vec::new();
    if seed.is_multiple_of(3) {
        blocks = generator.knots(&vars);
    } else {
        for _ in 0..4 {
            generator.statements(&vars, &vars, 4);
        }
    }
    let mut func = generator.builder.finish();
    tangle(&mut func, &blocks, &mut generator.random);
    let mut module = Module::default();
    module.globals.push(GlobalData { name: "g".into() });
    module.functions.push(func);
    module.functions.push(writer());
    module
}

/// A function that stores anything in the global: the outside world of the first one, for passes that look at the whole module.
fn writer() -> Function {
    let mut builder = FunctionBuilder::new(Function::new(FuncRef::new(1), None, 1, Span::default()));
    let param = builder.entry_param(0);
    builder.ins(Op::GlobalSet, &[param], Imm::Global(EntityRef::new(0)), Span::default());
    builder.ret(param, Span::default());
    builder.finish()
}
