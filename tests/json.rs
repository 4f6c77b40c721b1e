//! `--json`: one object a line, with the fields that `design/diagnostics.md` promises, in that order, whatever is known.

mod common;

use common::{Finished, with_files};
use serde_json::Value;

const DIAGNOSTIC: &[&str] = &[
    "kind", "code", "severity", "phase", "message", "file", "line", "column", "end", "hint", "notes", "labels",
    "causes", "imported", "stack",
];
const TEST: &[&str] = &["kind", "file", "name", "outcome", "exit", "error"];
const OUTPUT: &[&str] = &["kind", "stdout", "stderr"];
const PROGRAM: &[&str] = &["kind", "file", "test", "outcome", "passed", "failed", "problems", "seconds"];
const SUMMARY: &[&str] = &["kind", "passed", "failed"];
const LINT: &[&str] = &["kind", "code", "level", "title", "explanation"];
const PASS: &[&str] = &["kind", "name", "level", "summary"];
const BUILTIN: &[&str] = &["kind", "name", "aliases", "least", "most", "purity", "capability", "documentation"];

fn fields(kind: &str) -> &'static [&'static str] {
    match kind {
        "diagnostic" => DIAGNOSTIC,
        "test" => TEST,
        "output" => OUTPUT,
        "program" => PROGRAM,
        "summary" => SUMMARY,
        "lint" => LINT,
        "pass" => PASS,
        "builtin" => BUILTIN,
        kind => panic!("there is no kind {kind}"),
    }
}

/// The records of a text, each of which has the fields of its kind, and no other; in the text they stand in that order.
#[track_caller]
fn records(text: &str) -> Vec<Value> {
    let parsed = text.lines().map(|line| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let object = value.as_object().unwrap_or_else(|| panic!("no object: {line}"));
        let names = fields(object["kind"].as_str().unwrap());
        assert_eq!(object.len(), names.len(), "{line}");
        let mut rest = line;
        for name in names {
            assert!(object.contains_key(*name), "{name}: {line}");
            let key = format!("\"{name}\":");
            let at = rest.find(&key).unwrap_or_else(|| panic!("{name} stands elsewhere: {line}"));
            rest = &rest[at + key.len()..];
        }
        value
    });
    parsed.collect()
}

#[track_caller]
fn single(text: &str) -> Value {
    let mut all = records(text);
    assert_eq!(all.len(), 1, "{text}");
    all.remove(0)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn ruff(files: &[(&str, &str)], words: &[&str]) -> Finished {
    with_files(files, words)
}

#[test]
fn an_uncaught_error_is_a_record_on_standard_error() {
    let text = "func f(xs) {\n  return xs[3]\n}\nprint(\"{\\\"kind\\\": 1}\")\nf([1])\n";
    let expected = json(
        r#"{"kind": "diagnostic", "code": "RUFVM001", "severity": "error", "phase": "runtime",
            "message": "Index out of bounds: 3", "file": "a.ruff", "line": 2, "column": 12,
            "end": {"line": 2, "column": 13}, "hint": ["the length is 1: indexes go from 0 to 0, or from -1 down to -1"], "notes": [], "labels": [],
            "causes": [], "imported": [], "stack": [{"function": "f", "file": "a.ruff", "line": 2, "column": 12}]}"#,
    );
    for engine in ["--engine=vm", "--engine=tree"] {
        let finished = ruff(&[("a.ruff", text)], &["run", "--json", engine, "a.ruff"]);
        assert_eq!((finished.code, finished.out.as_str()), (Some(4), "{\"kind\": 1}\n"));
        assert_eq!(single(&finished.err), expected);
    }
}

#[test]
fn every_kind_of_problem_is_a_record() {
    let run = |text: &str| ruff(&[("a.ruff", text)], &["run", "--json", "a.ruff"]);
    for (text, code, phase, exit) in [
        ("x := \"", "RUFLEX003", "lexer", 3),
        ("x := )", "RUFPARSE001", "parser", 3),
        ("break", "RUFVM001", "vm", 4),
        ("throw(1)", "RUFVM001", "runtime", 4),
    ] {
        let finished = run(text);
        let record = single(&finished.err);
        assert_eq!((finished.code, &record["code"], &record["phase"]), (Some(exit), &code.into(), &phase.into()));
        assert_eq!(
            (&record["severity"], &record["file"], &record["line"]),
            (&"error".into(), &"a.ruff".into(), &1.into())
        );
    }
    let missing = ruff(&[], &["run", "--json", "chekc"]);
    let record = single(&missing.err);
    assert_eq!((missing.code, &record["code"], &record["file"]), (Some(5), &"RUFCLI001".into(), &Value::Null));
    assert_eq!(record["hint"], json(r#"["Did you mean the command `check`?"]"#));
    let stopped = ruff(&[("a.ruff", "loop { }")], &["run", "--json", "--fuel=10", "a.ruff"]);
    assert_eq!((stopped.code, &single(&stopped.err)["message"]), (Some(6), &"Fuel limit of 10 exceeded".into()));
    let files = [("a.ruff", "import m\n"), ("m.ruff", "y := )\n")];
    let imported = single(&ruff(&files, &["run", "--json", "a.ruff"]).err);
    assert_eq!(
        (&imported["causes"][0]["file"], &imported["causes"][0]["code"]),
        (&"m.ruff".into(), &"RUFPARSE001".into())
    );
    let text = "let x := 1\nx := 2\n";
    let labelled = single(&run(text).err);
    let label = json(
        r#"{"message": "it is declared here", "file": "a.ruff", "line": 1, "column": 5, "end": {"line": 1, "column": 6}}"#,
    );
    assert_eq!(labelled["labels"], Value::Array(vec![label]));
}

#[test]
fn a_check_writes_records_to_standard_output() {
    let files = [("a.ruff", "é := 1\n"), ("b.ruff", "prnt(1)\n2 == 3\n"), ("c.ruff", "print(1)\n")];
    let checked = ruff(&files, &["check", "--json", "--deny=unused-value", "a.ruff", "b.ruff", "c.ruff", "d.ruff"]);
    assert_eq!((checked.code, checked.err.as_str()), (Some(3), ""));
    let all = records(&checked.out);
    let shown: Vec<(&str, &str, &str)> =
        all.iter().map(|one| ["code", "severity", "phase"].map(|name| one[name].as_str().unwrap()).into()).collect();
    let expected = [
        ("RUFLEX001", "error", "lexer"),
        ("undefined-name", "warning", "check"),
        ("unused-value", "error", "check"),
        ("RUFCLI001", "error", "cli"),
    ];
    assert_eq!(shown, expected);
    assert_eq!(all[1]["hint"], json(r#"["did you mean `print`?"]"#));
    assert_eq!(all[1]["end"], json(r#"{"line": 1, "column": 5}"#));
}

const BLOCKS: &str = "print(\"top\")\ntest \"good\" { eprint(\"aside\") assert(true) }\ntest \"bad\" { throw(\"no\") }\ntest \"gone\" { exit(3) }\n";

#[test]
fn tests_are_records_and_what_they_print_is_one_too() {
    for engine in ["--engine=vm", "--engine=tree"] {
        let finished = ruff(&[("a.ruff", BLOCKS)], &["test-run", "--json", engine, "a.ruff"]);
        assert_eq!((finished.code, finished.err.as_str()), (Some(1), ""));
        let all = records(&finished.out);
        let kinds: Vec<&str> = all.iter().map(|one| one["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["output", "test", "test", "test", "summary"]);
        assert_eq!(all[0], json(r#"{"kind": "output", "stdout": "top\n", "stderr": "aside\n"}"#));
        let good =
            r#"{"kind": "test", "file": "a.ruff", "name": "good", "outcome": "passed", "exit": null, "error": null}"#;
        assert_eq!(all[1], json(good));
        let error = &all[2]["error"];
        assert_eq!(
            (&all[2]["outcome"], &error["message"], &error["line"]),
            (&"failed".into(), &"no".into(), &3.into())
        );
        assert_eq!(error.as_object().map(serde_json::Map::len), Some(DIAGNOSTIC.len()));
        assert_eq!((&all[3]["exit"], &all[3]["error"]), (&3.into(), &Value::Null));
        assert_eq!(all[4], json(r#"{"kind": "summary", "passed": 1, "failed": 2}"#));
    }
    let refused = ruff(&[("a.ruff", "x := )")], &["test-run", "--json", "a.ruff"]);
    assert_eq!((refused.code, &single(&refused.out)["code"]), (Some(3), &"RUFPARSE001".into()));
    let none = ruff(&[("a.ruff", BLOCKS)], &["test-run", "--json", "--filter=zzz", "a.ruff"]);
    assert_eq!((none.code, &records(&none.out)[1]["code"]), (Some(1), &"RUFCLI002".into()));
}

#[test]
fn suites_are_records() {
    let files =
        [("a.ruff", BLOCKS), ("b.ruff", "print(1)\n"), ("b.out", "2\n"), ("c.ruff", "print(1)\n"), ("c.out", "1\n")];
    let finished = ruff(&files, &["test", "--json"]);
    assert_eq!((finished.code, finished.err.as_str()), (Some(1), ""));
    let all = records(&finished.out);
    let programs: Vec<&Value> = all.iter().filter(|one| one["kind"] == "program").collect();
    assert_eq!(all.iter().filter(|one| one["kind"] == "test").count(), 3);
    let shown: Vec<String> =
        programs.iter().map(|one| format!("{} {} {}", one["file"], one["test"], one["outcome"])).collect();
    let expected = [r#""a.ruff" "blocks" "failed""#, r#""b.ruff" "output" "failed""#, r#""c.ruff" "output" "passed""#];
    assert_eq!(shown, expected);
    assert_eq!(programs[1]["problems"], json(r#"["line 1: expected \"2\"", "line 1:      got \"1\""]"#));
    assert!(programs.iter().all(|one| one["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0)));
    assert_eq!(all.last(), Some(&json(r#"{"kind": "summary", "passed": 2, "failed": 3}"#)));
    let broken = ruff(&[("a.ruff", "test \"x\" { }\nexit(7)\n")], &["test", "--json"]);
    let all = records(&broken.out);
    assert_eq!((&all[0]["outcome"], &all[1]["failed"]), (&"failed".into(), &1.into()));
    let none = ruff(&[], &["test", "--json"]);
    assert_eq!((none.code, &single(&none.out)["code"]), (Some(1), &"RUFCLI002".into()));
}

#[test]
fn tables_are_records() {
    let passes = records(&ruff(&[], &["passes", "--json"]).out);
    let names = ruff(&[], &["passes", "--names"]).out;
    assert_eq!(
        passes.iter().map(|one| one["name"].as_str().unwrap()).collect::<Vec<_>>(),
        names.lines().collect::<Vec<_>>()
    );
    let builtins = records(&ruff(&[], &["doc", "--json"]).out);
    assert_eq!(builtins.len(), ruff(&[], &["doc"]).out.lines().count());
    let read = single(&ruff(&[], &["doc", "--json", "read_file"]).out);
    assert_eq!((&read["least"], &read["most"], &read["purity"]), (&1.into(), &1.into(), &"effect".into()));
    assert_eq!((&read["capability"], &read["kind"]), (&"filesystem-read".into(), &"builtin".into()));
    let any = single(&ruff(&[], &["doc", "--json", "print"]).out);
    assert_eq!((&any["least"], &any["most"], &any["aliases"]), (&0.into(), &Value::Null, &json(r#"["println"]"#)));
    let lints = records(&ruff(&[], &["check", "--explain=all", "--json"]).out);
    assert_eq!(lints.len(), ruff(&[], &["check", "--explain=all"]).out.lines().count());
    assert!(lints.iter().all(|one| one["level"] == "warn"));
}
