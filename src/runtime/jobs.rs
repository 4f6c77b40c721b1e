//! The jobs of one scheduler that threads of the pool do: who waits for which, and what is done already.
//!
//! Jobs end in any order, but those of one task are given back in the order in which it asked for them; so what a task sees of its
//! own jobs follows from the program alone.

use super::heap;
use super::memory;
use super::pool::{self, AtEnd, Control, Finish, Job};
use super::value::Value;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// Who wants the result of a job.
pub enum Waiter {
    /// Nobody, so far or any more.
    Nobody,
    /// The task of this number.
    Task(u64),
    /// Those who have this promise.
    Promise(Value),
}

struct Running {
    owner: u64,
    waiter: Waiter,
    control: Arc<Control>,
    at_end: AtEnd,
    finish: Option<Finish>,
}

/// What a thread says when a job is done.
type Done = (u64, Finish);

/// The jobs that have not been given back.
pub struct Jobs {
    running: FxHashMap<u64, Running>,
    /// The jobs of each task, oldest first.
    orders: FxHashMap<u64, VecDeque<u64>>,
    /// Tasks whose oldest job may be done.
    due: VecDeque<u64>,
    kept: Arc<AtomicUsize>,
    channel: Option<(Sender<Done>, Receiver<Done>)>,
}

impl Default for Jobs {
    fn default() -> Jobs {
        let (running, orders) = (FxHashMap::default(), FxHashMap::default());
        Jobs { running, orders, due: VecDeque::new(), kept: Arc::default(), channel: None }
    }
}

impl Jobs {
    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Starts a job of the task `owner`, under a number nobody has.
    pub fn start(&mut self, number: u64, owner: u64, job: Job, waiter: Waiter) {
        let used = heap::used();
        // Asked first, so that the limit is known.
        let most = if heap::may_allocate(heap::MAX_OBJECT_BYTES) { usize::MAX } else { memory::limit() };
        let control = Arc::new(Control::new(self.kept.clone(), most.saturating_sub(used).min(heap::MAX_OBJECT_BYTES)));
        let (sender, _) = self.channel.get_or_insert_with(channel);
        let (sender, seen) = (sender.clone(), control.clone());
        let (work, at_end) = (job.work, job.at_end);
        self.running.insert(number, Running { owner, waiter, control, at_end, finish: None });
        self.orders.entry(owner).or_default().push_back(number);
        pool::submit(Box::new(move || {
            let finish = match seen.is_stopped() && at_end == AtEnd::Leave {
                true => Box::new(|| Ok(Value::NULL)),
                false => work(&seen),
            };
            drop(seen);
            // The owner may be gone.
            let _ = sender.send((number, finish));
        }));
    }

    /// The task `task` waits for a job, which becomes one of its own: an async function asks for its first job while its caller runs,
    /// and whatever the caller asks for later does not wait for that.
    pub fn wait(&mut self, number: u64, task: u64, owner: u64) {
        let Some(job) = self.running.get_mut(&number) else { return };
        job.waiter = Waiter::Task(task);
        let before = std::mem::replace(&mut job.owner, owner);
        if before == owner {
            return;
        }
        if let Some(order) = self.orders.get_mut(&before) {
            // Nearly always the one asked for last.
            match order.back() == Some(&number) {
                true => drop(order.pop_back()),
                false => order.retain(|&other| other != number),
            }
            match order.is_empty() {
                true => drop(self.orders.remove(&before)),
                false => self.due.push_back(before),
            }
        }
        self.orders.entry(owner).or_default().push_back(number);
        self.due.push_back(owner);
    }

    /// The task `task` is gone, and what it waits for may end.
    pub fn abandon(&mut self, task: u64) {
        for job in self.running.values_mut() {
            if matches!(job.waiter, Waiter::Task(waiting) if waiting == task) {
                job.waiter = Waiter::Nobody;
                job.control.stop();
            }
        }
    }

    fn is_done(&mut self, (number, finish): Done) {
        if let Some(job) = self.running.get_mut(&number) {
            job.finish = Some(finish);
            if self.orders.get(&job.owner).and_then(VecDeque::front) == Some(&number) {
                self.due.push_back(job.owner);
            }
        }
    }

    /// Waits until a job is done, for at most `timeout` if there is one.
    pub fn sleep(&mut self, timeout: Option<Duration>) {
        let Some((_, receiver)) = &self.channel else { return };
        let done = match timeout {
            Some(timeout) => receiver.recv_timeout(timeout).ok(),
            None => receiver.recv().ok(),
        };
        if let Some(done) = done {
            self.is_done(done);
        }
    }

    /// The next job to give back: who wants it, and what makes its result. The memory it keeps counts as this thread's from here on.
    pub fn next_due(&mut self) -> Option<(Waiter, Finish)> {
        while let Some(done) = self.channel.as_ref().and_then(|(_, receiver)| receiver.try_recv().ok()) {
            self.is_done(done);
        }
        while let Some(&owner) = self.due.front() {
            let oldest = self.orders.get(&owner).and_then(|order| order.front().copied());
            let finish = oldest.and_then(|number| self.running.get_mut(&number)?.finish.take());
            if let (Some(number), Some(finish)) = (oldest, finish)
                && let Some(job) = self.running.remove(&number)
            {
                if let Some(order) = self.orders.get_mut(&owner) {
                    order.pop_front();
                    if order.is_empty() {
                        self.orders.remove(&owner);
                    }
                }
                memory::adopt(job.control.kept());
                return Some((job.waiter, finish));
            }
            self.due.pop_front();
        }
        None
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        for job in self.running.values() {
            job.control.stop();
        }
        let mut left =
            self.running.values().filter(|job| job.at_end == AtEnd::Complete && job.finish.is_none()).count();
        while left > 0
            && let Some((number, _)) = self.channel.as_ref().and_then(|(_, receiver)| receiver.recv().ok())
        {
            left -= usize::from(self.running.get(&number).is_some_and(|job| job.at_end == AtEnd::Complete));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A job that ends when something is sent, and gives `number`.
    fn gated(number: i64) -> (Sender<()>, Job) {
        let (open, gate) = channel::<()>();
        let work = move |_: &Control| -> Finish {
            let _ = gate.recv();
            Box::new(move || Ok(Value::int(number)))
        };
        (open, Job::new(work))
    }

    fn given_back(jobs: &mut Jobs) -> Option<i64> {
        jobs.next_due().map(|(_, finish)| finish().unwrap().as_int().unwrap())
    }

    #[test]
    fn jobs_of_one_task_come_back_in_order() {
        let mut jobs = Jobs::default();
        let (first, one) = gated(1);
        let (second, two) = gated(2);
        let (third, three) = gated(3);
        jobs.start(1, 7, one, Waiter::Nobody);
        jobs.start(2, 7, two, Waiter::Nobody);
        jobs.start(3, 8, three, Waiter::Nobody);
        // The younger job of the task is done first, and waits; another task's does not.
        second.send(()).unwrap();
        jobs.sleep(None);
        assert_eq!(given_back(&mut jobs), None);
        third.send(()).unwrap();
        jobs.sleep(None);
        assert_eq!(given_back(&mut jobs), Some(3));
        assert_eq!(given_back(&mut jobs), None);
        first.send(()).unwrap();
        jobs.sleep(None);
        assert_eq!(given_back(&mut jobs), Some(1));
        assert_eq!(given_back(&mut jobs), Some(2));
        assert_eq!(given_back(&mut jobs), None);
        assert!(jobs.is_empty() && jobs.orders.is_empty());
    }

    #[test]
    fn a_job_that_another_task_waits_for_holds_up_no_job_of_its_caller() {
        let mut jobs = Jobs::default();
        let (first, one) = gated(1);
        let (second, two) = gated(2);
        jobs.start(1, 0, one, Waiter::Nobody);
        jobs.wait(1, 5, 5);
        jobs.start(2, 0, two, Waiter::Nobody);
        second.send(()).unwrap();
        jobs.sleep(None);
        assert_eq!(given_back(&mut jobs), Some(2));
        first.send(()).unwrap();
        jobs.sleep(None);
        assert_eq!(given_back(&mut jobs), Some(1));
        assert!(jobs.is_empty() && jobs.orders.is_empty());
    }

    #[test]
    fn only_what_must_be_completed_is_waited_for() {
        let (never, endless) = gated(1);
        let (done, seen) = channel();
        let mut jobs = Jobs::default();
        jobs.start(1, 0, endless, Waiter::Nobody);
        let work = move |_: &Control| -> Finish {
            done.send(()).unwrap();
            Box::new(|| Ok(Value::NULL))
        };
        jobs.start(2, 0, Job { at_end: AtEnd::Complete, ..Job::new(work) }, Waiter::Nobody);
        drop(jobs);
        assert!(seen.try_recv().is_ok());
        drop(never);
    }

    #[test]
    fn what_jobs_keep_is_limited_and_given_back() {
        let kept = Arc::new(AtomicUsize::new(0));
        let (one, other) = (Control::new(kept.clone(), 100), Control::new(kept.clone(), 100));
        assert!(one.take(60) && !other.take(60));
        drop(other);
        assert!(one.take(40) && !one.take(1));
        drop(one);
        assert_eq!(kept.load(std::sync::atomic::Ordering::Relaxed), 0);
    }
}
