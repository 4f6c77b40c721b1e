//! Floor 2: names to bindings, for the whole language.
//!
//! [`resolve`] walks the tree once and answers every occurrence of a name ([`crate::syntax::ast::NameId`]) with a *chain* of candidate
//! bindings. Nothing in the tree is changed: the answers are side tables of [`Resolution`], indexed by the tree's dense ids.
//!
//! **Definedness.** Scopes are fresh for each activation and iteration, and a binding comes into being at its scope's own statement
//! level, so one forward walk knows at each point whether a binding has a value: no, maybe or yes (`walk`). "Maybe" has few
//! sources: bindings of other functions, whose statements run at unknown times; bare assignments to a name that another function may
//! or may not have defined; and the cases of a `match`, which share the scope around them. A chain lists the candidates
//! that may have a value, innermost first, and ends after the first that certainly has one.
//!
//! **Order of functions.** The body of a function is walked after the function around it, so every binding it can see is known, with the
//! moment of its definition. A top-level function is walked from the earliest moment it can run: the first mention of its name by
//! the top level or by a function that runs (`schedule`); what the top level has defined before is certain inside it.
//!
//! **Storage** (`finish`). Plain variables are [`Storage::Register`]; a captured variable is passed by value unless it changes after
//! the capture or may be undefined then ([`Storage::Cell`]); top-level variables that functions mention live in
//! [`Storage::Global`] slots; top-level functions that are never reassigned are constants ([`Storage::Function`]).

mod chain;
mod expr;
mod finish;
mod module;
mod pattern;
mod schedule;
mod state;
mod testing;
mod walk;

#[cfg(test)]
mod tests;

use crate::base::builtin::{BuiltinId, BuiltinInfo};
use crate::base::diagnostic::Diagnostic;
use crate::base::intern::{Interner, Symbol};
use crate::syntax::ast::{BlockId, Function, FunctionId, Name, Program, StructDecl};
use rustc_hash::FxHashMap;

pub use module::{Bound, Export, ImportTarget, ModuleInfo, ModuleSource};

macro_rules! key {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in a table.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

key! {
    /// A binding: one name of one scope.
    BindingId
}
key! {
    /// A function of any of the programs.
    FunctionKey
}
key! {
    /// A scope, that is the block that opens it, of any of the programs.
    ScopeKey
}

/// Which of the programs a tree belongs to: where its ids start in the common tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Unit {
    functions: u32,
    blocks: u32,
    names: u32,
}

impl Unit {
    /// The key of a function of this program.
    pub fn function(self, id: FunctionId) -> FunctionKey {
        FunctionKey(self.functions + id.0)
    }

    /// The key of a block of this program.
    pub fn scope(self, id: BlockId) -> ScopeKey {
        ScopeKey(self.blocks + id.0)
    }

    fn after(self, program: &Program) -> Unit {
        Unit {
            functions: self.functions + program.function_count,
            blocks: self.blocks + program.block_count,
            names: self.names + program.name_count,
        }
    }
}

/// What the resolver must know of its surroundings.
#[derive(Clone, Copy, Debug, Default)]
pub struct ResolveOptions<'o, 'a> {
    /// The builtins that exist.
    pub builtins: &'o [BuiltinInfo],
    /// Programs whose top-level functions belong to the outermost scope, where they take precedence over builtins.
    pub prelude: &'o [Program<'a>],
    /// Methods that functions of the prelude stand for, with those functions.
    pub methods: &'o [(&'o str, &'o str)],
    /// The modules that can be imported.
    pub modules: &'o [ModuleSource<'a>],
    /// Where the import statements of the program lead, in source order.
    pub imports: &'o [ImportTarget],
    /// Whether test blocks are functions that can run.
    pub tests: bool,
}

/// Where a binding lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In a register of its function; captured by value, if at all.
    Register,
    /// In a cell, shared with the closures that capture it.
    Cell,
    /// In a slot of the module.
    Global(u32),
    /// It always is this function, which captures nothing.
    Function(FunctionKey),
}

/// How a binding was introduced, as far as assignments care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutability {
    /// It can be assigned.
    Mutable,
    /// `let`
    Let,
    /// `const`
    Const,
}

/// One binding.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Its name.
    pub name: Symbol,
    /// The function whose activation holds it.
    pub function: FunctionKey,
    /// Its scope.
    pub scope: ScopeKey,
    /// Where it lives.
    pub storage: Storage,
    /// A register that is read while it may be undefined, or a cell that is captured before it is defined: it starts as undefined at
    /// the head of its scope.
    pub starts_undefined: bool,
    /// Whether some nested function captures it.
    pub captured: bool,
    /// The function it is whenever it has a value: it is made by a function expression or nested declaration and never changes.
    pub value: Option<FunctionKey>,
}

/// A binding an occurrence may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The binding.
    pub binding: BindingId,
    /// Whether it certainly has a value here. Only the last candidate of a chain does.
    pub definite: bool,
    /// Whether it may be assigned here.
    pub mutability: Mutability,
}

/// What an occurrence means if no candidate has a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fallback {
    /// `Undefined variable: name`; or the last candidate is definite.
    Raise,
    /// The builtin of that name.
    Builtin(BuiltinId),
    /// A constant of the prelude.
    Float(f64),
}

/// The answer for one occurrence of a name.
#[derive(Clone, Copy, Debug)]
pub struct NameInfo {
    first: u32,
    count: u32,
    /// Declarations: the binding made. Bare assignments: the binding made if no candidate has a value; `None` if one always has.
    pub binding: Option<BindingId>,
    /// Reads: the meaning after all candidates.
    pub fallback: Fallback,
}

impl NameInfo {
    const UNSEEN: NameInfo = NameInfo { first: 0, count: 0, binding: None, fallback: Fallback::Raise };
}

/// The answer for one function.
#[derive(Clone, Debug, Default)]
pub struct FunctionInfo<'a> {
    /// Its tree; `None` if the function was not reached (test blocks, unused prelude functions).
    pub node: Option<&'a Function<'a>>,
    /// The program it belongs to.
    pub unit: Unit,
    /// The function around it; `None` for programs and prelude functions.
    pub parent: Option<FunctionKey>,
    /// The bindings of outer functions it captures, in capture order.
    pub captures: Vec<BindingId>,
    /// The struct whose method it is.
    pub owner: Option<Symbol>,
}

/// The answers.
#[derive(Clone, Debug, Default)]
pub struct Resolution<'a> {
    names: Vec<NameInfo>,
    candidates: Vec<Candidate>,
    bindings: Vec<Binding>,
    functions: Vec<FunctionInfo<'a>>,
    scope_heads: FxHashMap<ScopeKey, Vec<BindingId>>,
    globals: Vec<Symbol>,
    hoisted: Vec<(BindingId, FunctionKey)>,
    fields: Vec<(FunctionKey, BindingId)>,
    structs: FxHashMap<Symbol, Vec<&'a StructDecl<'a>>>,
    numbered: FxHashMap<u32, Vec<(u32, BindingId)>>,
    prelude: FxHashMap<Symbol, (FunctionKey, Option<BuiltinId>)>,
    modules: Vec<ModuleInfo>,
    imports: FxHashMap<u32, ImportTarget>,
    bound: FxHashMap<u32, Vec<Bound>>,
    overloads: bool,
}

impl<'a> Resolution<'a> {
    /// Whether an operator may run script code: the program or one of its modules declares a method that overloads one.
    pub fn overloads(&self) -> bool {
        self.overloads
    }

    /// The answer for an occurrence of a name.
    pub fn name(&self, unit: Unit, name: Name) -> NameInfo {
        self.names[(unit.names + name.id.0) as usize]
    }

    /// The candidates of an answer. For declarations: the binding itself if it may already have a value.
    pub fn candidates(&self, info: NameInfo) -> &[Candidate] {
        &self.candidates[info.first as usize..(info.first + info.count) as usize]
    }

    /// A binding.
    pub fn binding(&self, id: BindingId) -> &Binding {
        &self.bindings[id.index()]
    }

    /// How many bindings there are.
    pub fn binding_count(&self) -> usize {
        self.bindings.len()
    }

    /// A function.
    pub fn function(&self, key: FunctionKey) -> &FunctionInfo<'a> {
        &self.functions[key.index()]
    }

    /// Every function that can run, the program first.
    pub fn functions(&self) -> impl Iterator<Item = FunctionKey> {
        let all = self.functions.iter().enumerate();
        all.filter(|(_, info)| info.node.is_some()).map(|(index, _)| FunctionKey(index as u32))
    }

    /// The bindings that start undefined at the head of a scope.
    pub fn scope_head(&self, scope: ScopeKey) -> &[BindingId] {
        self.scope_heads.get(&scope).map_or(&[], Vec::as_slice)
    }

    /// The names of the global slots.
    pub fn globals(&self) -> &[Symbol] {
        &self.globals
    }

    /// Top-level functions that are ordinary variables: given their values before the program starts, in this order.
    pub fn hoisted(&self) -> &[(BindingId, FunctionKey)] {
        &self.hoisted
    }

    /// The receiver's fields as local variables of a method without `self`.
    pub fn method_fields(&self, method: FunctionKey) -> impl Iterator<Item = BindingId> {
        self.fields.iter().filter(move |(key, _)| *key == method).map(|&(_, binding)| binding)
    }

    /// The declarations of a struct name that can run.
    pub fn structs(&self, name: Symbol) -> &[&'a StructDecl<'a>] {
        self.structs.get(&name).map_or(&[], Vec::as_slice)
    }

    /// The names of all structs that are declared.
    pub fn struct_names(&self) -> impl Iterator<Item = Symbol> {
        self.structs.keys().copied()
    }

    /// For the single payload name `w` of a tag pattern: the bindings `w_1`, `w_2` ... the program mentions, by number.
    pub fn numbered(&self, unit: Unit, name: Name) -> &[(u32, BindingId)] {
        self.numbered.get(&(unit.names + name.id.0)).map_or(&[], Vec::as_slice)
    }

    /// The names of the prelude with their functions, reached or not.
    pub fn prelude(&self) -> impl Iterator<Item = (Symbol, FunctionKey)> {
        self.prelude.iter().map(|(&name, &(key, _))| (name, key))
    }

    /// The prelude function of a name, with the builtin it takes precedence over.
    pub fn prelude_function(&self, name: Symbol) -> Option<(FunctionKey, Option<BuiltinId>)> {
        self.prelude.get(&name).copied()
    }
}

/// Resolves a program. All programs share the interner.
///
/// # Errors
/// The compile errors of the language reference, in source order.
pub fn resolve<'a>(
    program: &Program<'a>,
    interner: &Interner,
    options: &ResolveOptions<'_, 'a>,
) -> Result<Resolution<'a>, Vec<Diagnostic>> {
    let mut walker = state::Walker::new(program, interner, options);
    walker.run(program, options);
    finish::finish(walker)
}
