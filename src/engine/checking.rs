//! Checking a program without running it: errors of all stages, of its modules and test blocks too, then what the lints find.

use super::front::{self, Demands};
use super::pipeline::{self, CompileOptions};
use crate::base::diagnostic::Diagnostic;
use crate::base::source::{SourceId, SourceMap};
use crate::lint::facts::Facts;
use crate::lint::{self, Subject, Warning};
use bumpalo::Bump;

/// Checks a program and the modules its imports lead to.
///
/// # Errors
/// Its diagnostics: there are no warnings for what is no program.
pub fn check(sources: &mut SourceMap, main: SourceId) -> Result<Vec<Warning>, Vec<Diagnostic>> {
    let options = CompileOptions { modules: true, ..CompileOptions::default() };
    // Without the test blocks, whose presence makes globals of all top-level variables: so much more is known of their types.
    let mut scratch = sources.clone();
    let compiled = pipeline::lower(&mut scratch, main, &options).and_then(|lowered| {
        let facts = Facts::new(lowered.module.clone());
        pipeline::compile_lowered(lowered, &scratch, &options, &mut |_, _| {}).map(|_| facts)
    });
    let facts = compiled.inspect_err(|_| sources.clone_from(&scratch))?;
    let arena = Bump::new();
    let front = front::resolved(sources, main, Demands { tests: true, modules: true }, &options.permissions, &arena)?;
    let subject = Subject { sources, resolution: &front.resolution, interner: &front.interner, facts: &facts };
    Ok(lint::lint(&subject))
}
