//! Programs leave nothing behind: after every conformance program, however it ends, no heap object is alive.

use ruff::base::source::SourceMap;
use ruff::engine::pipeline::{CompileOptions, RunOptions, compile, run};
use ruff::passes::manager::PassOptions;
use ruff::runtime::heap;
use ruff::runtime::host::Host;
use std::path::Path;
use std::sync::LazyLock;

/// Objects alive after a run of `text`, and what it printed.
fn survivors(name: &str, text: &str, options: &CompileOptions) -> (u64, String) {
    let mut sources = SourceMap::new();
    let main = sources.add(name, text).expect("a source that fits");
    let Ok(compiled) = compile(&mut sources, main, options, &mut |_, _| {}) else { return (0, String::new()) };
    let before = heap::live_objects();
    let mut host = Host::captured("");
    run(&compiled, &mut host, &RunOptions::default());
    (heap::live_objects() - before, host.take_output().0)
}

fn programs() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let areas = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let paths = areas.flat_map(|area| std::fs::read_dir(area).unwrap()).map(|entry| entry.unwrap().path());
    let mut programs: Vec<_> = paths
        .filter(|path| {
            path.extension().is_some_and(|extension| extension == "ruff") && path.with_extension("out").exists()
        })
        .map(|path| (path.display().to_string(), String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned()))
        .collect();
    programs.sort();
    assert!(programs.len() > 400);
    programs
}

fn leaks(options: &CompileOptions) {
    // Programs write files where they run.
    static DIRECTORY: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
        let directory = tempfile::tempdir().unwrap();
        std::env::set_current_dir(directory.path()).unwrap();
        directory
    });
    LazyLock::force(&DIRECTORY);
    let leaking: Vec<String> = programs()
        .iter()
        .map(|(name, text)| (name, survivors(name, text, options).0))
        .filter(|&(_, count)| count != 0)
        .map(|(name, count)| format!("{name}: {count}"))
        .collect();
    assert!(leaking.is_empty(), "objects alive after the run:\n{}", leaking.join("\n"));
}

#[test]
fn nothing_is_alive_after_any_program() {
    leaks(&CompileOptions::default());
}

#[test]
fn without_passes_neither() {
    let options = CompileOptions {
        passes: PassOptions { explicit: Some(Vec::new()), ..PassOptions::default() },
        verify: true,
        ..CompileOptions::default()
    };
    leaks(&options);
}

#[test]
fn cycles_through_generators_channels_and_promises_are_found() {
    let text = "
        for i in 100 {
            mut box := [\"some text\"]
            g := func*() { yield box }()
            box := push(box, g)
            g.next()
            c := channel()
            c.send([c, \"more text\"])
            mut p := null
            f := async func() { return func() { return p } }
            p := f()
        }
        print(\"done\")";
    let (count, out) = survivors("cycles.ruff", text, &CompileOptions::default());
    assert_eq!((count, out.as_str()), (0, "done\n"));
}

#[test]
fn handlers_of_abandoned_tasks_give_up_what_they_keep() {
    let text = "
        c := channel()
        async func waits(text) {
            mut own := [text]
            try {
                own := push(own, c.receive())
            } except e {
                print(own, e.message)
            }
            return own
        }
        for i in 3 { waits(\"text ${i}\") }
        h := spawn_task(async func() { kept := [\"kept\"]  try { c.receive() } except e { print(kept) } })
        sleep(1)
        print(cancel_task(h))";
    let (count, out) = survivors("handlers.ruff", text, &CompileOptions::default());
    assert_eq!((count, out.as_str()), (0, "true\n"));
}

#[test]
fn closures_made_and_forgotten_take_no_memory() {
    let text = "
        func counter() { mut n := 0  add := func(k) { n += k }  get := func() { return n }  return [add, get] }
        mut total := 0
        for m in 50000 { pair := counter()  add := pair[0]  get := pair[1]  add(1)  total += get() }
        print(total)";
    let (alive, output) = survivors("closures", text, &CompileOptions::default());
    assert_eq!((alive, output.trim()), (0, "50000"));
    // Two closures and a cell each would be seven megabytes.
    assert!(heap::stats().peak_bytes < 3_000_000, "{} bytes", heap::stats().peak_bytes);
}
