//! Source texts, positions in them, and spans.
//!
//! A [`Span`] is eight bytes and `Copy`, so every token, tree node, IR instruction and bytecode instruction can carry one.

/// Identifies one source text (the main script, a module, the prelude).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub u16);

/// A half-open range of bytes `[start, start + len)` in one source. Sources are at most 1 MiB, so `start` fits 24 bits;
/// spans longer than `u16::MAX` bytes are cut there (only their start is ever shown).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// Length in bytes, saturated.
    pub len: u16,
    /// Which source.
    pub source: SourceId,
}

impl Span {
    /// The span of bytes `[start, end)` of `source`.
    pub fn new(source: SourceId, start: usize, end: usize) -> Span {
        Span { start: start as u32, len: end.saturating_sub(start).min(u16::MAX as usize) as u16, source }
    }

    /// One past the last byte.
    pub fn end(self) -> u32 {
        self.start + self.len as u32
    }

    /// From the start of `self` to the end of `other`.
    pub fn to(self, other: Span) -> Span {
        Span::new(self.source, self.start as usize, other.end().max(self.end()) as usize)
    }
}
