//! Expressions.

use super::Interpreter;
use super::frame::{Fault, Todo};
use crate::base::operator::{BinaryOp, UnaryOp};
use crate::base::source::Span;
use crate::runtime::error::RuntimeError;
use crate::runtime::operators;
use crate::runtime::path;
use crate::runtime::tagged::{self, Variant};
use crate::runtime::tasks::awaited;
use crate::runtime::value::{Value, View};
use crate::syntax::ast::{Expr, ExprKind, LogicalOp, Wrapper};

impl<'a> Interpreter<'_, 'a> {
    /// Begins to evaluate an expression.
    pub(super) fn expr(&mut self, expr: &'a Expr<'a>) -> Result<(), Fault> {
        match expr.kind {
            ExprKind::Null => self.push(Value::NULL),
            ExprKind::Bool(value) => self.push(Value::bool(value)),
            ExprKind::Int(value) => self.push(Value::int(value)),
            ExprKind::Float(value) => self.push(Value::float(value)),
            ExprKind::Str(text) => self.push(Value::string(text)),
            ExprKind::Name(name) | ExprKind::SelfValue(name) => {
                let value = self.read(name)?;
                self.push(value);
            }
            ExprKind::Interpolated(parts) => self.interpolated(parts, expr.span),
            ExprKind::Array(elements) => self.array(elements),
            ExprKind::Dict(entries) => self.dict(entries, expr.span),
            ExprKind::Struct { fields, .. } => {
                self.todo(Todo::Apply(expr));
                self.all(fields.iter().map(|field| field.value));
            }
            ExprKind::Function(function) => {
                let value = self.closure(function);
                self.push(value);
            }
            ExprKind::None => self.push(tagged::outcome(Variant::None, Value::NULL)),
            ExprKind::Unary { operand, .. } | ExprKind::Await { operand, .. } => self.then_apply(expr, operand),
            ExprKind::Wrap { value, .. } => self.then_apply(expr, value),
            ExprKind::Try { operand, .. } => self.then_apply(expr, operand),
            ExprKind::Field { object, .. } => self.then_apply(expr, object),
            ExprKind::Binary { op, op_span, left, right } => {
                self.todo(Todo::Binary(op, op_span));
                self.all([left, right].into_iter());
            }
            ExprKind::Index { object, index, .. } => {
                self.todo(Todo::Apply(expr));
                self.all([object, index].into_iter());
            }
            ExprKind::Logical { left, .. } | ExprKind::Coalesce { left, .. } => self.then_rest(expr, left),
            ExprKind::Pipe { input, .. } => self.then_rest(expr, input),
            ExprKind::MethodCall { object, .. } => self.then_rest(expr, object),
            ExprKind::Call { callee, callee_start, args } => {
                self.todo(Todo::Call(args.len(), callee_start));
                self.all([callee].into_iter().chain(args.iter().copied()));
            }
            ExprKind::Throw { args, .. } => {
                self.todo(Todo::Apply(expr));
                self.all(args.iter().copied());
            }
            ExprKind::Tagged { args, .. } => {
                self.todo(Todo::Apply(expr));
                self.all(args.unwrap_or(&[]).iter().copied());
            }
            ExprKind::Yield { value, .. } => {
                self.todo(Todo::Apply(expr));
                match value {
                    Some(value) => self.todo(Todo::Expr(value)),
                    None => self.push(Value::NULL),
                }
            }
        }
        Ok(())
    }

    /// Evaluates expressions from left to right.
    pub(super) fn all(&mut self, exprs: impl DoubleEndedIterator<Item = &'a Expr<'a>>) {
        for expr in exprs.rev() {
            self.todo(Todo::Expr(expr));
        }
    }

    fn then_apply(&mut self, expr: &'a Expr<'a>, operand: &'a Expr<'a>) {
        self.todo(Todo::Apply(expr));
        self.todo(Todo::Expr(operand));
    }

    fn then_rest(&mut self, expr: &'a Expr<'a>, first: &'a Expr<'a>) {
        self.todo(Todo::Rest(expr));
        self.todo(Todo::Expr(first));
    }

    /// The first operand is there; whether the others are evaluated depends on it.
    pub(super) fn rest(&mut self, expr: &'a Expr<'a>) {
        match expr.kind {
            ExprKind::Logical { op, right, .. } => {
                let truth = self.pop_truth();
                if truth == (op == LogicalOp::Or) {
                    return self.push(Value::bool(truth));
                }
                self.todo(Todo::Truth);
                self.todo(Todo::Expr(right));
            }
            ExprKind::Coalesce { right, .. } => {
                let value = self.pop();
                if value.is_null() {
                    self.todo(Todo::Expr(right));
                } else {
                    self.push(value);
                }
            }
            ExprKind::MethodCall { name, optional, args, .. } => {
                let receiver = self.pop();
                let missing = optional && receiver.is_null();
                self.push(receiver);
                if !missing {
                    self.todo(Todo::Method(name, args.len()));
                    self.all(args.iter().copied());
                }
            }
            ExprKind::Pipe { target, target_start, .. } => match target.kind {
                // The value handed on comes before the arguments, and is evaluated before the callee.
                ExprKind::Call { callee, args, .. } => {
                    self.todo(Todo::Call(args.len() + 1, target_start));
                    self.all(args.iter().copied());
                    self.todo(Todo::Swap);
                    self.todo(Todo::Expr(callee));
                }
                ExprKind::MethodCall { object, .. } => {
                    self.todo(Todo::Apply(expr));
                    self.todo(Todo::Expr(object));
                }
                _ => {
                    self.todo(Todo::Call(1, target_start));
                    self.todo(Todo::Swap);
                    self.todo(Todo::Expr(target));
                }
            },
            _ => {}
        }
    }

    /// The operands are there.
    pub(super) fn apply(&mut self, expr: &'a Expr<'a>) -> Result<(), Fault> {
        match expr.kind {
            ExprKind::Unary { op, op_span, .. } => {
                let operand = self.pop();
                self.unary(op, operand, op_span)
            }
            ExprKind::Index { bracket, .. } => {
                let (index, object) = (self.pop(), self.pop());
                let value = path::index_get(&object, &index).map_err(|error| Self::fault(error, bracket))?;
                self.push(value);
                Ok(())
            }
            ExprKind::Field { name, optional, .. } => {
                let object = self.pop();
                let field = self.text(name.symbol);
                let found =
                    if optional { path::optional_field_get(&object, field) } else { path::field_get(&object, field) };
                let value = found.map_err(|error| Self::fault(error, name.span))?;
                self.push(value);
                Ok(())
            }
            ExprKind::Struct { name, fields } => {
                let values = self.pop_many(fields.len());
                self.structure(name, fields, values, expr.span);
                Ok(())
            }
            ExprKind::Wrap { wrapper, .. } => {
                let variant = match wrapper {
                    Wrapper::Ok => Variant::Ok,
                    Wrapper::Err => Variant::Err,
                    Wrapper::Some => Variant::Some,
                };
                let value = self.pop();
                self.push(tagged::outcome(variant, value));
                Ok(())
            }
            ExprKind::Tagged { base, variant, args } => {
                let values = self.pop_many(args.map_or(0, <[_]>::len));
                self.tagged(base, variant, values);
                Ok(())
            }
            ExprKind::Try { op_span, .. } => self.try_operator(op_span),
            ExprKind::Throw { args, word } => {
                let values = self.pop_many(args.len());
                Err(Self::fault(RuntimeError::thrown(values.first().unwrap_or(&Value::NULL)), word))
            }
            ExprKind::Await { word, .. } => {
                let value = self.pop();
                self.answer(awaited(&value), word)
            }
            ExprKind::Yield { .. } => {
                let value = self.pop();
                self.yield_value(value);
                Ok(())
            }
            // A piped method call whose receiver is there, above the value handed on.
            ExprKind::Pipe { target, .. } => {
                let ExprKind::MethodCall { name, optional, args, .. } = target.kind else { return Ok(()) };
                let (receiver, input) = (self.pop(), self.pop());
                let missing = optional && receiver.is_null();
                self.push(receiver);
                if !missing {
                    self.push(input);
                    self.todo(Todo::Method(name, args.len() + 1));
                    self.all(args.iter().copied());
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn try_operator(&mut self, span: Span) -> Result<(), Fault> {
        let value = self.pop();
        let View::Outcome(outcome) = value.view() else {
            return Err(Fault::message("Try operator requires Result or Option", span));
        };
        match outcome.variant() {
            Variant::Ok | Variant::Some => {
                let content = outcome.value().clone();
                self.push(content);
            }
            _ => self.leave(value),
        }
        Ok(())
    }

    /// `left op right`
    pub(super) fn binary(&mut self, op: BinaryOp, left: Value, right: Value, span: Span) -> Result<(), Fault> {
        if let Some(object) = left.as_struct()
            && let Some((method, negated)) = self.types.binary(object.shape(), op)
        {
            let function = method.function.clone();
            if negated {
                self.todo(Todo::Negate);
            }
            return self.enter_method(function, vec![left, right], span);
        }
        match operators::binary(op, left, &right) {
            Ok(value) => {
                self.push(value);
                Ok(())
            }
            Err((error, _)) => Err(Self::fault(error, span)),
        }
    }

    fn unary(&mut self, op: UnaryOp, operand: Value, span: Span) -> Result<(), Fault> {
        if let Some(object) = operand.as_struct()
            && let Some(method) = self.types.unary(object.shape(), op)
        {
            let function = method.function.clone();
            return self.enter_method(function, vec![operand], span);
        }
        let value = operators::unary(op, &operand).map_err(|error| Self::fault(error, span))?;
        self.push(value);
        Ok(())
    }
}
