//! Code that nothing leads to.

use super::Found;
use super::index::{Callee, Index};
use super::table::Lint;
use super::walk::{Place, Visit};
use crate::runtime::builtins;
use crate::syntax::ast::{Block, Expr, ExprKind, MatchPattern, Stmt, StmtKind};

/// Where control may go from a piece of code.
#[derive(Clone, Copy)]
struct Exits {
    /// To what follows.
    on: bool,
    /// Out of the innermost loop, by `break`.
    breaks: bool,
}

impl Exits {
    const ON: Exits = Exits { on: true, breaks: false };
    const AWAY: Exits = Exits { on: false, breaks: false };

    /// One or the other.
    fn or(self, other: Exits) -> Exits {
        Exits { on: self.on || other.on, breaks: self.breaks || other.breaks }
    }
}

/// The family.
pub(super) struct Flow<'i, 'a, 's> {
    index: &'i Index<'a, 's>,
    pub found: Found,
}

impl<'i, 'a, 's> Flow<'i, 'a, 's> {
    pub fn new(index: &'i Index<'a, 's>) -> Self {
        Flow { index, found: Found::default() }
    }

    fn block(&mut self, place: &Place<'a>, block: &Block<'a>) -> Exits {
        self.list(place, block.statements)
    }

    fn list(&mut self, place: &Place<'a>, statements: &'a [Stmt<'a>]) -> Exits {
        let mut exits = Exits::ON;
        let mut said = false;
        for statement in statements {
            let declares = matches!(
                statement.kind,
                StmtKind::Function { .. }
                    | StmtKind::Struct(_)
                    | StmtKind::Enum { .. }
                    | StmtKind::Test { .. }
                    | StmtKind::Export(_)
            );
            if !exits.on && !said && !declares {
                said = true;
                self.found.add(Lint::UnreachableCode, "Nothing leads to this code", statement.span);
            }
            let own = self.statement(place, statement);
            exits = Exits { on: exits.on && own.on, breaks: exits.breaks || exits.on && own.breaks };
        }
        exits
    }

    fn statement(&mut self, place: &Place<'a>, statement: &'a Stmt<'a>) -> Exits {
        match statement.kind {
            StmtKind::Return(_) | StmtKind::Continue => Exits::AWAY,
            StmtKind::Break => Exits { on: false, breaks: true },
            StmtKind::Expr(expr) if self.ends(place, expr) => Exits::AWAY,
            StmtKind::If { branches, otherwise } => {
                let mut exits = otherwise.map_or(Exits::ON, |block| self.block(place, &block));
                for branch in branches {
                    exits = exits.or(self.block(place, &branch.body));
                }
                exits
            }
            StmtKind::While { condition, ref body } => {
                let exits = self.block(place, body);
                let endless = matches!(condition.kind, ExprKind::Bool(true)) && !exits.breaks;
                Exits { on: !endless, breaks: false }
            }
            StmtKind::Loop { ref body } => {
                let exits = self.block(place, body);
                Exits { on: exits.breaks, breaks: false }
            }
            StmtKind::For { ref body, .. } => {
                self.block(place, body);
                Exits::ON
            }
            StmtKind::Match { cases, ref default, .. } => {
                let mut exits = Exits::AWAY;
                let mut all = false;
                for case in cases {
                    let own = self.block(place, &case.body);
                    if all {
                        self.found.add(Lint::UnreachableCode, "An earlier case matches everything", case.span);
                        continue;
                    }
                    exits = exits.or(own);
                    all = matches!(case.pattern, MatchPattern::Wildcard) && case.guard.is_none();
                }
                match default {
                    Some(block) => {
                        let own = self.block(place, block);
                        if all {
                            self.found.add(Lint::UnreachableCode, "An earlier case matches everything", block.span);
                        } else {
                            exits = exits.or(own);
                        }
                    }
                    None if !all => exits = exits.or(Exits::ON),
                    None => {}
                }
                exits
            }
            StmtKind::Try { ref body, ref handler, .. } => {
                let exits = self.block(place, body);
                exits.or(self.block(place, handler))
            }
            _ => Exits::ON,
        }
    }

    /// Whether nothing comes back from an expression: `throw(...)`, `exit(...)`, `error(...)`.
    fn ends(&self, place: &Place<'a>, expr: &Expr<'a>) -> bool {
        match expr.kind {
            ExprKind::Throw { .. } => true,
            ExprKind::Call { callee, .. } => {
                let ExprKind::Name(name) = callee.kind else { return false };
                let Callee::Builtin(id) = self.index.callee(place.unit, name) else { return false };
                builtins::row(id).is_some_and(|row| matches!(row.name, "exit" | "error"))
            }
            _ => false,
        }
    }
}

impl<'a> Visit<'a> for Flow<'_, 'a, '_> {
    fn function(&mut self, place: &Place<'a>) {
        self.list(place, place.node.body.statements);
    }
}
