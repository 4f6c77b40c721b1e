//! Destructuring patterns: every name is declared in the current scope.

use super::state::{Kinds, Walker};
use crate::syntax::ast::{Name, Pattern, PatternItem, PatternKind};

impl<'a> Walker<'a, '_> {
    pub(super) fn pattern(&mut self, pattern: &Pattern<'a>, kinds: Kinds) {
        let rest = match pattern.kind {
            PatternKind::Array { items, rest } => {
                for item in items {
                    match item {
                        PatternItem::Ignore(_) => {}
                        PatternItem::Bind(name) => self.bind(*name, kinds),
                        PatternItem::Nested(inner) => self.pattern(inner, kinds),
                    }
                }
                rest
            }
            PatternKind::Dict { names, rest } => {
                for &name in names {
                    self.bind(name, kinds);
                }
                rest
            }
        };
        if let Some(name) = rest {
            self.bind(name, kinds);
        }
    }

    fn bind(&mut self, name: Name, kinds: Kinds) {
        if self.interner.name(name.symbol) != "_" {
            self.declare(name, kinds);
        }
    }
}
