//! Errors a script can catch, and the two ways to end that it cannot.
//!
//! Some know a [`Fact`] from which a hint is made if nobody catches the error. A [`RuntimeError`] knows no position: the machine that runs the failing instruction adds line and stack when it builds the struct the
//! script sees.

use super::capability::Denial;
use super::display;
use super::shape::Shape;
use super::structure;
use super::trace::{Trace, TraceObject};
use super::value::Value;
use std::borrow::Cow;
use std::fmt;
use std::io;
use std::rc::Rc;

/// Why an operator, a builtin or a `throw` did not return.
#[derive(Debug)]
pub enum RuntimeError {
    /// A message; nothing else is known.
    Message(Box<str>),
    /// What makes the message, and a hint.
    Fact(Box<Fact>),
    /// What a `throw` or `error` carries.
    Thrown(Box<Thrown>),
    /// `exit(code)`: not catchable.
    Exit(i32),
    /// A limit of the host: not catchable.
    Stop(Stop),
    /// No error: the machine has to do what the builtin is for, because it involves tasks.
    Trap(Trap),
}

/// The work a builtin leaves to the machine, by the name of the builtin. Arguments have been counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trap {
    /// `sleep`
    Sleep,
    /// `async_sleep`
    AsyncSleep,
    /// `async_timeout`
    AsyncTimeout,
    /// `promise_all`
    PromiseAll,
    /// `parallel_map`
    ParallelMap,
    /// `par_each`
    ParEach,
    /// `spawn_task`
    SpawnTask,
    /// `await_task`
    AwaitTask,
    /// `cancel_task`
    CancelTask,
    /// `get_task_pool_size`
    GetPoolSize,
    /// `set_task_pool_size`
    SetPoolSize,
    /// `shared_set`
    SharedSet,
    /// `shared_get`
    SharedGet,
    /// `shared_has`
    SharedHas,
    /// `shared_delete`
    SharedDelete,
    /// `shared_add_int`
    SharedAddInt,
    /// The result of the job that the builtin has handed over.
    AwaitJob,
    /// A promise of that result.
    PromiseJob,
}

impl Trap {
    /// The trap of a builtin that is a task of its own, which cannot wait: a promise stands for it.
    pub fn of_task(self) -> Trap {
        match self {
            Trap::Sleep => Trap::AsyncSleep,
            Trap::AwaitJob => Trap::PromiseJob,
            other => other,
        }
    }
}

/// What is known where an error is raised, and gone when it is reported. The message is only written when someone asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// An index beyond the elements.
    OutOfBounds {
        /// The index.
        index: i64,
        /// How many elements there are.
        length: usize,
    },
    /// A struct without the field.
    NoField {
        /// The field.
        name: Box<str>,
        /// The struct's shape.
        shape: &'static Shape,
    },
    /// A field of a value that has none.
    NoMembers {
        /// The field.
        name: Box<str>,
        /// The type of the value.
        type_name: &'static str,
    },
    /// An assertion about values with parts.
    Unmet {
        /// What it says.
        message: Box<str>,
        /// Where the values differ, or what they hold: the lines of the hint.
        help: Vec<String>,
    },
    /// What the run is not allowed.
    Denied(Denial),
    /// A method that nothing answers to.
    NoMethod {
        /// The method.
        name: Box<str>,
        /// The name of the receiver, if it is a struct.
        receiver: Option<&'static str>,
    },
}

impl fmt::Display for Fact {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fact::OutOfBounds { index, .. } => write!(out, "Index out of bounds: {index}"),
            Fact::NoField { name, .. } => write!(out, "Field not found: {name}"),
            Fact::NoMembers { name, .. } => write!(out, "Cannot access field or method '{name}' on non-struct value"),
            Fact::Unmet { message, .. } => out.write_str(message),
            Fact::Denied(denial) => denial.fmt(out),
            Fact::NoMethod { name, .. } => write!(out, "Unknown method: {name}"),
        }
    }
}

/// Message and cause of a thrown value.
#[derive(Clone, Debug)]
pub struct Thrown {
    /// The message, a string.
    pub message: Value,
    /// The `cause` field, if there is one.
    pub cause: Option<Value>,
    /// Where it was raised, if an `await` raises it again.
    pub origin: Option<Trace>,
    /// What it knew when it was raised by the engine.
    pub fact: Option<Rc<Fact>>,
}

impl Thrown {
    /// An error with this message, raised nowhere so far.
    pub fn message(text: &str) -> Thrown {
        Thrown { message: Value::string(text), cause: None, origin: None, fact: None }
    }
}

/// An error on its way to a handler.
#[derive(Debug)]
pub struct Raised {
    /// The error.
    pub error: RuntimeError,
    /// Where it was raised, and who was active.
    pub trace: Trace,
}

impl Raised {
    /// An error raised in these functions, or raised there again.
    pub fn new(error: RuntimeError, trace: Trace) -> Raised {
        let origin = match &error {
            RuntimeError::Thrown(thrown) => thrown.origin.as_ref(),
            _ => None,
        };
        let trace = origin.map(|origin| origin.awaited(&trace)).unwrap_or(trace);
        Raised { error, trace }
    }

    /// What the promise of the innermost task is rejected with; the error again if it cannot be caught.
    pub fn rejection(self) -> Result<Thrown, RuntimeError> {
        let thrown = self.error.into_thrown()?;
        Ok(Thrown { origin: Some(self.trace.of_task()), ..thrown })
    }
}

/// A limit the host set, or that one object has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Too much memory.
    Memory,
    /// Too many instructions.
    Fuel,
}

impl RuntimeError {
    /// An error with this message.
    pub fn message(text: impl Into<Box<str>>) -> RuntimeError {
        RuntimeError::Message(text.into())
    }

    /// What the run is not allowed.
    #[cold]
    pub fn denied(denial: Denial) -> RuntimeError {
        RuntimeError::fact(Fact::Denied(denial))
    }

    /// An error of the system, of which `text` makes a message, or the denial that it is.
    pub fn of_system(error: io::Error, text: impl FnOnce(&io::Error) -> String) -> RuntimeError {
        match error.downcast::<Denial>() {
            Ok(denial) => RuntimeError::denied(denial),
            Err(error) => RuntimeError::message(text(&error)),
        }
    }

    /// An error that knows a fact.
    #[cold]
    pub fn fact(fact: Fact) -> RuntimeError {
        RuntimeError::Fact(Box::new(fact))
    }

    /// The error of a method that `receiver` does not have.
    #[cold]
    pub fn no_method(receiver: &Value, name: &str) -> RuntimeError {
        let receiver = receiver.as_struct().map(|object| object.shape().name());
        RuntimeError::fact(Fact::NoMethod { name: name.into(), receiver })
    }

    /// The error of a promise that was rejected.
    pub fn rejected(rejection: Thrown) -> RuntimeError {
        RuntimeError::Thrown(Box::new(rejection))
    }

    /// The error of a value that would be too large.
    pub fn out_of_memory() -> RuntimeError {
        RuntimeError::Stop(Stop::Memory)
    }

    /// The error that `throw(value)` raises.
    pub fn thrown(value: &Value) -> RuntimeError {
        if let Some(object) = value.as_struct() {
            let message = match object.get("message") {
                Some(message) if message.as_str().is_some() => message.clone(),
                _ => Value::string(&format!("{} error", object.name())),
            };
            return RuntimeError::Thrown(Box::new(Thrown {
                message,
                cause: object.get("cause").cloned(),
                origin: None,
                fact: None,
            }));
        }
        if value.as_str().is_some() {
            let (message, cause, origin, fact) = (value.clone(), None, None, None);
            return RuntimeError::Thrown(Box::new(Thrown { message, cause, origin, fact }));
        }
        match display::text(value) {
            Ok(text) => RuntimeError::Message(text.into()),
            Err(error) => error,
        }
    }

    /// Message and cause of an error that can be caught; otherwise the error again.
    pub fn into_thrown(self) -> Result<Thrown, RuntimeError> {
        match self {
            RuntimeError::Message(text) => Ok(Thrown::message(&text)),
            RuntimeError::Fact(fact) => {
                let plain = Thrown::message(&fact.to_string());
                Ok(Thrown { fact: Some(Rc::from(fact)), ..plain })
            }
            RuntimeError::Thrown(thrown) => Ok(*thrown),
            other => Err(other),
        }
    }

    /// The message as text, for a diagnostic.
    pub fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            RuntimeError::Message(text) => text,
            RuntimeError::Fact(fact) => return Cow::Owned(fact.to_string()),
            RuntimeError::Thrown(thrown) => thrown.message.as_str().unwrap_or(""),
            RuntimeError::Exit(_) => "exit",
            RuntimeError::Trap(_) => "trap",
            RuntimeError::Stop(Stop::Memory) => "Memory limit exceeded",
            RuntimeError::Stop(Stop::Fuel) => "Fuel exhausted",
        })
    }

    /// The fact it knows.
    pub fn known(&self) -> Option<&Fact> {
        match self {
            RuntimeError::Fact(fact) => Some(fact),
            RuntimeError::Thrown(thrown) => thrown.fact.as_deref(),
            _ => None,
        }
    }

    /// The error that is raised in its place, with another message and what it knows, but without its cause.
    pub fn reworded(&self, text: &str) -> RuntimeError {
        match self.known() {
            Some(fact) => {
                let fact = Some(Rc::new(fact.clone()));
                RuntimeError::Thrown(Box::new(Thrown { fact, ..Thrown::message(text) }))
            }
            None => RuntimeError::message(text),
        }
    }
}

/// The struct a script catches: its field `stack`, the array of the names of the active functions, outermost first, is made
/// when somebody looks at it.
pub fn error_struct(message: Value, line: u32, trace: Trace, cause: Option<Value>) -> Value {
    let shapes = ERROR_SHAPES.with(|shapes| *shapes);
    let (shape, _) = shapes[usize::from(cause.is_some())];
    let stack = TraceObject::allocate(trace);
    structure::new(shape, [message, Value::int(line as i64), stack].into_iter().chain(cause))
}

/// For the shape of an error whose stack nobody has looked at: the place that holds its trace, and its shape with the stack there.
#[inline]
pub(super) fn completed(shape: &Shape) -> Option<(usize, &'static Shape)> {
    if !shape.has_unnamed() {
        return None;
    }
    let shapes = ERROR_SHAPES.with(|shapes| *shapes);
    shapes.iter().find(|(open, _)| std::ptr::eq(*open, shape)).map(|&(_, complete)| (2, complete))
}

/// The name of the place of a stack that nobody has looked at: none that a program can write.
const UNSEEN: &str = "";

thread_local! {
    /// The shapes of `Error`, without and with a cause: before somebody looks at the stack, and afterwards.
    static ERROR_SHAPES: [(&'static Shape, &'static Shape); 2] = {
        let shape = |stack, fields| Shape::of("Error", &["message", "line", stack, "cause"][..fields]);
        [3, 4].map(|fields| (shape(UNSEEN, fields), shape("stack", fields)))
    };
}
