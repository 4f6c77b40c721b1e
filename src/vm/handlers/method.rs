//! Methods of arrays, generators, iterators and channels. Those that make or drain an iterator are functions of the prelude.

use super::call::{LINK, enter};
use super::generator::{complete, fail, resume};
use super::task::answer;
use crate::base::builtin::{RECEIVE, SEND};
use crate::runtime::builtins;
use crate::runtime::error::RuntimeError;
use crate::runtime::value::{Value, View};
use crate::runtime::word::Word;
use crate::vm::Vm;
use crate::vm::scheduler::{Answer, Wait};

/// Calls method `name` of the receiver of the `call_method` at `pc`, if it is one of these.
pub(crate) unsafe fn of_handle(
    vm: &mut Vm,
    pc: *mut u64,
    base: *mut u64,
    name: &str,
    window: usize,
    count: usize,
) -> Option<*mut u64> {
    // SAFETY: as a helper: the window holds the receiver and the arguments, which the call owns.
    unsafe {
        let receiver = Value::from_borrowed(Word(*base.add(window + LINK)));
        let lazy = match (receiver.view(), name) {
            (View::Channel(channel), SEND) => {
                if let Some(error) = arity("Channel.send", 1, count) {
                    return Some(fail(vm, pc, base, error));
                }
                let value = Value::from_borrowed(Word(*base.add(window + LINK + 1)));
                vm.send(channel, value);
                return Some(complete(vm, pc, base, Value::TRUE));
            }
            (View::Channel(channel), RECEIVE) => {
                if let Some(error) = arity("Channel.receive", 0, count) {
                    return Some(fail(vm, pc, base, error));
                }
                let found = match channel.receive() {
                    Some(value) => Answer::Value(value),
                    None => Answer::Wait(Wait::Channel(receiver.clone())),
                };
                return Some(answer(vm, pc, base, found));
            }
            (View::Channel(_), _) => return None,
            (View::Generator(_), "next") => {
                if let Some(error) = arity("next", 0, count) {
                    return Some(fail(vm, pc, base, error));
                }
                return Some(resume(vm, pc, base, receiver.word()));
            }
            (View::Array(_), "collect") => {
                if let Some(error) = arity("collect", 0, count) {
                    return Some(fail(vm, pc, base, error));
                }
                return Some(complete(vm, pc, base, receiver));
            }
            (view, _) => {
                builtins::lazy_method(name).filter(|lazy| lazy.of_arrays || matches!(view, View::Generator(_)))?
            }
        };
        drop(receiver);
        if let Some(error) = arity(name, lazy.takes, count) {
            return Some(fail(vm, pc, base, error));
        }
        let function = builtins::lookup(lazy.function).and_then(|row| vm.forward(row.0))?;
        Some(enter(vm, pc, base, window, LINK, count, 5, function))
    }
}

/// The error of a method that takes other than the `count` arguments it got, receiver included.
fn arity(name: &str, takes: usize, count: usize) -> Option<RuntimeError> {
    let got = count - 1;
    (got != takes).then(|| RuntimeError::message(format!("{name} expects {takes} arguments, got {got}")))
}
