//! Loops. What stands for a loop among the things to be done is its next iteration: `break` takes it away, `continue` goes there.

use super::Interpreter;
use super::frame::{Fault, Todo};
use crate::resolve::Fallback;
use crate::runtime::heap::Kind;
use crate::runtime::iterate;
use crate::runtime::value::Value;
use crate::syntax::ast::{Expr, ExprKind, Stmt, StmtKind};

impl<'a> Interpreter<'_, 'a> {
    /// The next iteration of a `while` or `loop`.
    pub(super) fn iteration(&mut self, statement: &'a Stmt<'a>) {
        self.todo(Todo::Loop(statement));
        match statement.kind {
            StmtKind::While { condition, .. } => {
                self.todo(Todo::Check(statement));
                self.todo(Todo::Expr(condition));
            }
            StmtKind::Loop { ref body } => self.block(body),
            _ => {}
        }
    }

    pub(super) fn check(&mut self, statement: &'a Stmt<'a>) {
        let goes_on = self.pop_truth();
        match statement.kind {
            StmtKind::While { ref body, .. } if goes_on => self.block(body),
            _ => drop(self.frame().todo.pop()),
        }
    }

    /// `for` over `range(a, b)` counts, without an array of all numbers.
    pub(super) fn for_statement(&mut self, statement: &'a Stmt<'a>, iterable: &'a Expr<'a>) {
        if let ExprKind::Call { callee, args, .. } = iterable.kind
            && let ExprKind::Name(name) = callee.kind
            && self.text(name.symbol) == "range"
        {
            let info = self.info(name);
            let is_builtin = self.candidates(info).is_empty() && matches!(info.fallback, Fallback::Builtin(_));
            let by_one = match args {
                [_] | [_, _] => true,
                [_, _, step] => matches!(step.kind, ExprKind::Int(1)),
                _ => false,
            };
            if is_builtin && by_one {
                let bounds = &args[..args.len().min(2)];
                self.todo(Todo::OpenRange(statement, bounds.len()));
                return self.all(bounds.iter().copied());
            }
        }
        self.todo(Todo::Open(statement));
        self.todo(Todo::Expr(iterable));
    }

    pub(super) fn open_range(&mut self, statement: &'a Stmt<'a>, count: usize) -> Result<(), Fault> {
        let StmtKind::For { iterable_start, .. } = statement.kind else { return Ok(()) };
        let bound = |value: &Value| {
            let whole = value.as_int().or_else(|| value.as_float().map(|float| float as i64));
            whole.ok_or_else(|| Fault::message("range() requires numeric arguments", iterable_start))
        };
        let bounds = self.pop_many(count);
        let bounds = bounds.iter().map(bound).collect::<Result<Vec<_>, _>>()?;
        match bounds[..] {
            [limit] => self.todo(Todo::Count(statement, 0, limit)),
            [first, limit] => self.todo(Todo::Count(statement, first, limit)),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn open(&mut self, statement: &'a Stmt<'a>) -> Result<(), Fault> {
        let StmtKind::For { iterable_start, .. } = statement.kind else { return Ok(()) };
        let source = self.pop();
        let iterator = iterate::iterator_open(source).map_err(|error| Self::fault(error, iterable_start))?;
        match iterator.kind() {
            Some(Kind::Generator) => self.todo(Todo::Demand(statement, iterator)),
            _ => self.todo(Todo::Over(statement, iterator)),
        }
        Ok(())
    }

    pub(super) fn count(&mut self, statement: &'a Stmt<'a>, next: i64, limit: i64) {
        if next < limit {
            self.todo(Todo::Count(statement, next + 1, limit));
            self.loop_body(statement, Value::int(next));
        }
    }

    pub(super) fn over(&mut self, statement: &'a Stmt<'a>, iterator: Value) {
        if let Some(value) = iterate::iterator_next(&iterator) {
            self.todo(Todo::Over(statement, iterator));
            self.loop_body(statement, value);
        }
    }

    pub(super) fn demand(&mut self, statement: &'a Stmt<'a>, generator: Value) -> Result<(), Fault> {
        let StmtKind::For { iterable_start, .. } = statement.kind else { return Ok(()) };
        self.todo(Todo::Delivery(statement, generator.clone()));
        self.resume(&generator, iterable_start)
    }

    /// Runs the body of a `for` with the variable's next value.
    pub(super) fn loop_body(&mut self, statement: &'a Stmt<'a>, value: Value) {
        let StmtKind::For { variable, ref body, .. } = statement.kind else { return };
        self.open_scope(body.id);
        self.redeclare(variable, value);
        self.todo(Todo::Statements(body.statements));
    }
}
