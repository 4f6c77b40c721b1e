//! House rules that no compiler checks: floors, file sizes, module docs, where `unsafe` may stand, and the shape of the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The floors of the modules; a module names only lower ones, and not its neighbours.
const FLOORS: &[(&str, u32)] = &[
    ("base", 0),
    ("semantics", 1),
    ("syntax", 1),
    ("resolve", 2),
    ("ir", 3),
    ("lower", 4),
    ("passes", 4),
    ("ownership", 5),
    ("regalloc", 5),
    ("bytecode", 6),
    ("runtime", 7),
    ("vm", 8),
    ("reference", 8),
    ("lint", 8),
    ("engine", 10),
    ("cli", 11),
];

/// Pairs that break the rule of floors, each for a reason worth a sentence here.
const ALLOWED_EDGES: &[(&str, &str)] = &[];

/// Where `unsafe` may stand: the value encoding, the heap with its object layouts, and the machine: its stack, code and inner loop.
const UNSAFE_PLACES: &[&str] = &["src/runtime/", "src/vm/"];

/// Where it may not, although the place above would allow it.
const SAFE_PLACES: &[&str] =
    &["src/runtime/builtins/", "src/runtime/display.rs", "src/runtime/error.rs", "src/runtime/prelude/"];

const LONGEST_FILE: usize = 800;

/// Everything at the top level, dotfiles included, that may be there.
const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE",
    "README.md",
    "rustfmt.toml",
    "clippy.toml",
    "src",
    "tests",
    "benches",
    "design",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `directory` with this extension, as (path relative to the root, text).
fn files(directory: &str, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![root().join(directory)];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn rust_files() -> Vec<(String, String)> {
    let all: Vec<_> = ["src", "tests", "benches"].iter().flat_map(|directory| files(directory, "rs")).collect();
    assert!(all.len() > 20);
    all
}

#[track_caller]
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n  {}\n", complaints.join("\n  "));
}

/// The code of a line, without its comment and without the contents of string literals.
fn code_of(line: &str) -> String {
    let mut code = String::new();
    let mut in_string = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if in_string => {
                chars.next();
            }
            '"' => {
                in_string = !in_string;
                code.push('"');
            }
            _ if in_string => {}
            '\'' => {
                // A character literal; a lifetime has no closing quote right after.
                let rest: Vec<char> = chars.clone().take(3).collect();
                let length = match rest.as_slice() {
                    ['\\', _, '\''] => 3,
                    [_, '\'', ..] => 2,
                    _ => 0,
                };
                for _ in 0..length {
                    chars.next();
                }
            }
            '/' if chars.peek() == Some(&'/') => break,
            _ => code.push(c),
        }
    }
    code
}

/// The words after `marker` in `code`, as far as they are a name.
fn names_after<'a>(code: &'a str, marker: &str) -> Vec<&'a str> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices(marker) {
        let rest = &code[at + marker.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let group = group.split('}').next().unwrap();
            names.extend(group.split(',').map(|item| item.trim().split("::").next().unwrap().trim()));
        } else {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            names.push(&rest[..end]);
        }
    }
    names
}

#[test]
fn modules_name_only_lower_floors() {
    let floors: BTreeMap<&str, u32> = FLOORS.iter().copied().collect();
    let mut complaints = Vec::new();
    for (path, text) in files("src", "rs") {
        let module = path.split('/').nth(1).unwrap().trim_end_matches(".rs");
        if ["lib", "main", "build"].contains(&module) {
            continue;
        }
        let Some(&floor) = floors.get(module) else {
            complaints.push(format!("{path}: the module `{module}` has no floor"));
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            // Tests at the end of a file may build their subject from the stages above it.
            if line.starts_with("#[cfg(test)]") {
                break;
            }
            let code = code_of(line);
            for named in names_after(&code, "crate::") {
                let Some(&other) = floors.get(named) else { continue };
                if named != module && other >= floor && !ALLOWED_EDGES.contains(&(module, named)) {
                    complaints.push(format!(
                        "{path}:{}: `{module}` (floor {floor}) names `{named}` (floor {other})",
                        number + 1
                    ));
                }
            }
        }
    }
    none(complaints);
}

#[test]
fn every_file_opens_with_its_purpose() {
    let lacking = rust_files().into_iter().filter(|(_, text)| !text.starts_with("//! "));
    none(lacking.map(|(path, _)| format!("{path} does not open with `//! `")).collect());
}

#[test]
fn no_file_is_too_long() {
    let long = rust_files().into_iter().map(|(path, text)| (path, text.lines().count()));
    let long = long.filter(|&(_, lines)| lines > LONGEST_FILE);
    none(
        long.map(|(path, lines)| format!("{path} has {lines} lines; at {LONGEST_FILE} something was not split"))
            .collect(),
    );
}

#[test]
fn no_marks_are_left_over() {
    // Put together here, so that this file does not contain them itself.
    let marks = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["XX", "X"],
        ["HA", "CK"],
        ["todo", "!("],
        ["unimplemented", "!("],
        ["dbg", "!("],
    ]
    .map(|parts| parts.concat());
    let mut complaints = Vec::new();
    let mut texts = rust_files();
    texts.extend(files("design", "md"));
    texts.extend(files("tests", "txt"));
    for (path, text) in texts {
        for (number, line) in text.lines().enumerate() {
            let words: BTreeSet<&str> = line.split(|c: char| !c.is_alphanumeric() && !"!(_".contains(c)).collect();
            for mark in marks.iter().filter(|mark| {
                if mark.ends_with('(') { line.contains(mark.as_str()) } else { words.contains(mark.as_str()) }
            }) {
                complaints.push(format!("{path}:{}: {mark}", number + 1));
            }
        }
    }
    none(complaints);
}

fn says_safety(line: &str) -> bool {
    line.trim_start().starts_with("//") && (line.contains("SAFETY:") || line.contains("# Safety"))
}

/// Whether a comment above line `at` says why it is sound: right above it, or above the statement it belongs to.
fn justified(lines: &[&str], at: usize) -> bool {
    let above = lines[..at].iter().rev().map(|line| line.trim_start());
    let statement = above.take_while(|line| line.starts_with("//") || !(line.is_empty() || line.ends_with([';', '}'])));
    let mut code_lines = 0;
    for line in statement {
        if says_safety(line) {
            return true;
        }
        if !line.starts_with("//") && !line.starts_with("#[") {
            code_lines += 1;
        }
        if code_lines > 3 {
            return false;
        }
    }
    false
}

#[test]
fn unsafe_stands_only_where_it_may_and_says_why() {
    let mut complaints = Vec::new();
    for (path, text) in rust_files() {
        let lines: Vec<&str> = text.lines().collect();
        let allowed = UNSAFE_PLACES.iter().any(|place| path.starts_with(place))
            && !SAFE_PLACES.iter().any(|place| path.starts_with(place));
        for (number, line) in lines.iter().enumerate() {
            let code = code_of(line);
            let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
            if !words.any(|word| word == "unsafe") {
                continue;
            }
            if !allowed {
                complaints.push(format!("{path}:{}: `unsafe` outside the places for it", number + 1));
            }
            let block = code.contains("unsafe {") || code.contains("unsafe impl");
            if block && !says_safety(line) && !justified(&lines, number) {
                complaints.push(format!("{path}:{}: no `// SAFETY:` above", number + 1));
            }
        }
    }
    none(complaints);
}

/// A helper inlined into its handler brings its locals along, and the handler's tail call becomes a call: the native stack grows
/// with every dispatch.
#[test]
fn slow_paths_are_never_inlined_into_handlers() {
    let mut complaints = Vec::new();
    let mut helpers = 0;
    for (path, text) in rust_files().into_iter().filter(|(path, _)| path.starts_with("src/vm/handlers/")) {
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let signature = line.trim_start().trim_start_matches("pub(crate) ");
            let is_helper = signature.starts_with("unsafe fn ")
                && signature.contains("vm: &mut Vm, ")
                && signature.contains("base: *mut u64) -> *mut u64 {");
            if is_helper {
                helpers += 1;
                if number == 0 || lines[number - 1].trim() != "#[inline(never)]" {
                    complaints.push(format!("{path}:{}: a helper without #[inline(never)]", number + 1));
                }
            }
        }
    }
    assert!(helpers > 40, "only {helpers} helpers were found");
    none(complaints);
}

#[test]
fn the_top_level_is_exactly_the_agreed_one() {
    let mut complaints = Vec::new();
    for entry in std::fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && name != "target" && !TOP_LEVEL.contains(&name.as_str()) {
            complaints.push(format!("{name} does not belong at the top level"));
        }
    }
    for name in TOP_LEVEL {
        if !root().join(name).exists() {
            complaints.push(format!("{name} is missing"));
        }
    }
    none(complaints);
}

#[test]
fn the_design_is_complete() {
    let names = [
        "README.md",
        "language.md",
        "ir.md",
        "passes.md",
        "ownership.md",
        "regalloc.md",
        "bytecode.md",
        "coroutines.md",
        "values.md",
        "performance.md",
        "testing.md",
        "recipes.md",
        "decisions",
    ];
    let missing = names.iter().filter(|name| !root().join("design").join(name).exists());
    none(missing.map(|name| format!("design/{name} is missing")).collect());
}

/// The targets of the links of a Markdown text, outside code.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced || line.starts_with("    ") {
            continue;
        }
        let outside_code: String = line.split('`').step_by(2).collect::<Vec<_>>().join("x");
        for (at, _) in outside_code.match_indices("](") {
            if let Some(target) = outside_code[at + 2..].split(')').next() {
                found.push((number + 1, target.to_owned()));
            }
        }
    }
    found
}

#[test]
fn every_relative_link_resolves() {
    let mut complaints = Vec::new();
    let mut texts = files("design", "md");
    texts.push(("README.md".to_owned(), std::fs::read_to_string(root().join("README.md")).unwrap()));
    for (path, text) in texts {
        let directory = root().join(&path).parent().unwrap().to_path_buf();
        for (number, target) in links(&text) {
            let file = target.split('#').next().unwrap();
            if !file.is_empty() && !file.contains("://") && !directory.join(file).exists() {
                complaints.push(format!("{path}:{number}: {target} leads nowhere"));
            }
        }
    }
    none(complaints);
}

#[test]
fn every_conformance_file_belongs_to_a_case() {
    let exists = |path: &str, extension: &str| Path::new(&root().join(path)).with_extension(extension).exists();
    let mut complaints = Vec::new();
    for extension in ["out", "err", "code"] {
        for (path, _) in files("tests/conformance", extension) {
            if !exists(&path, "ruff") {
                complaints.push(format!("{path} has no program"));
            }
        }
    }
    none(complaints);
}

#[test]
fn the_readers_of_this_file_read_right() {
    assert_eq!(code_of("let a = \"// no\"; // unsafe"), "let a = \"\"; ");
    assert_eq!(code_of("let q = '\"'; x(\"unsafe\")"), "let q = ; x(\"\")");
    assert_eq!(code_of("fn f<'a>(x: &'a str) {}"), "fn f<a>(x: &a str) {}");
    assert_eq!(names_after("use crate::{vm, ir::Inst}; crate::base::x", "crate::"), ["vm", "ir", "base"]);
    assert!(justified(&["// SAFETY: fine", "let x =", "    unsafe { y }"], 2));
    assert!(!justified(&["// fine", "unsafe { y }"], 1));
    assert_eq!(links("a [b](c.md) `[d](e)`\n```\n[f](g)\n```"), [(1, "c.md".to_owned())]);
}
