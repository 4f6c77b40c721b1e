//! Read-modify-write in place: `x op= e`, `x := x op e`, `x := push(x, e)`, and the same on the end of a path.
//!
//! The general order is: read the old value, evaluate the operand, compute, store. In place, the operand is evaluated first and
//! one instruction does the rest. That is the same if evaluating the operand cannot change what is read. A register cannot be
//! changed by anyone else; a cell or a global slot only by script code, so the operand must be *quiet*. If the
//! operand may raise or be seen to run, the old value is first read for its error alone.

use super::expr::binary_op;
use super::function::Lowerer;
use super::path::MAX_STEPS;
use crate::base::operator::BinaryOp;
use crate::base::source::Span;
use crate::ir::function::UpdateOp;
use crate::ir::inst::{Imm, Op};
use crate::resolve::{Candidate, Fallback, Mutability, Storage};
use crate::syntax::ast::{Element, Entry, Expr, ExprKind, Name, Path, Step, StringPart};

/// Largest operand looked through.
const QUIET_BUDGET: u32 = 64;

/// The right-hand side of a read-modify-write.
struct Change<'a> {
    old: &'a Expr<'a>,
    operand: &'a Expr<'a>,
    update: UpdateOp,
    span: Span,
}

impl<'a> Lowerer<'a, '_, '_> {
    /// `x := e`.
    pub(super) fn assign_statement(&mut self, name: Name, value: &'a Expr<'a>, span: Span) {
        let path = Path { root: name, steps: &[] };
        if !self.update_in_place(path, value) {
            let val = self.expr(value);
            self.assign(name, val, span);
        }
    }

    /// Lowers `path := e` in place, if `e` reads the path and changes what it read, and the order does not matter.
    pub(super) fn update_in_place(&mut self, path: Path<'a>, value: &'a Expr<'a>) -> bool {
        if path.steps.len() > MAX_STEPS {
            return false;
        }
        let Some(change) = self.change(value) else { return false };
        let Some(target) = self.only_mutable(path.root) else { return false };
        if !self.same_path(change.old, path, target) {
            return false;
        }
        let storage = self.shared.resolution.binding(target.binding).storage;
        if storage == Storage::Register && path.steps.is_empty() {
            return change.update == UpdateOp::Push && self.push_to_register(target, &change);
        }
        let quiet = self.is_quiet(change.operand, &mut { QUIET_BUDGET });
        if !quiet && (storage != Storage::Register || !self.has_stable_keys(path)) {
            return false;
        }
        let keys = self.keys(path);
        self.change_path(target, path, &keys, change.operand, change.update, change.span);
        true
    }

    fn push_to_register(&mut self, target: Candidate, change: &Change<'a>) -> bool {
        let old = self.get(target.binding, target.definite, change.old.span);
        let val = self.expr(change.operand);
        let new = self.b.ins_val(Op::ArrayPush, &[old, val], Imm::None, change.span);
        self.store(target.binding, new, change.span);
        true
    }

    /// The in-place form, the keys being there.
    fn change_path(
        &mut self,
        target: Candidate,
        path: Path<'a>,
        keys: &[crate::ir::entities::Val],
        operand: &'a Expr<'a>,
        update: UpdateOp,
        span: Span,
    ) {
        if !self.is_trivial(operand) && (!target.definite || !path.steps.is_empty()) {
            let root = self.get(target.binding, target.definite, path.root.span);
            self.read_steps(root, path.steps, keys);
        }
        let val = self.expr(operand);
        self.emit_update(target, path, keys, val, update, span);
    }

    /// `x[i].f op= e`, with any number of steps.
    pub(super) fn assign_op(&mut self, path: Path<'a>, op: BinaryOp, op_span: Span, value: &'a Expr<'a>, span: Span) {
        let keys = self.keys(path);
        if let Some(target) = self.only_mutable(path.root)
            && path.steps.len() <= MAX_STEPS
        {
            let storage = self.shared.resolution.binding(target.binding).storage;
            let plain = storage == Storage::Register && path.steps.is_empty();
            let fits = storage == Storage::Register || self.is_quiet(value, &mut { QUIET_BUDGET });
            if fits && !plain {
                return self.change_path(target, path, &keys, value, UpdateOp::Binary(op), op_span);
            }
        }
        let mut info = self.info(path.root);
        info.fallback = Fallback::Raise;
        let root = self.read_chain(path.root.symbol, info, path.root.span);
        let old = self.read_steps(root, path.steps, &keys);
        let operand = self.expr(value);
        let val = self.b.ins_val(binary_op(op), &[old, operand], Imm::None, op_span);
        match path.steps {
            [] => self.assign(path.root, val, span),
            _ => self.write_any(path, &keys, val, span),
        }
    }

    /// The only binding an assignment can change, if it may be changed.
    fn only_mutable(&self, name: Name) -> Option<Candidate> {
        match self.candidates(self.info(name)) {
            &[only] if only.mutability == Mutability::Mutable => {
                let storage = self.shared.resolution.binding(only.binding).storage;
                let testable = only.definite || storage != Storage::Register;
                (testable && !matches!(storage, Storage::Function(_))).then_some(only)
            }
            _ => None,
        }
    }

    /// `old op operand`, `push(old, operand)`.
    fn change(&self, value: &'a Expr<'a>) -> Option<Change<'a>> {
        match value.kind {
            ExprKind::Binary { op, op_span, left, right } => match op {
                BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => {
                    Some(Change { old: left, operand: right, update: UpdateOp::Binary(op), span: op_span })
                }
                _ => None,
            },
            ExprKind::Call { callee, callee_start, args: &[old, operand] } => match callee.kind {
                ExprKind::Name(name)
                    if matches!(self.shared.interner.name(name.symbol), "push" | "append") && self.is_builtin(name) =>
                {
                    Some(Change { old, operand, update: UpdateOp::Push, span: callee_start })
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether an expression reads exactly the target of an assignment.
    fn same_path(&self, expr: &Expr, path: Path, target: Candidate) -> bool {
        let mut current = expr;
        for step in path.steps.iter().rev() {
            current = match (current.kind, step) {
                (ExprKind::Index { object, index, .. }, Step::Index { index: key, .. })
                    if self.same_key(index, key) =>
                {
                    object
                }
                (ExprKind::Field { object, name, optional: false }, Step::Field(field))
                    if name.symbol == field.symbol =>
                {
                    object
                }
                _ => return false,
            };
        }
        match current.kind {
            ExprKind::Name(name) | ExprKind::SelfValue(name) => {
                let info = self.info(name);
                name.symbol == path.root.symbol
                    && info.fallback == Fallback::Raise
                    && matches!(self.candidates(info), [only] if only.binding == target.binding)
            }
            _ => false,
        }
    }

    /// Whether two index expressions are the same literal or the same variable, which has a value.
    fn same_key(&self, a: &Expr, b: &Expr) -> bool {
        match (a.kind, b.kind) {
            (ExprKind::Int(a), ExprKind::Int(b)) => a == b,
            (ExprKind::Str(a), ExprKind::Str(b)) => a == b,
            (ExprKind::Name(a), ExprKind::Name(b)) => {
                a.symbol == b.symbol
                    && matches!((self.single(a), self.single(b)), (Some(a), Some(b)) if a.binding == b.binding)
            }
            _ => false,
        }
    }

    /// Whether no script code can change the keys of a path that passed [`Self::same_key`].
    fn has_stable_keys(&self, path: Path) -> bool {
        path.steps.iter().all(|step| match step {
            Step::Index { index, .. } => match index.kind {
                ExprKind::Name(name) => self
                    .single(name)
                    .is_some_and(|only| self.shared.resolution.binding(only.binding).storage == Storage::Register),
                _ => true,
            },
            Step::Field(_) => true,
        })
    }

    /// Whether evaluating an expression cannot raise and does nothing else anyone could see.
    fn is_trivial(&self, expr: &Expr) -> bool {
        match expr.kind {
            ExprKind::Null | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Str(_) => true,
            ExprKind::Name(name) | ExprKind::SelfValue(name) => self.single(name).is_some() || self.is_builtin(name),
            _ => false,
        }
    }

    /// Whether evaluating an expression runs no script code, overloaded operators aside. Gives up on large ones.
    fn is_quiet(&self, expr: &Expr, budget: &mut u32) -> bool {
        let mut current = expr;
        loop {
            if *budget == 0 {
                return false;
            }
            *budget -= 1;
            let right_sides = match current.kind {
                ExprKind::Binary { right, .. } | ExprKind::Logical { right, .. } | ExprKind::Coalesce { right, .. } => {
                    self.is_quiet(right, budget)
                }
                ExprKind::Index { index, .. } => self.is_quiet(index, budget),
                ExprKind::Field { .. } => true,
                _ => return self.is_quiet_leaf(current, budget),
            };
            match current.spine_child() {
                Some(child) if right_sides => current = child,
                _ => return false,
            }
        }
    }

    fn is_quiet_leaf(&self, expr: &Expr, budget: &mut u32) -> bool {
        match expr.kind {
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Name(_)
            | ExprKind::SelfValue(_)
            | ExprKind::Function(_) => true,
            ExprKind::Unary { operand, .. } => self.is_quiet(operand, budget),
            ExprKind::None => true,
            ExprKind::Wrap { value, .. } => self.is_quiet(value, budget),
            ExprKind::Tagged { args, .. } => args.unwrap_or(&[]).iter().all(|arg| self.is_quiet(arg, budget)),
            ExprKind::Interpolated(parts) => parts.iter().all(|part| match part {
                StringPart::Text(_) => true,
                StringPart::Hole(hole) => self.is_quiet(hole, budget),
            }),
            ExprKind::Array(elements) => elements.iter().all(|element| match element {
                Element::Item(value) | Element::Spread { value, .. } => self.is_quiet(value, budget),
            }),
            ExprKind::Dict(entries) => entries.iter().all(|entry| match entry {
                Entry::Pair { key, value } => self.is_quiet(key, budget) && self.is_quiet(value, budget),
                Entry::Spread { value, .. } => self.is_quiet(value, budget),
            }),
            ExprKind::Call { callee, args, .. } => match callee.kind {
                ExprKind::Name(name) => self.is_builtin(name) && args.iter().all(|arg| self.is_quiet(arg, budget)),
                _ => false,
            },
            _ => false,
        }
    }
}
