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
    /// Any method that overloads an operator.
    Operators,
}

/// The answer.
pub(super) struct Purity {
    impure: FxHashSet<FunctionKey>,
    /// Names of methods a call of which may do something.
    methods: FxHashSet<Symbol>,
    /// Whether operators have no effect.
    operators: bool,
    /// Functions that may give something back.
    gives: FxHashSet<FunctionKey>,
    /// Methods that may give back their copy of the receiver.
    copies: FxHashSet<FunctionKey>,
}

/// Whether a builtin has no effect but its result.
fn is_pure(id: BuiltinId) -> bool {
    builtins::row(id).is_some_and(|row| row.purity == Effects::Pure && !raises(row.name))
}

/// Looks at all functions of the program.
pub(super) fn of(index: &Index, tops: &[FunctionKey]) -> Purity {
    let mut effects = Effect {
        index,
        own: FxHashSet::default(),
        callers: FxHashMap::default(),
        gives: FxHashSet::default(),
        copies: FxHashSet::default(),
    };
    walk::walk(index.resolution, tops, &mut [&mut effects]);
    let Effect { own, callers, gives, copies, .. } = effects;
    let mut owned: FxHashMap<FunctionKey, Symbol> = FxHashMap::default();
    for (&name, methods) in &index.methods {
        owned.extend(methods.list.iter().map(|&(_, key)| (key, name)));
    }
    let (impure, methods) = (FxHashSet::default(), FxHashSet::default());
    let mut answer = Purity { impure, methods, operators: true, gives, copies };
    let mut waiting: Vec<Run> = own.into_iter().map(Run::Function).collect();
    while let Some(run) = waiting.pop() {
        spend(1);
        let fresh = match run {
            Run::Function(key) => answer.impure.insert(key),
            Run::Method(name) => answer.methods.insert(name),
            Run::Operators => std::mem::replace(&mut answer.operators, false),
        };
        if !fresh {
            continue;
        }
        match run {
            Run::Function(key) => waiting.extend(owned.get(&key).map(|&name| Run::Method(name))),
            Run::Method(name) if index.interner.name(name).starts_with("op_") => waiting.push(Run::Operators),
            _ => {}
        }
        waiting.extend(callers.get(&run).into_iter().flatten().map(|&caller| Run::Function(caller)));
    }
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

    /// Whether a function may give something back other than null.
    pub fn gives(&self, key: FunctionKey) -> bool {
        self.gives.contains(&key)
    }

    /// Whether a method may give back its copy of the receiver.
    pub fn copies(&self, key: FunctionKey) -> bool {
        self.copies.contains(&key)
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
                ExprKind::Struct { name, .. } => !index.defaulted.contains(&name.symbol),
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
    let declared = index.methods.get(&name);
    index.holders.contains(&name)
        || declared.is_some_and(|methods| !methods.all_plain)
        || builtins::lazy_method(text).is_some()
        || builtins::lookup(text).map_or(declared.is_none(), |id| !is_pure(id))
}

/// What each function does itself, and what it may call.
struct Effect<'i, 'a, 's> {
    index: &'i Index<'a, 's>,
    /// Functions that do something themselves.
    own: FxHashSet<FunctionKey>,
    callers: FxHashMap<Run, Vec<FunctionKey>>,
    gives: FxHashSet<FunctionKey>,
    copies: FxHashSet<FunctionKey>,
}

impl<'a> Effect<'_, 'a, '_> {
    fn acts(&mut self, place: &Place<'a>) {
        self.own.insert(place.function);
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
                self.runs(place, Run::Operators);
            }
            StmtKind::Return(Some(value)) if !matches!(value.kind, ExprKind::Null) => {
                self.gives.insert(place.function);
                if matches!(value.kind, ExprKind::SelfValue(_)) {
                    self.copies.insert(place.function);
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
            ExprKind::Binary { .. } | ExprKind::Unary { .. } => self.runs(place, Run::Operators),
            ExprKind::Struct { name, .. } if self.index.defaulted.contains(&name.symbol) => self.acts(place),
            ExprKind::Throw { .. } | ExprKind::Await { .. } | ExprKind::Yield { .. } => self.acts(place),
            _ => {}
        }
    }
}
