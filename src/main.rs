//! The `ruff` binary: everything lives in [`ruff::cli`].

use ruff::runtime::memory::Counting;
use std::process::ExitCode;

/// So that limits on memory count what builtins and tasks take beside values.
#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    ruff::cli::main(std::env::args_os())
}
