//! Finding and reading the modules a program may import.
//!
//! Everything that some import statement names is read and parsed ahead of running; whether it is ever evaluated is decided by the
//! imports that run. What cannot be found or parsed is no error here: the imports of it raise.
//!
//! A module is looked for under the root where its importer was found, the current directory, `./modules`, and the directory of
//! the program, in each as `a.b.c.ruff`, then as `a/b/c.ruff`. What lies outside that root, links followed, is not found. One
//! file is one module, whatever it is imported as.

use crate::base::diagnostic::Diagnostic;
use crate::base::intern::Interner;
use crate::base::limits::MAX_SOURCE_BYTES;
use crate::base::source::{SourceId, SourceMap, decode};
use crate::resolve::{ImportTarget, ModuleSource};
use crate::syntax;
use crate::syntax::ast::{Import, Program};
use bumpalo::Bump;
use rustc_hash::FxHashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What a program imports, directly or not.
pub(super) struct Imports<'a> {
    /// The modules.
    pub modules: Vec<ModuleSource<'a>>,
    /// Where the program's own imports lead, in source order.
    pub main: Vec<ImportTarget>,
    sources: Vec<SourceId>,
}

/// Finds, reads and parses all modules that `program`, whose text is `main`, can reach.
pub(super) fn load<'a>(
    program: &Program<'a>,
    main: SourceId,
    sources: &mut SourceMap,
    arena: &'a Bump,
    interner: &mut Interner,
) -> Imports<'a> {
    let mut imports = Imports { modules: Vec::new(), main: Vec::new(), sources: Vec::new() };
    if program.imports.is_empty() {
        return imports;
    }
    let entry = Path::new(&sources.get(main).name);
    let directory = if entry.is_file() { entry.parent() } else { None };
    let mut common: Vec<PathBuf> = vec![PathBuf::new(), PathBuf::from("modules")];
    common.extend(directory.map(Path::to_path_buf));
    let mut loader = Loader { common, roots: Vec::new(), known: FxHashMap::default(), sources, arena, interner };
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
    /// The diagnostics that are not about modules.
    pub fn of_program(&self, mut list: Vec<Diagnostic>) -> Vec<Diagnostic> {
        list.retain(|diagnostic| !self.sources.contains(&diagnostic.span.source));
        list
    }

    /// Takes out the modules that `list` finds fault with; importing them raises that. False if there are faults elsewhere.
    pub fn refuse(&mut self, list: &[Diagnostic], sources: &SourceMap) -> bool {
        let mut refused: FxHashMap<usize, Rc<str>> = FxHashMap::default();
        for diagnostic in list {
            if let Some(number) = self.sources.iter().position(|&source| source == diagnostic.span.source) {
                let name = self.modules[number].name.clone();
                refused.entry(number).or_insert_with(|| unparsable(&name, diagnostic, sources));
                self.modules[number].refused = true;
            }
        }
        let all = self.modules.iter_mut().flat_map(|module| &mut module.imports).chain(&mut self.main);
        for target in all {
            if let ImportTarget::Module(number) = target
                && let Some(message) = refused.get(number)
            {
                *target = ImportTarget::Failure(message.clone());
            }
        }
        list.iter().all(|diagnostic| self.sources.contains(&diagnostic.span.source))
    }
}

fn unparsable(name: &str, diagnostic: &Diagnostic, sources: &SourceMap) -> Rc<str> {
    let position = sources.position(diagnostic.span);
    let (line, column) = (position.line, position.column);
    format!("Failed to parse module '{name}': {line}:{column}: {}", diagnostic.message).into()
}

struct Loader<'a, 's> {
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
        let found = root.into_iter().chain(self.common.iter().map(PathBuf::as_path)).find_map(|root| {
            let real_root = root_or_here(root).canonicalize().ok()?;
            [&name, &nested].into_iter().find_map(|stem| {
                let path = root.join(format!("{stem}.ruff"));
                let real = path.canonicalize().ok()?;
                (real.starts_with(&real_root) && real.is_file()).then(|| (root.to_path_buf(), path, real))
            })
        });
        let Some((root, path, real)) = found else {
            return ImportTarget::Failure(
                format!(
                    "Module not found: {name}; Check that '{name}' exists as a flat <module>.ruff file or a nested src/... \
                     path under the package root, and confirm the import name matches the on-disk layout."
                )
                .into(),
            );
        };
        if let Some(known) = self.known.get(&real) {
            return known.clone();
        }
        let target = match self.parse(&name, &path, imports) {
            Ok(number) => {
                self.roots.push(root);
                ImportTarget::Module(number)
            }
            Err(message) => ImportTarget::Failure(message),
        };
        self.known.insert(real, target.clone());
        target
    }

    fn parse(&mut self, name: &str, path: &Path, imports: &mut Imports<'a>) -> Result<usize, Rc<str>> {
        let unreadable =
            |reason: String| -> Rc<str> { format!("Failed to parse module '{name}': 1:1: {reason}").into() };
        let text = read(path).map_err(unreadable)?;
        let source = self.sources.add(path.to_string_lossy(), text);
        let source = source.ok_or_else(|| unreadable("there are too many modules".to_owned()))?;
        let parsed = syntax::parse(source, &self.sources.get(source).text, self.arena, self.interner);
        if let Some(first) = parsed.diagnostics.first() {
            return Err(unparsable(name, first, self.sources));
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

fn read(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    // One byte more than allowed: the parser refuses the text, with a position.
    let limit = MAX_SOURCE_BYTES as u64 + 1;
    let outcome = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    outcome.map_err(|error| error.to_string())?;
    decode(bytes)
}
