//! What the lints must know of the whole program before they look at a place: declarations and uses of bindings, the members that
//! structs, dictionaries and modules have, what is called and what is passed on.

use super::walk::{Bound, Place, Visit};
use crate::base::builtin::BuiltinId;
use crate::base::effort::spend;
use crate::base::intern::{Interner, Symbol};
use crate::base::source::Span;
use crate::resolve::{BindingId, Fallback, FunctionKey, Resolution, ScopeKey, Storage, Unit};
use crate::runtime::builtins;
use crate::syntax::ast::{
    Entry, Expr, ExprKind, FunctionKind, Ident, MatchPattern, Name, NameId, Step, Stmt, StmtKind,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// What is known of the struct a binding holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Holds {
    /// Nothing is assigned.
    #[default]
    Nothing,
    /// Literals of this struct, always.
    Struct(Symbol),
    /// Options, always.
    Option,
    /// Anything.
    Anything,
}

/// What the program does with a binding.
#[derive(Clone, Debug, Default)]
pub(super) struct Use<'a> {
    /// Where it is bound first, and how; without, it has no name of its own in the text.
    pub first: Option<(Name, Bound, Place<'a>)>,
    /// Whether anything reads it.
    pub read: bool,
    /// Whether modules can import it.
    pub exported: bool,
    /// Whether some assignment to it may go to another binding of its name.
    pub shared: bool,
    /// Whether it is read other than to be called.
    pub passed: bool,
    /// What it holds.
    pub holds: Holds,
}

/// What a call leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callee {
    /// A function of the program.
    Function(FunctionKey),
    /// A builtin, those written in the language included.
    Builtin(BuiltinId),
    /// Nobody knows.
    Unknown,
}

/// The methods of one name.
#[derive(Clone, Debug)]
pub(super) struct Methods {
    /// Each with the struct that declares it.
    pub list: Vec<(Symbol, FunctionKey)>,
    /// Whether all are async.
    pub all_async: bool,
    /// Whether all are neither async nor generators.
    pub all_plain: bool,
}

/// The facts, by binding, name and place.
pub(super) struct Index<'a, 's> {
    pub resolution: &'s Resolution<'a>,
    pub interner: &'s Interner,
    /// By binding.
    pub uses: Vec<Use<'a>>,
    /// The first read of a binding in a function, by byte.
    pub first_reads: FxHashMap<(FunctionKey, BindingId), u32>,
    /// The scope around a scope.
    around: FxHashMap<ScopeKey, ScopeKey>,
    /// The bindings of a scope.
    named: FxHashMap<(ScopeKey, Symbol), BindingId>,
    /// Names that scopes bind, by scope.
    in_scope: FxHashMap<ScopeKey, Vec<Symbol>>,
    /// Methods by name.
    pub methods: FxHashMap<Symbol, Methods>,
    /// Methods by owner and name.
    pub methods_of: FxHashMap<(Symbol, Symbol), Vec<FunctionKey>>,
    /// Structs some of whose fields have defaults.
    pub defaulted: FxHashSet<Symbol>,
    /// Names of fields, keys and exports that may hold a function.
    pub holders: FxHashSet<Symbol>,
    /// Fields that some statement or literal gives a struct, whichever it is.
    pub given_fields: FxHashSet<Symbol>,
    /// The declared fields of each struct.
    pub declared_fields: FxHashMap<Symbol, FxHashSet<Symbol>>,
    /// The variants of each declared enum.
    pub enums: FxHashMap<Symbol, Vec<Symbol>>,
    /// Names of structs and enums that literals, patterns and tags mention, by program.
    pub types_used: FxHashSet<(Unit, Symbol)>,
    /// Names that are read as callees.
    callees: FxHashSet<(Unit, NameId)>,
    /// Placeholders such as `{name}` that are passed to pure builtins.
    pub placeholders: FxHashSet<&'a str>,
    /// The bindings that are a function whenever they have a value.
    by_function: FxHashMap<FunctionKey, Vec<BindingId>>,
    /// Names of variables of the program.
    variables: FxHashSet<Symbol>,
}

impl<'a, 's> Index<'a, 's> {
    pub fn new(resolution: &'s Resolution<'a>, interner: &'s Interner) -> Self {
        let mut named = FxHashMap::default();
        let mut in_scope: FxHashMap<ScopeKey, Vec<Symbol>> = FxHashMap::default();
        let mut by_function: FxHashMap<FunctionKey, Vec<BindingId>> = FxHashMap::default();
        for id in (0..resolution.binding_count()).map(|index| BindingId(index as u32)) {
            let binding = resolution.binding(id);
            named.insert((binding.scope, binding.name), id);
            let value = match binding.storage {
                Storage::Function(key) => Some(key),
                _ => binding.value,
            };
            if let Some(key) = value {
                by_function.entry(key).or_default().push(id);
            }
            in_scope.entry(binding.scope).or_default().push(binding.name);
        }
        let mut holders = FxHashSet::default();
        for module in resolution.modules() {
            holders.extend(module.exports.iter().map(|export| export.name));
        }
        Index {
            resolution,
            interner,
            uses: vec![Use::default(); resolution.binding_count()],
            first_reads: FxHashMap::default(),
            around: FxHashMap::default(),
            named,
            in_scope,
            methods: FxHashMap::default(),
            methods_of: FxHashMap::default(),
            defaulted: FxHashSet::default(),
            holders,
            given_fields: FxHashSet::default(),
            declared_fields: FxHashMap::default(),
            enums: FxHashMap::default(),
            types_used: FxHashSet::default(),
            callees: FxHashSet::default(),
            placeholders: FxHashSet::default(),
            by_function,
            variables: FxHashSet::default(),
        }
    }

    /// The bindings an occurrence may mean.
    pub fn candidates(&self, unit: Unit, name: Name) -> impl Iterator<Item = BindingId> + use<'_, 'a, 's> {
        let info = self.resolution.name(unit, name);
        self.resolution.candidates(info).iter().map(|candidate| candidate.binding)
    }

    /// What a call of a name leads to.
    pub fn callee(&self, unit: Unit, name: Name) -> Callee {
        let info = self.resolution.name(unit, name);
        match (self.resolution.candidates(info), info.fallback) {
            ([], Fallback::Builtin(id)) => Callee::Builtin(id),
            ([only], Fallback::Raise) => {
                let binding = self.resolution.binding(only.binding);
                let key = match binding.storage {
                    Storage::Function(key) => Some(key),
                    _ => binding.value,
                };
                let prelude = self.resolution.prelude_function(binding.name);
                match key {
                    Some(key) if prelude.is_some_and(|(function, _)| function == key) => {
                        builtins::lookup(self.interner.name(binding.name)).map_or(Callee::Unknown, Callee::Builtin)
                    }
                    Some(key) => Callee::Function(key),
                    None => Callee::Unknown,
                }
            }
            _ => Callee::Unknown,
        }
    }

    /// Whether a name is only called where it stands.
    pub fn is_callee(&self, unit: Unit, name: Name) -> bool {
        self.callees.contains(&(unit, name.id))
    }

    /// The variable of that name which the program has at a place.
    pub fn visible(&self, place: &Place<'a>, name: Symbol, at: Span) -> Option<Name> {
        let mut scope = Some(place.scope);
        while let Some(here) = scope {
            spend(1);
            if let Some(&id) = self.named.get(&(here, name))
                && let Some((first, _, _)) = self.uses[id.index()].first
                && (self.resolution.binding(id).function != place.function || first.span.start < at.start)
            {
                return Some(first);
            }
            scope = self.around.get(&here).copied();
        }
        None
    }

    /// Where the program binds a name that has no value at a place, in a scope around it.
    pub fn bound_around(&self, place: &Place<'a>, name: Symbol) -> Option<Span> {
        let scopes = std::iter::successors(Some(place.scope), |scope| self.around.get(scope).copied());
        let bindings = scopes.filter_map(|scope| self.named.get(&(scope, name)));
        bindings.filter_map(|id| self.uses[id.index()].first).map(|(name, ..)| name.span).next()
    }

    /// Whether a function is a value somewhere, rather than only called.
    pub fn passed(&self, function: FunctionKey) -> bool {
        let bindings = self.by_function.get(&function).into_iter().flatten();
        bindings.map(|id| &self.uses[id.index()]).any(|known| known.passed)
    }

    /// Whether some variable has this name.
    pub fn is_variable(&self, name: Symbol) -> bool {
        self.variables.contains(&name)
    }

    /// The names that the scopes around a place bind, the innermost first.
    pub fn names_around(&self, place: &Place<'a>) -> Vec<Symbol> {
        let scopes = std::iter::successors(Some(place.scope), |scope| self.around.get(scope).copied());
        let names: Vec<Symbol> = scopes.filter_map(|scope| self.in_scope.get(&scope)).flatten().copied().collect();
        spend(names.len());
        names
    }

    /// What an expression holds, as far as it shows.
    pub fn holds(&self, place: &Place<'a>, expr: &Expr<'a>) -> Holds {
        match expr.kind {
            ExprKind::Struct { name, .. } => Holds::Struct(name.symbol),
            ExprKind::None => Holds::Option,
            ExprKind::Wrap { wrapper: crate::syntax::ast::Wrapper::Some, .. } => Holds::Option,
            ExprKind::MethodCall { name, optional: false, args: [], .. }
                if self.interner.name(name.symbol) == "next" && !self.methods.contains_key(&name.symbol) =>
            {
                Holds::Option
            }
            ExprKind::SelfValue(_) => {
                let owner = self.resolution.function(place.function).owner;
                owner.map_or(Holds::Anything, Holds::Struct)
            }
            ExprKind::Name(name) => {
                let info = self.resolution.name(place.unit, name);
                let mut all = self.resolution.candidates(info).iter();
                match (all.next(), all.next()) {
                    (Some(only), None) => self.uses[only.binding.index()].holds,
                    _ => Holds::Anything,
                }
            }
            _ => Holds::Anything,
        }
    }

    fn note_read(&mut self, place: &Place<'a>, name: Name) {
        let called = self.is_callee(place.unit, name);
        let all: Vec<BindingId> = self.candidates(place.unit, name).collect();
        for id in all {
            let known = &mut self.uses[id.index()];
            known.read = true;
            known.passed |= !called;
            let first = self.first_reads.entry((place.function, id)).or_insert(name.span.start);
            *first = (*first).min(name.span.start);
        }
    }

    fn given(&mut self, name: Ident) {
        self.given_fields.insert(name.symbol);
        self.holders.insert(name.symbol);
    }

    fn note_call(&mut self, place: &Place<'a>, callee: &Expr<'a>, args: &[&'a Expr<'a>]) {
        let ExprKind::Name(name) = callee.kind else { return };
        self.callees.insert((place.unit, name.id));
        if let Callee::Builtin(id) = self.callee(place.unit, name) {
            self.note_placeholders(id, args);
        }
    }

    fn note_placeholders(&mut self, id: BuiltinId, args: &[&'a Expr<'a>]) {
        if builtins::row(id).is_some_and(|row| row.purity == builtins::Purity::Pure) {
            self.placeholders.extend(args.iter().filter_map(|arg| match arg.kind {
                ExprKind::Str(text) => Some(text),
                _ => None,
            }));
        }
    }
}

impl<'a> Visit<'a> for Index<'a, '_> {
    fn scope(&mut self, scope: ScopeKey, around: Option<ScopeKey>) {
        if let Some(around) = around {
            self.around.insert(scope, around);
        }
    }

    fn statement(&mut self, place: &Place<'a>, statement: &'a Stmt<'a>) {
        match statement.kind {
            StmtKind::Struct(decl) => {
                for method in decl.methods {
                    let Some(name) = method.name else { continue };
                    let (owner, key) = (decl.name.symbol, place.unit.function(method.id));
                    self.methods_of.entry((owner, name)).or_default().push(key);
                    let none = Methods { list: Vec::new(), all_async: true, all_plain: true };
                    let known = self.methods.entry(name).or_insert(none);
                    known.list.push((owner, key));
                    known.all_async &= method.kind == FunctionKind::Async;
                    known.all_plain &= method.kind == FunctionKind::Plain;
                }
                if decl.fields.iter().any(|field| field.default.is_some()) {
                    self.defaulted.insert(decl.name.symbol);
                }
                let fields = decl.fields.iter().map(|field| field.name.symbol);
                self.holders.extend(fields.clone());
                self.declared_fields.entry(decl.name.symbol).or_default().extend(fields);
            }
            StmtKind::Enum { name, variants } => {
                let known = self.enums.entry(name.symbol).or_default();
                known.extend(variants.iter().map(|variant| variant.symbol));
            }
            StmtKind::AssignPath { path, .. } | StmtKind::AssignOp { path, .. } => {
                for step in path.steps {
                    match step {
                        Step::Field(name) => self.given(*name),
                        Step::Index { index, .. } => {
                            if let ExprKind::Str(text) = index.kind {
                                self.holders.extend(self.interner.lookup(text));
                            }
                        }
                    }
                }
                let last = path.steps.last().is_none();
                let all: Vec<BindingId> = self.candidates(place.unit, path.root).collect();
                for id in all.into_iter().filter(|_| last) {
                    self.uses[id.index()].holds = Holds::Anything;
                }
            }
            StmtKind::Match { cases, .. } => {
                for case in cases {
                    if let MatchPattern::Tag { base: Some(base), .. } = case.pattern {
                        self.types_used.insert((place.unit, base.symbol));
                    }
                }
            }
            _ => {}
        }
    }

    fn bound(&mut self, place: &Place<'a>, name: Name, how: Bound, value: Option<&'a Expr<'a>>) {
        let info = self.resolution.name(place.unit, name);
        let changed: Vec<BindingId> = info.binding.into_iter().chain(self.candidates(place.unit, name)).collect();
        let holds = value.map_or(Holds::Anything, |value| match value.kind {
            // What another variable holds may not be known yet.
            ExprKind::Name(_) => Holds::Anything,
            _ => self.holds(place, value),
        });
        self.variables.insert(name.symbol);
        let others = changed.iter().any(|id| info.binding.is_some_and(|made| made != *id));
        for id in changed {
            let known = &mut self.uses[id.index()];
            if info.binding == Some(id) {
                known.exported |= place.exported;
                known.shared |= others;
                if known.first.is_none_or(|(first, ..)| first.span.start > name.span.start) {
                    known.first = Some((name, how, *place));
                }
            }
            known.holds = if known.holds == Holds::Nothing || known.holds == holds { holds } else { Holds::Anything };
        }
    }

    fn expr(&mut self, place: &Place<'a>, expr: &'a Expr<'a>) {
        match expr.kind {
            ExprKind::Name(name) | ExprKind::SelfValue(name) => self.note_read(place, name),
            ExprKind::Call { callee, args, .. } => self.note_call(place, callee, args),
            ExprKind::Pipe { target, .. } => self.note_call(place, target, &[]),
            ExprKind::MethodCall { name, args, .. } => {
                if let Some(id) = builtins::lookup(self.interner.name(name.symbol)) {
                    self.note_placeholders(id, args);
                }
            }
            ExprKind::Struct { name, fields } => {
                self.types_used.insert((place.unit, name.symbol));
                fields.iter().for_each(|field| self.given(field.name));
            }
            ExprKind::Tagged { base, .. } => {
                self.types_used.insert((place.unit, base.symbol));
            }
            ExprKind::Dict(entries) => {
                for entry in entries {
                    if let Entry::Pair { key, .. } = entry
                        && let ExprKind::Str(text) = key.kind
                    {
                        self.holders.extend(self.interner.lookup(text));
                    }
                }
            }
            _ => {}
        }
    }
}
