//! Threads for work that waits on the system: other programs, and files beside running tasks. See `design/coroutines.md`.
//!
//! The threads belong to the process, and are made as they are needed. They touch no value: a job makes what its owner's thread
//! needs to make one, the [`Finish`].

use super::error::RuntimeError;
use super::value::Value;
use rustix::process::{Pid, Signal};
use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Most threads; jobs beyond wait for their turn.
const MAX_THREADS: usize = 32;
/// Stack of a thread, in bytes.
const STACK: usize = 256 * 1024;

/// Makes the result of a job, in the thread that has asked for it.
pub type Finish = Box<dyn FnOnce() -> Result<Value, RuntimeError> + Send>;

/// What becomes of a job that is under way when the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtEnd {
    /// It is ended, or forgotten.
    Leave,
    /// The program waits for it.
    Complete,
}

/// Work for another thread.
pub struct Job {
    /// The work.
    pub work: Box<dyn FnOnce(&Control) -> Finish + Send>,
    /// Whether it has to be completed.
    pub at_end: AtEnd,
}

impl Job {
    /// A job that nobody needs when the program has ended.
    pub fn new(work: impl FnOnce(&Control) -> Finish + Send + 'static) -> Job {
        Job { work: Box::new(work), at_end: AtEnd::Leave }
    }
}

/// What a job and its owner both see.
pub struct Control {
    stopped: AtomicBool,
    /// The process group it waits for.
    group: Mutex<Option<Pid>>,
    /// Bytes it keeps.
    kept: AtomicUsize,
    /// Bytes all jobs of its owner keep, and how many they may.
    all_kept: Arc<AtomicUsize>,
    most: usize,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Control {
    /// Of a job whose owner's jobs keep `all_kept` bytes, and may keep `most`.
    pub fn new(all_kept: Arc<AtomicUsize>, most: usize) -> Control {
        let (stopped, group, kept) = (AtomicBool::new(false), Mutex::new(None), AtomicUsize::new(0));
        Control { stopped, group, kept, all_kept, most }
    }

    /// Notes that the job keeps so many bytes more; false if they are too many, and the job has to do without.
    pub fn take(&self, bytes: usize) -> bool {
        self.kept.fetch_add(bytes, Ordering::Relaxed);
        self.all_kept.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) <= self.most
    }

    /// Bytes the job keeps.
    pub fn kept(&self) -> usize {
        self.kept.load(Ordering::Relaxed)
    }

    /// Nobody wants the result: ends the process group the job waits for.
    pub fn stop(&self) {
        let group = locked(&self.group);
        self.stopped.store(true, Ordering::Relaxed);
        if let Some(group) = *group {
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
    }

    /// Whether nobody wants the result.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Notes that the job waits for a process group, which ends at once if nobody wants the result.
    pub fn started(&self, group: Pid) {
        *locked(&self.group) = Some(group);
        if self.is_stopped() {
            self.stop();
        }
    }

    /// Asks whether the process has ended. From then on its number may be another's, so it is forgotten in the same breath.
    pub fn ended<S>(&self, ask: impl FnOnce() -> io::Result<Option<S>>) -> io::Result<Option<S>> {
        let mut group = locked(&self.group);
        let status = ask()?;
        if status.is_some() {
            *group = None;
        }
        Ok(status)
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.all_kept.fetch_sub(*self.kept.get_mut(), Ordering::Relaxed);
    }
}

type Task = Box<dyn FnOnce() + Send>;

struct Pool {
    waiting: VecDeque<Task>,
    idle: usize,
    threads: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool { waiting: VecDeque::new(), idle: 0, threads: 0 });
static MORE: Condvar = Condvar::new();

/// Has `task` done by a thread of the pool, in this one if there can be none.
pub fn submit(task: Task) {
    let mut pool = locked(&POOL);
    pool.waiting.push_back(task);
    if pool.idle < pool.waiting.len() && pool.threads < MAX_THREADS {
        let made = std::thread::Builder::new().name("pool".to_owned()).stack_size(STACK).spawn(work);
        pool.threads += usize::from(made.is_ok());
    }
    let alone = if pool.threads == 0 { pool.waiting.pop_front() } else { None };
    drop(pool);
    MORE.notify_one();
    if let Some(task) = alone {
        task();
    }
}

fn work() {
    let mut pool = locked(&POOL);
    loop {
        match pool.waiting.pop_front() {
            Some(task) => {
                drop(pool);
                task();
                pool = locked(&POOL);
            }
            None => {
                pool.idle += 1;
                pool = MORE.wait(pool).unwrap_or_else(PoisonError::into_inner);
                pool.idle -= 1;
            }
        }
    }
}
