//! Machine instructions of the compiler's stages and of a small run, counted by callgrind: exact where wall time is noise.
//!
//! `cargo bench` needs valgrind and `iai-callgrind-runner` (of the same version as the library, `cargo install`); without them
//! the target says so and succeeds.

/// The benchmarks, with the `main` that the macro makes, kept apart so that the one below can look for the tools first.
mod counted {
    use iai_callgrind::{library_benchmark, library_benchmark_group};
    use ruff::base::intern::Interner;
    use ruff::base::source::{SourceId, SourceMap};
    use ruff::engine::pipeline::{self, CompileOptions, Compiled, RunOptions};
    use ruff::runtime::host::Host;
    use std::hint::black_box;

    const FIB: &str = "func fib(n) { if n < 2 { return n } return fib(n - 1) + fib(n - 2) }\nfib(15)\n";

    /// A program of many small functions, for the stages that do not depend on what runs.
    fn many_functions() -> String {
        let one = |i: usize| {
            format!(
                "func f{i}(a, b) {{ mut t := [a] for k in b {{ t := push(t, k * {i}) }} return t[0] + \"${{a}}\" }}\n"
            )
        };
        (0..100).map(one).collect()
    }

    #[library_benchmark]
    #[bench::large(many_functions())]
    fn lex(text: String) {
        let arena = bumpalo::Bump::new();
        black_box(ruff::syntax::lexer::lex(SourceId(0), &text, &arena, &mut Interner::new()));
    }

    #[library_benchmark]
    #[bench::large(many_functions())]
    fn parse(text: String) {
        let arena = bumpalo::Bump::new();
        black_box(ruff::syntax::parse(SourceId(0), &text, &arena, &mut Interner::new()));
    }

    fn compiled(text: String) -> Compiled {
        let mut sources = SourceMap::new();
        let main = sources.add("bench.ruff", text).expect("an empty map takes a source");
        pipeline::compile(&mut sources, main, &CompileOptions::default(), &mut |_, _| {})
            .unwrap_or_else(|_| panic!("it compiles"))
    }

    #[library_benchmark]
    #[bench::large(many_functions())]
    fn compile(text: String) {
        black_box(compiled(text));
    }

    #[library_benchmark]
    #[bench::fib(compiled(FIB.to_owned()))]
    fn execute(program: Compiled) {
        black_box(pipeline::run(&program, &mut Host::captured(""), &RunOptions::default()));
    }

    library_benchmark_group!(name = stages; benchmarks = lex, parse, compile, execute);

    iai_callgrind::main!(library_benchmark_groups = stages);

    /// Runs the benchmarks.
    pub fn run() {
        main();
    }
}

/// Whether `name` can be found along the search path.
fn installed(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|paths| std::env::split_paths(&paths).any(|path| path.join(name).is_file()))
}

fn main() {
    let runner = std::env::var_os("IAI_CALLGRIND_RUNNER").is_some() || installed("iai-callgrind-runner");
    // Under callgrind the runner starts this binary again, with arguments of its own.
    let inner = std::env::args().any(|word| word == "--iai-run");
    if inner || (runner && installed("valgrind")) {
        counted::run();
    } else {
        println!("skipped: valgrind or iai-callgrind-runner is not installed");
    }
}
