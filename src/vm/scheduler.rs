//! What the machine's tasks are made of while they wait. This file moves no frames; `handlers/task.rs` does.

use super::Vm;
use super::handlers::task::Environment;
use crate::runtime::channel::ChannelRef;
use crate::runtime::error::Trap;
use crate::runtime::promise::Settled;
use crate::runtime::scheduler::{self, Parts};
use crate::runtime::tasks::{awaited, to_cancel};
use crate::runtime::value::Value;
use std::rc::Rc;

pub(crate) use crate::runtime::scheduler::{Answer, Wait};

/// The machine's own kind of tasks.
pub(crate) enum OnStack {}

impl Parts for OnStack {
    type Frames = Segment;
    type Main = MainFrames;
    type Environment = Option<Rc<Environment>>;
}

/// The machine's scheduler.
pub(crate) type Scheduler = scheduler::Scheduler<OnStack>;
/// A task of the machine that does not run at present.
pub(crate) type Task = scheduler::Task<OnStack>;
/// A call a task of the machine begins with.
pub(crate) type Begin = scheduler::Begin<Option<Rc<Environment>>>;

/// The frames of a waiting task.
pub(crate) struct Segment {
    /// Words of the stack, from the link slots of the outermost frame to the end of the innermost.
    pub words: Box<[u64]>,
    /// Where they stood.
    pub origin: *mut u64,
    /// From there to the innermost frame.
    pub base: usize,
    /// The instruction that waits.
    pub pc: *mut u64,
    /// How many frames there are.
    pub frames: u64,
    /// The globals it runs with.
    pub environment: Option<Rc<Environment>>,
}

/// The frames of the program itself while it waits.
pub(crate) struct MainFrames {
    /// Its number for this wait.
    pub id: u64,
    /// The instruction that waits.
    pub pc: *mut u64,
    /// The innermost frame.
    pub base: *mut u64,
    /// The end of the innermost frame.
    pub top: *mut u64,
    /// How deep that is.
    pub depth: u64,
    /// The words below `top`, if a task needs their place.
    pub away: Option<Box<[u64]>>,
}

impl Vm {
    /// The value of a promise; any other value is itself.
    pub(crate) fn await_value(&mut self, value: &Value) -> Answer {
        awaited(value)
    }

    /// Gives a promise its result.
    pub(crate) fn settle(&mut self, promise: Value, result: Settled) {
        self.scheduler.settle(&mut self.host, promise, result);
    }

    /// Sends a value.
    pub(crate) fn send(&mut self, channel: ChannelRef<'_>, value: Value) {
        self.scheduler.send(channel, value);
    }

    /// Does the work of a builtin.
    pub(crate) fn trap(&mut self, trap: Trap, args: &[Value]) -> Answer {
        if trap == Trap::CancelTask {
            return match to_cancel(args) {
                Ok(promise) => Answer::Value(Value::bool(self.cancel(promise))),
                Err(error) => Answer::Error(error),
            };
        }
        let is_async = args.first().and_then(Value::as_function).is_some_and(|function| self.is_async(function));
        self.scheduler.trap(&mut self.host, &self.environment, is_async, trap, args)
    }
}
