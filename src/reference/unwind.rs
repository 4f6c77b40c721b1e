//! Errors: where they are reported, which functions were active, and who handles them.

use super::Interpreter;
use super::frame::{Fault, Role, Todo};
use super::generator::Generator;
use crate::base::source::Span;
use crate::runtime::error::{RuntimeError, error_struct};
use crate::runtime::value::Value;
use crate::syntax::ast::{Function, FunctionRole, Stmt, StmtKind};
use std::rc::Rc;

/// An error on its way: what was raised, where, and who was active.
#[derive(Debug)]
pub struct Raised {
    /// The error.
    pub error: RuntimeError,
    /// Where.
    pub span: Span,
    /// Names of the active functions, outermost first.
    pub stack: Vec<Rc<str>>,
}

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

    /// Functions that stand for builtins are no part of the stack, and errors in them are reported at the call that entered them. The
    /// top levels and what evaluates a default are no part of it either.
    fn trace(&mut self, span: Span) -> (Span, Vec<Rc<str>>) {
        let mut shown = None;
        let mut stack: Vec<Rc<str>> = Vec::new();
        for index in (0..self.frames.len()).rev() {
            let frame = &self.frames[index];
            let at = if index + 1 == self.frames.len() { span } else { frame.at };
            let (node, key) = (frame.node, frame.key);
            let ends = matches!(frame.role, Role::Async { called: false, .. });
            if !self.is_hidden(node) {
                shown.get_or_insert(at);
                if !matches!(node.role, FunctionRole::Main | FunctionRole::Test | FunctionRole::FieldDefault) {
                    let name = self.description(key).name.clone();
                    stack.push(name.unwrap_or_else(|| "<lambda>".into()));
                }
            }
            if ends {
                break;
            }
        }
        stack.reverse();
        (shown.unwrap_or_default(), stack)
    }

    /// Takes frames away until one handles the error, or none is left.
    pub(super) fn raise(&mut self, fault: Fault) {
        let catchable = !matches!(fault.error, RuntimeError::Exit(_) | RuntimeError::Stop(_));
        let (span, stack) = self.trace(fault.span);
        let mut raised = Raised { error: fault.error, span, stack };
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
                        let parts = raised.error.into_parts();
                        let parts = parts.unwrap_or_else(|error| (Value::string(&error.text()), None));
                        self.settle(promise.clone(), Err(parts));
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
        let line = (self.script.line_of)(raised.span);
        let stack = Value::array(raised.stack.iter().map(|name| Value::string(name)).collect());
        if let (Some(name), Ok((message, cause))) = (error, raised.error.into_parts()) {
            self.redeclare(name, error_struct(message, line, stack, cause));
        }
        self.todo(Todo::Statements(handler.statements));
    }
}
