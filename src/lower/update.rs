//! Read-modify-write in place: `x op= e`, `x := x op e`, `x := push(x, e)`, and the same on the end of a path.
//!
//! The general order is: read the old value, evaluate the operand, compute, store. In place, the operand is evaluated first and
//! one instruction does the rest. That is the same if evaluating the operand cannot change what is read. A register cannot be
//! changed by anyone else; a cell or a global slot only by script code, so the operand must be *quiet*. If the
//! operand may raise or be seen to run, the old value is first read for its error alone.

use super::expr::binary_op;
use super::function::Lowerer;
use super::path::Keys;
use crate::base::builtin::{Role, role};
use crate::base::limits::MAX_PATH_STEPS;
use crate::base::operator::BinaryOp;
use crate::base::source::Span;
use crate::ir::entities::Val;
use crate::ir::function::UpdateOp;
use crate::ir::inst::{Imm, Op};
use crate::resolve::{BindingId, Candidate, Fallback, Mutability, Storage};
use crate::syntax::ast::{Expr, ExprKind, Name, Path, Step};
use smallvec::SmallVec;

/// Most operands besides the first.
const MAX_MORE: usize = 16;

/// The right-hand side of a read-modify-write.
struct Change<'a> {
    old: &'a Expr<'a>,
    /// None for a builtin of the old value alone.
    operands: SmallVec<[&'a Expr<'a>; 2]>,
    update: UpdateOp,
    span: Span,
    /// The positions of further additions.
    later: SmallVec<[Span; 1]>,
}

impl<'a> Lowerer<'a, '_, '_> {
    /// `x := e`.
    pub(super) fn assign_statement(&mut self, name: Name, value: &'a Expr<'a>, span: Span) {
        let path = Path { root: name, steps: &[] };
        if !self.update_in_place(path, value, span) {
            let val = self.expr(value);
            self.assign(name, val, span);
        }
    }

    /// Lowers `path := e` in place, if `e` reads the path and changes what it read, and the order does not matter.
    pub(super) fn update_in_place(&mut self, path: Path<'a>, value: &'a Expr<'a>, span: Span) -> bool {
        if path.steps.len() > MAX_PATH_STEPS {
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
        self.update_quietly(path, target, &change, span)
    }

    /// The in-place form, if the operands may be evaluated before the old value is read; whether they may.
    fn update_quietly(&mut self, path: Path<'a>, target: Candidate, change: &Change<'a>, span: Span) -> bool {
        let storage = self.shared.resolution.binding(target.binding).storage;
        let quiet = change.operands.iter().all(|operand| self.is_quiet(operand));
        if !quiet && (storage != Storage::Register || !self.has_stable_keys(path)) {
            return false;
        }
        let trivial = change.operands.iter().all(|operand| self.is_trivial(operand));
        let keys = self.read_keys(path, target, change.old, !trivial);
        self.emit_change(target, path, &keys, change, span);
        true
    }

    fn push_to_register(&mut self, target: Candidate, change: &Change<'a>) -> bool {
        let &[operand] = &change.operands[..] else { return false };
        let old = self.get(target.binding, target.definite, change.old.span);
        let val = self.expr(operand);
        let new = self.b.ins_val(Op::ArrayPush, &[old, val], Imm::None, change.span);
        self.store(target.binding, new, change.span);
        true
    }

    /// The keys of `old`, which reads `path`. What else reading it could raise up to the last key that could raise itself, or all of it if
    /// `whole`, is raised here.
    fn read_keys(&mut self, path: Path<'a>, target: Candidate, old: &'a Expr<'a>, whole: bool) -> Keys {
        let mut steps: SmallVec<[Step<'a>; 4]> = SmallVec::new();
        let mut current = old;
        loop {
            current = match current.kind {
                ExprKind::Index { object, index, bracket } => {
                    steps.push(Step::Index { index, bracket });
                    object
                }
                ExprKind::Field { object, name, .. } => {
                    steps.push(Step::Field(name));
                    object
                }
                _ => break,
            };
        }
        steps.reverse();
        let raises = |step: &Step<'a>| matches!(step, Step::Index { index, .. } if !self.is_trivial(index));
        let last = steps.iter().rposition(raises);
        let checked = if whole { steps.len() } else { last.unwrap_or(0) };
        let reads_root = checked > 0 || !target.definite && (whole || last.is_some());
        let mut val = reads_root.then(|| self.get(target.binding, target.definite, path.root.span));
        let mut keys = Keys::new();
        for (number, step) in steps.iter().enumerate() {
            let mut key = None;
            if let Step::Index { index, .. } = *step {
                key = Some(self.expr(index));
                keys.extend(key);
            }
            if let Some(container) = val.filter(|_| number < checked) {
                val = Some(self.read_steps(container, std::slice::from_ref(step), key.as_slice()));
            }
        }
        keys
    }

    /// The in-place form, the keys being there.
    fn emit_change(&mut self, target: Candidate, path: Path<'a>, keys: &[Val], change: &Change<'a>, span: Span) {
        let mut vals: SmallVec<[Val; 4]> = SmallVec::new();
        for operand in &change.operands {
            let val = self.expr(operand);
            vals.push(val);
        }
        if vals.is_empty() {
            vals.push(self.null(change.span));
        }
        let mut places: SmallVec<[Span; 4]> = SmallVec::new();
        let mut current = change.old;
        loop {
            let (object, span) = match current.kind {
                ExprKind::Index { object, bracket, .. } => (object, bracket),
                ExprKind::Field { object, name, .. } => (object, name.span),
                _ => break,
            };
            places.push(span);
            current = object;
        }
        places.extend([current.span, span]);
        places.reverse();
        self.emit_update(target, path, keys, &vals, change.update, &change.later, places, change.span);
    }

    /// `x[i].f op= e`, with any number of steps.
    pub(super) fn assign_op(&mut self, path: Path<'a>, op: BinaryOp, op_span: Span, value: &'a Expr<'a>, span: Span) {
        let keys = self.keys(path);
        if let Some(target) = self.only_mutable(path.root)
            && path.steps.len() <= MAX_PATH_STEPS
        {
            let storage = self.shared.resolution.binding(target.binding).storage;
            let plain = storage == Storage::Register && path.steps.is_empty();
            let fits = storage == Storage::Register || self.is_quiet(value);
            if fits && !plain {
                if !self.is_trivial(value) && (!target.definite || !path.steps.is_empty()) {
                    let root = self.get(target.binding, target.definite, path.root.span);
                    self.read_steps(root, path.steps, &keys);
                }
                let val = self.expr(value);
                let steps = path.steps.iter().map(|step| match *step {
                    Step::Index { bracket, .. } => bracket,
                    Step::Field(name) => name.span,
                });
                let places = [span, path.root.span].into_iter().chain(steps).collect();
                return self.emit_update(target, path, &keys, &[val], UpdateOp::Binary(op), &[], places, op_span);
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

    /// `old op operand`, `old + operand + second`, `push(old, operand)`, `sort(old)`.
    fn change(&self, value: &'a Expr<'a>) -> Option<Change<'a>> {
        match value.kind {
            ExprKind::Binary { op: BinaryOp::Add, .. } => self.additions(value),
            ExprKind::Binary { op, op_span, left, right } => match op {
                BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => Some(Change {
                    old: left,
                    operands: SmallVec::from_slice(&[right]),
                    update: UpdateOp::Binary(op),
                    span: op_span,
                    later: SmallVec::new(),
                }),
                _ => None,
            },
            ExprKind::Call { callee, callee_start, args: &[old, operand] } => match callee.kind {
                ExprKind::Name(name) if self.is_one_of(name, &["push", "append"]) => Some(Change {
                    old,
                    operands: SmallVec::from_slice(&[operand]),
                    update: UpdateOp::Push,
                    span: callee_start,
                    later: SmallVec::new(),
                }),
                _ => self.builtin_change(value),
            },
            _ => self.builtin_change(value),
        }
    }

    /// Additions to one old value. The first operand may be anything; the others are evaluated before the first addition, which has to
    /// make no difference.
    fn additions(&self, value: &'a Expr<'a>) -> Option<Change<'a>> {
        let mut operands: SmallVec<[&'a Expr<'a>; 2]> = SmallVec::new();
        let mut spans: SmallVec<[Span; 4]> = SmallVec::new();
        let mut current = value;
        while let ExprKind::Binary { op: BinaryOp::Add, op_span, left, right } = current.kind {
            if operands.len() > MAX_MORE {
                return None;
            }
            operands.push(right);
            spans.push(op_span);
            current = left;
        }
        operands.reverse();
        spans.reverse();
        let exact = operands.len() == 1
            || !self.shared.resolution.overloads() && operands[1..].iter().all(|operand| self.is_trivial(operand));
        exact.then(|| Change {
            old: current,
            operands,
            update: UpdateOp::Binary(BinaryOp::Add),
            span: spans[0],
            later: SmallVec::from_slice(&spans[1..]),
        })
    }

    /// `builtin(old, operands)` with a builtin that changes its first argument in place.
    fn builtin_change(&self, value: &'a Expr<'a>) -> Option<Change<'a>> {
        let ExprKind::Call { callee, callee_start, args } = value.kind else { return None };
        let (ExprKind::Name(name), [old, operands @ ..]) = (callee.kind, args) else { return None };
        let Fallback::Builtin(id) = self.info(name).fallback else { return None };
        let changes = role(self.shared.interner.name(name.symbol)) == Some(Role::Changes);
        if operands.len() > MAX_MORE || !changes || !self.is_builtin(name) {
            return None;
        }
        let update = if operands.is_empty() { UpdateOp::Alone(id) } else { UpdateOp::Builtin(id) };
        let operands = SmallVec::from_slice(operands);
        Some(Change { old, operands, update, span: callee_start, later: SmallVec::new() })
    }

    /// Whether an expression reads exactly the target of an assignment.
    fn same_path(&self, expr: &Expr, path: Path, target: Candidate) -> bool {
        let mut current = expr;
        for step in path.steps.iter().rev() {
            current = match (current.kind, step) {
                (ExprKind::Index { object, index, .. }, Step::Index { index: key, .. }) if self.is_same(index, key) => {
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

    /// Whether no script code can change the keys of a path that passed [`Self::same_path`].
    fn has_stable_keys(&self, path: Path) -> bool {
        self.all_key_variables(path, &|binding| self.is_private(binding))
    }

    fn all_key_variables(&self, path: Path, test: &dyn Fn(BindingId) -> bool) -> bool {
        path.steps.iter().all(|step| match step {
            Step::Index { index, .. } => self.all_variables(index, test),
            Step::Field(_) => true,
        })
    }
}
