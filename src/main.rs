//! The `ruff` binary: everything lives in [`ruff::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    ruff::cli::main(std::env::args_os())
}
