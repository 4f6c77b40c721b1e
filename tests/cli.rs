//! The command line: every flag, every exit code, and what happens when files, pipes or names are wrong.

mod common;

use common::{Finished, at, expect, expect_complaint, ruff, run, with_files};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Stdio;

fn plain(words: &[&str]) -> Finished {
    with_files(&[], words)
}

#[test]
fn a_file_runs_with_and_without_the_command() {
    let files = [("a.ruff", "print(1 + 2)\n")];
    expect(&with_files(&files, &["run", "a.ruff"]), 0, "3\n");
    expect(&with_files(&files, &["a.ruff"]), 0, "3\n");
    expect(&with_files(&files, &["run", "--", "a.ruff"]), 0, "3\n");
    expect(&with_files(&files, &["-O0", "a.ruff"]), 0, "3\n");
}

#[test]
fn code_comes_from_the_command_line_or_standard_input() {
    expect(&plain(&["-e", "print(\"hi\")"]), 0, "hi\n");
    expect(&plain(&["run", "--eval", "-1 print(2)"]), 0, "2\n");
    let directory = tempfile::tempdir().unwrap();
    expect(&at(directory.path(), &["-"], Some("print(7)\n")), 0, "7\n");
    expect(&at(directory.path(), &["run", "-"], Some("")), 0, "");
    let refused = at(directory.path(), &["-"], Some("x := )"));
    expect_complaint(&refused, 3, &["[RUFPARSE001] [parser] error: ", "--> <stdin>:1:"]);
}

#[test]
fn arguments_after_the_file_belong_to_the_program() {
    let files = [("a.ruff", "print(1)\n")];
    expect(&with_files(&files, &["a.ruff", "--stats", "-O9", "x"]), 0, "1\n");
    expect(&with_files(&files, &["run", "-O1", "a.ruff", "--", "--help"]), 0, "1\n");
    expect(&plain(&["-e", "print(2)", "--", "--stats"]), 0, "2\n");
}

const BLOCKS: &str = "print(\"top\")
mut count := 0
test_setup { list := [1]  count := count + 1 }
test \"alone\" { list := push(list, 2)  assert_equal(len(list), 2) }
test \"fresh\" { assert_equal([len(list), count], [1, 2]) }
test_group \"group\" {
  base := 5
  test_setup { base := base + 1 }
  test \"inside\" { assert_equal(base, 6)  if true { return }  assert(false) }
}
test_group \"whole\" { assert(true) }
test_teardown { print(\"down\", count, len(list)) }
";

const FAILING: &str = "import m\ntest \"in a module\" { m.f() }\ntest \"good\" { assert(true) }\n";

#[test]
fn test_blocks_run_between_set_up_and_tear_down() {
    let files = [("a.ruff", BLOCKS)];
    let report =
        "top\ndown 1 2\nok    alone\ndown 2 1\nok    fresh\ndown 3 1\nok    group > inside\ndown 4 1\nok    whole\n";
    expect(&with_files(&files, &["test-run", "a.ruff"]), 0, &format!("{report}\n4 passed, 0 failed\n"));
    expect(&with_files(&files, &["run", "a.ruff"]), 0, "top\n");
    let one = with_files(&files, &["test-run", "--filter", "inside", "a.ruff"]);
    expect(&one, 0, "top\ndown 1 1\nok    group > inside\n\n1 passed, 0 failed\n");
}

#[test]
fn both_engines_run_programs_and_test_blocks() {
    let files =
        [("a.ruff", BLOCKS), ("a.out", "top\n"), ("m.ruff", "export func f() { return 1 / 0 }\n"), ("b.ruff", FAILING)];
    for words in [&["test-run", "a.ruff"][..], &["run", "a.ruff"], &["test"], &["test-run", "b.ruff"]] {
        let vm = with_files(&files, &[words, &["--vm"]].concat());
        let tree = with_files(&files, &[words, &["--engine=tree"]].concat());
        assert!(words[0] == "run" || vm.out.contains("passed"), "{}{}", vm.out, vm.err);
        expect(&tree, vm.code.unwrap(), &vm.out);
    }
    expect(&plain(&["--interpreter", "-e", "print(1)"]), 0, "1\n");
    for flag in ["--stats", "--time-passes", "--print-after=all"] {
        expect_complaint(&plain(&["--interpreter", flag, "-e", "1"]), 2, &[flag.split('=').next().unwrap(), "tree"]);
    }
    expect_complaint(&plain(&["--vm", "--interpreter", "-e", "1"]), 2, &["--interpreter"]);
}

#[test]
fn tests_get_their_input_and_a_filter_has_to_fit() {
    let files = [("a.ruff", "print(input())"), ("a.in", "typed\n"), ("a.out", "typed\n")];
    expect(&with_files(&files, &["test", "."]), 0, "\n1 passed, 0 failed\n");
    let files = [("t.ruff", "test \"one\" { }\nfunc f() { prnt(1) }\ntest \"two\" { f() }")];
    let none = with_files(&files, &["test-run", "--filter", "three", "t.ruff"]);
    expect_complaint(&none, 1, &["no test has 'three' in its name"]);
    let two = with_files(&files, &["test-run", "--filter", "two", "t.ruff"]);
    for line in ["  2 | func f() { prnt(1) }", "= help: did you mean `print`?", "Call stack:", "0 at f"] {
        assert!(two.out.contains(line), "{}", two.out);
    }
}

#[test]
fn verbose_tests_name_what_passed_and_say_how_long_it_took() {
    let files =
        [("a.ruff", "print(1)"), ("a.out", "1\n"), ("b.ruff", "test \"one\" { }"), ("c.ruff", "1"), ("c.out", "2\n")];
    let got = with_files(&files, &["test", "--verbose"]);
    assert_eq!(got.code, Some(1), "{}", got.err);
    let lines: Vec<&str> = got.out.lines().collect();
    let times = ["ok    a.ruff  (", "ok    b.ruff  (", "FAIL  c.ruff  ("];
    assert!(
        times.iter().all(|start| lines.iter().any(|line| line.starts_with(start) && line.ends_with(" s)"))),
        "{lines:?}"
    );
    assert!(lines.contains(&"      ok    one") && got.out.ends_with("\n2 passed, 1 failed\n"), "{lines:?}");
    assert_eq!(with_files(&files[..3], &["test"]).out, "\n2 passed, 0 failed\n");
}

#[test]
fn failing_test_blocks_say_where() {
    let blocks = "test \"bad\" {\n  assert_equal(1, 2)\n}\ntest \"leaves\" { exit(0) }\ntest \"good\" { }\ntest_teardown { print(1) }\n";
    let got = with_files(&[("a.ruff", blocks)], &["test-run", "a.ruff"]);
    let report = "1\nFAIL  bad\n      Assertion failed: expected Int(2), got Int(1)\n      --> a.ruff:2:3\n      |\n    2 |   \
                  assert_equal(1, 2)\n      |   ^^^^^^^^^^^^\n1\nFAIL  leaves\n      it called \
                  exit(0)\n1\nok    good\n\n1 passed, 2 failed\n";
    expect(&got, 1, report);
    let got = with_files(&[("a.ruff", "test \"never\" { }  throw(\"top\")")], &["test-run", "a.ruff"]);
    expect_complaint(&got, 4, &["Runtime Error: top"]);
    assert_eq!(got.out, "");
    expect_complaint(
        &with_files(&[("a.ruff", "test \"t\" { break }")], &["test-run", "a.ruff"]),
        4,
        &["break can only"],
    );
}

#[test]
fn expected_outputs_are_compared_and_updated() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    let read = |name: &str| std::fs::read_to_string(directory.path().join(name)).unwrap();
    std::fs::create_dir(directory.path().join("sub")).unwrap();
    write("good.ruff", "print(1)");
    write("good.out", "1\n");
    write("sub/code.ruff", "print(2) throw(\"x\")");
    write("sub/code.out", "2\n");
    write("sub/code.err", "Runtime Error: x\n");
    write("sub/code.code", "4\n");
    write("blocks.ruff", "test \"a\" { } test \"b\" { }");
    write("no_test.ruff", "x := { not a program");
    expect(&at(directory.path(), &["test"], None), 0, "\n4 passed, 0 failed\n");
    expect(&at(directory.path(), &["test", "sub"], None), 0, "\n1 passed, 0 failed\n");
    expect(&at(directory.path(), &["test", "--filter", "b"], None), 0, "\n3 passed, 0 failed\n");
    write("good.ruff", "print(3) throw(\"new\")");
    write("blocks.ruff", "test \"a\" { } test \"b\" { assert(false) }");
    let got = at(directory.path(), &["test", "--jobs", "1"], None);
    assert_eq!(got.code, Some(1));
    for words in
        ["FAIL  good.ruff", "expected \"1\"", "got \"3\"", "exit code 4, expected 0", "FAIL  b\n", "2 passed, 2 failed"]
    {
        assert!(got.out.contains(words), "{words}:\n{}", got.out);
    }
    expect(
        &at(directory.path(), &["test", "--update", "good.ruff"], None),
        0,
        "updated  good.ruff\n\n1 passed, 0 failed\n",
    );
    assert_eq!((read("good.out"), read("good.code")), ("3\n".to_owned(), "4\n".to_owned()));
    expect(&at(directory.path(), &["test", "good.ruff"], None), 0, "\n1 passed, 0 failed\n");
    write("endless.ruff", "while true { }");
    write("endless.out", "");
    let got = at(directory.path(), &["test", "--timeout", "1", "endless.ruff"], None);
    assert!(got.code == Some(1) && got.out.contains("it took longer than 1 s"), "{}", got.out);
    expect_complaint(&at(directory.path(), &["test", "nowhere"], None), 5, &["Failed to read 'nowhere'"]);
    expect_complaint(&with_files(&[], &["test"]), 1, &["no tests found in '.'"]);
}

#[test]
fn builtins_are_described() {
    expect(&plain(&["doc", "len"]), 0, "len: 1 argument\n  How many elements, entries or characters.\n");
    let println = plain(&["doc", "println"]);
    assert!(println.out.contains("print: any number of arguments") && println.out.contains("Also called println"));
    assert!(plain(&["doc"]).out.lines().any(|line| line.starts_with("upper ")));
    expect_complaint(&plain(&["doc", "lenn"]), 2, &["there is no builtin `lenn`: did you mean `len`?"]);
    expect_complaint(&plain(&["doc", "zzzzzzzz"]), 2, &["`ruff doc` lists them"]);
}

#[test]
fn modules_are_found_in_order_and_never_outside_their_root() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("work/here.ruff", "export from_where := \"cwd\"");
    write("work/modules/here.ruff", "export from_where := \"modules\"");
    write("program/here.ruff", "export from_where := \"entry\"");
    write("work/modules/second.ruff", "export from_where := \"modules\"");
    write("program/second.ruff", "export from_where := \"entry\"");
    write("program/third.ruff", "export from_where := \"entry\"");
    write("work/a.b.ruff", "export from_where := \"flat\"");
    write("work/a/b.ruff", "export from_where := \"nested\"");
    // What a module imports is looked for beside it first.
    write("work/modules/asks.ruff", "from here import from_where\nexport asked := from_where");
    write("outside.ruff", "export from_where := \"outside\"");
    write(
        "program/main.ruff",
        "import here print(from_where) import second print(from_where) import third print(from_where)
        from a.b import from_where print(from_where)
        from asks import asked print(asked)
        try { import linked print(\"found\") } except e { print(split(e.message, \";\")[0]) }",
    );
    #[cfg(unix)]
    std::os::unix::fs::symlink(directory.path().join("outside.ruff"), directory.path().join("work/linked.ruff"))
        .unwrap();
    let got = at(&directory.path().join("work"), &["../program/main.ruff"], None);
    expect(&got, 0, "cwd\nmodules\nentry\nflat\nmodules\nModule not found: linked\n");
}

#[test]
fn broken_modules_are_errors_of_their_imports() {
    let bytes = tempfile::tempdir().unwrap();
    std::fs::write(bytes.path().join("m.ruff"), b"x := 1\n\xFF").unwrap();
    let main = "try { import m } except e { print(e.message) }";
    let got = at(bytes.path(), &["-e", main], None);
    expect(&got, 0, "Failed to parse module 'm': 1:1: source is not valid UTF-8 (byte 7, line 2)\n");
    let files = [("m.ruff", "import n"), ("n.ruff", "func f(a, a) { }\nx := ")];
    let got = with_files(&files, &["-e", main]);
    expect(
        &got,
        0,
        "Failed to evaluate module 'm': Failed to parse module 'n': 2:6: Expected expression, found end of file\n",
    );
    let files = [("m.ruff", "import n"), ("n.ruff", "x := 1\nfunc f(a, a) { }")];
    let message = "Failed to parse module 'n': 2:11: Duplicate declaration in the same scope: a\n";
    expect(&with_files(&files, &["-e", main]), 0, &format!("Failed to evaluate module 'm': {message}"));
    expect_complaint(&with_files(&files, &["-e", "import m break"]), 4, &["break can only be used", "<eval>:1:10"]);
    expect(&with_files(&files, &["-e", "if false { import n }"]), 0, "");
}

#[test]
fn every_kind_of_diagnostic_has_its_exit_code() {
    let lexical = with_files(&[("a.ruff", "print(1)\nx := 1 @ 2\n")], &["a.ruff"]);
    expect(&lexical, 3, "");
    expect_complaint(
        &lexical,
        3,
        &["[RUFLEX001] [lexer] error: Invalid character: '@'", "  --> a.ruff:2:8", "  = help: there are no decorators"],
    );
    let parse = with_files(&[("a.ruff", "print(1)\nx := )\n")], &["a.ruff"]);
    expect(&parse, 3, "");
    expect_complaint(&parse, 3, &["[RUFPARSE001] [parser] error: ", "  --> a.ruff:2:"]);
    let compile = with_files(&[("a.ruff", "print(1)\nbreak\n")], &["a.ruff"]);
    expect(&compile, 4, "");
    let message = "[RUFVM001] [vm] error: Compilation error: break can only be used inside a loop";
    expect_complaint(&compile, 4, &[message, "  --> a.ruff:2:1"]);
    let runtime = with_files(&[("a.ruff", "func f() {\n  return 1 / 0\n}\nprint(1)\nf()\n")], &["a.ruff"]);
    expect(&runtime, 4, "1\n");
    let message = "[RUFVM001] [vm] Runtime Error: Division by zero";
    expect_complaint(&runtime, 4, &[message, "  --> a.ruff:2:12", "Call stack:\n  0 at f  (a.ruff:2:12)\n"]);
}

#[test]
fn exit_and_return_end_the_program() {
    expect(&plain(&["-e", "print(1) exit() print(2)"]), 0, "1\n");
    expect(&plain(&["-e", "print(1) exit(3)"]), 3, "1\n");
    expect(&plain(&["-e", "exit(256 + 7)"]), 7, "");
    expect(&plain(&["-e", "exit(-1)"]), 255, "");
    expect(&plain(&["-e", "try { exit(9) } except e { print(\"caught\") }"]), 9, "");
    expect(&plain(&["-e", "print(1) return print(2)"]), 0, "1\n2\n");
    expect(&plain(&["-e", "print(1) return; print(2)"]), 0, "1\n");
}

#[test]
fn unreadable_programs_are_said_to_be_so() {
    let missing = plain(&["run", "nowhere.ruff"]);
    let message = "[RUFCLI001] [cli] error: Failed to read .ruff file 'nowhere.ruff': No such file or directory";
    expect(&missing, 5, "");
    expect_complaint(&missing, 5, &[message]);
    expect_complaint(&plain(&["."]), 5, &["[RUFCLI001] [cli] error: Failed to read .ruff file '.': Is a directory"]);
    expect_complaint(&plain(&["chekc"]), 5, &["Did you mean the command `check`?"]);
    for command in ["run", "check"] {
        expect_complaint(&plain(&[command, "nowhere.ruff"]), 5, &["[RUFCLI001]"]);
    }
    expect_complaint(&plain(&["emit", "ir", "nowhere.ruff"]), 5, &["[RUFCLI001]"]);
}

#[test]
fn texts_that_are_no_source_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("bad.ruff"), b"print(1)\nprint(\"\xFF\")\n").unwrap();
    std::fs::write(directory.path().join("big.ruff"), " ".repeat(1_048_577)).unwrap();
    std::fs::write(directory.path().join("fits.ruff"), " ".repeat(1_048_576)).unwrap();
    std::fs::write(directory.path().join("empty.ruff"), "").unwrap();
    expect_complaint(&at(directory.path(), &["bad.ruff"], None), 5, &["not valid UTF-8", "line 2"]);
    expect_complaint(
        &at(directory.path(), &["big.ruff"], None),
        3,
        &["[RUFPARSE001] [parser] error: Source exceeds maximum size of 1048576 bytes"],
    );
    expect(&at(directory.path(), &["fits.ruff"], None), 0, "");
    expect(&at(directory.path(), &["empty.ruff"], None), 0, "");
}

#[test]
fn wrong_usage_is_exit_2() {
    for words in [
        &["run"][..],
        &["run", "--frob", "x"],
        &["-O7", "x"],
        &["emit", "nonsense", "x"],
        &["check"],
        &["--color", "blue", "x"],
    ] {
        expect_complaint(&plain(words), 2, &["error: "]);
    }
    expect_complaint(&plain(&["emit", "ast", "--after=x", "a.ruff"]), 2, &["`--after` goes with `emit ir` only"]);
}

#[test]
fn help_and_version_are_exit_0() {
    let version = plain(&["--version"]);
    expect(&version, 0, &format!("ruff {}\n", env!("CARGO_PKG_VERSION")));
    for words in [
        &["--help"][..],
        &["-h"],
        &["help"],
        &["run", "--help"],
        &["help", "emit"],
        &["passes", "-h"],
        &["check", "-h"],
    ] {
        let help = plain(words);
        assert_eq!((help.code, help.err.as_str()), (Some(0), ""), "{words:?}");
        assert!(help.out.contains("Usage: ruff"), "{}", help.out);
    }
    let help = plain(&["run", "--help"]).out;
    for flag in [
        "-O <LEVEL>",
        "--passes",
        "--no-pass",
        "--verify",
        "--time-passes",
        "--print-after",
        "--stats",
        "--eval",
        "--color",
    ] {
        assert!(help.contains(flag), "`ruff run --help` lacks {flag}:\n{help}");
    }
}

fn pass_names() -> Vec<String> {
    plain(&["passes", "--names"]).out.lines().map(str::to_owned).collect()
}

#[test]
fn the_pass_table_is_listed() {
    let names = pass_names();
    let table = plain(&["passes"]);
    assert_eq!((table.code, table.out.lines().count()), (Some(0), names.len() + 1));
    for (name, line) in names.iter().zip(table.out.lines().skip(1)) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[0], name);
        assert!(words.len() > 3, "{name} has no summary: {line}");
    }
}

#[test]
fn passes_are_chosen_by_name() {
    let names = pass_names();
    let (first, last) = (&names[0], &names[names.len() - 1]);
    let code = ["-e", "print(1 + 2 * 3)"];
    let chosen = [
        vec!["--passes=".to_owned()],
        vec![format!("--passes={last},{first}")],
        vec![format!("--passes={}", names.join(","))],
        vec![format!("--no-pass={first}"), format!("--no-pass={last}")],
        vec!["-O1".to_owned(), "--verify".to_owned(), format!("--no-pass={last}")],
    ];
    for flags in chosen {
        let mut words: Vec<&str> = vec!["run"];
        words.extend(flags.iter().map(String::as_str));
        words.extend(code);
        expect(&plain(&words), 0, "7\n");
    }
}

#[test]
fn unknown_passes_are_refused_with_the_nearest_name() {
    let name = &pass_names()[0];
    let wrong: String = name.chars().take(name.chars().count() - 1).collect();
    let near = format!("there is no pass `{wrong}`: did you mean `{name}`?");
    for flag in ["--no-pass", "--passes", "--print-after"] {
        let got = plain(&["run", flag, &wrong, "-e", "print(1)"]);
        expect(&got, 2, "");
        expect_complaint(&got, 2, &[&near]);
    }
    expect_complaint(&plain(&["run", "--no-pass=zzzzzzzz", "-e", "1"]), 2, &["`ruff passes` lists them"]);
    let files = [("a.ruff", "print(1)\n")];
    expect_complaint(&with_files(&files, &["emit", "ir", "a.ruff", "--after", &wrong]), 2, &[&near]);
}

const LOOP: &str = "func f(n) { mut t := 0 for i in n { t := t + i * (2 + 3) } return t }\nprint(f(10))\n";

#[test]
fn passes_can_be_timed_and_watched() {
    let files = [("a.ruff", LOOP)];
    let names = pass_names();
    let timed = with_files(&files, &["run", "--time-passes", "a.ruff"]);
    expect(&timed, 0, "225\n");
    let printed = with_files(&files, &["run", "--print-after=all", "a.ruff"]);
    expect(&printed, 0, "225\n");
    for name in &names {
        assert!(timed.err.contains(name.as_str()), "--time-passes lacks {name}:\n{}", timed.err);
        assert!(printed.err.contains(name.as_str()), "--print-after=all lacks {name}:\n{}", printed.err);
    }
    let one = with_files(&files, &["run", "--print-after", &names[0], "a.ruff"]);
    assert!(one.err.contains("block0") && one.err.len() < printed.err.len(), "{}", one.err);
}

#[test]
fn statistics_go_to_standard_error() {
    let got = with_files(&[("a.ruff", LOOP)], &["run", "--stats", "a.ruff"]);
    expect(&got, 0, "225\n");
    for word in ["instructions", "calls", "allocations", "copies"] {
        assert!(got.err.contains(word), "--stats lacks {word:?}:\n{}", got.err);
    }
    let failing = plain(&["run", "--stats", "-e", "print(1 / 0)"]);
    expect_complaint(&failing, 4, &["instructions", "Division by zero"]);
}

#[test]
fn every_stage_can_be_printed() {
    let files = [("a.ruff", LOOP)];
    for (stage, word) in [("tokens", "func"), ("ast", "func"), ("ir", "block0"), ("bytecode", "ret")] {
        let got = with_files(&files, &["emit", stage, "a.ruff"]);
        assert_eq!((got.code, got.err.as_str()), (Some(0), ""), "{stage}");
        assert!(got.out.contains(word), "emit {stage} lacks {word:?}:\n{}", got.out);
    }
    let unoptimised = with_files(&files, &["emit", "ir", "-O0", "a.ruff"]);
    let optimised = with_files(&files, &["emit", "ir", "a.ruff"]);
    assert_ne!(unoptimised.out, optimised.out);
}

#[test]
fn the_form_after_one_pass_is_the_start_of_the_pipeline() {
    let files = [("a.ruff", LOOP)];
    let names = pass_names();
    let after_last = with_files(&files, &["emit", "ir", "-O2", "--after", &names[names.len() - 1], "a.ruff"]);
    assert_eq!(after_last.code, Some(0), "{}", after_last.err);
    assert!(after_last.out.contains("block0"));
}

#[test]
fn suites_of_other_runners_can_be_compared_their_way() {
    let text = "print(\"a  \")\nprint(\"b\")\nprint(\"\")\neprint(\"aside\")\nthrow(\"end\")\n";
    let files = |out: &'static str| [("a.ruff", text), ("a.out", out), ("a.code", "4\n")];
    let test = |out: &'static str, flags: &[&str]| {
        let words: Vec<&str> = ["test"].iter().chain(flags).copied().collect();
        with_files(&files(out), &words)
    };
    expect(&test("a  \nb\n\n", &[]), 0, "\n1 passed, 0 failed\n");
    assert_eq!(test("a\nb", &[]).code, Some(1));
    expect(&test("a\nb", &["--trim"]), 0, "\n1 passed, 0 failed\n");
    expect(&test("a \t\nb\n  \n\n", &["--trim"]), 0, "\n1 passed, 0 failed\n");
    assert_eq!(test(" a\nb", &["--trim"]).code, Some(1));
    assert_eq!(test("a  \nb\n\n", &["--with-stderr"]).code, Some(1));
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.ruff"), text).unwrap();
    std::fs::write(directory.path().join("a.out"), "").unwrap();
    expect(
        &at(directory.path(), &["test", "--with-stderr", "--update"], None),
        0,
        "updated  a.ruff\n\n1 passed, 0 failed\n",
    );
    let written = std::fs::read_to_string(directory.path().join("a.out")).unwrap();
    assert!(written.starts_with("a  \nb\n\naside\n[RUFVM001] [vm] Runtime Error: end\n"), "{written}");
    expect(&at(directory.path(), &["test", "--with-stderr"], None), 0, "\n1 passed, 0 failed\n");
    expect(&at(directory.path(), &["test", "--with-stderr", "--trim"], None), 0, "\n1 passed, 0 failed\n");
    assert_eq!(at(directory.path(), &["test"], None).code, Some(1));
}

#[test]
fn nothing_but_standard_input_is_run() {
    let directory = tempfile::tempdir().unwrap();
    expect(&at(directory.path(), &[], Some("print(7)\n")), 0, "7\n");
    expect(&at(directory.path(), &["-O0", "--engine=tree"], Some("print(8)\n")), 0, "8\n");
    expect(&at(directory.path(), &["--color=never"], Some("print(9)\n")), 0, "9\n");
    expect(&plain(&[]), 0, "");
    expect_complaint(&at(directory.path(), &["run"], Some("print(7)\n")), 2, &["required arguments"]);
}

#[test]
fn general_help_shows_the_flags_of_run() {
    for words in [&["--help"][..], &["-h"], &["help"]] {
        let help = plain(words);
        for flag in ["-O <LEVEL>", "--stats", "--no-pass", "--fuel", "--engine", "Exit codes:"] {
            assert!(help.out.contains(flag), "{words:?}, {flag}: {}", help.out);
        }
    }
    assert!(!plain(&["help", "check"]).out.contains("--stats"));
}

#[test]
fn colours_come_when_asked_for() {
    let code = ["-e", "missing"];
    let coloured = |words: &[&str], variable: Option<&str>| {
        let mut command = ruff();
        command.env_remove("NO_COLOR").args(words).args(code);
        if let Some(value) = variable {
            command.env("NO_COLOR", value);
        }
        run(command, None).err.contains('\u{1b}')
    };
    assert!(coloured(&["--color", "always"], None));
    assert!(coloured(&["run", "--color=always"], Some("1")));
    assert!(!coloured(&["--color=never"], None));
    assert!(!coloured(&[], None), "a pipe is no terminal");
}

#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let endless = "mut i := 0 loop { print(i) i += 1 }";
    let mut command = ruff();
    let mut child = command.args(["-e", endless]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut line).unwrap();
    assert_eq!(line, "0\n");
    drop(reader);
    let mut complaints = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
    child.wait().unwrap();
    assert_eq!(complaints, "");
}

#[test]
fn output_comes_before_the_error_that_follows_it() {
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", "\"$0\" -e 'print(\"first\") print(1 / 0)' 2>&1", env!("CARGO_BIN_EXE_ruff")])
        .env("NO_COLOR", "1");
    let got = run(command, None);
    assert!(got.out.starts_with("first\n[RUFVM001] [vm] Runtime Error: Division by zero\n"), "{}", got.out);
}

/// The exit code and standard error of a shell line about the binary, `$0`.
fn shell(line: &str) -> (i32, String) {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", line, env!("CARGO_BIN_EXE_ruff")]).env("NO_COLOR", "1");
    let got = run(command, None);
    assert_eq!(got.out, "", "{line}");
    (got.code.unwrap(), got.err)
}

/// A device that is always full.
const FULL: &str = "/dev/full";

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    if !Path::new(FULL).exists() {
        return;
    }
    let said = "error: cannot write to standard output: No space left on device (os error 28)\n";
    for words in [
        "-e 'print(1)'",
        "--engine=tree -e 'print(1)'",
        "-e 'print(1) exit(0)'",
        "-e 'print(1) sleep(1) print(2)'",
        "-e 'print(1) eprint(2)'",
        "-e 'print(1) input()' </dev/null",
        "-e 'for i in 100000 { print(i) } eprint(1)'",
        "emit ast \"$p\"",
        "emit bytecode \"$p\"",
        "bench --rounds=1 \"$p\"",
        "passes",
        "doc",
        "doc print",
        "test-run \"$p\"",
        "test \"$p\"",
        "--help",
        "--version",
        "help run",
    ] {
        let file = tempfile::tempdir().unwrap();
        let program = file.path().join("a.ruff");
        std::fs::write(&program, "print(1)\ntest \"t\" { assert(true) }\n").unwrap();
        let (code, err) = shell(&format!("p='{}'; \"$0\" {words} >{FULL}", program.display()));
        assert_eq!((code, err.as_str()), (1, said), "{words}");
    }
    // A code of the program's own stays, and so do other errors.
    assert_eq!(shell("\"$0\" -e 'print(1) exit(3)' >/dev/full"), (3, said.to_owned()));
    let (code, err) = shell("\"$0\" -e 'print(1) print(1 / 0)' >/dev/full");
    assert!(code == 4 && err.contains("Division by zero") && err.contains(said), "{code}: {err}");
    // Nobody can be told, but the code tells.
    assert_eq!(shell("\"$0\" -e 'print(1)' >/dev/full 2>/dev/full").0, 1);
    assert_eq!(shell("\"$0\" -e 'eprint(1)' 2>/dev/full").0, 1);
    assert_eq!(shell("\"$0\" profile --flame=/dev/null - >/dev/full 2>/dev/null </dev/null").0, 0);
    assert_eq!(shell("echo 'print(1)' | \"$0\" profile --flame=/dev/null - >/dev/full 2>/dev/null").0, 1);
    assert_eq!(shell("\"$0\" run --stats -e '1' 2>/dev/full").0, 1);
}

#[test]
fn large_numbers_have_short_forms() {
    let ended = |flag: &str| plain(&["run", flag, "-e", "mut a := [] loop { a := push(a, a) }"]);
    for (flag, message) in [
        ("--fuel=1e3", "Fuel limit of 1000 exceeded"),
        ("--fuel=1_000", "Fuel limit of 1000 exceeded"),
        ("--max-memory=1MB", "Memory limit of 1000000 bytes exceeded"),
        ("--max-memory=0.5MiB", "Memory limit of 524288 bytes exceeded"),
    ] {
        expect_complaint(&ended(flag), 6, &[message]);
    }
    for (flag, reason) in [
        ("--fuel=lots", "invalid value 'lots' for '--fuel <N>': it does not start with a digit"),
        ("--fuel=-1", "it is negative"),
        ("--fuel=1.5", "it is not a whole number"),
        ("--fuel=1e30", "it is too large"),
        ("--max-memory=64M", "'M' is no unit of memory; the units are B, kB, MB, GB, TB, KiB, MiB, GiB, TiB"),
    ] {
        expect_complaint(&ended(flag), 2, &[reason]);
    }
    expect(&plain(&["run", "--max-memory=none", "-e", "print(1)"]), 0, "1\n");
}

#[test]
fn standard_error_may_be_closed() {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "\"$0\" -e 'print(1) print(1 / 0)' 2>&-; echo $?", env!("CARGO_BIN_EXE_ruff")]);
    assert_eq!(run(command, None).out, "1\n4\n");
}

#[test]
fn a_benchmark_shows_every_level() {
    let files = [("a.ruff", "[n] := args()\nmut t := 0\nfor i in parse_int(n) { t += i }\nprint(t)\n")];
    let got = with_files(&files, &["bench", "--rounds=3", "a.ruff", "100"]);
    assert_eq!(got.code, Some(0), "{}", got.err);
    assert_eq!(got.err, "", "no progress bar without a terminal");
    let lines: Vec<&str> = got.out.lines().collect();
    assert!(lines[0].starts_with("engine  level"), "{}", got.out);
    for (line, level) in lines[1..].iter().zip(["-O0", "-O1", "-O2"]) {
        let cells: Vec<&str> = line.split_whitespace().collect();
        assert_eq!((cells.len(), &cells[..2]), (8, &["vm", level][..]), "{}", got.out);
        assert!(cells[6].parse::<u64>().is_ok_and(|count| count > 100), "{}", got.out);
    }
    let cells: Vec<&str> = lines[4].split_whitespace().collect();
    assert_eq!((cells.len(), &cells[..2], &cells[6..]), (8, &["tree", "-"][..], &["-", "-"][..]), "{}", got.out);
    let machine = with_files(&files, &["bench", "--rounds=1", "--engine=vm", "a.ruff", "100"]);
    assert!(machine.out.contains("\nvm ") && !machine.out.contains("\ntree "), "{}", machine.out);
    expect_complaint(&with_files(&files, &["bench", "--ablate", "--engine=tree", "a.ruff"]), 2, &["--ablate"]);
    expect_complaint(&with_files(&files, &["bench", "a.ruff", "x"]), 4, &["Cannot parse 'x' as integer"]);
    expect_complaint(&with_files(&[("b.ruff", "exit(7)\n")], &["bench", "b.ruff"]), 7, &["exit(7)"]);
    expect_complaint(&with_files(&files, &["bench", "--csv", "a.ruff"]), 2, &["--ablate"]);
    expect_complaint(&with_files(&files, &["bench", "--rounds=0", "a.ruff"]), 2, &["--rounds"]);
    expect_complaint(&plain(&["bench", "nowhere.ruff"]), 5, &["RUFCLI001"]);
}

#[test]
fn ablation_counts_what_each_pass_saves() {
    let program = "func f(n) { mut t := 0 for i in n { x := 2 * 3 t := t + x } return t }\n[n] := args()\nprint(f(parse_int(n)))\n";
    let files = [("a.ruff", program), ("b.ruff", program), ("sizes.txt", "a 10\nb 1000\n")];
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let words = ["bench", "--ablate", "--sizes=sizes.txt", "--csv", "--svg=chart.svg", "."];
    let got = at(directory.path(), &words, None);
    assert_eq!((got.code, got.err.as_str()), (Some(0), ""));
    let rows: Vec<Vec<&str>> = got.out.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let executed = |program: &str, without: &str| -> u64 {
        let row = rows.iter().find(|row| row[..2] == [program, without]).expect("a row");
        row[2].parse().unwrap()
    };
    assert!(executed("a", "nothing") < executed("a", "all"), "{}", got.out);
    assert!(executed("b", "nothing") > executed("a", "nothing") + 900, "sizes are passed on");
    let stats = at(directory.path(), &["run", "--stats", "--no-pass=const-fold", "a.ruff", "10"], None);
    expect_complaint(&stats, 0, &[&format!("{}  instructions", executed("a", "const-fold"))]);
    let chart = std::fs::read_to_string(directory.path().join("chart.svg")).unwrap();
    assert!(
        chart.starts_with("<svg") && chart.ends_with("</svg>\n") && chart.contains("<title>b, all passes"),
        "{chart}"
    );

    let table = at(directory.path(), &["bench", "--ablate", "a.ruff", "10"], None);
    assert_eq!(table.code, Some(0), "{}", table.err);
    for words in ["const-fold", "programs it helps"] {
        assert!(table.out.contains(words), "{}", table.out);
    }
    expect_complaint(&at(directory.path(), &["bench", "--ablate", "."], None), 4, &["parse_int requires"]);
}

#[test]
fn a_profile_is_reported_beside_the_output() {
    let directory = tempfile::tempdir().unwrap();
    let program = "func work(n) { mut t := 0 for i in n { t += i } return t }\nprint(work(1000))\n";
    std::fs::write(directory.path().join("a.ruff"), program).unwrap();
    let got = at(directory.path(), &["profile", "--top=1", "a.ruff"], None);
    expect(&got, 0, "499500\n");
    for words in ["instructions", "work  a.ruff:1", "a.ruff:1  func work", "more lines", "flame graph: a.svg"] {
        assert!(got.err.contains(words), "standard error lacks {words:?}:\n{}", got.err);
    }
    let graph = std::fs::read_to_string(directory.path().join("a.svg")).unwrap();
    assert!(graph.contains("<svg") && graph.contains("work ("), "{graph}");
    let stopped = at(directory.path(), &["profile", "--flame=x.svg", "-"], Some("exit(9)\n"));
    assert_eq!(stopped.code, Some(9), "{}", stopped.err);
    assert!(directory.path().join("x.svg").exists());
    let nowhere = at(directory.path(), &["profile", "--flame=no/x.svg", "a.ruff"], None);
    expect_complaint(&nowhere, 1, &["cannot write 'no/x.svg'"]);
}
