//! Errors: where they are reported, which functions were active, and who handles them.

use super::Interpreter;
use super::frame::{Callers, Fault, Role, Todo};
use super::generator::Generator;
use crate::base::source::Span;
use crate::resolve::FunctionKey;
use crate::runtime::error::{Raised, RuntimeError, Thrown, error_struct};
use crate::runtime::trace::{self, Name, Names, Trace, Walk};
use crate::syntax::ast::{Function, FunctionRole, Stmt, StmtKind};
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// How a run ended.
#[derive(Debug)]
pub enum Ending {
    /// The top level returned.
    Finished,
    /// `exit(code)`.
    Exit(i32),
    /// An error nobody caught, or a stop.
    Error(Raised),
}

impl<'a> Interpreter<'_, 'a> {
    /// Whether a function stands for a builtin.
    pub(super) fn is_hidden(&self, node: &Function) -> bool {
        self.script.hidden.contains(&node.span.source)
    }

    /// The names of the functions in traces: not those of the top levels, nor of what evaluates a default.
    fn names(&mut self) -> Rc<Names> {
        if let Some(names) = &self.names {
            return names.clone();
        }
        let resolution = self.script.resolution;
        let count = resolution.functions().last().map_or(0, |key| key.0 + 1);
        let modules: FxHashSet<FunctionKey> = resolution.modules().iter().map(|module| module.top).collect();
        let name = |key| match resolution.function(key).node.map(|node| node.role) {
            _ if modules.contains(&key) => Name::Module,
            None | Some(FunctionRole::Main | FunctionRole::Test | FunctionRole::FieldDefault) => Name::Hidden,
            Some(_) => Name::Shown(self.name_of(key)),
        };
        let names = Rc::new(Names::new((0..count).map(FunctionKey).map(name)));
        self.names = Some(names.clone());
        names
    }

    /// Functions that stand for builtins are no part of the stack, and errors in them are reported at the call that entered them.
    fn trace(&mut self, span: Span) -> Trace {
        let mut walk = Walk::default();
        let mut outer = None;
        for (index, frame) in self.frames.iter().enumerate().rev() {
            let span = if index + 1 == self.frames.len() { span } else { frame.at };
            let function = frame.key.0;
            let shown = (!self.is_hidden(frame.node)).then_some(trace::Frame { function, span });
            walk.step(index, shown, matches!(frame.role, Role::Async { .. }));
            if let Callers::Known(callers) = &frame.callers {
                outer = callers.clone();
                break;
            }
            if matches!(frame.role, Role::Async { called: false, .. }) {
                break;
            }
        }
        let frames = &mut self.frames;
        let active = walk.list(outer, |index, callers| frames[index].callers = Callers::Known(callers.clone()));
        Trace::new(active, self.names())
    }

    /// Takes frames away until one handles the error, or none is left.
    pub(super) fn raise(&mut self, fault: Fault) {
        let catchable = !matches!(fault.error, RuntimeError::Exit(_) | RuntimeError::Stop(_));
        let mut raised = Raised::new(fault.error, self.trace(fault.span));
        loop {
            let Some(frame) = self.frames.last_mut() else {
                // Only what cannot be caught leaves a task for the program.
                self.back_to_program();
                continue;
            };
            while let Some(todo) = frame.todo.pop() {
                if let (Todo::Handler(statement), true) = (todo, catchable) {
                    return self.handle(statement, raised);
                }
            }
            self.leave_module(&mut raised, catchable);
            let Some(frame) = self.frames.pop() else { return };
            match frame.role {
                Role::Top => {
                    self.ending = Some(match raised.error {
                        RuntimeError::Exit(code) => Ending::Exit(code),
                        _ => Ending::Error(raised),
                    });
                    return;
                }
                Role::Call => {}
                Role::Generator(number) => drop(self.generators.insert(number, Generator::Finished)),
                Role::Async { promise, called } => {
                    if catchable {
                        let rejection = raised.rejection().unwrap_or_else(|error| Thrown::message(&error.text()));
                        self.settle(promise.clone(), Err(rejection));
                        if called {
                            self.push(promise);
                        }
                        return;
                    }
                }
            }
        }
    }

    fn handle(&mut self, statement: &'a Stmt<'a>, raised: Raised) {
        let StmtKind::Try { error, ref handler, .. } = statement.kind else { return };
        self.frame().values.clear();
        self.open_scope(handler.id);
        let line = self.script.sources.line(raised.trace.span());
        if let (Some(name), Ok(thrown)) = (error, raised.error.into_thrown()) {
            self.redeclare(name, error_struct(thrown.message, line, raised.trace, thrown.cause));
        }
        self.todo(Todo::Statements(handler.statements));
    }
}
