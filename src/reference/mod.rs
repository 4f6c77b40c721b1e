//! Floor 8: the reference interpreter, which walks the resolved tree. It shares values, builtins and what operators mean with the
//! machine, and nothing else: no IR, no pass, no ownership, no register, no bytecode. So it is an oracle for all of these, and the
//! baseline of their speed. It is slow and obvious on purpose.
//!
//! **No native recursion.** An activation is a [`frame::Frame`]: what is still to do, innermost last, and the values computed so far.
//! [`Interpreter::run`] takes the last thing to do from the last frame and does it, until nothing is left. Expressions, blocks and calls
//! may nest as deep as they like; and a generator or a task that has to wait is just frames put aside.
//!
//! **Variables.** Each one of a function is a cell of its own, made when its scope is entered; closures capture cells. Whether a
//! binding has a value is looked up when it matters; of the resolver's answers, only which bindings an occurrence may mean, and
//! which of them can be assigned, is used.
//!
//! | file | job |
//! |---|---|
//! | `frame` | activations, what is to be done, errors on their way |
//! | `names` | variables: reading, assigning, declaring, scopes |
//! | `expr` | expressions |
//! | `literal` | strings with holes, arrays, dicts, structs, tagged values |
//! | `call` | calls, functions, operators that are methods |
//! | `method` | the method-call form |
//! | `stmt` | statements |
//! | `iterate` | loops |
//! | `update` | path assignment, and changes of a variable that must not copy it |
//! | `pattern` | `match` and destructuring |
//! | `module` | imports |
//! | `generator`, `task` | what can be suspended |
//! | `unwind` | errors |

mod call;
mod expr;
mod frame;
mod generator;
mod iterate;
mod literal;
mod method;
mod module;
mod names;
mod pattern;
mod stmt;
mod task;
mod unwind;
mod update;

use crate::base::intern::Interner;
use crate::base::source::{SourceId, SourceMap, Span};
use crate::resolve::{BindingId, FunctionKey, Resolution, ScopeKey, Storage, Unit};
use crate::runtime::builtins;
use crate::runtime::error::{Raised, RuntimeError};
use crate::runtime::function::FunctionInfo;
use crate::runtime::heap;
use crate::runtime::host::Host;
use crate::runtime::methods::StructTypes;
use crate::runtime::scheduler::Scheduler;
use crate::runtime::trace::Names;
use crate::runtime::value::Value;
use crate::syntax::ast::{Stmt, StmtKind, TestKind};
use frame::{Fault, Frame, Role, Todo};
use generator::Generator;
use names::Globals;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::rc::Rc;
use task::InTree;

pub use unwind::Ending;

/// A resolved script.
#[derive(Clone, Copy)]
pub struct Script<'s, 'a> {
    /// What its names mean.
    pub resolution: &'s Resolution<'a>,
    /// Its words.
    pub interner: &'s Interner,
    /// The sources of the prelude.
    pub hidden: &'s [SourceId],
    /// Its texts.
    pub sources: &'s SourceMap,
}

/// The interpreter of one script.
pub struct Interpreter<'s, 'a> {
    script: Script<'s, 'a>,
    host: Host,
    /// The activations of what runs now: the program, or a task. None: the scheduler has to choose.
    frames: Vec<Frame<'a>>,
    /// How deep the first of them is, less one.
    below: i64,
    /// The variables of the top levels, for what runs now.
    globals: Rc<Globals>,
    /// Those of the program itself.
    program_globals: Rc<Globals>,
    /// The bindings of each scope.
    scopes: FxHashMap<ScopeKey, Vec<BindingId>>,
    /// The scopes of the top levels, and of groups of tests.
    tops: FxHashSet<ScopeKey>,
    /// The functions of the prelude, as scripts see them.
    prelude: FxHashMap<BindingId, Value>,
    /// Which functions stand for builtins, by row.
    forwards: FxHashMap<u16, FunctionKey>,
    /// The functions of the top levels, which are the same whenever they are mentioned.
    functions: FxHashMap<FunctionKey, Value>,
    descriptions: FxHashMap<FunctionKey, Rc<FunctionInfo>>,
    types: StructTypes,
    scheduler: Scheduler<InTree<'a>>,
    generators: FxHashMap<u64, Generator<'a>>,
    last_generator: u64,
    /// Generators nobody can ask any more.
    dead: Rc<RefCell<Vec<u64>>>,
    ending: Option<Ending>,
    /// Names of functions as errors show them, once there has been an error.
    names: Option<Rc<Names>>,
}

impl<'s, 'a> Interpreter<'s, 'a> {
    /// An interpreter of `script` that owns `host`.
    pub fn new(script: Script<'s, 'a>, host: Host) -> Self {
        let resolution = script.resolution;
        let globals = Rc::new(Globals::new(resolution.binding_count(), resolution.modules().len()));
        let mut scopes: FxHashMap<ScopeKey, Vec<BindingId>> = FxHashMap::default();
        for id in (0..resolution.binding_count() as u32).map(BindingId) {
            scopes.entry(resolution.binding(id).scope).or_default().push(id);
        }
        let mut interpreter = Interpreter {
            script,
            host,
            frames: Vec::new(),
            below: -1,
            globals: globals.clone(),
            program_globals: globals,
            scopes,
            tops: FxHashSet::default(),
            prelude: FxHashMap::default(),
            forwards: FxHashMap::default(),
            functions: FxHashMap::default(),
            descriptions: FxHashMap::default(),
            types: StructTypes::default(),
            scheduler: Scheduler::new(Rc::new(script.sources.clone())),
            generators: FxHashMap::default(),
            last_generator: 0,
            dead: Rc::default(),
            ending: None,
            names: None,
        };
        let modules = resolution.modules().iter().map(|module| module.top);
        for key in modules.chain([FunctionKey(0)]) {
            let info = resolution.function(key);
            if let Some(node) = info.node {
                interpreter.tops.insert(info.unit.scope(node.body.id));
                interpreter.groups(info.unit, node.body.statements);
            }
        }
        for (name, key) in resolution.prelude() {
            if resolution.function(key).node.is_some()
                && let Some(builtin) = builtins::lookup(script.interner.name(name))
            {
                interpreter.forwards.insert(builtin.0, key);
            }
        }
        for id in (0..resolution.binding_count() as u32).map(BindingId) {
            let binding = resolution.binding(id);
            if let (Storage::Function(key), Some((prelude, builtin))) =
                (binding.storage, resolution.prelude_function(binding.name))
                && key == prelude
            {
                let value = builtin.and_then(builtins::function_value);
                let value = value.unwrap_or_else(|| interpreter.function_value(key));
                interpreter.prelude.insert(id, value);
            }
        }
        interpreter
    }

    /// What a group of tests defines is shared by the blocks in it.
    fn groups(&mut self, unit: Unit, statements: &[Stmt<'a>]) {
        for statement in statements {
            if let StmtKind::Test { kind: TestKind::Group, function, .. } = statement.kind {
                self.tops.insert(unit.scope(function.body.id));
                self.groups(unit, function.body.statements);
            }
        }
    }

    /// Runs the top level.
    pub fn run(&mut self) -> Ending {
        self.run_function(FunctionKey(0))
    }

    /// Runs a function without parameters and captures, with the globals as they are.
    pub fn run_function(&mut self, key: FunctionKey) -> Ending {
        self.below = -1;
        self.set_globals(self.program_globals.clone());
        let frame = self.activation(key, None, Vec::new(), Role::Top);
        self.frames.extend(frame);
        let ending = loop {
            if let Some(ending) = self.ending.take() {
                break ending;
            }
            let Some(frame) = self.frames.last_mut() else {
                self.run_next();
                continue;
            };
            match frame.todo.pop() {
                None => self.leave(Value::NULL),
                Some(todo) => {
                    if let Err(fault) = self.has_memory(&todo).and_then(|()| self.perform(todo)) {
                        self.raise(fault);
                    }
                }
            }
        };
        self.frames.clear();
        self.scheduler.main = None;
        self.bury();
        if !matches!(ending, Ending::Error(Raised { error: RuntimeError::Stop(_), .. })) {
            self.scheduler.report_unobserved(&mut self.host);
        }
        ending
    }

    /// Looks at the memory where the machine does: where a block starts, and where a loop goes on.
    fn has_memory(&self, todo: &Todo<'a>) -> Result<(), Fault> {
        let span = match todo {
            Todo::Statements([first, ..]) => first.span,
            Todo::Loop(statement) => statement.span,
            _ => return Ok(()),
        };
        heap::check().map_err(|error| Fault { error, span })
    }

    /// The host, to flush or read what was captured.
    pub fn host(&mut self) -> &mut Host {
        &mut self.host
    }

    /// What is to be done next.
    fn perform(&mut self, todo: Todo<'a>) -> Result<(), Fault> {
        match todo {
            Todo::Expr(expr) => self.expr(expr)?,
            Todo::Rest(expr) => self.rest(expr),
            Todo::Apply(expr) => self.apply(expr)?,
            Todo::Binary(op, span) => {
                let (right, left) = (self.pop(), self.pop());
                self.binary(op, left, right, span)?;
            }
            Todo::Truth => {
                let truth = self.pop_truth();
                self.push(Value::bool(truth));
            }
            Todo::Negate => {
                let truth = self.pop_truth();
                self.push(Value::bool(!truth));
            }
            Todo::Swap => {
                let (second, first) = (self.pop(), self.pop());
                self.push(second);
                self.push(first);
            }
            Todo::Call(count, span) => {
                let args = self.pop_many(count);
                let callee = self.pop();
                self.call(callee, args, span)?;
            }
            Todo::Method(name, count) => {
                let args = self.pop_many(count + 1);
                self.call_method(name, args)?;
            }
            Todo::Append => self.append(),
            Todo::Extend(span) => self.extend(span)?,
            Todo::Pairs(count, span) => self.pairs(count, span)?,
            Todo::Merge(span) => self.merge(span)?,
            Todo::Text(text, span) => self.append_text(text, span)?,
            Todo::AppendText(span) => {
                let value = self.pop();
                let text = crate::runtime::display::text(&value).map_err(|error| Fault { error, span })?;
                self.append_text(&text, span)?;
            }
            Todo::Fill(span) => self.fill(span)?,
            Todo::FillWith(field, span) => self.fill_with(field, span),
            Todo::Statements(statements) => {
                if let [first, rest @ ..] = statements {
                    if !rest.is_empty() {
                        self.todo(Todo::Statements(rest));
                    }
                    self.statement(first)?;
                }
            }
            Todo::Finish(statement) => self.finish(statement)?,
            Todo::Forget => drop(self.pop()),
            Todo::If(branches, otherwise) => self.branch(branches, otherwise),
            Todo::Loop(statement) => self.iteration(statement),
            Todo::Check(statement) => self.check(statement),
            Todo::OpenRange(statement, count) => self.open_range(statement, count)?,
            Todo::Open(statement) => self.open(statement)?,
            Todo::Count(statement, next, limit) => self.count(statement, next, limit),
            Todo::Over(statement, iterator) => self.over(statement, iterator),
            Todo::Demand(statement, generator) => self.demand(statement, generator)?,
            Todo::Delivery(..) | Todo::Next(_) | Todo::Handler(_) => {}
            Todo::ReadOld(statement) => self.read_old(statement)?,
            Todo::Store(statement) => self.store(statement)?,
            Todo::Update(statement) => self.update(statement)?,
            Todo::Cases(cases, default, subject) => self.cases(cases, default, subject)?,
            Todo::Matched(cases, default, subject) => self.matched(cases, default, subject),
            Todo::Guarded(cases, default, subject) => self.guarded(cases, default, subject),
            Todo::Imported(statement, number) => {
                self.pop();
                self.imported(statement, number)?;
            }
        }
        Ok(())
    }

    fn frame(&mut self) -> &mut Frame<'a> {
        self.frames.last_mut().expect("something is done in a frame")
    }

    fn todo(&mut self, todo: Todo<'a>) {
        self.frame().todo.push(todo);
    }

    fn push(&mut self, value: Value) {
        self.frame().values.push(value);
    }

    fn pop(&mut self) -> Value {
        self.frame().values.pop().expect("what is to be done finds its operands")
    }

    fn pop_truth(&mut self) -> bool {
        crate::runtime::operators::truthy(&self.pop())
    }

    fn pop_many(&mut self, count: usize) -> Vec<Value> {
        let values = &mut self.frame().values;
        values.split_off(values.len() - count)
    }

    /// What a builtin's or operator's error at `span` is.
    fn fault(error: RuntimeError, span: Span) -> Fault {
        Fault { error, span }
    }
}

impl Drop for Interpreter<'_, '_> {
    /// A generator dies with the values that hold it; its frame dies here, and may hold others. One after the other, so that no chain of
    /// them takes native stack.
    fn drop(&mut self) {
        self.frames.clear();
        drop(self.scheduler.remove_all());
        self.scheduler = Scheduler::new(Rc::default());
        let waiting: Vec<_> = self.generators.drain().collect();
        drop(waiting);
        self.bury();
    }
}
