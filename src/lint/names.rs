//! Names: what has no value, what nobody reads, imports that lead nowhere, locals that are globals.

use super::Found;
use super::calls::MOST_COMPARED;
use super::index::{Index, Use};
use super::purity::Purity;
use super::table::Lint;
use super::walk::{Bound, Place, Visit};
use crate::base::hint::{self, Situation};
use crate::base::source::SourceMap;
use crate::resolve::{BindingId, Fallback, ImportTarget};
use crate::runtime::builtins;
use crate::syntax::ast::{Expr, ExprKind, FunctionRole, Ident, Name, Stmt, StmtKind};
use crate::syntax::token::TokenKind;

/// The family.
pub(super) struct Names<'i, 'a, 's> {
    index: &'i Index<'a, 's>,
    sources: &'s SourceMap,
    /// How many names have been looked at, to find what is meant.
    compared: usize,
    pub found: Found,
}

impl<'i, 'a, 's> Names<'i, 'a, 's> {
    pub fn new(index: &'i Index<'a, 's>, sources: &'s SourceMap) -> Self {
        Names { index, sources, compared: 0, found: Found::default() }
    }

    /// A name that is read or updated.
    fn used(&mut self, place: &Place<'a>, name: Name) {
        let index = self.index;
        let info = index.resolution.name(place.unit, name);
        let defined = !index.resolution.candidates(info).is_empty() || info.fallback != Fallback::Raise;
        if defined {
            return;
        }
        let text = index.interner.name(name.symbol);
        let help = self.meant(place, name);
        let later = index.bound_around(place, name.symbol);
        let advice =
            self.found.add(Lint::UndefinedName, format!("`{text}` is not defined on any path to here"), name.span);
        match (later, help) {
            (Some(span), _) => advice.label(span, "defined only here"),
            (None, Some(help)) => advice.help(help),
            (None, None) => {}
        }
    }

    fn meant(&mut self, place: &Place<'a>, name: Name) -> Option<String> {
        let text = self.index.interner.name(name.symbol);
        let source = &self.sources.get(name.span.source).text;
        if text == "f" && source.as_bytes().get(name.span.end() as usize) == Some(&b'"') {
            return Some(Situation::FormattedText.advice(&[]));
        }
        if self.compared > MOST_COMPARED {
            return hint::word(text).map(str::to_owned);
        }
        let around = self.index.names_around(place);
        self.compared += around.len();
        let mut names: Vec<&str> = around.iter().map(|&symbol| self.index.interner.name(symbol)).collect();
        let keywords = TokenKind::KEYWORDS.iter().map(|kind| kind.text());
        builtins::public_names().chain(keywords).for_each(|name| names.push(name));
        hint::meant(text, &names, hint::word)
    }

    fn import(&mut self, place: &Place<'a>, path: &[Ident], names: &[Name], statement: &Stmt<'a>) {
        let Some(&first) = names.first() else { return };
        let interner = self.index.interner;
        let resolution = self.index.resolution;
        match resolution.import(place.unit, first) {
            Some(ImportTarget::Failure(failure)) => {
                let message = failure.message.split("; ").next().unwrap_or("").to_owned();
                let advice = self.found.add(Lint::UnknownImport, message, statement.span);
                if !failure.tried.is_empty() {
                    let tried: Vec<String> = failure.tried.iter().map(|path| format!("`{path}`")).collect();
                    advice.help(Situation::Tried.advice(&[&tried.join(", ")]));
                }
            }
            Some(&ImportTarget::Module(number)) if !path.is_empty() => {
                let exports = &resolution.modules()[number].exports;
                for name in names.iter().filter(|name| exports.iter().all(|export| export.name != name.symbol)) {
                    let text = interner.name(name.symbol);
                    let message =
                        format!("Symbol '{text}' not found in module '{}'", resolution.modules()[number].name);
                    let advice = self.found.add(Lint::UnknownImport, message, name.span);
                    let exported = exports.iter().map(|export| interner.name(export.name));
                    if let Some(near) = hint::nearest(text, exported) {
                        advice.help(Situation::Near.advice(&[near]));
                    }
                }
            }
            _ => {}
        }
    }

    /// A bare assignment in a function.
    fn assigned(&mut self, place: &Place<'a>, name: Name, statement: &Stmt<'a>) {
        let index = self.index;
        if place.node.role == FunctionRole::Main {
            return;
        }
        for id in index.candidates(place.unit, name) {
            let binding = index.resolution.binding(id);
            let Some((first, how, around)) = index.uses[id.index()].first else { continue };
            let global = around.node.role == FunctionRole::Main && binding.scope == around.scope;
            let later = first.span.start > name.span.start && binding.function != place.function;
            let read = index.first_reads.get(&(place.function, id)).is_some_and(|&at| at < statement.span.end());
            if global && later && !read && matches!(how, Bound::Assigned | Bound::Declared) {
                let text = index.interner.name(name.symbol);
                let message = format!("This changes the global `{text}` once that has a value: it is declared later");
                let advice = self.found.add(Lint::LateGlobal, message, name.span);
                advice.label(first.span, "the global");
                advice.help(format!("write `mut {text} := ...` for a local variable"));
                return;
            }
        }
    }
}

impl<'a> Visit<'a> for Names<'_, 'a, '_> {
    fn statement(&mut self, place: &Place<'a>, statement: &'a Stmt<'a>) {
        match statement.kind {
            StmtKind::AssignPath { path, .. } | StmtKind::AssignOp { path, .. } => self.used(place, path.root),
            StmtKind::Assign { name, .. } => self.assigned(place, name, statement),
            StmtKind::Import { module } => self.import(place, &[], &[module], statement),
            StmtKind::FromImport { path, names } => self.import(place, path, names, statement),
            _ => {}
        }
    }

    fn expr(&mut self, place: &Place<'a>, expr: &'a Expr<'a>) {
        if let ExprKind::Name(name) | ExprKind::SelfValue(name) = expr.kind {
            self.used(place, name);
        }
    }
}

/// Tells of variables, parameters and imports that nothing reads.
pub(super) fn unused(index: &Index, purity: &Purity, found: &mut Found) {
    for (number, known) in index.uses.iter().enumerate() {
        let Some((name, how, place)) = known.first else { continue };
        let text = index.interner.name(name.symbol);
        if known.read || known.exported || known.shared || text.starts_with('_') {
            continue;
        }
        // A single payload `w` also binds `w_1`, `w_2` ...
        let mut numbered = index.resolution.numbered(place.unit, name).iter();
        if how == Bound::Payload && numbered.any(|(_, binding)| index.uses[binding.index()].read) {
            continue;
        }
        match how {
            Bound::Declared | Bound::Assigned | Bound::Destructured | Bound::Payload => {
                let advice = found.add(Lint::UnusedVariable, format!("Nothing reads `{text}`"), name.span);
                match how {
                    Bound::Payload | Bound::Destructured => {
                        advice.help(format!("write `_{text}` if it has to be there"))
                    }
                    _ => {}
                }
            }
            Bound::Parameter if parameter_counts(index, &place, name) => {
                let advice =
                    found.add(Lint::UnusedParameter, format!("Nothing reads the parameter `{text}`"), name.span);
                advice.help(format!("write `_{text}` if it has to be there"));
            }
            Bound::Import if import_is_unused(index, purity, &place, name, BindingId(number as u32)) => {
                found.add(Lint::UnusedImport, format!("Nothing uses the import `{text}`"), name.span);
            }
            _ => {}
        }
    }
}

/// Whether the function of a parameter decides about it alone, and does something.
fn parameter_counts(index: &Index, place: &Place, name: Name) -> bool {
    let node = place.node;
    let own = node.params.iter().any(|param| param.name.id == name.id && !param.is_self);
    let Some(called) = node.name.filter(|_| own && !node.body.statements.is_empty()) else { return false };
    match node.role {
        FunctionRole::Declared => !index.passed(place.function),
        FunctionRole::Method => {
            let alone = index.methods.get(&called).is_some_and(|methods| methods.list.len() == 1);
            alone && !index.interner.name(called).starts_with("op_")
        }
        _ => false,
    }
}

fn import_is_unused(index: &Index, purity: &Purity, place: &Place, name: Name, id: BindingId) -> bool {
    let resolution = index.resolution;
    // `import m` also binds what `m` exports; the module's own name is the one in the text.
    let bound = resolution.bound(place.unit, name);
    let used = |known: &Use| known.read || known.exported;
    if bound.iter().any(|bound| used(&index.uses[bound.binding.index()])) || used(&index.uses[id.index()]) {
        return false;
    }
    let Some(&ImportTarget::Module(number)) = resolution.import(place.unit, name) else {
        return resolution.name(place.unit, name).binding.is_some();
    };
    let module = &resolution.modules()[number];
    let types = module.exports.iter().filter(|export| export.binding.is_none());
    let whole = resolution.is_whole_import(place.unit, name);
    let named = |export: &crate::resolve::Export| index.types_used.contains(&(place.unit, export.name));
    !whole || purity.function(module.top) && !types.into_iter().any(named)
}
