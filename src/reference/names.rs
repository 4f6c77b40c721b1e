//! Variables. An occurrence means the innermost of its bindings that has a value at this moment.

use super::Interpreter;
use super::frame::Fault;
use crate::base::intern::Symbol;
use crate::base::source::Span;
use crate::resolve::{BindingId, Candidate, Fallback, Mutability, NameInfo, ScopeKey};
use crate::runtime::builtins;
use crate::runtime::cell;
use crate::runtime::value::Value;
use crate::syntax::ast::{BlockId, Name};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Whether a module has been imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Import {
    /// Not yet.
    Never,
    /// Its top level runs.
    Running,
    /// Its top level has returned.
    Done,
}

/// The variables of the top levels, by binding, and which modules are there. Each task has its own.
pub(super) struct Globals {
    slots: RefCell<Vec<Option<Value>>>,
    modules: Vec<Cell<Import>>,
}

impl Globals {
    pub fn new(bindings: usize, modules: usize) -> Globals {
        let modules = vec![Cell::new(Import::Never); modules];
        Globals { slots: RefCell::new(vec![None; bindings]), modules }
    }

    /// A copy for a task.
    pub fn copy(&self) -> Globals {
        Globals { slots: RefCell::new(self.slots.borrow().clone()), modules: self.modules.clone() }
    }

    fn get(&self, id: BindingId) -> Option<Value> {
        self.slots.borrow()[id.index()].clone()
    }

    fn set(&self, id: BindingId, value: Option<Value>) {
        // The old value is dropped when the slots can be used again.
        let old = std::mem::replace(&mut self.slots.borrow_mut()[id.index()], value);
        drop(old);
    }

    pub fn module(&self, number: usize) -> &Cell<Import> {
        &self.modules[number]
    }
}

impl<'s> Interpreter<'s, '_> {
    pub(super) fn set_globals(&mut self, globals: Rc<Globals>) {
        self.globals = globals;
    }

    /// The text of a word.
    pub(super) fn text(&self, symbol: Symbol) -> &'s str {
        self.script.interner.name(symbol)
    }

    /// The answer for an occurrence in the running function.
    pub(super) fn info(&mut self, name: Name) -> NameInfo {
        let unit = self.frame().unit;
        self.script.resolution.name(unit, name)
    }

    pub(super) fn candidates(&self, info: NameInfo) -> &'s [Candidate] {
        self.script.resolution.candidates(info)
    }

    fn is_global(&self, id: BindingId) -> bool {
        self.tops.contains(&self.script.resolution.binding(id).scope)
    }

    /// The value of a binding, if it has one.
    pub(super) fn peek(&self, id: BindingId) -> Option<Value> {
        if self.is_global(id) {
            return self.globals.get(id);
        }
        if let Some(value) = self.prelude.get(&id) {
            return Some(value.clone());
        }
        cell::get(self.frames.last()?.variables.get(&id)?)
    }

    /// Gives a binding a value.
    pub(super) fn set(&mut self, id: BindingId, value: Value) {
        if self.is_global(id) {
            return self.globals.set(id, Some(value));
        }
        let cell = self.frame().variables.entry(id).or_insert_with(cell::unassigned).clone();
        cell::set(&cell, value);
    }

    /// Takes the value of a variable out, for [`Self::set`] to put it back before anybody looks.
    pub(super) fn lend(&mut self, id: BindingId) -> Value {
        let value = self.peek(id).unwrap_or(Value::NULL);
        self.set(id, Value::NULL);
        value
    }

    /// A binding has no value any more.
    pub(super) fn unset_global(&mut self, id: BindingId) {
        self.globals.set(id, None);
    }

    /// The first binding that has a value.
    pub(super) fn target(&mut self, name: Name) -> Option<Candidate> {
        let info = self.info(name);
        self.candidates(info).iter().copied().find(|candidate| self.peek(candidate.binding).is_some())
    }

    /// Reads a variable.
    pub(super) fn read(&mut self, name: Name) -> Result<Value, Fault> {
        let info = self.info(name);
        let found = self.candidates(info).iter().find_map(|candidate| self.peek(candidate.binding));
        let value = found.or_else(|| match info.fallback {
            Fallback::Raise => None,
            Fallback::Builtin(id) => builtins::function_value(id),
            Fallback::Float(value) => Some(Value::float(value)),
        });
        value.ok_or_else(|| self.undefined(name))
    }

    /// Reads a variable that is about to be assigned: builtins do not count.
    pub(super) fn read_variable(&mut self, name: Name) -> Result<Value, Fault> {
        let found = self.target(name).and_then(|candidate| self.peek(candidate.binding));
        found.ok_or_else(|| self.undefined(name))
    }

    pub(super) fn undefined(&self, name: Name) -> Fault {
        Fault::message(format!("Undefined variable: {}", self.text(name.symbol)), name.span)
    }

    pub(super) fn immutable(&self, verb: &str, name: Name, how: Mutability, span: Span) -> Fault {
        let kind = if how == Mutability::Const { "const" } else { "immutable let" };
        Fault::message(format!("Cannot {verb} {kind} binding: {}", self.text(name.symbol)), span)
    }

    /// `x := e`
    pub(super) fn assign(&mut self, name: Name, value: Value, span: Span) -> Result<(), Fault> {
        match self.target(name) {
            Some(candidate) if candidate.mutability == Mutability::Mutable => self.set(candidate.binding, value),
            Some(candidate) => return Err(self.immutable("reassign", name, candidate.mutability, span)),
            None => match self.info(name).binding {
                Some(binding) => self.set(binding, value),
                None => return Err(self.undefined(name)),
            },
        }
        Ok(())
    }

    /// `let x := e` and its like.
    pub(super) fn declare(&mut self, name: Name, value: Value, span: Span) -> Result<(), Fault> {
        let Some(binding) = self.info(name).binding else { return Ok(()) };
        if self.peek(binding).is_some() {
            let text = format!("Duplicate declaration in the same scope: {}", self.text(name.symbol));
            return Err(Fault::message(text, span));
        }
        self.set(binding, value);
        Ok(())
    }

    /// Declarations that replace: functions, loop variables, error variables, imports, payloads.
    pub(super) fn redeclare(&mut self, name: Name, value: Value) {
        if let Some(binding) = self.info(name).binding {
            self.set(binding, value);
        }
    }

    /// Enters a scope: all its variables are new.
    pub(super) fn open_scope(&mut self, block: BlockId) {
        let scope = self.frame().unit.scope(block);
        self.open_scope_key(scope);
    }

    pub(super) fn open_scope_key(&mut self, scope: ScopeKey) {
        let Some(bindings) = self.scopes.get(&scope) else { return };
        for &id in bindings {
            if self.tops.contains(&scope) {
                self.globals.set(id, None);
            } else if let Some(frame) = self.frames.last_mut() {
                frame.variables.insert(id, cell::unassigned());
            }
        }
    }
}
