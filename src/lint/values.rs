//! Values that are computed and dropped, promises that nobody awaits, comparisons that types decide.

use super::facts::Facts;
use super::index::{Callee, Holds, Index};
use super::purity::Purity;
use super::table::Lint;
use super::walk::{Place, Visit};
use super::{Found, texts, walk};
use crate::base::builtin::{Role, gives_promise, role};
use crate::base::operator::BinaryOp;
use crate::base::source::{SourceMap, Span};
use crate::ir::types::Type;
use crate::resolve::FunctionKey;
use crate::runtime::builtins;
use crate::syntax::ast::{Element, Expr, ExprKind, FunctionKind, FunctionRole, Name, Stmt, StmtKind, StringPart};

/// The family.
pub(super) struct Values<'i, 'a, 's> {
    index: &'i Index<'a, 's>,
    purity: &'i Purity,
    sources: &'s SourceMap,
    facts: &'s Facts,
    pub found: Found,
}

impl<'i, 'a, 's> Values<'i, 'a, 's> {
    pub fn new(index: &'i Index<'a, 's>, purity: &'i Purity, sources: &'s SourceMap, facts: &'s Facts) -> Self {
        Values { index, purity, sources, facts, found: Found::default() }
    }

    fn text(&self, span: Span) -> &'s str {
        let text = &self.sources.get(span.source).text;
        text.get(span.start as usize..span.end() as usize).unwrap_or("")
    }

    fn line(&self, span: Span) -> u32 {
        self.sources.line(span)
    }

    /// The async function or builtin that a call gives the promise of.
    fn promised(&self, place: &Place<'a>, expr: &Expr<'a>) -> Option<&'s str> {
        let interner = self.index.interner;
        let is_async = |key: FunctionKey| {
            self.index.resolution.function(key).node.is_some_and(|node| node.kind == FunctionKind::Async)
        };
        match expr.kind {
            ExprKind::Call { callee, .. } => {
                let ExprKind::Name(name) = callee.kind else { return None };
                match self.index.callee(place.unit, name) {
                    Callee::Function(key) if is_async(key) => Some(interner.name(name.symbol)),
                    Callee::Builtin(id) => builtins::row(id).map(|row| row.name).filter(|name| gives_promise(name)),
                    _ => None,
                }
            }
            ExprKind::MethodCall { name, .. } => {
                let methods = self.index.methods.get(&name.symbol)?;
                let sure = !self.index.holders.contains(&name.symbol) && methods.all_async;
                sure.then(|| interner.name(name.symbol))
            }
            _ => None,
        }
    }

    /// An operand that has to be a value, not a promise.
    fn operand(&mut self, place: &Place<'a>, expr: &Expr<'a>) {
        if let Some(name) = self.promised(place, expr) {
            let message = format!("`{name}(...)` gives a promise, which is not the value yet");
            self.found.add(Lint::UnawaitedCall, message, expr.span).help("write `await` before the call");
        }
    }

    /// A dropped call: what it is called, if it does nothing but give a result.
    fn pure_call(&self, place: &Place<'a>, expr: &'a Expr<'a>) -> Option<(&'s str, Option<Role>, Span)> {
        let interner = self.index.interner;
        let (name, span, function) = match expr.kind {
            ExprKind::Call { callee, .. } => {
                let ExprKind::Name(name) = callee.kind else { return None };
                (name.symbol, name.span, self.index.callee(place.unit, name))
            }
            ExprKind::MethodCall { name, .. } => (name.symbol, name.span, Callee::Unknown),
            _ => return None,
        };
        if !self.purity.expr(self.index, place, expr) {
            return None;
        }
        // Of methods of one name that differ, the first stands for all.
        let method = self.index.methods.get(&name).and_then(|methods| methods.list.first());
        let run = match (function, method) {
            (Callee::Function(key), _) => Some(key),
            (Callee::Unknown, Some(&(_, key))) => Some(key),
            _ => None,
        };
        let useful = run.is_none_or(|key| self.purity.gives(key));
        let changes = run.is_some_and(|key| self.purity.copies(key)).then_some(Role::Changes);
        let name = interner.name(name);
        useful.then(|| (name, changes.or_else(|| role(name)), span))
    }

    fn dropped(&mut self, place: &Place<'a>, expr: &'a Expr<'a>, last: bool) {
        if let Some(name) = self.promised(place, expr) {
            let message = format!("Nobody awaits the promise of `{name}(...)`");
            self.found.add(Lint::UnawaitedCall, message, expr.span).help("write `await` before the call");
            return;
        }
        if let ExprKind::Call { .. } | ExprKind::MethodCall { .. } = expr.kind {
            if let Some((name, role, span)) = self.pure_call(place, expr).filter(|_| !place.guarded) {
                let changed = match expr.kind {
                    ExprKind::Call { args: [first, ..], .. } if role.is_some() => Some(*first),
                    ExprKind::MethodCall { object, .. } => Some(object),
                    _ => None,
                };
                let target = changed.filter(|expr| matches!(expr.kind, ExprKind::Name(_) | ExprKind::SelfValue(_)));
                let target = target.map(|expr| self.text(expr.span));
                let message = format!("The result of `{name}` is dropped, and it has no other effect");
                let call = self.text(expr.span);
                let short = !call.contains('\n') && call.len() <= 60;
                let advice = self.found.add(Lint::UnusedResult, message, span);
                match (role, target) {
                    (Some(Role::TakesOut), Some(target)) if short => {
                        advice.help(format!("write `pair := {call}`, then `{target} := pair[0]`"));
                    }
                    (Some(Role::Changes), Some(target)) if short => {
                        advice.help(format!("it gives a changed copy: write `{target} := {call}`"));
                    }
                    _ if last => advice.help("write `return` before it to give it back"),
                    _ => {}
                }
            }
            return;
        }
        self.plain_value(place, expr, last);
    }

    /// An expression statement that is no call.
    fn plain_value(&mut self, place: &Place<'a>, expr: &'a Expr<'a>, last: bool) {
        let message = match expr.kind {
            ExprKind::Binary { op: BinaryOp::Eq, .. } => "This comparison is dropped: `==` does not assign",
            ExprKind::Binary { op, .. } if op.is_comparison() => "This comparison is dropped",
            ExprKind::Name(name) if self.callable(place, name) => "A function's name alone does not call it",
            ExprKind::Name(_) | ExprKind::SelfValue(_) => "A name alone does nothing",
            ExprKind::Str(_) | ExprKind::Interpolated(_) => "A text alone does nothing",
            ExprKind::Binary { .. } | ExprKind::Unary { .. } | ExprKind::Index { .. } | ExprKind::Field { .. } => {
                "This value is computed and dropped"
            }
            ExprKind::Logical { .. } | ExprKind::Coalesce { .. } => "This value is computed and dropped",
            ExprKind::Await { .. }
            | ExprKind::Yield { .. }
            | ExprKind::Throw { .. }
            | ExprKind::Try { .. }
            | ExprKind::Pipe { .. } => return,
            _ => "A value alone does nothing",
        };
        if place.guarded && may_raise(expr) || !self.purity.expr(self.index, place, expr) {
            return;
        }
        // Nothing is known of a name that has no value; that is said already.
        if let ExprKind::Name(name) = expr.kind
            && !self.has_value(place, name)
        {
            return;
        }
        let (call, target) = match expr.kind {
            ExprKind::Name(name) if self.callable(place, name) => (Some(self.text(expr.span)), None),
            ExprKind::Binary { op: BinaryOp::Eq, left, .. } => match left.kind {
                ExprKind::Name(_) => (None, Some(self.text(left.span))),
                _ => (None, None),
            },
            _ => (None, None),
        };
        let advice = self.found.add(Lint::UnusedValue, message, expr.span);
        if let Some(name) = call {
            advice.help(format!("write `{name}(...)` to call it"));
        } else if let Some(target) = target {
            advice.help(format!("write `{target} := ...` to assign"));
        } else if last {
            advice.help("only `return` gives a value back: write `return` before it");
        }
    }

    fn has_value(&self, place: &Place<'a>, name: Name) -> bool {
        let known = self.index.candidates(place.unit, name).next().is_some();
        known || self.index.resolution.name(place.unit, name).fallback != crate::resolve::Fallback::Raise
    }

    fn callable(&self, place: &Place<'a>, name: Name) -> bool {
        self.index.callee(place.unit, name) != Callee::Unknown
    }

    /// A comparison for equality, or a case: its operands, where it is told of, and what it gives.
    fn equality(&mut self, place: &Place<'a>, left: &Expr<'a>, right: Option<&Expr<'a>>, span: Span, outcome: &str) {
        let option = |expr: &Expr<'a>| self.index.holds(place, expr) == Holds::Option;
        let null = |expr: &Expr<'a>| matches!(expr.kind, ExprKind::Null);
        let compared = right.map(|right| (option(left) && null(right)) || (null(left) && option(right)));
        let none = |expr: &Expr<'a>| matches!(expr.kind, ExprKind::None);
        let types = self.facts.different(span);
        let none_of_null = right.is_some_and(|right| {
            types.is_some_and(|(a, b)| (none(left) && b == Type::NULL) || (none(right) && a == Type::NULL))
        });
        if compared == Some(true) || none_of_null {
            let message = format!("An option is never `null`: this is always {outcome}");
            self.found.add(Lint::NullOption, message, span).help("compare with `None`, or use `match`");
        } else if let Some((left, right)) = types {
            let message = match (said(left), said(right)) {
                (Some(left), Some(right)) => {
                    format!("{left} and {right} are of different types: this is always {outcome}")
                }
                _ => format!("The operands are of different types: this is always {outcome}"),
            };
            self.found.add(Lint::NeverEqual, message, span);
        }
    }
}

/// Whether an expression may raise: then it may stand in a `try` body to see whether it does.
fn may_raise<'a>(expr: &'a Expr<'a>) -> bool {
    let mut stack = vec![expr];
    while let Some(expr) = stack.pop() {
        let raises = match expr.kind {
            ExprKind::Binary { op, .. } => !matches!(op, BinaryOp::Eq | BinaryOp::Ne),
            ExprKind::Name(_)
            | ExprKind::Unary { .. }
            | ExprKind::Index { .. }
            | ExprKind::Field { .. }
            | ExprKind::Call { .. }
            | ExprKind::MethodCall { .. }
            | ExprKind::Dict(_) => true,
            ExprKind::Array(elements) => elements.iter().any(|element| matches!(element, Element::Spread { .. })),
            _ => false,
        };
        if raises {
            return true;
        }
        walk::parts(expr, &mut stack);
    }
    false
}

/// Some value of a type, if that is one type for programs.
fn said(ty: Type) -> Option<&'static str> {
    Some(match ty {
        _ if ty.is_subset(Type::INT) => "int",
        Type::FLOAT => "float",
        _ if ty.is_subset(Type::NUMBER) => "number",
        Type::BOOL => "bool",
        Type::NULL => "null",
        Type::STRING => "string",
        Type::ARRAY => "array",
        Type::DICT => "dict",
        Type::STRUCT => "struct",
        Type::FUNCTION => "function",
        _ => return None,
    })
}

impl<'a> Visit<'a> for Values<'_, 'a, '_> {
    fn statements(&mut self, place: &Place<'a>, statements: &'a [Stmt<'a>]) {
        let body = std::ptr::eq(statements, place.node.body.statements);
        let gives = !matches!(place.node.role, FunctionRole::Main | FunctionRole::Spawn | FunctionRole::Test);
        for (number, statement) in statements.iter().enumerate() {
            let StmtKind::Expr(expr) = statement.kind else { continue };
            let before = number.checked_sub(1).and_then(|before| statements.get(before));
            // `print "x"`: the name is told of. `f"x"`: that is told of as a whole.
            if let ExprKind::Str(_) | ExprKind::Interpolated(_) = expr.kind
                && (texts::is_formatted(self.sources, expr.span)
                    || before.is_some_and(|before| {
                        matches!(before.kind, StmtKind::Expr(name) if matches!(name.kind, ExprKind::Name(_)))
                            && self.line(before.span) == self.line(statement.span)
                    }))
            {
                continue;
            }
            self.dropped(place, expr, body && gives && number + 1 == statements.len());
        }
    }

    fn statement(&mut self, place: &Place<'a>, statement: &'a Stmt<'a>) {
        match statement.kind {
            StmtKind::If { branches, .. } => branches.iter().for_each(|branch| self.operand(place, branch.condition)),
            StmtKind::While { condition, .. } => self.operand(place, condition),
            StmtKind::For { iterable, .. } => self.operand(place, iterable),
            StmtKind::AssignOp { value, .. } => self.operand(place, value),
            StmtKind::Match { subject, cases, .. } => {
                self.operand(place, subject);
                for case in cases {
                    self.equality(place, subject, None, case.pattern_span, "passed over");
                }
            }
            _ => {}
        }
    }

    fn expr(&mut self, place: &Place<'a>, expr: &'a Expr<'a>) {
        match expr.kind {
            ExprKind::Binary { op, op_span, left, right } => {
                self.operand(place, left);
                self.operand(place, right);
                match op {
                    BinaryOp::Eq => self.equality(place, left, Some(right), op_span, "false"),
                    BinaryOp::Ne => self.equality(place, left, Some(right), op_span, "true"),
                    _ => {}
                }
            }
            ExprKind::Logical { left, right, .. } => {
                self.operand(place, left);
                self.operand(place, right);
            }
            ExprKind::Unary { operand, .. } => self.operand(place, operand),
            ExprKind::Index { object, .. } | ExprKind::Field { object, .. } => self.operand(place, object),
            ExprKind::Interpolated(parts) => {
                for part in parts {
                    if let StringPart::Hole(hole) = part {
                        self.operand(place, hole);
                    }
                }
            }
            _ => {}
        }
    }
}
