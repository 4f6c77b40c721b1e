//! Structs: what the output of a program does not show. Updates of fields copy nothing; a method call allocates nothing.

use ruff::base::source::SourceMap;
use ruff::engine::pipeline::{CompileOptions, RunOptions, compile, run};
use ruff::runtime::heap;
use ruff::runtime::host::Host;

/// What a run of `text` did to the heap, and what it printed.
fn measure(name: &str, text: &str, options: &CompileOptions) -> (heap::Stats, String) {
    let mut sources = SourceMap::new();
    let main = sources.add(name, text).expect("a source that fits");
    let Ok(compiled) = compile(&mut sources, main, options, &mut |_, _| {}) else {
        return (heap::Stats::default(), String::new());
    };
    let before = heap::stats();
    let mut host = Host::captured("");
    run(&compiled, &mut host, &RunOptions::default());
    let after = heap::stats();
    let done = heap::Stats {
        live_objects: after.live_objects - before.live_objects,
        allocations: after.allocations - before.allocations,
        copies_on_write: after.copies_on_write - before.copies_on_write,
        ..after
    };
    (done, host.take_output().0)
}

/// `body` in a function that runs it `n` times over a struct `p`, and what a thousand more times add to the heap's counters.
fn growth(declaration: &str, body: &str) -> (u64, u64) {
    let program = |n: u32| {
        format!(
            "{declaration}\nfunc f(n) {{ mut p := P {{ x: 0, y: 0.5, s: [] }}\n for i in range(n) {{ {body} }}\n return p }}\nprint(f({n}))"
        )
    };
    let count = |n: u32| measure("growth", &program(n), &CompileOptions::default()).0;
    let (few, many) = (count(10), count(1010));
    (many.allocations - few.allocations, many.copies_on_write - few.copies_on_write)
}

#[test]
fn updates_of_fields_copy_nothing_and_allocate_nothing() {
    let bodies = [
        "p.x := i",
        "p.x := p.x + 1",
        "p.x += i",
        "p.y := p.y * 1.5 - p.x",
        "p := p.bump(i)",
        "p.x := p.look(i)",
        "p.look(i)",
        "if p.x < i { p.x := i }",
    ];
    for body in bodies {
        let methods = "struct P { x, y  func bump(self, k) { self.x := self.x + k  return self }  func look(self, k) { return self.x - k } }";
        assert_eq!(growth(methods, body), (0, 0), "{body}");
    }
}

#[test]
fn a_literal_is_one_allocation() {
    assert_eq!(growth("", "p := P { x: i, y: 2 }"), (1000, 0));
    assert_eq!(growth("struct P { z = 1, w = 2 }", "p := P { x: i, z: 2, w: 3 }"), (1000, 0));
    let overloaded = "struct P { x  func op_add(self, o) { return P { x: self.x + o } } }";
    assert_eq!(growth(overloaded, "p := p + i"), (1000, 0));
}
