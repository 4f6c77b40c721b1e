//! Channels: unbounded queues between tasks. Tasks that wait are named by numbers that mean something to the scheduler only.

use super::heap::{self, Header, Kind};
use super::value::Value;
use super::word::Word;
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::mem::size_of;

/// A channel.
#[repr(C)]
pub struct ChannelObject {
    /// Of kind [`Kind::Channel`].
    pub header: Header,
    state: *mut ChannelState,
}

/// What is under way. The words are owned by the channel, and released as its children.
#[derive(Default)]
struct ChannelState {
    values: VecDeque<Word>,
    waiting: VecDeque<u64>,
}

/// An empty channel.
pub fn new() -> Value {
    let object: *mut ChannelObject = heap::alloc_object(size_of::<ChannelObject>());
    let state = Box::into_raw(Box::<ChannelState>::default());
    // SAFETY: fresh memory of that size, and a new object with one owner.
    unsafe {
        object.write(ChannelObject { header: Header::new(Kind::Channel), state });
        Value::from_word(Word::object(object))
    }
}

impl ChannelObject {
    /// The values under way, in two parts.
    pub(super) unsafe fn words<'a>(object: *const ChannelObject) -> (&'a [Word], &'a [Word]) {
        // SAFETY: the caller's: the channel is whole and nobody changes it meanwhile.
        unsafe { (*(*object).state).values.as_slices() }
    }

    pub(super) unsafe fn free_state(object: *mut ChannelObject) {
        // SAFETY: the channel dies; words have no destructor.
        unsafe { drop(Box::from_raw((*object).state)) };
    }
}

/// A channel somebody owns.
#[derive(Clone, Copy)]
pub struct ChannelRef<'a> {
    object: *const ChannelObject,
    owner: PhantomData<&'a Value>,
}

impl<'a> ChannelRef<'a> {
    /// # Safety
    /// `word` is a channel that lives for `'a`.
    pub(super) unsafe fn of(word: Word) -> ChannelRef<'a> {
        ChannelRef { object: word.object_ptr(), owner: PhantomData }
    }

    /// Appends a value.
    pub fn send(self, value: Value) {
        // SAFETY: live for 'a; no reference to the state is ever handed out.
        unsafe { (*(*self.object).state).values.push_back(value.into_word()) }
    }

    /// Takes the oldest value.
    pub fn receive(self) -> Option<Value> {
        // SAFETY: as above; the word was owned by the channel.
        unsafe { (*(*self.object).state).values.pop_front().map(|word| Value::from_word(word)) }
    }

    /// Adds a task that waits for a value.
    pub fn wait(self, task: u64) {
        // SAFETY: as above.
        unsafe { (*(*self.object).state).waiting.push_back(task) }
    }

    /// Takes the task that has waited longest.
    pub fn waiting(self) -> Option<u64> {
        // SAFETY: as above.
        unsafe { (*(*self.object).state).waiting.pop_front() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::View;
    use super::*;

    #[test]
    fn what_is_under_way_dies_with_the_channel_even_in_a_cycle() {
        let before = heap::live_objects();
        let channel = new();
        let View::Channel(view) = channel.view() else { panic!("no channel") };
        view.send(Value::string("some text"));
        view.send(Value::array(vec![channel.clone()]));
        assert_eq!(view.receive().unwrap().as_str(), Some("some text"));
        drop(channel);
        heap::collect_cycles();
        assert_eq!(heap::live_objects(), before);
    }
}
