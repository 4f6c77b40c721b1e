//! Imports. The first one of a module calls its top level, like a function; exports are read from the module's variables.

use super::Interpreter;
use super::frame::{Fault, Todo};
use super::names::Import;
use crate::base::source::Span;
use crate::resolve::{ImportTarget, Storage};
use crate::runtime::dict::{self, Key};
use crate::runtime::error::Raised;
use crate::syntax::ast::{Ident, Name, Stmt, StmtKind};
use std::rc::Rc;

impl<'a> Interpreter<'_, 'a> {
    /// `import m`, `from m import x`: runs the module, unless it has run.
    pub(super) fn import(&mut self, statement: &'a Stmt<'a>) -> Result<(), Fault> {
        let span = statement.span;
        let first = match statement.kind {
            StmtKind::Import { module } => Some(module),
            StmtKind::FromImport { names, .. } => names.first().copied(),
            _ => None,
        };
        let Some(first) = first else { return Ok(()) };
        let unit = self.frame().unit;
        let number = match self.script.resolution.import(unit, first) {
            Some(&ImportTarget::Module(number)) => number,
            Some(ImportTarget::Failure(failure)) => return Err(Fault::message(&*failure.message, span)),
            None => return Err(Fault::message("Module not found", span)),
        };
        match self.globals.module(number).get() {
            Import::Done => self.bind(statement, number),
            Import::Running => Err(self.import_cycle(number, span)),
            Import::Never => {
                self.globals.module(number).set(Import::Running);
                self.todo(Todo::Imported(statement, number));
                let top = self.script.resolution.modules()[number].top;
                self.enter(top, None, Vec::new(), span)
            }
        }
    }

    /// The top level of a module has returned.
    pub(super) fn imported(&mut self, statement: &'a Stmt<'a>, number: usize) -> Result<(), Fault> {
        self.globals.module(number).set(Import::Done);
        self.bind(statement, number)
    }

    fn bind(&mut self, statement: &'a Stmt<'a>, number: usize) -> Result<(), Fault> {
        match statement.kind {
            StmtKind::Import { module } => {
                self.bind_all(module);
                Ok(())
            }
            StmtKind::FromImport { path, names } => self.bind_names(path, names, number),
            _ => Ok(()),
        }
    }

    /// Binds every export that has a value, and the module as a dict of them.
    fn bind_all(&mut self, module: Name) {
        let unit = self.frame().unit;
        let mut members = dict::new();
        for bound in self.script.resolution.bound(unit, module) {
            let Some(value) = bound.export.binding.and_then(|source| self.peek(source)) else { continue };
            if let Some(mut members) = members.as_dict_mut() {
                members.insert(Key::text(self.text(bound.export.name)), value.clone());
            }
            self.set(bound.binding, value);
        }
        self.redeclare(module, members);
    }

    /// Binds some exports; nothing unless it can be all of them.
    fn bind_names(&mut self, path: &[Ident], names: &[Name], number: usize) -> Result<(), Fault> {
        let mut found = Vec::new();
        for &name in names {
            let exports = &self.script.resolution.modules()[number].exports;
            let export = exports.iter().find(|export| export.name == name.symbol);
            let value = export.and_then(|export| export.binding).and_then(|source| self.peek(source));
            match (export.map(|export| export.binding), value) {
                (Some(Some(_)), Some(value)) => found.push((name, value)),
                (Some(None), _) => {}
                _ => {
                    let module = path.iter().map(|segment| self.text(segment.symbol)).collect::<Vec<_>>().join(".");
                    let text = format!("Symbol '{}' not found in module '{module}'", self.text(name.symbol));
                    return Err(Fault::message(text, name.span));
                }
            }
        }
        for (name, value) in found {
            self.redeclare(name, value);
        }
        Ok(())
    }

    /// The error of an import of a module whose top level is running.
    fn import_cycle(&self, number: usize, span: Span) -> Fault {
        let modules = self.script.resolution.modules();
        let name = &modules[number].name;
        let running = self.frames.iter().filter_map(|frame| modules.iter().find(|module| module.top == frame.key));
        let mut chain: Vec<Rc<str>> = running.map(|module| module.name.clone()).collect();
        match chain.iter().rposition(|running| running == name) {
            Some(first) => drop(chain.drain(..first)),
            // Some other task is importing it.
            None => chain = vec![name.clone()],
        }
        chain.push(name.clone());
        Fault::message(format!("Circular import detected: {}", chain.join(" -> ")), span)
    }

    /// An error leaves the last frame: if that is the top level of a module, the module was not imported, and the error says so.
    pub(super) fn leave_module(&mut self, raised: &mut Raised, catchable: bool) {
        let key = self.frame().key;
        let resolution = self.script.resolution;
        let Some(number) = resolution.modules().iter().position(|module| module.top == key) else { return };
        let module = &resolution.modules()[number];
        self.globals.module(number).set(Import::Never);
        let (unit, node) = (self.frame().unit, self.frame().node);
        let scope = unit.scope(node.body.id);
        for id in self.scopes.get(&scope).cloned().unwrap_or_default() {
            if !matches!(resolution.binding(id).storage, Storage::Function(_)) {
                self.unset_global(id);
            }
        }
        if catchable {
            let text = format!("Failed to evaluate module '{}': {}", module.name, raised.error.text());
            raised.error = raised.error.reworded(&text);
        }
    }
}
