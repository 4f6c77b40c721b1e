//! Floor 4: the resolved tree to IR. No optimisation happens here, but the shape of the code is decided: loops are rotated (one
//! conditional backward jump for each iteration), conditions become control flow, and read-modify-writes of one path become one
//! instruction.
//!
//! Every function is lowered on its own, so nested functions cost no native stack. Left spines of expressions are lowered with a loop;
//! all other recursion is bounded by the parser's limits on nesting.
//!
//! | file | job |
//! |---|---|
//! | `function` | one function: variables, captures, cells, entry |
//! | `stmt` | statements |
//! | `control` | conditions, `if`, `while`, `loop`, `try` |
//! | `iterate` | `for` |
//! | `expr` | expressions |
//! | `literal` | strings with holes, arrays, dicts |
//! | `call` | calls of all kinds |
//! | `name` | occurrences of variables: chains of candidates |
//! | `module` | imports |
//! | `path` | path assignment |
//! | `quiet` | what expressions cannot do |
//! | `matching` | `match`, tagged values, `?` |
//! | `destructure` | destructuring |
//! | `structure` | structs: declarations, literals, what methods see |
//! | `update` | read-modify-write in place |

mod call;
mod control;
mod destructure;
mod expr;
mod function;
mod iterate;
mod literal;
mod matching;
mod module;
mod name;
mod path;
mod quiet;
mod stmt;
mod structure;
mod update;

#[cfg(test)]
mod tests;

use crate::base::intern::Interner;
use crate::ir::builder::Variable;
use crate::ir::entities::FuncRef;
use crate::ir::function::{GlobalData, Module};
use crate::resolve::{FunctionKey, Resolution};
use cranelift_entity::{EntityRef, packed_option::PackedOption};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// What the lowering of all functions shares.
struct Shared<'a, 'l> {
    resolution: &'l Resolution<'a>,
    interner: &'l Interner,
    /// The IR function of each function of the tree; unreached ones have none.
    refs: Vec<PackedOption<FuncRef>>,
    /// The SSA variable of each binding, in the function that holds it.
    variables: Vec<PackedOption<Variable>>,
}

impl Shared<'_, '_> {
    /// The IR function of a function that can run.
    fn func(&self, key: FunctionKey) -> FuncRef {
        self.refs[key.index()].expand().unwrap_or(FuncRef::from_u32(0))
    }
}

/// The prelude functions that are part of the module, by name: what their builtins stand for where they are not called directly.
pub fn prelude_functions(resolution: &Resolution, interner: &Interner) -> Vec<(Rc<str>, FuncRef)> {
    let numbers = numbers(resolution);
    let named = resolution.prelude().filter_map(|(name, key)| Some((interner.shared(name), *numbers.get(&key)?)));
    let mut named: Vec<_> = named.collect();
    named.sort();
    named
}

/// A module as the machine must know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedModule {
    /// Its name, as imported.
    pub name: Rc<str>,
    /// Its top level.
    pub function: FuncRef,
    /// The global slot that says whether it was imported.
    pub state: u32,
    /// The global slots of its variables.
    pub slots: Vec<u32>,
}

/// The modules that are part of the IR.
pub fn modules(resolution: &Resolution) -> Vec<ImportedModule> {
    let numbers = numbers(resolution);
    let modules = resolution.modules().iter().filter_map(|module| {
        let (name, slots) = (module.name.clone(), module.slots.clone());
        Some(ImportedModule { name, function: *numbers.get(&module.top)?, state: module.state, slots })
    });
    modules.collect()
}

/// The IR function of each function that can run.
pub fn numbers(resolution: &Resolution) -> FxHashMap<FunctionKey, FuncRef> {
    resolution.functions().enumerate().map(|(number, key)| (key, FuncRef::new(number))).collect()
}

/// The IR of a resolved program. The first function is the top level; the order of global slots is that of
/// [`Resolution::globals`].
pub fn lower(resolution: &Resolution, interner: &Interner) -> Module {
    let keys: Vec<FunctionKey> = resolution.functions().collect();
    let mut shared = Shared {
        resolution,
        interner,
        refs: vec![None.into(); keys.last().map_or(0, |key| key.index() + 1)],
        variables: vec![None.into(); resolution.binding_count()],
    };
    for (number, key) in keys.iter().enumerate() {
        shared.refs[key.index()] = Some(FuncRef::new(number)).into();
    }
    let mut module = Module { plain_operators: !resolution.overloads(), ..Module::default() };
    for &name in resolution.globals() {
        module.globals.push(GlobalData { name: interner.shared(name) });
    }
    for &key in &keys {
        if let Some(func) = function::lower_function(&mut shared, key) {
            module.functions.push(func);
        }
    }
    module
}
