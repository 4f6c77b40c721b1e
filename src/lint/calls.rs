//! Calls with the wrong number of arguments, and structs, fields, methods and variants that nobody declares.

use super::Found;
use super::index::{Callee, Holds, Index};
use super::table::Lint;
use super::walk::{Place, Visit};
use crate::base::builtin::{RECEIVE, SEND};
use crate::base::effort::spend;
use crate::base::hint::{self, Situation};
use crate::base::intern::Symbol;
use crate::base::source::Span;
use crate::resolve::FunctionKey;
use crate::runtime::builtins::{self, BuiltinId};
use crate::syntax::ast::{Expr, ExprKind, Function, Ident, MatchPattern, Step, Stmt, StmtKind};
use rustc_hash::FxHashSet;

/// The struct that errors are.
const ERROR: &str = "Error";
/// The method of iterators and generators that gives an option.
const NEXT: &str = "next";

/// How many names are looked at in all, to find what is meant by others: then a program with many mistakes has had its hints.
pub(super) const MOST_COMPARED: usize = 200_000;

/// The family.
pub(super) struct Calls<'i, 'a, 's> {
    index: &'i Index<'a, 's>,
    /// Calls that get one more argument by a pipe, by address.
    piped: FxHashSet<usize>,
    /// How many names have been looked at, to find what is meant.
    compared: usize,
    pub found: Found,
}

impl<'i, 'a, 's> Calls<'i, 'a, 's> {
    pub fn new(index: &'i Index<'a, 's>) -> Self {
        Calls { index, piped: FxHashSet::default(), compared: 0, found: Found::default() }
    }

    fn text(&self, name: Symbol) -> &'s str {
        self.index.interner.name(name)
    }

    /// How many arguments a call gets by a pipe.
    fn pipes(&self, call: &Expr<'a>) -> usize {
        usize::from(self.piped.contains(&std::ptr::from_ref(call).addr()))
    }

    fn near<'n>(&mut self, name: Symbol, others: impl IntoIterator<Item = &'n Symbol>) -> Option<String> {
        if self.compared > MOST_COMPARED {
            return None;
        }
        let mut others: Vec<&str> = others.into_iter().map(|&other| self.text(other)).collect();
        self.compared += others.len();
        others.sort_unstable();
        hint::nearest(self.text(name), others).map(|near| Situation::Near.advice(&[near]))
    }

    fn count(&mut self, name: &str, node: &Function<'a>, got: usize, span: Span) {
        let takes = node.params.iter().filter(|param| !param.is_self).count();
        if takes != got {
            let message = format!("{name} expects {takes} arguments, got {got}");
            self.found.add(Lint::ArgumentCount, message, span).label(head(node), "declared here");
        }
    }

    fn builtin(&mut self, id: BuiltinId, got: usize, span: Span) {
        if let Some(message) = builtins::row(id).and_then(|row| row.arity.complaint(row.name, got)) {
            self.found.add(Lint::ArgumentCount, message, span);
        }
    }

    /// A call of what an expression gives, with `got` arguments.
    fn call(&mut self, place: &Place<'a>, callee: &Expr<'a>, got: usize) {
        let known = match callee.kind {
            ExprKind::Name(name) => self.index.callee(place.unit, name),
            ExprKind::Function(function) => Callee::Function(place.unit.function(function.id)),
            _ => return,
        };
        match known {
            Callee::Function(key) => {
                if let Some(node) = self.index.resolution.function(key).node {
                    let name = node.name.map_or("<lambda>", |name| self.text(name));
                    self.count(name, node, got, callee.span);
                }
            }
            Callee::Builtin(id) => self.builtin(id, got, callee.span),
            Callee::Unknown => {}
        }
    }

    /// `x.name(args)` with `got` arguments.
    fn method(&mut self, place: &Place<'a>, object: &Expr<'a>, name: Ident, got: usize) {
        let index = self.index;
        let text = self.text(name.symbol);
        if index.holders.contains(&name.symbol) || matches!(text, SEND | RECEIVE) {
            return;
        }
        let builtin = builtins::lookup(text);
        let owner = match index.holds(place, object) {
            Holds::Struct(owner) if !index.resolution.structs(owner).is_empty() => Some(owner),
            _ => None,
        };
        let all = index.methods.get(&name.symbol).map_or(&[][..], |methods| methods.list.as_slice());
        let own = match owner {
            Some(owner) => index.methods_of.get(&(owner, name.symbol)).cloned().unwrap_or_default(),
            None => all.iter().take(2).map(|&(_, key)| key).collect::<Vec<FunctionKey>>(),
        };
        match (own.as_slice(), builtin) {
            ([], _) if builtins::lazy_method(text).is_some() || text == NEXT && owner.is_none() => {}
            ([], Some(id)) => self.builtin(id, got + 1, name.span),
            ([], None) if builtins::is_struct_method(text) => {}
            ([], None) => {
                let of = |name: &Symbol| owner.is_none_or(|owner| index.methods_of.contains_key(&(owner, *name)));
                let keys = index.methods.keys().take(if self.compared > MOST_COMPARED { 0 } else { usize::MAX });
                let mut names: Vec<&str> = keys.filter(|name| of(name)).map(|&name| self.text(name)).collect();
                self.compared += names.len();
                spend(names.len());
                names.sort_unstable();
                builtins::public_names().for_each(|name| names.push(name));
                let help = hint::meant(text, &names, hint::member);
                let message = match owner {
                    Some(owner) => format!("The struct `{}` has no method `{text}`", self.text(owner)),
                    None => format!("Nothing has a method `{text}`"),
                };
                self.found.add(Lint::UnknownMethod, message, name.span).help.extend(help);
            }
            // On another receiver the builtin of that name may be meant.
            (_, Some(_)) if owner.is_none() => {}
            (&[only], _) => {
                let owner = index.resolution.function(only).owner.map_or("", |owner| self.text(owner));
                if let Some(node) = index.resolution.function(only).node {
                    self.count(&format!("{owner}.{text}"), node, got, name.span);
                }
            }
            _ => {}
        }
    }

    fn literal(&mut self, name: Ident, fields: &[Ident]) {
        let text = self.text(name.symbol);
        if self.index.resolution.structs(name.symbol).is_empty() {
            if text != ERROR {
                let declared: Vec<Symbol> = self.index.resolution.struct_names().collect();
                let help = self.near(name.symbol, &declared);
                let message = format!("No struct `{text}` is declared");
                self.found.add(Lint::UnknownStruct, message, name.span).help.extend(help);
            }
            return;
        }
        for &field in fields {
            self.field(name.symbol, field);
        }
    }

    /// A field of a struct that is declared.
    fn field(&mut self, owner: Symbol, field: Ident) {
        let Some(declared) = self.index.declared_fields.get(&owner) else { return };
        // One without declared fields gets them as it likes.
        if declared.is_empty() || declared.contains(&field.symbol) {
            return;
        }
        let message = format!("The struct `{}` declares no field `{}`", self.text(owner), self.text(field.symbol));
        let help = self.near(field.symbol, declared);
        self.found.add(Lint::UnknownField, message, field.span).help.extend(help);
    }

    /// A field that is read or written through an expression.
    fn member(&mut self, holds: Holds, field: Ident, written: bool) {
        if let Holds::Struct(owner) = holds
            && !self.index.resolution.structs(owner).is_empty()
            && (written || !self.index.given_fields.contains(&field.symbol))
        {
            self.field(owner, field);
        }
    }

    fn variant(&mut self, base: Ident, variant: Ident) {
        const BUILT_IN: &[(&str, &[&str])] = &[("Result", &["Ok", "Err"]), ("Option", &["Some", "None"])];
        let (of, text) = (self.text(base.symbol), self.text(variant.symbol));
        let near = match self.index.enums.get(&base.symbol) {
            Some(variants) if variants.contains(&variant.symbol) => return,
            Some(variants) => self.near(variant.symbol, variants),
            None => match BUILT_IN.iter().find(|row| row.0 == of) {
                Some((_, variants)) if !variants.contains(&text) => {
                    hint::nearest(text, variants.iter().copied()).map(|near| Situation::Near.advice(&[near]))
                }
                Some(_) => return,
                // An enum need not be declared; one whose name is nearly that of a declared one is misspelt.
                None => match self.near(base.symbol, self.index.enums.keys()) {
                    Some(help) => {
                        let message = format!("No enum `{of}` is declared");
                        self.found.add(Lint::UnknownVariant, message, base.span).help.push(help);
                        return;
                    }
                    None => return,
                },
            },
        };
        let message = format!("The enum `{of}` has no variant `{text}`");
        self.found.add(Lint::UnknownVariant, message, variant.span).help.extend(near);
    }
}

/// The first line of a function, for a label.
fn head(node: &Function) -> Span {
    let end = node.body.span.start.max(node.span.start + 1);
    Span::new(node.span.source, node.span.start as usize, end as usize)
}

impl<'a> Visit<'a> for Calls<'_, 'a, '_> {
    fn statement(&mut self, place: &Place<'a>, statement: &'a Stmt<'a>) {
        match statement.kind {
            StmtKind::AssignPath { path, .. } | StmtKind::AssignOp { path, .. } => {
                if let Some(Step::Field(field)) = path.steps.first() {
                    let root = Expr { kind: ExprKind::Name(path.root), span: path.root.span };
                    let itself = self.text(path.root.symbol) == "self";
                    let owner = self.index.resolution.function(place.function).owner.filter(|_| itself);
                    let holds = owner.map_or_else(|| self.index.holds(place, &root), Holds::Struct);
                    self.member(holds, *field, true);
                }
            }
            StmtKind::Match { cases, .. } => {
                for case in cases {
                    if let MatchPattern::Tag { base: Some(base), variant, .. } = case.pattern {
                        self.variant(base, variant);
                    }
                }
            }
            _ => {}
        }
    }

    fn expr(&mut self, place: &Place<'a>, expr: &'a Expr<'a>) {
        match expr.kind {
            ExprKind::Call { callee, args, .. } => self.call(place, callee, args.len() + self.pipes(expr)),
            ExprKind::Pipe { target, .. } => match target.kind {
                ExprKind::Call { .. } | ExprKind::MethodCall { .. } => {
                    self.piped.insert(std::ptr::from_ref(target).addr());
                }
                _ => self.call(place, target, 1),
            },
            ExprKind::MethodCall { object, name, args, .. } => {
                self.method(place, object, name, args.len() + self.pipes(expr));
            }
            ExprKind::Field { object, name, optional: false } => {
                let holds = self.index.holds(place, object);
                self.member(holds, name, false);
            }
            ExprKind::Struct { name, fields } => {
                let fields: Vec<Ident> = fields.iter().map(|field| field.name).collect();
                self.literal(name, &fields);
            }
            ExprKind::Tagged { base, variant, .. } => self.variant(base, variant),
            _ => {}
        }
    }
}
