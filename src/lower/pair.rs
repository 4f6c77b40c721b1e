//! Builtins that give back a container together with what they took out of it: `r := pop(x)  x := r[0]`, also with `v := r[1]` between the
//! two, `[rest, v] := pop(x)  x := rest`, and `x := pop(x)[0]`, where `x` is the end of a path or not in a register.
//!
//! The builtin changes `x` in place, which makes `x` the pair; the pair is read, and its first half stored in `x` at once. Nothing in
//! between raises or runs script code, nor do the statements up to the one that stores it in the source.

use super::function::Lowerer;
use super::path::MAX_STEPS;
use super::update::Change;
use crate::base::source::Span;
use crate::ir::entities::Val;
use crate::ir::inst::{Imm, Op};
use crate::resolve::{BindingId, Candidate, Mutability, Storage};
use crate::syntax::ast::{Expr, ExprKind, Name, Path, PatternItem, PatternKind, Stmt, StmtKind};
use smallvec::SmallVec;

/// Builtins whose result, if they do not raise, is a pair of the changed container and something else.
const PAIRS: &[&str] = &["pop", "remove_at", "queue_dequeue", "stack_pop"];

impl<'a> Lowerer<'a, '_, '_> {
    /// Lowers a statement that keeps such a pair whose first half one of the `following` statements writes back; whether it was one.
    pub(super) fn pair_statement(&mut self, statement: &'a Stmt<'a>, following: &'a [Stmt<'a>]) -> bool {
        let span = statement.span;
        match statement.kind {
            StmtKind::Declare { name, value, .. } | StmtKind::Assign { name, value } => {
                let declares = matches!(statement.kind, StmtKind::Declare { .. });
                let Some(change) = self.builtin_change(value, PAIRS) else { return false };
                let Some(pair) = self.surely_assigned(name, declares) else { return false };
                let mut assigned: SmallVec<[BindingId; 2]> = SmallVec::from_slice(&[pair]);
                let mut following = following;
                if let [other, rest @ ..] = following
                    && let StmtKind::Declare { name, value, .. } | StmtKind::Assign { name, value } = other.kind
                    && self.is_part(value, pair, 1)
                    && let Some(part) = self.surely_assigned(name, matches!(other.kind, StmtKind::Declare { .. }))
                    && part != pair
                {
                    assigned.push(part);
                    following = rest;
                }
                let Some((path, stored)) = following.first().and_then(store) else { return false };
                if !self.is_part(stored, pair, 0) {
                    return false;
                }
                let Some(val) = self.take_out(path, &change, &assigned, span) else { return false };
                if declares {
                    self.declare(name, val, span);
                } else {
                    self.assign(name, val, span);
                }
                true
            }
            StmtKind::Destructure { pattern, value, .. } => {
                let Some(change) = self.builtin_change(value, PAIRS) else { return false };
                let PatternKind::Array { items: items @ [PatternItem::Bind(first), _], rest: None } = pattern.kind
                else {
                    return false;
                };
                let mut assigned: SmallVec<[BindingId; 2]> = SmallVec::new();
                for item in items {
                    match *item {
                        PatternItem::Bind(name) => match self.surely_assigned(name, true) {
                            Some(binding) => assigned.push(binding),
                            None => return false,
                        },
                        PatternItem::Ignore(_) => {}
                        PatternItem::Nested(_) => return false,
                    }
                }
                let Some((path, stored)) = following.first().and_then(store) else { return false };
                let stores = matches!(stored.kind, ExprKind::Name(name)
                    if self.single(name).is_some_and(|only| Some(only.binding) == self.info(*first).binding));
                if !stores {
                    return false;
                }
                let Some(val) = self.take_out(path, &change, &assigned, span) else { return false };
                self.destructure(pattern, val, span);
                true
            }
            _ => false,
        }
    }

    /// `path := builtin(path, ...)[0]`; whether it was that.
    pub(super) fn first_of_pair(&mut self, path: Path<'a>, value: &'a Expr<'a>) -> bool {
        let ExprKind::Index { object, index, bracket } = value.kind else { return false };
        let ExprKind::Int(0) = index.kind else { return false };
        let Some(change) = self.builtin_change(object, PAIRS) else { return false };
        self.take_out(path, &change, &[], bracket).is_some()
    }

    /// Changes the end of a path by a builtin that gives a pair and stores the first half there; the pair. If a later statement writes the
    /// path in the source, `assigned` are the bindings changed before it: its keys must depend on none of them, nor on the container.
    fn take_out(&mut self, path: Path<'a>, change: &Change<'a>, assigned: &[BindingId], span: Span) -> Option<Val> {
        let target = self.only_mutable(path.root)?;
        let in_register = self.shared.resolution.binding(target.binding).storage == Storage::Register;
        let mut changed: SmallVec<[BindingId; 4]> = SmallVec::from_slice(assigned);
        if !assigned.is_empty() {
            changed.push(target.binding);
        }
        if (in_register && path.steps.is_empty())
            || path.steps.len() > MAX_STEPS
            || assigned.contains(&target.binding)
            || !self.same_path(change.old, path, target)
            || !self.keys_avoid(path, &changed)
        {
            return None;
        }
        let keys = self.update_quietly(path, target, change, span)?;
        let root = self.get(target.binding, true, span);
        let pair = self.read_steps(root, path.steps, &keys);
        let first = self.b.ins_val(Op::PartGet, &[pair], Imm::Index(0), span);
        match path.steps {
            [] => self.store(target.binding, first, span),
            _ => self.write(Candidate { definite: true, ..target }, path, &keys, first, span),
        }
        Some(pair)
    }

    /// The binding a declaration or bare assignment gives a value, if it cannot raise.
    fn surely_assigned(&self, name: Name, declares: bool) -> Option<BindingId> {
        let info = self.info(name);
        match *self.candidates(info) {
            [] => info.binding,
            [only] if !declares && only.mutability == Mutability::Mutable => {
                (only.definite || info.binding == Some(only.binding)).then_some(only.binding)
            }
            _ => None,
        }
    }

    /// Whether an expression is `pair[index]`.
    fn is_part(&self, expr: &Expr, pair: BindingId, index: i64) -> bool {
        matches!(expr.kind, ExprKind::Index { object, index: key, .. }
            if matches!(key.kind, ExprKind::Int(at) if at == index)
                && matches!(object.kind, ExprKind::Name(name)
                    if self.single(name).is_some_and(|only| only.binding == pair)))
    }
}

/// The target and value of an assignment.
fn store<'a>(statement: &'a Stmt<'a>) -> Option<(Path<'a>, &'a Expr<'a>)> {
    match statement.kind {
        StmtKind::Assign { name, value } => Some((Path { root: name, steps: &[] }, value)),
        StmtKind::AssignPath { path, value } => Some((path, value)),
        _ => None,
    }
}
