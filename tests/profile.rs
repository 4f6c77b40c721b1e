//! Profiles: exact, complete, and of the right functions, through errors, generators, tasks and recursion.

use ruff::base::source::SourceMap;
use ruff::engine::pipeline::{self, CompileOptions, Compiled, Outcome, RunOptions};
use ruff::engine::profile::{self, Profile};
use ruff::runtime::host::Host;

fn compiled(text: &str) -> Compiled {
    let mut sources = SourceMap::new();
    let main = sources.add("a.ruff", text).unwrap();
    pipeline::compile(&mut sources, main, &CompileOptions::default(), &mut |_, _| {})
        .unwrap_or_else(|list| panic!("{list:?}"))
}

/// The profile of a program, whose sums all agree with what `--stats` counts.
#[track_caller]
fn profiled(text: &str, arguments: &[&str]) -> (Outcome, Profile) {
    let compiled = compiled(text);
    let host = || Host::captured("").with_arguments(arguments.iter().map(|&word| word.to_owned()).collect());
    let (plain, stats) = pipeline::run(&compiled, &mut host(), &RunOptions { stats: true, ..RunOptions::default() });
    let (outcome, profile) = profile::profile(&compiled, &mut host());
    assert_eq!(outcome, plain);
    let stats = stats.expect("asked for");
    assert_eq!(profile.total, stats.total());
    let counted = profile.functions.iter().filter(|function| function.name != "<main>");
    let counted = counted.filter(|function| !function.place.0.starts_with("<prelude>"));
    assert_eq!(stats.calls, counted.map(|function| function.calls).sum::<u64>(), "calls");
    assert_eq!(profile.total, profile.lines.iter().map(|line| line.executed).sum::<u64>(), "lines");
    assert_eq!(profile.total, profile.functions.iter().map(|function| function.own).sum::<u64>(), "functions");
    assert_eq!(profile.total, profile.chains.iter().map(|chain| chain.1).sum::<u64>(), "chains");
    (outcome, profile)
}

/// The chains, without their counts.
fn chains(profile: &Profile) -> Vec<&str> {
    profile.chains.iter().map(|chain| chain.0.as_str()).collect()
}

fn calls(profile: &Profile, name: &str) -> u64 {
    profile.functions.iter().filter(|function| function.name == name).map(|function| function.calls).sum()
}

fn line(profile: &Profile, number: u32) -> u64 {
    profile.lines.iter().filter(|line| line.place.1 == number).map(|line| line.executed).sum()
}

#[test]
fn a_line_counts_what_it_executes() {
    let text = |rounds: u32| {
        format!("func f(n) {{\n  mut t := 0\n  for i in n {{\n    t := t + i\n  }}\n  return t\n}}\nf({rounds})\n")
    };
    let (few, many) = (profiled(&text(10), &[]).1, profiled(&text(30), &[]).1);
    assert_eq!(line(&many, 4) - line(&few, 4), 20, "one addition a round");
    assert_eq!(line(&many, 2), line(&few, 2));
    assert_eq!(line(&many, 6), line(&few, 6));
}

#[test]
fn calls_and_chains_of_recursive_functions() {
    let (_, profile) = profiled("func f(n) { if n < 2 { return n } return f(n - 1) + f(n - 2) }\nprint(f(4))\n", &[]);
    assert_eq!(calls(&profile, "f"), 9);
    let main = profile.functions.iter().find(|function| function.name == "<main>").unwrap();
    assert_eq!(main.inclusive, profile.total);
    let f = profile.functions.iter().find(|function| function.name == "f").unwrap();
    assert_eq!(f.inclusive, f.own, "it calls nothing but itself, which does not count twice");
    assert_eq!(chains(&profile), ["<main>", "<main>;f", "<main>;f;f", "<main>;f;f;f", "<main>;f;f;f;f"]);
}

#[test]
fn errors_end_the_functions_they_leave() {
    let text = "func inner(i) { if i > 0 { throw(\"x\") } return i }\nfunc outer(i) { inner(i) return 1 }\n\
                func after() { return 2 }\nfor i in 3 { try { outer(i) } except e { after() } }\nafter()\n";
    let (_, profile) = profiled(text, &[]);
    assert_eq!(chains(&profile), ["<main>", "<main>;after", "<main>;outer", "<main>;outer;inner"]);
    assert_eq!((calls(&profile, "outer"), calls(&profile, "after")), (3, 3));
    let (outcome, profile) = profiled("func f() { return 1 / 0 }\nf()\n", &[]);
    assert!(matches!(outcome, Outcome::Error(_)));
    assert_eq!(chains(&profile), ["<main>", "<main>;f"]);
    assert_eq!(profiled("func f() { exit(3) }\nf()\n", &[]).0, Outcome::Exit(3));
}

#[test]
fn a_generator_runs_below_whoever_demands() {
    let text = "func* g() { yield step(1) yield step(2) }\nfunc step(x) { return x }\nfunc first(it) { return it.next() }\n\
                it := g()\nfirst(it)\nfor v in it { step(v) }\n";
    let (_, profile) = profiled(text, &[]);
    let expected = ["<main>", "<main>;first", "<main>;first;g", "<main>;first;g;step", "<main>;g", "<main>;g;step"];
    // The loop's own call of `step`, and the call of `g` that only makes the generator.
    let mut expected: Vec<&str> = expected.into_iter().chain(["<main>;step"]).collect();
    expected.sort_unstable();
    assert_eq!(chains(&profile), expected);
    assert_eq!(calls(&profile, "g"), 1);
    assert_eq!(calls(&profile, "step"), 3);
}

#[test]
fn tasks_that_take_turns_in_one_place_are_told_apart() {
    let text = "async func a(n) { for i in n { pause() work() } return n }\nasync func b(n) { for i in n { pause() work() } return n }\n\
                func work() { return 1 }\nfunc pause() { sleep(0) return 1 }\np := [a(3), b(3)]\nawait p[0]\nawait p[1]\nspawn { work() }\nsleep(1)\n";
    let (_, profile) = profiled(text, &[]);
    let expected =
        ["<lambda:8>", "<lambda:8>;work", "<main>", "<main>;a", "<main>;a;pause", "<main>;b", "<main>;b;pause"];
    let expected: Vec<&str> =
        expected.into_iter().chain(["a", "a;pause", "a;work", "b", "b;pause", "b;work"]).collect();
    assert_eq!(chains(&profile), expected);
    assert_eq!(calls(&profile, "work"), 7);
    assert_eq!(calls(&profile, "a"), 1);
    let cost = |name: &str| profile.chains.iter().find(|chain| chain.0 == name).map(|chain| chain.1);
    assert_eq!(cost("a"), cost("b"), "they do the same");
    assert_eq!(cost("a;work"), cost("b;work"));
    assert_eq!(cost("a;pause"), cost("b;pause"), "both wait in the same place");
}

/// Builtins with their lines, calls and units.
fn builtins(profile: &Profile) -> Vec<(&str, u32, u64, u64)> {
    let mut all: Vec<_> =
        profile.builtins.iter().map(|cost| (cost.name.as_str(), cost.place.1, cost.calls, cost.units)).collect();
    all.sort_by_key(|cost| (cost.1, cost.0));
    all
}

#[test]
fn builtins_count_what_they_do_for_the_line_that_calls_them() {
    // 4096 elements are 1024 units to look at, 512 to copy; sorting takes the logarithm more.
    let text = "a := range(4096)\nb := reverse(a)\nfor i in 3 {\n  b := sort(b)\n}\nfunc f(a) { return a.reverse() }\nf(a)\nf(b)\n\
                g := sum\nprint(g(a), type(b))\n";
    let (_, profile) = profiled(text, &[]);
    let all = builtins(&profile);
    assert!(all.contains(&("reverse", 2, 1, 1025 + 512)), "{all:?}");
    assert!(all.contains(&("sort", 4, 3, 3 * (1024 * 11 + 1))), "{all:?}");
    assert!(all.contains(&("reverse", 6, 2, 2 * (1025 + 512))), "a method, in a function: {all:?}");
    assert!(all.contains(&("sum", 10, 1, 1025)), "through a value: {all:?}");
    assert!(all.contains(&("print", 10, 1, 1)), "{all:?}");
    assert_eq!(profile.builtins[0].name, "sort", "the most expensive first");
}

#[test]
fn builtins_inside_of_builtins_count_for_the_program() {
    let text = "a := range(4096)\nb := sort_by(a, func(x) { return -x })\nasync func f() {\n  return to_json(a)\n}\n\
                await f()\nt := spawn_task(f)\nawait await_task(t)\ntry { parse_int(\"x\") } except e { }\n";
    let (_, profile) = profiled(text, &[]);
    assert!(profile.builtins.iter().all(|cost| cost.place.0 == "a.ruff"), "{:?}", profile.builtins);
    let all = builtins(&profile);
    let find = |name: &str, line: u32| all.iter().find(|cost| (cost.0, cost.1) == (name, line)).copied();
    let (_, _, calls, units) = find("sort_by", 2).unwrap_or_else(|| panic!("{all:?}"));
    assert!(calls == 1 && units > 1024 * 11, "{all:?}");
    let (_, _, calls, units) = find("to_json", 4).unwrap_or_else(|| panic!("{all:?}"));
    assert!(calls == 2 && units >= 2 * 1025, "{all:?}");
    assert_eq!(find("parse_int", 9), Some(("parse_int", 9, 1, 1)), "a call that raises");
}

#[test]
fn methods_callbacks_and_operators_have_their_callers() {
    let text = "struct V { x\n  func op_add(self, o) { return V { x: self.x + o.x } }\n  func twice(self) { return self + self }\n}\n\
                print(V { x: 1 }.twice())\nprint(map([1], func(x) { return x }))\n";
    let (_, profile) = profiled(text, &[]);
    let expected = ["<main>", "<main>;V.twice", "<main>;V.twice;V.op_add", "<main>;map", "<main>;map;<lambda:6>"];
    assert_eq!(chains(&profile), expected);
    assert!(profile.functions.iter().any(|function| function.place.0 == "<prelude>/array.ruff"));
}

#[test]
fn deep_recursion_keeps_exact_counts() {
    let (_, profile) = profiled("func f(n) { if n == 0 { return 0 } return 1 + f(n - 1) }\nprint(f(50000))\n", &[]);
    assert_eq!(calls(&profile, "f"), 50001);
    assert!(profile.chains.len() <= ruff::vm::DEEPEST as usize);
}

#[test]
fn all_benchmarks_have_profiles_that_add_up() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/programs");
    for line in std::fs::read_to_string(directory.join("reduced.txt")).unwrap().lines() {
        let (name, size) = line.split_once(' ').unwrap();
        let text = std::fs::read_to_string(directory.join(name).with_extension("ruff")).unwrap();
        assert_eq!(profiled(&text, &[size]).0, Outcome::Finished, "{name}");
    }
}
