//! Destructuring. A pattern checks the kind of its source first, then declares its names from left to right, nested patterns in
//! their place, the rest last.

use super::function::Lowerer;
use super::matching::MAX_INDEX;
use crate::base::source::Span;
use crate::ir::entities::Val;
use crate::ir::inst::{Imm, Op};
use crate::syntax::ast::{Name, Pattern, PatternItem, PatternKind};

impl Lowerer<'_, '_, '_> {
    /// `pattern := source`; `span` is the position of every error.
    pub(super) fn destructure(&mut self, pattern: &Pattern<'_>, source: Val, span: Span) {
        match pattern.kind {
            PatternKind::Array { items, rest } => self.array_pattern(items, rest, source, span),
            PatternKind::Dict { names, rest } => self.dict_pattern(names, rest, source, span),
        }
    }

    fn array_pattern(&mut self, items: &[PatternItem<'_>], rest: Option<Name>, source: Val, span: Span) {
        self.b.ins(Op::ExpectArray, &[source], Imm::None, span);
        // What the indexes count in: very long patterns go on in the rest of the source.
        let (mut array, mut first) = (source, 0);
        for (index, item) in items.iter().enumerate() {
            if index as u32 - first > MAX_INDEX {
                array = self.b.ins_val(Op::ArrayRest, &[array], Imm::Index(MAX_INDEX), span);
                first += MAX_INDEX;
            }
            if let PatternItem::Ignore(_) = item {
                continue;
            }
            let val = self.b.ins_val(Op::PartGet, &[array], Imm::Index(index as u32 - first), span);
            match *item {
                PatternItem::Ignore(_) => {}
                PatternItem::Bind(name) => self.declare_named(name, val, span),
                PatternItem::Nested(inner) => self.destructure(inner, val, span),
            }
        }
        if let Some(name) = rest.filter(|&name| self.is_binding(name)) {
            let mut skipped = items.len() as u32 - first;
            if skipped > MAX_INDEX {
                array = self.b.ins_val(Op::ArrayRest, &[array], Imm::Index(MAX_INDEX), span);
                skipped -= MAX_INDEX;
            }
            let val = self.b.ins_val(Op::ArrayRest, &[array], Imm::Index(skipped), span);
            self.declare_named(name, val, span);
        }
    }

    fn dict_pattern(&mut self, names: &[Name], rest: Option<Name>, source: Val, span: Span) {
        self.b.ins(Op::ExpectDict, &[source], Imm::None, span);
        for &name in names.iter().filter(|&&name| self.is_binding(name)).collect::<Vec<_>>() {
            let key = self.name_imm(name.symbol);
            let val = self.b.ins_val(Op::FieldGet, &[source], key, span);
            self.declare_named(name, val, span);
        }
        if let Some(name) = rest.filter(|&name| self.is_binding(name)) {
            let mut val = source;
            for taken in names {
                let key = self.name_imm(taken.symbol);
                val = self.b.ins_val(Op::DictWithout, &[val], key, span);
            }
            self.declare_named(name, val, span);
        }
    }

    fn is_binding(&self, name: Name) -> bool {
        self.shared.interner.name(name.symbol) != "_"
    }

    fn declare_named(&mut self, name: Name, val: Val, span: Span) {
        if self.is_binding(name) {
            self.declare(name, val, span);
        }
    }
}
