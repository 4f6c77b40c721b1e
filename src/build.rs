//! Build script: selects the dispatch driver (`vm/dispatch.rs`).
//!
//! `cfg(ruff_portable)` is set where tail calls cannot be relied on: targets other than x86-64, unoptimised builds, Miri, and
//! on request (`--features portable`).

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rustc-check-cfg=cfg(ruff_portable)");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let portable = !is("CARGO_CFG_TARGET_ARCH", "x86_64")
        || is("OPT_LEVEL", "0")
        || env::var_os("CARGO_CFG_MIRI").is_some()
        || env::var_os("CARGO_FEATURE_PORTABLE").is_some();
    if portable {
        println!("cargo::rustc-cfg=ruff_portable");
    }
}
