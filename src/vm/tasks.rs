//! The builtins that leave their work to the machine, and what else scripts do with tasks.

use super::Vm;
use super::scheduler::{Answer, Begin, Wait};
use crate::runtime::channel::ChannelRef;
use crate::runtime::error::{RuntimeError, Trap};
use crate::runtime::promise::{self, Role, Settled};
use crate::runtime::value::{Value, View};
use std::time::Duration;

/// More calls at a time than anybody asks for.
const NO_LIMIT: usize = usize::MAX;

fn error(text: impl Into<Box<str>>) -> Answer {
    Answer::Error(RuntimeError::message(text))
}

/// Milliseconds as a time; nothing for what is no number.
fn duration(value: &Value) -> Option<Duration> {
    let milliseconds = value.as_number()?;
    let seconds = if milliseconds > 0.0 { milliseconds / 1e3 } else { 0.0 };
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(u32::MAX as u64)))
}

fn text_of(value: &Value) -> String {
    crate::runtime::display::text(value).unwrap_or_default()
}

impl Vm {
    /// The value of a promise; any other value is itself.
    pub(crate) fn await_value(&mut self, value: &Value) -> Answer {
        match value.view() {
            View::Promise(promise) => match promise.settled() {
                None => Answer::Wait(Wait::Promise(value.clone())),
                Some(Ok(value)) => Answer::Value(value),
                Some(Err(rejected)) => Answer::Error(RuntimeError::rejected(rejected)),
            },
            _ => Answer::Value(value.clone()),
        }
    }

    /// Gives a promise its result.
    pub(crate) fn settle(&mut self, promise: Value, result: Settled) {
        self.scheduler.settle(&mut self.host, promise, result);
    }

    /// Sends a value: to the task that has waited longest, or into the queue.
    pub(crate) fn send(&mut self, channel: ChannelRef<'_>, value: Value) {
        while let Some(task) = channel.waiting() {
            if self.scheduler.wake(task, Ok(value.clone())) {
                return;
            }
        }
        channel.send(value);
    }

    /// Does the work of a builtin.
    pub(crate) fn trap(&mut self, trap: Trap, args: &[Value]) -> Answer {
        let null = Value::NULL;
        let arg = |at: usize| args.get(at).unwrap_or(&null);
        match trap {
            Trap::Sleep => match duration(arg(0)) {
                Some(time) => Answer::Wait(Wait::Until(self.host.elapsed().saturating_add(time))),
                None => error("sleep() requires a number argument"),
            },
            Trap::AsyncSleep => match duration(arg(0)) {
                Some(time) => {
                    let promise = promise::new(Role::Plain);
                    let moment = self.host.elapsed().saturating_add(time);
                    self.scheduler.settle_at(moment, promise.clone(), Ok(Value::NULL));
                    Answer::Value(promise)
                }
                None => error("async_sleep() requires a number argument"),
            },
            Trap::AsyncTimeout => match (arg(0).view(), duration(arg(1))) {
                (View::Promise(_), Some(time)) => {
                    let message = format!("Promise rejected: Timeout after {}ms", text_of(arg(1)));
                    let moment = self.host.elapsed().saturating_add(time);
                    Answer::Value(self.scheduler.timeout(&mut self.host, arg(0), moment, &message))
                }
                (View::Promise(_), None) => error("async_timeout() requires a number of milliseconds"),
                _ => error("async_timeout() requires a promise argument"),
            },
            Trap::PromiseAll => self.promise_all(arg(0)),
            Trap::ParallelMap => self.parallel(args, "parallel_map", false),
            Trap::ParEach => self.parallel(args, "par_each", true),
            Trap::SpawnTask => match arg(0).as_function().filter(|function| self.is_async(*function)) {
                Some(_) => {
                    let promise = promise::new(Role::Plain);
                    let environment = self.environment.clone();
                    let begin = Begin {
                        function: arg(0).clone(),
                        arguments: Vec::new(),
                        promise: promise.clone(),
                        environment,
                    };
                    self.scheduler.start(begin);
                    Answer::Value(promise::task(promise))
                }
                None => error("spawn_task() requires an async function argument"),
            },
            Trap::AwaitTask => match arg(0).view() {
                View::Task(task) => Answer::Value(task.promise().clone()),
                _ => error("await_task() requires a task handle argument"),
            },
            Trap::CancelTask => match arg(0).view() {
                View::Task(task) => Answer::Value(Value::bool(self.cancel(task.promise()))),
                _ => error("cancel_task() requires a task handle argument"),
            },
            Trap::GetPoolSize => Answer::Value(Value::int(self.scheduler.pool_size)),
            Trap::SetPoolSize => match arg(0).as_int() {
                Some(size) if size > 0 => {
                    Answer::Value(Value::int(std::mem::replace(&mut self.scheduler.pool_size, size)))
                }
                _ => error("set_task_pool_size() requires a positive integer size"),
            },
            Trap::SharedSet | Trap::SharedGet | Trap::SharedHas | Trap::SharedDelete | Trap::SharedAddInt => {
                self.shared_store(trap, args)
            }
        }
    }

    fn promise_all(&mut self, promises: &Value) -> Answer {
        let Some(elements) = promises.as_array() else {
            return error("Promise.all() requires an array of promises");
        };
        match elements.iter().position(|element| !matches!(element.view(), View::Promise(_))) {
            Some(at) => error(format!("Promise.all() array element {at} is not a Promise")),
            None => Answer::Value(self.scheduler.all(&mut self.host, elements)),
        }
    }

    fn parallel(&mut self, args: &[Value], name: &str, forget: bool) -> Answer {
        let [items, function, ..] = args else { return error(format!("{name}() requires an array and a function")) };
        if items.as_array().is_none() || function.as_function().is_none() {
            return error(format!("{name}() requires an array and a function"));
        }
        let limit = match args.get(2).map(Value::as_int) {
            None => NO_LIMIT,
            Some(Some(limit)) if limit > 0 => limit as usize,
            Some(_) => return error(format!("{name}() concurrency limit must be a positive integer")),
        };
        Answer::Value(self.scheduler.map(&mut self.host, items, function, limit, forget, &self.environment))
    }

    fn shared_store(&mut self, trap: Trap, args: &[Value]) -> Answer {
        let name = match trap {
            Trap::SharedSet => "shared_set",
            Trap::SharedGet => "shared_get",
            Trap::SharedHas => "shared_has",
            Trap::SharedDelete => "shared_delete",
            _ => "shared_add_int",
        };
        let Some(key) = args.first().and_then(Value::as_str) else {
            return error(format!("{name} requires a string key"));
        };
        let store = &mut self.scheduler.shared;
        let missing = || error(format!("{name} key '{key}' not found"));
        match trap {
            Trap::SharedSet => {
                store.insert(key.into(), args.get(1).cloned().unwrap_or(Value::NULL));
                Answer::Value(Value::TRUE)
            }
            Trap::SharedGet => store.get(key).map_or_else(missing, |value| Answer::Value(value.clone())),
            Trap::SharedHas => Answer::Value(Value::bool(store.contains_key(key))),
            Trap::SharedDelete => Answer::Value(Value::bool(store.remove(key).is_some())),
            _ => {
                let Some(value) = store.get(key) else { return missing() };
                let (Some(old), Some(more)) = (value.as_int(), args.get(1).and_then(Value::as_int)) else {
                    return error(format!("{name} requires int values"));
                };
                let Some(sum) = old.checked_add(more) else {
                    return error(format!("Integer overflow: {old} + {more}"));
                };
                store.insert(key.into(), Value::int(sum));
                Answer::Value(Value::int(sum))
            }
        }
    }
}
