//! Promises, and the handles of tasks. Who waits for a promise is named by numbers that mean something to the scheduler only, so a
//! promise refers to nothing but its result, and to where it was raised if it is an error.

use super::error::{Fact, Thrown};
use super::heap::{self, Header, Kind};
use super::trace::Trace;
use super::value::Value;
use super::word::Word;
use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::size_of;
use std::rc::Rc;

/// Somebody who waits for a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiter {
    /// A task.
    Task(u64),
    /// Place `at` of a group of promises.
    Group {
        /// The group.
        group: u64,
        /// Its place there.
        at: usize,
    },
}

/// A promise.
#[repr(C)]
pub struct PromiseObject {
    /// Of kind [`Kind::Promise`].
    pub header: Header,
    /// The result, or the message of the error.
    pub value: Word,
    /// The cause of the error, or null.
    pub cause: Word,
    state: State,
    role: Role,
    /// The task that will fulfil it; 0 if none was needed so far.
    task: u64,
    waiters: *mut Vec<Waiter>,
    /// What else is known of an error.
    rejection: Option<Rc<Rejection>>,
}

/// What the promise of an error knows besides message and cause. It refers to no value, so it closes no cycle.
#[derive(Debug)]
pub struct Rejection {
    /// Where the error was raised.
    pub origin: Option<Trace>,
    /// What it knew when it was raised.
    pub fact: Option<Rc<Fact>>,
    /// Its message.
    pub message: Box<str>,
    /// Whether somebody has waited for the promise, or asked for its result.
    pub observed: Cell<bool>,
}

/// Whether there is a result.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not yet.
    Pending,
    /// A value.
    Fulfilled,
    /// An error.
    Rejected,
}

/// What becomes of the result.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It waits to be asked for.
    Plain,
    /// Nobody asks: an error is reported at once.
    Spawned,
    /// A result that is a promise itself stands for that promise's.
    Adopting,
}

/// The result of an async function: a value or an error.
pub type Settled = Result<Value, Thrown>;

/// A pending promise.
pub fn new(role: Role) -> Value {
    let object: *mut PromiseObject = heap::alloc_object(size_of::<PromiseObject>());
    let header = Header::new(Kind::Promise);
    let (value, cause, state, waiters) = (Word::NULL, Word::NULL, State::Pending, std::ptr::null_mut());
    // SAFETY: fresh memory of that size, and a new object with one owner.
    unsafe {
        object.write(PromiseObject { header, value, cause, state, role, task: 0, waiters, rejection: None });
        Value::from_word(Word::object(object))
    }
}

impl PromiseObject {
    pub(super) unsafe fn free_parts(object: *mut PromiseObject) {
        // SAFETY: both belong to the promise, which dies.
        unsafe {
            let list = std::mem::replace(&mut (*object).waiters, std::ptr::null_mut());
            if !list.is_null() {
                drop(Box::from_raw(list));
            }
            drop((*object).rejection.take());
        }
    }
}

/// A promise somebody owns.
#[derive(Clone, Copy)]
pub struct PromiseRef<'a> {
    object: *mut PromiseObject,
    owner: PhantomData<&'a Value>,
}

impl<'a> PromiseRef<'a> {
    /// # Safety
    /// `word` is a promise that lives for `'a`.
    pub(super) unsafe fn of(word: Word) -> PromiseRef<'a> {
        PromiseRef { object: word.object_ptr(), owner: PhantomData }
    }

    /// Whether there is a result.
    pub fn state(self) -> State {
        // SAFETY: live for 'a; no reference into it is ever handed out.
        unsafe { (*self.object).state }
    }

    /// What becomes of the result.
    pub fn role(self) -> Role {
        // SAFETY: as above.
        unsafe { (*self.object).role }
    }

    /// The result, if there is one.
    pub fn settled(self) -> Option<Settled> {
        // SAFETY: as above; the words are owned by the promise.
        let (value, cause) =
            unsafe { (Value::from_borrowed((*self.object).value), Value::from_borrowed((*self.object).cause)) };
        match self.state() {
            State::Pending => None,
            State::Fulfilled => Some(Ok(value)),
            State::Rejected => {
                // SAFETY: as above.
                let rejection = unsafe { (*self.object).rejection.as_deref() };
                let origin = rejection.and_then(|rejection| rejection.origin.clone());
                let fact = rejection.and_then(|rejection| rejection.fact.clone());
                let cause = Some(cause).filter(|cause| !cause.is_null());
                Some(Err(Thrown { message: value, cause, origin, fact }))
            }
        }
    }

    /// What else is known of its error, if it has one.
    pub fn rejection(self) -> Option<Rc<Rejection>> {
        // SAFETY: as above.
        unsafe { (*self.object).rejection.clone() }
    }

    /// Somebody takes note of its error, if it has one.
    pub fn observe(self) {
        if let Some(rejection) = self.rejection() {
            rejection.observed.set(true);
        }
    }

    /// The task that will fulfil it; 0 if there is none.
    pub fn task(self) -> u64 {
        // SAFETY: as above.
        unsafe { (*self.object).task }
    }

    /// Notes the task that will fulfil it.
    pub fn set_task(self, task: u64) {
        // SAFETY: as above.
        unsafe { (*self.object).task = task }
    }

    /// Adds somebody who waits.
    pub fn wait(self, waiter: Waiter) {
        // SAFETY: as above; the list is the promise's own.
        unsafe {
            if (*self.object).waiters.is_null() {
                (*self.object).waiters = Box::into_raw(Box::default());
            }
            (*(*self.object).waiters).push(waiter);
        }
    }

    /// Gives it its result, unless it has one; returns who waited.
    pub fn settle(self, result: Settled) -> Vec<Waiter> {
        if self.state() != State::Pending {
            return Vec::new();
        }
        let (state, value, cause, rejection) = match result {
            Ok(value) => (State::Fulfilled, value, Value::NULL, None),
            Err(Thrown { message, cause, origin, fact }) => {
                let text = message.as_str().unwrap_or("").into();
                let rejection = Rejection { origin, fact, message: text, observed: Cell::new(false) };
                (State::Rejected, message, cause.unwrap_or(Value::NULL), Some(Rc::new(rejection)))
            }
        };
        // SAFETY: as above; a pending promise holds two nulls, which need no release.
        unsafe {
            (*self.object).state = state;
            (*self.object).value = value.into_word();
            (*self.object).cause = cause.into_word();
            (*self.object).rejection = rejection;
            let list = std::mem::replace(&mut (*self.object).waiters, std::ptr::null_mut());
            if list.is_null() { Vec::new() } else { *Box::from_raw(list) }
        }
    }
}

/// The handle of a task.
#[repr(C)]
pub struct TaskObject {
    /// Of kind [`Kind::Task`].
    pub header: Header,
    /// Its promise.
    pub promise: Word,
}

/// The handle of the task that will fulfil `promise`.
pub fn task(promise: Value) -> Value {
    let object: *mut TaskObject = heap::alloc_object(size_of::<TaskObject>());
    // SAFETY: fresh memory of that size, and a new object with one owner.
    unsafe {
        object.write(TaskObject { header: Header::new(Kind::Task), promise: promise.into_word() });
        Value::from_word(Word::object(object))
    }
}

/// A task handle somebody owns.
#[derive(Clone, Copy)]
pub struct TaskRef<'a> {
    object: *const TaskObject,
    owner: PhantomData<&'a Value>,
}

impl<'a> TaskRef<'a> {
    /// # Safety
    /// `word` is a task handle that lives for `'a`.
    pub(super) unsafe fn of(word: Word) -> TaskRef<'a> {
        TaskRef { object: word.object_ptr(), owner: PhantomData }
    }

    /// Its promise.
    pub fn promise(self) -> &'a Value {
        // SAFETY: live for 'a.
        unsafe { Value::borrow(&(*self.object).promise) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::View;
    use super::*;

    #[test]
    fn the_first_result_stays() {
        let before = heap::live_objects();
        let promise = new(Role::Plain);
        let View::Promise(view) = promise.view() else { panic!("no promise") };
        view.wait(Waiter::Task(7));
        assert!(view.settled().is_none());
        assert_eq!(view.settle(Err(Thrown::message("went wrong"))), [Waiter::Task(7)]);
        assert_eq!(view.settle(Ok(Value::int(1))), []);
        assert!(matches!(view.settled(), Some(Err(_))));
        drop(promise);
        assert_eq!(heap::live_objects(), before);
    }
}
