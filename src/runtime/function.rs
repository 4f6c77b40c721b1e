//! Functions: code pointer, description, and captured words behind them. Builtins are functions too: one static object per row of the
//! builtin table, so a builtin is always the same function.

use super::heap::{self, Header, Kind};
use super::value::Value;
use super::word::Word;
use std::marker::PhantomData;
use std::mem::{offset_of, size_of};
use std::rc::Rc;

/// What all closures made from one `func` share.
#[derive(Clone, Debug)]
pub struct FunctionInfo {
    /// Which function of the program.
    pub id: u32,
    /// Its name; lambdas have none.
    pub name: Option<Rc<str>>,
    /// How many parameters.
    pub arity: u32,
    /// How many captured words each closure has.
    pub captures: u32,
}

impl FunctionInfo {
    /// A lambda without captures.
    pub fn anonymous(id: u32, arity: u32) -> FunctionInfo {
        FunctionInfo { id, name: None, arity, captures: 0 }
    }
}

/// The fixed part of a function; captured words follow.
#[repr(C)]
pub struct FunctionObject {
    /// Of kind [`Kind::Function`]; `extra` is the arity, or the row of a builtin.
    pub header: Header,
    /// Where its code starts; null for builtins.
    pub entry: *const u64,
    /// Its description, one count of an `Rc`; null for builtins.
    pub info: *const FunctionInfo,
}

// SAFETY: only builtins are shared between threads (as statics), and those hold two null pointers and are never written.
unsafe impl Sync for FunctionObject {}

/// Flag: has captured words.
pub const FLAG_CAPTURES: u8 = 1;
/// Flag: a builtin.
pub const FLAG_NATIVE: u8 = 2;
/// Flag: captures nothing, and is counted all the same. Calls give it up at once, because no return will.
pub const FLAG_BARE: u8 = 4;
/// Offset of the code pointer.
pub const ENTRY_OFFSET: usize = offset_of!(FunctionObject, entry);
/// Offset of the description.
pub const INFO_OFFSET: usize = offset_of!(FunctionObject, info);
/// Offset of the first captured word.
pub const CAPTURES_OFFSET: usize = size_of::<FunctionObject>();

fn size_for(captures: usize) -> usize {
    heap::rounded(CAPTURES_OFFSET + captures * size_of::<Word>())
}

impl FunctionObject {
    /// The object of a builtin.
    pub const fn native(row: u16) -> FunctionObject {
        FunctionObject {
            header: Header { count: heap::IMMORTAL, kind: Kind::Function, flags: FLAG_NATIVE, extra: row },
            entry: std::ptr::null(),
            info: std::ptr::null(),
        }
    }

    unsafe fn capture_count(object: *const FunctionObject) -> usize {
        // SAFETY: the caller's; builtins have no description and no captures.
        unsafe { if (*object).info.is_null() { 0 } else { (*(*object).info).captures as usize } }
    }

    /// The captured words.
    ///
    /// # Safety
    /// The function outlives the slice.
    pub unsafe fn words<'a>(object: *const FunctionObject) -> &'a [Word] {
        // SAFETY: the description says how many words follow.
        unsafe {
            let first = (object as *const u8).add(CAPTURES_OFFSET) as *const Word;
            std::slice::from_raw_parts(first, FunctionObject::capture_count(object))
        }
    }

    pub(super) unsafe fn size(object: *const FunctionObject) -> usize {
        // SAFETY: the caller's.
        size_for(unsafe { FunctionObject::capture_count(object) })
    }

    pub(super) unsafe fn drop_info(object: *mut FunctionObject) {
        // SAFETY: the object owns one count of its description, if it has one.
        unsafe {
            if !(*object).info.is_null() {
                drop(Rc::from_raw((*object).info));
            }
        }
    }

    /// A new closure; the caller writes all captured words before anybody else sees it.
    pub fn allocate(info: Rc<FunctionInfo>, entry: *const u64) -> *mut FunctionObject {
        let mut header = Header::new(Kind::Function);
        header.flags = if info.captures > 0 { FLAG_CAPTURES } else { 0 };
        header.extra = info.arity as u16;
        let object: *mut FunctionObject = heap::alloc_object(size_for(info.captures as usize));
        // SAFETY: fresh memory.
        unsafe { object.write(FunctionObject { header, entry, info: Rc::into_raw(info) }) };
        object
    }
}

/// A closure; missing captures are null, surplus ones are dropped.
pub fn new(info: Rc<FunctionInfo>, entry: *const u64, captures: Vec<Value>) -> Value {
    let count = info.captures as usize;
    let object = FunctionObject::allocate(info, entry);
    let mut captures = captures.into_iter();
    // SAFETY: exactly the captured words are written.
    unsafe {
        let first = (object as *mut u8).add(CAPTURES_OFFSET) as *mut Word;
        for at in 0..count {
            first.add(at).write(captures.next().map_or(Word::NULL, Value::into_word));
        }
        Value::from_word(Word::object(object))
    }
}

/// A builtin, given its static object.
pub fn builtin(object: &'static FunctionObject) -> Value {
    // SAFETY: statics live forever and are immortal.
    unsafe { Value::from_word(Word::object(object)) }
}

/// A function somebody owns.
#[derive(Clone, Copy)]
pub struct FunctionRef<'a> {
    object: *const FunctionObject,
    owner: PhantomData<&'a Value>,
}

impl<'a> FunctionRef<'a> {
    /// # Safety
    /// `word` is a function that lives for `'a`.
    pub(super) unsafe fn of(word: Word) -> FunctionRef<'a> {
        FunctionRef { object: word.object_ptr(), owner: PhantomData }
    }

    /// The row of the builtin table, if it is a builtin.
    pub fn builtin_row(self) -> Option<u16> {
        // SAFETY: live for 'a.
        unsafe { ((*self.object).header.flags & FLAG_NATIVE != 0).then_some((*self.object).header.extra) }
    }

    /// Its description, unless it is a builtin.
    pub fn info(self) -> Option<&'a FunctionInfo> {
        // SAFETY: the description lives as long as the function.
        unsafe { (*self.object).info.as_ref() }
    }

    /// Where its code starts; null for builtins.
    pub fn entry(self) -> *const u64 {
        // SAFETY: live for 'a.
        unsafe { (*self.object).entry }
    }

    /// Whether calling it takes nothing but going to its code with the arguments in place.
    pub fn is_direct(self) -> bool {
        // SAFETY: live for 'a.
        unsafe { (*self.object).header.flags & (FLAG_CAPTURES | FLAG_NATIVE) == 0 }
    }

    /// A captured word, as a value.
    pub fn capture(self, at: usize) -> Option<&'a Value> {
        // SAFETY: live for 'a; captured words are owned values.
        unsafe { Value::borrow_slice(FunctionObject::words(self.object)) }.get(at)
    }
}
