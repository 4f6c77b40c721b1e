//! Who is active: walking the link slots of the frames.

use super::Vm;
use super::handlers::overload;
use super::site::Site;
use crate::base::limits::MAX_CALL_DEPTH;
use crate::base::source::Span;
use crate::runtime::error::RuntimeError;
use crate::runtime::trace::{Frame, Frames, Name, Names, Trace, Walk};
use rustc_hash::FxHashSet;
use std::ops::ControlFlow;
use std::rc::Rc;

impl Vm {
    /// The function whose code holds `pc`; 0 for the halt stub.
    pub(crate) fn function_at(&self, pc: *const u64) -> usize {
        self.loaded.locate(pc).map_or(0, |(function, _)| function)
    }

    /// Registers of a frame of the function whose code holds `pc`.
    pub(crate) fn frame_size_at(&self, pc: *const u64) -> usize {
        self.program.functions[self.function_at(pc)].frame_size as usize
    }

    /// Description and code of a closure's function.
    pub(crate) fn closure_parts(&self, function: usize) -> (Rc<crate::runtime::function::FunctionInfo>, *const u64) {
        self.loaded.parts(function)
    }

    /// The span of the instruction at `pc`.
    pub(super) fn span_at(&self, pc: *const u64) -> Span {
        let Some((function, word)) = self.loaded.locate(pc) else { return Span::default() };
        let spans = &self.program.functions[function].spans;
        match spans.partition_point(|entry| entry.0 as usize <= word) {
            0 => Span::default(),
            found => spans[found - 1].1,
        }
    }

    /// Whether a function stands for a builtin.
    pub(crate) fn is_hidden(&self, function: usize) -> bool {
        self.program.hidden.contains(&self.program.functions[function].span.source)
    }

    /// The names of the functions in traces.
    pub(super) fn names(&mut self) -> Rc<Names> {
        if let Some(names) = &self.names {
            return names.clone();
        }
        let modules: FxHashSet<u32> = self.program.modules.iter().map(|module| module.function).collect();
        let name = |function: usize| match self.is_unnamed(function) {
            true if modules.contains(&(function as u32)) => Name::Module,
            true => Name::Hidden,
            false => Name::Shown(self.program.functions[function].name.clone().unwrap_or_else(|| "<lambda>".into())),
        };
        let names = Rc::new(Names::new((0..self.program.functions.len()).map(name)));
        self.names = Some(names.clone());
        names
    }

    /// Whether traces leave a function out: a top level, or what evaluates a default, which is no call that a script could see.
    fn is_unnamed(&self, function: usize) -> bool {
        let name = self.program.functions[function].name.as_deref();
        self.is_top_level(function) || name.is_some_and(|name| name.starts_with('='))
    }

    /// Where an error at `pc` is reported, and the active functions. Functions that stand for builtins are left out, and errors in
    /// them are reported at the call that entered them.
    pub(super) fn trace(&mut self, pc: *const u64) -> Trace {
        let mut walk = Walk::default();
        let mut outer = None;
        self.each_frame(pc, self.base, |site, base| {
            let shown = (!site.hidden).then_some(Frame { function: site.function, span: site.span });
            // SAFETY: the link slots of an active frame.
            let ends_task = unsafe { std::ptr::eq(*base.sub(1) as *const u64, self.async_end) };
            walk.step(base, shown, ends_task);
            match self.marks.callers(base) {
                Some(callers) => {
                    outer = callers.clone();
                    ControlFlow::Break(())
                }
                None => ControlFlow::Continue(()),
            }
        });
        let marks = &mut self.marks;
        marks.begin();
        let active = walk.list(outer, |base, callers| marks.set(base, callers));
        Trace::new(active, self.names())
    }

    /// Whether a function is the top level of the program or of a module, or a test block: no other has such a name.
    pub(super) fn is_top_level(&self, function: usize) -> bool {
        self.program.functions[function].name.as_deref().is_some_and(|name| name.starts_with('<'))
    }

    /// The error of an import, at `pc`, of the module whose top level is called `label` and is running.
    pub(crate) fn import_cycle(&self, pc: *const u64, label: &str) -> RuntimeError {
        let mut chain: Vec<Rc<str>> = Vec::new();
        let mut first = None;
        self.each_frame(pc, self.base, |site, _| {
            let function = site.function as usize;
            let module = self.program.modules.iter().find(|module| module.function as usize == function);
            if let Some(module) = module.filter(|_| first.is_none()) {
                chain.push(module.name.clone());
                let name = self.program.functions[function].name.as_deref();
                first = (name == Some(label)).then(|| module.name.clone());
            }
            ControlFlow::Continue(())
        });
        // A module that some other task is importing is not among the frames.
        let name = first.unwrap_or_else(|| label.trim_start_matches("<module ").trim_end_matches('>').into());
        if chain.last() != Some(&name) {
            chain = vec![name.clone()];
        }
        chain.reverse();
        chain.push(name);
        RuntimeError::message(format!("Circular import detected: {}", chain.join(" -> ")))
    }

    /// The frame below `base`: the caller's, or a generator's consumer's.
    pub(super) fn caller_of(&self, base: *mut u64) -> Option<*mut u64> {
        // SAFETY: the link slots of an active frame.
        unsafe {
            let back = *base.sub(1) as *const u64;
            if std::ptr::eq(back, self.loaded.halt()) {
                None
            } else if std::ptr::eq(back, self.generator_end) {
                Some(*base.sub(7) as *mut u64)
            } else if std::ptr::eq(back, self.async_end) {
                (*base.sub(6) != 0).then_some(*base.sub(7) as *mut u64)
            } else {
                Some(*base.sub(2) as *mut u64)
            }
        }
    }

    /// Calls `visit` with where each active function stands, and its frame, innermost first, from the frame `base`, which stands at
    /// `pc`, until it breaks off.
    pub(super) fn each_frame(
        &self,
        pc: *const u64,
        base: *mut u64,
        mut visit: impl FnMut(Site, *mut u64) -> ControlFlow<()>,
    ) {
        let (mut pc, mut base) = (pc, base);
        while let Some(site) = self.site(pc) {
            if visit(site, base).is_break() {
                break;
            }
            // SAFETY: the link slots of an active frame; the outermost one returns to the halt stub. The word before any other
            // return address belongs to the call.
            unsafe {
                let back = *base.sub(1) as *const u64;
                if std::ptr::eq(back, self.loaded.halt()) {
                    break;
                }
                if std::ptr::eq(back, self.generator_end) {
                    (pc, base) = (*base.sub(6) as *const u64, *base.sub(7) as *mut u64);
                } else if std::ptr::eq(back, self.async_end) {
                    let caller = *base.sub(6) as *const u64;
                    if caller.is_null() {
                        break;
                    }
                    (pc, base) = (overload::within(caller, base.sub(8)), *base.sub(7) as *mut u64);
                } else {
                    (pc, base) = (overload::within(back, base.sub(5)), *base.sub(2) as *mut u64);
                }
            }
        }
    }
}

/// Bits of a frame's depth slot that hold its depth; a mark is in those above.
const DEPTH_BITS: u32 = 20;
const _: () = assert!(MAX_CALL_DEPTH < 1 << DEPTH_BITS);

/// The depth of the frame at `base`.
///
/// # Safety
/// The link slots of an active frame.
pub(crate) unsafe fn depth(base: *mut u64) -> u64 {
    // SAFETY: the caller's.
    unsafe { *base.sub(4) & ((1 << DEPTH_BITS) - 1) }
}

/// Takes the mark off the frame at `base`, if it has one: whether it had. Such a frame seems too deep to whoever calls from it, which
/// leads to the slow forms of calls; they ask here first.
///
/// # Safety
/// As [`depth`].
pub(crate) unsafe fn unmark(base: *mut u64) -> bool {
    // SAFETY: the caller's.
    unsafe {
        let marked = *base.sub(4) >> DEPTH_BITS != 0;
        *base.sub(4) = depth(base);
        marked
    }
}

/// Which frames have callers whose list is known, because an error has been traced through them.
///
/// The frame says so itself, by a number above its depth. Whatever ends or moves a frame writes this slot anew: a return writes the
/// result, a call, a resumed generator and a restored task the depth. So a mark that is found is that of the same activation, whose
/// callers wait where they waited.
#[derive(Default)]
pub(super) struct Marks {
    /// By depth: the number of the walk that set it, and the list.
    known: Vec<(u64, Frames)>,
    walk: u64,
}

impl Marks {
    /// Another walk begins.
    fn begin(&mut self) {
        self.walk += 1;
    }

    fn callers(&self, base: *mut u64) -> Option<&Frames> {
        // SAFETY: the link slots of an active frame.
        let (mark, depth) = unsafe { (*base.sub(4) >> DEPTH_BITS, depth(base)) };
        if mark == 0 {
            return None;
        }
        let (walk, callers) = self.known.get(depth as usize)?;
        (*walk == mark).then_some(callers)
    }

    fn set(&mut self, base: *mut u64, callers: &Frames) {
        // SAFETY: as above; what is above the depth belongs to marks.
        unsafe {
            let depth = depth(base);
            if self.known.len() <= depth as usize {
                self.known.resize(depth as usize + 1, (0, None));
            }
            self.known[depth as usize] = (self.walk, callers.clone());
            *base.sub(4) = depth | self.walk << DEPTH_BITS;
        }
    }
}
