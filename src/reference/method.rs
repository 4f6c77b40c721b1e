//! The method-call form: methods of structs, callable entries, methods of handles, builtins.

use super::Interpreter;
use super::frame::{Fault, Todo};
use crate::base::source::Span;
use crate::runtime::builtins;
use crate::runtime::dict::Key;
use crate::runtime::scheduler::{Answer, Wait};
use crate::runtime::value::{Value, View};
use crate::syntax::ast::Ident;

impl Interpreter<'_, '_> {
    /// `args[0].name(args[1], ...)`
    pub(super) fn call_method(&mut self, name: Ident, mut args: Vec<Value>) -> Result<(), Fault> {
        let (span, name) = (name.span, self.text(name.symbol));
        let receiver = args[0].clone();
        if let Some(object) = receiver.as_struct()
            && let Some(method) = self.types.method(object.shape(), name)
        {
            let function = method.function.clone();
            return self.enter_method(function, args, span);
        }
        if self.method_of_handle(&receiver, name, &args, span)? {
            return Ok(());
        }
        let entry = match receiver.view() {
            View::Dict(dict) => dict.get(&Key::text(name)).cloned(),
            View::Struct(object) => object.get(name).cloned(),
            _ => None,
        };
        if let Some(callee) = entry.filter(|entry| entry.as_function().is_some()) {
            args.remove(0);
            drop(receiver);
            return self.call(callee, args, span);
        }
        match builtins::method(&receiver, name) {
            Ok(row) => {
                drop(receiver);
                self.call_builtin(row.0, args, span)
            }
            Err(error) => Err(Fault { error, span }),
        }
    }

    /// Calls a method of an array, generator or channel; whether there is such a method.
    fn method_of_handle(&mut self, receiver: &Value, name: &str, args: &[Value], span: Span) -> Result<bool, Fault> {
        let arity = |name: &str, takes: usize| match args.len() - 1 {
            got if got == takes => Ok(()),
            got => Err(Fault::message(format!("{name} expects {takes} arguments, got {got}"), span)),
        };
        let lazy = match (receiver.view(), name) {
            (View::Channel(channel), "send") => {
                arity("Channel.send", 1)?;
                self.scheduler.send(channel, args[1].clone());
                self.push(Value::TRUE);
                return Ok(true);
            }
            (View::Channel(channel), "receive") => {
                arity("Channel.receive", 0)?;
                let found = match channel.receive() {
                    Some(value) => Answer::Value(value),
                    None => Answer::Wait(Wait::Channel(receiver.clone())),
                };
                self.answer(found, span)?;
                return Ok(true);
            }
            (View::Generator(_), "next") => {
                arity("next", 0)?;
                self.todo(Todo::Next(receiver.clone()));
                self.resume(receiver, span)?;
                return Ok(true);
            }
            (View::Array(_), "collect") => {
                arity("collect", 0)?;
                self.push(receiver.clone());
                return Ok(true);
            }
            (view @ (View::Generator(_) | View::Array(_)), _) => match builtins::lazy_method(name) {
                Some(lazy) if lazy.of_arrays || matches!(view, View::Generator(_)) => lazy,
                _ => return Ok(false),
            },
            _ => return Ok(false),
        };
        arity(name, lazy.takes)?;
        let Some(key) = builtins::lookup(lazy.function).and_then(|row| self.forward(row.0, args.len())) else {
            return Ok(false);
        };
        self.enter(key, None, args.to_vec(), span)?;
        Ok(true)
    }
}
