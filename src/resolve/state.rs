//! What the walk keeps: bindings with the moments of their definition, scopes, functions.
//!
//! A *moment* is a number that grows with every definition, assignment, creation of a closure and end of a loop. Moments
//! are compared only within one function: two statements of one activation run in the order of their moments, loops aside.

use super::{
    BindingId, Bound, Candidate, Fallback, FunctionKey, ImportTarget, ModuleInfo, NameInfo, ResolveOptions, ScopeKey,
    Unit,
};
use crate::base::builtin::BuiltinId;
use crate::base::diagnostic::Diagnostic;
use crate::base::intern::{Interner, Symbol};
use crate::base::source::Span;
use crate::syntax::ast::{Expr, Function, Name, Program, StructDecl};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Later than every moment.
pub(super) const NEVER: u32 = u32::MAX;

/// Whether a binding has a value at a point of its own function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Defined {
    No,
    Maybe,
    Yes,
}

/// The ways a binding may have been introduced, as a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds(pub u8);

impl Kinds {
    pub(super) const NONE: Kinds = Kinds(0);
    pub(super) const MUT: Kinds = Kinds(1);
    pub(super) const LET: Kinds = Kinds(2);
    pub(super) const CONST: Kinds = Kinds(4);

    pub(super) fn union(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }
}

/// A binding during the walk.
#[derive(Clone, Debug)]
pub(super) struct BindingState {
    pub name: Symbol,
    pub function: FunctionKey,
    pub scope: ScopeKey,
    /// At the current point of the walk of its function.
    pub defined: Defined,
    /// How it was introduced, at the current point of the walk of its function.
    pub kinds: Kinds,
    /// How it is introduced anywhere.
    pub all_kinds: Kinds,
    /// When it certainly got its value.
    pub yes_at: u32,
    /// Whether any statement may give it a value.
    pub ever: bool,
    /// Whether it was undefined or doubtful where something looked.
    pub doubted: bool,
    /// Whether it is changed after its definition.
    pub assigned: bool,
    /// The last definition or assignment by its own function.
    pub last_assigned: u32,
    /// The outermost loop inside its scope around that assignment, or `NEVER`.
    pub last_loop: u32,
    /// Whether a nested function assigns it.
    pub inner_assigned: bool,
    /// The first creation of a closure that captures it, or `NEVER`.
    pub first_capture: u32,
    /// Whether it might lack a value at some capture.
    pub doubtful_capture: bool,
    /// Number of statements that define it where it was not certainly defined.
    pub creations: u32,
    /// For a top-level binding: whether another function mentions it.
    pub shared: bool,
    /// The function expression or nested declaration that defines it.
    pub value: Option<FunctionKey>,
    /// The exported binding whose value it is given by an import.
    pub imported: Option<BindingId>,
    /// The top-level functions declared under this name.
    pub functions: SmallVec<[FunctionKey; 1]>,
}

/// A scope during the walk.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScopeState {
    pub parent: Option<ScopeKey>,
    pub function: FunctionKey,
    /// One bit for each name bound here, by number modulo 64: most look-ups end at this word.
    pub mask: u64,
    /// Number of loops of the function around it, its own included.
    pub loop_depth: u32,
    /// Number of blocks of the function around it.
    pub depth: u32,
}

/// A function during the walk.
#[derive(Clone, Debug, Default)]
pub(super) struct FunctionState<'a> {
    pub node: Option<&'a Function<'a>>,
    pub unit: Unit,
    pub parent: Option<FunctionKey>,
    pub scope_around: Option<ScopeKey>,
    /// When the function around it creates it.
    pub created: u32,
    /// From when on it may run, as a moment of the top level.
    pub runs_from: u32,
    pub scheduled: bool,
    pub captures: Vec<BindingId>,
    /// The struct whose method it is.
    pub owner: Option<Symbol>,
    /// The declared fields a method without `self` sees.
    pub fields: &'a [crate::syntax::ast::FieldDecl<'a>],
}

/// What a name means outside all scopes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outermost {
    Builtin(BuiltinId),
    Float(f64),
}

/// The walk over all functions.
pub(super) struct Walker<'a, 'w> {
    pub interner: &'w Interner,
    pub units: Vec<(Unit, Program<'a>)>,
    pub outermost: FxHashMap<Symbol, Outermost>,
    pub prelude: FxHashMap<Symbol, BindingId>,
    pub diagnostics: Vec<Diagnostic>,

    pub names: Vec<NameInfo>,
    pub candidates: Vec<Candidate>,
    pub bindings: Vec<BindingState>,
    pub functions: Vec<FunctionState<'a>>,
    pub scopes: Vec<ScopeState>,
    pub by_name: FxHashMap<(ScopeKey, Symbol), BindingId>,
    pub captured: FxHashMap<(FunctionKey, BindingId), ()>,
    pub fields: Vec<(FunctionKey, BindingId)>,
    pub structs: FxHashMap<Symbol, Vec<&'a StructDecl<'a>>>,
    /// Whether an operator may run script code.
    pub overloads: bool,
    pub numbered: FxHashMap<u32, Vec<(u32, BindingId)>>,
    pub numbered_words: Option<FxHashMap<&'w str, Vec<(u32, Symbol)>>>,
    pub loop_ends: Vec<u32>,
    pub queue: BinaryHeap<Reverse<(u32, u32, FunctionKey)>>,
    pub queued: u32,

    pub now: u32,
    pub unit: Unit,
    /// The top level of the program being walked.
    pub top: FunctionKey,
    pub main_scope: ScopeKey,
    /// The scopes whose shared variables live in global slots, with the number of their registers.
    pub tops: FxHashMap<ScopeKey, u32>,
    pub modules: Vec<ModuleInfo>,
    pub imports: FxHashMap<u32, ImportTarget>,
    pub bound: FxHashMap<u32, Vec<Bound>>,
    /// Methods that functions of the prelude stand for, with those functions.
    pub methods: FxHashMap<Symbol, Symbol>,
    pub tests: bool,
    pub current: FunctionKey,
    pub scope: ScopeKey,
    pub loops: Vec<u32>,
    pub spine: Vec<&'a Expr<'a>>,
    /// Definedness changes of the open `match` cases, to be undone: binding and what it was.
    pub undo: Vec<(BindingId, Defined, Kinds, u32)>,
    pub open_matches: u32,
}

impl<'a, 'w> Walker<'a, 'w> {
    pub(super) fn new(program: &Program<'a>, interner: &'w Interner, options: &ResolveOptions<'_, 'a>) -> Self {
        let mut units = vec![(Unit::default(), *program)];
        let mut total = Unit::default().after(program);
        let modules = options.modules.iter().map(|module| &module.program);
        for other in options.prelude.iter().chain(modules) {
            units.push((total, *other));
            total = total.after(other);
        }
        let mut outermost = FxHashMap::default();
        for (name, value) in [("PI", std::f64::consts::PI), ("E", std::f64::consts::E)] {
            if let Some(symbol) = interner.lookup(name) {
                outermost.insert(symbol, Outermost::Float(value));
            }
        }
        for info in options.builtins {
            if let Some(symbol) = interner.lookup(info.name) {
                outermost.entry(symbol).or_insert(Outermost::Builtin(info.id));
            }
        }
        let unused = ScopeState { parent: None, function: FunctionKey(0), mask: 0, loop_depth: 0, depth: 0 };
        Walker {
            interner,
            units,
            outermost,
            prelude: FxHashMap::default(),
            diagnostics: Vec::new(),
            names: vec![NameInfo::UNSEEN; total.names as usize],
            candidates: Vec::new(),
            bindings: Vec::new(),
            functions: vec![FunctionState::default(); total.functions as usize],
            scopes: vec![unused; total.blocks as usize],
            by_name: FxHashMap::default(),
            captured: FxHashMap::default(),
            fields: Vec::new(),
            structs: FxHashMap::default(),
            overloads: false,
            numbered: FxHashMap::default(),
            numbered_words: None,
            loop_ends: Vec::new(),
            queue: BinaryHeap::new(),
            queued: 0,
            now: 1,
            unit: Unit::default(),
            top: FunctionKey(program.main.id.0),
            main_scope: ScopeKey(program.main.body.id.0),
            tops: FxHashMap::default(),
            modules: Vec::new(),
            imports: FxHashMap::default(),
            bound: FxHashMap::default(),
            methods: options
                .methods
                .iter()
                .filter_map(|(method, function)| Some((interner.lookup(method)?, interner.lookup(function)?)))
                .collect(),
            tests: options.tests,
            current: FunctionKey(program.main.id.0),
            scope: ScopeKey(program.main.body.id.0),
            loops: Vec::new(),
            spine: Vec::new(),
            undo: Vec::new(),
            open_matches: 0,
        }
    }

    /// The next moment.
    pub(super) fn tick(&mut self) -> u32 {
        self.now += 1;
        self.now
    }

    pub(super) fn error(&mut self, message: impl Into<String>, span: Span) {
        self.diagnostics.push(Diagnostic::compile(message, span));
    }

    /// The binding of a name in a scope, made if there is none.
    pub(super) fn binding_in(&mut self, scope: ScopeKey, name: Symbol) -> BindingId {
        if let Some(&id) = self.by_name.get(&(scope, name)) {
            return id;
        }
        let id = BindingId(self.bindings.len() as u32);
        self.bindings.push(BindingState {
            name,
            function: self.scopes[scope.index()].function,
            scope,
            defined: Defined::No,
            kinds: Kinds::NONE,
            all_kinds: Kinds::NONE,
            yes_at: NEVER,
            ever: false,
            doubted: false,
            assigned: false,
            last_assigned: 0,
            last_loop: NEVER,
            inner_assigned: false,
            first_capture: NEVER,
            doubtful_capture: false,
            creations: 0,
            shared: false,
            value: None,
            imported: None,
            functions: SmallVec::new(),
        });
        self.by_name.insert((scope, name), id);
        self.scopes[scope.index()].mask |= 1 << (name.0 & 63);
        id
    }

    /// Opens a scope inside the current one.
    pub(super) fn open(&mut self, scope: ScopeKey) {
        let parent = self.scope;
        let depth = self.scopes[parent.index()].depth + 1;
        self.scopes[scope.index()] = ScopeState {
            parent: Some(parent),
            function: self.current,
            mask: 0,
            loop_depth: self.loops.len() as u32,
            depth,
        };
        self.scope = scope;
    }

    /// Notes that a binding, if the statement just walked made it, starts as this function.
    pub(super) fn made_with(&mut self, name: Name, function: FunctionKey) {
        let info = self.names[(self.unit.names + name.id.0) as usize];
        if let Some(binding) = info.binding
            && info.count == 0
        {
            self.bindings[binding.index()].value = Some(function);
        }
    }

    /// Records the answer for an occurrence.
    pub(super) fn answer(&mut self, name: Name, first: usize, binding: Option<BindingId>, fallback: Fallback) {
        let count = (self.candidates.len() - first) as u32;
        self.names[(self.unit.names + name.id.0) as usize] = NameInfo { first: first as u32, count, binding, fallback };
    }
}
