//! What traces and unwinding ask about a place in the code: function, position, and what is released there. Programs that raise do so
//! at a few places again and again, so the answers are remembered, in a small table that a place finds by its address.
//!
//! PERF: a throw caught one call further out took 2100 machine instructions when each of its frames was looked up in the tables of its
//! function three times, 1200 with this.

use super::Vm;
use crate::base::source::Span;
use crate::bytecode::program::{FunctionCode, List, UnwindEntry};
use std::cell::{Cell, OnceCell};

/// Registers remembered for a place.
const FEW: usize = 10;

/// The list of an unwind entry.
#[derive(Clone, Copy)]
pub(super) enum Released {
    /// Its registers, of which the first so many are given up in any case, and all so many where no handler takes the others.
    Few([u16; FEW], u8, u8),
    /// It is to be read.
    Many(List),
}

impl Released {
    fn new(code: &FunctionCode, list: List) -> Released {
        let listed = code.listed(list);
        let (drops, all) = (listed.drops.len(), listed.drops.len() + listed.kept.len());
        if all > FEW {
            return Released::Many(list);
        }
        let mut registers = [0; FEW];
        registers
            .iter_mut()
            .zip(listed.drops.iter().chain(&listed.kept))
            .for_each(|(slot, &register)| *slot = register);
        Released::Few(registers, drops as u8, all as u8)
    }
}

/// An unwind entry, and what it releases.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub entry: UnwindEntry,
    pub released: Released,
}

/// A place: a word of an instruction of an active function.
#[derive(Clone, Copy)]
pub(super) struct Site {
    pc: *const u64,
    /// The function.
    pub function: u32,
    /// The word of its code.
    pub word: u32,
    /// The function stands for a builtin.
    pub hidden: bool,
    /// The function captures something.
    pub captures: bool,
    /// The position of the instruction.
    pub span: Span,
    /// The last unwind entry up to here: that of a call, if control is inside one.
    pub entry: Option<Entry>,
}

/// The places asked for last.
#[derive(Default)]
pub(super) struct Sites(OnceCell<Box<[Cell<Option<Site>>]>>);

/// Places remembered; a power of two.
const KEPT: usize = 32;

impl Vm {
    /// What is known of the word at `pc`; nothing for the stubs.
    pub(super) fn site(&self, pc: *const u64) -> Option<Site> {
        let kept = self.sites.0.get_or_init(|| vec![Cell::new(None); KEPT].into_boxed_slice());
        let slot = &kept[(pc as usize / 8) % KEPT];
        if let Some(site) = slot.get()
            && std::ptr::eq(site.pc, pc)
        {
            return Some(site);
        }
        let site = self.look_up(pc);
        if site.is_some() {
            slot.set(site);
        }
        site
    }

    /// What is known of the instruction at `pc`, or, if that is behind a call, of the last word of the call.
    pub(super) fn site_of(&self, pc: *const u64, behind: bool) -> Option<Site> {
        let inside = self.loaded.word(pc) < self.loaded.words();
        if inside { self.site(pc.wrapping_sub(usize::from(behind))) } else { None }
    }

    #[inline(never)]
    fn look_up(&self, pc: *const u64) -> Option<Site> {
        let (function, word) = self.loaded.locate(pc)?;
        let code = &self.program.functions[function];
        let hidden = self.is_hidden(function);
        let entries = code.unwind.partition_point(|entry| entry.at as usize <= word);
        Some(Site {
            pc,
            function: function as u32,
            word: word as u32,
            hidden,
            captures: code.captures > 0,
            span: self.span_at(pc),
            entry: entries.checked_sub(1).map(|last| {
                let entry = code.unwind[last];
                Entry { entry, released: Released::new(code, entry.list) }
            }),
        })
    }
}
