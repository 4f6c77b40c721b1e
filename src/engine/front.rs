//! What all engines share: from source texts to the resolved tree.

use super::modules;
use crate::base::builtin::BuiltinInfo;
use crate::base::diagnostic::Diagnostic;
use crate::base::intern::Interner;
use crate::base::source::{SourceId, SourceMap};
use crate::resolve::{self, Resolution, ResolveOptions};
use crate::runtime::builtins;
use crate::syntax;
use crate::syntax::ast::Program;
use bumpalo::Bump;

/// A resolved script.
pub(super) struct Front<'a> {
    /// Its tree.
    pub program: Program<'a>,
    /// Its words.
    pub interner: Interner,
    /// What its names mean, modules and the prelude included.
    pub resolution: Resolution<'a>,
    /// The sources of the prelude.
    pub hidden: Vec<SourceId>,
}

/// Parses a script, the modules it may import and the part of the prelude it mentions, and resolves them all.
pub(super) fn resolved<'a>(
    sources: &mut SourceMap,
    main: SourceId,
    tests: bool,
    arena: &'a Bump,
) -> Result<Front<'a>, Vec<Diagnostic>> {
    let mut interner = Interner::new();
    let parsed = syntax::parse(main, &sources.get(main).text, arena, &mut interner);
    if !parsed.diagnostics.is_empty() {
        return Err(parsed.diagnostics);
    }
    let mut imports = modules::load(&parsed.program, main, sources, arena, &mut interner);
    let mut hidden = Vec::new();
    let mut prelude_programs = Vec::new();
    for &(file, text) in builtins::PRELUDE {
        // Parsed only if the script mentions one of its functions: an unused prelude costs nothing.
        let declares = |name: &str| {
            let lazy = builtins::lazy_method(name);
            let functions = [Some(name), lazy.map(|method| method.function)];
            functions.into_iter().flatten().any(|function| {
                text.contains(&format!("func {function}(")) || text.contains(&format!("func* {function}("))
            })
        };
        if interner.names().any(declares)
            && let Some(id) = sources.add(file, text)
        {
            let parsed = syntax::parse(id, text, arena, &mut interner);
            if !parsed.diagnostics.is_empty() {
                return Err(parsed.diagnostics);
            }
            prelude_programs.push(parsed.program);
            hidden.push(id);
        }
    }
    let infos: Vec<BuiltinInfo> = builtins::infos().collect();
    let methods: Vec<(&str, &str)> =
        builtins::LAZY_METHODS.iter().map(|method| (method.name, method.function)).collect();
    loop {
        let options = ResolveOptions {
            builtins: &infos,
            prelude: &prelude_programs,
            methods: &methods,
            modules: &imports.modules,
            imports: &imports.main,
            tests,
        };
        match resolve::resolve(&parsed.program, &interner, &options) {
            Ok(resolution) => return Ok(Front { program: parsed.program, interner, resolution, hidden }),
            // What is wrong with a module is raised by whoever imports it.
            Err(list) if imports.refuse(&list, sources) => {}
            Err(list) => return Err(imports.of_program(list)),
        }
    }
}
