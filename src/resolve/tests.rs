//! Chains of candidates, as far as the IR does not show them yet.

use super::{Resolution, ResolveOptions, resolve};
use crate::base::diagnostic::Diagnostic;
use crate::base::intern::Interner;
use crate::base::source::SourceId;
use bumpalo::Bump;

fn with<T>(text: &str, f: impl FnOnce(Result<Resolution, Vec<Diagnostic>>, &Interner) -> T) -> T {
    let arena = Bump::new();
    let mut interner = Interner::new();
    let parsed = crate::syntax::parse(SourceId(0), text, &arena, &mut interner);
    assert_eq!(parsed.diagnostics, []);
    f(resolve(&parsed.program, &interner, &ResolveOptions::default()), &interner)
}

/// The occurrences that concern bindings called `name`, in source order: `!` for a definite candidate, `?` for a doubtful one, `+` for a
/// binding made.
fn chains(text: &str, name: &str) -> String {
    with(text, |resolution, interner| {
        let resolution = resolution.expect("a correct program");
        let symbol = interner.lookup(name).expect("a name of the program");
        let mut found = Vec::new();
        for info in &resolution.names {
            let candidates = resolution.candidates(*info);
            let ids = candidates.iter().map(|candidate| candidate.binding).chain(info.binding);
            if ids.clone().any(|id| resolution.binding(id).name == symbol) {
                let marks = candidates.iter().map(|candidate| if candidate.definite { '!' } else { '?' });
                found.push(marks.chain(info.binding.map(|_| '+')).collect::<String>());
            }
        }
        found.join(" ")
    })
}

#[test]
fn a_match_defines_for_certain_what_every_way_defines() {
    assert_eq!(chains("match 1 { case 1 { y := 1 } } print(y)", "y"), "+ ?");
    assert_eq!(chains("match 1 { case 1 { y := 1 } default { y := 2 } } print(y)", "y"), "+ + !");
    assert_eq!(
        chains("match 1 { case 1 { y := 1 } default { match 2 { case 2 { y := 2 } } } } print(y)", "y"),
        "+ + ?"
    );
    assert_eq!(chains("match 1 { case 1 { print(y) } case 2 { y := 1 print(y) } }", "y"), "+ !");
}

#[test]
fn payloads_and_their_numbered_companions_are_bound_around_the_match() {
    let text = "func f(v) { match v { case A::B(w) { } } return w_2 }";
    assert_eq!(chains(text, "w_2"), "?");
    assert_eq!(chains(text, "w"), "+");
}

#[test]
fn destructuring_declares_immutable_names() {
    assert_eq!(chains("[a, [b], ...c] := 1 a := 2 print(c)", "a"), "+ !");
    assert_eq!(chains("a := 1\n[a] := 2", "a"), "+ !+");
}

#[test]
fn methods_without_self_see_fields() {
    assert_eq!(chains("struct P { x, y  func m() { x := 1 return x } }", "x"), "?+ !");
    assert_eq!(chains("x := 1 struct P { x  func m() { return x } }", "x"), "+ ?!");
    assert_eq!(chains("x := 1 struct P { x  func m(self) { return x } }", "x"), "+ !");
}

#[test]
fn scopes_end_and_begin_anew() {
    assert_eq!(chains("if 1 { y := 1 } if 1 { print(y) }", "y"), "+");
    assert_eq!(chains("while 1 { print(y) y := 1 }", "y"), "+");
    assert_eq!(chains("y := 1 while 1 { y := 2 let y := 3 print(y) }", "y"), "+ ! + !");
    assert_eq!(chains("func f() { x := 1 let x := 2 return x } f() x := 1", "x"), "?+ ?+ ! +");
}

#[test]
fn generator_methods_are_refused() {
    let message =
        with("struct S { func *g() { } }", |resolution, _| resolution.err().map(|errors| errors[0].message.clone()));
    assert_eq!(message.as_deref(), Some("Generator methods are not supported for structs: S.g"));
}
