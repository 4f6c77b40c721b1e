//! Generators. A suspended one is its frame, kept here under the number in the generator's ticket. Running it means putting the frame on
//! top of the frame that demands a value.
//!
//! A generator that is dropped reports its number, and its frame is dropped when the next one is made. One whose own frame keeps it
//! alive is not found before the end of the run.

use super::Interpreter;
use super::frame::{Callers, Fault, Frame, Role, Todo};
use crate::base::limits::MAX_CALL_DEPTH;
use crate::base::source::Span;
use crate::runtime::generator::{self, FLAG_ITERATOR, Ticket};
use crate::runtime::tagged::{self, Variant};
use crate::runtime::value::{Value, View};

/// What a generator does.
pub(super) enum Generator<'a> {
    /// It waits for a demand.
    Suspended(Box<Frame<'a>>),
    /// Its frame is among those that run.
    Running,
    /// It has ended.
    Finished,
}

impl<'a> Interpreter<'_, 'a> {
    /// A generator whose body is at its beginning.
    pub(super) fn make_generator(&mut self, frame: Frame<'a>) -> Value {
        self.bury();
        self.last_generator += 1;
        let number = self.last_generator;
        let flags = if self.is_hidden(frame.node) { FLAG_ITERATOR } else { 0 };
        self.generators.insert(number, Generator::Suspended(Box::new(frame)));
        generator::with_ticket(Ticket { number, dead: self.dead.clone() }, flags)
    }

    /// Drops the frames of generators nobody can ask any more; which may be the end of others.
    pub(super) fn bury(&mut self) {
        loop {
            let Some(number) = self.dead.borrow_mut().pop() else { return };
            drop(self.generators.remove(&number));
        }
    }

    /// Demands the next value of a generator. What the frame on top does with it is the next thing it has to do.
    pub(super) fn resume(&mut self, generator: &Value, span: Span) -> Result<(), Fault> {
        let View::Generator(handle) = generator.view() else { return Ok(()) };
        let Some(number) = handle.ticket() else { return Ok(()) };
        let Some(entry) = self.generators.get_mut(&number) else { return Ok(()) };
        match std::mem::replace(entry, Generator::Running) {
            Generator::Suspended(mut frame) => {
                if self.depth() >= MAX_CALL_DEPTH as i64 {
                    let key = frame.key;
                    self.generators.insert(number, Generator::Suspended(frame));
                    return Err(self.too_deep(key, span));
                }
                self.frame().at = span;
                frame.role = Role::Generator(number);
                frame.callers = Callers::Unknown;
                self.frames.push(*frame);
            }
            Generator::Running => return Err(Fault::message("Generator is already running", span)),
            Generator::Finished => {
                self.finish_generator(number);
                self.deliver(None);
            }
        }
        Ok(())
    }

    /// `yield`: the frame on top goes away, and the one below gets the value. The value of the `yield` itself is null.
    pub(super) fn yield_value(&mut self, value: Value) {
        self.push(Value::NULL);
        let Some(frame) = self.frames.pop() else { return };
        if let Role::Generator(number) = frame.role {
            self.generators.insert(number, Generator::Suspended(Box::new(frame)));
        }
        self.deliver(Some(value));
    }

    pub(super) fn finish_generator(&mut self, number: u64) {
        self.generators.insert(number, Generator::Finished);
    }

    /// The frame on top has demanded a value.
    pub(super) fn deliver(&mut self, value: Option<Value>) {
        match self.frame().todo.pop() {
            Some(Todo::Delivery(statement, generator)) => {
                if let Some(value) = value {
                    self.todo(Todo::Demand(statement, generator));
                    self.loop_body(statement, value);
                }
            }
            Some(Todo::Next(_)) => {
                let variant = if value.is_some() { Variant::Some } else { Variant::None };
                self.push(tagged::outcome(variant, value.unwrap_or(Value::NULL)));
            }
            _ => {}
        }
    }
}
