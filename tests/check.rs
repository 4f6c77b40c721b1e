//! `ruff check` as a command: what it reads, which warnings it tells of, and its exit codes. What each lint finds: `tests/lint.rs`.

mod common;

use common::{Finished, at, expect, expect_complaint, with_files};

fn plain(words: &[&str]) -> Finished {
    with_files(&[], words)
}

/// A program with warnings of three codes, one of them allowed where it stands.
const DOUBTFUL: &str = "prnt(1)\nx := 1\n2 == 3\ny := 2 # allow: unused-variable\n";

#[test]
fn check_reports_without_running() {
    let fine = with_files(&[("a.ruff", "print(1)\nprint(len(\"a\"))\n")], &["check", "a.ruff"]);
    expect(&fine, 0, "");
    assert_eq!(fine.err, "");
    let parse = with_files(&[("a.ruff", "print(1) )\n")], &["check", "a.ruff"]);
    expect(&parse, 3, "");
    let compile = with_files(&[("a.ruff", "print(1)\ncontinue\n")], &["check", "a.ruff"]);
    expect(&compile, 4, "");
    let several = with_files(&[("a.ruff", "print(1)\n"), ("b.ruff", "x := \"\n")], &["check", "a.ruff", "b.ruff"]);
    expect_complaint(&several, 3, &["b.ruff:1:6", "RUFLEX003"]);
}

#[test]
fn warnings_are_denied_and_allowed_by_code() {
    let check = |flags: &[&str]| {
        let words: Vec<&str> = ["check"].iter().chain(flags).chain(&["a.ruff"]).copied().collect();
        with_files(&[("a.ruff", DOUBTFUL)], &words)
    };
    let heads = |finished: &Finished| -> Vec<String> {
        let heads = finished.err.lines().filter(|line| line.starts_with('['));
        heads.map(|line| line.split(": ").next().unwrap().to_owned()).collect()
    };
    let undefined = "[undefined-name] [check] warning";
    let (unused, value) = ("[unused-variable] [check] warning", "[unused-value] [check] warning");
    let plain = check(&[]);
    expect(&plain, 0, "");
    assert_eq!(heads(&plain), [undefined, unused, value]);
    let first = "[undefined-name] [check] warning: `prnt` is not defined on any path to here\n  --> a.ruff:1:1\n  |\n1 | prnt(1)\n  | ^^^^\n  = help: did you mean `print`?\n";
    assert!(plain.err.starts_with(first), "{}", plain.err);
    let denied = check(&["--deny", "unused-value"]);
    expect(&denied, 1, "");
    assert_eq!(heads(&denied), [undefined, unused, "[unused-value] [check] error"]);
    let allowed = check(&["--allow=unused-value,undefined-name"]);
    expect(&allowed, 0, "");
    assert_eq!(heads(&allowed), [unused]);
    let most = check(&["--deny=all", "--allow=undefined-name", "--allow=unused-value"]);
    expect(&most, 1, "");
    assert_eq!(heads(&most), ["[unused-variable] [check] error"]);
    let one = check(&["--warnings=off", "--deny=undefined-name"]);
    expect(&one, 1, "");
    assert_eq!(heads(&one), ["[undefined-name] [check] error"]);
    let none = check(&["--warnings=off"]);
    expect(&none, 0, "");
    assert_eq!(none.err, "");
    expect_complaint(
        &check(&["--deny=unused-valeu"]),
        2,
        &["there is no warning `unused-valeu`: did you mean `unused-value`?"],
    );
    expect_complaint(&check(&["--deny=case-name", "--allow=case-name"]), 2, &["`case-name` is denied and allowed"]);
    let run = with_files(&[("a.ruff", "x := 1\n2 == 3\n")], &["run", "a.ruff"]);
    expect(&run, 0, "");
    assert_eq!(run.err, "");
}

#[test]
fn warnings_are_explained() {
    let one = plain(&["check", "--explain", "case-name"]);
    assert!(one.code == Some(0) && one.out.starts_with("case-name: `case name` where"), "{}", one.out);
    let all = plain(&["check", "--explain=all"]);
    assert!(all.out.lines().count() > 20 && all.out.contains("\nunused-value"), "{}", all.out);
    expect_complaint(&plain(&["check", "--explain", "x"]), 2, &["there is no warning `x`"]);
}

#[test]
fn folders_are_checked_whole_and_each_file_once() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    std::fs::create_dir_all(directory.path().join("src/deep")).unwrap();
    std::fs::create_dir(directory.path().join("src/target")).unwrap();
    write("src/a.ruff", "import shapes\nprint(shapes.area(1))\n");
    write("src/shapes.ruff", "export func area(w) { unused := 1 return w }\n");
    write("src/deep/b.ruff", "x := )\n");
    write("src/target/c.ruff", "prnt(1)\n");
    let checked = at(directory.path(), &["check", "src"], None);
    expect(&checked, 3, "");
    assert_eq!(checked.err.matches("--> src/shapes.ruff:1:23").count(), 1, "{}", checked.err);
    assert_eq!(checked.err.matches("RUFPARSE001").count(), 1, "{}", checked.err);
    assert!(!checked.err.contains("prnt"), "{}", checked.err);
    let empty = at(directory.path(), &["check", "src/target"], None);
    expect(&empty, 0, "");
    std::fs::create_dir(directory.path().join("empty")).unwrap();
    expect_complaint(&at(directory.path(), &["check", "empty"], None), 1, &["no programs found in 'empty'"]);
}

/// What a run never sees is checked as well.
#[test]
fn test_blocks_are_checked() {
    let wrong = with_files(&[("a.ruff", "test \"x\" { missing() }\n")], &["check", "a.ruff"]);
    expect(&wrong, 0, "");
    assert!(wrong.err.contains("undefined-name"), "{}", wrong.err);
    let refused = with_files(&[("a.ruff", "test \"x\" { break }\n")], &["check", "a.ruff"]);
    expect_complaint(&refused, 4, &["break can only be used inside a loop"]);
}
