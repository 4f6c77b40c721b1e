//! Build script: selects the dispatch driver (`vm/dispatch.rs`), and how the binary is linked.
//!
//! `cfg(ruff_portable)` is set where tail calls cannot be relied on: targets other than x86-64, unoptimised builds, Miri, and
//! on request (`--features portable`).
//!
//! Linking (x86-64, GNU system): what a run brings into memory decides how much a small program takes and how fast it starts;
//! `design/performance.md` has the figures.

use std::env;
use std::path::Path;
use std::process::Command;

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
    let gnu = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if gnu && is("CARGO_CFG_TARGET_ARCH", "x86_64") && is("PROFILE", "release") {
        link();
    }
}

/// At a fixed address no table of pointers needs relocation, so its pages stay unread until used. What programs call stands side
/// by side (`benches/order.py`). And the unwinder, which only backtraces of bugs need, is not worth a shared library of its own.
fn link() {
    println!("cargo::rustc-link-arg-bins=-no-pie");
    println!("cargo::rerun-if-changed=src/order.ld");
    println!("cargo::rustc-link-arg-bins=-Wl,-T,{}/src/order.ld", env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    let unwinder = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output();
    // Without such a file the bare name comes back.
    if let Ok(found) = unwinder
        && Path::new(String::from_utf8_lossy(&found.stdout).trim()).is_absolute()
    {
        println!("cargo::rustc-link-lib=gcc_eh");
    }
}
