//! `ruff`: the Ruff language on a register machine.
//!
//! ```text
//! source -> syntax::parse -> resolve::resolve -> lower::lower -> passes::run -> ownership -> regalloc::allocate
//!        -> bytecode::emit -> bytecode::verify -> vm::run
//! ```
//!
//! | floor | modules |
//! |---|---|
//! | 0 | [`base`]: sources, spans, diagnostics, interning, limits |
//! | 1 | [`semantics`]: what operators mean on scalars; [`syntax`]: tokens, tree, parser |
//! | 2 | [`resolve`]: names to bindings |
//! | 3 | [`ir`]: the SSA form, pure data |
//! | 4 | [`lower`]: tree to IR; [`passes`]: IR to IR |
//! | 5 | [`ownership`]: moves, copies, drops; [`regalloc`]: registers |
//! | 6 | [`bytecode`]: the instruction set, emission, verification |
//! | 7 | [`runtime`]: values, heap, builtins |
//! | 8 | [`vm`]: dispatch, handlers, unwinding; [`reference`](mod@reference): the tree walker, an oracle; [`lint`]: the warnings of `ruff check` |
//! | 10 | [`engine`]: the pipeline and the embedding API |
//! | 11 | [`cli`]: the command line |
//!
//! To embed the language, compile with [`engine::pipeline::compile`] and run with [`engine::pipeline::run`], or step by step and
//! within limits on work and memory with [`engine::execution::Execution`].
//!
//! A module names only lower floors; `tests/tidy.rs` holds that.

pub mod base;
pub mod bytecode;
pub mod cli;
pub mod engine;
pub mod ir;
pub mod lint;
pub mod lower;
pub mod ownership;
pub mod passes;
pub mod reference;
pub mod regalloc;
pub mod resolve;
pub mod runtime;
pub mod semantics;
pub mod syntax;
pub mod vm;
