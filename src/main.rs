//! The `ruff` binary: everything lives in [`ruff::cli`].

fn main() {}
