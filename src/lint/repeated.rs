//! Fields, keys, cases, functions and variants that stand twice where one counts.

use super::Found;
use super::table::Lint;
use super::walk::{Place, Visit};
use crate::base::intern::{Interner, Symbol};
use crate::base::source::Span;
use crate::syntax::ast::{Entry, Expr, ExprKind, MatchPattern, Stmt, StmtKind};
use rustc_hash::FxHashMap;
use std::hash::Hash;

/// The family.
pub(super) struct Repeated<'s> {
    interner: &'s Interner,
    pub found: Found,
}

/// What a case matches.
#[derive(PartialEq, Eq, Hash)]
enum Matched<'a> {
    /// A number, by the bits of the double it is equal to, if that is exact.
    Number(u64),
    Int(i64),
    Text(&'a str),
    Bool(bool),
    Null,
    Tag(Option<Symbol>, Symbol),
}

impl<'s> Repeated<'s> {
    pub fn new(interner: &'s Interner) -> Self {
        Repeated { interner, found: Found::default() }
    }

    /// Tells of all items whose key an earlier one has.
    fn items<K: Hash + Eq>(&mut self, lint: Lint, what: &str, items: impl IntoIterator<Item = (K, String, Span)>) {
        let mut seen: FxHashMap<K, Span> = FxHashMap::default();
        for (key, name, span) in items {
            match seen.get(&key) {
                Some(&first) => {
                    let advice = self.found.add(lint, format!("{what} `{name}` stands here twice"), span);
                    advice.label(first, "first here");
                }
                None => {
                    seen.insert(key, span);
                }
            }
        }
    }

    fn named(&mut self, lint: Lint, what: &str, names: impl IntoIterator<Item = (Symbol, Span)>) {
        let interner = self.interner;
        let items = names.into_iter().map(|(name, span)| (name, interner.name(name).to_owned(), span));
        self.items(lint, what, items);
    }
}

impl<'a> Visit<'a> for Repeated<'_> {
    fn statements(&mut self, _place: &Place<'a>, statements: &'a [Stmt<'a>]) {
        let plain = |statement: &Stmt<'a>| match statement.kind {
            StmtKind::Export(inner) => inner.kind,
            kind => kind,
        };
        let functions = statements.iter().filter_map(|statement| match plain(statement) {
            StmtKind::Function { name, .. } => Some((name.symbol, name.span)),
            _ => None,
        });
        self.named(Lint::DuplicateFunction, "The function", functions.collect::<Vec<_>>());
        let structs = statements.iter().filter_map(|statement| match plain(statement) {
            StmtKind::Struct(decl) => Some((decl.name.symbol, decl.name.span)),
            _ => None,
        });
        self.named(Lint::DuplicateFunction, "The struct", structs.collect::<Vec<_>>());
    }

    fn statement(&mut self, _place: &Place<'a>, statement: &'a Stmt<'a>) {
        match statement.kind {
            StmtKind::Struct(decl) => {
                let fields = decl.fields.iter().map(|field| (field.name.symbol, field.name.span));
                self.named(Lint::DuplicateField, "The field", fields);
                let methods = decl.methods.iter().filter_map(|method| Some((method.name?, method.span)));
                self.named(Lint::DuplicateFunction, "The method", methods);
            }
            StmtKind::Enum { variants, .. } => {
                let variants = variants.iter().map(|variant| (variant.symbol, variant.span));
                self.named(Lint::DuplicateFunction, "The variant", variants);
            }
            StmtKind::Match { cases, .. } => {
                let interner = self.interner;
                // A case with a guard may leave what it matches to later ones.
                let mut seen: FxHashMap<Matched, Span> = FxHashMap::default();
                for case in cases {
                    let (key, text) = match case.pattern {
                        MatchPattern::Int(int) => match int as f64 {
                            float if float as i64 == int && int.unsigned_abs() < 1 << 53 => {
                                (Matched::Number((float + 0.0).to_bits()), int.to_string())
                            }
                            _ => (Matched::Int(int), int.to_string()),
                        },
                        MatchPattern::Float(float) => (Matched::Number((float + 0.0).to_bits()), float.to_string()),
                        MatchPattern::Str(text) => (Matched::Text(text), text.to_owned()),
                        MatchPattern::Word(word) => {
                            let text = interner.name(word.symbol);
                            (Matched::Text(text), text.to_owned())
                        }
                        MatchPattern::Bool(value) => (Matched::Bool(value), value.to_string()),
                        MatchPattern::Null => (Matched::Null, "null".to_owned()),
                        MatchPattern::Wildcard => continue,
                        MatchPattern::Tag { base, variant, .. } => {
                            let name = interner.name(variant.symbol);
                            let base = base.filter(|_| !matches!(name, "Ok" | "Err" | "Some" | "None"));
                            let text =
                                base.map_or(name.to_owned(), |base| format!("{}::{name}", interner.name(base.symbol)));
                            (Matched::Tag(base.map(|base| base.symbol), variant.symbol), text)
                        }
                    };
                    if let Some(&first) = seen.get(&key) {
                        let message = format!("An earlier case takes `{text}`");
                        self.found.add(Lint::DuplicateCase, message, case.pattern_span).label(first, "first here");
                    } else if case.guard.is_none() {
                        seen.insert(key, case.pattern_span);
                    }
                }
            }
            _ => {}
        }
    }

    fn expr(&mut self, _place: &Place<'a>, expr: &'a Expr<'a>) {
        match expr.kind {
            ExprKind::Struct { fields, .. } => {
                let fields = fields.iter().map(|field| (field.name.symbol, field.name.span));
                self.named(Lint::DuplicateField, "The field", fields);
            }
            ExprKind::Dict(entries) => {
                let keys = entries.iter().filter_map(|entry| match entry {
                    Entry::Pair { key, .. } => match key.kind {
                        ExprKind::Str(text) => Some((text.to_owned(), text.to_owned(), key.span)),
                        ExprKind::Int(int) => Some((int.to_string(), int.to_string(), key.span)),
                        _ => None,
                    },
                    Entry::Spread { .. } => None,
                });
                self.items(Lint::DuplicateKey, "The key", keys);
            }
            _ => {}
        }
    }
}
