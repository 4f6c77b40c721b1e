//! Generators: a suspended activation as one heap object.
//!
//! While it is suspended it owns the values of the registers that are live where it stopped, in the order of the register list
//! of that instruction, and the closure it runs. While it runs these are in its frame on the stack and the object holds nothing.
//! So the words of the object are whole values at any time, whatever the frame looks like: dropping a generator half-way and
//! collecting cycles through it need no table.
//!
//! An engine whose frames are not words keeps them itself: its generators hold a [`Ticket`] and no word.
//!
//! A generator is the state of a `for` loop over it: its header says so where that of an iterator says what it runs over.

use super::heap::{self, Header, Kind};
use super::iterate::OVER_GENERATOR;
use super::value::Value;
use super::word::Word;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::mem::size_of;
use std::rc::Rc;

/// The fixed part of a generator; room for kept words follows.
#[repr(C)]
pub struct GeneratorObject {
    /// Of kind [`Kind::Generator`]; `extra` is [`OVER_GENERATOR`].
    pub header: Header,
    /// The closure, if it captures something and the generator is suspended; otherwise null.
    pub closure: Word,
    /// The instruction that suspended it; its register list says where the kept words go. Null: there is a ticket.
    pub at: *const u64,
    /// The instruction that resumed it last, or the ticket.
    pub consumer: *const u64,
    /// From the frame of that instruction to the frame of the generator, in registers.
    pub distance: u32,
    /// Registers of its frame.
    pub frame: u32,
    /// Words kept now.
    pub kept: u32,
    /// Words there is room for.
    pub room: u32,
    /// One of the constants below.
    pub state: u32,
    /// The depth of the frame that resumed it last.
    pub depth: u32,
    /// That frame, to be compared with only.
    pub base: *const u64,
}

/// The number under which an engine keeps the frame of a generator. When nobody can demand anything of the generator any more, the
/// number goes to a list, which the engine looks at.
pub struct Ticket {
    /// The number.
    pub number: u64,
    /// Where the numbers of dead generators go.
    pub dead: Rc<RefCell<Vec<u64>>>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.dead.borrow_mut().push(self.number);
    }
}

/// A generator whose frame an engine keeps.
pub fn with_ticket(ticket: Ticket, flags: u8) -> Value {
    let object = GeneratorObject::allocate(0, 0, std::ptr::null(), Word::NULL, flags);
    // SAFETY: a new object with one owner; `drop_ticket` takes the box back.
    unsafe {
        (*object).consumer = Box::into_raw(Box::new(ticket)) as *const u64;
        Value::from_word(Word::object(object))
    }
}

/// It waits for a demand.
pub const SUSPENDED: u32 = 0;
/// Its frame is on a stack.
pub const RUNNING: u32 = 1;
/// It has ended.
pub const FINISHED: u32 = 2;

/// Flag: made by the prelude, an iterator to scripts.
pub const FLAG_ITERATOR: u8 = 1;

const WORDS_OFFSET: usize = size_of::<GeneratorObject>();

impl GeneratorObject {
    /// A suspended generator that keeps nothing yet.
    pub fn allocate(room: usize, frame: usize, at: *const u64, closure: Word, flags: u8) -> *mut GeneratorObject {
        let mut header = Header::new(Kind::Generator);
        header.extra = OVER_GENERATOR;
        header.flags = flags;
        let object: *mut GeneratorObject = heap::alloc_object(WORDS_OFFSET + room * size_of::<Word>());
        // SAFETY: fresh memory.
        unsafe {
            object.write(GeneratorObject {
                header,
                closure,
                at,
                consumer: std::ptr::null(),
                distance: 0,
                frame: frame as u32,
                kept: 0,
                room: room as u32,
                state: SUSPENDED,
                depth: 0,
                base: std::ptr::null(),
            });
        }
        object
    }

    /// Where the kept words are.
    ///
    /// # Safety
    /// The generator is live.
    #[inline(always)]
    pub unsafe fn first(object: *mut GeneratorObject) -> *mut u64 {
        // SAFETY: the room stands behind the fixed part.
        unsafe { (object as *mut u8).add(WORDS_OFFSET) as *mut u64 }
    }

    /// The kept words.
    ///
    /// # Safety
    /// The generator outlives the slice and is not resumed meanwhile.
    pub(super) unsafe fn words<'a>(object: *const GeneratorObject) -> &'a [Word] {
        // SAFETY: so many words of the room are in use.
        unsafe {
            let first = (object as *const u8).add(WORDS_OFFSET) as *const Word;
            std::slice::from_raw_parts(first, (*object).kept as usize)
        }
    }

    /// Gives up the ticket of a dying generator, if it has one.
    pub(super) unsafe fn drop_ticket(object: *mut GeneratorObject) {
        // SAFETY: without code, the pointer is the box that `with_ticket` made, and nobody uses it again.
        unsafe {
            if (*object).at.is_null() {
                drop(Box::from_raw((*object).consumer as *mut Ticket));
            }
        }
    }

    pub(super) unsafe fn size(object: *const GeneratorObject) -> usize {
        // SAFETY: the caller's.
        WORDS_OFFSET + unsafe { (*object).room } as usize * size_of::<Word>()
    }
}

/// A generator somebody owns.
#[derive(Clone, Copy)]
pub struct GeneratorRef<'a> {
    object: *const GeneratorObject,
    owner: PhantomData<&'a Value>,
}

impl<'a> GeneratorRef<'a> {
    /// # Safety
    /// `word` is a generator that lives for `'a`.
    pub(super) unsafe fn of(word: Word) -> GeneratorRef<'a> {
        GeneratorRef { object: word.object_ptr(), owner: PhantomData }
    }

    /// The number of its ticket, if it has one.
    pub fn ticket(self) -> Option<u64> {
        // SAFETY: live for 'a; without code, the pointer is the ticket.
        unsafe {
            let object = &*self.object;
            object.at.is_null().then(|| (*(object.consumer as *const Ticket)).number)
        }
    }

    /// What `type()` says: `generator`, or `iterator` for those the prelude makes.
    pub fn kind_name(self) -> &'static str {
        // SAFETY: live for 'a.
        let flags = unsafe { (*self.object).header.flags };
        if flags & FLAG_ITERATOR != 0 { "iterator" } else { "generator" }
    }
}
