//! Passes keep what programs do: random structured programs are interpreted before and after each pass, and each pipeline, with
//! the same outside world; the traces of effects, errors and results must be equal.

use super::manager::{PassOptions, Verify, run};
use super::{Level, Pass};
use crate::base::operator::UnaryOp;
use crate::base::source::{SourceId, Span};
use crate::ir::builder::{FunctionBuilder, Handler, Variable};
use crate::ir::entities::{Block, FuncRef, Val};
use crate::ir::function::{BlockCall, ConstData, Function, GlobalData, Module};
use crate::ir::inst::{Imm, Op};
use crate::ir::print::{Spans, print_module};
use crate::ir::types::Type;
use crate::passes::const_fold::{binary_op, scalar};
use crate::semantics::scalar::{Folded, Scalar, fold_binary, fold_unary};
use cranelift_entity::EntityRef;
use rustc_hash::FxHashMap;

#[derive(Clone)]
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }
}

struct Generator {
    builder: FunctionBuilder,
    random: Random,
    loops: Vec<(Block, Block, Option<Handler>)>,
    position: usize,
}

impl Generator {
    fn span(&mut self) -> Span {
        self.position += 1;
        Span::new(SourceId(0), self.position, self.position + 1)
    }

    fn constant(&mut self) -> Val {
        let data = match self.random.below(10) {
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
        match self.random.below(12) {
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
        match self.random.below(if depth == 0 { 6 } else { 12 }) {
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
                self.loops.push((header, exit, self.builder.handler().cloned()));
                self.statements(vars, assignable, depth - 1);
                self.loops.pop();
                self.jump_on(header);
                self.builder.seal_block(header);
                self.builder.seal_and_switch(exit);
            }
            _ => {
                let chosen: Vec<_> = assignable.iter().copied().filter(|_| self.random.below(2) == 0).collect();
                let [handler, after] = std::array::from_fn(|_| self.builder.create_block());
                let outer = self.builder.set_handler(Some((handler, chosen.clone())));
                self.statements(vars, &chosen, depth - 1);
                self.builder.set_handler(outer);
                self.jump_on(after);
                self.builder.begin_handler(handler, &chosen);
                self.builder.ins(Op::Caught, &[], Imm::None, span);
                self.statements(vars, assignable, depth - 1);
                self.jump_on(after);
                self.builder.seal_and_switch(after);
            }
        }
    }
}

fn program(seed: u64) -> Module {
    let func = Function::new(FuncRef::new(0), None, 1, Span::default());
    let mut builder = FunctionBuilder::new(func);
    let vars: Vec<_> = (0..4).map(|_| builder.new_variable()).collect();
    let param = builder.entry_param(0);
    builder.def_var(vars[0], param);
    let random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut generator = Generator { builder, random, loops: Vec::new(), position: 0 };
    for _ in 0..4 {
        generator.statements(&vars, &vars, 4);
    }
    let mut module = Module::default();
    module.globals.push(GlobalData { name: "g".into() });
    module.functions.push(generator.builder.finish());
    module
}

/// What a program did, one event a line.
type Trace = Vec<String>;

/// Interprets a function; the outside world (globals, calls) answers from `world`.
fn interpret(func: &Function, param: &ConstData, mut world: Random) -> Trace {
    let mut trace = Trace::new();
    let mut vals: FxHashMap<Val, ConstData> = FxHashMap::default();
    vals.insert(func.blocks[func.entry].params[0], param.clone());
    let mut block = func.entry;
    // A loop without events goes on for ever in both versions; only what came before it is compared.
    'blocks: for _ in 0..3000 {
        if trace.len() >= 60 {
            break;
        }
        for &inst in &func.blocks[block].insts {
            let data = &func.insts[inst];
            let arg = |i: usize| {
                let val = data.args[i];
                vals.get(&val).unwrap_or_else(|| panic!("{val} is unset at {inst} in {block}")).clone()
            };
            let outcome: Result<Option<ConstData>, String> = match data.op {
                Op::Const => Ok(data.result.expand().and_then(|val| func.const_of(val)).cloned()),
                Op::CheckDefined if arg(0) == ConstData::Undef => Err("undefined".into()),
                Op::CheckDefined => Ok(None),
                Op::IsUndef => Ok(Some(ConstData::Bool(arg(0) == ConstData::Undef))),
                Op::IsNull => Ok(Some(ConstData::Bool(arg(0) == ConstData::Null))),
                Op::Truthy => Ok(Some(ConstData::Bool(truthy(&arg(0))))),
                Op::Format => {
                    let parts: String =
                        (0..data.args.len()).map(|i| scalar(&arg(i)).unwrap_or(Scalar::Null).text()).collect();
                    Ok(Some(ConstData::Str(parts.into())))
                }
                Op::GlobalGet | Op::Call => {
                    let given = if data.op == Op::Call { arg(0) } else { ConstData::Null };
                    trace.push(format!("{} {given}", data.op.info().name));
                    let answers =
                        [ConstData::Null, ConstData::Int(3), ConstData::Bool(false), ConstData::Str("".into())];
                    match world.below(6) {
                        n @ 0..=3 => Ok(Some(answers[n].clone())),
                        4 => Ok(Some(ConstData::Int(1 << 49))),
                        _ => Err("outside".into()),
                    }
                }
                Op::GlobalSet => {
                    trace.push(format!("set {}", arg(0)));
                    Ok(None)
                }
                Op::Caught => {
                    trace.push("caught".into());
                    Ok(Some(ConstData::Str("error".into())))
                }
                Op::Not | Op::Neg => {
                    let op = if data.op == Op::Not { UnaryOp::Not } else { UnaryOp::Neg };
                    scalar(&arg(0)).and_then(|a| fold_unary(op, a)).map(constant).map(Some).ok_or("operator".into())
                }
                Op::Return => {
                    trace.push(format!("return {}", arg(0)));
                    return trace;
                }
                Op::Throw => Err(format!("throw {}", arg(0))),
                Op::Jump | Op::Brif => {
                    let slot = if data.op == Op::Brif && !truthy(&arg(0)) { 1 } else { 0 };
                    enter(func, &mut vals, &data.targets[slot], &mut block);
                    continue 'blocks;
                }
                op => {
                    let op = binary_op(op).expect("a generated operation");
                    let (a, b) = (arg(0), arg(1));
                    let result = scalar(&a).zip(scalar(&b)).and_then(|(a, b)| fold_binary(op, a, b));
                    result.map(constant).map(Some).ok_or("operator".into())
                }
            };
            match outcome {
                Ok(Some(value)) => {
                    if let Some(result) = data.result.expand() {
                        let ty = func.values[result].ty;
                        assert!(value.ty().is_subset(ty) || ty.may_be(Type::STRUCT), "{result}: {ty} is {value}");
                        vals.insert(result, value);
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    trace.push(format!("{error} at {}", data.span.start));
                    let Some(call) = &data.unwind else { return trace };
                    enter(func, &mut vals, call, &mut block);
                    continue 'blocks;
                }
            }
        }
        unreachable!("a block without a terminator");
    }
    trace
}

fn enter(func: &Function, vals: &mut FxHashMap<Val, ConstData>, call: &BlockCall, block: &mut Block) {
    let args: Vec<ConstData> = call.args.iter().map(|arg| vals[arg].clone()).collect();
    for (&param, arg) in func.blocks[call.block].params.iter().zip(args) {
        let ty = func.values[param].ty;
        assert!(arg.ty().is_subset(ty), "{param}: {ty} is {arg}");
        vals.insert(param, arg);
    }
    *block = call.block;
}

fn truthy(data: &ConstData) -> bool {
    scalar(data).is_some_and(|scalar| scalar.truthy())
}

fn constant(folded: Folded) -> ConstData {
    match folded {
        Folded::Bool(b) => ConstData::Bool(b),
        Folded::Int(i) => ConstData::Int(i),
        Folded::Float(f) => ConstData::Float(f.to_bits()),
        Folded::Str(text) => ConstData::Str(text.into()),
    }
}

fn check(seed: u64, module: &Module, options: &PassOptions) {
    let mut changed = module.clone();
    if let Err(error) = run(&mut changed, options, &mut |_, _| {}) {
        panic!("seed {seed}, {:?}: {error}\n{}", options.pipeline(), print_module(module, Spans::Hide));
    }
    let main = FuncRef::new(0);
    for world in 1..12u64 {
        let params = [ConstData::Int(5), ConstData::Null, ConstData::Str("p".into())];
        let param = &params[world as usize % params.len()];
        let world = Random(world.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1);
        let before = interpret(&module.functions[main], param, world.clone());
        let after = interpret(&changed.functions[main], param, world);
        assert!(
            before == after,
            "seed {seed}, {:?}:\n{before:?}\n{after:?}\n{}\n{}",
            options.pipeline(),
            print_module(module, Spans::Show),
            print_module(&changed, Spans::Show)
        );
    }
}

#[test]
fn every_pass_and_pipeline_keeps_what_programs_do() {
    let mut random = Random(0x1234_5678_9abc_def1);
    for seed in 1..400u64 {
        let module = program(seed);
        for &pass in Pass::ALL {
            check(
                seed,
                &module,
                &PassOptions { explicit: Some(vec![pass]), verify: Verify::Each, ..Default::default() },
            );
        }
        for &level in Level::ALL {
            check(seed, &module, &PassOptions { level, verify: Verify::Each, ..Default::default() });
        }
        for _ in 0..3 {
            let fuel = Some(random.below(150));
            check(seed, &module, &PassOptions { fuel, verify: Verify::Each, ..Default::default() });
        }
        let shuffled: Vec<Pass> = (0..8).map(|_| Pass::ALL[random.below(Pass::ALL.len())]).collect();
        check(seed, &module, &PassOptions { explicit: Some(shuffled), verify: Verify::Each, ..Default::default() });
    }
}
