//! Random structured programs are built, then walked along random paths: at each use, the SSA value must be the one the
//! variable was last assigned on that path.

use super::builder::{FunctionBuilder, Variable};
use super::entities::{Block, FuncRef, Inst, Val};
use super::function::{ConstData, Function};
use super::inst::{Imm, Op};
use crate::base::source::Span;
use cranelift_entity::EntityRef;
use rustc_hash::FxHashMap;

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }
}

#[derive(Clone, Copy)]
enum Event {
    Assign(Variable),
    Use(Variable),
}

struct Generator {
    builder: FunctionBuilder,
    random: Random,
    events: FxHashMap<Inst, Event>,
    next: i64,
    loops: Vec<(Block, Block, Option<Block>)>,
}

impl Generator {
    fn emit(&mut self, op: Op, args: &[Val], imm: Imm) -> (Inst, Option<Val>) {
        let val = self.builder.ins(op, args, imm, Span::default());
        let block = self.builder.current_block();
        (*self.builder.func.blocks[block].insts.last().unwrap(), val)
    }

    fn assign(&mut self, var: Variable) {
        self.next += 1;
        let data = self.builder.func.constant(ConstData::Int(self.next));
        let (inst, val) = self.emit(Op::Const, &[], Imm::Const(data));
        self.events.insert(inst, Event::Assign(var));
        self.builder.def_var(var, val.unwrap());
    }

    fn read(&mut self, var: Variable) -> Val {
        let val = self.builder.use_var(var);
        let (inst, result) = self.emit(Op::Truthy, &[val], Imm::None);
        self.events.insert(inst, Event::Use(var));
        result.unwrap()
    }

    fn statements(&mut self, vars: &[Variable], assignable: &[Variable], depth: usize) {
        for _ in 0..1 + self.random.below(5) {
            if self.builder.is_terminated() && self.random.below(3) > 0 {
                return;
            }
            self.statement(vars, assignable, depth);
        }
    }

    fn statement(&mut self, vars: &[Variable], assignable: &[Variable], depth: usize) {
        let span = Span::default();
        let var = vars[self.random.below(vars.len())];
        let choice = self.random.below(if depth == 0 { 6 } else { 12 });
        match choice {
            0 | 1 if !assignable.is_empty() => {
                let target = assignable[self.random.below(assignable.len())];
                self.assign(target);
            }
            0..=3 => drop(self.read(var)),
            4 => drop(self.emit(Op::GlobalGet, &[], Imm::Global(super::entities::Global::new(0)))),
            5 => {
                let leave = self.random.below(8);
                match self.loops.last().cloned() {
                    Some((_, exit, handler)) if leave < 3 => {
                        let inner = self.builder.set_handler(handler);
                        self.builder.jump(exit, &[], span);
                        self.builder.set_handler(inner);
                    }
                    Some((header, _, _)) if leave == 3 => self.builder.jump(header, &[], span),
                    _ if leave == 4 => {
                        let val = self.read(var);
                        self.builder.ret(val, span);
                    }
                    _ => {}
                }
            }
            6..=8 => {
                let cond = self.read(var);
                let (then, otherwise, after) =
                    (self.builder.create_block(), self.builder.create_block(), self.builder.create_block());
                self.builder.brif(cond, (then, &[]), (otherwise, &[]), span);
                for block in [then, otherwise] {
                    self.builder.seal_and_switch(block);
                    self.statements(vars, assignable, depth - 1);
                    if !self.builder.is_terminated() {
                        self.builder.jump(after, &[], span);
                    }
                }
                self.builder.seal_and_switch(after);
            }
            9 | 10 => {
                let (header, body, exit) =
                    (self.builder.create_block(), self.builder.create_block(), self.builder.create_block());
                self.builder.jump(header, &[], span);
                self.builder.switch_to_block(header);
                let cond = self.read(var);
                self.builder.brif(cond, (body, &[]), (exit, &[]), span);
                self.builder.seal_and_switch(body);
                self.loops.push((header, exit, self.builder.handler()));
                self.statements(vars, assignable, depth - 1);
                self.loops.pop();
                if !self.builder.is_terminated() {
                    self.builder.jump(header, &[], span);
                }
                if self.random.below(2) == 0 {
                    self.builder.seal_block(header);
                    self.builder.seal_and_switch(exit);
                } else {
                    self.builder.seal_and_switch(exit);
                    self.read(var);
                    self.builder.seal_block(header);
                }
            }
            _ => {
                let (handler, after) = (self.builder.create_block(), self.builder.create_block());
                let outer = self.builder.set_handler(Some(handler));
                self.statements(vars, assignable, depth - 1);
                self.builder.set_handler(outer);
                if !self.builder.is_terminated() {
                    self.builder.jump(after, &[], span);
                }
                self.builder.begin_handler(handler, span);
                self.statements(vars, assignable, depth - 1);
                if !self.builder.is_terminated() {
                    self.builder.jump(after, &[], span);
                }
                self.builder.seal_and_switch(after);
            }
        }
    }
}

/// Follows one random path and compares variables with SSA values at each use.
fn walk(func: &Function, events: &FxHashMap<Inst, Event>, random: &mut Random) -> usize {
    let mut vars: FxHashMap<Variable, i64> = FxHashMap::default();
    let mut vals: FxHashMap<Val, i64> = FxHashMap::default();
    let mut block = func.entry;
    let mut uses = 0;
    'blocks: for _ in 0..200 {
        for &inst in &func.blocks[block].insts {
            let data = &func.insts[inst];
            if let (Op::Const, Imm::Const(c), Some(result)) = (data.op, data.imm, data.result.expand()) {
                let number = if let ConstData::Int(i) = func.consts[c] { i } else { 0 };
                vals.insert(result, number);
            }
            if data.op == Op::Caught {
                vals.extend(data.result.expand().map(|error| (error, 0)));
            }
            match events.get(&inst) {
                Some(Event::Assign(var)) => drop(vars.insert(*var, vals[&data.result.unwrap()])),
                Some(Event::Use(var)) => {
                    let expected = vars.get(var).copied().unwrap_or(0);
                    let actual =
                        vals.get(&data.args[0]).unwrap_or_else(|| panic!("{inst} reads an unset {}", data.args[0]));
                    assert_eq!(*actual, expected, "{var} at {inst} in {block}");
                    uses += 1;
                }
                None => {}
            }
            let edge = match &data.unwind {
                Some(call) if random.below(3) == 0 => Some(&**call),
                _ if data.targets.is_empty() => None,
                _ => Some(&data.targets[random.below(data.targets.len())]),
            };
            if let Some(call) = edge {
                let params = &func.blocks[call.block].params;
                assert_eq!(params.len(), call.args.len(), "arguments of {inst} for {}", call.block);
                let moved: Vec<i64> = call.args.iter().map(|arg| vals[arg]).collect();
                vals.extend(params.iter().copied().zip(moved));
                block = call.block;
                continue 'blocks;
            }
        }
        return uses;
    }
    uses
}

fn new_function() -> Function {
    Function::new(FuncRef::new(0), None, 0, Span::default())
}

#[test]
fn every_path_sees_the_last_assignment() {
    let mut total = 0;
    for seed in 1..1500u64 {
        let mut builder = FunctionBuilder::new(new_function()).with_most_edges(2 + seed as usize % 4);
        let vars: Vec<_> = (0..5).map(|_| builder.new_variable()).collect();
        let mut generator = Generator {
            builder,
            random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            events: FxHashMap::default(),
            next: 0,
            loops: Vec::new(),
        };
        generator.statements(&vars, &vars, 5);
        let Generator { builder, mut random, events, .. } = generator;
        let func = builder.finish();
        for _ in 0..20 {
            total += walk(&func, &events, &mut random);
        }
    }
    assert!(total > 50_000, "the walks met only {total} uses");
}

#[test]
fn many_blocks_and_many_variables_stay_cheap() {
    let mut builder = FunctionBuilder::new(new_function());
    let span = Span::default();
    let vars: Vec<_> = (0..5_000).map(|_| builder.new_variable()).collect();
    for (i, &var) in vars.iter().enumerate() {
        let val = builder.constant(ConstData::Int(i as i64), span);
        builder.def_var(var, val);
    }
    for i in 0..10_000 {
        let (then, after) = (builder.create_block(), builder.create_block());
        let cond = builder.use_var(vars[i % 7]);
        builder.brif(cond, (then, &[]), (after, &[]), span);
        builder.seal_and_switch(then);
        let val = builder.constant(ConstData::Int(-1), span);
        builder.def_var(vars[i % 5], val);
        builder.jump(after, &[], span);
        builder.seal_and_switch(after);
    }
    for &var in &vars {
        let val = builder.use_var(var);
        builder.ins(Op::Truthy, &[val], Imm::None, span);
    }
    let func = builder.finish();
    let params: usize = func.blocks.values().map(|block| block.params.len()).sum();
    assert!(params <= 10_000, "{params} parameters for 10,000 merges of one variable each");
}
