//! Tasks and async functions. An async function runs on top of its caller's frames until it has to wait; then its frames, and those of
//! the calls it has made, are put aside, and the caller gets the promise. When nothing is left to run, the scheduler chooses.

use super::Interpreter;
use super::frame::{Callers, Fault, Frame, Role};
use super::generator::Generator;
use super::names::Globals;
use crate::base::limits::MAX_CALL_DEPTH;
use crate::base::source::Span;
use crate::runtime::builtins::{self, Args, BuiltinId};
use crate::runtime::cell;
use crate::runtime::error::{RuntimeError, Thrown};
use crate::runtime::function;
use crate::runtime::heap::Kind;
use crate::runtime::promise::{self, Role as Fate, Settled, State};
use crate::runtime::scheduler::{Answer, Begin, Parts, Task, Wait};
use crate::runtime::value::{Value, View};
use crate::syntax::ast::FunctionKind;
use std::marker::PhantomData;
use std::rc::Rc;

/// The interpreter's own kind of tasks.
pub(super) struct InTree<'a>(PhantomData<&'a ()>);

impl<'a> Parts for InTree<'a> {
    type Frames = Strand<'a>;
    type Main = MainFrames<'a>;
    type Environment = Rc<Globals>;
}

/// The frames of a waiting task, and the variables it runs with.
pub(super) struct Strand<'a> {
    frames: Vec<Frame<'a>>,
    globals: Rc<Globals>,
}

/// The frames of the program itself while it waits.
pub(super) struct MainFrames<'a> {
    /// Its number for this wait.
    id: u64,
    frames: Vec<Frame<'a>>,
    /// Whether tasks count their calls from zero, since they did not fit above those of the program.
    away: bool,
}

impl<'a> Interpreter<'_, 'a> {
    /// Gives a promise its result.
    pub(super) fn settle(&mut self, promise: Value, result: Settled) {
        self.scheduler.settle(&mut self.host, promise, result);
    }

    /// What came of an operation at `span` that involves tasks.
    pub(super) fn answer(&mut self, answer: Answer, span: Span) -> Result<(), Fault> {
        match answer {
            Answer::Value(value) => self.push(value),
            Answer::Error(error) => return Err(Self::fault(error, span)),
            Answer::Wait(wait) => {
                self.frame().at = span;
                self.suspend(wait);
            }
        }
        Ok(())
    }

    /// What runs now has to wait.
    fn suspend(&mut self, wait: Wait) {
        let outermost = self.frames.iter().rposition(|frame| matches!(frame.role, Role::Async { .. }));
        let Some(at) = outermost else {
            let id = self.scheduler.new_id();
            let frames = std::mem::take(&mut self.frames);
            self.scheduler.main = Some(MainFrames { id, frames, away: false });
            self.scheduler.park(id, Task::Main(None));
            return self.scheduler.enlist(id, wait);
        };
        let mut frames = self.frames.split_off(at);
        for frame in &mut frames {
            frame.callers = Callers::Unknown;
        }
        let Role::Async { promise, called } = &mut frames[0].role else { return };
        let (promise, called) = (promise.clone(), std::mem::replace(called, false));
        let View::Promise(view) = promise.view() else { return };
        if view.task() == 0 {
            view.set_task(self.scheduler.new_id());
        }
        let id = view.task();
        let globals = self.globals.clone();
        self.scheduler.park(id, Task::Away(Strand { frames, globals }, None));
        self.scheduler.enlist(id, wait);
        if called {
            self.push(promise);
        }
    }

    /// Goes on with the task that has been ready longest, waiting for a timer if none is.
    pub(super) fn run_next(&mut self) {
        if let Err(error) = self.scheduler.fire(&mut self.host) {
            return self.stop_program(error);
        }
        match self.scheduler.next_ready() {
            Some(Task::Main(outcome)) => {
                self.back_to_program();
                self.finish_wait(outcome);
            }
            Some(Task::Away(strand, outcome)) => {
                self.below = self.depth_below(strand.frames.len());
                self.frames = strand.frames;
                self.set_globals(strand.globals);
                self.finish_wait(outcome);
            }
            Some(Task::New(begin)) => self.begin_task(begin),
            None => {
                if let Some(error) = self.scheduler.idle(&mut self.host) {
                    self.stop_program(error);
                }
            }
        }
    }

    /// The program, which waits, gets an error.
    fn stop_program(&mut self, error: RuntimeError) {
        let id = self.scheduler.main.as_ref().map_or(0, |main| main.id);
        self.scheduler.remove(id);
        self.back_to_program();
        self.fail_wait(error);
    }

    /// What waited has its answer.
    fn finish_wait(&mut self, outcome: Option<Settled>) {
        match outcome {
            Some(Ok(value)) => self.push(value),
            Some(Err(rejected)) => self.fail_wait(RuntimeError::rejected(rejected)),
            None => self.push(Value::NULL),
        }
    }

    fn fail_wait(&mut self, error: RuntimeError) {
        let span = self.frame().at;
        self.raise(Fault { error, span });
    }

    /// The frames of the program are the ones to go on with.
    pub(super) fn back_to_program(&mut self) {
        let main = self.scheduler.main.take().expect("tasks run only while the program waits");
        self.below = -1;
        self.frames = main.frames;
        self.set_globals(self.program_globals.clone());
    }

    /// How deep below a task with so many frames it is: above the program's calls, if it fits.
    fn depth_below(&mut self, frames: usize) -> i64 {
        let Some(main) = &mut self.scheduler.main else { return 0 };
        main.away |= main.frames.len() - 1 + frames > MAX_CALL_DEPTH;
        if main.away { 0 } else { main.frames.len() as i64 - 1 }
    }

    fn begin_task(&mut self, begin: Begin<Rc<Globals>>) {
        let Begin { function, arguments, promise, environment } = begin;
        let Some(callee) = function.as_function() else { return };
        let row = callee.builtin_row();
        let key = match row {
            Some(row) => self.forwards.get(&row).copied(),
            None => Self::key_of(&function),
        };
        let Some(key) = key else {
            return match self.builtin_task(row.unwrap_or(0), arguments, &environment) {
                Err(error @ (RuntimeError::Stop(_) | RuntimeError::Exit(_))) => self.stop_program(error),
                Err(error) => {
                    let thrown = error.into_thrown();
                    let thrown = thrown.unwrap_or_else(|error| Thrown::message(&error.text()));
                    self.settle(promise, Err(thrown));
                }
                Ok(value) => self.settle(promise, Ok(value)),
            };
        };
        let description = self.description(key);
        if description.arity as usize != arguments.len() {
            let name = description.name.as_deref().unwrap_or("<lambda>");
            let text = format!("{name} expects {} arguments, got {}", description.arity, arguments.len());
            return self.settle(promise, Err(Thrown::message(&text)));
        }
        self.below = self.depth_below(1);
        self.set_globals(environment);
        let role = Role::Async { promise: promise.clone(), called: false };
        let Some(frame) = self.activation(key, Some(&function), arguments, role) else { return };
        if frame.node.kind == FunctionKind::Generator {
            let generator = self.make_generator(frame);
            return self.settle(promise, Ok(generator));
        }
        self.frames.push(frame);
    }

    /// A task that consists of a builtin.
    fn builtin_task(
        &mut self,
        row: u16,
        mut arguments: Vec<Value>,
        environment: &Rc<Globals>,
    ) -> Result<Value, RuntimeError> {
        let kept = arguments.clone();
        match builtins::call(BuiltinId(row), &mut self.host, Args::new(&mut arguments, u64::MAX)) {
            Err(RuntimeError::Trap(trap)) => {
                self.set_globals(environment.clone());
                match self.trap(trap.of_task(), &kept) {
                    Answer::Value(value) => Ok(value),
                    Answer::Error(error) => Err(error),
                    Answer::Wait(_) => Err(RuntimeError::message("A builtin cannot wait here")),
                }
            }
            result => result,
        }
    }

    /// Starts a task over a closure: with copies of the cells it captures, and of the globals.
    pub(super) fn spawn(&mut self, closure: &Value) {
        let Some(function) = closure.as_function() else { return };
        let Some(key) = Self::key_of(closure) else { return };
        let description = self.description(key);
        let captures = (0..description.captures as usize).map_while(|at| function.capture(at));
        let own = |value: &Value| match value.kind() {
            Some(Kind::Cell) => cell::get(value).map_or_else(cell::unassigned, cell::new),
            _ => value.clone(),
        };
        let captures = captures.map(own).collect();
        let function = function::new(description, std::ptr::null(), captures);
        let environment = Rc::new(self.globals.copy());
        let promise = promise::new(Fate::Spawned);
        self.scheduler.start(Begin { function, arguments: Vec::new(), promise, environment });
    }

    /// Ends the task that was to fulfil `promise`, unless it has; whether there was one.
    pub(super) fn cancel(&mut self, promise: &Value) -> bool {
        let View::Promise(view) = promise.view() else { return false };
        if view.state() != State::Pending {
            return false;
        }
        let Some(task) = self.scheduler.remove(view.task()) else { return false };
        if let Task::Away(strand, _) = &task {
            for frame in &strand.frames {
                if let Role::Generator(number) = frame.role {
                    self.generators.insert(number, Generator::Finished);
                }
            }
        }
        drop(task);
        self.settle(promise.clone(), Err(Thrown::message("Task was cancelled")));
        view.observe();
        true
    }
}
