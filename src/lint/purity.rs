//! Which functions do nothing besides giving a result: no output, no change of what other functions see, no `throw`, no waiting.
//!
//! Every function starts as pure; those that do something themselves, and all that may call them, are not. What errors an operator
//! or a builtin raises for wrong operands is no effect: they tell of a mistake.

use super::index::{Callee, Index};
use super::walk::{self, Place, Visit};
use crate::base::builtin::raises;
use crate::base::effort::spend;
use crate::base::intern::Symbol;
use crate::resolve::FunctionKey;
use crate::runtime::builtins::{self, BuiltinId, Purity as Effects};
use crate::syntax::ast::{Expr, ExprKind, Function, FunctionKind, Name, Stmt, StmtKind};
use rustc_hash::{FxHashMap, FxHashSet};

/// What a call may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Run {
    Function(FunctionKey),
    /// Any method of this name.
    Method(Symbol),
}

/// The answer.
pub(super) struct Purity {
    impure: FxHashSet<FunctionKey>,
    /// Names of methods a call of which may do something.
    methods: FxHashSet<Symbol>,
    operators: bool,
}

/// Whether a builtin has no effect but its result.
fn is_pure(id: BuiltinId) -> bool {
    builtins::row(id).is_some_and(|row| row.purity == Effects::Pure && !raises(row.name))
}

/// Looks at all functions of the program.
pub(super) fn of(index: &Index, tops: &[FunctionKey]) -> Purity {
    let overloads = index.methods.iter().filter(|(name, _)| index.interner.name(**name).starts_with("op_"));
    let overloads = overloads.map(|(&name, _)| name).collect();
    let mut effects = Effect { index, overloads, own: FxHashSet::default(), callers: FxHashMap::default() };
    walk::walk(index.resolution, tops, &mut [&mut effects]);
    let Effect { own, callers, overloads, .. } = effects;
    let mut owners: FxHashMap<FunctionKey, Symbol> = FxHashMap::default();
    for (&name, list) in &index.methods {
        owners.extend(list.iter().map(|&(_, key)| (key, name)));
    }
    let mut answer = Purity { impure: FxHashSet::default(), methods: FxHashSet::default(), operators: true };
    let mut waiting: Vec<Run> = own.into_iter().collect();
    while let Some(run) = waiting.pop() {
        spend(1);
        let fresh = match run {
            Run::Function(key) => answer.impure.insert(key),
            Run::Method(name) => answer.methods.insert(name),
        };
        if fresh {
            if let Run::Function(key) = run {
                waiting.extend(owners.get(&key).map(|&name| Run::Method(name)));
            }
            waiting.extend(callers.get(&run).into_iter().flatten().map(|&caller| Run::Function(caller)));
        }
    }
    answer.operators = overloads.iter().all(|name| !answer.methods.contains(name));
    answer
}

impl Purity {
    /// Whether a function does nothing but give a result.
    pub fn function(&self, key: FunctionKey) -> bool {
        !self.impure.contains(&key)
    }

    /// Whether every method of that name, on any receiver, does nothing but give a result.
    pub fn method(&self, name: Symbol) -> bool {
        !self.methods.contains(&name)
    }

    /// Whether an expression does nothing but give its value.
    pub fn expr<'a>(&self, index: &Index<'a, '_>, place: &Place<'a>, expr: &'a Expr<'a>) -> bool {
        let mut stack = vec![expr];
        while let Some(expr) = stack.pop() {
            spend(1);
            let pure = match expr.kind {
                ExprKind::Call { callee, .. } => self.call(index, place, callee),
                ExprKind::Pipe { target, .. } => match target.kind {
                    ExprKind::Call { .. } | ExprKind::MethodCall { .. } => true,
                    _ => self.call(index, place, target),
                },
                ExprKind::MethodCall { name, .. } => self.method(name.symbol) && !unknown_method(index, name.symbol),
                ExprKind::Binary { .. } | ExprKind::Unary { .. } => self.operators,
                ExprKind::Struct { name, .. } => !has_defaults(index, name.symbol),
                ExprKind::Throw { .. } | ExprKind::Await { .. } | ExprKind::Yield { .. } | ExprKind::Try { .. } => {
                    false
                }
                _ => true,
            };
            if !pure {
                return false;
            }
            walk::parts(expr, &mut stack);
        }
        true
    }

    fn call<'a>(&self, index: &Index<'a, '_>, place: &Place<'a>, callee: &Expr<'a>) -> bool {
        let ExprKind::Name(name) = callee.kind else { return false };
        match index.callee(place.unit, name) {
            Callee::Function(key) => is_plain(index, key) && self.function(key),
            Callee::Builtin(id) => is_pure(id),
            Callee::Unknown => false,
        }
    }
}

fn is_plain(index: &Index, key: FunctionKey) -> bool {
    index.resolution.function(key).node.is_some_and(|node: &Function| node.kind == FunctionKind::Plain)
}

/// Whether a call of a method may run what is not known here: a function in a field, a builtin with effects, a callback.
fn unknown_method(index: &Index, name: Symbol) -> bool {
    let text = index.interner.name(name);
    let declared = index.methods.contains_key(&name);
    let async_method = index.methods.get(&name).into_iter().flatten().any(|&(_, key)| !is_plain(index, key));
    index.holders.contains(&name)
        || async_method
        || builtins::lazy_method(text).is_some()
        || builtins::lookup(text).map_or(!declared, |id| !is_pure(id))
}

fn has_defaults(index: &Index, name: Symbol) -> bool {
    index.resolution.structs(name).iter().flat_map(|decl| decl.fields).any(|field| field.default.is_some())
}

/// What each function does itself, and what it may call.
struct Effect<'i, 'a, 's> {
    index: &'i Index<'a, 's>,
    /// The methods that overload operators.
    overloads: Vec<Symbol>,
    own: FxHashSet<Run>,
    callers: FxHashMap<Run, Vec<FunctionKey>>,
}

impl<'a> Effect<'_, 'a, '_> {
    fn acts(&mut self, place: &Place<'a>) {
        self.own.insert(Run::Function(place.function));
    }

    fn runs(&mut self, place: &Place<'a>, run: Run) {
        self.callers.entry(run).or_default().push(place.function);
    }

    /// A variable is changed.
    fn changes(&mut self, place: &Place<'a>, name: Name) {
        let resolution = self.index.resolution;
        if self.index.candidates(place.unit, name).any(|id| resolution.binding(id).function != place.function) {
            self.acts(place);
        }
    }

    fn calls(&mut self, place: &Place<'a>, callee: &Expr<'a>) {
        let target = match callee.kind {
            ExprKind::Name(name) => self.index.callee(place.unit, name),
            _ => Callee::Unknown,
        };
        match target {
            Callee::Function(key) if is_plain(self.index, key) => self.runs(place, Run::Function(key)),
            Callee::Builtin(id) if is_pure(id) => {}
            _ => self.acts(place),
        }
    }
}

impl<'a> Visit<'a> for Effect<'_, 'a, '_> {
    fn statement(&mut self, place: &Place<'a>, statement: &'a Stmt<'a>) {
        match statement.kind {
            StmtKind::Assign { name, .. } => self.changes(place, name),
            StmtKind::AssignPath { path, .. } => self.changes(place, path.root),
            StmtKind::AssignOp { path, .. } => {
                self.changes(place, path.root);
                for name in self.overloads.clone() {
                    self.runs(place, Run::Method(name));
                }
            }
            StmtKind::Import { .. } | StmtKind::FromImport { .. } | StmtKind::Spawn(_) => self.acts(place),
            _ => {}
        }
    }

    fn expr(&mut self, place: &Place<'a>, expr: &'a Expr<'a>) {
        match expr.kind {
            ExprKind::Call { callee, .. } => self.calls(place, callee),
            ExprKind::Pipe { target, .. } => match target.kind {
                ExprKind::Call { .. } | ExprKind::MethodCall { .. } => {}
                _ => self.calls(place, target),
            },
            ExprKind::MethodCall { name, .. } if unknown_method(self.index, name.symbol) => self.acts(place),
            ExprKind::MethodCall { name, .. } => self.runs(place, Run::Method(name.symbol)),
            ExprKind::Binary { .. } | ExprKind::Unary { .. } => {
                for name in self.overloads.clone() {
                    self.runs(place, Run::Method(name));
                }
            }
            ExprKind::Struct { name, .. } if has_defaults(self.index, name.symbol) => self.acts(place),
            ExprKind::Throw { .. } | ExprKind::Await { .. } | ExprKind::Yield { .. } => self.acts(place),
            _ => {}
        }
    }
}
