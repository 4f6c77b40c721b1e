//! The forward walk over statements.

use super::BindingId;
use super::state::{Defined, Kinds, Walker};
use crate::base::intern::Symbol;
use crate::syntax::ast::{
    Block, Case, Expr, ExprKind, FunctionKind, MatchPattern, Name, Path, Step, Stmt, StmtKind, StructDecl,
};

impl<'a> Walker<'a, '_> {
    pub(super) fn statements(&mut self, statements: &'a [Stmt<'a>]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &'a Stmt<'a>) {
        match statement.kind {
            StmtKind::Declare { kind, name, value } => {
                self.expr(value);
                self.declare(name, kind.into());
                self.made_by(name, value);
            }
            StmtKind::Destructure { kind, pattern, value } => {
                self.expr(value);
                self.pattern(pattern, kind.map_or(Kinds::LET, Kinds::from));
            }
            StmtKind::Assign { name, value } => {
                self.expr(value);
                self.assign(name);
                self.made_by(name, value);
            }
            StmtKind::AssignPath { path, value } => {
                self.expr(value);
                self.steps(path);
                self.update(path.root);
            }
            StmtKind::AssignOp { path, value, .. } => {
                self.steps(path);
                self.expr(value);
                self.update(path.root);
            }
            StmtKind::Function { name, function } => {
                let key = self.unit.function(function.id);
                let binding = self.binding_in(self.scope, name.symbol);
                if self.bindings[binding.index()].functions.contains(&key) {
                    let first = self.candidates.len();
                    self.answer(name, first, Some(binding), super::Fallback::Raise);
                } else {
                    let key = self.nested(function);
                    self.redeclare(name);
                    self.made_with(name, key);
                }
            }
            StmtKind::Struct(decl) => self.structure(decl),
            StmtKind::Enum { .. } => {}
            StmtKind::Import { module } => self.import_all(module),
            StmtKind::FromImport { names, .. } => self.import_names(names),
            StmtKind::Export(inner) => self.statement(inner),
            StmtKind::If { branches, otherwise } => {
                for branch in branches {
                    self.expr(branch.condition);
                    self.block(&branch.body);
                }
                if let Some(block) = otherwise {
                    self.block(&block);
                }
            }
            StmtKind::While { condition, ref body } => {
                self.enter_loop();
                self.expr(condition);
                self.block(body);
                self.leave_loop();
            }
            StmtKind::Loop { ref body } => {
                self.enter_loop();
                self.block(body);
                self.leave_loop();
            }
            StmtKind::For { variable, iterable, ref body, .. } => {
                self.expr(iterable);
                self.enter_loop();
                self.block_with(body, Some(variable));
                self.leave_loop();
            }
            StmtKind::Match { subject, cases, ref default } => {
                self.expr(subject);
                self.cases(cases, default.as_ref());
            }
            StmtKind::Try { ref body, error, ref handler } => {
                self.guarded(body);
                self.block_with(handler, error);
            }
            StmtKind::Return(value) => {
                if let Some(value) = value {
                    self.expr(value);
                }
            }
            StmtKind::Break | StmtKind::Continue => {
                if self.loops.is_empty() {
                    let word = if matches!(statement.kind, StmtKind::Break) { "break" } else { "continue" };
                    self.error(format!("{word} can only be used inside a loop"), statement.span);
                }
            }
            StmtKind::Spawn(function) => {
                self.nested(function);
            }
            StmtKind::Test { .. } => {}
            StmtKind::Expr(value) => self.expr(value),
        }
    }

    fn made_by(&mut self, name: Name, value: &Expr<'a>) {
        if let ExprKind::Function(function) = value.kind {
            self.made_with(name, self.unit.function(function.id));
        }
    }

    fn steps(&mut self, path: Path<'a>) {
        for step in path.steps {
            if let Step::Index { index, .. } = step {
                self.expr(index);
            }
        }
    }

    pub(super) fn block(&mut self, block: &Block<'a>) {
        self.block_with(block, None);
    }

    /// A block that opens a scope, with a variable in it.
    fn block_with(&mut self, block: &Block<'a>, variable: Option<Name>) {
        let outer = self.scope;
        self.open(self.unit.scope(block.id));
        if let Some(variable) = variable {
            self.redeclare(variable);
        }
        self.statements(block.statements);
        self.scope = outer;
    }

    fn guarded(&mut self, body: &Block<'a>) {
        let outer = self.scope;
        self.open(self.unit.scope(body.id));
        self.statements(body.statements);
        self.scope = outer;
    }

    fn enter_loop(&mut self) {
        self.loops.push(self.loop_ends.len() as u32);
        self.loop_ends.push(super::state::NEVER);
    }

    fn leave_loop(&mut self) {
        let end = self.tick();
        if let Some(index) = self.loops.pop() {
            self.loop_ends[index as usize] = end;
        }
    }

    fn structure(&mut self, decl: &'a StructDecl<'a>) {
        self.structs.entry(decl.name.symbol).or_default().push(decl);
        for field in decl.fields {
            if let Some(default) = field.default {
                self.nested(default);
            }
        }
        for &method in decl.methods {
            self.overloads |= method.name.is_some_and(|name| self.interner.name(name).starts_with("op_"));
            if method.kind == FunctionKind::Generator {
                let name = method.name.map_or("", |name| self.interner.name(name));
                let message = format!(
                    "Generator methods are not supported for structs: {}.{name}",
                    self.interner.name(decl.name.symbol)
                );
                self.error(message, method.span);
            }
            let key = self.nested(method);
            self.functions[key.index()].owner = Some(decl.name.symbol);
            if !method.params.iter().any(|param| param.is_self) {
                self.functions[key.index()].fields = decl.fields;
            }
        }
    }

    /// The cases of a `match` run one or the other, in the scope around them.
    fn cases(&mut self, cases: &'a [Case<'a>], default: Option<&Block<'a>>) {
        self.open_matches += 1;
        let mut ends: Vec<Vec<(BindingId, Defined, Kinds)>> = Vec::new();
        for case in cases {
            let mark = self.undo.len();
            if let MatchPattern::Tag { names, .. } = case.pattern {
                self.payload(names);
            }
            if let Some(guard) = case.guard {
                self.expr(guard);
            }
            self.statements(case.body.statements);
            ends.push(self.rewind(mark));
        }
        let mark = self.undo.len();
        if let Some(default) = default {
            self.statements(default.statements);
        }
        ends.push(self.rewind(mark));
        self.open_matches -= 1;
        self.join(&ends);
    }

    /// Takes back what was defined since `mark`; returns the changed bindings with their last states.
    fn rewind(&mut self, mark: usize) -> Vec<(BindingId, Defined, Kinds)> {
        let mut changed: Vec<(BindingId, Defined, Kinds)> = Vec::new();
        while self.undo.len() > mark {
            let Some((binding, defined, kinds, yes_at)) = self.undo.pop() else { break };
            let info = &mut self.bindings[binding.index()];
            if !changed.iter().any(|&(seen, ..)| seen == binding) {
                changed.push((binding, info.defined, info.kinds));
            }
            info.defined = defined;
            info.kinds = kinds;
            info.yes_at = yes_at;
        }
        changed
    }

    /// After a `match`: certainly defined is what every way through defines.
    fn join(&mut self, ends: &[Vec<(BindingId, Defined, Kinds)>]) {
        let mut touched: Vec<BindingId> = ends.iter().flatten().map(|&(binding, ..)| binding).collect();
        touched.sort_unstable();
        touched.dedup();
        for binding in touched {
            let info = &self.bindings[binding.index()];
            let before = (info.defined, info.kinds);
            let mut kinds = Kinds::NONE;
            let (mut least, mut most) = (Defined::Yes, Defined::No);
            for end in ends {
                let found = end.iter().find(|(changed, ..)| *changed == binding);
                let (defined, how) = found.map_or(before, |&(_, defined, how)| (defined, how));
                kinds = kinds.union(how);
                least = least.min(defined);
                most = most.max(defined);
            }
            let defined = if least == Defined::Yes || most == Defined::No { least } else { Defined::Maybe };
            if (defined, kinds) == before {
                continue;
            }
            self.define(binding, kinds, defined);
            self.bindings[binding.index()].kinds = kinds;
        }
    }

    /// The payload names of a tag pattern. A single name `w` also binds `w_1`, `w_2` ...
    fn payload(&mut self, names: &'a [Name]) {
        for &name in names {
            if self.interner.name(name.symbol) != "_" {
                self.redeclare(name);
            }
        }
        if let [single] = names {
            let found = self.numbered_words(*single);
            let mut bound = Vec::new();
            for (number, symbol) in found {
                let binding = self.binding_in(self.scope, symbol);
                self.define(binding, Kinds::MUT, Defined::Maybe);
                bound.push((number, binding));
            }
            if !bound.is_empty() {
                self.numbered.insert(self.unit_name(*single), bound);
            }
        }
    }

    fn unit_name(&self, name: Name) -> u32 {
        self.unit.names + name.id.0
    }

    fn numbered_words(&mut self, name: Name) -> Vec<(u32, Symbol)> {
        let interner = self.interner;
        let words = self.numbered_words.get_or_insert_with(|| {
            let mut words: rustc_hash::FxHashMap<&str, Vec<(u32, Symbol)>> = Default::default();
            for symbol in interner.symbols() {
                let Some((stem, digits)) = interner.name(symbol).rsplit_once('_') else { continue };
                let Ok(number) = digits.parse::<u32>() else { continue };
                if number > 0 && number.to_string() == digits {
                    words.entry(stem).or_default().push((number, symbol));
                }
            }
            words
        });
        words.get(interner.name(name.symbol)).cloned().unwrap_or_default()
    }
}
