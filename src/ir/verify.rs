//! Checks that IR is well formed. Each rule has a number, the same in `design/ir.md`, and a file under
//! `tests/filetests/ir/verify` that violates exactly it.
//!
//! The rules of form come first: if one is broken, those that need the graph are not checked. Blocks without a path from the
//! entry are checked for form only.

use super::cfg::Cfg;
use super::dominators::Points;
use super::entities::{Block, Inst, Val};
use super::function::{BlockCall, ConstData, Function, InstData, Module, Step, UpdateOp, ValDef};
use super::inst::{Flow, Imm, Mode, Op};
use super::types::Type;
use cranelift_entity::EntitySet;
use std::fmt;

macro_rules! rules {
    ($($name:ident $code:literal $text:literal)*) => {
        /// A rule of the IR.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule { $(#[doc = $text] $name),* }

        impl Rule {
            /// Every rule, in order.
            pub const ALL: &'static [Rule] = &[$(Rule::$name),*];

            /// Its number.
            pub fn code(self) -> &'static str {
                match self { $(Rule::$name => $code),* }
            }

            /// What it demands.
            pub fn text(self) -> &'static str {
                match self { $(Rule::$name => $text),* }
            }
        }
    };
}

rules! {
    Layout "IR001" "the layout begins with the entry and lists no block twice"
    Targets "IR002" "every block an edge of the layout leads to is in the layout"
    Terminator "IR003" "a block ends with a terminator and has no other"
    Entry "IR004" "no edge leads to the entry, whose parameters are the function's"
    Operands "IR005" "an instruction has the operands its row allows"
    Immediate "IR006" "an instruction has the immediate of its row, and what it refers to exists"
    TargetCount "IR007" "a terminator has as many targets as its row says, another instruction none"
    EdgeArguments "IR008" "an edge passes one argument for each parameter"
    Definition "IR009" "a value is defined once, by the instruction or parameter it names"
    Dominance "IR010" "a value is defined on every path to its use; by an exceptional edge nothing from its instruction on is"
    ResultType "IR011" "a result's type is within its row's; that of a constant includes the constant"
    EdgeType "IR012" "the type of a parameter includes those of its arguments"
    EntryType "IR013" "the type of a parameter of the function is any"
    Caught "IR014" "`caught` stands first in a block that exceptional edges lead to"
    Handler "IR015" "a block is entered by exceptional edges only, or by none"
    Unwind "IR016" "only an instruction whose row may raise has an exceptional edge"
    Hidden "IR017" "cells and iterators go where the row wants them and nowhere a script could see them"
    DropMask "IR018" "only `Borrow` operands are released by an instruction"
    Path "IR019" "a path fits its instruction: keys for its index steps, a root, an update if it is a read-modify-write"
    Callee "IR020" "a known callee is called with its parameters, and closed over its captures"
    Start "IR021" "`generator_start` and `async_start` stand first in a function"
}

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// Where and how.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.rule.code(), self.message, self.rule.text())
    }
}

/// Checks every function of a module.
pub fn verify_module(module: &Module) -> Result<(), Vec<Violation>> {
    let mut found = Vec::new();
    for func in module.functions.values() {
        found.extend(Verifier::run(func, Some(module)));
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// Checks one function; references to other functions and globals are checked if `module` is given.
pub fn verify_function(func: &Function, module: Option<&Module>) -> Result<(), Vec<Violation>> {
    let found = Verifier::run(func, module);
    if found.is_empty() { Ok(()) } else { Err(found) }
}

struct Verifier<'a> {
    func: &'a Function,
    module: Option<&'a Module>,
    found: Vec<Violation>,
}

impl<'a> Verifier<'a> {
    fn run(func: &'a Function, module: Option<&'a Module>) -> Vec<Violation> {
        let mut verifier = Verifier { func, module, found: Vec::new() };
        verifier.layout();
        for &block in &func.layout {
            verifier.block_form(block);
        }
        if !verifier.found.is_empty() {
            return verifier.found;
        }
        for &param in &func.blocks[func.entry].params {
            if func.values[param].ty != Type::ANY {
                verifier.report(Rule::EntryType, func.entry, format!("{param}: {}", func.values[param].ty));
            }
        }
        let cfg = Cfg::new(func);
        let points = Points::new(func);
        for &block in func.layout.iter().filter(|&&block| cfg.is_reachable(block)) {
            verifier.handlers(block, &cfg);
            for &inst in &func.blocks[block].insts {
                verifier.dominance(inst, &points);
                verifier.types(inst);
                verifier.hidden(inst);
            }
        }
        verifier.found
    }

    fn report(&mut self, rule: Rule, at: impl fmt::Display, what: impl fmt::Display) {
        self.found.push(Violation { rule, message: format!("{} {at}: {what}", self.func.id) });
    }

    fn report_inst(&mut self, rule: Rule, inst: Inst, what: impl fmt::Display) {
        let data = &self.func.insts[inst];
        let name = data.op.info().name;
        match data.result.expand() {
            Some(val) => self.report(rule, format!("{val} = {name}"), what),
            None => self.report(rule, format!("{inst} {name}"), what),
        }
    }

    fn layout(&mut self) {
        let func = self.func;
        if func.layout.first() != Some(&func.entry) {
            self.report(Rule::Layout, func.entry, "the layout begins elsewhere");
        }
        let mut listed = EntitySet::new();
        let mut defined = EntitySet::new();
        for &block in &func.layout {
            if !listed.insert(block) {
                self.report(Rule::Layout, block, "listed twice");
                continue;
            }
            for (i, &param) in func.blocks[block].params.iter().enumerate() {
                let expected = ValDef::Param(block, i as u32);
                if func.values[param].def != expected || !defined.insert(param) {
                    self.report(Rule::Definition, block, format!("parameter {param}"));
                }
            }
            for &inst in &func.blocks[block].insts {
                let data = &func.insts[inst];
                let is_own = |val: Val| func.values[val].def == ValDef::Result(inst);
                let fits = match data.result.expand() {
                    Some(val) => data.op.info().result.is_some() && is_own(val) && defined.insert(val),
                    None => data.op.info().result.is_none(),
                };
                if !fits {
                    self.report_inst(Rule::Definition, inst, "its result");
                }
            }
        }
        for &block in &func.layout {
            func.for_each_edge(block, |inst, call| {
                if !listed.contains(call.block) {
                    self.report_inst(Rule::Targets, inst, call.block);
                } else if call.block == func.entry {
                    self.report_inst(Rule::Entry, inst, "leads to the entry");
                }
            });
        }
        let params = func.blocks[func.entry].params.len();
        if params != func.arity as usize {
            self.report(Rule::Entry, func.entry, format!("{params} parameters for {}", func.arity));
        }
    }

    fn block_form(&mut self, block: Block) {
        let func = self.func;
        let insts = &func.blocks[block].insts;
        if !insts.last().is_some_and(|&inst| func.insts[inst].op.is_terminator()) {
            self.report(Rule::Terminator, block, "no terminator at the end");
        }
        for (i, &inst) in insts.iter().enumerate() {
            let data = &func.insts[inst];
            if data.op.is_terminator() && i + 1 != insts.len() {
                self.report_inst(Rule::Terminator, inst, format!("in the middle of {block}"));
            }
            self.inst_form(inst, data);
            if data.op == Op::Caught && i != 0 {
                self.report_inst(Rule::Caught, inst, format!("not first in {block}"));
            }
            if data.op.starts_function() && (i != 0 || block != func.entry) {
                self.report_inst(Rule::Start, inst, format!("not first in {block}"));
            }
        }
    }

    fn inst_form(&mut self, inst: Inst, data: &InstData) {
        let info = data.op.info();
        let count = data.args.len();
        if count < info.fixed.len() || (info.rest.is_none() && count > info.fixed.len()) {
            self.report_inst(Rule::Operands, inst, format!("{count} operands"));
            return;
        }
        let targets = if let Flow::End(targets) = info.flow { targets } else { 0 };
        if data.targets.len() != targets {
            self.report_inst(Rule::TargetCount, inst, format!("{} targets", data.targets.len()));
        }
        for call in data.targets.iter().chain(data.unwind.as_deref()) {
            self.edge_form(inst, call);
        }
        if data.unwind.is_some() && !(info.effects.raises() && self.func.handles) {
            self.report_inst(Rule::Unwind, inst, "has an exceptional edge");
        }
        let released = |i: usize| data.op.mode(i) == Mode::Borrow;
        let mask = (0..count.min(32)).filter(|&i| released(i)).fold(0u32, |mask, i| mask | 1 << i);
        if data.drop_mask & !mask != 0 {
            self.report_inst(Rule::DropMask, inst, format!("drop mask {:b}", data.drop_mask));
        }
        if data.imm.kind() != info.imm || !self.refers(data) {
            self.report_inst(Rule::Immediate, inst, "its immediate");
            return;
        }
        if let (Op::StructNew | Op::StructDeclare, Imm::Const(text)) = (data.op, data.imm)
            && let ConstData::Str(words) = &self.func.consts[text]
            && words.split(' ').count() != count + 1
        {
            self.report_inst(Rule::Operands, inst, format!("{count} operands for `{words}`"));
        }
        self.path_form(inst, data);
        self.callee(inst, data);
    }

    fn edge_form(&mut self, inst: Inst, call: &BlockCall) {
        let params = self.func.blocks[call.block].params.len();
        if call.args.len() != params {
            let what = format!("{} arguments for the {params} parameters of {}", call.args.len(), call.block);
            self.report_inst(Rule::EdgeArguments, inst, what);
        }
    }

    /// Whether what the immediate refers to exists.
    fn refers(&self, data: &InstData) -> bool {
        let func = self.func;
        let is_text = |c| matches!(func.consts.get(c), Some(ConstData::Str(_)));
        match data.imm {
            Imm::Const(c) if data.op == Op::Const => func.consts.get(c).is_some(),
            Imm::Const(c) => is_text(c),
            Imm::Func(f) => self.module.is_none_or(|module| module.functions.get(f).is_some()),
            Imm::Global(g) => self.module.is_none_or(|module| module.globals.get(g).is_some()),
            Imm::Path(p) => func.paths.get(p).is_some_and(|path| {
                let is_step = |step: &Step| if let Step::Field(name) = step { is_text(*name) } else { true };
                let exists =
                    path.global.is_none_or(|g| self.module.is_none_or(|module| module.globals.get(g).is_some()));
                is_text(path.name) && path.steps.iter().all(is_step) && exists
            }),
            Imm::None | Imm::Builtin(_) | Imm::Index(_) => true,
        }
    }

    fn path_form(&mut self, inst: Inst, data: &InstData) {
        let Imm::Path(number) = data.imm else { return };
        let path = &self.func.paths[number];
        let on_global = matches!(data.op, Op::GlobalSetPath | Op::GlobalUpdatePath) || data.op.vacates() == Some(true);
        let updates = matches!(data.op, Op::UpdatePath | Op::CellUpdatePath | Op::GlobalUpdatePath);
        let keys = path.steps.iter().filter(|&&step| step == Step::Index).count();
        let given = data.args.len() - data.op.info().fixed.len();
        let takes_more = path.update.is_some_and(UpdateOp::takes_more);
        if given < keys || (given > keys && !takes_more) {
            self.report_inst(Rule::Path, inst, format!("{given} keys for {keys} index steps"));
        } else if path.later.len() > given - keys {
            self.report_inst(Rule::Path, inst, "positions of further operands");
        } else if path.places.len() > 2 + path.steps.len() {
            self.report_inst(Rule::Path, inst, "positions of steps");
        } else if path.global.is_some() != on_global {
            self.report_inst(Rule::Path, inst, "its root");
        } else if path.update.is_some() != updates && data.op.vacates().is_none() {
            self.report_inst(Rule::Path, inst, "its update");
        } else if path.steps.is_empty() && !updates && data.op.vacates().is_none() {
            self.report_inst(Rule::Path, inst, "no steps");
        }
    }

    fn callee(&mut self, inst: Inst, data: &InstData) {
        if let (Op::CaptureGet, Imm::Index(index)) = (data.op, data.imm)
            && index >= self.func.captures
        {
            self.report_inst(Rule::Callee, inst, format!("capture {index} of {}", self.func.captures));
        }
        let (Imm::Func(number), Some(module)) = (data.imm, self.module) else { return };
        let callee = &module.functions[number];
        let (captures, arguments) = match data.op {
            Op::Closure => (data.args.len(), None),
            Op::CallDirect => (0, Some(data.args.len())),
            _ => (0, None),
        };
        if callee.captures as usize != captures {
            self.report_inst(Rule::Callee, inst, format!("{captures} captures for {}", callee.captures));
        }
        if arguments.is_some_and(|arguments| arguments != callee.arity as usize) {
            self.report_inst(Rule::Callee, inst, format!("{} arguments for {}", data.args.len(), callee.arity));
        }
    }

    fn handlers(&mut self, block: Block, cfg: &Cfg) {
        let func = self.func;
        let is_exceptional =
            |pred: &super::cfg::Pred| func.insts[pred.inst].unwind.as_ref().is_some_and(|call| call.block == block);
        let is_normal = |pred: &super::cfg::Pred| func.insts[pred.inst].targets.iter().any(|call| call.block == block);
        let exceptional = cfg.edges(block).iter().any(is_exceptional);
        if exceptional && cfg.edges(block).iter().any(is_normal) {
            self.report(Rule::Handler, block, "entered both ways");
        }
        let first = func.blocks[block].insts[0];
        if func.insts[first].op == Op::Caught && !exceptional {
            self.report_inst(Rule::Caught, first, format!("{block} is no handler"));
        }
    }

    fn dominance(&mut self, inst: Inst, points: &Points) {
        let func = self.func;
        func.for_each_use(inst, |val| {
            if !points.is_available(func, val, inst) {
                self.report_inst(Rule::Dominance, inst, format!("uses {val}"));
            }
        });
    }

    fn types(&mut self, inst: Inst) {
        let func = self.func;
        let data = &func.insts[inst];
        if let Some(val) = data.result.expand() {
            let ty = func.values[val].ty;
            let own = data.op.info().result.unwrap_or(Type::NONE);
            let fits = match (data.op, data.imm) {
                (Op::Const, Imm::Const(c)) => func.consts[c].ty().is_subset(ty),
                _ => ty.is_subset(own),
            };
            if !fits {
                self.report_inst(Rule::ResultType, inst, format!("{ty}, within {own}"));
            }
        }
        for call in data.targets.iter().chain(data.unwind.as_deref()) {
            for (&arg, &param) in call.args.iter().zip(&func.blocks[call.block].params) {
                let (from, to) = (func.values[arg].ty, func.values[param].ty);
                if !from.is_subset(to) {
                    self.report_inst(Rule::EdgeType, inst, format!("{arg}: {from} for {param}: {to}"));
                }
            }
        }
    }

    fn hidden(&mut self, inst: Inst) {
        let data = &self.func.insts[inst];
        for (i, &arg) in data.args.iter().enumerate() {
            let ty = self.func.values[arg].ty;
            if !allowed_operand(data.op, i).may_be(ty) && ty != Type::NONE {
                self.report_inst(Rule::Hidden, inst, format!("operand {arg}: {ty}"));
            }
        }
    }
}

/// What operand `index` may be: a cell, an iterator, anything (where values only pass through), or else no cell and no iterator.
///
/// The marks are not excluded by type: a value read before its `check_defined` may turn out to be the undefined mark on a path
/// that raises there.
fn allowed_operand(op: Op, index: usize) -> Type {
    match (op, index) {
        (Op::CellGet | Op::CellPeek | Op::CellSet | Op::CellSetPath | Op::CellUpdatePath, 0) => Type::CELL,
        (Op::CellVacate | Op::CellRestore, 0) => Type::CELL,
        (Op::IterNext, 0) => Type::ITER,
        (Op::Closure | Op::Copy | Op::Drop, _) => Type::TOP,
        _ => Type(Type::TOP.0 & !(Type::CELL.0 | Type::ITER.0)),
    }
}
