//! Test blocks, where they are to run.
//!
//! They are functions of their own when they run, but names in them mean what they would mean at the end of the statements around
//! them: the blocks are walked there, set-up first, and what they share with each other lives in global slots. A set-up and a
//! tear-down share the scope around them, so what a set-up defines is there for the tests; a test has a scope of its own, and
//! a group one for the blocks in it.

use super::state::Walker;
use crate::syntax::ast::{Function, Stmt, StmtKind, TestKind};

impl<'a> Walker<'a, '_> {
    /// Walks the test blocks among some statements, after these.
    pub(super) fn test_blocks(&mut self, statements: &'a [Stmt<'a>]) {
        for function in of_kind(statements, TestKind::Setup) {
            self.reach_block(function);
            self.statements(function.body.statements);
        }
        for statement in statements {
            match statement.kind {
                StmtKind::Test { kind: TestKind::Test, function, .. } => {
                    self.reach_block(function);
                    self.block(&function.body);
                }
                StmtKind::Test { kind: TestKind::Group, function, .. } => {
                    self.reach_block(function);
                    let outer = self.scope;
                    self.open(self.unit.scope(function.body.id));
                    self.tops.insert(self.scope, 0);
                    self.statements(function.body.statements);
                    self.test_blocks(function.body.statements);
                    self.scope = outer;
                }
                _ => {}
            }
        }
        for function in of_kind(statements, TestKind::Teardown) {
            self.reach_block(function);
            self.statements(function.body.statements);
        }
    }

    fn reach_block(&mut self, function: &'a Function<'a>) {
        let key = self.unit.function(function.id);
        let state = &mut self.functions[key.index()];
        state.node = Some(function);
        state.unit = self.unit;
        state.scheduled = true;
    }
}

/// The blocks of one kind among some statements.
fn of_kind<'a>(statements: &'a [Stmt<'a>], wanted: TestKind) -> impl Iterator<Item = &'a Function<'a>> {
    statements.iter().filter_map(move |statement| match statement.kind {
        StmtKind::Test { kind, function, .. } if kind == wanted => Some(function),
        _ => None,
    })
}
