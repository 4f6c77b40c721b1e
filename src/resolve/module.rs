//! Modules: which names their top levels export, and what import statements bind.
//!
//! Every module is walked as a program of its own, after the one that is run. Its exported bindings exist before anything is walked,
//! so an import knows what it binds whatever the order of the walks; whether they have values is known from the tree: everything
//! a top level exports is there after it, unless it may end early.

use super::state::{Defined, Kinds, Walker};
use super::{BindingId, FunctionKey, Resolution, Unit};
use crate::base::diagnostic::ImportFailure;
use crate::base::intern::Symbol;
use crate::syntax::ast::{Name, Pattern, PatternItem, PatternKind, Program, Stmt, StmtKind};
use std::rc::Rc;
use std::sync::Arc;

/// What an import statement leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportTarget {
    /// The module with this number.
    Module(usize),
    /// No module: the import raises.
    Failure(Arc<ImportFailure>),
}

/// A module that can be imported.
#[derive(Clone, Debug)]
pub struct ModuleSource<'a> {
    /// Its name, as imported.
    pub name: Rc<str>,
    /// The name of its top level as a function.
    pub label: Symbol,
    /// Its tree.
    pub program: Program<'a>,
    /// Where its import statements lead, in source order.
    pub imports: Vec<ImportTarget>,
    /// Whether it is left out, because nothing can import it.
    pub refused: bool,
}

/// An exported name.
#[derive(Clone, Copy, Debug)]
pub struct Export {
    /// The name.
    pub name: Symbol,
    /// Its binding; structs and enums have none.
    pub binding: Option<BindingId>,
    /// Whether it has a value whenever the top level has returned.
    pub certain: bool,
}

/// The answer for one module.
#[derive(Clone, Debug)]
pub struct ModuleInfo {
    /// Its name, as imported.
    pub name: Rc<str>,
    /// The name of its top level as a function.
    pub label: Symbol,
    /// Its top level.
    pub top: FunctionKey,
    /// The global slot that says whether it was imported: undefined, false while its top level runs, then true.
    pub state: u32,
    /// The global slots of its variables.
    pub slots: Vec<u32>,
    /// What it exports, in source order, each name once.
    pub exports: Vec<Export>,
    /// Whether it is left out.
    pub refused: bool,
}

/// A name that `import m` binds.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// What is exported.
    pub export: Export,
    /// The binding made of it.
    pub binding: BindingId,
    /// Whether that certainly has no value yet.
    pub fresh: bool,
}

impl Resolution<'_> {
    /// The modules, by number.
    pub fn modules(&self) -> &[ModuleInfo] {
        &self.modules
    }

    /// Where an import statement leads; `first` is the first name it binds.
    pub fn import(&self, unit: Unit, first: Name) -> Option<&ImportTarget> {
        self.imports.get(&(unit.names + first.id.0))
    }

    /// Whether a name is that of `import m`, rather than one of `from m import x`.
    pub fn is_whole_import(&self, unit: Unit, name: Name) -> bool {
        self.bound.contains_key(&(unit.names + name.id.0))
    }

    /// The exports that `import m` binds.
    pub fn bound(&self, unit: Unit, module: Name) -> &[Bound] {
        self.bound.get(&(unit.names + module.id.0)).map_or(&[], Vec::as_slice)
    }
}

impl<'a> Walker<'a, '_> {
    /// Gives the exported names of all modules their bindings.
    pub(super) fn declare_modules(&mut self, modules: &[ModuleSource<'a>], first_unit: usize) {
        for (index, module) in modules.iter().enumerate() {
            let (unit, program) = self.units[first_unit + index];
            let (top, scope) = (unit.function(program.main.id), unit.scope(program.main.body.id));
            self.scopes[scope.index()].function = top;
            let mut exports: Vec<Export> = Vec::new();
            for statement in program.main.body.statements {
                let StmtKind::Export(inner) = statement.kind else { continue };
                let mut add = |name: Symbol, binding: Option<BindingId>, hoisted: bool| {
                    let certain = hoisted || !program.leaves_early;
                    match exports.iter_mut().find(|known| known.name == name) {
                        Some(known) => {
                            known.binding = known.binding.or(binding);
                            known.certain |= certain;
                        }
                        None => exports.push(Export { name, binding, certain }),
                    }
                };
                for name in declared(inner) {
                    if self.interner.name(name) == "_" {
                        continue;
                    }
                    let binding = self.binding_in(scope, name);
                    self.bindings[binding.index()].shared = true;
                    add(name, Some(binding), matches!(inner.kind, StmtKind::Function { .. }));
                }
                match inner.kind {
                    StmtKind::Struct(decl) => add(decl.name.symbol, None, true),
                    StmtKind::Enum { name, .. } => add(name.symbol, None, true),
                    _ => {}
                }
            }
            self.declare_imports(unit, &program, &module.imports);
            self.modules.push(ModuleInfo {
                name: module.name.clone(),
                label: module.label,
                top,
                state: 0,
                slots: Vec::new(),
                exports,
                refused: module.refused,
            });
        }
    }

    /// Notes where the imports of a program lead.
    pub(super) fn declare_imports(&mut self, unit: Unit, program: &Program<'a>, targets: &[ImportTarget]) {
        for (import, target) in program.imports.iter().zip(targets) {
            self.imports.insert(unit.names + import.first.id.0, target.clone());
        }
    }

    fn imported_module(&self, first: Name) -> Option<usize> {
        match self.imports.get(&(self.unit.names + first.id.0)) {
            Some(&ImportTarget::Module(number)) => Some(number),
            _ => None,
        }
    }

    /// `import m`. One that leads nowhere binds nothing.
    pub(super) fn import_all(&mut self, module: Name) {
        let Some(number) = self.imported_module(module) else { return };
        let exports = self.modules[number].exports.clone();
        let mut bound = Vec::with_capacity(exports.len());
        for export in exports {
            let Some(source) = export.binding else { continue };
            let binding = self.binding_in(self.scope, export.name);
            let fresh = self.bindings[binding.index()].defined == Defined::No;
            self.define(binding, Kinds::MUT, if export.certain { Defined::Yes } else { Defined::Maybe });
            self.comes_from(binding, source);
            bound.push(Bound { export, binding, fresh });
        }
        self.bound.insert(self.unit.names + module.id.0, bound);
        self.redeclare(module);
    }

    /// `from m import x, y`.
    pub(super) fn import_names(&mut self, names: &'a [Name]) {
        let Some(number) = names.first().and_then(|&first| self.imported_module(first)) else { return };
        for &name in names {
            let export = self.modules[number].exports.iter().find(|export| export.name == name.symbol).copied();
            if export.is_none_or(|export| export.binding.is_some()) {
                let binding = self.redeclare(name);
                if let Some(source) = export.and_then(|export| export.binding) {
                    self.comes_from(binding, source);
                }
            }
        }
    }

    fn comes_from(&mut self, binding: BindingId, source: BindingId) {
        self.bindings[binding.index()].imported = Some(source);
    }
}

/// The variables a statement declares in its own scope.
fn declared(statement: &Stmt) -> Vec<Symbol> {
    let mut names = Vec::new();
    match statement.kind {
        StmtKind::Declare { name, .. } | StmtKind::Assign { name, .. } | StmtKind::Function { name, .. } => {
            names.push(name.symbol);
        }
        StmtKind::Destructure { pattern, .. } => in_pattern(pattern, &mut names),
        _ => {}
    }
    names
}

fn in_pattern(pattern: &Pattern, names: &mut Vec<Symbol>) {
    let rest = match pattern.kind {
        PatternKind::Array { items, rest } => {
            for item in items {
                match item {
                    PatternItem::Ignore(_) => {}
                    PatternItem::Bind(name) => names.push(name.symbol),
                    PatternItem::Nested(inner) => in_pattern(inner, names),
                }
            }
            rest
        }
        PatternKind::Dict { names: keys, rest } => {
            names.extend(keys.iter().map(|name| name.symbol));
            rest
        }
    };
    names.extend(rest.map(|name| name.symbol));
}
