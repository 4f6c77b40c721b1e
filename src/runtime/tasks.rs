//! The builtins that leave their work to who runs tasks, and `await`.

use super::error::{RuntimeError, Trap};
use super::host::Host;
use super::jobs::Waiter;
use super::promise::{self, Role};
use super::scheduler::{Answer, Begin, Parts, Scheduler, Wait};
use super::value::{Value, View};
use std::time::Duration;

/// More calls at a time than anybody asks for.
const NO_LIMIT: usize = usize::MAX;

fn error(text: impl Into<Box<str>>) -> Answer {
    Answer::Error(RuntimeError::message(text))
}

/// Milliseconds as a time; nothing for what is no number, or negative.
fn duration(value: &Value) -> Option<Duration> {
    let milliseconds =
        value.as_number().filter(|milliseconds| !milliseconds.is_sign_negative() || *milliseconds == 0.0)?;
    Some(Duration::try_from_secs_f64(milliseconds / 1e3).unwrap_or(Duration::from_secs(u32::MAX as u64)))
}

/// Why there is no [`duration`].
fn no_duration(name: &str, value: &Value) -> Answer {
    let what = if value.as_number().is_some() { "non-negative milliseconds" } else { "a number argument" };
    error(format!("{name}() requires {what}"))
}

fn text_of(value: &Value) -> String {
    super::display::text(value).unwrap_or_default()
}

/// The value of a promise; any other value is itself.
pub fn awaited(value: &Value) -> Answer {
    match value.view() {
        View::Promise(promise) => match promise.settled() {
            None => Answer::Wait(Wait::Promise(value.clone())),
            Some(Ok(value)) => Answer::Value(value),
            Some(Err(rejected)) => {
                promise.observe();
                Answer::Error(RuntimeError::rejected(rejected))
            }
        },
        _ => Answer::Value(value.clone()),
    }
}

/// The promise of the task that `cancel_task` is asked to end.
pub fn to_cancel(args: &[Value]) -> Result<&Value, RuntimeError> {
    match args.first().map(Value::view) {
        Some(View::Task(task)) => Ok(task.promise()),
        _ => Err(RuntimeError::message("cancel_task() requires a task handle argument")),
    }
}

impl<P: Parts> Scheduler<P> {
    /// Does the work of a builtin for a task that runs in `environment`. `is_async`: the first argument is an
    /// async function. Cancelling is not among it: who runs tasks can end them.
    pub fn trap(
        &mut self,
        host: &mut Host,
        environment: &P::Environment,
        is_async: bool,
        trap: Trap,
        args: &[Value],
    ) -> Answer {
        let null = Value::NULL;
        let arg = |at: usize| args.get(at).unwrap_or(&null);
        match trap {
            Trap::Sleep => match duration(arg(0)) {
                Some(time) => Answer::Wait(Wait::Until(host.elapsed().saturating_add(time))),
                None => no_duration("sleep", arg(0)),
            },
            Trap::AsyncSleep => match duration(arg(0)) {
                Some(time) => {
                    let promise = promise::new(Role::Plain);
                    let moment = host.elapsed().saturating_add(time);
                    self.settle_at(moment, promise.clone(), Ok(Value::NULL));
                    Answer::Value(promise)
                }
                None => no_duration("async_sleep", arg(0)),
            },
            Trap::AsyncTimeout => match (arg(0).view(), duration(arg(1))) {
                (View::Promise(_), Some(time)) => {
                    let message = format!("Promise rejected: Timeout after {}ms", text_of(arg(1)));
                    let moment = host.elapsed().saturating_add(time);
                    Answer::Value(self.timeout(host, arg(0), moment, &message))
                }
                (View::Promise(_), None) if arg(1).as_number().is_some() => no_duration("async_timeout", arg(1)),
                (View::Promise(_), None) => error("async_timeout() requires a number of milliseconds"),
                _ => error("async_timeout() requires a promise argument"),
            },
            Trap::PromiseAll => self.promise_all(host, arg(0), args.get(1)),
            Trap::ParallelMap => self.parallel(host, environment, args, "parallel_map", false),
            Trap::ParEach => self.parallel(host, environment, args, "par_each", true),
            Trap::SpawnTask => match is_async {
                true => {
                    let promise = promise::new(Role::Plain);
                    let environment = environment.clone();
                    let begin = Begin {
                        function: arg(0).clone(),
                        arguments: Vec::new(),
                        promise: promise.clone(),
                        environment,
                    };
                    self.start(begin);
                    Answer::Value(promise::task(promise))
                }
                false => error("spawn_task() requires an async function argument"),
            },
            Trap::AwaitTask => match arg(0).view() {
                View::Task(task) => Answer::Value(task.promise().clone()),
                _ => error("await_task() requires a task handle argument"),
            },
            Trap::CancelTask => error("A builtin cannot cancel here"),
            Trap::AwaitJob | Trap::PromiseJob => match host.take_job() {
                Some(job) if trap == Trap::AwaitJob => Answer::Wait(Wait::Job(self.start_job(job, Waiter::Nobody))),
                Some(job) => {
                    let promise = promise::new(Role::Plain);
                    self.start_job(job, Waiter::Promise(promise.clone()));
                    Answer::Value(promise)
                }
                None => error("A builtin has left no job"),
            },
            Trap::GetPoolSize => Answer::Value(Value::int(self.pool_size)),
            Trap::SetPoolSize => match arg(0).as_int() {
                Some(size) if size > 0 => Answer::Value(Value::int(std::mem::replace(&mut self.pool_size, size))),
                _ => error("set_task_pool_size() requires a positive integer size"),
            },
            Trap::SharedSet | Trap::SharedGet | Trap::SharedHas | Trap::SharedDelete | Trap::SharedAddInt => {
                self.shared_store(trap, args)
            }
        }
    }

    fn promise_all(&mut self, host: &mut Host, promises: &Value, limit: Option<&Value>) -> Answer {
        let Some(elements) = promises.as_array() else {
            return error("Promise.all() requires an array of promises");
        };
        // The promises are under way already, so the limit has nothing to hold back.
        match limit.map(Value::as_int) {
            Some(Some(limit)) if limit <= 0 => {
                return error(format!("Promise.all() concurrency_limit must be > 0, got {limit}"));
            }
            Some(None) => return error("Promise.all() concurrency_limit must be an int"),
            _ => {}
        }
        match elements.iter().position(|element| !matches!(element.view(), View::Promise(_))) {
            Some(at) => error(format!("Promise.all() array element {at} is not a Promise")),
            None => self.all(host, elements).map_or_else(Answer::Error, Answer::Value),
        }
    }

    fn parallel(
        &mut self,
        host: &mut Host,
        environment: &P::Environment,
        args: &[Value],
        name: &str,
        forget: bool,
    ) -> Answer {
        let [items, function, ..] = args else { return error(format!("{name}() requires an array and a function")) };
        if items.as_array().is_none() || function.as_function().is_none() {
            return error(format!("{name}() requires an array and a function"));
        }
        let limit = match args.get(2).map(Value::as_int) {
            None => NO_LIMIT,
            Some(Some(limit)) if limit > 0 => limit as usize,
            Some(_) => return error(format!("{name}() concurrency limit must be a positive integer")),
        };
        self.map(host, items, function, limit, forget, environment).map_or_else(Answer::Error, Answer::Value)
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
        let store = &mut self.shared;
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
