//! Which globals and captured variables a call may touch, and whether an error that leaves a function may be caught: an
//! interprocedural analysis of the whole program (a mod/ref summary: Cooper and Kennedy, "Interprocedural side-effect analysis in
//! linear time", PLDI 1988; here what is read and what is written are one set).
//!
//! The nodes of its graph are functions, what stands for several of them (the methods of one name, the functions a variable may
//! hold, those that a value of unknown origin may be), and an edge says that running one may run the other:
//!
//! ```text
//! go ──► "add" ──► L.add            o.inner := o.inner.add(i)
//!   └──► unknown ──► those whose value escapes
//! ```
//!
//! Sets of variables are united over the strongly connected components, callees first. Only variables that some function both reads
//! and stores to are kept apart ([`MAX_VARIABLES`] of them); any other counts as touched by every call. Who waits
//! for another task touches everything.
//!
//! An error *may be caught* if a call on the way stands in a `try` body, or runs in a task, or in a test block. An error that is not
//! caught ends the program, and nobody sees what variables then have.

mod collect;
mod components;
mod values;

use super::vacate::store_of;
use crate::base::builtin::{BuiltinId, Purity, RECEIVE};
use crate::ir::effects::Effects;
use crate::ir::entities::{FuncRef, Inst, Val};
use crate::ir::function::{ConstData, Function, Module, ValDef};
use crate::ir::inst::{Imm, Op};
use crate::ir::types::Type;
use components::Components;
use cranelift_entity::SecondaryMap;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::rc::Rc;
use values::Classes;

/// Variables kept apart: the size of a set is bounded, so that the analysis stays linear in the size of the program.
const MAX_VARIABLES: usize = 1023;

/// A function, or what stands for several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Node(u32);

/// The functions in containers, and all that are followed no further: what a callee of unknown origin may be.
const UNKNOWN: Node = Node(0);
/// The methods that overload operators.
const OPERATORS: Node = Node(1);
/// The defaults of fields.
const DEFAULTS: Node = Node(2);
/// The bodies of generators.
const GENERATORS: Node = Node(3);
/// Other tasks, which may run while this one waits.
const SUSPENDED: Node = Node(4);
/// What a builtin runs in tasks of its own.
const TASKS: Node = Node(5);
/// The functions stored under names that are computed.
const ENTRIES: Node = Node(6);
/// The functions passed to functions that are called by their value or as methods.
const ARGUMENTS: Node = Node(7);
/// The functions that those return.
const RETURNED: Node = Node(8);
/// The first function.
const FIRST: u32 = 9;

/// A global, or all captured variables that may share a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Variable(Node);

/// What the compiler knows of builtins.
#[derive(Clone, Copy, Debug)]
pub struct Builtins {
    /// The builtin of a name.
    pub lookup: fn(&str) -> Option<BuiltinId>,
    /// What a builtin does besides giving a result.
    pub purity: fn(BuiltinId) -> Purity,
}

/// The result of the analysis.
pub struct ModRef {
    builtins: Builtins,
    plain_operators: bool,
    functions: u32,
    globals: u32,
    /// Where the parameters of each function begin in the numbering of all.
    params: SecondaryMap<FuncRef, u32>,
    classes: Classes,
    /// The methods of a name, and the functions that fields and entries of that name may hold; the next node is what they return.
    methods: FxHashMap<Rc<str>, Node>,
    /// The variable, or captured value, of a class.
    captured: FxHashMap<u32, Node>,
    /// The bit of a variable that is kept apart.
    bits: FxHashMap<Node, u32>,
    components: Components,
    caught: Vec<bool>,
}

impl ModRef {
    /// Analyses a program. The machine calls the functions `forwards` in place of builtins, and the host catches the errors of the
    /// functions `tests`.
    pub fn new(module: &Module, builtins: Builtins, forwards: &[u32], tests: &[u32]) -> ModRef {
        collect::analyse(module, builtins, forwards, tests)
    }

    /// The variable that an instruction reads or writes; None if it does not. An unknown one is that of no instruction.
    pub fn variable(&self, func: &Function, inst: Inst) -> Option<Variable> {
        let data = &func.insts[inst];
        match (data.op, data.imm) {
            (Op::GlobalGet | Op::GlobalPeek | Op::GlobalSet, Imm::Global(global)) => {
                Some(Variable(self.global(global.as_u32())))
            }
            (Op::GlobalSetPath | Op::GlobalUpdatePath | Op::GlobalVacate | Op::GlobalRestore, Imm::Path(path)) => {
                Some(Variable(func.paths[path].global.map_or(UNKNOWN, |global| self.global(global.as_u32()))))
            }
            _ if is_of_cell(data.op) => Some(Variable(self.class(func, data.args[0]).unwrap_or(UNKNOWN))),
            _ => None,
        }
    }

    /// Whether an instruction, or what it may run, may read or write `variable`.
    pub fn touches(&self, func: &Function, inst: Inst, variable: Variable) -> bool {
        let op = func.insts[inst].op;
        if op == Op::Yield || op.starts_function() {
            // Whoever has called the function goes on. For them it has returned: a `yield` is no call.
            return true;
        }
        if let Some(own) = self.variable(func, inst) {
            return own == variable || own.0 == UNKNOWN || variable.0 == UNKNOWN;
        }
        let targets = self.targets(func, inst);
        let bit = self.bits.get(&variable.0);
        targets.iter().any(|&node| {
            bit.is_none_or(|&bit| self.components.has(node, bit)) || self.components.has(node, components::EVERYTHING)
        })
    }

    /// Whether an error that leaves `func` may be caught, so that the program goes on.
    pub fn is_caught(&self, func: FuncRef) -> bool {
        self.caught.get(self.function(func).0 as usize).copied().unwrap_or(true)
    }

    fn function(&self, func: FuncRef) -> Node {
        Node(FIRST + func.as_u32())
    }

    /// The functions that a function returns.
    fn returned(&self, func: FuncRef) -> Node {
        Node(FIRST + self.functions + func.as_u32())
    }

    fn global(&self, global: u32) -> Node {
        Node(FIRST + 2 * self.functions + global)
    }

    /// The functions passed for a parameter.
    fn param(&self, func: FuncRef, index: u32) -> Node {
        Node(FIRST + 2 * self.functions + self.globals + self.params[func] + index)
    }

    /// The variable of the cells a value may be, or the captured value that it is.
    fn class(&self, func: &Function, val: Val) -> Option<Node> {
        self.captured.get(&self.classes.of(func.id, original(func, val))?).copied()
    }

    fn method(&self, name: &str) -> Option<Node> {
        self.methods.get(name).copied()
    }

    /// What may run when an instruction does.
    fn targets(&self, func: &Function, inst: Inst) -> SmallVec<[Node; 4]> {
        let mut nodes = SmallVec::new();
        let data = &func.insts[inst];
        match (data.op, data.imm) {
            (Op::Call | Op::Spawn, _) => nodes.extend(self.callee(func, data.args[0])),
            (Op::CallDirect, Imm::Func(callee)) => nodes.push(self.function(callee)),
            (Op::CallMethod, Imm::Const(name)) => {
                // Generators and lazy iterators have methods.
                nodes.extend([ENTRIES, GENERATORS]);
                if let ConstData::Str(name) = &func.consts[name] {
                    nodes.extend(self.method(name));
                    nodes.extend((&**name == RECEIVE).then_some(SUSPENDED));
                    nodes.extend((self.builtins.lookup)(name).and_then(|builtin| self.builtin(builtin)));
                }
            }
            (Op::CallBuiltin, Imm::Builtin(builtin)) => nodes.extend(self.builtin(builtin)),
            (Op::StructFill, _) => nodes.push(DEFAULTS),
            (Op::IterNext, _) => nodes.push(GENERATORS),
            (Op::Await, _) => nodes.push(SUSPENDED),
            (op, _) if op.info().effects.contains(Effects::OPERATOR) => {
                let calls = !self.plain_operators && func.effects(inst).contains(Effects::CALLS);
                nodes.extend(calls.then_some(OPERATORS));
            }
            (op, _) if op.info().effects.contains(Effects::CALLS) => nodes.extend([UNKNOWN, SUSPENDED]),
            _ => {}
        }
        nodes
    }

    /// What a builtin may run besides its own code, which sees no variables.
    fn builtin(&self, builtin: BuiltinId) -> Option<Node> {
        match (self.builtins.purity)(builtin) {
            Purity::Pure | Purity::Effect => None,
            Purity::Calls => Some(UNKNOWN),
            Purity::Tasks => Some(TASKS),
        }
    }

    /// What runs when a value is called; None if that raises.
    fn callee(&self, func: &Function, val: Val) -> Option<Node> {
        let val = original(func, val);
        if !func.values[val].ty.may_be(Type::FUNCTION) {
            return None;
        }
        let inst = match func.values[val].def {
            ValDef::Param(block, index) if block == func.entry => return Some(self.param(func.id, index)),
            ValDef::Param(..) => return Some(UNKNOWN),
            ValDef::Result(inst) => inst,
        };
        let data = &func.insts[inst];
        match (data.op, data.imm) {
            (Op::Func | Op::Closure, Imm::Func(callee)) => Some(self.function(callee)),
            (Op::Builtin, Imm::Builtin(builtin)) => self.builtin(builtin),
            (Op::GlobalGet | Op::GlobalPeek, Imm::Global(global)) => Some(self.global(global.as_u32())),
            (Op::CellGet | Op::CellPeek, _) => Some(self.class(func, data.args[0]).unwrap_or(UNKNOWN)),
            (Op::CaptureGet, _) => Some(self.class(func, val).unwrap_or(UNKNOWN)),
            (Op::Call, _) => Some(RETURNED),
            (Op::CallDirect, Imm::Func(callee)) => Some(self.returned(callee)),
            (Op::CallMethod, Imm::Const(name)) => match &func.consts[name] {
                ConstData::Str(name) => Some(self.method(name).map_or(UNKNOWN, after)),
                _ => Some(UNKNOWN),
            },
            _ => Some(UNKNOWN),
        }
    }
}

/// What a value is a copy of: the checker asks again when reference counts have been inserted.
fn original(func: &Function, val: Val) -> Val {
    let mut val = val;
    while let ValDef::Result(inst) = func.values[val].def
        && func.insts[inst].op == Op::Copy
    {
        val = func.insts[inst].args[0];
    }
    val
}

/// The functions that those of a name return.
fn after(named: Node) -> Node {
    Node(named.0 + 1)
}

/// Whether an instruction is about the content of the cell that is its first operand.
fn is_of_cell(op: Op) -> bool {
    matches!(
        op,
        Op::CellGet
            | Op::CellPeek
            | Op::CellSet
            | Op::CellSetPath
            | Op::CellUpdatePath
            | Op::CellVacate
            | Op::CellRestore
    )
}
