//! Floor 8: what would fail or surprise in a program that could run: the warnings of `ruff check`.
//!
//! Each lint is a row of [`table`]. They look at the resolved tree (`walk`), knowing the whole program (`index`), and at what type
//! inference finds on the intermediate form ([`facts`]); one file a family: `names`, `calls`, `values`, `flow`, `repeated`, `texts`,
//! `comments`. What is meant is said by [`crate::base::hint`], as for errors.
//!
//! A warning is certain, or silent where the language leaves it open: what some path may define, what some struct or dictionary may
//! hold. All walks are linear in the size of the program.

mod calls;
mod comments;
pub mod facts;
mod flow;
mod index;
mod names;
mod purity;
mod repeated;
pub mod table;
mod texts;
mod values;
mod walk;

use crate::base::diagnostic::Advice;
use crate::base::intern::Interner;
use crate::base::source::{SourceId, SourceMap, Span};
use crate::resolve::{FunctionKey, Resolution};
use facts::Facts;
use index::Index;
use rustc_hash::FxHashSet;
use table::Lint;

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Which lint has found it.
    pub lint: Lint,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What helps.
    pub advice: Advice,
}

/// What a program is checked by.
#[derive(Clone, Copy)]
pub struct Subject<'s, 'a> {
    /// Its texts.
    pub sources: &'s SourceMap,
    /// What its names mean, test blocks included.
    pub resolution: &'s Resolution<'a>,
    /// Its words.
    pub interner: &'s Interner,
    /// What is known of its values.
    pub facts: &'s Facts,
}

/// What is found, for all families.
#[derive(Debug, Default)]
struct Found(Vec<Warning>);

impl Found {
    fn add(&mut self, lint: Lint, message: impl Into<String>, span: Span) -> &mut Advice {
        self.0.push(Warning { lint, message: message.into(), span, advice: Advice::default() });
        let last = self.0.len() - 1;
        &mut self.0[last].advice
    }

    /// Takes out what is said of the value of something that raises whenever it runs, and of the variables that texts and cases were
    /// meant to read.
    fn without_echoes(&mut self) {
        let meant = self.0.iter().filter(|one| matches!(one.lint, Lint::ForeignInterpolation | Lint::CaseName));
        let meant: FxHashSet<Span> = meant.flat_map(|one| &one.advice.labels).map(|label| label.0).collect();
        let unread = |one: &Warning| matches!(one.lint, Lint::UnusedVariable | Lint::UnusedParameter);
        self.0.retain(|one| !unread(one) || !meant.contains(&one.span));

        const CERTAIN: &[Lint] = &[Lint::UndefinedName, Lint::UnknownImport, Lint::ArgumentCount, Lint::UnknownMethod];
        const ECHOES: &[Lint] = &[Lint::UnusedResult, Lint::UnusedValue, Lint::UnusedImport];
        let certain = self.0.iter().filter(|warning| CERTAIN.contains(&warning.lint)).map(|warning| warning.span);
        let certain: FxHashSet<Span> = certain.collect();
        self.0.retain(|warning| !ECHOES.contains(&warning.lint) || !certain.contains(&warning.span));
    }
}

/// Looks for everything in a program and its modules; what comments allow is left out. In order of the sources and of the places
/// in them.
pub fn lint(subject: &Subject) -> Vec<Warning> {
    let Subject { sources, resolution, interner, facts } = *subject;
    let modules = resolution.modules().iter().filter(|module| !module.refused).map(|module| module.top);
    let tops: Vec<FunctionKey> = std::iter::once(FunctionKey(0)).chain(modules).collect();
    let mut index = Index::new(resolution, interner);
    walk::walk(resolution, &tops, &mut [&mut index]);
    let purity = purity::of(&index, &tops);

    let mut names = names::Names::new(&index, sources);
    let mut calls = calls::Calls::new(&index);
    let mut values = values::Values::new(&index, &purity, sources, facts);
    let mut flow = flow::Flow::new(&index);
    let mut repeated = repeated::Repeated::new(interner);
    let mut texts = texts::Texts::new(&index, sources);
    let families: &mut [&mut dyn walk::Visit] =
        &mut [&mut names, &mut calls, &mut values, &mut flow, &mut repeated, &mut texts];
    walk::walk(resolution, &tops, families);

    let mut found = Found::default();
    for family in [names.found, calls.found, values.found, flow.found, repeated.found, texts.found] {
        found.0.extend(family.0);
    }
    names::unused(&index, &purity, &mut found);
    found.without_echoes();
    let checked: FxHashSet<SourceId> =
        tops.iter().filter_map(|&top| Some(resolution.function(top).node?.span.source)).collect();
    let mut warnings = comments::look(&index, sources, &checked, found);
    warnings.sort_by_key(|warning| (warning.span.source, warning.span.start, warning.lint));
    warnings.dedup();
    warnings
}
