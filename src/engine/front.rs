//! What all engines share: from source texts to the resolved tree.

use super::modules::{self, Failures};
use crate::base::builtin::BuiltinInfo;
use crate::base::diagnostic::Diagnostic;
use crate::base::intern::Interner;
use crate::base::source::{SourceId, SourceMap};
use crate::resolve::{self, Resolution, ResolveOptions};
use crate::runtime::builtins;
use crate::runtime::capability::Permissions;
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
    /// The imports that lead nowhere.
    pub failures: Failures,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Demands {
    /// The test blocks, too.
    pub tests: bool,
    /// That the modules are right, too.
    pub modules: bool,
}

/// Parses a script, the modules it may import and the part of the prelude it mentions, and resolves them all.
///
/// # Errors
/// The diagnostics of the script; then, if they are asked for, those of its modules.
pub(super) fn resolved<'a>(
    sources: &mut SourceMap,
    main: SourceId,
    demands: Demands,
    permissions: &Permissions,
    arena: &'a Bump,
) -> Result<Front<'a>, Vec<Diagnostic>> {
    let mut interner = Interner::new();
    let parsed = syntax::parse(main, &sources.get(main).text, arena, &mut interner);
    if !parsed.diagnostics.is_empty() && !demands.modules {
        return Err(parsed.diagnostics);
    }
    let mut imports = modules::load(&parsed.program, main, sources, arena, &mut interner, permissions);
    if !parsed.diagnostics.is_empty() {
        return Err([parsed.diagnostics, imports.diagnostics()].concat());
    }
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
            tests: demands.tests,
        };
        match resolve::resolve(&parsed.program, &interner, &options) {
            Ok(_) if demands.modules && imports.any_broken() => return Err(imports.diagnostics()),
            Ok(resolution) => {
                let failures = imports.failures(&parsed.program);
                return Ok(Front { program: parsed.program, interner, resolution, hidden, failures });
            }
            // What is wrong with a module is raised by whoever imports it.
            Err(list) => {
                let own = imports.refuse(list, sources);
                if !own.is_empty() {
                    let modules = if demands.modules { imports.diagnostics() } else { Vec::new() };
                    return Err([own, modules].concat());
                }
            }
        }
    }
}
