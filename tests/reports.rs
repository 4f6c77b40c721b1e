//! Where errors are said to come from: modules with the imports that led to them, in runs and by `ruff check`, and promises that nobody
//! awaits.

mod common;

use common::{expect, expect_complaint, with_files};

const BROKEN: &[(&str, &str)] = &[
    ("main.ruff", "import mid\n"),
    ("mid.ruff", "func f() {\n  import lib\n}\nf()\n"),
    ("lib.ruff", "x := )\ny := 1 +* 2\n"),
];

#[test]
fn an_import_of_a_broken_module_shows_the_module_first_then_who_imports_it() {
    let expected = "\
[RUFVM001] [vm] Runtime Error: Failed to evaluate module 'mid': Failed to parse module 'lib': 1:6: Expected expression, found ')'
  --> mid.ruff:2:3
  = note: Expected expression, found ')', at lib.ruff:1:6
  |
1 | x := )
  |      ^
  = note: Expected expression, found '*', at lib.ruff:2:9
  |
2 | y := 1 +* 2
  |         ^
  = note: imported at mid.ruff:2:3
  |
2 |   import lib
  |   ^^^^^^^^^^
  = note: imported at main.ruff:1:1
  |
1 | import mid
  | ^^^^^^^^^^

Call stack:
  0 at f  (mid.ruff:2:3)

";
    for engine in ["--engine=vm", "--engine=tree"] {
        let got = with_files(BROKEN, &["run", engine, "main.ruff"]);
        assert_eq!((got.code, got.out.as_str(), got.err.as_str()), (Some(4), "", expected));
    }
}

#[test]
fn an_error_in_a_module_keeps_its_hint() {
    for engine in ["--engine=vm", "--engine=tree"] {
        let files = [("main.ruff", "import lib\n"), ("lib.ruff", "a := [1]\nprint(a[1])\n")];
        let got = with_files(&files, &["run", engine, "main.ruff"]);
        let help = "  = help: the length is 1: indexes start at 0, so the last one is 0\n  = note: imported at main.ruff:1:1\n";
        expect_complaint(&got, 4, &["module 'lib': Index out of bounds: 1\n  --> lib.ruff:2:8\n", help]);
    }
}

#[test]
fn a_rejection_that_nobody_awaits_is_reported() {
    let text = "async func f() { await async_sleep(0) throw(\"lost\") }\np := f()\nq := f()\nsleep(2)\n\
                try { await q } except e { print(e.message) }\n";
    for engine in ["--engine=vm", "--engine=tree"] {
        let got = with_files(&[("a.ruff", text)], &["run", engine, "a.ruff"]);
        expect(&got, 0, "lost\n");
        assert_eq!(
            got.err.matches("Error in a promise that nobody awaits: lost\n  --> a.ruff:1:39\n").count(),
            1,
            "{}",
            got.err
        );
    }
}

#[test]
fn check_follows_imports() {
    let expected = "\
[RUFPARSE001] [parser] error: Expected expression, found ')'
  --> lib.ruff:1:6
  |
1 | x := )
  |      ^
[RUFPARSE001] [parser] error: Expected expression, found '*'
  --> lib.ruff:2:9
  |
2 | y := 1 +* 2
  |         ^
  = note: imported at mid.ruff:2:3
  |
2 |   import lib
  |   ^^^^^^^^^^
  = note: imported at main.ruff:1:1
  |
1 | import mid
  | ^^^^^^^^^^
";
    let got = with_files(BROKEN, &["check", "main.ruff"]);
    assert_eq!((got.code, got.out.as_str(), got.err.as_str()), (Some(3), "", expected));

    let own = "break\nimport a\nimport b\nimport c\nimport missing\n";
    let files =
        [("main.ruff", own), ("a.ruff", "continue\n"), ("b.ruff", "import a\nimport main\n"), ("c.ruff", "1.2.3\n")];
    let got = with_files(&files, &["check", "main.ruff"]);
    let heads: Vec<&str> = got.err.lines().filter(|line| line.starts_with("  --> ")).collect();
    // The program's own errors first, which decide about the code. It is a module, too, because one imports it.
    assert_eq!(heads, ["  --> main.ruff:1:1", "  --> c.ruff:1:1", "  --> a.ruff:1:1", "  --> main.ruff:1:1"]);
    assert_eq!(got.code, Some(4));
    let own = "x := )\nimport a\n";
    let got = with_files(&[("main.ruff", own), ("a.ruff", "y := (\n")], &["check", "main.ruff"]);
    assert_eq!((got.err.matches("[RUFPARSE001]").count(), got.code), (2, Some(3)));
    let fine = with_files(&[("main.ruff", "import a\n"), ("a.ruff", "print(1 / 0)\n")], &["check", "main.ruff"]);
    assert_eq!((fine.code, fine.err.as_str()), (Some(0), ""));
}

#[test]
fn a_missing_module_names_the_files_looked_for() {
    for engine in ["--engine=vm", "--engine=tree"] {
        let files = [("main.ruff", "from lib.shapes import Square\n"), ("lib.shape.ruff", "")];
        let got = with_files(&files, &["run", engine, "main.ruff"]);
        let help = "  = help: did you mean `lib.shape`?\n  = help: no such file: `lib.shapes.ruff`, `lib/shapes.ruff`, \
                    `modules/lib.shapes.ruff`, `modules/lib/shapes.ruff`\n";
        expect_complaint(&got, 4, &["  --> main.ruff:1:1\n", help]);
    }
}
