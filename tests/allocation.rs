//! Random structured functions go through the ownership step and register allocation; the two checkers find nothing.

use cranelift_entity::EntityRef;
use ruff::base::builtin::BuiltinId;
use ruff::base::source::Span;
use ruff::ir::builder::{FunctionBuilder, Variable};
use ruff::ir::entities::{Block, FuncRef, Global, Path, Val};
use ruff::ir::function::{ConstData, Function, PathData, Step};
use ruff::ir::inst::{Imm, Op};
use ruff::ir::types::Type;

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
    vars: Vec<Variable>,
    loops: Vec<(Block, Block, Option<Block>)>,
    path: Path,
}

const SPAN: Span = Span { source: ruff::base::source::SourceId(0), start: 0, len: 0 };

impl Generator {
    fn val(&mut self, op: Op, args: &[Val], imm: Imm) -> Val {
        self.builder.ins_val(op, args, imm, SPAN)
    }

    fn var(&mut self) -> Variable {
        self.vars[self.random.below(self.vars.len())]
    }

    fn read(&mut self) -> Val {
        let var = self.var();
        self.builder.use_var(var)
    }

    fn compare(&mut self) -> Val {
        if self.random.below(3) == 0 {
            let (val, name) = (self.expression(1), self.builder.text("name"));
            let op = [Op::IsTag, Op::IsText][self.random.below(2)];
            return self.val(op, &[val], name);
        }
        let (a, b) = (self.expression(1), self.read());
        let op = [Op::Lt, Op::Eq, Op::Ge][self.random.below(3)];
        self.val(op, &[a, b], Imm::None)
    }

    fn expressions(&mut self, depth: usize, limit: usize) -> Vec<Val> {
        (0..self.random.below(limit)).map(|_| self.expression(depth)).collect()
    }

    fn expression(&mut self, depth: usize) -> Val {
        let choice = self.random.below(if depth == 0 { 5 } else { 22 });
        let inner = depth.saturating_sub(1);
        let name = self.builder.text("name");
        match choice {
            0 => self.builder.constant(ConstData::Int(1), SPAN),
            1 => self.builder.constant(ConstData::Str("text".into()), SPAN),
            2..=4 => self.read(),
            5..=7 => {
                let (a, b) = (self.expression(inner), self.expression(inner));
                self.val([Op::Add, Op::Sub, Op::Mul][choice - 5], &[a, b], Imm::None)
            }
            8 | 9 => {
                let args = self.expressions(inner, 4);
                self.val(Op::CallDirect, &args, Imm::Func(FuncRef::new(0)))
            }
            10 => {
                let callee = self.expression(inner);
                let mut args = vec![callee];
                args.extend(self.expressions(inner, 4));
                self.val(Op::Call, &args, Imm::None)
            }
            11 => {
                let mut args = vec![self.expression(inner)];
                args.extend(self.expressions(inner, 4));
                self.val(Op::CallMethod, &args, name)
            }
            12 => {
                let args = self.expressions(inner, 4);
                self.val(Op::CallBuiltin, &args, Imm::Builtin(BuiltinId(0)))
            }
            13 => {
                let args = self.expressions(inner, 4);
                self.val(Op::ArrayNew, &args, Imm::None)
            }
            14 => {
                let (array, item) = (self.expression(inner), self.expression(inner));
                self.val(Op::ArrayPush, &[array, item], Imm::None)
            }
            15 => {
                let (container, key) = (self.expression(inner), self.expression(inner));
                self.val(Op::IndexGet, &[container, key], Imm::None)
            }
            16 => {
                let (root, value, key) = (self.read(), self.expression(inner), self.expression(inner));
                self.val(Op::SetPath, &[root, value, key], Imm::Path(self.path))
            }
            17 => {
                let args = self.expressions(inner, 4);
                self.val(Op::TaggedNew, &args, name)
            }
            18 => {
                let val = self.expression(inner);
                self.val(Op::PartGet, &[val], Imm::Index(1))
            }
            19 => {
                let dict = self.expression(inner);
                self.val(Op::DictWithout, &[dict], name)
            }
            20 => self.try_operator(inner),
            _ => self.choose(inner),
        }
    }

    /// `v?`
    fn try_operator(&mut self, depth: usize) -> Val {
        let val = self.expression(depth);
        let (leave, next) = (self.builder.create_block(), self.builder.create_block());
        let content = self.val(Op::TryUnwrap, &[val], Imm::None);
        let missing = self.val(Op::IsUndef, &[content], Imm::None);
        self.builder.brif(missing, (leave, &[]), (next, &[]), SPAN);
        self.builder.seal_and_switch(leave);
        self.builder.ret(val, SPAN);
        self.builder.seal_and_switch(next);
        content
    }

    /// `c && x`: a block parameter.
    fn choose(&mut self, depth: usize) -> Val {
        let cond = self.expression(depth);
        let (then, after) = (self.builder.create_block(), self.builder.create_block());
        let param = self.builder.append_param(after, Type::ANY);
        self.builder.brif(cond, (then, &[]), (after, &[cond]), SPAN);
        self.builder.seal_and_switch(then);
        let val = self.expression(depth);
        self.builder.jump(after, &[val], SPAN);
        self.builder.seal_and_switch(after);
        param
    }

    fn statements(&mut self, assignable: &[Variable], depth: usize) {
        for _ in 0..1 + self.random.below(5) {
            if self.builder.is_terminated() {
                return;
            }
            self.statement(assignable, depth);
        }
    }

    fn finish_block(&mut self, next: Block) {
        if !self.builder.is_terminated() {
            self.builder.jump(next, &[], SPAN);
        }
    }

    fn statement(&mut self, assignable: &[Variable], depth: usize) {
        match self.random.below(if depth == 0 { 6 } else { 13 }) {
            0..=2 if !assignable.is_empty() => {
                let val = self.expression(3);
                let target = assignable[self.random.below(assignable.len())];
                self.builder.def_var(target, val);
            }
            0..=3 => drop(self.expression(3)),
            4 => {
                let val = self.expression(1);
                if self.random.below(2) == 0 {
                    self.builder.ins(Op::Yield, &[val], Imm::None, SPAN);
                } else {
                    self.builder.ins(Op::GlobalSet, &[val], Imm::Global(Global::new(0)), SPAN);
                }
            }
            5 => self.leave(),
            6..=8 => {
                let cond = self.compare();
                let (then, otherwise, after) =
                    (self.builder.create_block(), self.builder.create_block(), self.builder.create_block());
                self.builder.brif(cond, (then, &[]), (otherwise, &[]), SPAN);
                for block in [then, otherwise] {
                    self.builder.seal_and_switch(block);
                    self.statements(assignable, depth - 1);
                    self.finish_block(after);
                }
                self.builder.seal_and_switch(after);
            }
            9 => self.repeat(assignable, depth, None),
            10 => {
                let source = self.expression(1);
                let iter = self.val(Op::IterOpen, &[source], Imm::None);
                self.repeat(assignable, depth, Some(iter));
            }
            _ => {
                let (handler, after) = (self.builder.create_block(), self.builder.create_block());
                let outer = self.builder.set_handler(Some(handler));
                self.statements(assignable, depth - 1);
                self.builder.set_handler(outer);
                self.finish_block(after);
                let error = self.builder.begin_handler(handler, SPAN);
                if self.random.below(2) == 0 {
                    self.val(Op::FieldGet, &[error], Imm::Const(cranelift_entity::EntityRef::new(0)));
                }
                self.statements(assignable, depth - 1);
                self.finish_block(after);
                self.builder.seal_and_switch(after);
            }
        }
    }

    fn leave(&mut self) {
        match (self.random.below(8), self.loops.last().cloned()) {
            (0..=2, Some((_, exit, handler))) => {
                let inner = self.builder.set_handler(handler);
                self.builder.jump(exit, &[], SPAN);
                self.builder.set_handler(inner);
            }
            (3, Some((header, _, _))) => self.builder.jump(header, &[], SPAN),
            (4, _) => {
                let val = self.read();
                self.builder.ret(val, SPAN);
            }
            (5, _) => {
                let val = self.read();
                self.builder.throw(val, SPAN);
            }
            _ => {}
        }
    }

    fn repeat(&mut self, assignable: &[Variable], depth: usize, iter: Option<Val>) {
        let (header, body, exit) =
            (self.builder.create_block(), self.builder.create_block(), self.builder.create_block());
        self.builder.jump(header, &[], SPAN);
        self.builder.switch_to_block(header);
        match iter {
            None => {
                let cond = self.compare();
                self.builder.brif(cond, (body, &[]), (exit, &[]), SPAN);
                self.builder.seal_and_switch(body);
            }
            Some(iter) => {
                let zero = self.builder.constant(ConstData::Int(0), SPAN);
                let item = self.val(Op::IterNext, &[iter, zero], Imm::None);
                let done = self.val(Op::IsDone, &[item], Imm::None);
                self.builder.brif(done, (exit, &[]), (body, &[]), SPAN);
                self.builder.seal_and_switch(body);
                if let Some(&var) = assignable.first() {
                    self.builder.def_var(var, item);
                }
            }
        }
        self.loops.push((header, exit, self.builder.handler()));
        self.statements(assignable, depth - 1);
        self.loops.pop();
        self.finish_block(header);
        self.builder.seal_block(header);
        self.builder.seal_and_switch(exit);
    }
}

fn random_function(seed: u64) -> Function {
    let mut func = Function::new(FuncRef::new(0), None, 2, SPAN);
    let name = func.constant(ConstData::Str("name".into()));
    let path = func.paths.push(PathData {
        name,
        global: None,
        steps: [Step::Index].into_iter().collect(),
        update: None,
        later: Default::default(),
        places: Default::default(),
    });
    let mut generator = Generator {
        builder: FunctionBuilder::new(func).with_most_edges(2 + seed as usize % 4),
        random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
        vars: Vec::new(),
        loops: Vec::new(),
        path,
    };
    generator.builder.ins(Op::GeneratorStart, &[], Imm::None, SPAN);
    for index in 0..6 {
        let var = generator.builder.new_variable();
        let val = match index {
            0 | 1 => generator.builder.entry_param(index),
            2 => generator.val(Op::ArrayNew, &[], Imm::None),
            _ => generator.builder.constant(ConstData::Int(index as i64), SPAN),
        };
        generator.builder.def_var(var, val);
        generator.vars.push(var);
    }
    let vars = generator.vars.clone();
    for _ in 0..3 {
        generator.statements(&vars, 3);
    }
    generator.builder.finish()
}

/// The instruction directly before a `brif` on its result, by block, before the ownership step.
fn fused(func: &Function, block: Block) -> bool {
    let insts = &func.blocks[block].insts;
    let [.., before, last] = insts[..] else { return false };
    let (before, last) = (&func.insts[before], &func.insts[last]);
    last.op == Op::Brif
        && before.result.expand() == Some(last.args[0])
        && matches!(before.op, Op::Lt | Op::Eq | Op::Ge | Op::IsDone)
}

#[test]
fn checkers_accept_random_functions() {
    for seed in 0..120 {
        let mut func = random_function(seed);
        let adjacent: Vec<Block> = func.layout.iter().copied().filter(|&block| fused(&func, block)).collect();
        ruff::ownership::run(&mut func, false);
        assert_eq!(ruff::ownership::check(&func, None, false), Vec::<String>::new(), "seed {seed}");
        for block in adjacent {
            assert!(fused(&func, block), "seed {seed}: {block} has something between a test and its branch");
        }
        // With half of the constants kept out of registers, as emission does.
        for halves in [1, 2] {
            let allocation = ruff::regalloc::allocate(&func, |val| val.index() % halves == 0).expect("few registers");
            let errors = ruff::regalloc::check::check(&func, &allocation);
            assert_eq!(errors, Vec::<String>::new(), "seed {seed}");
        }
    }
}
