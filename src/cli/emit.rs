//! `ruff emit`: the textual form of each stage of the compiler.

use super::args::{Emit, Stage};
use super::form::Form;
use super::{check, input, output, passes};
use crate::base::intern::Interner;
use crate::engine::pipeline;
use crate::ir::print::{Spans, print_module};
use crate::syntax::{self, lexer, print};
use bumpalo::Bump;

/// Prints what a stage makes of a program; gives the exit code.
pub fn emit(arguments: &Emit, form: Form) -> i32 {
    match prepared(arguments, form) {
        Ok(text) => output::print(&text),
        Err(code) => code,
    }
}

fn prepared(arguments: &Emit, form: Form) -> Result<String, i32> {
    if arguments.after.is_some() && arguments.stage != Stage::Ir {
        return Err(output::usage("`--after` goes with `emit ir` only"));
    }
    let mut options = passes::options(&arguments.pipeline)?;
    if let Some(pass) = &arguments.after {
        passes::stop_after(&mut options, pass)?;
    }
    let (mut sources, main) = input::load(&arguments.file, form)?;
    match arguments.stage {
        Stage::Tokens => {
            let arena = Bump::new();
            let text = &sources.get(main).text;
            let (tokens, list) = lexer::lex(main, text, &arena, &mut Interner::new());
            if !list.is_empty() {
                return Err(check::refuse(&sources, &list, form));
            }
            Ok(print::tokens(text, &tokens))
        }
        Stage::Ast => {
            let (arena, mut interner) = (Bump::new(), Interner::new());
            let parsed = syntax::parse(main, &sources.get(main).text, &arena, &mut interner);
            if !parsed.diagnostics.is_empty() {
                return Err(check::refuse(&sources, &parsed.diagnostics, form));
            }
            Ok(print::program(&parsed.program, &interner))
        }
        Stage::Ir => {
            let lowered = pipeline::lower(&mut sources, main, &options);
            let mut module = lowered.map_err(|list| check::refuse(&sources, &list, form))?.module;
            let report = pipeline::optimise(&mut module, &options, &mut passes::dump);
            passes::show_times(&arguments.pipeline, &report);
            Ok(print_module(&module, Spans::Hide))
        }
        Stage::Bytecode => {
            let compiled = pipeline::compile(&mut sources, main, &options, &mut passes::dump);
            let compiled = compiled.map_err(|list| check::refuse(&sources, &list, form))?;
            passes::show_times(&arguments.pipeline, &compiled.report);
            Ok(compiled.disassembly())
        }
    }
}
