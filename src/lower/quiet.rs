//! What is known of expressions without evaluating them: which run no script code, which cannot even raise, which are equal.
//!
//! None of this recurses deeper than its budget, whatever the expression.

use super::function::Lowerer;
use crate::resolve::{BindingId, Storage};
use crate::syntax::ast::{Element, Entry, Expr, ExprKind, Name, StringPart};

/// Largest expression looked through.
const BUDGET: u32 = 64;

/// Builtins during which tasks may run.
const WAITING: &[&str] = &[
    "sleep",
    "async_sleep",
    "async_timeout",
    "promise_all",
    "await_all",
    "parallel_map",
    "par_map",
    "par_each",
    "spawn_task",
    "cancel_task",
];

impl<'a> Lowerer<'a, '_, '_> {
    /// Whether two expressions, evaluated one after the other, give the same for certain, run no script code, and evaluating the second
    /// cannot be told from using the first.
    pub(super) fn is_same(&self, a: &Expr, b: &Expr) -> bool {
        self.same(a, b, &mut { BUDGET })
    }

    fn same(&self, a: &Expr, b: &Expr, budget: &mut u32) -> bool {
        if *budget == 0 {
            return false;
        }
        *budget -= 1;
        match (a.kind, b.kind) {
            (ExprKind::Int(a), ExprKind::Int(b)) => a == b,
            (ExprKind::Str(a), ExprKind::Str(b)) => a == b,
            (ExprKind::Name(a), ExprKind::Name(b)) | (ExprKind::SelfValue(a), ExprKind::SelfValue(b)) => {
                a.symbol == b.symbol
                    && matches!((self.single(a), self.single(b)), (Some(a), Some(b)) if a.binding == b.binding)
            }
            (
                ExprKind::Binary { op, left, right, .. },
                ExprKind::Binary { op: other, left: other_left, right: other_right, .. },
            ) => {
                op == other
                    && !self.shared.resolution.overloads()
                    && self.same(left, other_left, budget)
                    && self.same(right, other_right, budget)
            }
            (ExprKind::Unary { op, operand, .. }, ExprKind::Unary { op: other, operand: other_operand, .. }) => {
                op == other && !self.shared.resolution.overloads() && self.same(operand, other_operand, budget)
            }
            (ExprKind::Index { object, index, .. }, ExprKind::Index { object: other, index: other_index, .. }) => {
                self.same(object, other, budget) && self.same(index, other_index, budget)
            }
            (
                ExprKind::Field { object, name, optional },
                ExprKind::Field { object: other, name: other_name, optional: other_optional },
            ) => name.symbol == other_name.symbol && optional == other_optional && self.same(object, other, budget),
            (ExprKind::Interpolated(parts), ExprKind::Interpolated(others)) => {
                parts.len() == others.len()
                    && parts.iter().zip(others).all(|pair| match pair {
                        (StringPart::Text(a), StringPart::Text(b)) => a == b,
                        (StringPart::Hole(a), StringPart::Hole(b)) => self.same(a, b, budget),
                        _ => false,
                    })
            }
            (ExprKind::Call { callee, args: &[arg], .. }, ExprKind::Call { callee: other, args: &[other_arg], .. }) => {
                match (callee.kind, other.kind) {
                    (ExprKind::Name(name), ExprKind::Name(other)) => {
                        name.symbol == other.symbol
                            && self.is_one_of(name, &["len", "to_string", "str"])
                            && self.is_one_of(other, &["len", "to_string", "str"])
                            && self.same(arg, other_arg, budget)
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// Whether an occurrence means a builtin with one of these names.
    pub(super) fn is_one_of(&self, name: Name, names: &[&str]) -> bool {
        names.contains(&self.shared.interner.name(name.symbol)) && self.is_builtin(name)
    }

    /// Whether every variable of an expression that [`Self::is_same`] accepts satisfies `test`.
    pub(super) fn all_variables(&self, expr: &Expr, test: &dyn Fn(BindingId) -> bool) -> bool {
        match expr.kind {
            ExprKind::Int(_) | ExprKind::Str(_) => true,
            ExprKind::Name(name) | ExprKind::SelfValue(name) => {
                self.is_builtin(name) || self.single(name).is_some_and(|only| test(only.binding))
            }
            ExprKind::Binary { left, right, .. } => self.all_variables(left, test) && self.all_variables(right, test),
            ExprKind::Unary { operand, .. } => self.all_variables(operand, test),
            ExprKind::Index { object, index, .. } => {
                self.all_variables(object, test) && self.all_variables(index, test)
            }
            ExprKind::Field { object, .. } => self.all_variables(object, test),
            ExprKind::Interpolated(parts) => parts.iter().all(|part| match part {
                StringPart::Text(_) => true,
                StringPart::Hole(hole) => self.all_variables(hole, test),
            }),
            ExprKind::Call { args, .. } => args.iter().all(|arg| self.all_variables(arg, test)),
            _ => false,
        }
    }

    /// Whether no script code can change a binding.
    pub(super) fn is_private(&self, binding: BindingId) -> bool {
        matches!(self.shared.resolution.binding(binding).storage, Storage::Register | Storage::Function(_))
    }

    /// Whether evaluating an expression cannot raise and does nothing else anyone could see.
    pub(super) fn is_trivial(&self, expr: &Expr) -> bool {
        self.trivial(expr, &mut { BUDGET })
    }

    fn trivial(&self, expr: &Expr, budget: &mut u32) -> bool {
        if *budget == 0 {
            return false;
        }
        *budget -= 1;
        match expr.kind {
            ExprKind::Null | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Str(_) => true,
            ExprKind::Name(name) | ExprKind::SelfValue(name) => self.single(name).is_some() || self.is_builtin(name),
            ExprKind::Interpolated(parts) => parts.iter().all(|part| match part {
                StringPart::Text(_) => true,
                StringPart::Hole(hole) => self.trivial(hole, budget),
            }),
            ExprKind::Call { callee, args: &[arg], .. } => match callee.kind {
                ExprKind::Name(name) => self.is_one_of(name, &["to_string", "str"]) && self.trivial(arg, budget),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether evaluating an expression runs no script code, overloaded operators aside.
    pub(super) fn is_quiet(&self, expr: &Expr) -> bool {
        self.quiet(expr, &mut { BUDGET })
    }

    fn quiet(&self, expr: &Expr, budget: &mut u32) -> bool {
        let mut current = expr;
        loop {
            if *budget == 0 {
                return false;
            }
            *budget -= 1;
            let right_sides = match current.kind {
                ExprKind::Binary { right, .. } | ExprKind::Logical { right, .. } | ExprKind::Coalesce { right, .. } => {
                    self.quiet(right, budget)
                }
                ExprKind::Index { index, .. } => self.quiet(index, budget),
                ExprKind::Field { .. } => true,
                _ => return self.quiet_leaf(current, budget),
            };
            match current.spine_child() {
                Some(child) if right_sides => current = child,
                _ => return false,
            }
        }
    }

    fn quiet_leaf(&self, expr: &Expr, budget: &mut u32) -> bool {
        match expr.kind {
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Name(_)
            | ExprKind::SelfValue(_)
            | ExprKind::Function(_) => true,
            ExprKind::Unary { operand, .. } => self.quiet(operand, budget),
            ExprKind::None => true,
            ExprKind::Wrap { value, .. } => self.quiet(value, budget),
            ExprKind::Tagged { args, .. } => args.unwrap_or(&[]).iter().all(|arg| self.quiet(arg, budget)),
            ExprKind::Interpolated(parts) => parts.iter().all(|part| match part {
                StringPart::Text(_) => true,
                StringPart::Hole(hole) => self.quiet(hole, budget),
            }),
            ExprKind::Array(elements) => elements.iter().all(|element| match element {
                Element::Item(value) | Element::Spread { value, .. } => self.quiet(value, budget),
            }),
            ExprKind::Dict(entries) => entries.iter().all(|entry| match entry {
                Entry::Pair { key, value } => self.quiet(key, budget) && self.quiet(value, budget),
                Entry::Spread { value, .. } => self.quiet(value, budget),
            }),
            ExprKind::Call { callee, args, .. } => match callee.kind {
                ExprKind::Name(name) => {
                    self.is_builtin(name)
                        && !self.is_one_of(name, WAITING)
                        && args.iter().all(|arg| self.quiet(arg, budget))
                }
                _ => false,
            },
            _ => false,
        }
    }
}
