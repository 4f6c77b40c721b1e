//! Functions and calls.

use super::Interpreter;
use super::frame::{Callers, Fault, Frame, Role, Todo};
use crate::base::limits::MAX_CALL_DEPTH;
use crate::base::source::Span;
use crate::resolve::{BindingId, FunctionKey};
use crate::runtime::builtins::{self, Args, BuiltinId};
use crate::runtime::cell;
use crate::runtime::error::{RuntimeError, Trap};
use crate::runtime::function::{self, FunctionInfo};
use crate::runtime::promise::{self, Role as Fate};
use crate::runtime::scheduler::Answer;
use crate::runtime::tasks::to_cancel;
use crate::runtime::value::Value;
use crate::syntax::ast::{Function, FunctionKind, FunctionRole, StmtKind};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Whether a function is a method that does not name its receiver.
fn has_hidden_receiver(node: &Function) -> bool {
    node.role == FunctionRole::Method && !node.params.iter().any(|param| param.is_self)
}

impl<'a> Interpreter<'_, 'a> {
    /// What scripts see of a function of the program.
    pub(super) fn description(&mut self, key: FunctionKey) -> Rc<FunctionInfo> {
        if let Some(known) = self.descriptions.get(&key) {
            return known.clone();
        }
        let info = self.script.resolution.function(key);
        let shared = |symbol| self.script.interner.shared(symbol);
        let (mut name, mut arity) = (None, 0);
        if let Some(node) = info.node {
            let own = node.name.map_or("", |name| self.text(name));
            name = match node.role {
                FunctionRole::Main => {
                    let module = self.script.resolution.modules().iter().find(|module| module.top == key);
                    Some(module.map_or_else(|| "<main>".into(), |module| shared(module.label)))
                }
                FunctionRole::Method => {
                    Some(format!("{}.{own}", info.owner.map_or("", |owner| self.text(owner))).into())
                }
                _ => node.name.map(shared),
            };
            arity = node.params.len() + usize::from(has_hidden_receiver(node));
        }
        let captures = info.captures.len() as u32;
        let description = Rc::new(FunctionInfo { id: key.0, name, arity: arity as u32, captures });
        self.descriptions.insert(key, description.clone());
        description
    }

    pub(super) fn name_of(&mut self, key: FunctionKey) -> Rc<str> {
        self.description(key).name.clone().unwrap_or_else(|| "<lambda>".into())
    }

    /// A function that is the same whenever it is mentioned.
    pub(super) fn function_value(&mut self, key: FunctionKey) -> Value {
        if let Some(known) = self.functions.get(&key) {
            return known.clone();
        }
        let value = function::new(self.description(key), std::ptr::null(), Vec::new());
        self.functions.insert(key, value.clone());
        value
    }

    /// A new closure over the cells of the running function.
    pub(super) fn closure(&mut self, node: &'a Function<'a>) -> Value {
        let key = self.frame().unit.function(node.id);
        let captures = &self.script.resolution.function(key).captures;
        let variables = &self.frame().variables;
        let cells = captures.iter().map(|id| variables.get(id).cloned().unwrap_or_else(cell::unassigned)).collect();
        function::new(self.description(key), std::ptr::null(), cells)
    }

    /// The function of the program that a value is.
    pub(super) fn key_of(function: &Value) -> Option<FunctionKey> {
        function.as_function()?.info().map(|info| FunctionKey(info.id))
    }

    /// The frame of a function at its beginning, with the variables that are there then. `args` are as many as it takes.
    pub(super) fn activation(
        &mut self,
        key: FunctionKey,
        closure: Option<&Value>,
        args: Vec<Value>,
        role: Role,
    ) -> Option<Frame<'a>> {
        let resolution = self.script.resolution;
        let info = resolution.function(key);
        let node = info.node?;
        let mut variables: FxHashMap<BindingId, Value> = FxHashMap::default();
        if let Some(function) = closure.and_then(Value::as_function) {
            for (at, &id) in info.captures.iter().enumerate() {
                variables.insert(id, function.capture(at).cloned().unwrap_or_else(cell::unassigned));
            }
        }
        let todo = vec![Todo::Statements(node.body.statements)];
        let frame = Frame {
            key,
            unit: info.unit,
            node,
            variables,
            todo,
            values: Vec::new(),
            at: node.span,
            callers: Callers::Unknown,
            role,
        };
        self.frames.push(frame);
        self.open_scope(node.body.id);
        let mut args = args.into_iter();
        if has_hidden_receiver(node) {
            let receiver = args.next().unwrap_or(Value::NULL);
            for id in resolution.method_fields(key) {
                let field = self.text(resolution.binding(id).name);
                if let Some(value) = receiver.as_struct().and_then(|object| object.get(field)) {
                    self.set(id, value.clone());
                }
            }
        }
        for (param, value) in node.params.iter().zip(args) {
            self.redeclare(param.name, value);
        }
        if node.role == FunctionRole::Main {
            for statement in node.body.statements {
                let kind = if let StmtKind::Export(inner) = statement.kind { inner.kind } else { statement.kind };
                if let StmtKind::Function { name, function } = kind {
                    let value = self.function_value(info.unit.function(function.id));
                    self.redeclare(name, value);
                }
            }
        }
        self.frames.pop()
    }

    /// How many calls are active.
    pub(super) fn depth(&self) -> i64 {
        self.below + self.frames.len() as i64
    }

    /// The error of one call too many.
    pub(super) fn too_deep(&mut self, key: FunctionKey, span: Span) -> Fault {
        let name = self.name_of(key);
        let helper = self.script.resolution.function(key).node.is_some_and(|node| self.is_hidden(node));
        let name = if helper { builtins::shown_name(&name) } else { &*name };
        let text = format!("Maximum call stack depth of {MAX_CALL_DEPTH} exceeded while calling {name}");
        Fault::message(text, span)
    }

    /// Calls any value.
    pub(super) fn call(&mut self, callee: Value, args: Vec<Value>, span: Span) -> Result<(), Fault> {
        let Some(function) = callee.as_function() else {
            let text = "Cannot call non-function; the value being called is not callable. Pass a function, closure, or imported \
                        callable value instead.";
            return Err(Fault::message(text, span));
        };
        if let Some(row) = function.builtin_row() {
            return self.call_builtin(row, args, span);
        }
        let Some(key) = Self::key_of(&callee) else { return Ok(()) };
        let description = self.description(key);
        if description.arity as usize != args.len() {
            let name = self.name_of(key);
            let text = format!("{name} expects {} arguments, got {}", description.arity, args.len());
            return Err(Fault::message(text, span));
        }
        self.enter(key, Some(&callee), args, span)
    }

    /// Calls a method with its receiver, an operator's method with its operands, or a default.
    pub(super) fn enter_method(&mut self, function: Value, args: Vec<Value>, span: Span) -> Result<(), Fault> {
        let Some(key) = Self::key_of(&function) else { return Ok(()) };
        let arity = self.description(key).arity as usize;
        if arity != args.len() {
            let name = self.name_of(key);
            let text =
                format!("{name} expects {} arguments, got {}", arity.saturating_sub(1), args.len().saturating_sub(1));
            return Err(Fault::message(text, span));
        }
        self.enter(key, Some(&function), args, span)
    }

    /// Pushes the frame of a function that takes `args`; generators only get one, for later.
    pub(super) fn enter(
        &mut self,
        key: FunctionKey,
        closure: Option<&Value>,
        args: Vec<Value>,
        span: Span,
    ) -> Result<(), Fault> {
        if self.depth() >= MAX_CALL_DEPTH as i64 {
            return Err(self.too_deep(key, span));
        }
        self.frame().at = span;
        let kind = self.script.resolution.function(key).node.map(|node| node.kind);
        let role = match kind {
            Some(FunctionKind::Async) => Role::Async { promise: promise::new(Fate::Plain), called: true },
            _ => Role::Call,
        };
        let Some(frame) = self.activation(key, closure, args, role) else { return Ok(()) };
        if kind == Some(FunctionKind::Generator) {
            let generator = self.make_generator(frame);
            self.push(generator);
        } else {
            self.frames.push(frame);
        }
        Ok(())
    }

    /// Calls a builtin, or the function of the prelude it stands for.
    pub(super) fn call_builtin(&mut self, row: u16, mut args: Vec<Value>, span: Span) -> Result<(), Fault> {
        if let Some(key) = self.forward(row, args.len()) {
            return self.enter(key, None, args, span);
        }
        // Nobody else needs the arguments; after an error they are all still there.
        match builtins::call(BuiltinId(row), &mut self.host, Args::new(&mut args, u64::MAX)) {
            Ok(value) => {
                self.push(value);
                Ok(())
            }
            Err(RuntimeError::Trap(trap)) => {
                let answer = self.trap(trap, &args);
                self.answer(answer, span)
            }
            Err(error) => Err(Self::fault(error, span)),
        }
    }

    /// The function of the prelude that a builtin stands for, if it takes so many arguments.
    pub(super) fn forward(&mut self, row: u16, count: usize) -> Option<FunctionKey> {
        let key = *self.forwards.get(&row)?;
        (self.description(key).arity as usize == count).then_some(key)
    }

    /// Does the work of a builtin that involves tasks.
    pub(super) fn trap(&mut self, trap: Trap, args: &[Value]) -> Answer {
        if trap == Trap::CancelTask {
            return match to_cancel(args) {
                Ok(promise) => Answer::Value(Value::bool(self.cancel(promise))),
                Err(error) => Answer::Error(error),
            };
        }
        let key = args.first().and_then(Self::key_of);
        let node = key.and_then(|key| self.script.resolution.function(key).node);
        let is_async = node.is_some_and(|node| node.kind == FunctionKind::Async);
        self.scheduler.trap(&mut self.host, &self.globals, is_async, trap, args)
    }
}
