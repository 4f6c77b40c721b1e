//! Whatever bytes come in, the lexer, the parser, the resolver, the compiler and the machine neither panic nor leak. A failing input is
//! made smaller before it is reported.
//!
//! `RUFF_FUZZ_CASES=N` cases for each test instead of the bounded number (a long run: 1000000), `RUFF_FUZZ_SEED=N` others.

mod common;

use ruff::base::source::{SourceMap, decode};
use ruff::engine::checking;
use ruff::engine::execution::{Execution, Limits};
use ruff::engine::pipeline::{self, CompileOptions, Compiled};
use ruff::runtime::heap;
use ruff::runtime::host::Host;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// xorshift64*.
struct Random(u64);

impl Random {
    fn new(case: u64) -> Random {
        let seed = number("RUFF_FUZZ_SEED").unwrap_or(1);
        let mut random = Random((seed << 32 ^ case).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 16) as usize % bound.max(1)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn cases(bounded: u64) -> u64 {
    number("RUFF_FUZZ_CASES").unwrap_or(bounded)
}

fn survives<I>(check: &dyn Fn(&[I]), pieces: &[I]) -> bool {
    catch_unwind(AssertUnwindSafe(|| check(pieces))).is_ok()
}

/// Runs the check; if it fails, takes out pieces as long as it still fails, and fails with what is left.
fn hold<I: Clone>(check: &dyn Fn(&[I]), pieces: Vec<I>, show: &dyn Fn(&[I]) -> String) {
    if survives(check, &pieces) {
        return;
    }
    let mut smallest = pieces;
    let mut size = smallest.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        let mut smaller = false;
        while at < smallest.len() {
            let mut candidate = smallest.clone();
            candidate.drain(at..(at + size).min(smallest.len()));
            if survives(check, &candidate) {
                at += size;
            } else {
                smallest = candidate;
                smaller = true;
            }
        }
        if size == 1 && !smaller {
            break;
        }
        size = (size / 2).max(1);
    }
    panic!("fails for:\n{}", show(&smallest));
}

fn compile(text: &str) -> Option<Compiled> {
    let mut sources = SourceMap::new();
    let main = sources.add("case.ruff", text)?;
    let options = CompileOptions { verify: true, ..CompileOptions::default() };
    pipeline::compile(&mut sources, main, &options, &mut |_, _| {}).ok()
}

/// Looks for what would fail in what can be compiled.
fn check(text: &str) {
    let mut sources = SourceMap::new();
    if let Some(main) = sources.add("case.ruff", text) {
        let _ = checking::check(&mut sources, main);
    }
}

/// Compiles and, if that goes well, runs for a while; nothing is left of it.
fn run(text: &str) {
    let Some(program) = compile(text) else { return };
    check(text);
    let before = heap::live_objects();
    let limits = Limits { fuel: Some(20_000), memory: Some(4 << 20) };
    let mut execution = Execution::new(&program, Host::captured(""), limits);
    execution.run();
    drop(execution);
    assert_eq!(heap::live_objects(), before, "leaked");
}

#[test]
fn arbitrary_bytes_are_refused_or_compiled() {
    const LIKELY: &[u8] = b"(){}[]\"'`$\\#/*=:.,;|&!?<>+-%0123456789eExX_ab \n\t\r\0";
    for case in 0..cases(4000) {
        let mut random = Random::new(case);
        let bytes: Vec<u8> = (0..random.below(120))
            .map(|_| if random.below(5) == 0 { random.next() as u8 } else { *random.pick(LIKELY) })
            .collect();
        let check = |bytes: &[u8]| {
            if let Ok(text) = decode(bytes.to_vec()) {
                compile(&text);
            }
        };
        hold(&check, bytes, &|bytes| format!("{:?}", String::from_utf8_lossy(bytes)));
    }
}

const WORDS: &[&str] = &[
    "func",
    "func*",
    "async",
    "await",
    "return",
    "if",
    "else",
    "while",
    "loop",
    "for",
    "in",
    "break",
    "continue",
    "try",
    "except",
    "throw",
    "match",
    "case",
    "default",
    "struct",
    "enum",
    "let",
    "mut",
    "const",
    "null",
    "true",
    "false",
    "yield",
    "test",
    "self",
    "spawn",
    "import",
    "from",
    "export",
    "Ok",
    "Err",
    "Some",
    "None",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    ":=",
    ".",
    "?.",
    "??",
    "?",
    "...",
    "..",
    "|>",
    "=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "!",
    "&&",
    "||",
    "+=",
    "-=",
    "\n",
    "\n",
    ";",
    "=>",
    "->",
    "@",
    "_",
    "a",
    "b",
    "f",
    "x",
    "P",
    "e",
    "0",
    "1",
    "2",
    "1.5",
    "9223372036854775807",
    "9223372036854775808",
    "1e9",
    "0x1F",
    "\"s\"",
    "\"${\"",
    "\"a${b}c\"",
    "'",
    "\"",
    "# c\n",
    "/*",
    "*/",
    "print",
    "push",
    "len",
    "range",
    "map",
    "{ }",
    "[1, 2]",
    "func f(a, b) {",
    "if a {",
    "for x in a {",
    "a[0] := 1",
    "a.b := 2",
    "f(a)",
    "é",
    "🦀",
];

#[test]
fn soups_of_tokens_are_refused_or_run() {
    for case in 0..cases(4000) {
        let mut random = Random::new(case);
        let words: Vec<&str> = (0..random.below(60)).map(|_| *random.pick(WORDS)).collect();
        hold(&|words: &[&str]| run(&words.join(" ")), words, &|words| words.join(" "));
    }
}

/// Pieces that tokens are made of: words, blanks, single marks.
fn pieces(text: &str) -> Vec<&str> {
    let kind = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            1
        } else if c == ' ' {
            2
        } else {
            0
        }
    };
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut last = 0;
    for (at, c) in text.char_indices() {
        if at > start && (kind(c) == 0 || kind(c) != last) {
            pieces.push(&text[start..at]);
            start = at;
        }
        last = kind(c);
    }
    pieces.push(&text[start..]);
    pieces
}

/// Deletes, repeats, swaps and replaces some pieces.
fn mutate<'t>(random: &mut Random, pieces: &mut Vec<&'t str>, others: &[&'t str]) {
    for _ in 0..1 + random.below(4) {
        if pieces.len() < 3 {
            return;
        }
        let at = random.below(pieces.len());
        let end = (at + 1 + random.below(6)).min(pieces.len());
        match random.below(5) {
            0 => drop(pieces.drain(at..end)),
            1 => {
                let again = pieces[at..end].to_vec();
                pieces.splice(at..at, again);
            }
            2 => {
                let other = random.below(pieces.len());
                pieces.swap(at, other);
            }
            3 => pieces[at] = others[random.below(others.len())],
            _ => pieces[at] = WORDS[random.below(WORDS.len())],
        }
    }
}

#[test]
fn mutated_programs_are_refused_or_run() {
    let programs = common::quiet_programs();
    assert!(programs.len() > 200, "only {} programs", programs.len());
    for case in 0..cases(2500) {
        let mut random = Random::new(case);
        let text = random.pick::<String>(&programs);
        let other = pieces(random.pick::<String>(&programs));
        let mut mutated = if random.below(3) == 0 { text.split_inclusive('\n').collect() } else { pieces(text) };
        mutate(&mut random, &mut mutated, &other);
        hold(&|pieces: &[&str]| run(&pieces.concat()), mutated, &|pieces| pieces.concat());
    }
}
