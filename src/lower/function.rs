//! One function: its entry, its variables, cells and captures.
//!
//! A [`Storage::Register`] binding is an SSA variable. A [`Storage::Cell`] binding is an SSA variable that holds the cell, made
//! anew whenever its scope is entered. What a closure captures is read at its entry.

use super::Shared;
use super::structure::has_hidden_receiver;
use crate::base::source::Span;
use crate::ir::builder::{FunctionBuilder, Variable};
use crate::ir::entities::{Block as IrBlock, Val};
use crate::ir::function::{ConstData, Function as IrFunction};
use crate::ir::inst::{Imm, Op};
use crate::resolve::{BindingId, FunctionKey, Mutability, Storage, Unit};
use crate::syntax::ast::{Block, Expr, Function, FunctionKind, FunctionRole};
use rustc_hash::FxHashMap;

/// Where `break` and `continue` go.
#[derive(Clone, Copy)]
pub(super) struct LoopTargets {
    pub next: IrBlock,
    pub exit: IrBlock,
}

/// The lowering of one function.
pub(super) struct Lowerer<'a, 'l, 's> {
    pub shared: &'s mut Shared<'a, 'l>,
    pub b: FunctionBuilder,
    pub unit: Unit,
    pub key: FunctionKey,
    /// The captured values and cells.
    pub captured: FxHashMap<BindingId, Val>,
    pub loops: Vec<LoopTargets>,
    pub spine: Vec<&'a Expr<'a>>,
}

/// Lowers one function that can run.
pub(super) fn lower_function(shared: &mut Shared, key: FunctionKey) -> Option<IrFunction> {
    let info = shared.resolution.function(key);
    let node = info.node?;
    let name = match node.role {
        FunctionRole::Main => Some(match shared.resolution.modules().iter().find(|module| module.top == key) {
            Some(module) => shared.interner.shared(module.label),
            None => "<main>".into(),
        }),
        FunctionRole::Test => Some("<test>".into()),
        FunctionRole::Method => Some(shared.method_name(info.owner, node.name)),
        // Evaluating a default is no call that a script could see.
        FunctionRole::FieldDefault => Some(shared.default_name(node.name)),
        _ => node.name.map(|name| shared.interner.shared(name)),
    };
    let arity = node.params.len() + usize::from(has_hidden_receiver(node));
    let mut func = IrFunction::new(shared.func(key), name, arity as u32, node.span);
    func.captures = info.captures.len() as u32;
    let mut lowerer = Lowerer {
        b: FunctionBuilder::new(func),
        unit: info.unit,
        key,
        captured: FxHashMap::default(),
        loops: Vec::new(),
        spine: Vec::new(),
        shared,
    };
    lowerer.body(node);
    Some(lowerer.b.finish())
}

impl<'a> Lowerer<'a, '_, '_> {
    fn body(&mut self, node: &'a Function<'a>) {
        let span = node.span;
        let resolution = self.shared.resolution;
        match node.kind {
            FunctionKind::Plain => {}
            FunctionKind::Generator => drop(self.b.ins(Op::GeneratorStart, &[], Imm::None, span)),
            FunctionKind::Async => drop(self.b.ins(Op::AsyncStart, &[], Imm::None, span)),
        }
        for (index, &binding) in resolution.function(self.key).captures.iter().enumerate() {
            let val = self.b.ins_val(Op::CaptureGet, &[], Imm::Index(index as u32), span);
            self.captured.insert(binding, val);
        }
        self.open_scope(&node.body);
        let hidden = usize::from(has_hidden_receiver(node));
        if hidden > 0 {
            self.receiver_fields(span);
        }
        for (index, param) in node.params.iter().enumerate() {
            let val = self.b.entry_param(index + hidden);
            if let Some(binding) = resolution.name(self.unit, param.name).binding {
                self.define(binding, true, val, param.name.span);
            }
        }
        if node.role == FunctionRole::Main {
            let own = |&&(binding, _): &&(BindingId, FunctionKey)| resolution.binding(binding).function == self.key;
            let hoisted: Vec<_> = resolution.hoisted().iter().filter(own).copied().collect();
            for (binding, function) in hoisted {
                let func = self.shared.func(function);
                let val = self.b.ins_val(Op::Func, &[], Imm::Func(func), span);
                self.define(binding, true, val, span);
            }
        }
        self.statements(node.body.statements);
        if !self.b.is_terminated() {
            let null = self.null(span);
            self.b.ret(null, span);
        }
    }

    /// The bindings of a scope that must start undefined.
    pub(super) fn open_scope(&mut self, block: &Block) {
        let resolution = self.shared.resolution;
        for &binding in resolution.scope_head(self.unit.scope(block.id)) {
            let mut val = self.b.constant(ConstData::Undef, block.span);
            if resolution.binding(binding).storage == Storage::Cell {
                val = self.b.ins_val(Op::CellNew, &[val], Imm::None, block.span);
            }
            let variable = self.variable(binding);
            self.b.def_var(variable, val);
        }
    }

    /// The SSA variable of a binding this function holds.
    pub(super) fn variable(&mut self, binding: BindingId) -> Variable {
        if let Some(variable) = self.shared.variables[binding.index()].expand() {
            return variable;
        }
        let variable = self.b.new_variable();
        self.shared.variables[binding.index()] = Some(variable).into();
        variable
    }

    /// The value of a register binding, or the cell of a cell binding.
    pub(super) fn local(&mut self, binding: BindingId) -> Val {
        if let Some(&val) = self.captured.get(&binding) {
            return val;
        }
        let variable = self.variable(binding);
        self.b.use_var(variable)
    }

    /// Gives a binding of this function a value. `fresh`: it certainly has none yet.
    pub(super) fn define(&mut self, id: BindingId, fresh: bool, val: Val, span: Span) {
        let binding = self.shared.resolution.binding(id);
        match binding.storage {
            Storage::Cell if fresh && !binding.starts_undefined => {
                let cell = self.b.ins_val(Op::CellNew, &[val], Imm::None, span);
                let variable = self.variable(id);
                self.b.def_var(variable, cell);
            }
            _ => self.store(id, val, span),
        }
    }

    /// Stores into a binding that exists.
    pub(super) fn store(&mut self, id: BindingId, val: Val, span: Span) {
        match self.shared.resolution.binding(id).storage {
            Storage::Register => {
                let variable = self.variable(id);
                self.b.def_var(variable, val);
            }
            Storage::Cell => {
                let cell = self.local(id);
                self.b.ins(Op::CellSet, &[cell, val], Imm::None, span);
            }
            Storage::Global(slot) => {
                self.b.ins(Op::GlobalSet, &[val], global(slot), span);
            }
            Storage::Function(_) => {}
        }
    }

    /// A new closure (or the value of a function that captures nothing).
    pub(super) fn closure(&mut self, node: &Function, span: Span) -> Val {
        let key = self.unit.function(node.id);
        let resolution = self.shared.resolution;
        let captures: Vec<Val> = resolution.function(key).captures.iter().map(|&id| self.local(id)).collect();
        let func = self.shared.func(key);
        self.b.ins_val(Op::Closure, &captures, Imm::Func(func), span)
    }

    pub(super) fn null(&mut self, span: Span) -> Val {
        self.b.constant(ConstData::Null, span)
    }

    /// Ends the block with an error that is certain; what follows is dead.
    pub(super) fn raise(&mut self, message: &str, span: Span) -> Val {
        self.b.raise(message, span);
        self.null(span)
    }

    /// Raises because of an assignment to an immutable binding.
    pub(super) fn raise_immutable(&mut self, verb: &str, id: BindingId, how: Mutability, span: Span) {
        let kind = if how == Mutability::Const { "const" } else { "immutable let" };
        let name = self.shared.interner.name(self.shared.resolution.binding(id).name);
        self.b.raise(&format!("Cannot {verb} {kind} binding: {name}"), span);
    }
}

/// The immediate of a global slot.
pub(super) fn global(slot: u32) -> Imm {
    Imm::Global(crate::ir::entities::Global::from_u32(slot))
}
