//! In which order function bodies are walked, and from when on each can run.
//!
//! A function is walked after the function around it. A function declared at the top level can run no earlier than the first mention
//! of its name by something that runs: mentions found in the top level carry their own moment, mentions found in a function
//! the moment from which that function runs. The queue hands out the smallest moment first, so each function is walked once,
//! with the right one.

use super::state::{Defined, Kinds, NEVER, Walker};
use super::{BindingId, FunctionKey, ResolveOptions, Unit};
use crate::syntax::ast::{Function, Program, StmtKind};
use std::cmp::Reverse;

impl<'a> Walker<'a, '_> {
    /// Walks everything that can run.
    pub(super) fn run(&mut self, program: &Program<'a>, options: &ResolveOptions<'_, 'a>) {
        self.declare_prelude(options.prelude.len());
        let first = 1 + options.prelude.len();
        self.declare_modules(options.modules, first);
        self.declare_imports(Unit::default(), program, options.imports);
        self.program(Unit::default(), program, options.tests);
        for (index, module) in options.modules.iter().enumerate() {
            if !module.refused {
                let (unit, program) = self.units[first + index];
                self.program(unit, &program, false);
            }
        }
    }

    /// Walks one program: its top level, then its functions.
    fn program(&mut self, unit: Unit, program: &Program<'a>, tests: bool) {
        self.unit = unit;
        self.top = unit.function(program.main.id);
        self.current = self.top;
        self.main_scope = unit.scope(program.main.body.id);
        self.scope = self.main_scope;
        self.tops.insert(self.scope, 0);
        let state = &mut self.functions[self.top.index()];
        state.node = Some(program.main);
        state.unit = unit;
        state.scheduled = true;
        self.scopes[self.main_scope.index()].function = self.top;
        self.hoist(program.main);
        self.statements(program.main.body.statements);
        if tests {
            self.test_blocks(program.main.body.statements);
        }
        self.drain();
        self.reach_the_rest();
    }

    /// Gives the functions of the prelude programs their names. They are walked when mentioned.
    fn declare_prelude(&mut self, count: usize) {
        for index in 1..1 + count {
            let (unit, program) = self.units[index];
            let main = unit.function(program.main.id);
            let scope = unit.scope(program.main.body.id);
            self.scopes[scope.index()].function = main;
            for statement in program.main.body.statements {
                let StmtKind::Function { name, function } = statement.kind else { continue };
                let key = unit.function(function.id);
                let binding = self.binding_in(scope, name.symbol);
                self.bindings[binding.index()].functions.push(key);
                let state = &mut self.functions[key.index()];
                state.node = Some(function);
                state.unit = unit;
                self.prelude.insert(name.symbol, binding);
            }
        }
    }

    /// The functions declared at the top level have their values from the start.
    fn hoist(&mut self, main: &Function<'a>) {
        for statement in main.body.statements {
            let kind = match statement.kind {
                StmtKind::Export(inner) => inner.kind,
                kind => kind,
            };
            let StmtKind::Function { name, function } = kind else { continue };
            let binding = self.binding_in(self.scope, name.symbol);
            let key = self.unit.function(function.id);
            let info = &mut self.bindings[binding.index()];
            info.functions.push(key);
            info.defined = Defined::Yes;
            info.kinds = Kinds::MUT;
            info.all_kinds = Kinds::MUT;
            info.yes_at = 0;
            info.ever = true;
            let state = &mut self.functions[key.index()];
            state.node = Some(function);
            state.unit = self.unit;
            state.parent = Some(self.current);
            state.scope_around = Some(self.scope);
        }
    }

    /// The name of functions declared at the top level (or of a prelude function) was mentioned by the current function.
    pub(super) fn mention(&mut self, binding: BindingId) {
        let from = match self.current {
            current if current == self.top => self.now,
            current => self.functions[current.index()].runs_from,
        };
        for index in 0..self.bindings[binding.index()].functions.len() {
            let key = self.bindings[binding.index()].functions[index];
            self.schedule(key, from, from);
        }
    }

    /// A function expression, nested declaration, method or other function body of the current function.
    pub(super) fn nested(&mut self, function: &'a Function<'a>) -> FunctionKey {
        let created = self.tick();
        let key = self.unit.function(function.id);
        let from = match self.current {
            current if current == self.top => created,
            current => self.functions[current.index()].runs_from,
        };
        let state = &mut self.functions[key.index()];
        state.node = Some(function);
        state.unit = self.unit;
        state.parent = Some(self.current);
        state.scope_around = Some(self.scope);
        self.schedule(key, created, from);
        key
    }

    fn schedule(&mut self, key: FunctionKey, created: u32, from: u32) {
        let state = &mut self.functions[key.index()];
        if state.scheduled && from >= state.runs_from {
            return;
        }
        state.scheduled = true;
        state.created = created;
        state.runs_from = from;
        self.queued += 1;
        self.queue.push(Reverse((from, self.queued, key)));
    }

    fn drain(&mut self) {
        while let Some(Reverse((from, _, key))) = self.queue.pop() {
            if self.functions[key.index()].runs_from == from {
                self.function(key);
            }
        }
    }

    /// Top-level functions nothing mentions can only be called from outside, after the program: all it defines is there.
    fn reach_the_rest(&mut self) {
        let end = self.tick();
        for index in 1..self.functions.len() {
            let state = &self.functions[index];
            if state.node.is_some() && state.parent == Some(self.top) && !state.scheduled {
                self.schedule(FunctionKey(index as u32), end, end);
            }
        }
        self.drain();
    }

    /// Walks the body of a function.
    fn function(&mut self, key: FunctionKey) {
        let state = self.functions[key.index()].clone();
        let Some(node) = state.node else { return };
        self.unit = state.unit;
        self.current = key;
        debug_assert!(self.loops.is_empty() && self.open_matches == 0);
        let scope = self.unit.scope(node.body.id);
        self.scopes[scope.index()] =
            super::state::ScopeState { parent: state.scope_around, function: key, mask: 0, loop_depth: 0, depth: 0 };
        self.scope = scope;
        for param in node.params {
            let binding = self.binding_in(scope, param.name.symbol);
            if self.bindings[binding.index()].defined == Defined::Yes {
                let name = self.interner.name(param.name.symbol);
                self.error(format!("Duplicate declaration in the same scope: {name}"), param.name.span);
            }
            self.redeclare(param.name);
        }
        for field in state.fields {
            let binding = self.binding_in(scope, field.name.symbol);
            if self.bindings[binding.index()].defined == Defined::No {
                self.define(binding, Kinds::MUT, Defined::Maybe);
                self.fields.push((key, binding));
            }
        }
        self.statements(node.body.statements);
    }

    /// The latest end of the loops around the last assignment of a binding, inside its scope: it may run again until then.
    pub(super) fn last_change(&self, binding: BindingId) -> u32 {
        let info = &self.bindings[binding.index()];
        match info.last_loop {
            NEVER => info.last_assigned,
            index => info.last_assigned.max(self.loop_ends[index as usize]),
        }
    }
}
