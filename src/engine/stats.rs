//! What a run did, counted exactly.

use crate::bytecode::op::Opcode;
use crate::runtime::heap;
use std::fmt;

/// Counters of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Executed instructions of each opcode that ran, most frequent first.
    pub instructions: Vec<(&'static str, u64)>,
    /// Calls of the script's functions: generators and async functions count where their bodies start, imported modules where
    /// their top level does.
    pub calls: u64,
    /// Instructions whose only work is counting references.
    pub counting: u64,
    /// Heap objects allocated.
    pub allocations: u64,
    /// Payloads copied because they were shared when changed.
    pub copies_on_write: u64,
    /// Most heap bytes in use at once.
    pub peak_bytes: u64,
    /// Heap objects alive after the run.
    pub live_objects: u64,
}

impl Stats {
    /// From the machine's counters and the heap's before and after.
    pub(super) fn new(counts: &[u64], calls: u64, before: &heap::Stats, after: &heap::Stats) -> Stats {
        let mut instructions: Vec<(&'static str, u64)> = Opcode::ALL
            .iter()
            .zip(counts)
            .filter(|(_, count)| **count > 0)
            .map(|(op, &n)| (op.info().name, n))
            .collect();
        instructions.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let count = |ops: &[Opcode]| ops.iter().map(|&op| counts.get(op as usize).copied().unwrap_or(0)).sum();
        Stats {
            instructions,
            calls,
            counting: count(&[Opcode::copy_value, Opcode::drop_value]),
            allocations: after.allocations - before.allocations,
            copies_on_write: after.copies_on_write - before.copies_on_write,
            peak_bytes: after.peak_bytes as u64,
            live_objects: after.live_objects - before.live_objects,
        }
    }

    /// All executed instructions.
    pub fn total(&self) -> u64 {
        self.instructions.iter().map(|entry| entry.1).sum()
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>16}  instructions", self.total())?;
        for (name, count) in &self.instructions {
            writeln!(f, "{count:>16}    {name}")?;
        }
        writeln!(f, "{:>16}  calls", self.calls)?;
        writeln!(f, "{:>16}  count instructions (copy_value, drop_value)", self.counting)?;
        writeln!(f, "{:>16}  allocations", self.allocations)?;
        writeln!(f, "{:>16}  copies on write", self.copies_on_write)?;
        writeln!(f, "{:>16}  bytes of heap at the peak", self.peak_bytes)
    }
}
