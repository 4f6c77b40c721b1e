//! Statements.

use super::Interpreter;
use super::frame::{Fault, Todo};
use crate::runtime::value::Value;
use crate::syntax::ast::{Block, Branch, Expr, Stmt, StmtKind};

impl<'a> Interpreter<'_, 'a> {
    /// Begins to run a statement.
    pub(super) fn statement(&mut self, statement: &'a Stmt<'a>) -> Result<(), Fault> {
        match statement.kind {
            StmtKind::Declare { value, .. } | StmtKind::Destructure { value, .. } => self.then_finish(statement, value),
            StmtKind::Assign { .. } | StmtKind::AssignPath { .. } | StmtKind::AssignOp { .. } => {
                self.assignment(statement);
            }
            StmtKind::Function { name, function } => {
                let key = self.frame().unit.function(function.id);
                let value = match self.functions.get(&key) {
                    Some(value) => value.clone(),
                    None => self.closure(function),
                };
                self.redeclare(name, value);
            }
            StmtKind::Struct(decl) => self.struct_declaration(decl),
            StmtKind::Enum { .. } | StmtKind::Test { .. } => {}
            StmtKind::Import { .. } | StmtKind::FromImport { .. } => self.import(statement)?,
            StmtKind::Export(inner) => self.statement(inner)?,
            StmtKind::If { branches, ref otherwise } => {
                self.todo(Todo::If(branches, otherwise.as_ref()));
                self.todo(Todo::Expr(branches[0].condition));
            }
            StmtKind::While { .. } | StmtKind::Loop { .. } => self.todo(Todo::Loop(statement)),
            StmtKind::For { iterable, .. } => self.for_statement(statement, iterable),
            StmtKind::Match { subject, .. } => self.then_finish(statement, subject),
            StmtKind::Try { ref body, .. } => {
                self.todo(Todo::Handler(statement));
                self.block(body);
            }
            StmtKind::Return(Some(value)) => self.then_finish(statement, value),
            StmtKind::Return(None) => self.leave(Value::NULL),
            StmtKind::Break => {
                self.unwind_to_loop();
                self.frame().todo.pop();
            }
            StmtKind::Continue => self.unwind_to_loop(),
            StmtKind::Spawn(function) => {
                let closure = self.closure(function);
                self.spawn(&closure);
            }
            StmtKind::Expr(value) => {
                self.todo(Todo::Forget);
                self.todo(Todo::Expr(value));
            }
        }
        Ok(())
    }

    fn then_finish(&mut self, statement: &'a Stmt<'a>, value: &'a Expr<'a>) {
        self.todo(Todo::Finish(statement));
        self.todo(Todo::Expr(value));
    }

    /// The operands of a statement are there.
    pub(super) fn finish(&mut self, statement: &'a Stmt<'a>) -> Result<(), Fault> {
        let span = statement.span;
        match statement.kind {
            StmtKind::Declare { name, .. } => {
                let value = self.pop();
                self.declare(name, value, span)
            }
            StmtKind::Destructure { pattern, .. } => {
                let value = self.pop();
                self.destructure(pattern, value, span)
            }
            StmtKind::Assign { name, .. } => {
                let value = self.pop();
                self.assign(name, value, span)
            }
            StmtKind::AssignPath { path, .. } => {
                let keys = self.pop_keys(path);
                let value = self.pop();
                self.write(path, &keys, value, span)
            }
            StmtKind::AssignOp { .. } => self.finish_operator(statement),
            StmtKind::Match { cases, ref default, .. } => {
                let subject = self.pop();
                self.todo(Todo::Cases(cases, default.as_ref(), subject));
                Ok(())
            }
            StmtKind::Return(_) => {
                let value = self.pop();
                self.leave(value);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Runs a block that opens a scope.
    pub(super) fn block(&mut self, block: &'a Block<'a>) {
        self.open_scope(block.id);
        self.todo(Todo::Statements(block.statements));
    }

    pub(super) fn branch(&mut self, branches: &'a [Branch<'a>], otherwise: Option<&'a Block<'a>>) {
        let [first, rest @ ..] = branches else { return };
        if self.pop_truth() {
            return self.block(&first.body);
        }
        match (rest, otherwise) {
            ([next, ..], _) => {
                self.todo(Todo::If(rest, otherwise));
                self.todo(Todo::Expr(next.condition));
            }
            ([], Some(block)) => self.block(block),
            ([], None) => {}
        }
    }

    /// Gives up what is to be done in the innermost loop's body.
    fn unwind_to_loop(&mut self) {
        let todo = &mut self.frame().todo;
        let is_loop =
            |todo: &Todo<'_>| matches!(todo, Todo::Loop(_) | Todo::Count(..) | Todo::Over(..) | Todo::Demand(..));
        while todo.last().is_some_and(|last| !is_loop(last)) {
            todo.pop();
        }
    }
}
