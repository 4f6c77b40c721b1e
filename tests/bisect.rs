//! Optimisation fuel: after any number of rewrites the intermediate form is valid and the program behaves as without any.

use ruff::base::source::SourceMap;
use ruff::engine::pipeline::{self, CompileOptions, Outcome, RunOptions};
use ruff::passes::manager::{PassOptions, Report};
use ruff::runtime::host::Host;
use std::path::{Path, PathBuf};

/// Areas whose programs need nothing but themselves.
const AREAS: &[&str] = &[
    "closures",
    "control",
    "destructuring",
    "errors",
    "functions",
    "generators",
    "match",
    "operators",
    "scope",
    "structs",
];
/// Amounts of fuel tried for each program, evenly spread, besides none and all.
const AMOUNTS: usize = 7;

fn programs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let mut found: Vec<PathBuf> = AREAS
        .iter()
        .flat_map(|area| std::fs::read_dir(root.join(area)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "ruff") && path.with_extension("out").exists())
        .collect();
    found.sort();
    assert!(found.len() > 100, "only {} programs", found.len());
    found
}

/// Compiles with these rewrites, checking every stage, and runs; `None` if the program is refused.
fn behaviour(text: &str, fuel: Option<usize>, only: Option<&str>) -> Option<(String, Outcome, Report)> {
    let mut sources = SourceMap::new();
    let main = sources.add("case.ruff", text).unwrap();
    let passes = PassOptions { fuel, only: only.map(str::to_owned), ..PassOptions::default() };
    let options = CompileOptions { passes, verify: true, ..CompileOptions::default() };
    let compiled = pipeline::compile(&mut sources, main, &options, &mut |_, _| {}).ok()?;
    let mut host = Host::captured("");
    let (outcome, _) = pipeline::run(&compiled, &mut host, &RunOptions::default());
    Some((host.take_output().0, outcome, compiled.report))
}

#[test]
fn any_amount_of_fuel_keeps_the_behaviour() {
    let mut rewrites = 0;
    for path in programs().iter().step_by(3) {
        let text = std::fs::read_to_string(path).unwrap();
        let Some((out, outcome, report)) = behaviour(&text, None, None) else { continue };
        let total = report.rewrites;
        rewrites += total;
        for amount in (0..=AMOUNTS).map(|i| total * i / AMOUNTS) {
            let (part_out, part_outcome, part) = behaviour(&text, Some(amount), None).unwrap();
            assert_eq!(part.rewrites, amount, "{}", path.display());
            assert!(part_out == out && part_outcome == outcome, "{} with --opt-fuel={amount}", path.display());
        }
    }
    assert!(rewrites > 1000, "{rewrites}");
}

#[test]
fn every_amount_of_fuel_keeps_one_program() {
    let text = r#"
func f(n) {
  mut t := 0
  for i in n {
    if i % 2 == 0 && n > 1 { t := t + i } else { try { t := t / (i - 3) } except e { t := t - 1 } }
  }
  return t
}
func g(a) {
  mut b := a
  while len(b) < 5 { b := push(b, 1 + 2) }
  match b[0] {
    case 1: { return "one" }
    default: { return null ?? 7 }
  }
}
print(f(10), g([1]), g([2]))
"#;
    let (out, outcome, report) = behaviour(text, None, None).unwrap();
    assert!(report.rewrites > 20, "{}", report.rewrites);
    for amount in 0..report.rewrites {
        let (part_out, part_outcome, part) = behaviour(text, Some(amount), None).unwrap();
        assert_eq!((part_out, part_outcome, part.rewrites), (out.clone(), outcome.clone(), amount));
    }
}

#[test]
fn only_the_named_function_is_changed() {
    let text = "func f() { return 1 + 2 }\nfunc g() { return 3 + 4 }\nprint(f() + g())\n";
    let (out, _, all) = behaviour(text, None, None).unwrap();
    let (only_out, _, only) = behaviour(text, None, Some("g")).unwrap();
    assert_eq!((&*out, &*only_out), ("10\n", "10\n"));
    assert!(0 < only.rewrites && only.rewrites < all.rewrites);
    assert_eq!(only.last.unwrap().1, "g");
    assert_eq!(behaviour(text, None, Some("nobody")).unwrap().2.rewrites, 0);
}
