//! Counting owners, and freeing what has none.
//!
//! Freeing is iterative and allocates nothing: an object that dies waits on a list threaded through its own header (the 32 bits of the
//! count and the 16 bits of `extra` hold the address of the next one), so whatever is needed to find children and size of a
//! dying object must not be in `extra`.

use super::array::ArrayObject;
use super::bytes::BytesObject;
use super::cell::CellObject;
use super::channel::ChannelObject;
use super::collection::CollectionObject;
use super::cycles;
use super::dict::DictObject;
use super::function::FunctionObject;
use super::generator::GeneratorObject;
use super::heap::{self, FLAG_BUFFERED, Header, IMMORTAL, Kind};
use super::iterate::IteratorObject;
use super::promise::{PromiseObject, TaskObject};
use super::string::{self, FLAGS_KNOWN_ELSEWHERE, StringObject};
use super::structure::StructObject;
use super::tagged::TaggedObject;
use super::trace::TraceObject;
use super::value::BigIntObject;
use super::word::Word;
use std::mem::size_of;

/// Adds an owner.
///
/// # Safety
/// A heap word points to a live object.
#[inline]
pub unsafe fn retain(word: Word) {
    if word.is_counted() {
        let header = word.header();
        // SAFETY: the caller's. Immortal objects may be shared between threads and are never written.
        unsafe {
            let count = (*header).count;
            if count != IMMORTAL {
                (*header).count = count + 1;
            }
        }
    }
}

/// Removes an owner and frees the object with the last one.
///
/// # Safety
/// The caller owns the word and gives this ownership up.
#[inline]
pub unsafe fn release(word: Word) {
    if word.is_counted() {
        // SAFETY: the caller's.
        unsafe { release_object(word.header()) }
    }
}

/// [`release`] of a word known to be on the heap.
///
/// # Safety
/// As [`release`].
#[inline]
pub unsafe fn release_object(header: *mut Header) {
    // SAFETY: the caller's.
    unsafe {
        let count = (*header).count;
        if count == 1 {
            free(header);
        } else if count != IMMORTAL {
            (*header).count = count - 1;
            if (*header).kind >= Kind::Cell {
                cycles::candidate(header);
                cycles::collect_if_due();
            }
        }
    }
}

/// Calls `visit` with each child word of `object`.
///
/// # Safety
/// `object` is whole, apart from count and `extra` of its header.
#[inline]
pub(super) unsafe fn for_each_child(object: *mut Header, mut visit: impl FnMut(Word)) {
    // SAFETY: the kind says which layout the object has.
    unsafe {
        let words: &[Word] = match (*object).kind {
            Kind::BigInt | Kind::String | Kind::Trace | Kind::Bytes | Kind::Zombie => &[],
            Kind::Array => ArrayObject::words(object as *const ArrayObject),
            Kind::Struct => StructObject::words(object as *const StructObject),
            Kind::Function => FunctionObject::words(object as *const FunctionObject),
            Kind::Cell => {
                visit((*(object as *const CellObject)).value);
                &[]
            }
            Kind::Iterator => {
                visit((*(object as *const IteratorObject)).source);
                &[]
            }
            Kind::Set | Kind::Queue | Kind::Stack => {
                visit((*(object as *const CollectionObject)).items);
                &[]
            }
            Kind::Tagged | Kind::Outcome => TaggedObject::words(object as *const TaggedObject),
            Kind::Generator => {
                visit((*(object as *const GeneratorObject)).closure);
                GeneratorObject::words(object as *const GeneratorObject)
            }
            Kind::Promise => {
                visit((*(object as *const PromiseObject)).value);
                visit((*(object as *const PromiseObject)).cause);
                &[]
            }
            Kind::Channel => {
                let (front, back) = ChannelObject::words(object as *const ChannelObject);
                front.iter().for_each(|&word| visit(word));
                back
            }
            Kind::Task => {
                visit((*(object as *const TaskObject)).promise);
                &[]
            }
            // Entries are pairs of words; removed ones hold no heap word.
            Kind::Dict => DictObject::words(object as *const DictObject),
        };
        for &word in words {
            visit(word);
        }
    }
}

/// Frees what an object owns besides child words, and its memory.
///
/// # Safety
/// Nobody uses the object again; as for [`for_each_child`].
pub(super) unsafe fn free_shell(object: *mut Header) {
    // SAFETY: the kind says which layout the object has.
    unsafe {
        let size = match (*object).kind {
            Kind::BigInt => size_of::<BigIntObject>(),
            Kind::String => return free_string(object),
            Kind::Trace => {
                TraceObject::drop_trace(object as *mut TraceObject);
                size_of::<TraceObject>()
            }
            Kind::Bytes => BytesObject::size(object as *const BytesObject),
            Kind::Array => ArrayObject::size(object as *const ArrayObject),
            Kind::Dict => {
                DictObject::free_buffers(object as *mut DictObject);
                size_of::<DictObject>()
            }
            Kind::Struct => StructObject::size(object as *const StructObject),
            Kind::Iterator => size_of::<IteratorObject>(),
            Kind::Set | Kind::Queue | Kind::Stack => size_of::<CollectionObject>(),
            Kind::Tagged | Kind::Outcome => TaggedObject::size(object as *const TaggedObject),
            Kind::Cell => size_of::<CellObject>(),
            Kind::Generator => {
                GeneratorObject::drop_ticket(object as *mut GeneratorObject);
                GeneratorObject::size(object as *const GeneratorObject)
            }
            Kind::Promise => {
                PromiseObject::free_parts(object as *mut PromiseObject);
                size_of::<PromiseObject>()
            }
            Kind::Channel => {
                ChannelObject::free_state(object as *mut ChannelObject);
                size_of::<ChannelObject>()
            }
            Kind::Task => size_of::<TaskObject>(),
            Kind::Function => {
                let size = FunctionObject::size(object as *const FunctionObject);
                FunctionObject::drop_info(object as *mut FunctionObject);
                size
            }
            Kind::Zombie => cycles::zombie_size(object),
        };
        if (*object).flags & FLAG_BUFFERED != 0 {
            cycles::make_zombie(object, size);
        } else {
            heap::free_object(object, size);
        }
    }
}

/// The dying objects whose children are still to be released, last in, first out.
struct Dying(*mut Header);

impl Dying {
    /// # Safety
    /// The object has no owner left.
    #[inline]
    unsafe fn push(&mut self, object: *mut Header) {
        let next = self.0 as usize as u64;
        // SAFETY: the object is nobody's, so its count and `extra` are free to use.
        unsafe {
            (*object).count = next as u32;
            (*object).extra = (next >> 32) as u16;
        }
        self.0 = object;
    }

    #[inline]
    fn pop(&mut self) -> Option<*mut Header> {
        if self.0.is_null() {
            return None;
        }
        let object = self.0;
        // SAFETY: the list holds dying objects only, linked by `push`.
        self.0 = unsafe { ((*object).count as u64 | ((*object).extra as u64) << 32) as usize as *mut Header };
        Some(object)
    }
}

/// Frees an object without owners and whatever only it kept alive.
///
/// PERF: strings die most often, and need neither a list of the dying nor a look at their kind's size.
#[inline(never)]
unsafe fn free(object: *mut Header) {
    // SAFETY: the object has lost its last owner.
    unsafe {
        match (*object).kind {
            Kind::String => free_string(object),
            kind if kind.is_leaf() => free_shell(object),
            _ => free_all(object),
        }
    }
}

#[inline(always)]
unsafe fn free_string(object: *mut Header) {
    // SAFETY: a string without owners; strings are never candidates of the cycle collector.
    unsafe {
        if (*object).flags & FLAGS_KNOWN_ELSEWHERE != 0 {
            string::dies(object as *mut StringObject);
        }
        heap::free_object(object, StringObject::size(object as *const StringObject));
    }
}

#[inline(never)]
unsafe fn free_all(object: *mut Header) {
    // SAFETY: every object on the list has lost its last owner; children are live until this loop releases them.
    unsafe {
        let mut dying = Dying(std::ptr::null_mut());
        let mut candidates = false;
        dying.push(object);
        while let Some(object) = dying.pop() {
            let mut give_up = |word: Word| {
                if !word.is_counted() {
                    return;
                }
                let child = word.header();
                match (*child).count {
                    IMMORTAL => {}
                    1 if (*child).kind == Kind::String => free_string(child),
                    1 if (*child).kind.is_leaf() => free_shell(child),
                    1 => dying.push(child),
                    count => {
                        (*child).count = count - 1;
                        if (*child).kind >= Kind::Cell {
                            cycles::candidate(child);
                            candidates = true;
                        }
                    }
                }
            };
            // PERF: arrays die most often of all containers, and are never candidates of the cycle collector.
            if (*object).kind == Kind::Array {
                let array = object as *mut ArrayObject;
                for &word in ArrayObject::words(array) {
                    give_up(word);
                }
                heap::free_object(object, ArrayObject::size(array));
                continue;
            }
            for_each_child(object, give_up);
            free_shell(object);
        }
        if candidates {
            cycles::collect_if_due();
        }
    }
}
