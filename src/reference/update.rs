//! Assignments to variables and paths.
//!
//! `x := push(x, e)` and its like must not copy `x` whenever they run. So where a statement stores what it makes of the very value it
//! replaces, the variable gives the value away for as long as the change takes; nobody can look meanwhile. That is no
//! change of meaning: if the value at the target is another one by then, or anything else is unusual, the general way is taken.

use super::Interpreter;
use super::frame::{Fault, Todo};
use crate::base::operator::BinaryOp;
use crate::base::source::Span;
use crate::resolve::{BindingId, Fallback, Mutability};
use crate::runtime::builtins::{self, Args, BuiltinId};
use crate::runtime::error::RuntimeError;
use crate::runtime::path::{self, Step as Walk};
use crate::runtime::value::Value;
use crate::syntax::ast::{Expr, ExprKind, Path, Step, Stmt, StmtKind};

/// Builtins that change their first argument in place if nobody else has it.
const IN_PLACE: &[&str] = &[
    "push",
    "append",
    "insert",
    "remove",
    "concat",
    "slice",
    "take",
    "skip",
    "sort",
    "reverse",
    "merge",
    "update",
    "set_add",
    "set_remove",
    "queue_enqueue",
    "stack_push",
];

/// A right-hand side that changes what the statement replaces.
enum Change<'a> {
    /// `old + first + more + more`: the operands with their operators' positions.
    Add(Vec<(&'a Expr<'a>, Span)>),
    /// `builtin(old, ...)`
    Builtin(BuiltinId, &'a [&'a Expr<'a>], Span),
}

/// The target and the value of an assignment.
fn parts<'a>(statement: &'a Stmt<'a>) -> Option<(Path<'a>, &'a Expr<'a>)> {
    match statement.kind {
        StmtKind::Assign { name, value } => Some((Path { root: name, steps: &[] }, value)),
        StmtKind::AssignPath { path, value } | StmtKind::AssignOp { path, value, .. } => Some((path, value)),
        _ => None,
    }
}

/// Whether two keys are the same name or literal, which can be evaluated twice.
fn same_key(a: &Expr, b: &Expr) -> bool {
    match (a.kind, b.kind) {
        (ExprKind::Int(a), ExprKind::Int(b)) => a == b,
        (ExprKind::Str(a), ExprKind::Str(b)) => a == b,
        (ExprKind::Name(a), ExprKind::Name(b)) => a.symbol == b.symbol,
        _ => false,
    }
}

/// Whether an expression reads a path whose keys are names and literals.
fn reads(expr: &Expr, path: Path) -> bool {
    let mut current = expr;
    for step in path.steps.iter().rev() {
        current = match (current.kind, step) {
            (ExprKind::Index { object, index, .. }, Step::Index { index: key, .. }) if same_key(index, key) => object,
            (ExprKind::Field { object, name, optional: false }, Step::Field(field)) if name.symbol == field.symbol => {
                object
            }
            _ => return false,
        };
    }
    matches!(current.kind, ExprKind::Name(name) | ExprKind::SelfValue(name) if name.symbol == path.root.symbol)
}

impl<'s, 'a> Interpreter<'s, 'a> {
    /// Begins an assignment of any kind.
    pub(super) fn assignment(&mut self, statement: &'a Stmt<'a>) {
        let Some((path, value)) = parts(statement) else { return };
        if let StmtKind::AssignOp { .. } = statement.kind {
            self.todo(Todo::Finish(statement));
            self.todo(Todo::Expr(value));
            self.todo(Todo::ReadOld(statement));
            return self.keys(path);
        }
        match self.change(statement) {
            Some(Change::Add(operands)) => {
                self.todo(Todo::Update(statement));
                self.todo(Todo::Expr(operands[0].0));
                let mut old = value;
                while let ExprKind::Binary { op: BinaryOp::Add, left, .. } = old.kind {
                    old = left;
                }
                self.todo(Todo::Expr(old));
            }
            Some(Change::Builtin(_, args, _)) => {
                self.todo(Todo::Update(statement));
                self.all(args.iter().copied());
            }
            None => {
                self.todo(Todo::Finish(statement));
                self.keys(path);
                self.todo(Todo::Expr(value));
            }
        }
    }

    fn keys(&mut self, path: Path<'a>) {
        self.all(
            path.steps
                .iter()
                .rev()
                .filter_map(|step| match *step {
                    Step::Index { index, .. } => Some(index),
                    Step::Field(_) => None,
                })
                .rev(),
        );
    }

    pub(super) fn pop_keys(&mut self, path: Path<'a>) -> Vec<Value> {
        let count = path.steps.iter().filter(|step| matches!(step, Step::Index { .. })).count();
        self.pop_many(count)
    }

    fn walk<'k>(&self, path: Path<'a>, keys: &'k [Value]) -> Vec<Walk<'k>>
    where
        's: 'k,
    {
        let mut keys = keys.iter();
        let steps = path.steps.iter().map(|step| match step {
            Step::Index { .. } => Walk::Index(keys.next().expect("a key for each index step")),
            Step::Field(name) => Walk::Field(self.text(name.symbol)),
        });
        steps.collect()
    }

    /// Stores at the end of a path.
    pub(super) fn write(&mut self, path: Path<'a>, keys: &[Value], value: Value, span: Span) -> Result<(), Fault> {
        let target = self.target(path.root).ok_or_else(|| self.undefined(path.root))?;
        if target.mutability != Mutability::Mutable {
            return Err(self.immutable("mutate", path.root, target.mutability, span));
        }
        let steps = self.walk(path, keys);
        let mut root = self.lend(target.binding);
        let result = path::set_path(&mut root, &steps, value);
        self.set(target.binding, root);
        result.map_err(|error| Self::fault(error, span))
    }

    /// `path op= e`: the keys are there, the old value is read.
    pub(super) fn read_old(&mut self, statement: &'a Stmt<'a>) -> Result<(), Fault> {
        let StmtKind::AssignOp { path, .. } = statement.kind else { return Ok(()) };
        let keys = self.pop_keys(path);
        let mut value = self.read_variable(path.root)?;
        for (step, walk) in path.steps.iter().zip(self.walk(path, &keys)) {
            let (read, span) = match (walk, step) {
                (Walk::Index(key), Step::Index { bracket, .. }) => (path::index_get(&value, key), *bracket),
                (Walk::Field(name), Step::Field(field)) => (path::field_get(&value, name), field.span),
                _ => continue,
            };
            value = read.map_err(|error| Self::fault(error, span))?;
        }
        self.frame().values.extend(keys);
        self.push(value);
        Ok(())
    }

    /// `path op= e`: the keys, the old value and the operand are there.
    pub(super) fn finish_operator(&mut self, statement: &'a Stmt<'a>) -> Result<(), Fault> {
        let StmtKind::AssignOp { path, op, op_span, .. } = statement.kind else { return Ok(()) };
        let (operand, mut old) = (self.pop(), self.pop());
        if old.as_struct().is_none() {
            let keys = self.pop_keys(path);
            let steps = self.walk(path, &keys);
            match self.lent(path, &steps, old) {
                Ok(binding) => {
                    let mut span = statement.span;
                    let result = self.change_in_place(binding, &steps, |place| {
                        let result = path::operate(place, op, &operand);
                        span = if result.is_err() { op_span } else { span };
                        result
                    });
                    return result.map_err(|error| Self::fault(error, span));
                }
                Err(kept) => old = kept,
            }
            self.frame().values.extend(keys);
        }
        self.todo(Todo::Store(statement));
        self.binary(op, old, operand, op_span)
    }

    /// `path op= e`: the keys and the new value are there.
    pub(super) fn store(&mut self, statement: &'a Stmt<'a>) -> Result<(), Fault> {
        let StmtKind::AssignOp { path, .. } = statement.kind else { return Ok(()) };
        let value = self.pop();
        let keys = self.pop_keys(path);
        match path.steps {
            [] => self.assign(path.root, value, statement.span),
            _ => self.write(path, &keys, value, statement.span),
        }
    }

    /// The binding whose value, or the part of it at the end of a path, is `old` and may be changed; otherwise `old` again.
    fn lent(&mut self, path: Path<'a>, steps: &[Walk<'_>], old: Value) -> Result<BindingId, Value> {
        let target = self.target(path.root).filter(|target| target.mutability == Mutability::Mutable);
        let Some(target) = target else { return Err(old) };
        let Some(root) = self.peek(target.binding) else { return Err(old) };
        match path::get_path(&root, steps) {
            Ok(found) if found.word() == old.word() => Ok(target.binding),
            _ => Err(old),
        }
    }

    fn change_in_place(
        &mut self,
        binding: BindingId,
        steps: &[Walk<'_>],
        change: impl FnOnce(&mut Value) -> Result<(), RuntimeError>,
    ) -> Result<(), RuntimeError> {
        let mut root = self.lend(binding);
        let result = path::update_path(&mut root, steps, change);
        self.set(binding, root);
        result
    }

    /// What an assignment does to the value it replaces, if it is one of the cases that count.
    fn change(&mut self, statement: &'a Stmt<'a>) -> Option<Change<'a>> {
        let (path, value) = parts(statement)?;
        match value.kind {
            ExprKind::Binary { op: BinaryOp::Add, .. } => {
                let mut operands = Vec::new();
                let mut current = value;
                while let ExprKind::Binary { op: BinaryOp::Add, op_span, left, right } = current.kind {
                    operands.push((right, op_span));
                    current = left;
                }
                operands.reverse();
                let simple = |expr: &Expr| matches!(expr.kind, ExprKind::Str(_) | ExprKind::Name(_));
                let all_simple = operands[1..].iter().all(|(operand, _)| simple(operand));
                (all_simple && reads(current, path)).then_some(Change::Add(operands))
            }
            ExprKind::Call { callee, callee_start, args: args @ [old, ..] } => {
                let ExprKind::Name(name) = callee.kind else { return None };
                let info = self.info(name);
                let Fallback::Builtin(id) = info.fallback else { return None };
                let known = self.candidates(info).is_empty() && IN_PLACE.contains(&self.text(name.symbol));
                (known && reads(old, path)).then_some(Change::Builtin(id, args, callee_start))
            }
            _ => None,
        }
    }

    /// The first two operands of an addition, or all arguments of a builtin, are there.
    pub(super) fn update(&mut self, statement: &'a Stmt<'a>) -> Result<(), Fault> {
        let (Some((path, _)), Some(change)) = (parts(statement), self.change(statement)) else { return Ok(()) };
        let keys = self.simple_keys(path);
        let steps = keys.as_ref().map(|keys| self.walk(path, keys));
        match change {
            Change::Add(operands) => {
                let (first, mut old) = (self.pop(), self.pop());
                let later = operands[1..].iter().map(|(operand, _)| self.simple(operand)).collect::<Option<Vec<_>>>();
                if let (Some(steps), Some(later), true) = (&steps, &later, old.as_str().is_some()) {
                    let addends: Vec<&Value> = [&first].into_iter().chain(later).collect();
                    match self.lent(path, steps, old) {
                        Ok(binding) => {
                            let mut span = statement.span;
                            let result = self.change_in_place(binding, steps, |place| {
                                path::add_all(place, &addends).map_err(|(number, error)| {
                                    span = operands[number].1;
                                    error
                                })
                            });
                            return result.map_err(|error| Self::fault(error, span));
                        }
                        Err(kept) => old = kept,
                    }
                }
                self.finish_later(statement, path);
                for &(operand, span) in operands[1..].iter().rev() {
                    self.todo(Todo::Binary(BinaryOp::Add, span));
                    self.todo(Todo::Expr(operand));
                }
                self.binary(BinaryOp::Add, old, first, operands[0].1)
            }
            Change::Builtin(id, args, span) => {
                let mut values = self.pop_many(args.len());
                if let Some(steps) = &steps
                    && let Ok(binding) = self.lent(path, steps, values[0].clone())
                {
                    values[0] = Value::NULL;
                    let mut root = self.lend(binding);
                    let host = &mut self.host;
                    let result = path::update_path(&mut root, steps, |place| {
                        values[0] = place.take();
                        match builtins::call(id, host, Args::new(&mut values, u64::MAX)) {
                            Ok(value) => *place = value,
                            Err(error) => {
                                *place = values[0].take();
                                return Err(error);
                            }
                        }
                        Ok(())
                    });
                    self.set(binding, root);
                    return result.map_err(|error| Self::fault(error, span));
                }
                self.finish_later(statement, path);
                self.call_builtin(id.0, values, span)
            }
        }
    }

    fn finish_later(&mut self, statement: &'a Stmt<'a>, path: Path<'a>) {
        self.todo(Todo::Finish(statement));
        self.keys(path);
    }

    /// The keys of a path, if they are names and literals.
    fn simple_keys(&mut self, path: Path<'a>) -> Option<Vec<Value>> {
        let mut keys = Vec::new();
        for step in path.steps {
            if let Step::Index { index, .. } = step {
                keys.push(self.simple(index)?);
            }
        }
        Some(keys)
    }

    /// The value of a name that has one, or of a literal.
    fn simple(&mut self, expr: &Expr<'a>) -> Option<Value> {
        match expr.kind {
            ExprKind::Int(value) => Some(Value::int(value)),
            ExprKind::Str(text) => Some(Value::string(text)),
            ExprKind::Name(name) => self.read(name).ok(),
            _ => None,
        }
    }
}
