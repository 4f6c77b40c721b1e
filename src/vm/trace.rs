//! Who is active: walking the link slots of the frames.

use super::Vm;
use super::handlers::overload;
use super::site::Site;
use super::unwind::Active;
use crate::base::source::Span;
use crate::runtime::error::RuntimeError;
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

    /// Where an error at `pc` is reported, and the active functions, innermost first, without the top level.
    /// Functions that stand for builtins are left out, and errors in them are reported at the call that entered them.
    pub(super) fn trace(&self, pc: *const u64) -> (Span, Active) {
        let mut active = Active::new();
        let mut span = None;
        self.each_frame(pc, self.base, |site, _| {
            if !site.hidden {
                span.get_or_insert(site.span);
                if site.named {
                    active.push(site.function);
                }
            }
        });
        (span.unwrap_or_default(), active)
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

    /// Calls `visit` with where each active function stands, and its frame, innermost first, from the frame `base`, which stands at `pc`.
    pub(super) fn each_frame(&self, pc: *const u64, base: *mut u64, mut visit: impl FnMut(Site, *mut u64)) {
        let (mut pc, mut base) = (pc, base);
        while let Some(site) = self.site(pc) {
            visit(site, base);
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
