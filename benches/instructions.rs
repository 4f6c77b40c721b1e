//! Machine instructions of the compiler's stages, of each pass, and of every benchmark program, counted by callgrind: exact where
//! wall time is noise.
//!
//! `cargo bench` needs valgrind and the `iai-callgrind-runner` of exactly the library's version, which this file reads from
//! `Cargo.lock`, checks, and names in what it prints. Without the tools it says so and succeeds; another version is a failure.
//! The figures are compared with those of the run before (kept below `target/iai`): more than [`LIMIT`] percent more instructions
//! in any benchmark fail the run. So run it on the commit to compare with, then on the change.
//!
//! The stages work on the text of all benchmark programs, one after the other; `lower` includes parsing and resolving, a pass works
//! on what the passes before it leave, and `emit` includes the verifier. Programs run at the sizes of `programs/reduced.txt`.

use std::process::{Command, ExitCode};

/// By how many percent a count may exceed that of the run before.
const LIMIT: f64 = 2.0;

const RUNNER: &str = "iai-callgrind-runner";

/// Names and sizes of the programs.
const SIZES: &str = include_str!("programs/reduced.txt");

/// The benchmarks, with the `main` that the macro makes, kept apart so that the one below can look for the tools first.
mod counted {
    use super::{LIMIT, SIZES};
    use iai_callgrind::{Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group};
    use ruff::base::intern::Interner;
    use ruff::base::source::{SourceId, SourceMap};
    use ruff::bytecode::emit as emission;
    use ruff::bytecode::program::Program;
    use ruff::bytecode::verify;
    use ruff::engine::pipeline::{self, CompileOptions, Compiled, RunOptions};
    use ruff::ir::function::Module;
    use ruff::ownership;
    use ruff::passes::manager::PassOptions;
    use ruff::passes::{Level, Pass};
    use ruff::regalloc::Allocation;
    use ruff::runtime::host::Host;
    use std::hint::black_box;

    fn source(name: &str) -> String {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/programs");
        std::fs::read_to_string(format!("{directory}/{name}.ruff")).expect("a program of the table")
    }

    fn names() -> impl Iterator<Item = &'static str> {
        SIZES.lines().filter_map(|line| line.split(' ').next())
    }

    /// The texts of all programs.
    fn sources() -> Vec<String> {
        names().map(source).collect()
    }

    fn lowered(text: &str, options: &CompileOptions) -> Module {
        let mut sources = SourceMap::new();
        let main = sources.add("bench.ruff", text).expect("an empty map takes a source");
        pipeline::lower(&mut sources, main, options).unwrap_or_else(|_| panic!("it compiles")).module
    }

    fn run_passes(module: &mut Module, list: Vec<Pass>) {
        let passes = PassOptions { explicit: Some(list), ..PassOptions::default() };
        let options = CompileOptions { passes, ..CompileOptions::default() };
        pipeline::optimise(module, &options, &mut |_, _| {});
    }

    /// All programs as a pass first sees them in the pipeline, or after all passes.
    fn modules(before: Option<Pass>) -> Vec<Module> {
        let pipeline = Level::O2.pipeline();
        let end = before.and_then(|pass| pipeline.iter().position(|&other| other == pass)).unwrap_or(pipeline.len());
        let mut modules: Vec<Module> = sources().iter().map(|text| lowered(text, &CompileOptions::default())).collect();
        for module in &mut modules {
            run_passes(module, pipeline[..end].to_vec());
        }
        modules
    }

    /// All programs with their registers.
    fn allocated() -> Vec<(Module, Vec<Allocation>)> {
        modules(None).into_iter().map(allocate_one).collect()
    }

    fn allocate_one(mut module: Module) -> (Module, Vec<Allocation>) {
        let mut allocations = Vec::new();
        let plain = module.plain_operators;
        for func in module.functions.values_mut() {
            ownership::run(func, plain);
            allocations.push(emission::allocate(func).unwrap_or_else(|_| panic!("few registers")));
        }
        (module, allocations)
    }

    fn compiled(text: &str) -> Compiled {
        let mut sources = SourceMap::new();
        let main = sources.add("bench.ruff", text).expect("an empty map takes a source");
        pipeline::compile(&mut sources, main, &CompileOptions::default(), &mut |_, _| {})
            .unwrap_or_else(|_| panic!("it compiles"))
    }

    /// A program, compiled, and a host with its size.
    fn program(name: &str) -> (Compiled, Host) {
        let row = SIZES.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let size = row.expect("a program of the table").to_owned();
        (compiled(&source(name)), Host::captured("").with_arguments(vec![size]))
    }

    #[library_benchmark]
    #[bench::all(sources())]
    fn lex(texts: Vec<String>) -> Vec<String> {
        for text in &texts {
            let arena = bumpalo::Bump::new();
            black_box(ruff::syntax::lexer::lex(SourceId(0), text, &arena, &mut Interner::new()));
        }
        texts
    }

    #[library_benchmark]
    #[bench::all(sources())]
    fn parse(texts: Vec<String>) -> Vec<String> {
        for text in &texts {
            let arena = bumpalo::Bump::new();
            black_box(ruff::syntax::parse(SourceId(0), text, &arena, &mut Interner::new()));
        }
        texts
    }

    #[library_benchmark]
    #[bench::all(sources())]
    fn lower(texts: Vec<String>) -> Vec<Module> {
        texts.iter().map(|text| lowered(text, &CompileOptions::default())).collect()
    }

    #[library_benchmark]
    #[bench::all(modules(None))]
    fn allocate(modules: Vec<Module>) -> Vec<(Module, Vec<Allocation>)> {
        modules.into_iter().map(allocate_one).collect()
    }

    #[library_benchmark]
    #[bench::all(allocated())]
    fn emit(modules: Vec<(Module, Vec<Allocation>)>) -> Vec<Program> {
        let emit = |(module, allocations): &(Module, Vec<Allocation>)| {
            let program = emission::emit(module, allocations).unwrap_or_else(|_| panic!("few constants"));
            assert!(verify::verify(&program).is_ok());
            program
        };
        modules.iter().map(emit).collect()
    }

    #[library_benchmark]
    #[bench::all(sources())]
    fn compile(texts: Vec<String>) -> Vec<Compiled> {
        texts.iter().map(|text| compiled(text)).collect()
    }

    macro_rules! passes {
        ($($name:ident $pass:ident;)*) => {
            #[library_benchmark]
            $(#[bench::$name((modules(Some(Pass::$pass)), Pass::$pass))])*
            fn pass(subject: (Vec<Module>, Pass)) -> Vec<Module> {
                let (mut modules, pass) = subject;
                for module in &mut modules {
                    run_passes(module, vec![pass]);
                }
                modules
            }

            /// The passes that have a benchmark.
            pub const PASSES: &[Pass] = &[$(Pass::$pass),*];
        };
    }

    passes! {
        simplify_cfg SimplifyCfg;
        copy_prop CopyProp;
        const_fold ConstFold;
        jump_threading JumpThreading;
        dce Dce;
        type_infer TypeInfer;
    }

    macro_rules! programs {
        ($($name:ident)*) => {
            #[library_benchmark]
            $(#[bench::$name(program(stringify!($name)))])*
            fn run(subject: (Compiled, Host)) -> (Compiled, Host) {
                let (compiled, mut host) = subject;
                black_box(pipeline::run(&compiled, &mut host, &RunOptions::default()));
                (compiled, host)
            }

            /// The programs that have a benchmark.
            pub const PROGRAMS: &[&str] = &[$(stringify!($name)),*];
        };
    }

    programs! {
        ackermann ast_match binary_trees brainfuck closures_counter dict_memo dict_of_arrays exceptions fannkuch fib
        game_of_life generator json k_nucleotide levenshtein mandelbrot matrix_multiply nbody nested_update nqueens
        permutations pipeline quicksort range_for sieve spectral_norm split_join startup string_builder struct_methods
        tak tokenizer towers while_nested word_count
    }

    library_benchmark_group!(name = stages; benchmarks = lex, parse, lower, allocate, emit, compile);
    library_benchmark_group!(name = each_pass; benchmarks = pass);
    library_benchmark_group!(name = execution; benchmarks = run);

    iai_callgrind::main!(
        config = LibraryBenchmarkConfig::default()
            .tool(Callgrind::with_args(["--cache-sim=no"]).soft_limits([(EventKind::Ir, LIMIT)]));
        library_benchmark_groups = stages, each_pass, execution
    );

    /// Runs the benchmarks.
    pub fn run_all() {
        assert_eq!(names().collect::<Vec<_>>(), PROGRAMS, "the programs of reduced.txt and of this file");
        let missing: Vec<_> = Pass::ALL.iter().filter(|pass| !PASSES.contains(pass)).collect();
        assert!(missing.is_empty(), "no benchmark of {missing:?}");
        main();
    }
}

/// Whether `name` can be found along the search path.
fn installed(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|paths| std::env::split_paths(&paths).any(|path| path.join(name).is_file()))
}

/// The version of the library.
fn wanted_version() -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let (_, entry) = lock.split_once("name = \"iai-callgrind\"\nversion = \"").expect("a dependency of the tests");
    entry.split('"').next().unwrap_or("")
}

/// The version of the runner: it says it in parentheses, whatever it is asked.
fn version_of(runner: &std::ffi::OsStr) -> Option<String> {
    let output = Command::new(runner).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let (_, behind) = text.split_once(RUNNER)?;
    let version: String =
        behind.chars().skip_while(|c| !c.is_ascii_digit()).take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    Some(version)
}

fn main() -> ExitCode {
    // Under callgrind the runner starts this binary again, with arguments of its own.
    if std::env::args().any(|word| word == "--iai-run") {
        counted::run_all();
        return ExitCode::SUCCESS;
    }
    let wanted = wanted_version();
    let install = format!("cargo install {RUNNER} --version {wanted}");
    let given = std::env::var_os("IAI_CALLGRIND_RUNNER");
    if !installed("valgrind") || (given.is_none() && !installed(RUNNER)) {
        println!("skipped: this needs valgrind and `{install}`");
        return ExitCode::SUCCESS;
    }
    let found = version_of(&given.unwrap_or_else(|| RUNNER.into()));
    if found.as_deref() != Some(wanted) {
        println!("the runner is of version {}: `{install}`", found.as_deref().unwrap_or("unknown"));
        return ExitCode::FAILURE;
    }
    counted::run_all();
    ExitCode::SUCCESS
}
