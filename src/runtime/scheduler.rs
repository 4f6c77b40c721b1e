//! What an engine knows of tasks: who is ready, who waits, timers, groups of promises, and the store tasks share.
//!
//! One thread, one order: tasks run in the order they became ready, timers by their time, then by their age. A task waits for
//! one thing at a time and is woken once. Numbers are never used twice, so waking somebody who is gone does nothing. What other
//! threads do for a task ([`super::jobs`]) reaches it here, when the next task is chosen.
//!
//! What a task is made of while it waits is the engine's own affair: the [`Parts`].

use super::budget;
use super::channel::ChannelRef;
use super::error::{RuntimeError, Thrown};
use super::heap;
use super::host::Host;
use super::jobs::{self, Jobs};
use super::pool::Job;
use super::promise::{self, Rejection, Role, Settled, State, Waiter};
use super::trace::Trace;
use super::value::{Value, View};
use crate::base::render::{self, Colour};
use crate::base::source::SourceMap;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

/// What the tasks of an engine are made of.
pub trait Parts {
    /// The frames of a waiting task.
    type Frames;
    /// The frames of the program itself while it waits.
    type Main;
    /// The variables a task runs with.
    type Environment: Clone;
}

/// A call a task begins with.
pub struct Begin<E> {
    /// What is called.
    pub function: Value,
    /// With what.
    pub arguments: Vec<Value>,
    /// What becomes of the result.
    pub promise: Value,
    /// The variables it runs with.
    pub environment: E,
}

/// A task that does not run at present.
pub enum Task<P: Parts> {
    /// It has not begun.
    New(Begin<P::Environment>),
    /// Its frames have been moved away.
    Away(P::Frames, Option<Settled>),
    /// The program itself.
    Main(Option<Settled>),
}

/// Promises one other promise stands for.
enum Group<E> {
    /// All results, in order.
    All { promise: Value, results: Vec<Value>, missing: usize, each: Option<Each<E>> },
    /// The result of one.
    Same { promise: Value },
}

/// What `parallel_map` has still to start.
struct Each<E> {
    function: Value,
    items: Value,
    next: usize,
    /// Whether nobody wants the results.
    forget: bool,
    environment: E,
}

/// What a timer does.
enum Alarm {
    Wake(u64),
    Settle(Value, Settled),
}

/// What to wait for.
pub enum Wait {
    /// A promise.
    Promise(Value),
    /// A value on a channel.
    Channel(Value),
    /// A moment, as time since the start.
    Until(Duration),
    /// A job of another thread, by its number.
    Job(u64),
}

/// What comes of an operation that involves tasks.
pub enum Answer {
    /// Its result.
    Value(Value),
    /// An error.
    Error(RuntimeError),
    /// It has to wait.
    Wait(Wait),
}

/// Errors kept before the first look at which of them have been observed.
const FIRST_ROOM: usize = 64;
/// Errors reported at the end; the others are counted.
const MOST_REPORTED: usize = 20;

/// All of it.
pub struct Scheduler<P: Parts> {
    last_id: u64,
    ready: VecDeque<u64>,
    tasks: FxHashMap<u64, Task<P>>,
    groups: FxHashMap<u64, Group<P::Environment>>,
    timers: BinaryHeap<Reverse<(Duration, u64)>>,
    alarms: FxHashMap<u64, Alarm>,
    /// What other threads do for tasks.
    jobs: Jobs,
    /// The task that runs, which is asked for jobs: 0 for the program itself.
    running: u64,
    /// The program itself, if it waits.
    pub main: Option<P::Main>,
    /// Errors that nobody has waited for so far, oldest first, among others.
    unobserved: Vec<Rc<Rejection>>,
    /// How long that list may get before it is looked through.
    unobserved_room: usize,
    /// For reports of errors that end only a task.
    sources: Rc<SourceMap>,
    /// The number `set_task_pool_size` sets, which means nothing here.
    pub pool_size: i64,
    /// The store tasks share.
    pub shared: FxHashMap<Box<str>, Value>,
}

impl<P: Parts> Scheduler<P> {
    /// Without tasks; `sources` are the texts of the program.
    pub fn new(sources: Rc<SourceMap>) -> Self {
        Scheduler {
            last_id: 0,
            ready: VecDeque::new(),
            tasks: FxHashMap::default(),
            groups: FxHashMap::default(),
            timers: BinaryHeap::new(),
            alarms: FxHashMap::default(),
            jobs: Jobs::default(),
            running: 0,
            main: None,
            unobserved: Vec::new(),
            unobserved_room: FIRST_ROOM,
            sources,
            pool_size: 256,
            shared: FxHashMap::default(),
        }
    }

    /// A number nobody has had.
    pub fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Parks a task until it is woken.
    pub fn park(&mut self, id: u64, task: Task<P>) {
        self.tasks.insert(id, task);
    }

    /// Adds a task that is ready to begin.
    pub fn start(&mut self, begin: Begin<P::Environment>) {
        let id = self.new_id();
        if let View::Promise(promise) = begin.promise.view() {
            promise.set_task(id);
        }
        self.tasks.insert(id, Task::New(begin));
        self.ready.push_back(id);
    }

    /// Takes a task away, whatever it waits for.
    pub fn remove(&mut self, id: u64) -> Option<Task<P>> {
        self.jobs.abandon(id);
        self.tasks.remove(&id)
    }

    /// Takes every task away.
    pub fn remove_all(&mut self) -> Vec<Task<P>> {
        self.ready.clear();
        self.tasks.drain().map(|(_, task)| task).collect()
    }

    /// The next task to run.
    pub fn next_ready(&mut self) -> Option<Task<P>> {
        while let Some(id) = self.ready.pop_front() {
            if let Some(task) = self.tasks.remove(&id) {
                self.running = if matches!(task, Task::Main(_)) { 0 } else { id };
                return Some(task);
            }
        }
        None
    }

    /// Sees to it that a parked task is woken.
    pub fn enlist(&mut self, id: u64, wait: Wait) {
        match wait {
            Wait::Until(moment) => self.wake_at(moment, id),
            Wait::Job(number) => {
                let owner = if matches!(self.tasks.get(&id), Some(Task::Main(_))) { 0 } else { id };
                self.jobs.wait(number, id, owner);
            }
            Wait::Promise(promise) => {
                if let View::Promise(promise) = promise.view() {
                    promise.wait(Waiter::Task(id));
                }
            }
            Wait::Channel(channel) => {
                if let View::Channel(channel) = channel.view() {
                    channel.wait(id);
                }
            }
        }
    }

    /// Sends a value: to the task that has waited longest, or into the queue.
    pub fn send(&mut self, channel: ChannelRef<'_>, value: Value) {
        while let Some(task) = channel.waiting() {
            if self.wake(task, Ok(value.clone())) {
                return;
            }
        }
        channel.send(value);
    }

    /// Starts a job for the task that runs; its number.
    pub fn start_job(&mut self, job: Job, waiter: jobs::Waiter) -> u64 {
        let number = self.new_id();
        self.jobs.start(number, self.running, job, waiter);
        number
    }

    /// Gives the results of jobs to those who wait for them.
    fn deliver(&mut self, host: &mut Host) -> Result<(), RuntimeError> {
        while let Some((waiter, finish)) = self.jobs.next_due() {
            if matches!(waiter, jobs::Waiter::Nobody) {
                continue;
            }
            // It is no instruction that could be done again, so what it costs is charged afterwards.
            let left = budget::fuel();
            budget::set_fuel(u64::MAX);
            let result = finish();
            budget::set_fuel(left.saturating_sub(u64::MAX - budget::fuel()));
            let result = match result {
                Ok(value) => Ok(value),
                Err(error) => Err(error.into_thrown()?),
            };
            match waiter {
                jobs::Waiter::Nobody => {}
                jobs::Waiter::Task(id) => {
                    self.wake(id, result);
                }
                jobs::Waiter::Promise(promise) => self.settle(host, promise, result),
            }
        }
        Ok(())
    }

    /// Nobody is ready: sleeps until the next timer or the end of a job, or says why nothing will ever happen.
    pub fn idle(&mut self, host: &mut Host) -> Option<RuntimeError> {
        let next = self.next_timer();
        if next.is_none() && self.jobs.is_empty() {
            return Some(RuntimeError::message("Deadlock: every task waits, and nothing can wake one"));
        }
        if let Err(error) = host.flush() {
            return Some(error);
        }
        let left = next.map(|moment| moment.saturating_sub(host.elapsed()));
        match left {
            Some(left) if left.is_zero() => {}
            Some(left) if self.jobs.is_empty() => std::thread::sleep(left),
            left => self.jobs.sleep(left),
        }
        None
    }

    /// Gives a waiting task what it waits for; whether there is such a task.
    pub fn wake(&mut self, id: u64, result: Settled) -> bool {
        match self.tasks.get_mut(&id) {
            Some(Task::Away(_, outcome) | Task::Main(outcome)) => *outcome = Some(result),
            _ => return false,
        }
        self.ready.push_back(id);
        true
    }

    /// Wakes a task at a moment.
    pub fn wake_at(&mut self, moment: Duration, id: u64) {
        self.alarm(moment, Alarm::Wake(id));
    }

    /// Settles a promise at a moment, unless that has happened.
    pub fn settle_at(&mut self, moment: Duration, promise: Value, result: Settled) {
        self.alarm(moment, Alarm::Settle(promise, result));
    }

    fn alarm(&mut self, moment: Duration, alarm: Alarm) {
        let id = self.new_id();
        self.timers.push(Reverse((moment, id)));
        self.alarms.insert(id, alarm);
    }

    /// The moment of the next timer.
    pub fn next_timer(&self) -> Option<Duration> {
        self.timers.peek().map(|timer| timer.0.0)
    }

    /// Does what is due.
    ///
    /// # Errors
    /// A limit that ends the program: the result of a job does not fit the memory.
    pub fn fire(&mut self, host: &mut Host) -> Result<(), RuntimeError> {
        if !self.jobs.is_empty() {
            self.deliver(host)?;
        }
        if self.timers.is_empty() {
            return Ok(());
        }
        let now = host.elapsed();
        while let Some(&Reverse((moment, id))) = self.timers.peek()
            && moment <= now
        {
            self.timers.pop();
            match self.alarms.remove(&id) {
                Some(Alarm::Wake(task)) => {
                    self.wake(task, Ok(Value::NULL));
                }
                Some(Alarm::Settle(promise, result)) => self.settle(host, promise, result),
                None => {}
            }
        }
        Ok(())
    }

    /// Gives a promise its result, and everybody who waits for it. Chains of promises take no native stack.
    pub fn settle(&mut self, host: &mut Host, promise: Value, result: Settled) {
        let mut work = vec![(promise, result)];
        while let Some((promise, result)) = work.pop() {
            let View::Promise(view) = promise.view() else { continue };
            if view.state() != State::Pending {
                continue;
            }
            if let (Role::Adopting, Ok(inner)) = (view.role(), &result)
                && let View::Promise(inner) = inner.view()
            {
                inner.observe();
                match inner.settled() {
                    Some(result) => work.push((promise.clone(), result)),
                    None => {
                        let group = self.new_id();
                        inner.wait(Waiter::Group { group, at: 0 });
                        self.groups.insert(group, Group::Same { promise: promise.clone() });
                    }
                }
                // A promise of itself stays pending; one that stands for another is not asked again.
                continue;
            }
            let waiters = view.settle(result.clone());
            if let Some(rejection) = view.rejection() {
                match view.role() {
                    Role::Spawned => self.complain(host, "Error in spawned task", &rejection),
                    _ if waiters.is_empty() => self.keep(rejection),
                    _ => rejection.observed.set(true),
                }
            }
            for waiter in waiters {
                match waiter {
                    Waiter::Task(id) => {
                        self.wake(id, result.clone());
                    }
                    Waiter::Group { group, at } => work.extend(self.arrive(group, at, result.clone())),
                }
            }
        }
    }

    fn complain(&self, host: &mut Host, heading: &str, rejection: &Rejection) {
        let heading = format!("{heading}: {}", rejection.message);
        let origin = rejection.origin.as_ref();
        let frames: Vec<_> = origin.iter().flat_map(|origin| origin.frames()).collect();
        let span = origin.map(Trace::origin);
        let text = render::task_error(&self.sources, &heading, span, &frames, Colour::Never);
        let _ = host.print_error(&text);
    }

    /// Keeps an error that nobody waits for, to be reported at the end.
    fn keep(&mut self, rejection: Rc<Rejection>) {
        if self.unobserved.len() >= self.unobserved_room {
            self.unobserved.retain(|kept| !kept.observed.get());
            self.unobserved_room = (2 * self.unobserved.len()).max(FIRST_ROOM);
        }
        self.unobserved.push(rejection);
    }

    /// Reports the errors of promises that nobody has waited for: the program ends.
    pub fn report_unobserved(&mut self, host: &mut Host) {
        let mut left = std::mem::take(&mut self.unobserved);
        left.retain(|kept| !kept.observed.get());
        for rejection in left.iter().take(MOST_REPORTED) {
            self.complain(host, "Error in a promise that nobody awaits", rejection);
        }
        if left.len() > MOST_REPORTED {
            let more = left.len() - MOST_REPORTED;
            let _ = host.print_error(&format!("... and {more} more errors in promises that nobody awaits\n"));
        }
    }

    /// Place `at` of a group has its result; the promise that is settled by that.
    fn arrive(&mut self, id: u64, at: usize, result: Settled) -> Option<(Value, Settled)> {
        let group = self.groups.get_mut(&id)?;
        let (value, launch) = match (group, result) {
            (Group::All { results, missing, each, .. }, Ok(value)) => {
                *missing -= 1;
                let forget = each.as_ref().is_some_and(|each| each.forget);
                if !forget && let Some(place) = results.get_mut(at) {
                    *place = value;
                }
                if *missing > 0 {
                    let more = each.as_mut().and_then(Each::next);
                    (None, more)
                } else {
                    let all = if forget { Value::NULL } else { Value::array(std::mem::take(results)) };
                    (Some(Ok(all)), None)
                }
            }
            (_, result) => (Some(result), None),
        };
        if let Some((place, begin)) = launch {
            self.launch(id, place, begin);
        }
        let value = value?;
        match self.groups.remove(&id)? {
            Group::All { promise, .. } | Group::Same { promise } => Some((promise, value)),
        }
    }

    fn launch(&mut self, group: u64, at: usize, begin: Begin<P::Environment>) {
        if let View::Promise(promise) = begin.promise.view() {
            promise.wait(Waiter::Group { group, at });
        }
        self.start(begin);
    }

    /// A promise of all the results of `promises`, which are promises.
    ///
    /// # Errors
    /// The memory is full.
    pub fn all(&mut self, host: &mut Host, promises: &[Value]) -> Result<Value, RuntimeError> {
        heap::check_room(size_of_val(promises))?;
        let promise = promise::new(Role::Plain);
        let results = vec![Value::NULL; promises.len()];
        let group = self.new_id();
        let missing = promises.len();
        self.groups.insert(group, Group::All { promise: promise.clone(), results, missing, each: None });
        if promises.is_empty() {
            self.groups.remove(&group);
            self.settle(host, promise.clone(), Ok(Value::array(Vec::new())));
        }
        for (at, one) in promises.iter().enumerate() {
            let View::Promise(view) = one.view() else { continue };
            heap::check()?;
            match view.settled() {
                None => view.wait(Waiter::Group { group, at }),
                Some(result) => {
                    view.observe();
                    if let Some((promise, result)) = self.arrive(group, at, result) {
                        self.settle(host, promise, result);
                    }
                }
            }
        }
        Ok(promise)
    }

    /// A promise of what `function` gives for each of `items`; at most `limit` calls are under way at a time.
    ///
    /// # Errors
    /// The memory is full.
    pub fn map(
        &mut self,
        host: &mut Host,
        items: &Value,
        function: &Value,
        limit: usize,
        forget: bool,
        environment: &P::Environment,
    ) -> Result<Value, RuntimeError> {
        let promise = promise::new(Role::Plain);
        let count = items.as_array().map_or(0, <[Value]>::len);
        if count == 0 {
            let none = if forget { Value::NULL } else { Value::array(Vec::new()) };
            self.settle(host, promise.clone(), Ok(none));
            return Ok(promise);
        }
        heap::check_room(count.saturating_mul(size_of::<Value>()))?;
        let group = self.new_id();
        let results = if forget { Vec::new() } else { vec![Value::NULL; count] };
        let environment = environment.clone();
        let mut each = Each { function: function.clone(), items: items.clone(), next: 0, forget, environment };
        let started = limit.clamp(1, count);
        heap::check_room(started.saturating_mul(size_of::<(usize, Begin<P::Environment>)>()))?;
        let mut first: Vec<(usize, Begin<P::Environment>)> = Vec::with_capacity(started);
        for _ in 0..started {
            first.extend(each.next());
            heap::check()?;
        }
        self.groups.insert(group, Group::All { promise: promise.clone(), results, missing: count, each: Some(each) });
        for (at, begin) in first {
            heap::check()?;
            self.launch(group, at, begin);
        }
        Ok(promise)
    }

    /// A promise of the result of `promise`, unless `moment` comes first.
    pub fn timeout(&mut self, host: &mut Host, promise: &Value, moment: Duration, message: &str) -> Value {
        let outer = promise::new(Role::Plain);
        match promise.view() {
            View::Promise(view) => match view.settled() {
                Some(result) => {
                    view.observe();
                    self.settle(host, outer.clone(), result);
                }
                None => {
                    let group = self.new_id();
                    view.wait(Waiter::Group { group, at: 0 });
                    self.groups.insert(group, Group::Same { promise: outer.clone() });
                    self.settle_at(moment, outer.clone(), Err(Thrown::message(message)));
                }
            },
            _ => self.settle(host, outer.clone(), Ok(promise.clone())),
        }
        outer
    }
}

impl<E: Clone> Each<E> {
    /// The next call and its place.
    fn next(&mut self) -> Option<(usize, Begin<E>)> {
        let at = self.next;
        let item = self.items.as_array()?.get(at)?.clone();
        self.next += 1;
        let promise = promise::new(Role::Adopting);
        let (function, environment) = (self.function.clone(), self.environment.clone());
        Some((at, Begin { function, arguments: vec![item], promise, environment }))
    }
}
