//! The grammar of the command line (clap), and the bare forms `ruff FILE` and `ruff -e CODE`, which mean `ruff run …`.

use super::permissions::PermissionFlags;
use super::size::{self, MaxMemory};
use crate::base::render::Colour;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;

const COMMANDS: &[&str] = &["run", "check", "emit", "passes", "test", "test-run", "bench", "profile", "doc", "help"];

const AFTER_HELP: &str = "\
`ruff FILE [ARGS]` and `ruff -e CODE` are short for `ruff run …`; FILE `-` is standard input.
`ruff` alone runs standard input, too, unless that is a terminal.

Exit codes:
  0  the program ended          1  a test failed, a denied warning, or output could not be written
  2  wrong usage                3  lexical or parse error
  4  compile error or uncaught runtime error
  5  unreadable file            6  a limit (--fuel, --max-memory) was reached
  n  exit(n) in the program, modulo 256";

/// The whole command line.
#[derive(Parser, Debug)]
#[command(
    name = "ruff",
    version,
    about = "Runs programs of the Ruff language",
    after_help = AFTER_HELP,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 120
)]
pub struct Arguments {
    /// What all commands take.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The flags of all commands.
#[derive(Args, Debug)]
pub struct Common {
    /// Colours in messages: auto, always or never (NO_COLOR is respected)
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN", hide_possible_values = true)]
    pub color: When,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run a program
    #[command(
        override_usage = "ruff run [OPTIONS] FILE [--] [ARGS]...\n       ruff run [OPTIONS] -e CODE [--] [ARGS]..."
    )]
    Run(Run),
    /// Report errors, and what would fail or surprise, without running
    Check(Check),
    /// Print what a stage of the compiler makes of a program
    Emit(Emit),
    /// List the optimisation passes
    Passes(ListPasses),
    /// Run all tests below a directory: programs beside their expected output, and test blocks
    Test(Test),
    /// Run the test blocks of a program
    TestRun(TestRun),
    /// Measure a program: time and executed instructions by engine and level, or what each pass is worth
    Bench(Bench),
    /// Run a program and tell where it spends its instructions
    Profile(Profile),
    /// Describe a builtin, or list them
    Doc(Doc),
}

/// `ruff run`.
#[derive(Args, Debug)]
pub struct Run {
    /// Print counts of executed instructions, calls, allocations and copies to standard error
    #[arg(long)]
    pub stats: bool,
    /// Stop after N units of work: about one for each turn of a loop and each call, more in builtins, by size
    #[arg(long, value_name = "N", value_parser = size::count)]
    pub fuel: Option<u64>,
    /// Stop when the program takes more memory: bytes, or 64MB, 1.5GiB, ...; `none` for no limit [default: 3/4 of what is free]
    #[arg(long, value_name = "SIZE", value_parser = size::memory)]
    pub max_memory: Option<MaxMemory>,
    /// Write messages as JSON, one object a line, to standard error
    #[arg(long)]
    pub json: bool,
    /// Run CODE instead of a file
    #[arg(short = 'e', long = "eval", value_name = "CODE", allow_hyphen_values = true)]
    pub code: Option<String>,
    /// The program (`-` for standard input) and its arguments; flags after it belong to the program
    #[arg(trailing_var_arg = true, value_name = "FILE [ARGS]", required_unless_present = "code")]
    pub words: Vec<OsString>,
    /// What runs it.
    #[command(flatten)]
    pub engine: EngineChoice,
    /// The passes to apply.
    #[command(flatten)]
    pub pipeline: Pipeline,
    /// What the program may do.
    #[command(flatten)]
    pub permissions: PermissionFlags,
}

/// `ruff check`: also checks the modules that a program may import, and its test blocks.
#[derive(Args, Debug)]
pub struct Check {
    /// Programs (`-` for standard input), and folders, of which all programs are checked
    #[arg(value_name = "FILE|DIR", required_unless_present = "explain")]
    pub files: Vec<OsString>,
    /// Make these warnings errors: codes, or `all` (repeatable)
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub deny: Vec<String>,
    /// Leave these warnings out: codes, or `all` (repeatable); a code goes before `all`
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub allow: Vec<String>,
    /// `off`: report errors only, and what --deny makes one
    #[arg(long, value_enum, value_name = "ON|OFF", default_value_t = Switch::On, hide_possible_values = true)]
    pub warnings: Switch,
    /// Say what a warning is about, or list `all` of them
    #[arg(long, value_name = "CODE", conflicts_with_all = ["files", "deny", "allow"])]
    pub explain: Option<String>,
    /// Write results and messages as JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

/// Whether something is done.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// It is
    On,
    /// It is not
    Off,
}

/// `ruff emit`.
#[derive(Args, Debug)]
pub struct Emit {
    /// The stage whose result is printed: tokens, ast, ir or bytecode
    #[arg(value_enum, hide_possible_values = true)]
    pub stage: Stage,
    /// The program (`-` for standard input)
    #[arg(value_name = "FILE")]
    pub file: OsString,
    /// With `ir`: stop after the first run of this pass
    #[arg(long, value_name = "PASS")]
    pub after: Option<String>,
    /// The passes to apply.
    #[command(flatten)]
    pub pipeline: Pipeline,
}

/// `ruff passes`.
#[derive(Args, Debug)]
pub struct ListPasses {
    /// Print the names only, one a line
    #[arg(long, conflicts_with = "json")]
    pub names: bool,
    /// Write results and messages as JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

/// `ruff test`.
#[derive(Args, Debug)]
pub struct Test {
    /// A directory, or one program [default: .]
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Only programs whose path contains TEXT, and test blocks whose name does
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Write what the programs print as what is expected of them
    #[arg(long)]
    pub update: bool,
    /// Name what passes, too, and say how long each program took
    #[arg(short, long)]
    pub verbose: bool,
    /// Seconds each program may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub timeout: u64,
    /// How many programs run at a time [default: one for each processor]
    #[arg(long, value_name = "COUNT")]
    pub jobs: Option<usize>,
    /// Compare without white space at the ends of lines and of the output
    #[arg(long)]
    pub trim: bool,
    /// Expect in NAME.out what a program writes to standard error, too, after its standard output
    #[arg(long)]
    pub with_stderr: bool,
    /// Write results and messages as JSON, one object a line
    #[arg(long)]
    pub json: bool,
    /// What runs them.
    #[command(flatten)]
    pub engine: EngineChoice,
    /// What the programs may do.
    #[command(flatten)]
    pub permissions: PermissionFlags,
}

/// `ruff test-run`.
#[derive(Args, Debug)]
pub struct TestRun {
    /// The program (`-` for standard input)
    #[arg(value_name = "FILE")]
    pub file: OsString,
    /// Only tests whose name contains TEXT
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Write results and messages as JSON, one object a line
    #[arg(long)]
    pub json: bool,
    /// What runs them.
    #[command(flatten)]
    pub engine: EngineChoice,
    /// What the program may do.
    #[command(flatten)]
    pub permissions: PermissionFlags,
}

/// `ruff bench`.
#[derive(Args, Debug)]
pub struct Bench {
    /// Count executed instructions with each pass left out of -O2, for a program or all programs of a directory
    #[arg(long)]
    pub ablate: bool,
    /// With --ablate: print CSV instead of a table
    #[arg(long)]
    pub csv: bool,
    /// With --ablate: write a bar chart
    #[arg(long, value_name = "PATH")]
    pub svg: Option<PathBuf>,
    /// With --ablate: lines of a program's name and its arguments
    #[arg(long, value_name = "PATH")]
    pub sizes: Option<PathBuf>,
    /// How often each engine and level is timed
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rounds: u32,
    /// How often it runs before that
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub warmup: u32,
    /// Only this engine: vm, at each level, or tree, which takes many times as long
    #[arg(long, value_enum, value_name = "ENGINE", hide_possible_values = true)]
    pub engine: Option<Engine>,
    /// The program (`-` for standard input), or with --ablate a directory, and the program's arguments
    #[arg(trailing_var_arg = true, value_name = "FILE [ARGS]", required = true)]
    pub words: Vec<OsString>,
    /// What the program may do.
    #[command(flatten)]
    pub permissions: PermissionFlags,
}

/// `ruff profile`.
#[derive(Args, Debug)]
pub struct Profile {
    /// Where the flame graph goes [default: the program's name with .svg, in the current directory]
    #[arg(long, value_name = "PATH")]
    pub flame: Option<PathBuf>,
    /// How many functions and lines are shown
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub top: usize,
    /// The program (`-` for standard input) and its arguments; flags after it belong to the program
    #[arg(trailing_var_arg = true, value_name = "FILE [ARGS]", required = true)]
    pub words: Vec<OsString>,
    /// The passes to apply.
    #[command(flatten)]
    pub pipeline: Pipeline,
    /// What the program may do.
    #[command(flatten)]
    pub permissions: PermissionFlags,
}

/// `ruff doc`.
#[derive(Args, Debug)]
pub struct Doc {
    /// The builtin
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Write results and messages as JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

/// Which engine runs a program.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Engine")]
pub struct EngineChoice {
    /// What runs the program: vm, the register machine, or tree, the reference interpreter, which no pass concerns
    #[arg(long, value_enum, value_name = "ENGINE", default_value_t = Engine::Vm, hide_possible_values = true)]
    engine: Engine,
    /// The same as --engine=tree
    #[arg(long, conflicts_with = "engine")]
    interpreter: bool,
    /// The same as --engine=vm, the default
    #[arg(long, conflicts_with_all = ["engine", "interpreter"])]
    vm: bool,
}

impl EngineChoice {
    /// The chosen one.
    pub fn engine(self) -> Engine {
        match (self.interpreter, self.vm) {
            (true, _) => Engine::Tree,
            (_, true) => Engine::Vm,
            _ => self.engine,
        }
    }
}

/// The engines.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The register machine
    Vm,
    /// The reference interpreter
    Tree,
}

impl Engine {
    /// Its name in the table of engines that are measured.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Vm => "vm",
            Engine::Tree => "tree",
        }
    }
}

/// Which passes run and what is shown of them.
#[derive(Args, Debug)]
#[command(next_help_heading = "Passes")]
pub struct Pipeline {
    /// Optimisation level: 0 none, 1 quick, 2 all
    #[arg(short = 'O', value_name = "LEVEL", default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=2))]
    pub level: u8,
    /// Run exactly these passes, in this order (an empty list runs none)
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    pub passes: Option<Vec<String>>,
    /// Leave this pass out (repeatable)
    #[arg(long, value_name = "PASS")]
    pub no_pass: Vec<String>,
    /// Stop after N rewrites, counted over all passes and functions in order: halving N finds the one that breaks a program
    #[arg(long, value_name = "N")]
    pub opt_fuel: Option<usize>,
    /// Let passes change only functions called FUNC
    #[arg(long, value_name = "FUNC")]
    pub opt_only: Option<String>,
    /// Check every stage: the intermediate form after each pass, ownership, registers, bytecode
    #[arg(long)]
    pub verify: bool,
    /// Print how long each pass took, and how many rewrites were made, to standard error
    #[arg(long)]
    pub time_passes: bool,
    /// Print the intermediate form after PASS (or `all`) to standard error (repeatable)
    #[arg(long, value_name = "PASS")]
    pub print_after: Vec<String>,
}

/// The printable stages.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The tokens, with their positions
    Tokens,
    /// The syntax tree
    Ast,
    /// The intermediate form after the passes
    Ir,
    /// The register machine's code
    Bytecode,
}

/// When to use colours.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// If standard error is a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl When {
    /// The decision for this process.
    pub fn resolve(self) -> Colour {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let coloured = match self {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                !set("NO_COLOR") && !dumb && std::io::stderr().is_terminal()
            }
        };
        if coloured { Colour::Always } else { Colour::Never }
    }
}

/// A complete command line.
#[derive(Debug)]
pub struct Line {
    /// Its words, the program's own name first.
    pub words: Vec<OsString>,
    /// Whether it names no command: `run` is meant.
    pub implied: bool,
}

/// Where the words after the flags of all commands start.
fn first_word(words: &[OsString]) -> usize {
    let mut at = 1;
    while let Some(word) = words.get(at).and_then(|word| word.to_str()) {
        match word {
            "--color" => at += 2,
            _ if word.starts_with("--color=") => at += 1,
            _ => break,
        }
    }
    at
}

/// Puts `run` in front of the first word that is no command, so that `ruff FILE` and `ruff -e CODE` work.
pub fn with_command(arguments: impl Iterator<Item = OsString>) -> Line {
    let mut words: Vec<OsString> = arguments.collect();
    let at = first_word(&words);
    let Some(word) = words.get(at) else { return Line { words, implied: true } };
    let known = word
        .to_str()
        .is_some_and(|word| COMMANDS.contains(&word) || ["-h", "--help", "-V", "--version"].contains(&word));
    if !known {
        words.insert(at, "run".into());
    }
    Line { words, implied: !known }
}

/// Parses a command line. One that names neither a command nor a file runs standard input, unless that is a terminal.
///
/// # Errors
/// Help and the version, and what is wrong with the command line.
pub fn parse(line: &Line) -> Result<Arguments, clap::Error> {
    let at = first_word(&line.words);
    let rest: Vec<&str> = line.words.iter().skip(at).filter_map(|word| word.to_str()).collect();
    if matches!(rest[..], ["help"] | ["-h" | "--help", ..]) {
        let command = Arguments::command().after_help(format!("{}\n{AFTER_HELP}", run_flags()));
        return command.try_get_matches_from(&line.words).and_then(|matches| Arguments::from_arg_matches(&matches));
    }
    if let Some(arguments) = run_alone(&line.words) {
        return Ok(arguments);
    }
    let outcome = Arguments::try_parse_from(&line.words);
    let lacking = [
        ErrorKind::MissingRequiredArgument,
        ErrorKind::MissingSubcommand,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
    ];
    match &outcome {
        Err(error) if line.implied && lacking.contains(&error.kind()) && !std::io::stdin().is_terminal() => {
            let run = rest.is_empty().then_some("run");
            let words = run.into_iter().chain(["-"]).map(OsString::from);
            Arguments::try_parse_from(line.words.iter().cloned().chain(words))
        }
        _ => outcome,
    }
}

/// The arguments of a `ruff run ...` that is right, by the grammar of that command alone: to build those of all commands takes three
/// times as long.
fn run_alone(words: &[OsString]) -> Option<Arguments> {
    words.get(first_word(words)).filter(|word| *word == "run")?;
    let run = Run::augment_args(clap::Command::new("run"));
    let grammar = Common::augment_args(clap::Command::new("ruff")).subcommand(run);
    let matches = grammar.try_get_matches_from(words).ok()?;
    Arguments::from_arg_matches(&matches).ok()
}

/// The flags of `run`, which `ruff FILE` takes as well, as help shows them.
fn run_flags() -> String {
    let run = Run::augment_args(clap::Command::new("run").disable_help_flag(true)).max_term_width(120);
    let shown = run.help_template("{options}").render_help().to_string();
    format!("Options of `ruff run FILE`, which `ruff FILE` takes as well:\n{shown}")
}

/// The arguments of a plain `ruff run FILE [ARGS]` or `ruff run -e CODE [ARGS]`, where clap would find no other flag and everything
/// after the file or the code belongs to the program; `words` is complete (see [`with_command`]).
///
/// This is how most programs are started, often for a millisecond. Building the grammar of all commands would take a quarter of that
/// and bring half a megabyte of code into memory.
pub fn plain_run(words: &[OsString]) -> Option<Arguments> {
    let is_flag = |word: &OsString| word != "-" && word.as_encoded_bytes().starts_with(b"-");
    let (code, words) = match words {
        [_, command, flag, code, words @ ..] if command == "run" && flag == "-e" => (Some(code.to_str()?), words),
        [_, command, words @ ..] if command == "run" && !words.is_empty() => (None, words),
        _ => return None,
    };
    if words.first().is_some_and(is_flag) {
        return None;
    }
    let pipeline = Pipeline {
        level: 2,
        passes: None,
        no_pass: Vec::new(),
        opt_fuel: None,
        opt_only: None,
        verify: false,
        time_passes: false,
        print_after: Vec::new(),
    };
    let engine = EngineChoice { engine: Engine::Vm, interpreter: false, vm: false };
    let (code, words, permissions) = (code.map(str::to_owned), words.to_vec(), PermissionFlags::default());
    let run =
        Run { stats: false, fuel: None, max_memory: None, json: false, code, words, engine, pipeline, permissions };
    Some(Arguments { common: Common { color: When::Auto }, command: Command::Run(run) })
}

/// The command that a missing file's name was probably meant to be.
pub fn similar_command(word: &str) -> Option<&'static str> {
    COMMANDS.iter().copied().find(|command| strsim::damerau_levenshtein(word, command) == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(words: &[&str]) -> String {
        let Line { words, .. } = with_command(words.iter().map(OsString::from));
        words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn bare_forms_mean_run() {
        assert_eq!(completed(&["ruff"]), "ruff");
        assert_eq!(completed(&["ruff", "a.ruff", "b"]), "ruff run a.ruff b");
        assert_eq!(completed(&["ruff", "-e", "1"]), "ruff run -e 1");
        assert_eq!(completed(&["ruff", "-"]), "ruff run -");
        assert_eq!(completed(&["ruff", "--color", "never", "-O0", "x"]), "ruff --color never run -O0 x");
        assert_eq!(completed(&["ruff", "--color=always", "check", "x"]), "ruff --color=always check x");
        assert_eq!(completed(&["ruff", "--help"]), "ruff --help");
    }

    #[test]
    fn plain_runs_are_what_the_grammar_makes_of_them() {
        let plain = |words: &[&str]| {
            let Line { words, .. } = with_command(["ruff"].iter().chain(words).map(OsString::from));
            let plain = plain_run(&words)?;
            assert_eq!(format!("{plain:?}"), format!("{:?}", Arguments::try_parse_from(&words).unwrap()));
            Some(())
        };
        for words in [
            &["a.ruff"][..],
            &["-"],
            &["run", "a.ruff"],
            &["run", "-", "-"],
            &["run", ""],
            &["run", "run", "help"],
            &["a.ruff", "x", "", "-O0", "--color=never", "--stats", "-e", "1", "--help"],
            &["a.ruff", "--", "-O0"],
            &["a.ruff", "x", "--", "y"],
            &["a.ruff", "--", "--", "-e"],
            &["-e", "1"],
            &["-e", ""],
            &["-e", "-1", "-"],
            &["run", "-e", "--help", "a", "-O0", "--", "b", "--untrusted"],
        ] {
            assert_eq!(plain(words), Some(()), "{words:?}");
        }
        for words in [
            &[][..],
            &["run"],
            &["-O0", "a.ruff"],
            &["-e"],
            &["-e", "1", "--stats"],
            &["-e", "1", "--", "x"],
            &["--", "a.ruff"],
            &["check", "a.ruff"],
            &["--untrusted", "a.ruff"],
        ] {
            assert_eq!(plain(words), None, "{words:?}");
        }
    }

    #[test]
    fn the_grammar_of_run_alone_is_that_of_run() {
        for words in [
            &["-O0", "a.ruff", "-x"][..],
            &["-e", "1", "--", "--stats"],
            &["run", "--json", "--fuel=1e3", "--max-memory", "1MB", "--engine=tree", "-"],
            &["--color", "never", "--passes=", "--no-pass=dce", "--untrusted", "--allow-fs-read=a,b", "a.ruff"],
            &["run", "a.ruff", "--color=always"],
        ] {
            let Line { words, .. } = with_command(["ruff"].iter().chain(words).map(OsString::from));
            let alone = run_alone(&words).unwrap_or_else(|| panic!("{words:?}"));
            assert_eq!(format!("{alone:?}"), format!("{:?}", Arguments::try_parse_from(&words).unwrap()));
        }
        for words in [&["run"][..], &["run", "--frob", "x"], &["run", "--help"], &["check", "a.ruff"], &["-O7", "x"]] {
            let Line { words, .. } = with_command(["ruff"].iter().chain(words).map(OsString::from));
            assert!(run_alone(&words).is_none(), "{words:?}");
        }
    }

    #[test]
    fn near_commands_are_found() {
        assert_eq!(similar_command("chekc"), Some("check"));
        assert_eq!(similar_command("a.ruff"), None);
    }

    #[test]
    fn the_grammar_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn engines_have_short_names() {
        let engine = |flags: &[&str]| {
            let words = ["ruff", "run"].iter().chain(flags).chain(&["x"]);
            match Arguments::try_parse_from(words).map(|arguments| arguments.command) {
                Ok(Command::Run(run)) => Some(run.engine.engine()),
                _ => None,
            }
        };
        assert_eq!((engine(&[]), engine(&["--vm"])), (Some(Engine::Vm), Some(Engine::Vm)));
        assert_eq!((engine(&["--interpreter"]), engine(&["--engine=tree"])), (Some(Engine::Tree), Some(Engine::Tree)));
        assert_eq!((engine(&["--vm", "--interpreter"]), engine(&["--engine=jit"])), (None, None));
    }

    #[test]
    fn flags_after_the_file_belong_to_the_program() {
        let words = ["ruff", "run", "-O1", "a.ruff", "-O0", "--stats", "x"];
        let Command::Run(run) = Arguments::try_parse_from(words).unwrap().command else { panic!() };
        assert_eq!((run.pipeline.level, run.stats), (1, false));
        assert_eq!(run.words, ["a.ruff", "-O0", "--stats", "x"]);
    }
}
