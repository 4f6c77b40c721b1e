//! Finding and reading the modules a program may import.
//!
//! Everything that some import statement names is read and parsed ahead of running; whether it is ever evaluated is decided by the
//! imports that run. What cannot be found or parsed is no error here: the imports of it raise.
//!
//! A module is looked for under the root where its importer was found, the current directory, `./modules`, and the directory of
//! the program, in each as `a.b.c.ruff`, then as `a/b/c.ruff`. What lies outside that root, links followed, is not found. One
//! file is one module, whatever it is imported as. A restricted program imports only what it may read; the rest is not even looked for.

use crate::base::diagnostic::{Diagnostic, ImportFailure};
use crate::base::intern::Interner;
use crate::base::limits::MAX_SOURCE_BYTES;
use crate::base::source::{SourceId, SourceMap, Span, decode};
use crate::resolve::{ImportTarget, ModuleSource};
use crate::runtime::capability::{Capability, Denial, Permissions};
use crate::runtime::door::{Door, Last, Location, Mean};
use crate::syntax;
use crate::syntax::ast::{Import, Program};
use bumpalo::Bump;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a program imports, directly or not.
pub(super) struct Imports<'a> {
    /// The modules.
    pub modules: Vec<ModuleSource<'a>>,
    /// Where the program's own imports lead, in source order.
    pub main: Vec<ImportTarget>,
    sources: Vec<SourceId>,
    /// The modules that something is wrong with, by source: what it is.
    broken: Vec<(SourceId, Arc<ImportFailure>)>,
    /// For each source of a module the statement that imports it first.
    first: FxHashMap<SourceId, Span>,
}

/// The import statements that lead nowhere.
#[derive(Debug, Default)]
pub(super) struct Failures(FxHashMap<Span, Arc<ImportFailure>>);

impl Failures {
    /// Why the import statement at `span` leads nowhere.
    pub fn at(&self, span: Span) -> Option<&ImportFailure> {
        self.0.get(&span).map(|failure| &**failure)
    }
}

/// Finds, reads and parses all modules that `program`, whose text is `main`, can reach.
pub(super) fn load<'a>(
    program: &Program<'a>,
    main: SourceId,
    sources: &mut SourceMap,
    arena: &'a Bump,
    interner: &mut Interner,
    permissions: &Permissions,
) -> Imports<'a> {
    let mut imports = Imports {
        modules: Vec::new(),
        main: Vec::new(),
        sources: Vec::new(),
        broken: Vec::new(),
        first: FxHashMap::default(),
    };
    if program.imports.is_empty() {
        return imports;
    }
    let entry = Path::new(&sources.get(main).name);
    let directory = if entry.is_file() { entry.parent() } else { None };
    let mut common: Vec<PathBuf> = vec![PathBuf::new(), PathBuf::from("modules")];
    common.extend(directory.map(Path::to_path_buf));
    let door = Door::of(permissions, Capability::FilesystemRead, "import");
    let mut loader = Loader { door, common, roots: Vec::new(), known: FxHashMap::default(), sources, arena, interner };
    imports.main = loader.targets(program.imports, None, &mut imports);
    let mut next = 0;
    while next < imports.modules.len() {
        let (list, root) = (imports.modules[next].program.imports, loader.roots[next].clone());
        imports.modules[next].imports = loader.targets(list, Some(&root), &mut imports);
        next += 1;
    }
    imports
}

impl Imports<'_> {
    /// Whether something is wrong with a module.
    pub fn any_broken(&self) -> bool {
        !self.broken.is_empty()
    }

    /// All that is wrong with the modules. The last problem of each says how the module is imported.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut list = Vec::new();
        for (source, failure) in &self.broken {
            list.extend(failure.causes.iter().cloned());
            if let (false, Some(last)) = (failure.causes.is_empty(), list.last_mut()) {
                // First imports form a tree with the program at its root.
                let chain = std::iter::successors(self.first.get(source), |span| self.first.get(&span.source));
                last.advice.imported = chain.copied().collect();
            }
        }
        list
    }

    /// The imports of `program` and of the modules that lead nowhere.
    pub fn failures(&self, program: &Program) -> Failures {
        let mut failures = FxHashMap::default();
        let modules = self.modules.iter().map(|module| (module.program.imports, &module.imports));
        for (statements, targets) in modules.chain([(program.imports, &self.main)]) {
            for (statement, target) in statements.iter().zip(targets) {
                if let ImportTarget::Failure(failure) = target {
                    failures.insert(statement.span, failure.clone());
                }
            }
        }
        Failures(failures)
    }

    /// Takes out the modules that `list` finds fault with; importing them raises that. Gives what is wrong elsewhere.
    pub fn refuse(&mut self, list: Vec<Diagnostic>, sources: &SourceMap) -> Vec<Diagnostic> {
        let mut own = Vec::new();
        let mut wrong: BTreeMap<usize, Vec<Diagnostic>> = BTreeMap::new();
        for diagnostic in list {
            match self.sources.iter().position(|&source| source == diagnostic.span.source) {
                Some(number) => wrong.entry(number).or_default().push(diagnostic),
                None => own.push(diagnostic),
            }
        }
        let mut refused: FxHashMap<usize, Arc<ImportFailure>> = FxHashMap::default();
        for (number, causes) in wrong {
            let module = &mut self.modules[number];
            module.refused = true;
            let failure = Arc::new(unparsable(&module.name, causes, sources));
            self.broken.push((self.sources[number], failure.clone()));
            refused.insert(number, failure);
        }
        let all = self.modules.iter_mut().flat_map(|module| &mut module.imports).chain(&mut self.main);
        for target in all {
            if let ImportTarget::Module(number) = target
                && let Some(failure) = refused.get(number)
            {
                *target = ImportTarget::Failure(failure.clone());
            }
        }
        own
    }
}

/// The failure of importing a module with these problems, of which there is at least one.
fn unparsable(name: &str, causes: Vec<Diagnostic>, sources: &SourceMap) -> ImportFailure {
    let first = causes.first().map_or_else(String::new, |first| {
        let position = sources.position(first.span);
        format!("{}:{}: {}", position.line, position.column, first.message)
    });
    ImportFailure { message: format!("Failed to parse module '{name}': {first}"), tried: Vec::new(), causes }
}

struct Loader<'a, 's> {
    /// The way to the files.
    door: Result<Door, Denial>,
    /// The roots every importer searches.
    common: Vec<PathBuf>,
    /// Where each module was found.
    roots: Vec<PathBuf>,
    /// What each file, by its real path, turned out to be.
    known: FxHashMap<PathBuf, ImportTarget>,
    sources: &'s mut SourceMap,
    arena: &'a Bump,
    interner: &'s mut Interner,
}

impl<'a> Loader<'a, '_> {
    fn targets(&mut self, list: &[Import<'a>], root: Option<&Path>, imports: &mut Imports<'a>) -> Vec<ImportTarget> {
        list.iter().map(|import| self.target(import, root, imports)).collect()
    }

    fn target(&mut self, import: &Import<'a>, root: Option<&Path>, imports: &mut Imports<'a>) -> ImportTarget {
        let segments: Vec<&str> = import.path.iter().map(|segment| self.interner.name(segment.symbol)).collect();
        let name = segments.join(".");
        let nested = segments.join("/");
        let refused = |denial: &Denial| {
            let (message, tried, causes) = (denial.to_string(), Vec::new(), Vec::new());
            ImportTarget::Failure(Arc::new(ImportFailure { message, tried, causes }))
        };
        let door = match &self.door {
            Ok(door) => door,
            Err(denial) => return refused(denial),
        };
        let mut tried: Vec<String> = Vec::new();
        let mut denied = None;
        let found = root.into_iter().chain(self.common.iter().map(PathBuf::as_path)).find_map(|root| {
            let real_root = root_or_here(root).canonicalize().ok();
            [&name, &nested].into_iter().find_map(|stem| {
                let path = root.join(format!("{stem}.ruff"));
                let shown = path.to_string_lossy();
                if !tried.iter().any(|tried| *tried == shown) {
                    tried.push(shown.into_owned());
                }
                let location = match door.locate(&path, Last::Follow) {
                    Ok(location) => location,
                    Err(error) => {
                        denied = denied.take().or(error.downcast::<Denial>().ok());
                        return None;
                    }
                };
                let real = location.real().ok()?;
                let inside = real_root.as_ref().is_some_and(|root| real.starts_with(root));
                (inside && location.is_file()).then(|| (root.to_path_buf(), path, location, real))
            })
        });
        let Some((root, path, location, real)) = found else {
            if let Some(denial) = denied {
                return refused(&denial);
            }
            let message = format!(
                "Module not found: {name}; Check that '{name}' exists as a flat <module>.ruff file or a nested src/... \
                 path under the package root, and confirm the import name matches the on-disk layout."
            );
            return ImportTarget::Failure(Arc::new(ImportFailure { message, tried, causes: Vec::new() }));
        };
        if let Some(known) = self.known.get(&real) {
            return known.clone();
        }
        let target = match self.parse(&name, &path, &location, import.span, imports) {
            Ok(number) => {
                self.roots.push(root);
                ImportTarget::Module(number)
            }
            Err(failure) => ImportTarget::Failure(failure),
        };
        self.known.insert(real, target.clone());
        target
    }

    fn parse(
        &mut self,
        name: &str,
        path: &Path,
        location: &Location,
        import: Span,
        imports: &mut Imports<'a>,
    ) -> Result<usize, Arc<ImportFailure>> {
        let unreadable = |reason: String| {
            let message = format!("Failed to parse module '{name}': 1:1: {reason}");
            Arc::new(ImportFailure { message, tried: Vec::new(), causes: Vec::new() })
        };
        let text = read(location).map_err(unreadable)?;
        let source = self.sources.add(path.to_string_lossy(), text);
        let source = source.ok_or_else(|| unreadable("there are too many modules".to_owned()))?;
        imports.first.insert(source, import);
        let parsed = syntax::parse(source, &self.sources.get(source).text, self.arena, self.interner);
        if !parsed.diagnostics.is_empty() {
            let failure = Arc::new(unparsable(name, parsed.diagnostics, self.sources));
            imports.broken.push((source, failure.clone()));
            return Err(failure);
        }
        imports.sources.push(source);
        imports.modules.push(ModuleSource {
            name: name.into(),
            label: self.interner.intern(&format!("<module {name}>")),
            program: parsed.program,
            imports: Vec::new(),
            refused: false,
        });
        Ok(imports.modules.len() - 1)
    }
}

fn root_or_here(root: &Path) -> &Path {
    if root.as_os_str().is_empty() { Path::new(".") } else { root }
}

fn read(location: &Location) -> Result<String, String> {
    let mut bytes = Vec::new();
    // One byte more than allowed: the parser refuses the text, with a position.
    let limit = MAX_SOURCE_BYTES as u64 + 1;
    let outcome = location.open(Mean::Read).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    outcome.map_err(|error| error.to_string())?;
    decode(bytes)
}
