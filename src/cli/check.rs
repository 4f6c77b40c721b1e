//! `ruff check`: everything up to bytecode, for its diagnostics only, of the program and of all modules that its imports lead to.
//! Says nothing about a program that is fine.

use super::args::Check;
use super::{exit, input, output};
use crate::base::diagnostic::Diagnostic;
use crate::base::render::{self, Colour};
use crate::base::source::SourceMap;
use crate::engine::pipeline::{self, CompileOptions};
use std::ffi::OsStr;

/// Checks every file; gives the first exit code that is not 0.
pub fn check(arguments: &Check, colour: Colour) -> i32 {
    let codes: Vec<i32> = arguments.files.iter().map(|file| check_one(file, colour)).collect();
    codes.into_iter().find(|&code| code != exit::OK).unwrap_or(exit::OK)
}

fn check_one(file: &OsStr, colour: Colour) -> i32 {
    let (mut sources, main) = match input::load(file, colour) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let options = CompileOptions { modules: true, ..CompileOptions::default() };
    match pipeline::compile(&mut sources, main, &options, &mut |_, _| {}) {
        Ok(_) => exit::OK,
        Err(list) => refuse(&sources, &list, colour),
    }
}

/// Prints the diagnostics of a refused program; gives its exit code, that of the first.
pub fn refuse(sources: &SourceMap, list: &[Diagnostic], colour: Colour) -> i32 {
    output::complain(&render::diagnostics(sources, list, colour));
    list.first().map_or(exit::OK, |first| first.phase().exit_code())
}
