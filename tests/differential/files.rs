//! Programs of several files: every fifth seed makes a module `lib`, with the struct, state and functions of its own, and mostly a
//! second one, `side`, that imports the first and may fail while it is evaluated.
//!
//! A program is one text still, so that everything else (shrinking too) need not know: a line `//// NAME.ruff` begins a file. What
//! stands before the first such line, or behind that of `program.ruff`, is the program itself.

use super::generator::{Generator, Variable};
use super::tree::{Node, Part, Sort};
use ruff::base::source::{SourceId, SourceMap};
use tempfile::TempDir;

const MARK: &str = "//// ";
/// The file that is run.
pub const MAIN: &str = "program.ruff";

/// Whether the program of this seed has modules. The other seeds make what they would make without this file.
pub fn has_modules(seed: u64) -> bool {
    seed.is_multiple_of(5)
}

/// The files of a program with their texts.
pub fn split(text: &str) -> Vec<(&str, String)> {
    let mut files = vec![(MAIN, String::new())];
    let mut current = 0;
    for line in text.lines() {
        match line.strip_prefix(MARK) {
            Some(name) => {
                current = files.iter().position(|file| file.0 == name).unwrap_or(files.len());
                files.resize_with(files.len().max(current + 1), || (name, String::new()));
            }
            None => files[current].1.extend([line, "\n"]),
        }
    }
    files
}

/// Writes the files of a program into a directory.
pub fn write(text: &str, directory: &std::path::Path) -> Result<(), String> {
    split(text)
        .iter()
        .try_for_each(|(name, text)| std::fs::write(directory.join(name), text))
        .map_err(|e| e.to_string())
}

/// The sources of a program; one with modules is in the directory, as long as that is kept.
pub fn sources(text: &str) -> Result<(SourceMap, SourceId, Option<TempDir>), String> {
    let mut sources = SourceMap::new();
    let (directory, main) = if text.contains(MARK) {
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        write(text, directory.path())?;
        let path = directory.path().join(MAIN);
        (Some(directory), sources.add(path.to_string_lossy(), split(text).swap_remove(0).1))
    } else {
        (None, sources.add(MAIN, text))
    };
    Ok((sources, main.ok_or("the program is too long")?, directory))
}

/// A file of this name with this body; the program goes on behind it.
fn file(name: &str, body: Vec<Node>) -> Node {
    Node::new(Sort::Item, &format!("{MARK}{name}.ruff\n@\n{MARK}{MAIN}"), vec![Node::sequence(Sort::Body, body)])
}

fn export(mut statement: Node) -> Node {
    statement.parts.insert(0, Part::Text("export ".into()));
    statement
}

fn raw(text: impl Into<String>) -> Node {
    Node::text(Sort::Stmt, text.into())
}

/// The statement that imports `names` from `lib`, in one of the ways there are.
fn import(generator: &mut Generator, names: &[String]) -> Node {
    if generator.random.percent(40) {
        return raw("import lib");
    }
    let names = names.iter().map(|name| Node::text(Sort::Item, name.clone())).collect();
    Node::new(Sort::Stmt, "from lib import @", vec![Node::sequence(Sort::List, names)])
}

/// Some statements whose errors do not end the module.
fn guarded(generator: &mut Generator) -> Node {
    generator.cost = 0;
    generator.guarded += 1;
    let body = generator.body(3, Vec::new());
    generator.guarded -= 1;
    Node::new(Sort::Stmt, "try {@} except error { print(error.message, error.line) }", vec![body])
}

/// The modules, and the statements that import them; `structure` is the declaration of the struct.
pub fn modules(generator: &mut Generator, structure: Node) -> Vec<Node> {
    let mut names: Vec<String> = ["Point", "state", "fails"].map(str::to_owned).into();
    let mut lib = vec![raw("print(\"lib begins\")"), export(structure)];
    let mut exported: Vec<Variable> = Vec::new();
    for _ in 0..2 + generator.random.below(4) {
        let declaration = generator.declaration();
        if generator.random.percent(40) {
            exported.extend(generator.scopes[0].last().cloned());
            lib.push(export(declaration));
        } else {
            lib.push(declaration);
        }
    }
    for _ in 0..1 + generator.random.below(3) {
        lib.push(export(generator.function()));
    }
    let state: Vec<&str> = generator.scopes[0].iter().map(|variable| &*variable.name).collect();
    lib.push(raw(format!("export func state() {{ return [{}] }}", state.join(", "))));
    lib.push(raw("func deep(k) { if k <= 0 { return [k][k + 3] } r := deep(k - 1) return r }"));
    lib.push(raw("export func fails(k) { r := deep(k) return r }"));
    lib.push(guarded(generator));
    generator.scopes[0] = exported;
    names.extend(generator.scopes[0].iter().map(|variable| variable.name.clone()));
    names.extend(generator.functions.iter().map(|function| function.name.clone()));
    let mut parts = vec![file("lib", lib)];
    let has_side = generator.random.percent(70);
    let mut uses = Vec::new();
    if has_side {
        let known = generator.scopes[0].clone();
        let mut side = vec![import(generator, &names), raw("print(\"side begins\")")];
        side.push(generator.declaration());
        side.push(export(generator.function()));
        side.push(guarded(generator));
        if generator.random.percent(35) {
            side.push(raw(*generator.random.pick(&["print([1][9])", "fails(2)", "throw(\"side fails\")"])));
        }
        parts.push(file("side", side));
        generator.scopes[0] = known;
        let function = generator.functions.pop().expect("it was just made");
        generator.guarded += 1;
        let call = generator.call_of(&function, 2);
        generator.guarded -= 1;
        let name = &function.name;
        let template = format!(
            "for i in 2 {{ try {{\n  from side import {name}\n  print(@)\n}} except e {{ print(\"side\", e.message, e.line) }} }}"
        );
        uses.push(Node::new(Sort::Stmt, &template, vec![call]));
    }
    parts.push(import(generator, &names));
    parts.extend(uses);
    parts
}

/// What the program does at its end: shows the state of the module, and sometimes fails in it.
pub fn end(generator: &mut Generator) -> Vec<Node> {
    let mut end = vec![raw("print(state())")];
    if generator.random.percent(25) {
        end.push(raw("print(fails(2))"));
    }
    end
}

#[test]
fn a_program_falls_into_its_files() {
    let text = "//// lib.ruff\n  export a := 1\n//// program.ruff\nimport lib\nprint(a)";
    let files = [(MAIN, "import lib\nprint(a)\n".to_owned()), ("lib.ruff", "  export a := 1\n".to_owned())];
    assert_eq!(split(text), files);
    let (sources, main, directory) = sources(text).unwrap();
    assert_eq!(&*sources.get(main).text, files[0].1);
    assert!(directory.unwrap().path().join("lib.ruff").is_file());
}
