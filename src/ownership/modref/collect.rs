//! The graph: one walk over every instruction of the program.

use super::components::{Components, EVERYTHING, Edge, Successors};
use super::values::Classes;
use super::{
    ARGUMENTS, Builtins, DEFAULTS, ENTRIES, FIRST, GENERATORS, MAX_VARIABLES, ModRef, Node, OPERATORS, RETURNED,
    SUSPENDED, TASKS, UNKNOWN, after, is_of_cell, store_of,
};
use crate::base::builtin::{Purity, SEND};
use crate::ir::entities::{Const, FuncRef, Inst, Val};
use crate::ir::function::{ConstData, Function, Module, Step};
use crate::ir::inst::{Imm, Op};
use crate::ir::types::Type;
use cranelift_entity::SecondaryMap;
use rustc_hash::{FxHashMap, FxHashSet};

/// What the walk has found.
#[derive(Default)]
struct Found {
    edges: Vec<Edge>,
    /// Which function reads or writes which variable.
    touched: FxHashSet<(Node, Node)>,
    /// The variables that some function both reads and stores to, in the order found.
    kept: Vec<Node>,
    seen: FxHashSet<Node>,
    /// Functions whose errors are caught whoever calls them.
    caught: Vec<Node>,
    /// Whether a builtin may run functions in tasks.
    tasks: bool,
    /// Whether a field has a default.
    defaults: bool,
    /// Whether a builtin is used as a value.
    natives: bool,
    /// The functions that are called by their value, as methods, or by the machine.
    open: FxHashSet<FuncRef>,
}

impl Found {
    /// Whatever may be in `to` may be in `from`.
    fn flow(&mut self, from: Node, to: Node) {
        if from != to {
            self.edges.push(Edge { from, to, handled: false });
        }
    }
}

pub(super) fn analyse(module: &Module, builtins: Builtins, forwards: &[u32], tests: &[u32]) -> ModRef {
    let mut params = SecondaryMap::new();
    let mut arity = 0;
    for func in module.functions.values() {
        params[func.id] = arity;
        arity += func.arity;
    }
    let mut result = ModRef {
        builtins,
        plain_operators: module.plain_operators,
        functions: module.functions.len() as u32,
        globals: module.globals.len() as u32,
        params,
        classes: Classes::new(module),
        methods: FxHashMap::default(),
        captured: FxHashMap::default(),
        bits: FxHashMap::default(),
        components: Components::default(),
        caught: Vec::new(),
    };
    let nodes = result.number(module, arity);
    let mut found = Found::default();
    let forwards = forwards.iter().map(|&forward| FuncRef::from_u32(forward));
    forwards.for_each(|forward| {
        result.open(module, forward, &mut found);
        found.flow(UNKNOWN, result.returned(forward));
    });
    found.caught.extend(tests.iter().map(|&test| Node(FIRST + test)));
    for func in module.functions.values() {
        result.walk(module, func, &mut found);
    }
    // A builtin that is called by its value may store what it is given, and give what is stored.
    if found.natives {
        found.flow(UNKNOWN, ARGUMENTS);
        found.flow(RETURNED, UNKNOWN);
    }
    // What the methods of operators, defaults of fields and functions in tasks return is a result like any other.
    if found.tasks || found.defaults || !module.plain_operators {
        found.flow(UNKNOWN, RETURNED);
    }
    if found.tasks {
        found.edges.push(Edge { from: TASKS, to: UNKNOWN, handled: true });
    }
    found.flow(TASKS, SUSPENDED);
    found.kept.truncate(MAX_VARIABLES);
    result.bits.extend(found.kept.iter().zip(EVERYTHING + 1..).map(|(&variable, bit)| (variable, bit)));
    let own = found.touched.iter().filter_map(|&(node, variable)| Some((node, *result.bits.get(&variable)?)));
    let direct: Vec<(Node, u32)> = own.chain([(SUSPENDED, EVERYTHING)]).collect();
    let successors = Successors::new(nodes, &found.edges);
    result.components = Components::new(&successors, 1 + found.kept.len(), &direct);
    result.caught = caught(nodes, &successors, &found);
    result
}

/// What the errors that may be caught come from: what a caught call runs, and all it runs.
fn caught(nodes: usize, successors: &Successors, found: &Found) -> Vec<bool> {
    let mut caught = vec![false; nodes];
    let handled = found.edges.iter().filter(|edge| edge.handled).map(|edge| edge.to);
    let mut work: Vec<Node> = found.caught.iter().copied().chain(handled).collect();
    while let Some(node) = work.pop() {
        if !std::mem::replace(&mut caught[node.0 as usize], true) {
            work.extend(successors.of(node));
        }
    }
    caught
}

fn text(func: &Function, constant: Const) -> Option<&str> {
    match &func.consts[constant] {
        ConstData::Str(text) => Some(text),
        _ => None,
    }
}

fn name_of(func: &Function, inst: Inst) -> Option<&str> {
    match func.insts[inst].imm {
        Imm::Const(constant) => text(func, constant),
        _ => None,
    }
}

/// The text that a key is; None if that is not known.
fn text_of(func: &Function, val: Val) -> Option<&str> {
    match func.const_of(val) {
        Some(ConstData::Str(text)) => Some(text),
        _ => None,
    }
}

/// The words of a struct literal or declaration after its name, each with its operand.
fn members(func: &Function, inst: Inst) -> impl Iterator<Item = (&str, Val)> {
    let words = name_of(func, inst).unwrap_or_default().split(' ').skip(1);
    words.zip(func.insts[inst].args.iter().copied())
}

impl ModRef {
    /// Gives the names that are called as methods, and the classes of cells and captured values, a node each; how many nodes there are.
    fn number(&mut self, module: &Module, params: u32) -> usize {
        let mut next = FIRST + 2 * self.functions + self.globals + params;
        for func in module.functions.values() {
            for &inst in func.layout.iter().flat_map(|&block| &func.blocks[block].insts) {
                let data = &func.insts[inst];
                let val = match data.op {
                    Op::CellNew | Op::CaptureGet => data.result.expand(),
                    op if is_of_cell(op) => Some(data.args[0]),
                    _ => None,
                };
                if let Some(class) = val.and_then(|val| self.classes.of(func.id, val)) {
                    self.captured.entry(class).or_insert_with(|| fresh(&mut next));
                }
                if let (Op::CallMethod, Some(method)) = (data.op, name_of(func, inst))
                    && !self.methods.contains_key(method)
                {
                    self.methods.insert(method.into(), fresh(&mut next));
                    fresh(&mut next);
                }
            }
        }
        next as usize
    }

    /// Whoever calls `func`, its arguments are not known, and what it returns may get anywhere that results of calls get.
    fn open(&self, module: &Module, func: FuncRef, found: &mut Found) {
        if !found.open.insert(func) {
            return;
        }
        for index in 0..module.functions[func].arity {
            found.flow(self.param(func, index), ARGUMENTS);
            found.flow(self.param(func, index), UNKNOWN);
        }
        found.flow(RETURNED, self.returned(func));
    }

    fn walk(&self, module: &Module, func: &Function, found: &mut Found) {
        let node = self.function(func.id);
        let (mut read, mut stored) = (FxHashSet::default(), Vec::new());
        for &inst in func.layout.iter().flat_map(|&block| &func.blocks[block].insts) {
            let data = &func.insts[inst];
            let handled = data.unwind.is_some() || data.op == Op::Spawn;
            for to in self.targets(func, inst) {
                found.tasks |= to == TASKS;
                found.edges.push(Edge { from: node, to, handled });
            }
            match data.op {
                Op::GeneratorStart => found.flow(GENERATORS, node),
                Op::AsyncStart => {
                    found.caught.push(node);
                    // What it returns is in its promise.
                    found.flow(UNKNOWN, self.returned(func.id));
                }
                Op::Func | Op::Closure => {
                    if let Imm::Func(taken) = data.imm {
                        self.open(module, taken, found);
                    }
                }
                Op::Builtin => {
                    found.natives = true;
                    let tasks = |builtin| (self.builtins.purity)(builtin) == Purity::Tasks;
                    found.tasks |= matches!(data.imm, Imm::Builtin(builtin) if tasks(builtin));
                }
                _ => {}
            }
            if let Some(variable) = self.variable(func, inst).map(|variable| variable.0) {
                found.touched.insert((node, variable));
                if store_of(func, inst).is_some() {
                    stored.push(variable);
                } else {
                    read.insert(variable);
                }
            }
            self.follow_values(func, inst, found);
        }
        for variable in stored {
            if read.contains(&variable) && found.seen.insert(variable) {
                found.kept.push(variable);
            }
        }
    }

    /// Where the functions go that an instruction gets as operands.
    fn follow_values(&self, func: &Function, inst: Inst, found: &mut Found) {
        let data = &func.insts[inst];
        if let (Op::CallMethod, name) = (data.op, name_of(func, inst)) {
            if let Some(named) = name.and_then(|name| self.method(name)) {
                found.flow(after(named), UNKNOWN);
                found.flow(after(named), RETURNED);
            }
            // A builtin or a channel may store what it is given.
            if name.is_none_or(|name| name == SEND || (self.builtins.lookup)(name).is_some()) {
                found.flow(UNKNOWN, ARGUMENTS);
            }
        }
        let mut flow = |from: Node, val: Val| {
            if let Some(to) = self.callee(func, val) {
                found.flow(from, to);
            }
        };
        match (data.op, data.imm) {
            (Op::Closure, Imm::Func(_)) => {
                for &val in &data.args {
                    flow(self.class(func, val).unwrap_or(UNKNOWN), val);
                }
            }
            (Op::StructDeclare, _) => {
                for (word, val) in members(func, inst) {
                    match word.strip_prefix('.') {
                        Some(name) => {
                            if let Some(named) = self.method(name) {
                                flow(named, val);
                            }
                            if name.starts_with("op_") {
                                flow(OPERATORS, val);
                            }
                        }
                        None => flow(DEFAULTS, val),
                    }
                }
            }
            (Op::Return, _) => flow(self.returned(func.id), data.args[0]),
            (Op::CallDirect, Imm::Func(callee)) => {
                for (index, &val) in data.args.iter().enumerate() {
                    flow(self.param(callee, index as u32), val);
                }
            }
            (Op::Call, _) => data.args[1..].iter().for_each(|&val| flow(ARGUMENTS, val)),
            (Op::CallMethod, _) => data.args.iter().for_each(|&val| flow(ARGUMENTS, val)),
            (Op::GlobalSet, Imm::Global(global)) => flow(self.global(global.as_u32()), data.args[0]),
            (Op::CellSet, _) => flow(self.class(func, data.args[0]).unwrap_or(UNKNOWN), data.args[1]),
            (Op::CellNew, _) => {
                let cell = data.result.expand().and_then(|cell| self.class(func, cell));
                flow(cell.unwrap_or(UNKNOWN), data.args[0]);
            }
            (op, _) => {
                // A cell is looked into; what else is looked at may get anywhere.
                let skipped = usize::from(is_of_cell(op));
                data.args.iter().skip(skipped).for_each(|&val| flow(UNKNOWN, val));
            }
        }
        for call in data.targets.iter().chain(data.unwind.as_deref()) {
            call.args.iter().for_each(|&val| flow(UNKNOWN, val));
        }
        let mut named = |name: Option<&str>, val: Option<Val>| {
            // A name that is never called as a method does not matter.
            let Some(from) = name.map_or(Some(ENTRIES), |name| self.method(name)) else { return };
            if let Some(to) = val.map_or(Some(RETURNED), |val| self.callee(func, val)) {
                found.flow(from, to);
            }
        };
        match data.op {
            Op::StructNew => members(func, inst).for_each(|(field, val)| named(Some(field), Some(val))),
            // What a default gives is not known.
            Op::StructDeclare => {
                let fields = members(func, inst).filter_map(|(word, _)| word.strip_prefix('='));
                let count = fields.map(|field| named(Some(field), None)).count();
                found.defaults |= count > 0;
            }
            Op::DictNew | Op::DictExtend => {
                let entries = &data.args[usize::from(data.op == Op::DictExtend)..];
                for entry in entries.chunks_exact(2) {
                    named(text_of(func, entry[0]), Some(entry[1]));
                }
            }
            Op::SetPath | Op::CellSetPath | Op::GlobalSetPath => {
                let Some(store) = store_of(func, inst) else { return };
                let val = data.args[store.first_key() - 1];
                match (store.steps.last(), store.keys.last()) {
                    (Some(&Step::Field(field)), _) => named(text(func, field), Some(val)),
                    (Some(Step::Index), Some(&key)) if func.values[key].ty.may_be(Type::STRING) => {
                        named(text_of(func, key), Some(val));
                    }
                    _ => {}
                }
            }
            // The method of an operator may give a function.
            Op::UpdatePath | Op::CellUpdatePath | Op::GlobalUpdatePath if !self.plain_operators => named(None, None),
            _ => {}
        }
    }
}

fn fresh(next: &mut u32) -> Node {
    *next += 1;
    Node(*next - 1)
}
