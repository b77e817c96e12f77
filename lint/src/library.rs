//! Code of the project's own that revisions import (`from shop.migrations.helpers import add_columns`), read where it lies.
//!
//! Only files below the directories from which the suite's Python imports are read, and no more of them than people write for
//! that purpose. What is not found stays unknown.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use mrt_chain::settings::Suite;
use ruff_python_ast::visitor::{Visitor, walk_stmt};
use ruff_python_ast::{Expr, ModModule, Stmt};
use ruff_python_parser::Parsed;

use crate::source::Source;

/// How far from a revision: what it imports, and what that imports.
const FURTHEST: usize = 2;

/// Modules that one revision is read with, at most.
const MOST: usize = 16;

/// The modules of a project, each read once.
#[derive(Debug, Default)]
pub struct Library {
    roots: Vec<PathBuf>,
    read: Mutex<BTreeMap<String, Option<Arc<Module>>>>,
}

/// A module that a revision imports.
#[derive(Debug)]
pub(crate) struct Module {
    /// Its full name.
    pub(crate) name: String,
    /// Where names that begin with a dot begin.
    package: String,
    parsed: Parsed<ModModule>,
}

impl Module {
    /// Its syntax tree.
    pub(crate) fn syntax(&self) -> &ModModule {
        self.parsed.syntax()
    }

    /// The full name of a module that is imported here as `..helpers`.
    pub(crate) fn absolute(&self, dots: u32, name: &str) -> Option<String> {
        let mut package = self.package.as_str();
        for _ in 1..dots {
            package = package.rsplit_once('.')?.0;
        }
        Some(if name.is_empty() { package.to_owned() } else { format!("{package}.{name}") })
    }
}

impl Library {
    /// What the revisions of a suite can import of its own.
    pub fn of(suite: &Suite) -> Self {
        let scripts = &suite.alembic.script_location;
        // A package may be installed, and its revisions lie in it.
        let top = scripts.ancestors().take_while(|dir| dir.join("__init__.py").is_file()).last();
        let above = top.unwrap_or(scripts).parent();
        let named = suite.alembic.sys_path.iter().cloned();
        let named = named.chain([suite.dir.clone(), suite.dir.join("src")]).chain(above.map(Path::to_owned));
        let mut roots = Vec::new();
        // One that is not there holds nothing.
        for root in named.filter_map(|root| root.canonicalize().ok()) {
            if !roots.contains(&root) {
                roots.push(root);
            }
        }
        Self { roots, read: Mutex::default() }
    }

    /// The modules that a revision imports, and those that they import, as far as they are the project's own.
    pub(crate) fn imported(&self, revision: &ModModule) -> Vec<Arc<Module>> {
        let mut found: Vec<Arc<Module>> = Vec::new();
        let mut names = imports(revision, None);
        if self.roots.is_empty() {
            return found;
        }
        for _ in 0..FURTHEST {
            let from = found.len();
            for name in names {
                if found.len() < MOST
                    && !found.iter().any(|module| module.name == name)
                    && let Some(module) = self.module(&name)
                {
                    found.push(module);
                }
            }
            names = found[from..].iter().flat_map(|module| imports(module.syntax(), Some(module))).collect();
        }
        found
    }

    fn module(&self, name: &str) -> Option<Arc<Module>> {
        // Two threads may read the same file; the second result is the same.
        let known = self.read.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        known.unwrap_or_else(|| {
            let module = self.roots.iter().find_map(|root| read(root, name)).map(Arc::new);
            self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), module.clone());
            module
        })
    }
}

fn read(root: &Path, name: &str) -> Option<Module> {
    let path = name.split('.').fold(root.to_owned(), |path, part| path.join(part));
    let package = path.join("__init__.py");
    let is_package = package.is_file();
    let path = if is_package { package } else { path.with_extension("py") };
    if !path.is_file() {
        return None;
    }
    // A link may lead anywhere.
    let path = path.canonicalize().ok().filter(|path| path.starts_with(root))?;
    let parsed = Source::read(&path).ok()?.parse().ok()?;
    let above = || name.rsplit_once('.').map_or("", |(above, _)| above);
    let package = if is_package { name } else { above() };
    Some(Module { name: name.to_owned(), package: package.to_owned(), parsed })
}

/// Names of modules that a module imports, wherever in it; of `from a import b` both `a` and `a.b` may be one.
fn imports(syntax: &ModModule, module: Option<&Module>) -> Vec<String> {
    struct Imports<'m> {
        module: Option<&'m Module>,
        names: Vec<String>,
    }
    impl<'a> Visitor<'a> for Imports<'_> {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            match statement {
                Stmt::Import(import) => {
                    self.names.extend(import.names.iter().map(|alias| alias.name.to_string()));
                }
                Stmt::ImportFrom(import) => {
                    let name = import.module.as_ref().map_or("", |module| module.as_str());
                    let name = match (import.level, self.module) {
                        (0, _) => name.to_owned(),
                        (dots, Some(module)) => match module.absolute(dots, name) {
                            Some(name) => name,
                            None => return,
                        },
                        // Alembic loads a revision as part of no package.
                        (_, None) => return,
                    };
                    let names = import.names.iter().filter(|alias| alias.name.as_str() != "*");
                    let inner: Vec<String> = names.map(|alias| format!("{name}.{}", alias.name)).collect();
                    self.names.push(name);
                    self.names.extend(inner);
                }
                _ => walk_stmt(self, statement),
            }
        }

        fn visit_expr(&mut self, _: &'a Expr) {}
    }
    let mut imports = Imports { module, names: Vec::new() };
    syntax.body.iter().for_each(|statement| imports.visit_stmt(statement));
    imports.names
}
