//! The pipeline: the first page to read.
//!
//! ```text
//! source -> syntax::parse -> resolve::resolve -> lower::lower -> passes::run -> ownership -> regalloc::allocate
//!        -> bytecode::emit -> bytecode::verify -> vm::run
//! ```

use super::front::{self, Demands, Front};
use super::modules::Failures;
use super::outcome::Reporter;
use super::stats::Stats;
use super::testing::Suite;
use crate::base::builtin::{BuiltinId, Purity, role};
use crate::base::diagnostic::Diagnostic;
use crate::base::source::{SourceId, SourceMap, Span};
use crate::bytecode::program::{ModuleCode, Program};
use crate::bytecode::verify::Violation;
use crate::bytecode::{disassemble, emit, flow, verify};
use crate::ir::function::Module;
use crate::lower;
use crate::ownership;
use crate::ownership::modref::{Builtins, ModRef};
use crate::passes::manager::{PassOptions, Report, Verify};
use crate::passes::{self, Pass};
use crate::regalloc;
use crate::resolve::Unit;
use crate::runtime::builtins;
use crate::runtime::capability::Permissions;
use crate::runtime::heap;
use crate::runtime::host::Host;
use crate::syntax::ast::Function;
use crate::vm::counters::Counting;
use crate::vm::{Limits, Vm};
use bumpalo::Bump;
use std::rc::Rc;

pub use super::outcome::{Limit, Outcome, UncaughtError};

/// How to compile.
#[derive(Clone, Debug, Default)]
pub struct CompileOptions {
    /// Which passes.
    pub passes: PassOptions,
    /// Check every stage: the IR after each pass, ownership, allocation. Bytecode is always verified.
    pub verify: bool,
    /// Whether test blocks are compiled, too.
    pub tests: bool,
    /// Whether what is wrong with a module it may import is wrong with the program, too.
    pub modules: bool,
    /// What it may do: which files it may import. Its host says what it may do when it runs.
    pub permissions: Permissions,
}

/// A compiled program.
pub struct Compiled {
    program: Rc<Program>,
    sources: Rc<SourceMap>,
    failures: Rc<Failures>,
    tests: Suite,
    /// What the passes did and how long they took.
    pub report: Report,
}

/// How to run.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunOptions {
    /// Count executed instructions.
    pub stats: bool,
    /// What the program may use.
    pub limits: Limits,
}

/// A stage of the compiler broke a rule of its own: never the script's fault.
fn bug(stage: &str, function: &str, problems: impl IntoIterator<Item = String>) -> ! {
    let problems: Vec<String> = problems.into_iter().collect();
    panic!("bug in {stage} of function {function}; please report it with the script:\n{}", problems.join("\n"))
}

/// A script in IR.
pub struct Lowered {
    /// Its functions, and those of the prelude it mentions.
    pub module: Module,
    /// Which functions stand for builtins.
    pub forwards: Vec<(BuiltinId, u32)>,
    /// The modules it may import.
    pub modules: Vec<ModuleCode>,
    /// The sources of the prelude.
    pub hidden: Vec<SourceId>,
    /// Its test blocks, if they are part of it.
    pub tests: Suite,
    /// Its imports that lead nowhere.
    failures: Failures,
}

/// Parses, resolves and lowers: the IR as passes receive it.
///
/// # Errors
/// The script's diagnostics.
pub fn lower(sources: &mut SourceMap, main: SourceId, options: &CompileOptions) -> Result<Lowered, Vec<Diagnostic>> {
    let arena = Bump::new();
    let demands = Demands { tests: options.tests, modules: options.modules };
    let Front { program, interner, resolution, hidden, failures } =
        front::resolved(sources, main, demands, &options.permissions, &arena)?;
    let mut module = lower::lower(&resolution, &interner);
    module.names = builtins::NAMES;
    let numbers = lower::numbers(&resolution);
    let number = |function: &Function| numbers.get(&Unit::default().function(function.id)).map(|func| func.as_u32());
    let tests = if options.tests { Suite::new(program.main.body.statements, &number) } else { Suite::default() };
    let modules = lower::modules(&resolution).into_iter().map(|module| ModuleCode {
        name: module.name,
        function: module.function.as_u32(),
        state: module.state,
        slots: module.slots,
    });
    let modules = modules.collect();
    let forwards = lower::prelude_functions(&resolution, &interner)
        .into_iter()
        .filter_map(|(name, function)| Some((builtins::lookup(&name)?, function.as_u32())))
        .collect();
    Ok(Lowered { module, forwards, modules, hidden, tests, failures })
}

/// Runs the passes over lowered IR; `dump` gets the module after each pass that the options name.
///
/// # Panics
/// On a bug of a pass, if verification is on.
pub fn optimise(module: &mut Module, options: &CompileOptions, dump: &mut dyn FnMut(Pass, &Module)) -> Report {
    let mut pass_options = options.passes.clone();
    if options.verify {
        pass_options.verify = Verify::Each;
    }
    passes::manager::run(module, &pass_options, dump)
        .unwrap_or_else(|error| bug("the passes", "<module>", [error.to_string()]))
}

/// Compiles a script; `dump` gets the module after each pass that the options name.
///
/// # Errors
/// The script's diagnostics; nothing of it may run.
///
/// # Panics
/// On a bug of the compiler, with the stage and the function.
pub fn compile(
    sources: &mut SourceMap,
    main: SourceId,
    options: &CompileOptions,
    dump: &mut dyn FnMut(Pass, &Module),
) -> Result<Compiled, Vec<Diagnostic>> {
    let lowered = lower(sources, main, options)?;
    compile_lowered(lowered, sources, options, dump)
}

/// As [`compile`], from IR as it was lowered from `sources`.
///
/// # Errors
/// What is too large for the machine.
///
/// # Panics
/// On a bug of the compiler, with the stage and the function.
pub(super) fn compile_lowered(
    lowered: Lowered,
    sources: &SourceMap,
    options: &CompileOptions,
    dump: &mut dyn FnMut(Pass, &Module),
) -> Result<Compiled, Vec<Diagnostic>> {
    let Lowered { mut module, forwards, modules, hidden, tests, failures } = lowered;
    let report = optimise(&mut module, options, dump);
    let forwarded: Vec<u32> = forwards.iter().map(|&(_, function)| function).collect();
    let program =
        Program { forwards, hidden, modules, ..generate(&mut module, &forwarded, &tests.functions(), options.verify)? };
    let verified = verify::verify(&program);
    if let Err(violations) = verified.and_then(|()| if options.verify { flow::check(&program) } else { Ok(()) }) {
        let lines = violations.iter().map(|violation| format!("{violation:?}"));
        bug("emission", "<program>", lines);
    }
    let (sources, failures) = (Rc::new(sources.clone()), Rc::new(failures));
    Ok(Compiled { program: Rc::new(program), sources, failures, tests, report })
}

/// From optimised IR to bytecode. The machine calls the functions `forwards` in place of builtins, the host the functions `tests`.
fn generate(module: &mut Module, forwards: &[u32], tests: &[u32], check: bool) -> Result<Program, Vec<Diagnostic>> {
    let mut allocations = Vec::with_capacity(module.functions.len());
    let known = Builtins {
        lookup: builtins::lookup,
        purity: |builtin| builtins::row(builtin).map_or(Purity::Tasks, |row| row.purity),
    };
    let modref = ModRef::new(module, known, forwards, tests);
    let facts = ownership::Facts {
        plain_operators: module.plain_operators,
        role: |builtin| role(builtins::row(builtin)?.name),
        modref: &modref,
    };
    for func in module.functions.values_mut() {
        let name = func.name.as_deref().unwrap_or("<lambda>").to_string();
        ownership::take_out(func, &facts);
        ownership::run(func, module.plain_operators);
        if check {
            let problems = ownership::check(func, Some(&modref), module.plain_operators);
            if !problems.is_empty() {
                bug("the ownership step", &name, problems);
            }
        }
        let allocation =
            emit::allocate(func).map_err(|error| vec![Diagnostic::compile(error.to_string(), func.span)])?;
        if check {
            let problems = regalloc::check::check(func, &allocation);
            if !problems.is_empty() {
                bug("register allocation", &name, problems);
            }
        }
        allocations.push(allocation);
    }
    let main = module.functions.values().next().map(|func| func.span).unwrap_or_default();
    emit::emit(module, &allocations).map_err(|error| vec![Diagnostic::compile(error.to_string(), main)])
}

impl Compiled {
    /// The bytecode as text, with source lines.
    pub fn disassembly(&self) -> String {
        let line = |span: Span| self.sources.line(span);
        let text = |span: Span| {
            let source = self.sources.get(span.source);
            source.text[source.lines.range(&source.text, source.lines.line(span.start))].to_string()
        };
        disassemble::disassemble(&self.program, &line, &text)
    }

    /// The test blocks.
    pub fn tests(&self) -> &Suite {
        &self.tests
    }

    /// A machine with this program, and with `host`, which the machine's owner gives back.
    pub(super) fn machine(&self, host: &mut Host, counting: Counting, limits: Limits) -> Vm {
        Vm::new(
            self.program.clone(),
            std::mem::replace(host, Host::captured("")),
            counting,
            limits,
            self.sources.clone(),
        )
    }

    /// What tells how a run within `limits` ended.
    pub(super) fn reporter<'r>(&'r self, limits: &'r Limits) -> Reporter<'r> {
        Reporter { sources: &self.sources, failures: &self.failures, limits }
    }

    /// The sources, to keep.
    pub(super) fn shared_sources(&self) -> &Rc<SourceMap> {
        &self.sources
    }

    /// Its imports that lead nowhere.
    pub(super) fn failures(&self) -> &Rc<Failures> {
        &self.failures
    }

    /// The sources.
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }

    /// The bytecode.
    pub fn program(&self) -> &Rc<Program> {
        &self.program
    }

    /// The same with other bytecode, which may come from anywhere.
    ///
    /// # Errors
    /// What makes the bytecode unsafe to run.
    pub fn with_program(&self, program: Program) -> Result<Compiled, Vec<Violation>> {
        verify::verify(&program)?;
        flow::check(&program)?;
        let (program, sources, failures) = (Rc::new(program), self.sources.clone(), self.failures.clone());
        Ok(Compiled { program, sources, failures, tests: Suite::default(), report: Report::default() })
    }
}

/// Runs a compiled program; the host's output is flushed before this returns.
pub fn run(compiled: &Compiled, host: &mut Host, options: &RunOptions) -> (Outcome, Option<Stats>) {
    let before = heap::stats();
    let counting = if options.stats { Counting::Opcodes } else { Counting::Off };
    let mut vm = compiled.machine(host, counting, options.limits);
    let ending = vm.run();
    std::mem::swap(host, vm.host());
    // Whatever cannot be written has been said.
    let _ = host.flush();
    let (counts, calls) = (vm.counts().to_vec(), vm.calls);
    drop(vm);
    heap::collect_cycles();
    let stats = options.stats.then(|| Stats::new(&counts, calls, &before, &heap::stats()));
    (compiled.reporter(&options.limits).outcome(ending), stats)
}
