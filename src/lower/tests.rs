//! Lowered programs as text, and the verifier over all conformance programs.

use crate::base::builtin::{BuiltinId, BuiltinInfo};
use crate::base::intern::Interner;
use crate::base::source::SourceId;
use crate::ir::print::{Spans, print_module};
use crate::ir::verify::verify_module;
use crate::resolve::{ResolveOptions, resolve};
use bumpalo::Bump;

const BUILTINS: &[&str] = &["print", "push", "append", "range", "len", "map", "max", "to_string"];

fn builtins() -> Vec<BuiltinInfo> {
    BUILTINS.iter().enumerate().map(|(i, &name)| BuiltinInfo { name, id: BuiltinId(i as u16) }).collect()
}

/// The IR of a program, or its diagnostics, one a line.
fn ir(text: &str) -> String {
    let arena = Bump::new();
    let mut interner = Interner::new();
    let parsed = crate::syntax::parse(SourceId(0), text, &arena, &mut interner);
    assert_eq!(parsed.diagnostics, []);
    let builtins = builtins();
    let options = ResolveOptions { builtins: &builtins, prelude: &[] };
    let lowered =
        resolve(&parsed.program, &interner, &options).and_then(|resolution| super::lower(&resolution, &interner));
    match lowered {
        Ok(module) => {
            let text = print_module(&module, Spans::Hide);
            if let Err(violations) = verify_module(&module) {
                panic!("{violations:?}\n{text}");
            }
            text
        }
        Err(diagnostics) => diagnostics.iter().map(|d| format!("error: {}\n", d.message)).collect(),
    }
}

#[test]
#[ignore = "a tool: prints the IR of the program in the environment"]
fn show() {
    let path = std::env::var("RUFF_SHOW").expect("RUFF_SHOW names a file");
    println!("{}", ir(&std::fs::read_to_string(path).expect("a readable file")));
}

/// Everything the engine accepts so far passes the verifier; what is refused is refused by name.
#[test]
fn conformance_programs_pass_the_verifier() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let mut lowered = 0;
    for family in std::fs::read_dir(root).expect("the conformance cases") {
        let family = family.expect("an entry").path();
        for case in std::fs::read_dir(&family).into_iter().flatten() {
            let path = case.expect("an entry").path();
            if path.extension().is_none_or(|extension| extension != "ruff") {
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let arena = Bump::new();
            let mut interner = Interner::new();
            let parsed = crate::syntax::parse(SourceId(0), &text, &arena, &mut interner);
            if !parsed.diagnostics.is_empty() {
                continue;
            }
            let builtins = builtins();
            let options = ResolveOptions { builtins: &builtins, prelude: &[] };
            let Ok(resolution) = resolve(&parsed.program, &interner, &options) else { continue };
            match super::lower(&resolution, &interner) {
                Ok(module) => {
                    lowered += 1;
                    if let Err(violations) = verify_module(&module) {
                        panic!("{}: {}\n{}", path.display(), violations[0], print_module(&module, Spans::Hide));
                    }
                }
                Err(diagnostics) => {
                    assert!(diagnostics[0].message.ends_with("is not supported yet"), "{:?}", diagnostics[0]);
                }
            }
        }
    }
    assert!(lowered > 300, "{lowered}");
}
